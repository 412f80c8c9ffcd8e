"""The published vectors of the settlement average's variance, and the price of the digital."""

import math

import pytest

from kalshi_assistant.quant.closed_form import (
    bridge_variance,
    digital,
    mean_variance,
    normal_cdf,
)
from tests.support.twin import bridge_covariance, covariance_of_average


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
    assert digital(70_000, 70_020.50 - 0.005, sd) == pytest.approx(0.41912, abs=1.5e-4)


def test_without_deviation_the_price_is_a_step_and_the_tie_is_yes():
    assert digital(100.0, 100.0, 0.0) == 1.0
    assert digital(99.99, 100.0, 0.0) == 0.0


def test_normal_cdf_keeps_its_far_tails():
    assert normal_cdf(-10.0) == pytest.approx(7.619853e-24, rel=1e-6)
    assert normal_cdf(0.0) == 0.5
