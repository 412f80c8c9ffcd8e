"""What any probability of this contract must do, whatever the numbers in it."""

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kalshi_assistant.quant import layout
from kalshi_assistant.quant.kernel import step
from kalshi_assistant.quant.layout import SECOND
from kalshi_assistant.quant.ring import print_at
from kalshi_assistant.quant.rng import stream
from tests.support.kernel import CLOSE, STRIKE, index_arrays, market_array

LEFT = st.integers(2, 899)  # with one second left all sixty prints are known
AWAY = st.integers(-20_000, 20_000)


def arrays(strike=STRIKE, **settings):
    return market_array(strike=strike), *index_arrays(**settings)


def warmed(until, value, strike=STRIKE, seed=0, **settings):
    """Ten minutes of index up to and with ``until``, the last print at ``value``."""
    market, index, real = arrays(strike, **settings)
    rng = stream(seed, "number")
    for second in range(until - 600, until):
        there = value + int(200 * rng.standard_normal())
        step(market, index, real, layout.PRINT, second, there, 0, second * SECOND)
    step(market, index, real, layout.PRINT, until, value, 0, until * SECOND)
    return market, index, real


@given(LEFT, AWAY, st.integers(1, 5_000))
def test_a_higher_index_never_means_a_lower_probability(left, away, more):
    """With what was seen before kept the same, only the newest value higher."""
    found = []
    for last in (STRIKE + away, STRIKE + away + more):
        market, index, real = warmed(CLOSE - left - 1, STRIKE + away)
        # a tick, not a print: the volatility has learnt the same in both
        at = (CLOSE - left) * SECOND
        step(market, index, real, layout.TICK, at, last, 0, at)
        found.append(real[layout.R_P])
    assert found[0] <= found[1]


@given(st.integers(0, 6_000), st.integers(2, 890))
def test_with_the_index_above_the_strike_time_does_not_lower_it(above, left):
    """Spot a fixed amount above, nothing moving: a second later P(YES) is not lower."""
    _, _, real = warmed(CLOSE - 895, STRIKE + above, profile=0.0)
    base = real[: layout.R_SECONDS].copy()
    found = []
    for second in (CLOSE - left, CLOSE - left + 1):
        market, index, real = arrays(profile=0.0)
        for earlier in range(max(CLOSE - 60, second - 60), second + 1):
            step(market, index, real, layout.PRINT, earlier, STRIKE + above, 0, earlier * SECOND)
        step(market, index, real, layout.PRINT, second, STRIKE + above, 0, second * SECOND)
        real[: layout.R_SECONDS] = base  # the volatility is another's: here only time passes
        real[layout.R_SECONDS] = 600
        step(market, index, real, layout.LOOK, 0, 0, 0, second * SECOND)
        found.append(real[layout.R_P])
    assert found[0] <= found[1] + 1e-12


@given(AWAY, LEFT, st.floats(2.5, 60.0))
def test_it_lies_strictly_between_zero_and_one_until_the_outcome_is_fixed(away, left, tail):
    market, _index, real = warmed(CLOSE - left, STRIKE + away, tail=tail)
    assert market[layout.M_NO_NUMBER] == 0
    assert 0.0 < real[layout.R_P] < 1.0


@given(AWAY, LEFT)
def test_yes_and_no_are_mirror_images(away, left):
    """An index as far above the threshold as another is below: P and 1 - P."""
    market, index, real = warmed(CLOSE - left, STRIKE + away)
    assume(left > 60)
    z = (real[layout.R_EXPECTED] - real[layout.R_THRESHOLD_AT]) / real[layout.R_SD]
    p = real[layout.R_P]
    mirrored = 2 * real[layout.R_EXPECTED] - real[layout.R_THRESHOLD_AT]
    market[layout.M_STRIKE] = round((mirrored + 0.005) * 100)
    step(market, index, real, layout.LOOK, 0, 0, 0, (CLOSE - left) * SECOND)
    other = (real[layout.R_EXPECTED] - real[layout.R_THRESHOLD_AT]) / real[layout.R_SD]
    assert other == pytest.approx(-z, abs=0.01 / real[layout.R_SD])
    assert real[layout.R_P] == pytest.approx(1 - p, abs=0.01 / real[layout.R_SD])


@given(LEFT, AWAY)
def test_certainty_comes_only_in_the_last_seconds(left, away):
    _market, _index, real = warmed(CLOSE - left, STRIKE + 50 * away)
    inside = left <= 10
    highest = 1 - 1e-6 if inside else 0.995
    assert 1 - highest - 1e-12 <= real[layout.R_P] <= highest + 1e-12


def test_an_estimated_index_fixes_nothing_and_keeps_its_error():
    """Sixty prints of a stand-in: close to the strike the outcome stays open."""
    for estimated in (0, 1):
        market, index, real = arrays()
        real[layout.R_NOWCAST] = real[layout.R_GUESS] = 1e-4
        for second in range(CLOSE - 200, CLOSE):
            value = STRIKE + 100 + (second % 2)
            step(market, index, real, layout.PRINT, second, value, estimated, second * SECOND)
        if estimated:
            assert market[layout.M_FIXED] == 0
            assert real[layout.R_SD] == pytest.approx(1e-4 * STRIKE / 100, rel=1e-3)
            assert 0.5 < real[layout.R_P] < 0.7
        else:
            assert market[layout.M_FIXED] == 1
            assert real[layout.R_P] == 1.0


@given(st.lists(st.sampled_from("ptm"), min_size=60, max_size=60), st.booleans())
def test_the_error_of_estimates_counts_by_the_prints_they_stand_for(kinds, back):
    """p: a print, t: an estimate that stands for one, m: a hole; then the index, or an estimate."""
    market, index, real = warmed(CLOSE - 61, STRIKE)
    real[layout.R_NOWCAST] = 0.0 if back else 2e-4
    real[layout.R_GUESS] = 1e-4
    for place, kind in enumerate(kinds):
        if kind != "m":
            second = CLOSE - 60 + place
            guess = int(kind == "t")
            step(market, index, real, layout.PRINT, second, STRIKE, guess, second * SECOND)
    at = CLOSE * SECOND
    step(market, index, real, layout.TICK, at, STRIKE, int(not back), at)
    assert market[layout.M_GUESSED] == kinds.count("t")
    assert market[layout.M_FIXED] == (kinds.count("p") == 60)
    unseen = 0 if back else kinds.count("m")
    error = (kinds.count("t") * 1e-4 + unseen * 2e-4) / 60 * STRIKE / 100
    assert real[layout.R_NOISE] == pytest.approx(error)


@given(st.integers(0, 300), st.integers(0, 50))
def test_a_print_takes_the_place_of_its_estimate_and_teaches_no_jump(level, seed):
    """An estimate off by ``level`` cents for ten seconds: the volatility does not see the steps."""
    found = []
    for off in (0, level):
        _, index, real = arrays()
        scratch, rng = market_array(strike=STRIKE), stream(seed, "steps")
        for second in range(CLOSE - 500, CLOSE - 400):
            guess = int(CLOSE - 450 <= second < CLOSE - 440)
            value = STRIKE + int(100 * rng.standard_normal()) + off * guess
            step(scratch, index, real, layout.PRINT, second, value, guess, second * SECOND)
        found.append(real[layout.R_SUMS])
        late = CLOSE - 445
        step(scratch, index, real, layout.PRINT, late, STRIKE + 7, 0, (CLOSE - 400) * SECOND)
        assert print_at(index, late) == STRIKE + 7
        step(scratch, index, real, layout.PRINT, late, STRIKE + 9, 1, (CLOSE - 400) * SECOND)
        assert print_at(index, late) == STRIKE + 7
    assert found[1] == pytest.approx(found[0], rel=1e-3)


@given(st.integers(0, 59))
def test_the_error_of_a_nowcast_counts_for_the_prints_still_to_come(seen):
    """A true index seen through an estimate: what was printed is certain."""
    market, index, real = warmed(CLOSE - 60 + seen - 1, STRIKE)
    real[layout.R_NOWCAST] = 1e-4
    at = (CLOSE - 60 + seen) * SECOND - 1
    step(market, index, real, layout.TICK, at, STRIKE, 0, at)
    assert real[layout.R_NOISE] == pytest.approx((60 - seen) / 60 * 1e-4 * STRIKE / 100)


@pytest.mark.parametrize(
    ("spoil", "veto"),
    [
        ("strike", layout.V_STRIKE_UNKNOWN),
        ("stale", layout.V_INDEX_STALE),
        ("cold", layout.V_COLD),
        ("missing", layout.V_MISSING),
        ("nothing", layout.V_INDEX_MISSING),
    ],
)
def test_every_reason_for_having_no_number_has_its_name(spoil, veto):
    until = CLOSE - 20
    market, index, real = warmed(until, STRIKE) if spoil != "nothing" else arrays()
    now = until * SECOND
    if spoil == "strike":
        market[layout.M_STRIKE] = 0
    elif spoil == "stale":
        now += 6 * SECOND
    elif spoil == "cold":
        real[layout.R_WARM] = 10_000.0
    elif spoil == "missing":
        index[layout.I_STAMP : layout.RING] = 0
        index[layout.I_VERSION] += 1
    step(market, index, real, layout.LOOK, 0, 0, 0, now)
    assert market[layout.M_NO_NUMBER] == veto
    assert math.isnan(real[layout.R_P])


@pytest.mark.parametrize("last", [61, 30, 2])
def test_prints_that_never_came_are_not_certain(last):
    """The last print long ago, one tick just before the close, two cents above the threshold."""
    market, index, real = warmed(CLOSE - last, STRIKE)
    at = CLOSE * SECOND - SECOND // 20
    step(market, index, real, layout.TICK, at, STRIKE + 2, 0, at)
    if last > 2:
        assert market[layout.M_NO_NUMBER] == layout.V_MISSING
    else:
        # one print, a second from what is known on one side and 0.95 s on the other
        bridged = math.sqrt(1.0 * 0.95 / 1.95) / 60
        assert real[layout.R_SD] == pytest.approx(bridged * real[layout.R_SIGMA], rel=1e-3)


def test_a_market_that_closes_in_a_hundred_years_costs_no_more_than_another():
    """The way to its window is not walked half hour by half hour."""
    market, index, real = warmed(CLOSE - 300, STRIKE, profile=1.0)
    market[layout.M_CLOSE] = 2**62
    real[layout.R_VERSION] = -1.0
    step(market, index, real, layout.LOOK, 0, 0, 0, (CLOSE - 299) * SECOND)
    assert 0.49 < real[layout.R_P] < 0.51


def test_a_hole_that_reaches_the_close_takes_its_left_neighbour():
    market, index, real = warmed(CLOSE - 3, STRIKE)
    at = (CLOSE + 1) * SECOND
    step(market, index, real, layout.PRINT, CLOSE + 1, STRIKE, 0, at)
    assert real[layout.R_EXPECTED] == pytest.approx(STRIKE / 100, rel=1e-4)
