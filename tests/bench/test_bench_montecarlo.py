"""What a Monte Carlo refresh costs, and what it costs to know P(YES) to a standard error of 1e-3.

Run with ``pytest tests/bench/test_bench_montecarlo.py -s``. Five minutes to go, the index 0.3
deviations from the strike, one core. The baseline simulates every second of every path in compiled
code with a numpy generator. Each figure is the median of rounds in one process.
"""

import math
import statistics
import timeit

import numba
import numpy as np
import pytest

from kalshi_assistant.domain.intents import Question
from kalshi_assistant.quant import closed_form, montecarlo
from kalshi_assistant.quant.montecarlo import NAMES, PATHS, estimate, make_draws
from kalshi_assistant.quant.rng import stream
from tests.support.full_path import full_path

ROUNDS, SURE = 25, 1e-3
SPOT, SIGMA, AHEAD, TAU1, AWAY = 84_000.0, 4.8, 60, 240, 0.3
FAT = ("stochastic_variance", "merton", "bootstrap")
CHEAPER_AT_LEAST = 10_000
PASSES_AT_MOST = 20
"""A refresh in passes of the normal distribution function over as many numbers: 1.4 ms or so."""


def seconds(once, rounds=ROUNDS):
    """Median time of one call; the first, which compiles, is not counted."""
    once()
    return statistics.median(timeit.repeat(once, number=1, repeat=rounds))


@numba.njit(nogil=True)
def closed_forms(expected, threshold):
    """As many closed forms as the baseline has paths, as the kernel computes them."""
    total = 0.0
    for k in range(PATHS):
        variance = closed_form.mean_variance(AHEAD, TAU1 - 1e-3 * k)
        total += closed_form.digital(expected, threshold, SIGMA * math.sqrt(variance), 4.0)
    return total


@numba.njit(nogil=True)
def one_pass(numbers):
    """The normal distribution function of each number."""
    total = 0.0
    for z in numbers:
        total += closed_form.normal_cdf(z)
    return total


@pytest.fixture(scope="module")
def asked():
    sd = SIGMA * math.sqrt(closed_form.mean_variance(AHEAD, float(TAU1)))
    return Question(
        expected=SPOT + AWAY * sd,
        threshold=SPOT,
        sigma=SIGMA,
        ahead=AHEAD,
        tau1=float(TAU1),
        spread_seconds=0.0,
        noise_sd=0.0,
        spot=SPOT + AWAY * sd,
        jump_share=0.3,
        log_variance_sd=0.6,
    )


def refreshes(q, draws, bank):
    """What a worker runs per variant."""
    gap, scale = q.expected - q.threshold, q.sigma**2
    place = (gap, scale, 0.0, q.ahead, q.tau1)
    rate = montecarlo.JUMP_RATE
    return {
        "gbm": lambda: montecarlo.ask_gbm(q, draws),
        "stochastic_variance": lambda: montecarlo.stochastic_variance(
            *place, q.log_variance_sd, draws.variance
        ),
        "merton": lambda: montecarlo.merton(*place, q.jump_share, rate, draws.arrivals),
        "bootstrap": lambda: montecarlo.ask_bootstrap(q, draws, bank),
        "mixture": lambda: montecarlo.mixture(
            gap, scale * montecarlo.total_weight(q.ahead, q.tau1), 0.0, q.log_variance_sd
        ),
    }


def test_a_fat_tailed_number_costs_ten_thousand_times_less_than_whole_paths(asked):
    draws = make_draws(stream(1, "montecarlo"))
    bank = stream(7, "a bank").lognormal(sigma=0.9, size=240)
    rng = stream(1, "full path")
    question = (asked.spot, 0.0, SIGMA / asked.spot, AHEAD, TAU1, asked.threshold)
    _, error = full_path(rng, PATHS, *question)
    whole = seconds(lambda: full_path(rng, PATHS, *question), 7)
    baseline = whole * (error / SURE) ** 2
    closed = seconds(lambda: closed_forms(asked.expected, asked.threshold)) / PATHS
    numbers = rng.standard_normal(PATHS)
    phi = seconds(lambda: one_pass(numbers))
    answers = estimate(asked, draws, bank)
    lines = [
        f"closed form {closed * 1e9:.0f} ns; {PATHS} Phi {phi * 1e3:.3f} ms",
        f"{'way':<20} {'ms':>8} {'p':>9} {'se':>8} {'us to se 1e-3':>14} {'cheaper by':>12}",
        f"{'full path':<20} {whole * 1e3:8.2f} {'':9} {error:8.1e} {baseline * 1e6:14.0f} {1:12}",
    ]
    cheaper, passes = {}, {}
    for name, once in refreshes(asked, draws, bank).items():
        took, answer = seconds(once), answers[name]
        cost = took * (answer.se / SURE) ** 2
        cheaper[name], passes[name] = baseline / cost if cost else math.inf, took / phi
        # the mixture draws nothing: its error is a quadrature's and falls with no number of paths
        figures = f"{cost * 1e6:14.2g} {cheaper[name]:12.2g}" if name != "mixture" else "exact"
        lines.append(f"{name:<20} {took * 1e3:8.3f} {answer.p:9.6f} {answer.se:8.1e} {figures:>14}")
    lines.append(
        f"all five, from Python: {seconds(lambda: estimate(asked, draws, bank)) * 1e3:.2f} ms"
    )
    print("", *lines, sep="\n")  # noqa: T201 - the figures are the point
    assert cheaper.keys() == NAMES
    for name in FAT:
        assert cheaper[name] >= CHEAPER_AT_LEAST, name
        assert passes[name] <= PASSES_AT_MOST, name


def test_a_refresh_is_as_cheap_with_a_whole_market_ahead(asked):
    """Fifteen minutes to go and the next market's half hour: longer, but not by the second."""
    draws, bank = make_draws(stream(1, "montecarlo")), np.linspace(0.2, 4.0, 240)
    lines = [f"{'seconds to go':<20} " + " ".join(f"{name:>20}" for name in sorted(NAMES))]
    took = {}
    for left in (20, 60, 300, 900, 1_800):
        ahead = min(left, 60)
        q = Question(
            **{f: getattr(asked, f) for f in asked.__struct_fields__}
            | {"ahead": ahead, "tau1": float(left - ahead + (left <= 60))}
        )
        took[left] = {name: seconds(once) for name, once in refreshes(q, draws, bank).items()}
        cells = " ".join(f"{took[left][name] * 1e3:17.3f} ms" for name in sorted(NAMES))
        lines.append(f"{left:<20} {cells}")
    print("", *lines, sep="\n")  # noqa: T201 - the figures are the point
    for name in FAT:
        assert took[1_800][name] < 10 * took[300][name], name
