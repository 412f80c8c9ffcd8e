"""What the volatility learns, against a twin that writes every mean out from its history."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kalshi_assistant.quant import layout, volatility
from kalshi_assistant.quant.kernel import step
from kalshi_assistant.quant.layout import SECOND
from kalshi_assistant.quant.ring import relearn
from kalshi_assistant.quant.rng import stream
from tests.support.kernel import index_arrays
from tests.support.twin import TwinVolatility

START = 1_795_279_980  # a whole minute
FLOOR = 1e-5


def walk(seed, seconds, jump_every, hole_every):
    """(second, cents): a random walk with jumps and holes."""
    rng = stream(seed, "walk")
    value, prints = 9_000_000.0, []
    for second in range(START, START + seconds):
        value *= 1 + 6e-5 * rng.standard_normal()
        if rng.random() < 1 / jump_every:
            value *= 1 + 1e-3 * rng.standard_normal()
        if rng.random() >= 1 / hole_every:
            prints.append((second, round(value)))
    return prints


def learnt(prints, profile=0.0):
    index, real = index_arrays(floor=FLOOR, profile=profile)
    market = layout.new_market()
    for second, value in prints:
        step(market, index, real, layout.PRINT, second, value, 0, second * SECOND)
    return index, real


def twin_of(prints, max_gap=10):
    twin, last = TwinVolatility(FLOOR), None
    for second, value in prints:
        twin.prints[second] = value
        if last is not None and second - last <= max_gap:
            twin.learn(second, last)
        last = second
    return twin


@settings(max_examples=15)
@given(st.integers(0, 10_000), st.integers(90, 1_300), st.integers(20, 500), st.integers(3, 2_000))
def test_everything_learnt_equals_the_twin(seed, seconds, jump_every, hole_every):
    """Components, ratio, jumps, shares, own error and the blend, with jumps and holes."""
    prints = walk(seed, seconds, jump_every, hole_every)
    if len(prints) < 3:
        return
    _, real = learnt(prints)
    twin = twin_of(prints)
    components = [volatility.component(real, place) for place in range(layout.COMPONENTS)]
    assert components == pytest.approx(twin.components(), rel=1e-9)
    assert volatility.variance_ratio(real) == pytest.approx(twin.ratio(), rel=1e-9)
    assert volatility.jump_share(real) == pytest.approx(twin.jumps(), abs=1e-9)
    shares = real[layout.R_SHARES : layout.R_SHARES + layout.COMPONENTS].tolist()
    assert shares == pytest.approx(twin.shares, rel=1e-9)
    assert sum(shares) == pytest.approx(1.0)
    assert volatility.log_variance_sd(real) == pytest.approx(twin.log_variance_sd(), rel=1e-9)
    assert volatility.base_sigma(real) == pytest.approx(twin.relative(), rel=1e-9)


def test_learning_anew_from_the_ring_gives_the_same_bits():
    prints = walk(7, 1_500, 100, 50)
    index, real = learnt(prints)
    before = real[: layout.R_WARM].tobytes()
    rows = [(second, value, 0) for second, value in prints]
    relearn(index, real, *np.array(rows, dtype=np.int64).T.copy())
    assert real[: layout.R_WARM].tobytes() == before


def test_the_volatility_of_a_walk_is_found():
    """Six hundredths of a percent a second, no jumps: within a tenth after an hour."""
    _, real = learnt(walk(1, 3_600, 10**9, 10**9))
    assert volatility.base_sigma(real) == pytest.approx(6e-5, rel=0.1)
    assert volatility.variance_ratio(real) == pytest.approx(1.0, abs=0.15)
    assert volatility.jump_share(real) < 0.1


def test_jumps_show_in_their_share_and_not_in_a_smooth_walk():
    _, smooth = learnt(walk(2, 3_600, 10**9, 10**9))
    _, rough = learnt(walk(2, 3_600, 120, 10**9))
    assert volatility.jump_share(rough) > volatility.jump_share(smooth) + 0.2


def test_an_index_that_trends_within_half_a_minute_has_a_ratio_above_one():
    """Each shock spread over five seconds, as a smoothed index spreads it."""
    rng = stream(3, "trend")
    shocks = 6e-5 * rng.standard_normal(3_605)
    smooth = np.convolve(shocks, np.ones(5) / 5, mode="valid")
    values = 9_000_000 * np.cumprod(1 + smooth)
    _, real = learnt([(START + k, round(float(value))) for k, value in enumerate(values)])
    assert volatility.variance_ratio(real) > 1.5


def test_the_profile_is_taken_out_where_it_is_learnt_and_put_back_where_it_is_used():
    """A walk that follows the profile looks flat behind it."""
    rng, value, prints = stream(4, "profile"), 9_000_000.0, []
    for second in range(START, START + 7_200):
        sigma = 6e-5 * volatility.season(second, 0, 1.0)
        value *= 1 + sigma * rng.standard_normal()
        prints.append((second, round(value)))
    _, real = learnt(prints, profile=1.0)
    assert volatility.base_sigma(real) == pytest.approx(6e-5, rel=0.1)


@pytest.mark.parametrize(
    ("iso", "factor"),
    [
        ("1970-01-01T09:30", 2.0),  # a Thursday
        ("2026-11-20T09:45", 2.0),
        ("2026-11-20T08:30", 1.12),
        ("2026-11-20T03:10", 0.85),
        ("2026-11-21T12:00", 0.70),  # a Saturday
        ("2026-11-22T23:59", 0.83),
    ],
)
def test_the_profile_by_local_time(iso, factor):
    second = int(np.datetime64(iso, "s").astype(np.int64))
    assert volatility.season(second, 0, 1.0) == factor
    assert volatility.season(second + 18_000, -18_000, 1.0) == factor
    assert volatility.season(second, 0, 0.0) == 1.0


@given(st.integers(0, 2**31), st.integers(1, 20_000), st.floats(0, 1))
def test_time_counted_by_the_profile_adds_up(start, seconds, applied):
    whole = volatility.season_seconds(float(start), float(start + seconds), -18_000, applied)
    middle = start + seconds / 3
    parts = volatility.season_seconds(float(start), middle, -18_000, applied)
    parts += volatility.season_seconds(middle, float(start + seconds), -18_000, applied)
    assert parts == pytest.approx(whole, rel=1e-9)
    assert 0.36 * seconds <= whole + 1e-6
    assert whole <= 4.0 * seconds + 1e-6


def test_blocks_are_mean_squares_over_their_mean():
    prints = walk(5, 1_200, 10**9, 10**9)
    index, real = learnt(prints)
    found = volatility.blocks(index, real)
    assert len(found) == 1_200 // 15 - 1
    assert found.mean() == pytest.approx(1.0)
    values = dict(prints)
    newest = prints[-1][0] // 15 * 15
    last = sum((values[s] / values[s - 1] - 1) ** 2 for s in range(newest - 14, newest + 1))
    before = sum((values[s] / values[s - 1] - 1) ** 2 for s in range(newest - 29, newest - 14))
    assert found[-1] / found[-2] == pytest.approx(last / before)


def test_nothing_known_is_the_floor_and_no_blocks():
    index, real = index_arrays(floor=FLOOR)
    assert volatility.base_sigma(real) == FLOOR
    assert volatility.blocks(index, real).size == 0
    assert math.isfinite(volatility.log_variance_sd(real))
