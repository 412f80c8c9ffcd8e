"""The compiled kernel against a plain-Python twin, and its loop against itself event by event."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_assistant.quant import layout
from kalshi_assistant.quant.kernel import run, step
from kalshi_assistant.quant.layout import SECOND
from tests.support.kernel import CLOSE, STRIKE, index_arrays, market_array
from tests.support.twin import TwinBook, TwinNumber

PRICES = st.one_of(
    st.integers(1, 99).map(lambda k: k * 10),
    st.integers(10, 90).map(lambda k: k * 100),
    st.integers(1, 9_999),
)
CHANGES = st.tuples(st.integers(0, 1), PRICES, st.integers(-400, 900))
MOVES = st.lists(st.tuples(st.integers(1, 4), st.integers(-4_000, 4_000)), max_size=80)


def apply_all(market, index, real, changes, now):
    for side, price, change in changes:
        step(market, index, real, layout.DELTA, side, price, change, now)


@given(st.lists(CHANGES, max_size=60))
def test_book_equals_the_twin_after_every_change(changes):
    """Best prices, contents and 'known' never differ from two dicts."""
    index, real = index_arrays()
    market, twin = market_array(), TwinBook()
    twin.known = True
    for side, price, change in changes:
        step(market, index, real, layout.DELTA, side, price, change, 0)
        twin.change(side, price, change)
        assert (market[layout.M_BID], market[layout.M_ASK]) == (twin.best(0), twin.best(1))
        assert market[layout.M_KNOWN] == int(twin.known)
    for side in (0, 1):
        row = market[side * layout.SIDE : side * layout.SIDE + layout.TICKS]
        assert {int(p): int(row[p]) for p in np.nonzero(row)[0]} == dict(twin.sides[side])
        assert market[layout.M_DEPTH_BID + side] == sum(twin.sides[side].values())


@given(
    st.dictionaries(PRICES, st.integers(1, 700), max_size=12),
    st.dictionaries(PRICES, st.integers(1, 700), max_size=12),
    st.integers(1, 3_000),
    st.sampled_from([0, 17_500, 35_000, 70_000]),
    st.sampled_from([100, 10_000]),
)
def test_walking_the_book_costs_what_the_twin_pays(bids, asks, size, rate, precision):
    """Cost, fee after accumulator and rebates, and worst price, to the micro-dollar."""
    index, real = index_arrays()
    market = market_array(size=size, rate=rate, precision=precision)
    twin = TwinBook()
    twin.load(bids, asks)
    for side, levels in ((0, bids), (1, asks)):
        for price, quantity in levels.items():
            step(market, index, real, layout.LEVEL, side, price, quantity, 0)
    for k in range(20):
        step(
            market,
            index,
            real,
            layout.PRINT,
            CLOSE - 700 + k,
            STRIKE + k,
            0,
            (CLOSE - 700 + k) * SECOND,
        )
    for outcome in (0, 1):
        expected = twin.cost(outcome, size, rate, precision)
        got = tuple(
            int(market[slot + outcome])
            for slot in (layout.M_COST_YES, layout.M_FEE_YES, layout.M_WORST_YES)
        )
        assert got == (expected or (0, 0, 0))


@given(MOVES, st.integers(0, 200), st.integers(-3_000, 3_000), st.floats(0.05, 9.95))
def test_number_equals_the_twin_before_across_and_inside_the_window(moves, before, offset, part):
    """Probability, expected average and deviation agree to rounding, with holes and half-second
    ticks.
    """
    index, real = index_arrays()
    market, twin = market_array(strike=STRIKE + offset), TwinNumber(1e-5, 10)
    second, value, now = CLOSE - before - 60, STRIKE, 0
    for gap, move in moves:
        second, value = second + gap, max(1_000_000, value + move)
        if second >= CLOSE:
            break
        now = second * SECOND
        step(market, index, real, layout.PRINT, second, value, 0, now)
        twin.print(second, value)
    if twin.last is None:
        return
    tick_at = twin.last * SECOND + int(part * SECOND)
    step(market, index, real, layout.TICK, tick_at, value + 7, 0, tick_at)
    twin.tick(tick_at / SECOND, value + 7)
    if market[layout.M_NO_NUMBER]:
        flying = max(market[layout.M_FLIGHT] - 2, 0)
        assert twin.seconds < 5 or market[layout.M_MISSING] + flying > 15
        return
    p, expected, sd = twin.probability(CLOSE, STRIKE + offset)
    if not market[layout.M_FIXED]:
        sure = 1 - 1e-6 if CLOSE * SECOND - tick_at <= 10 * SECOND else 0.995
        p = min(max(p, 1 - sure), sure)
    assert real[layout.R_P] == pytest.approx(p, abs=2e-7)
    if expected is not None:
        assert real[layout.R_EXPECTED] == pytest.approx(expected, abs=1e-6)
        assert real[layout.R_SD] == pytest.approx(sd, rel=1e-6, abs=1e-9)


@st.composite
def tapes(draw):
    """Rows of mixed facts in order of time."""
    rows, now, second = [], (CLOSE - 120) * SECOND, CLOSE - 120
    for _ in range(draw(st.integers(1, 120))):
        now += draw(st.integers(0, SECOND))
        kind = draw(
            st.sampled_from([layout.DELTA, layout.DELTA, layout.PRINT, layout.TICK, layout.LOOK])
        )
        if kind == layout.DELTA:
            rows.append((kind, *draw(CHANGES), now))
        elif kind == layout.PRINT:
            second += draw(st.integers(1, 3))
            rows.append((kind, second, STRIKE + draw(st.integers(-3_000, 3_000)), 0, now))
        else:
            rows.append((kind, now, STRIKE + draw(st.integers(-3_000, 3_000)), 0, now))
    return np.array(rows, dtype=np.int64)


@given(tapes())
def test_loop_and_single_calls_leave_the_same_bits(rows):
    """The function that runs over a recording is the function that runs live."""
    once, looped = (market_array(), *index_arrays()), (market_array(), *index_arrays())
    single = np.array([step(*once, *row.tolist()) for row in rows], dtype=np.int64)
    answers = np.zeros(len(rows), dtype=np.int64)
    run(*looped, rows, answers)
    assert (single == answers).all()
    for mine, other in zip(once, looped, strict=True):
        assert mine.tobytes() == other.tobytes()


@given(MOVES, st.integers(-2_000, 2_000))
def test_probability_lies_between_zero_and_one_until_the_outcome_is_fixed(moves, offset):
    """Before the sixtieth print the number is a probability; after it, the outcome."""
    index, real = index_arrays(warm=1.0)
    market = market_array(strike=STRIKE + offset)
    second, value = CLOSE - 90, STRIKE
    for _, move in moves:
        second, value = second + 1, max(1_000_000, value + move)
        step(market, index, real, layout.PRINT, second, value, 0, second * SECOND)
        if market[layout.M_NO_NUMBER] == 0:
            if market[layout.M_FIXED]:
                assert real[layout.R_P] in (0.0, 1.0)
            else:
                assert 0.0 < real[layout.R_P] < 1.0
        else:
            assert math.isnan(real[layout.R_P])
