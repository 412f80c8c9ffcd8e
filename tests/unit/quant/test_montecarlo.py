"""The variants of P(YES): the closed form without fat tails, brute force with them, honest errors
always.
"""

import math

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_assistant.domain.intents import Question
from kalshi_assistant.quant import montecarlo
from kalshi_assistant.quant.closed_form import LAST_DOUBT, digital, mean_variance
from kalshi_assistant.quant.montecarlo import NAMES, Estimate, estimate, make_draws
from kalshi_assistant.quant.rng import stream
from tests.support.full_path import jumping, resampled, wandering

FAT = ("stochastic_variance", "merton", "bootstrap")
SPOT, SIGMA = 84_000.0, 4.8
GAUSSIAN = 200.0
ONES = np.ones(240)
BANK = stream(7, "a bank").lognormal(sigma=0.9, size=240)
DRAWS = make_draws(stream(1, "montecarlo"))
PLACES = [(60, 840.0), (60, 240.0), (60, 1.0), (30, 1.0), (30, 0.4), (5, 1.0), (2, 0.0), (1, 0.7)]
"""(prints ahead, seconds to the first)."""


def deviation(ahead, tau1, spread=0.0, noise=0.0):
    variance = (ahead / 60) ** 2 * mean_variance(ahead, tau1) + spread
    return math.sqrt(SIGMA**2 * variance + noise**2)


def question(ahead=60, tau1=240.0, z=0.3, share=0.3, log_sd=0.6, spread=0.0, noise=0.0):
    """The average is expected ``z`` of its deviations above the threshold."""
    return Question(
        expected=SPOT + z * deviation(ahead, tau1, spread, noise),
        threshold=SPOT,
        sigma=SIGMA,
        ahead=ahead,
        tau1=tau1,
        spread_seconds=spread,
        noise_sd=noise,
        spot=SPOT,
        jump_share=share,
        log_variance_sd=log_sd,
    )


def gaussian(z):
    return digital(z, 0.0, 1.0, GAUSSIAN)


@pytest.mark.parametrize(("spread", "noise"), [(0.0, 0.0), (0.09, 4.0)])
@pytest.mark.parametrize("z", [-2.5, -1.0, 0.0, 0.3, 2.0])
@pytest.mark.parametrize(("ahead", "tau1"), PLACES)
def test_without_fat_tails_every_variant_is_the_closed_form(ahead, tau1, z, spread, noise):
    noise *= ahead / 60  # an index off by four dollars is so in every print ahead
    asked = question(ahead, tau1, z, share=0.0, log_sd=0.0, spread=spread, noise=noise)
    answers = estimate(asked, DRAWS, ONES)
    assert answers.keys() == NAMES
    for name, answer in answers.items():
        # the lognormal shape of gbm has a skew, worth 4e-4 a quarter hour out
        shape = 6e-4 if name == "gbm" else 1e-9
        assert answer.p == pytest.approx(gaussian(z), abs=4 * answer.se + shape), name


@pytest.mark.parametrize(("ahead", "tau1"), [(60, 240.0), (40, 1.0)])
@pytest.mark.parametrize("z", [0.3, -2.0])
def test_the_standard_error_is_the_spread_over_independent_draws(ahead, tau1, z):
    asked = question(ahead, tau1, z)
    answers = [
        estimate(asked, make_draws(stream(seed, "montecarlo"), 2_000), BANK) for seed in range(30)
    ]
    for name in (*FAT, "gbm"):
        spread = np.std([answer[name].p for answer in answers], ddof=1)
        claimed = math.sqrt(np.mean([answer[name].se ** 2 for answer in answers]))
        assert claimed / 1.6 < spread < claimed * 1.6, name


def test_the_same_draws_give_the_same_bits():
    first = estimate(question(), DRAWS, BANK)
    again = estimate(question(), make_draws(stream(1, "montecarlo")), BANK.copy())
    assert first == again


@pytest.mark.parametrize(("ahead", "tau1"), [(60, 240.0), (30, 1.0), (3, 0.2)])
def test_the_number_rises_with_the_expected_average_and_never_jumps(ahead, tau1):
    ladder = np.arange(-4.0, 4.0, 0.01)
    answers = [estimate(question(ahead, tau1, z), DRAWS, BANK) for z in ladder]
    for name in NAMES:
        steps = np.diff([answer[name].p for answer in answers])
        assert steps.min() >= 0.0, name
        assert steps.max() < 0.02, name


@pytest.mark.parametrize("name", sorted(NAMES))
def test_a_second_less_to_go_moves_the_number_smoothly(name):
    """Draws are read back from the close, so time passing does not reshuffle them."""
    answers = [
        estimate(question(60, tau1, 0.5), DRAWS, BANK)[name].p for tau1 in np.arange(100, 300.0)
    ]
    assert np.abs(np.diff(answers)).max() < 2e-3


@given(
    ahead=st.integers(0, 60),
    tau1=st.floats(0.0, 3_000.0),
    z=st.floats(-50.0, 50.0),
    share=st.floats(0.0, 1.0),
    log_sd=st.floats(0.0, 2.5),
    noise=st.floats(0.0, 20.0),
)
def test_every_answer_is_a_probability_off_its_ends(ahead, tau1, z, share, log_sd, noise):
    draws = make_draws(stream(2, "montecarlo"), 200)
    if ahead == 0:
        tau1 = 0.0
    answers = estimate(question(ahead, tau1, z, share, log_sd, noise=noise), draws, BANK)
    assert answers.keys() == NAMES
    for answer in answers.values():
        assert LAST_DOUBT * 0.999 <= answer.p <= 1.0 - LAST_DOUBT * 0.999
        assert 0.0 <= answer.se < 0.1


@pytest.mark.parametrize("ahead", [0, 1])
def test_without_variance_the_answer_is_a_step_and_the_tie_is_yes(ahead):
    asked = question(ahead, 0.0, 0.0)
    below = msgspec.structs.replace(asked, expected=SPOT - 0.01)
    assert set(estimate(asked, DRAWS, BANK).values()) == {Estimate(1.0 - LAST_DOUBT, 0.0)}
    assert estimate(below, DRAWS, BANK)["merton"].p == pytest.approx(LAST_DOUBT)


def test_with_all_prints_in_only_the_error_of_our_index_is_left():
    asked = question(0, 0.0, 1.0, noise=2.0)
    for answer in estimate(asked, DRAWS, BANK).values():
        assert answer.p == pytest.approx(gaussian(1.0))


def test_a_certain_average_whatever_comes_is_as_sure_as_a_claim_may_be():
    asked = msgspec.structs.replace(question(2, 1.0), expected=SPOT + 50_000.0)
    for answer in estimate(asked, DRAWS, BANK).values():
        assert answer.p == 1.0 - LAST_DOUBT


@pytest.mark.parametrize("bank", [None, np.array([]), np.ones(19), np.zeros(240)])
@pytest.mark.parametrize("ahead", [60, 0])
def test_an_empty_or_tiny_bank_gives_no_bootstrap(bank, ahead):
    assert estimate(question(ahead), DRAWS, bank).keys() == NAMES - {"bootstrap"}
    assert montecarlo.ask_bootstrap(question(), DRAWS, bank) is None


def test_a_bank_counts_by_its_shape_not_its_level():
    assert montecarlo.ask_bootstrap(question(), DRAWS, BANK * 4.0).p == pytest.approx(
        montecarlo.ask_bootstrap(question(), DRAWS, BANK).p, abs=1e-12
    )


@pytest.mark.parametrize(("ahead", "tau1"), PLACES)
def test_the_weights_add_up_to_the_closed_form_variance(ahead, tau1):
    horizon = tau1 + ahead - 1.0
    assert montecarlo.weight_until(horizon, ahead) == pytest.approx(
        (ahead / 60) ** 2 * mean_variance(ahead, tau1)
    )


PATHS = 200_000
AHEAD, TAU1 = 20, 45


def brute(name):
    """A minus its mean from the plain simulation of the variant."""
    rng = stream(11, name)
    common = (rng, PATHS, SIGMA, AHEAD, TAU1)
    if name == "stochastic_variance":
        return wandering(*common, 0.8, montecarlo.STEPS, montecarlo.VARIANCE_MEMORY)
    if name == "merton":
        return jumping(*common, 0.4, montecarlo.JUMP_RATE)
    return resampled(*common, BANK, montecarlo.BLOCK_SECONDS)


@pytest.fixture(scope="module", params=FAT)
def simulated(request):
    return request.param, brute(request.param)


def test_a_variant_has_the_variance_of_the_closed_form(simulated):
    _, averages = simulated
    squares = averages**2
    error = squares.std() / math.sqrt(PATHS)
    assert squares.mean() == pytest.approx(deviation(AHEAD, TAU1) ** 2, abs=4 * error)


@pytest.mark.parametrize("z", [-3.0, -1.0, 0.3, 1.5])
def test_a_variant_is_the_plain_simulation_of_its_model(simulated, z):
    name, averages = simulated
    p = np.mean(averages + z * deviation(AHEAD, TAU1) >= 0.0)
    answer = estimate(question(AHEAD, TAU1, z, share=0.4, log_sd=0.8), DRAWS, BANK)[name]
    error = math.hypot(answer.se, math.sqrt(p * (1 - p) / PATHS))
    assert answer.p == pytest.approx(p, abs=4 * error)


@pytest.mark.parametrize("z", [-3.0, -4.0])
@pytest.mark.parametrize(("ahead", "tau1"), [(60, 840.0), (60, 240.0), (30, 1.0)])
def test_far_out_of_the_money_the_fat_tails_pay_more_than_the_gaussian(ahead, tau1, z):
    answers = estimate(question(ahead, tau1, z), DRAWS, BANK)
    for name in (*FAT, "mixture"):
        assert answers[name].p > gaussian(z) + 4 * answers[name].se, name


@pytest.mark.parametrize("log_sd", [0.0, 0.3, 0.6, 1.0])
@pytest.mark.parametrize("z", [-4.0, -2.0, 0.0, 0.5, 3.0])
def test_the_mixture_is_the_integral_over_the_variance(log_sd, z):
    x = np.linspace(-10.0, 10.0, 20_001)
    weight = np.exp(-0.5 * x * x) / math.sqrt(2.0 * math.pi)
    inner = [gaussian(z * math.exp(-0.5 * (log_sd * t - 0.5 * log_sd**2))) for t in x]
    integral = float(np.trapezoid(weight * inner, x))
    p, error = montecarlo.mixture(z, 1.0, 0.0, log_sd)
    assert p == pytest.approx(integral, abs=2e-6)
    assert error < 2e-4


def test_holes_and_nowcast_error_stay_certain_under_every_variant():
    """With nearly all variance certain the shape of the rest does not matter."""
    answers = estimate(question(2, 1.0, -2.0, noise=5.0), DRAWS, BANK)
    for name in (*FAT, "mixture"):
        assert answers[name].p == pytest.approx(gaussian(-2.0), abs=2e-5)
