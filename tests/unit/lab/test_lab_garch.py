"""GARCH(1,1) beside our own volatility."""

import numpy as np
import pytest

from kalshi_assistant.domain.events import Estimated
from kalshi_assistant.domain.intents import Estimate, Question
from kalshi_assistant.lab.garch import LEAST_MINUTES, Garch, garch_aside
from kalshi_assistant.quant.rng import stream

START = 1_795_276_800


def fed(minutes, sigma_bp=5.0, seed=0):
    """Minute closes whose changes have a deviation of ``sigma_bp`` basis points."""
    rng, value, garch = stream(seed, "garch"), 90_000.0, Garch()
    for minute in range(minutes):
        value *= np.exp(sigma_bp * 1e-4 * rng.standard_normal())
        garch.learn(START + 60 * minute, value)
        garch.learn(START + 60 * minute + 30, value * 1.5)  # not a whole minute: not looked at
    return garch


def test_before_enough_minutes_there_is_no_estimate():
    assert fed(LEAST_MINUTES).relative_sigma(300) is None


def test_the_volatility_of_a_walk_is_found():
    sigma = fed(1_500).relative_sigma(300)
    assert sigma == pytest.approx(5e-4 / np.sqrt(60), rel=0.15)


def test_a_missing_minute_breaks_the_row_and_nothing_else():
    garch = fed(LEAST_MINUTES + 1)
    garch.learn(START + 60 * (LEAST_MINUTES + 50), 90_000.0)
    assert garch.relative_sigma(300) is not None


def test_the_number_stands_beside_the_simulated_ones_under_its_name():
    aside = garch_aside()
    question = Question(
        expected=90_010.0, threshold=90_000.0, sigma=5.0, ahead=60, tau1=240.0,
        spread_seconds=0.0, noise_sd=0.0, spot=90_000.0, jump_share=0.0, log_variance_sd=0.3,
    )  # fmt: skip
    asked = Estimate("T", 1, 0.55, question)
    said = Estimated(1, 1, "T", 0.55, (("gbm", 0.55, 0.0),), 1)
    assert aside.beside(asked, said) == said
    rng, value = stream(1, "aside"), 90_000.0
    for minute in range(LEAST_MINUTES + 2):
        value *= np.exp(5e-4 * rng.standard_normal())
        aside.learn(START + 60 * minute, value)
    names = {name: p for name, p, _ in aside.beside(asked, said).estimates}
    assert set(names) == {"gbm", "garch"}
    assert 0.5 < names["garch"] < 0.7
