"""The batch kernel against ``step`` row by row: every slot of all three arrays, every answer."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_assistant.quant import layout
from kalshi_assistant.quant.batch import ROW_SHIFT, STEADY_SLOTS, advance, follow, skip
from kalshi_assistant.quant.kernel import step
from kalshi_assistant.quant.layout import SECOND, TOP_MOVED
from kalshi_assistant.quant.rng import stream
from tests.support.kernel import CLOSE, STRIKE, index_arrays, market_array

FOREVER = 2**62
CHANCES = (0.4, 0.45, 0.12, 0.025, 0.005)
"""Of the times between two rows: mostly none, now and then long enough to be judged otherwise."""
LASTING = {"I_BLOCK_AGE": 3_600 * SECOND, "I_MAX_SPREAD": 10_000}
SETTINGS = (
    {},
    {"I_MIN_AGE": 400 * SECOND, "I_MIN_LEFT": 120 * SECOND},
    {"I_BLOCK_AGE": 2 * SECOND},
    LASTING,
    LASTING | {"I_ASK_AGAIN": SECOND},
    {"I_ASK_AGAIN": SECOND, "I_MAX_SPREAD": 10_000},
    {"I_COOL_UNTIL": (CLOSE - 500) * SECOND, "I_MAX_SPREAD": 10_000},
    {"I_BOOK_AGE": 1, "I_SURE_LEFT": 495 * SECOND},
)


def world(seed, settings, begin):
    """Warm arrays at ``begin`` seconds before the close: a book near the strike's odds, or a strike
    that is not known, or a side that has too little.
    """
    chance = stream(seed, "kernel.batch")
    index, real = index_arrays()
    strike = 0 if chance.random() < 0.1 else STRIKE + int(chance.integers(-3_000, 3_000))
    size = int(chance.choice([100, 1_000, 20_000]))
    market = market_array(strike=strike, size=size, touched=CLOSE - begin)
    second, value = CLOSE - begin - 60, STRIKE
    while second < CLOSE - begin:
        second, value = second + 1, value + int(chance.integers(-900, 900))
        step(market, index, real, layout.PRINT, second, value, 0, second * SECOND)
    for side, low, high in ((0, 30, 50), (1, 51, 70)):
        for cents in range(low, high):
            if chance.random() < 0.8:
                content = int(chance.integers(1, 3_000))
                step(market, index, real, layout.LEVEL, side, cents * 100, content, 0)
    for name, content in settings.items():
        index[getattr(layout, name)] = content
    if chance.random() < 0.5:
        real[layout.R_THRESHOLD] = float(chance.choice([-0.2, -0.02, 0.0]))
    index[layout.I_WATCH] = int(chance.choice([0, 1, -1]))
    index[layout.I_WATCH_ID] = market[layout.M_ID]
    index[layout.I_WATCH_SUM] = 10_000 + int(chance.integers(-8, 8)) * 100
    return market, index, real


def rows(seed, count, begin):
    """Changes mostly near the touch; few of them absurd; seconds to a minute apart at times."""
    chance = stream(seed, "kernel.rows")
    side = chance.integers(0, 2, count).astype(np.int8)
    away = np.minimum(chance.geometric(0.3, count) - 1, 20)
    price = np.where(side == 0, 49 - away, 51 + away).astype(np.int32) * 100
    change = chance.integers(-400, 900, count)
    if chance.random() < 0.2:
        price[int(chance.integers(0, count))] = int(chance.choice([0, 10_000, -100]))
    gaps = chance.choice([0, 10**6, 10**7, SECOND, 20 * SECOND], count, p=CHANCES)
    stamps = (CLOSE - begin) * SECOND + np.cumsum(gaps)
    market = np.zeros(count, np.int32)
    if chance.random() < 0.2:
        market[int(chance.integers(1, count)) :] = 1
    columns = (market, side, price, change.astype(np.int64), stamps.astype(np.int64))
    for column in columns:
        column.flags.writeable = False
    return columns


def clamped(columns, market):
    """The same changes, none of which takes more away than is there."""
    numbers, side, price, change, stamps = columns
    held, changed = market[: layout.M_BID].copy(), change.copy()
    for row in range(len(change)):
        slot = int(price[row]) + int(side[row]) * layout.SIDE
        if 0 < price[row] < 10_000:
            changed[row] = max(int(changed[row]), -int(held[slot]))
            held[slot] += changed[row]
    changed.flags.writeable = False
    return numbers, side, price, changed, stamps


def one_by_one(arrays, columns, before):
    """What ``advance`` promises, by ``step``: the row it stops at and its bits."""
    numbers, side, price, change, stamps = columns
    for row in range(len(stamps)):
        if numbers[row] != numbers[0] or (row and stamps[row] >= before):
            return row, 0
        facts = (int(side[row]), int(price[row]), int(change[row]), int(stamps[row]))
        bits = step(*arrays, layout.DELTA, *facts)
        if bits > TOP_MOVED:
            return row + 1, bits
    return len(stamps), 0


@given(
    st.integers(0, 2**32),
    st.sampled_from(SETTINGS),
    st.sampled_from([905, 505, 130, 62, 20, 3]),
    st.booleans(),
)
def test_a_stretch_writes_and_answers_what_its_rows_do(seed, settings, begin, sane):
    arrays = world(seed, settings, begin)
    columns = rows(seed, 120, begin)
    columns = clamped(columns, arrays[0]) if sane else columns
    chance = stream(seed, "kernel.before")
    before = FOREVER if chance.random() < 0.7 else int(chance.choice(columns[-1]))
    ours = [each.copy() for each in arrays]
    row, done = 0, 0
    while row < len(columns[0]):
        rest = tuple(column[row:] for column in columns)
        wanted = one_by_one(arrays, rest, before)
        answer = advance(*ours, *rest, 0, len(rest[0]), before)
        assert (answer >> ROW_SHIFT, answer & layout.BITS) == wanted
        for mine, theirs in zip(ours, arrays, strict=True):
            assert mine.tobytes() == theirs.tobytes()
        row, done = row + wanted[0], done + 1
        assert wanted[0] > 0


def test_most_rows_of_such_a_stretch_repeat_the_evaluation_before():
    """Else the test above would compare ``step`` with itself. A mark on a result of the evaluation
    outlives the rows in which none was made.
    """
    arrays = world(2, LASTING, 505)
    columns = clamped(rows(2, 400, 505), arrays[0])
    steady, repeated = np.zeros(STEADY_SLOTS, np.int64), 0
    for _, side, price, change, stamp in zip(*columns, strict=True):
        arrays[2][layout.R_DELAY] = -7.0
        follow(*arrays, int(side), int(price), int(change), int(stamp), steady)
        repeated += arrays[2][layout.R_DELAY] == -7.0
    assert repeated > 100
    assert arrays[0][layout.M_CANDIDATES] > 300


@pytest.mark.parametrize(("before", "stop"), [(FOREVER, 3), (12, 2), (0, 1)])
def test_a_market_nobody_follows_is_skipped_as_far_as_it_goes(before, stop):
    market = np.array([4, 4, 4, 5], np.int32)
    stamps = np.array([10, 11, 12, 13], np.int64)
    for column in (market, stamps):
        column.flags.writeable = False
    assert skip(market, stamps, 0, 4, before) == stop
