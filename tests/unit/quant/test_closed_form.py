"""The published vectors of the settlement average's variance, and the price of the digital."""

import math

import pytest

from kalshi_assistant.quant.closed_form import (
    LAST_DOUBT,
    bridge_variance,
    claim,
    digital,
    lognormal_digital,
    mean_variance,
    normal_cdf,
    student_tail,
    unit_student_cdf,
    unit_student_density,
)
from tests.support.twin import bridge_covariance, covariance_of_average, student_cdf


@pytest.mark.parametrize(
    ("seconds_left", "effective"), [(900, 859.5), (300, 259.5), (120, 79.5), (60, 19.5)]
)
def test_full_window_variance_is_time_less_forty_and_a_half_seconds(seconds_left, effective):
    assert mean_variance(60, seconds_left - 60) == pytest.approx(effective, abs=0.01)


@pytest.mark.parametrize(
    ("seen", "variance"),
    [
        (0, 20.503),
        (15, 8.721),
        (30, 2.626),
        (45, 0.3444),
        (50, 0.1069),
        (55, 0.01528),
        (57, 0.00389),
        (58, 0.00139),
        (59, 0.00028),
    ],
)
def test_variance_inside_the_window_matches_the_published_table(seen, variance):
    left = 60 - seen
    assert (left / 60) ** 2 * mean_variance(left, 1.0) == pytest.approx(
        variance, rel=2e-2, abs=5e-6
    )


@pytest.mark.parametrize("ahead", [1, 2, 3, 17, 59, 60])
@pytest.mark.parametrize("tau1", [0.2, 1.0, 240.0])
def test_mean_variance_is_the_double_sum_of_the_covariances(ahead, tau1):
    times = [tau1 + k for k in range(ahead)]
    assert mean_variance(ahead, tau1) == pytest.approx(
        covariance_of_average(times, [1 / ahead] * ahead)
    )


@pytest.mark.parametrize("missing", [1, 2, 5, 15])
def test_bridge_variance_is_the_double_sum_of_the_bridge(missing):
    assert bridge_variance(missing) == pytest.approx(float(bridge_covariance(missing)))


def test_published_price_of_a_digital_five_minutes_out():
    """Spot 70,000, strike 70,020.50, 50 %/year, 300 s: Gaussian 0.41912."""
    sigma = 70_000 * 0.5 / math.sqrt(31_536_000)
    sd = sigma * math.sqrt(mean_variance(60, 240))
    assert digital(70_000, 70_020.50 - 0.005, sd, 1_000) == pytest.approx(0.41912, abs=1.5e-4)


def test_without_deviation_the_price_is_a_step_and_the_tie_is_yes():
    assert digital(100.0, 100.0, 0.0, 4.0) == 1.0
    assert digital(99.99, 100.0, 0.0, 4.0) == 0.0


def test_normal_cdf_keeps_its_far_tails():
    assert normal_cdf(-10.0) == pytest.approx(7.619853e-24, rel=1e-6)
    assert normal_cdf(0.0) == 0.5


# --- Student's t ---


def density_by_hand(x, nu):
    front = math.gamma((nu + 1) / 2) / math.gamma(nu / 2) / math.sqrt(nu * math.pi)
    return front * (1 + x * x / nu) ** (-(nu + 1) / 2)


@pytest.mark.parametrize("nu", [2.5, 4.0, 7.3, 30.0])
@pytest.mark.parametrize("t", [0.0, 0.1, 0.9, 2.0, 3.7])
def test_the_tail_is_the_integral_of_the_density(t, nu):
    """Simpson's rule from 0 to t, and half the mass beyond 0."""
    steps = 2_000
    width = t / steps
    inner = sum(
        (1 if k in (0, steps) else 4 if k % 2 else 2) * density_by_hand(k * width, nu)
        for k in range(steps + 1)
    )
    assert student_tail(t, nu) == pytest.approx(0.5 - inner * width / 3, abs=1e-10)


@pytest.mark.parametrize("z", [-12.0, -3.0, -0.2, 0.0, 0.7, 5.0])
def test_four_degrees_have_a_closed_form(z):
    assert unit_student_cdf(z, 4.0) == pytest.approx(student_cdf(z, 4), rel=1e-9, abs=1e-13)


def test_the_far_tail_falls_as_the_fourth_power():
    ratio = student_tail(2e4, 4.0) / student_tail(4e4, 4.0)
    assert ratio == pytest.approx(16.0, rel=1e-6)


@pytest.mark.parametrize("nu", [3.0, 4.0, 10.0, 500.0])
def test_the_density_is_the_slope_of_the_distribution(nu):
    for z in (-2.0, -0.3, 0.0, 1.1):
        slope = (unit_student_cdf(z + 1e-5, nu) - unit_student_cdf(z - 1e-5, nu)) / 2e-5
        assert unit_student_density(z, nu) == pytest.approx(slope, rel=1e-6)


def test_from_two_hundred_degrees_on_it_is_the_gaussian():
    assert unit_student_cdf(1.3, 200.0) == normal_cdf(1.3)
    assert unit_student_cdf(1.3, 199.0) == pytest.approx(normal_cdf(1.3), abs=1e-3)


def test_claims_stay_off_the_ends():
    assert claim(1.0, 0.998) == 0.998
    assert claim(0.0, 0.998) == pytest.approx(0.002)
    assert claim(1.0, 1.0) == 1.0 - LAST_DOUBT
    assert claim(0.6, 0.998) == 0.6


def test_the_lognormal_match_is_the_published_price():
    """Spot 70,000, strike 70,020.50, 50 %/year, 300 s: lognormal 0.41886."""
    relative = 0.5 / math.sqrt(31_536_000)
    p = lognormal_digital(70_000.0, 0.0, 60, 240.0, relative, 70_020.50 - 0.005)
    assert p == pytest.approx(0.41886, abs=1.5e-4)


@pytest.mark.parametrize("seconds", [61, 120, 300, 900])
@pytest.mark.parametrize("sigmas", [-2.0, -0.5, 0.0, 1.0])
@pytest.mark.parametrize("yearly", [0.3, 0.6])
def test_gaussian_and_lognormal_differ_by_less_than_the_facts_allow(seconds, sigmas, yearly):
    """0.03 c at 30 %, 0.06 c at 60 %."""
    relative = yearly / math.sqrt(31_536_000)
    sd = 70_000 * relative * math.sqrt(mean_variance(60, seconds - 60))
    threshold = 70_000 + sigmas * sd
    gaussian = digital(70_000.0, threshold, sd, 1_000.0)
    matched = lognormal_digital(70_000.0, 0.0, 60, seconds - 60.0, relative, threshold)
    assert gaussian == pytest.approx(matched, abs=0.0011 * yearly)
