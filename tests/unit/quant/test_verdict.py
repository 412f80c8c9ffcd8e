"""The verdict: rarely wrong however often one looks, and able to find what it was planned for."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_assistant.quant import verdict as module
from kalshi_assistant.quant.verdict import (
    LARGEST_VARIANCE,
    LEAST_MOST,
    SURE,
    Days,
    bounds,
    day_variance,
    gathered,
    judge,
    log_wealth,
    most_counted,
    windows_needed,
)
from tests.support.days import (
    histories,
    most_of,
    planned,
    share_promising,
    typical_most,
    upper_95,
)

REPLICATES = 200
EDGE = 0.02


def twin(days, mean, side):
    """The wealth of both bettors in plain words: six purses, each betting a share of itself."""
    purses = list(module.WEIGHTS)
    for windows, total, most in zip(*days, strict=True):
        won = side * (total - mean * windows) / (most * (1 + side * mean))
        purses = [
            purse * max(1 + stake * won, 1e-12)
            for purse, stake in zip(purses, module.STAKES, strict=True)
        ]
    return sum(purses)


DAY = st.tuples(st.integers(0, 8), st.floats(-1, 1)).map(lambda day: (day[0], day[0] * day[1]))


@given(days=st.lists(DAY, min_size=1, max_size=40), mean=st.floats(-0.9, 0.9))
def test_wealth_is_that_of_six_purses(days, mean):
    told = ([n for n, _ in days], [total for _, total in days], [LEAST_MOST] * len(days))
    for side in (1, -1):
        ours = math.exp(float(log_wealth(gathered(*told), mean, side)[-1]))
        assert ours == pytest.approx(twin(told, mean, side), rel=1e-9)


@given(days=st.lists(DAY, min_size=1, max_size=20), low=st.floats(-0.9, 0.9))
def test_wealth_falls_as_the_mean_that_is_tested_rises(days, low):
    told = gathered([n for n, _ in days], [total for _, total in days], [8] * len(days))
    high = low + 0.05
    assert np.all(log_wealth(told, high) <= log_wealth(told, low) + 1e-12)
    assert np.all(log_wealth(told, high, -1) >= log_wealth(told, low, -1) - 1e-12)


def test_the_bounds_are_the_means_that_neither_bettor_has_won_against():
    one = histories("bounds", 1, 400, 12, EDGE)
    days = Days(*(part[0] for part in one))
    low, high = bounds(days)
    for inside in (low + 1e-5, high - 1e-5):
        assert not module._has_won(days, inside, 1)
        assert not module._has_won(days, inside, -1)
    assert module._has_won(days, low - 1e-5, 1)
    assert module._has_won(days, high + 1e-5, -1)


def test_the_stakes_never_risk_a_whole_purse_and_the_purses_make_a_dollar():
    assert sum(module.WEIGHTS) == pytest.approx(1.0)
    assert max(module.STAKES) < 1.0


# --- how often it is wrong, and how often it is right ---------------------------------------------


CASES = [(a_day, common) for a_day in (3, 12, 40) for common in (0.0, 0.1)]


@pytest.fixture(scope="module")
def wrongly_promising():
    """Of 200 histories of the planner's own length without an edge, how many were called promising;
    by windows a day, and by what a whole day has in common.
    """
    found = {}
    for a_day, common in CASES:
        _, days = planned(EDGE, a_day)
        seen = histories(f"null.{a_day}.{common}", REPLICATES, days, a_day, 0.0, common)
        found[a_day, common] = share_promising(seen)[0]
    return found


@pytest.mark.parametrize("case", CASES, ids=str)
def test_no_edge_is_rarely_called_promising(case, wrongly_promising):
    assert wrongly_promising[case] / REPLICATES <= 0.05


def test_all_of_them_together_are_surely_within_one_in_twenty(wrongly_promising):
    """What is promised is 2.5 %; the bound of 1,200 histories stays below 5 %."""
    assert upper_95(sum(wrongly_promising.values()), REPLICATES * len(CASES)) <= 0.05


@pytest.mark.parametrize("a_day", [3, 12, 40])
def test_two_cents_are_found_within_the_planned_windows(a_day):
    _, days = planned(EDGE, a_day)
    _, found = share_promising(histories(f"edge.{a_day}", REPLICATES, days, a_day, EDGE))
    assert found >= 0.8


def test_two_cents_on_favourites_are_found_sooner():
    variance = 0.88 * 0.12
    needed, days = planned(EDGE, 6, variance)
    assert needed < planned(EDGE, 6)[0]
    seen = histories("favourites", REPLICATES, days, 6, EDGE, price=0.88)
    assert share_promising(seen)[1] >= 0.8


def test_windows_counted_one_by_one_would_be_fooled_by_days():
    """The same bets on single windows are wrong far too often where a day has something in common:
    why the unit is a day.
    """
    days, windows, chance = 120, 30, np.random.default_rng(11)
    shift = np.repeat(0.25 * chance.choice((-1.0, 1.0), (REPLICATES, days)), windows, axis=1)
    wins = chance.random(shift.shape) < 0.5 + shift
    ones = np.ones(shift.shape, dtype=np.int64)
    singly = Days(ones, wins - 0.5, ones)
    totals = (wins - 0.5).reshape(REPLICATES, days, windows).sum(axis=2)
    counts = np.full(totals.shape, windows)
    most = np.full(totals.shape, windows)
    assert share_promising(singly)[1] > 0.05
    assert share_promising(Days(counts, totals, most))[1] <= 0.05


def test_a_day_that_ends_after_a_win_proves_nothing():
    """Stopping in the middle of a day, whatever the reason, makes no profit out of none."""
    chance = np.random.default_rng(5)
    flips = chance.random((REPLICATES, 600, 10)) < 0.5
    first = np.where(flips.any(axis=2), flips.argmax(axis=2) + 1, 10)
    played = np.arange(10) < first[:, :, np.newaxis]
    totals = np.where(played, np.where(flips, 0.5, -0.5), 0.0).sum(axis=2)
    counts = played.sum(axis=2)
    most = np.full(counts.shape, 10)
    wrong, _ = share_promising(Days(counts, totals, most))
    assert upper_95(wrong, REPLICATES) <= 0.05


# --- the planner ----------------------------------------------------------------------------------


def test_a_larger_edge_needs_fewer_windows():
    counts = [windows_needed(edge, LARGEST_VARIANCE, 20) for edge in (0.01, 0.02, 0.05, 0.1)]
    assert counts == sorted(counts, reverse=True)
    assert counts[2] < counts[1] / 3


def test_more_windows_a_day_need_more_windows_in_all():
    """What a day may lose bounds the stake: the price of not trusting windows of one day."""
    assert windows_needed(EDGE, 0.25, 80) > windows_needed(EDGE, 0.25, 20)


def test_the_plan_ends_even_for_an_edge_nobody_will_see():
    assert windows_needed(1e-6, 0.25, 8) >= 10_000_000


# --- one history ----------------------------------------------------------------------------------


def test_nothing_seen_is_no_evidence():
    found = judge(gathered([], [], []), LEAST_MOST)
    assert (found.verdict, found.windows, found.mean) == ("no evidence", 0, None)
    assert (found.low, found.high) == (-1.0, 1.0)
    assert found.needed == windows_needed(EDGE, 0.25, LEAST_MOST)


@pytest.mark.parametrize(("gain", "verdict"), [(0.2, "promising"), (-0.2, "refuted")])
def test_a_large_mean_is_soon_known(gain, verdict):
    days = gathered(
        [10] * 60, [10 * gain + (0.5 if day % 2 else -0.5) for day in range(60)], [10] * 60
    )
    found = judge(days, 10)
    assert found.verdict == verdict
    assert found.low < gain < found.high
    assert found.mean == pytest.approx(gain)


def test_one_great_day_proves_nothing():
    assert judge(gathered([8], [8.0], [8]), 8).verdict == "no evidence"


def test_the_interval_narrows_with_every_day():
    one = histories("narrow", 1, 300, 12, EDGE)
    whole = Days(*(part[0] for part in one))
    part = Days(*(part[0][:150] for part in one))
    (low, high), (lower, higher) = bounds(whole), bounds(part)
    assert lower <= low < high <= higher


def test_its_own_variance_is_used_once_there_are_days_enough():
    days = gathered([4] * 30, [1.0, -1.0] * 15, [8] * 30)
    assert day_variance(days) == pytest.approx(0.25)
    assert day_variance(gathered([4] * 5, [1.0] * 5, [8] * 5)) == LARGEST_VARIANCE
    assert day_variance(gathered([4] * 30, [0.4] * 30, [8] * 30)) > 0.0


def test_how_many_windows_of_a_day_are_counted():
    assert most_counted([]) == LEAST_MOST
    assert most_counted([3, 40, 12]) == 40
    assert most_counted([90] + [5] * 14) == LEAST_MOST  # a fortnight ago is forgotten
    counts = np.array([[9, 30, 2, 2]])
    assert most_of(counts).tolist() == [[8, 9, 30, 30]]
    assert typical_most(0.5) == LEAST_MOST


def test_fees_beyond_a_dollar_end_the_bet_and_not_the_program():
    wealth = log_wealth(gathered([8, 8], [-9.5, 4.0], [8, 8]), 0.0)
    assert np.all(np.isfinite(wealth))
    assert wealth[-1] < -math.log(1 / SURE) + 3
