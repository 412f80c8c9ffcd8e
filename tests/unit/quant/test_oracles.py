"""The closed form against prices made by others: QuantLib's Asian options, brute force, and the
lognormal match.

QuantLib counts days; a second is a day here, and volatility is scaled to match.
"""

import math

import pytest
import QuantLib as ql  # noqa: N813 - the name its own documentation uses

from kalshi_assistant.domain.intents import Question
from kalshi_assistant.quant.closed_form import digital, mean_variance
from kalshi_assistant.quant.montecarlo import estimate, make_draws
from kalshi_assistant.quant.rng import stream
from tests.support.full_path import full_path

SPOT = 70_000.0
RELATIVE = 0.5 / math.sqrt(31_536_000)
"""Half a year's deviation per year, per sqrt second."""
GAUSSIAN = 200.0
PLACES = [(60, 840), (60, 240), (60, 60), (60, 1), (45, 1), (20, 1), (5, 1), (1, 1)]
"""(prints ahead, seconds to the first)."""
DRAWS = make_draws(stream(1, "montecarlo"), 2_000)
FIXED = SPOT + 4.0
"""Where the prints already known lie on average."""


def scene(ahead, tau1, z):
    """(sum of the prints known, expected average, deviation, threshold ``z`` below it)."""
    fixed = (60 - ahead) * FIXED
    expected = (fixed + ahead * SPOT) / 60
    sd = SPOT * RELATIVE * math.sqrt(mean_variance(ahead, tau1)) * ahead / 60
    return fixed, expected, sd, expected - z * sd


def asian_call(engine, strike, ahead, tau1, fixed):
    """QuantLib's call on the arithmetic average of sixty, some of them fixed."""
    today = ql.Settings.instance().evaluationDate
    dates = [today + tau1 + k for k in range(ahead)]
    option = ql.DiscreteAveragingAsianOption(
        ql.Average.Arithmetic,
        fixed,
        60 - ahead,
        dates,
        ql.PlainVanillaPayoff(ql.Option.Call, strike),
        ql.EuropeanExercise(dates[-1]),
    )
    option.setPricingEngine(engine)
    return option.NPV()


@pytest.fixture(scope="module")
def process():
    today = ql.Date(1, 1, 2020)
    ql.Settings.instance().evaluationDate = today
    day_count = ql.Actual365Fixed()
    yearly = RELATIVE * math.sqrt(365.0)
    return ql.BlackScholesMertonProcess(
        ql.QuoteHandle(ql.SimpleQuote(SPOT)),
        ql.YieldTermStructureHandle(ql.FlatForward(today, 0.0, day_count)),
        ql.YieldTermStructureHandle(ql.FlatForward(today, 0.0, day_count)),
        ql.BlackVolTermStructureHandle(
            ql.BlackConstantVol(today, ql.NullCalendar(), yearly, day_count)
        ),
    )


def call_spread(engine, ahead, tau1, z):
    """P(A >= threshold) as the slope of QuantLib's call in its strike."""
    fixed, _, sd, threshold = scene(ahead, tau1, z)
    half = 1e-3 * sd
    low = asian_call(engine, threshold - half, ahead, tau1, fixed)
    high = asian_call(engine, threshold + half, ahead, tau1, fixed)
    return (low - high) / (2 * half)


def lognormal(ahead, tau1, z):
    """The discrete lognormal match by its double sum.

    Levy 1992, Turnbull and Wakeman 1991.
    """
    fixed, _, _, threshold = scene(ahead, tau1, z)
    times = [tau1 + k for k in range(ahead)]
    second = sum(math.exp(RELATIVE**2 * min(s, t)) for s in times for t in times) / ahead**2
    needed = (60 * threshold - fixed) / ahead
    sd = math.sqrt(math.log(second))
    return digital(math.log(SPOT / needed) - 0.5 * sd * sd, 0.0, sd, GAUSSIAN)


@pytest.mark.parametrize("z", [-2.0, -0.3, 0.0, 0.5, 2.0])
@pytest.mark.parametrize(("ahead", "tau1"), PLACES)
def test_the_gaussian_digital_is_the_call_spread_of_quantlibs_asian(process, ahead, tau1, z):
    _, expected, sd, threshold = scene(ahead, tau1, z)
    theirs = call_spread(ql.TurnbullWakemanAsianEngine(process), ahead, tau1, z)
    # a quarter hour out the skew of the lognormal is worth 5e-4, near the close next to nothing
    allowed = 6e-4 if tau1 > 1 else 1.2e-4
    assert digital(expected, threshold, sd, GAUSSIAN) == pytest.approx(theirs, abs=allowed)


@pytest.mark.parametrize("z", [-2.0, -0.3, 0.0, 0.5, 2.0])
@pytest.mark.parametrize(("ahead", "tau1"), PLACES)
def test_the_lognormal_match_is_quantlib_to_the_width_of_its_spread(process, ahead, tau1, z):
    theirs = call_spread(ql.TurnbullWakemanAsianEngine(process), ahead, tau1, z)
    assert lognormal(ahead, tau1, z) == pytest.approx(theirs, abs=2e-6)


@pytest.mark.parametrize("z", [-1.0, 0.3])
@pytest.mark.parametrize(("ahead", "tau1"), [(60, 240), (60, 1), (20, 1)])
def test_whole_lognormal_paths_second_by_second_give_the_closed_form(ahead, tau1, z):
    fixed, expected, sd, threshold = scene(ahead, tau1, z)
    rng = stream(5, "full path")
    p, se = full_path(rng, 100_000, SPOT, fixed, RELATIVE, ahead, tau1, threshold)
    assert digital(expected, threshold, sd, GAUSSIAN) == pytest.approx(p, abs=4 * se)


def gbm(ahead, tau1, z):
    """The package's simulation of the same question."""
    _, expected, _, threshold = scene(ahead, tau1, z)
    asked = Question(
        expected=expected,
        threshold=threshold,
        sigma=SPOT * RELATIVE,
        ahead=ahead,
        tau1=float(tau1),
        spread_seconds=0.0,
        noise_sd=0.0,
        spot=SPOT,
        jump_share=0.0,
        log_variance_sd=0.0,
    )
    return estimate(asked, DRAWS)["gbm"]


@pytest.mark.parametrize("z", [-2.0, -0.3, 0.0, 0.5, 2.0])
@pytest.mark.parametrize(("ahead", "tau1"), PLACES)
def test_the_gbm_variant_is_quantlib_as_far_as_matched_moments_go(process, ahead, tau1, z):
    """An average over the window alone is not quite lognormal; that costs the match 1.4e-5."""
    theirs = call_spread(ql.TurnbullWakemanAsianEngine(process), ahead, tau1, z)
    assert gbm(ahead, tau1, z).p == pytest.approx(theirs, abs=2e-5)


@pytest.mark.parametrize("z", [-2.0, -0.3, 0.0, 0.5, 2.0])
@pytest.mark.parametrize(("ahead", "tau1"), [(60, 840), (60, 240), (5, 1), (2, 1)])
def test_the_gbm_variant_is_quantlibs_integral_to_two_in_a_million(process, ahead, tau1, z):
    """Choi's engine matches no moments: it integrates the average. Slow just before the window."""
    theirs = call_spread(ql.ChoiAsianEngine(process), ahead, tau1, z)
    assert gbm(ahead, tau1, z).p == pytest.approx(theirs, abs=2e-6)


def test_the_published_digital_five_minutes_out():
    """Strike 70,020.50, paid from half a cent below: Gaussian 0.41912, lognormal 0.41886."""
    sd = SPOT * RELATIVE * math.sqrt(mean_variance(60, 240.0))
    threshold = 70_020.50 - 0.005
    z = (SPOT - threshold) / sd
    assert digital(SPOT, threshold, sd, GAUSSIAN) == pytest.approx(0.41912, abs=2e-5)
    assert lognormal(60, 240, z) == pytest.approx(0.41886, abs=2e-5)


@pytest.mark.parametrize(
    ("seconds_left", "effective"), [(900, 859.5), (300, 259.5), (120, 79.5), (61, 20.5)]
)
def test_quantlib_agrees_that_the_average_costs_forty_and_a_half_seconds(
    process, seconds_left, effective
):
    """At the money a call is worth sd / sqrt(2 pi), up to the square of a small volatility."""
    engine = ql.TurnbullWakemanAsianEngine(process)
    sd = asian_call(engine, SPOT, 60, seconds_left - 60, 0.0) * math.sqrt(2.0 * math.pi)
    assert (sd / (SPOT * RELATIVE)) ** 2 == pytest.approx(effective, abs=0.01)
