"""Scores and their errors against slow twins, values worked out by hand, and simulation."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from kalshi_assistant.quant import scores
from kalshi_assistant.quant.rng import stream

CLAIM = st.floats(0.0, 1.0, allow_subnormal=False)
ROWS = st.lists(st.tuples(CLAIM, st.integers(0, 1), st.integers(0, 5)), min_size=1, max_size=60)
VALUES = st.lists(
    st.tuples(st.floats(-10, 10, allow_subnormal=False), st.integers(0, 5)), min_size=2, max_size=60
)


def columns(rows):
    return tuple(np.array(column) for column in zip(*rows, strict=True))


# --- scores --------------------------------------------------------------------------------------


def test_scores_of_three_rows_worked_out_by_hand():
    p, y = [0.9, 0.2, 0.5], [1, 0, 1]
    assert scores.brier(p, y) == pytest.approx((0.01 + 0.04 + 0.25) / 3)
    assert scores.log_loss(p, y) == pytest.approx(-math.log(0.9 * 0.8 * 0.5) / 3)
    assert scores.sharpness(p) == pytest.approx((0.8 + 0.6 + 0.0) / 3)


@given(ROWS)
def test_scores_are_the_means_of_a_loop(rows):
    brier = loss = 0.0
    for p, y, _ in rows:
        brier += (p - y) ** 2
        inside = min(max(p, 1e-6), 1 - 1e-6)
        loss -= math.log(inside if y else 1 - inside)
    p, y, _ = columns(rows)
    assert scores.brier(p, y) == pytest.approx(brier / len(rows), abs=1e-12)
    assert scores.log_loss(p, y) == pytest.approx(loss / len(rows), abs=1e-12)
    assert scores.brier_of(p, y).mean() == scores.brier(p, y)
    assert scores.log_loss_of(p, y).mean() == scores.log_loss(p, y)


@given(st.lists(st.integers(0, 1), min_size=1, max_size=50))
def test_always_one_half_scores_a_quarter_and_log_two_and_is_not_sharp(y):
    p = np.full(len(y), 0.5)
    assert scores.brier(p, y) == 0.25
    assert scores.log_loss(p, y) == pytest.approx(math.log(2))
    assert scores.sharpness(p) == 0.0


@given(ROWS)
def test_the_other_side_of_every_market_scores_the_same(rows):
    p, y, _ = columns(rows)
    assert scores.brier(1 - p, 1 - y) == pytest.approx(scores.brier(p, y))
    assert scores.log_loss(1 - p, 1 - y) == pytest.approx(scores.log_loss(p, y), abs=1e-9)
    assert scores.sharpness(1 - p) == pytest.approx(scores.sharpness(p))


@given(st.floats(0.05, 0.95), st.floats(0.0, 1.0))
def test_both_scores_are_best_for_the_true_chance(truth, other):
    """Expected score over both outcomes: nothing beats saying what is so."""

    def expected(score, p):
        return truth * score([p], [1]) + (1 - truth) * score([p], [0])

    for score in (scores.brier, scores.log_loss):
        assert expected(score, truth) <= expected(score, other) + 1e-12


def test_a_sure_miss_costs_what_the_clip_allows_and_a_sure_hit_almost_nothing():
    miss, hit = scores.log_loss_of([1.0, 1.0], [0, 1])
    assert miss == pytest.approx(-math.log(1e-6))
    assert hit == pytest.approx(1e-6, rel=1e-3)


@pytest.mark.parametrize(
    ("p", "y"),
    [
        ([], []),
        ([1.1], [1]),
        ([math.nan], [1]),
        ([0.5], [0.5]),
        ([0.5, 0.5], [1]),
        ([[0.5]], [[1]]),
    ],
)
def test_what_is_no_claim_is_refused(p, y):
    with pytest.raises(AssertionError):
        scores.brier(p, y)


# --- clusters ------------------------------------------------------------------------------------


@given(VALUES)
def test_the_clustered_error_is_the_one_of_a_loop_over_clusters(rows):
    values, clusters = columns(rows)
    names = sorted(set(clusters.tolist()))
    mean, error = scores.clustered_mean(values, clusters)
    assert mean == pytest.approx(sum(values) / len(values), abs=1e-12)
    if len(names) < 2:
        assert error is None
        return
    square = 0.0
    for name in names:
        square += sum(v - mean for v, c in rows if c == name) ** 2
    expected = math.sqrt(len(names) / (len(names) - 1) * square) / len(rows)
    assert error == pytest.approx(expected, abs=1e-9)


@given(VALUES)
def test_clusters_of_one_row_give_the_usual_error_of_a_mean(rows):
    values, _ = columns(rows)
    _, error = scores.clustered_mean(values, range(len(values)))
    assert error == pytest.approx(np.std(values, ddof=1) / math.sqrt(len(values)), abs=1e-9)


@given(VALUES, st.integers(2, 5))
def test_rows_that_are_copies_of_one_another_add_nothing(rows, times):
    """Each row repeated within its own cluster: mean and error are those of the single rows."""
    values, _ = columns(rows)
    single = scores.clustered_mean(values, range(len(values)))
    copies = scores.clustered_mean(
        np.repeat(values, times), np.repeat(np.arange(len(values)), times)
    )
    assert copies == pytest.approx(single, abs=1e-9)


@given(ROWS)
def test_the_gain_of_identical_forecasts_is_zero_without_error(rows):
    p, y, clusters = columns(rows)
    gain = scores.brier_of(p, y) - scores.brier_of(p, y)
    mean, error = scores.clustered_mean(gain, clusters)
    assert mean == 0.0
    assert error == (None if len(set(clusters.tolist())) < 2 else 0.0)


def test_an_error_worked_out_by_hand():
    """Deviations -2, -1, 0, 3 in clusters a, a, b, b: sums -3 and 3, so 2 * 18 / 16."""
    assert scores.clustered_mean([1, 2, 3, 6], ["a", "a", "b", "b"]) == (3.0, 1.5)


def test_days_are_clusters_from_ten_days_on_and_four_hours_before():
    day = 86_400
    closes = np.arange(0, 10 * day, 900) + 1_772_323_200
    labels, by = scores.cluster_labels(closes, closes // day)
    assert by == "day"
    assert labels.tolist() == (closes // day).tolist()
    few = closes[closes // day < closes[0] // day + 9]
    labels, by = scores.cluster_labels(few, few // day)
    assert by == "4h"
    assert len(set(labels.tolist())) == 9 * 6
    assert labels.tolist() == [close // 14_400 for close in few.tolist()]


# --- Student's t ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("freedom", "value"),
    [
        (1, 12.7062), (2, 4.3027), (3, 3.1824), (4, 2.7764), (5, 2.5706), (9, 2.2622),
        (10, 2.2281), (19, 2.0930), (20, 2.0860), (28, 2.0484),
    ],
)  # fmt: skip
def test_critical_values_are_those_of_the_printed_table(freedom, value):
    assert scores.critical_95(freedom + 1) == pytest.approx(value, abs=6e-5)


def test_from_thirty_clusters_on_it_is_the_normal_value():
    assert scores.critical_95(30) == scores.critical_95(10_000) == pytest.approx(1.959964, abs=1e-6)
    assert math.erf(scores.NORMAL_95 / math.sqrt(2)) == pytest.approx(0.95, abs=1e-14)


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 7, 12, 29])
@pytest.mark.parametrize("t", [0.0, 0.3, 1.0, 2.5])
def test_the_finite_sum_is_the_integral_of_the_density(freedom, t):
    """Simpson's rule over the density, which the sum has nothing to do with."""
    x = np.linspace(-t, t, 2001)
    scale = math.exp(math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2))
    density = scale / math.sqrt(freedom * math.pi) * (1 + x * x / freedom) ** (-(freedom + 1) / 2)
    weights = np.where(np.arange(2001) % 2 == 1, 4.0, 2.0)
    weights[[0, -1]] = 1.0
    integral = float(weights @ density) * (2 * t / 2000) / 3
    assert scores.student_within(t, freedom) == pytest.approx(integral, abs=1e-9)


# --- calibration ---------------------------------------------------------------------------------


def drawn(random, slope=1.0, intercept=0.0, rows=600, clusters=40):
    """Claims, and outcomes whose true log-odds are ``intercept + slope * logit(claim)``."""
    p = random.beta(1.2, 1.2, rows)
    odds = np.log(p / (1 - p))
    y = (random.random(rows) < 1 / (1 + np.exp(-(intercept + slope * odds)))).astype(int)
    return p, y, np.arange(rows) % clusters


@pytest.mark.parametrize("clusters", [12, 40])
def test_the_interval_covers_the_slope_and_intercept_of_calibrated_claims(clusters):
    random = stream(7, "calibrated")
    slopes = intercepts = 0
    for _ in range(200):
        fit, why_not = scores.logistic_calibration(*drawn(random, clusters=clusters))
        assert fit is not None
        assert why_not == ""
        slopes += fit.slope_ci[0] <= 1 <= fit.slope_ci[1]
        intercepts += fit.intercept_ci[0] <= 0 <= fit.intercept_ci[1]
    assert 180 <= slopes <= 198
    assert 180 <= intercepts <= 198


@pytest.mark.parametrize(("slope", "intercept"), [(0.6, 0.3), (1.5, -0.5)])
def test_a_slope_that_is_wrong_is_found(slope, intercept):
    fit, _ = scores.logistic_calibration(
        *drawn(stream(3, "wrong"), slope, intercept, rows=20_000, clusters=100)
    )
    assert fit is not None
    assert fit.slope == pytest.approx(slope, abs=0.08)
    assert fit.intercept == pytest.approx(intercept, abs=0.08)
    assert not fit.slope_ci[0] <= 1 <= fit.slope_ci[1]


def test_outcomes_that_follow_their_cluster_widen_the_interval():
    """Blocks of ten rows with one common outcome: the interval of single rows is far too narrow."""
    random = stream(5, "common")
    p = np.repeat(random.beta(2, 2, 60), 10)
    y = np.repeat((random.random(60) < p[::10]).astype(int), 10)
    by_block, _ = scores.logistic_calibration(p, y, np.arange(600) // 10)
    by_row, _ = scores.logistic_calibration(p, y, np.arange(600))
    assert by_block is not None
    assert by_row is not None
    assert by_block.slope == by_row.slope
    wide, narrow = (fit.slope_ci[1] - fit.slope_ci[0] for fit in (by_block, by_row))
    assert wide > 2.5 * narrow


def test_the_fit_of_two_different_claims_is_the_two_frequencies():
    """Two claims, two parameters: the fitted chances are 3/10 and 8/12, and the plain sandwich of
    single rows is worked out with its two sums.
    """
    p = np.array([0.2] * 10 + [0.7] * 12)
    y = np.array([1] * 3 + [0] * 7 + [1] * 8 + [0] * 4)
    fit, _ = scores.logistic_calibration(p, y, np.arange(22))
    assert fit is not None

    def logit(x):
        return math.log(x / (1 - x))

    slope = (logit(8 / 12) - logit(0.3)) / (logit(0.7) - logit(0.2))
    assert fit.slope == pytest.approx(slope, abs=1e-7)
    assert fit.intercept == pytest.approx(logit(0.3) - slope * logit(0.2), abs=1e-7)
    # logit of each frequency has variance 1 / (n f (1 - f)), and the slope is their difference
    variance = 1 / (10 * 0.3 * 0.7) + 1 / (12 * 8 / 12 * 4 / 12)
    error = math.sqrt(22 / 21 * variance) / (logit(0.7) - logit(0.2))
    reach = scores.critical_95(22) * error
    assert fit.slope_ci == pytest.approx((slope - reach, slope + reach), abs=1e-6)


@settings(max_examples=60)
@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 1)), min_size=10, max_size=80))
@example([(0.0, y) for y in (0, 1)] * 6 + [(1.0, 1)] * 9)
@example([(1e-9, 0)] * 30 + [(0.5, 1), (0.5, 0)] + [(1 - 1e-9, 1)] * 30)
@example([(0.4, 0)] * 6 + [(0.4, 1)] + [(0.6, 1)] * 6)
def test_a_fit_is_a_maximum_and_is_there_wherever_the_outcomes_overlap(rows):
    p, y = columns(rows)
    fit, why_not = scores.logistic_calibration(p, y, np.arange(len(p)))
    assert (fit is None) == bool(why_not)
    assert why_not != "the fit did not converge"
    if fit is None:
        return
    inside = np.clip(p, 1e-6, 1 - 1e-6)
    odds = np.log(inside / (1 - inside))

    def likelihood(intercept, slope):
        x = intercept + slope * odds
        return float((y * x - np.logaddexp(0, x)).sum())

    best = likelihood(fit.intercept, fit.slope)
    for away in (-0.01, 0.01):
        assert likelihood(fit.intercept + away, fit.slope) <= best + 1e-9
        assert likelihood(fit.intercept, fit.slope + away) <= best + 1e-9
    assert fit.slope_ci[0] <= fit.slope <= fit.slope_ci[1]


@settings(max_examples=30)
@given(st.integers(0, 10_000))
def test_the_other_side_of_every_market_has_the_same_slope_and_the_opposite_intercept(seed):
    p, y, clusters = drawn(stream(seed, "sides"), rows=120, clusters=12)
    fit, _ = scores.logistic_calibration(p, y, clusters)
    other, _ = scores.logistic_calibration(1 - p, 1 - y, clusters)
    assume(fit is not None and other is not None)
    assert fit.slope == pytest.approx(other.slope, abs=1e-6)
    assert fit.slope_ci == pytest.approx(other.slope_ci, abs=1e-6)
    assert fit.intercept == pytest.approx(-other.intercept, abs=1e-6)


@pytest.mark.parametrize(
    ("p", "y", "clusters", "reason"),
    [
        ([0.2] * 9 + [0.8] * 5, [0] * 4 + [1] * 10, range(14), "fewer than 5 of one outcome"),
        ([0.2, 0.8] * 9, [0, 1, 1] * 6, [1] * 18, "fewer than 2 clusters"),
        ([0.3] * 18, [0, 1, 1] * 6, range(18), "all claims are the same"),
        ([0.2] * 6 + [0.8] * 6, [0] * 6 + [1] * 6, range(12), "separate the outcomes"),
        ([0.2] * 6 + [0.8] * 6, [1] * 6 + [0] * 6, range(12), "separate the outcomes"),
        ([0.2] * 6 + [0.5] * 2 + [0.8] * 6, [0] * 7 + [1] * 7, range(14), "separate the outcomes"),
    ],
)
def test_where_there_is_no_fit_it_says_why(p, y, clusters, reason):
    fit, why_not = scores.logistic_calibration(p, y, clusters)
    assert fit is None
    assert reason in why_not


# --- bands and bins ------------------------------------------------------------------------------


@settings(max_examples=80)
@given(st.integers(0, 40), st.fractions(0, 1, max_denominator=97))
def test_the_band_is_the_one_of_exact_fractions(n, p):
    below, low, high = Fraction(0), None, None
    for k in range(n + 1):
        below += math.comb(n, k) * p**k * (1 - p) ** (n - k)
        low = k if low is None and below >= Fraction(25, 1000) else low
        high = k if high is None and below >= Fraction(975, 1000) else high
    assert scores.binomial_band(n, float(p)) == (low, high)


@given(st.integers(0, 3000), CLAIM)
def test_the_band_lies_around_the_expected_hits_and_mirrors_for_misses(n, p):
    low, high = scores.binomial_band(n, p)
    assert 0 <= low <= high <= n
    assert low - 1 <= n * p <= high + 1
    mirrored = scores.binomial_band(n, 1 - p)
    assert abs(mirrored[0] - (n - high)) <= 1
    assert abs(mirrored[1] - (n - low)) <= 1


def test_bands_known_from_tables():
    assert scores.binomial_band(10, 0.5) == (2, 8)
    assert scores.binomial_band(100, 0.5) == (40, 60)
    assert scores.binomial_band(20, 0.5, level=0.9) == (6, 14)
    assert scores.binomial_band(5, 0.0) == (0, 0)
    assert scores.binomial_band(5, 1.0) == (5, 5)


@given(ROWS)
def test_every_claim_is_in_one_bin_and_the_bins_are_those_of_a_loop(rows):
    p, y, _ = columns(rows)
    bins = scores.reliability(p, y)
    assert sum(found.n for found in bins) == len(rows)
    for found in bins:
        last = found.high == 1.0
        inside = [
            (a, b) for a, b, _ in rows if found.low <= a < found.high or (last and a == found.high)
        ]
        assert found.n == len(inside)
        assert found.claimed == pytest.approx(sum(a for a, _ in inside) / len(inside))
        assert found.happened == pytest.approx(sum(b for _, b in inside) / len(inside))
        assert found.band == scores.binomial_band(found.n, found.claimed)


def test_an_edge_belongs_to_the_bin_above_it_and_one_to_the_last():
    bins = scores.reliability([0.0, 0.02, 0.98, 1.0], [0, 0, 1, 1])
    assert [(found.low, found.high, found.n) for found in bins] == [
        (0.0, 0.02, 1),
        (0.02, 0.1, 1),
        (0.98, 1.0, 2),
    ]
