"""What the kernel takes off an edge, in which order it refuses, and when it answers a side."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_assistant.domain.signals import VETO_CODE, VETOES
from kalshi_assistant.quant import layout
from kalshi_assistant.quant.kernel import step
from kalshi_assistant.quant.layout import SECOND
from tests.support.kernel import CLOSE, STRIKE, index_arrays, market_array
from tests.support.twin import TwinNumber, TwinSides

NOW = (CLOSE - 600) * SECOND
MOVES = st.lists(st.integers(-900, 900), min_size=40, max_size=70)
ASK = st.integers(1, 99).map(lambda cents: cents * 100)


def numbered(moves=(100, -100) * 40, strike=STRIKE, **market_changes):
    """A minute or so of prints ending at NOW, and a market whose asks are cheap."""
    index, real = index_arrays()
    market, twin = market_array(strike=strike, touched=CLOSE - 600), TwinNumber(1e-5, 10)
    second, value = CLOSE - 600 - len(moves), STRIKE
    for move in moves:
        second, value = second + 1, value + move
        step(market, index, real, layout.PRINT, second, value, 0, second * SECOND)
        twin.print(second, value)
    for side, price in ((0, 800), (1, 1_000)):
        step(market, index, real, layout.LEVEL, side, price, 5_000, NOW)
    for slot, content in market_changes.items():
        market[getattr(layout, slot)] = content
    return market, index, real, twin


def look(market, index, real, now=NOW):
    return step(market, index, real, layout.LOOK, 0, 0, 0, now)


@given(MOVES, st.integers(-2_000, 2_000), st.floats(0, 2), st.floats(0, 1), ASK)
def test_edges_equal_the_twin_after_every_allowance(moves, offset, cut, reach, ask):
    """Haircut by the band of P, latency by its slope: the twin has both from the definitions."""
    market, index, real, twin = numbered(moves, STRIKE + offset)
    real[layout.R_CUT], real[layout.R_REACH] = cut, reach
    for side, price in ((0, 800), (1, 1_000)):
        step(market, index, real, layout.LEVEL, side, price, 0, NOW)
    for side, price in ((0, ask - 100), (1, ask)):
        step(market, index, real, layout.LEVEL, side, max(price, 50), 5_000, NOW)
    look(market, index, real)
    raw, _, sd = twin.probability(CLOSE, STRIKE + offset)
    low, high = (min(max(p, 0.005), 0.995) for p in twin.band(sd))
    p = min(max(raw, 0.005), 0.995)
    delay = 0.005 + twin.slope(sd) * reach
    for outcome, worse in ((0, p - low), (1, high - p)):
        spent = market[layout.M_COST_YES + outcome] + market[layout.M_FEE_YES + outcome]
        won = p if outcome == 0 else 1 - p
        expected = won - spent / 1e7 - 0.002 - delay - cut * worse
        assert real[layout.R_EDGE_YES + outcome] == pytest.approx(expected, abs=1e-6)


@given(
    MOVES,
    st.integers(-2_000, 2_000),
    st.sampled_from(["R_CUT", "R_REACH", "R_LATENCY", "R_SLIPPAGE"]),
    st.floats(0, 1),
    st.floats(0, 1),
)
def test_more_doubt_never_raises_a_net_edge(moves, offset, slot, one, other):
    market, index, real, _ = numbered(moves, STRIKE + offset)
    edges = []
    for value in sorted((one, other)):
        real[getattr(layout, slot)] = value
        look(market, index, real)
        edges.append(real[layout.R_EDGE_YES : layout.R_EDGE_NO + 1].copy())
    assert (edges[1] <= edges[0]).all()


REFUSALS = {
    "operator_paused": ("market", "M_BLOCK", 1),
    "not_open": ("market", "M_OPEN", NOW + 1),
    "closed": ("market", "M_CLOSE", NOW),
    "strike_unknown": ("market", "M_STRIKE", 0),
    "fees_unknown": ("market", "M_FEE_RATE", -1),
    "index_missing": ("index", "I_SEEN", 0),
    "index_stale": ("index", "I_BLOCK_AGE", -1),
    "volatility_cold": ("real", "R_WARM", 1e9),
    "too_many_missing_prints": ("index", "I_MAX_MISSING", -1),
    "book_unknown": ("market", "M_KNOWN", 0),
    "book_stale": ("market", "M_TOUCHED", 0),
    "too_early": ("index", "I_MIN_AGE", 10**15),
    "too_late": ("index", "I_MIN_LEFT", 10**15),
    "outside_band": ("real", "R_BAND_LOW", 0.9999),
    "spread_too_wide": ("index", "I_MAX_SPREAD", 199),
    "depth_too_thin": ("market", "M_SIZE", 10_000),
    "risk_blocked": ("market", "M_RISK", 1),
    "edge_below_threshold": ("real", "R_THRESHOLD", 2.0),
    "already_fired": ("market", "M_FIRED", 3),
    "cooling_down": ("index", "I_COOL_UNTIL", NOW + 1),
    "not_fallen_back": ("index", "I_ASK_AGAIN", 0),
}
DECIDED_OUTSIDE = {"exchange_paused", "market_paused", "maintenance_near"} | {
    "settlement_mismatch",
    "index_estimated",
    "name_repeats",
}


def test_every_veto_is_refused_for_below():
    """But the one that needs sixty prints, and those that are decided outside like the first."""
    assert set(VETOES) - set(REFUSALS) - DECIDED_OUTSIDE == {"outcome_fixed"}


@given(st.sets(st.sampled_from(sorted(REFUSALS)), max_size=5))
def test_the_first_veto_that_holds_is_the_one_counted(names):
    """The order of the list of vetoes, whatever else holds; without any, the side is answered."""
    market, index, real, _ = numbered()
    market[layout.M_ABOVE], market[layout.M_ASKED_YES] = 1, NOW - 1
    index[layout.I_ASK_AGAIN] = 1
    arrays = {"market": market, "index": index, "real": real}
    for name in names:
        array, slot, content = REFUSALS[name]
        arrays[array][getattr(layout, slot)] = content
    real[layout.R_VERSION] = -1.0
    bits = look(market, index, real)
    first = min((VETO_CODE[name] for name in names), default=0)
    assert market[layout.M_VETO] == first
    assert bits == (0 if names else layout.CROSSED_YES)
    assert market[layout.M_VETOES + first] > 0


@given(
    st.lists(
        st.tuples(ASK, st.integers(0, 3), st.sampled_from(["decline", "fire", "cool"])),
        max_size=40,
    ),
    st.sampled_from([0, 2]),
)
def test_a_side_is_answered_as_the_twin_says_and_fires_once(steps, again):
    """Hysteresis, the pause after a declined crossing, cool-down, one fire per side."""
    market, index, real, _ = numbered()
    index[layout.I_ASK_AGAIN], index[layout.I_BLOCK_AGE] = again * SECOND, 10**15
    real[layout.R_FALL] = 0.05
    twin, fires, now = TwinSides(0.03, 0.05, again * SECOND), [], NOW
    held = {0: 800, 1: 1_000}
    for ask, seconds, answer in steps:
        now += seconds * SECOND
        for side, price in ((0, max(ask - 200, 20)), (1, ask)):
            step(market, index, real, layout.LEVEL, side, held[side], 0, now)
            held[side] = price
            step(market, index, real, layout.LEVEL, side, price, 5_000, now)
        market[layout.M_TOUCHED] = now
        bits = look(market, index, real, now)
        edges = real[layout.R_EDGE_YES : layout.R_EDGE_NO + 1].tolist()
        answered = {side for side in (0, 1) if bits & layout.CROSSED_YES << side}
        assert answered == twin.look(edges, now, index[layout.I_COOL_UNTIL])
        if answer != "decline":
            fires += sorted(answered)
            twin.fired |= answered
            for side in answered:
                market[layout.M_FIRED] |= 1 << side
        if answer == "cool" and answered:
            index[layout.I_COOL_UNTIL] = now + 3 * SECOND
    assert len(fires) == len(set(fires))
    assert market[layout.M_CROSSINGS] == twin.crossings


def test_an_unfired_look_leaves_the_nearest_miss_and_its_veto():
    market, index, real, _ = numbered()
    real[layout.R_THRESHOLD] = 2.0
    look(market, index, real)
    over = max(real[layout.R_EDGE_YES], real[layout.R_EDGE_NO]) - 2.0
    assert market[layout.M_NEAR] == math.floor(over * 1e6)
    assert market[layout.M_NEAR_VETO] == VETO_CODE["edge_below_threshold"]
    assert market[layout.M_NEAR_AT] == NOW
    real[layout.R_THRESHOLD], market[layout.M_RISK] = 0.1, 1
    look(market, index, real, NOW + 1)
    assert market[layout.M_NEAR_VETO] == VETO_CODE["risk_blocked"]
    real[layout.R_THRESHOLD] = 0.2
    look(market, index, real, NOW + 2)
    assert market[layout.M_NEAR_AT] == NOW + 1


@pytest.mark.parametrize(("direction", "price"), [(1, 1_040), (-1, 760)])
def test_an_awaited_book_is_answered_once_and_only_for_its_own_way(direction, price):
    market, index, real, _ = numbered()
    index[layout.I_WATCH], index[layout.I_WATCH_ID] = direction, 1
    index[layout.I_WATCH_SUM] = 1_800 + direction * 20
    assert not look(market, index, real) & layout.REACTED
    old, new = ((1, 1_000), (1, price)) if direction > 0 else ((0, 800), (0, price))
    step(market, index, real, layout.LEVEL, *new, 5_000, NOW)
    bits = step(market, index, real, layout.DELTA, *old, -5_000, NOW)
    assert bits & layout.REACTED
    assert not look(market, index, real) & layout.REACTED


def test_a_book_that_is_not_believed_is_not_awaited():
    market, index, real, _ = numbered(M_KNOWN=0)
    index[layout.I_WATCH], index[layout.I_WATCH_ID] = 1, 1
    assert not look(market, index, real) & layout.REACTED
    assert index[layout.I_WATCH] == 0
