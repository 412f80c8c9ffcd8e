"""What the number hangs on: its band, its slope by dollar and by second, and whether simulations
contradict it.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

from kalshi_assistant.domain.events import Estimated
from kalshi_assistant.domain.intents import Question
from kalshi_assistant.quant.closed_form import (
    GAUSSIAN_FROM,
    WINDOW,
    claim,
    digital,
    mean_variance,
    unit_student_density,
)

SIGNIFICANT = 3.0
"""Standard errors."""
ROUNDING = 0.002
"""What draws and quadrature may add to both."""


@dataclass(frozen=True, slots=True)
class Sensitivities:
    """Of P(YES): by one dollar of index, by one second without a move, and between which values it
    lies if the volatility is one deviation lower or higher.
    """

    delta: float
    theta: float
    low: float
    high: float
    widest: tuple[float, float]
    """The band over every shape from the Gaussian to our Student t: simulations lie between."""


def variance(question: Question, sigma: float) -> float:
    """Variance of the settlement average in squared dollars, at volatility ``sigma``."""
    share = question.ahead / WINDOW
    seconds = share * share * mean_variance(question.ahead, question.tau1)
    return sigma * sigma * (seconds + question.spread_seconds) + question.noise_sd**2


def sensitivities(
    question: Question, in_flight: int, tail: float, highest: float = 1.0
) -> Sensitivities:
    """``in_flight``: prints due but not received, which move with the index as well; ``tail``:
    degrees of freedom; ``highest``: the surest claim allowed now, for the band as for the number.
    """
    gap = question.expected - question.threshold
    sd = math.sqrt(variance(question, question.sigma))
    share = (question.ahead + in_flight) / WINDOW
    delta = share * unit_student_density(gap / sd, tail) / sd if sd > 0.0 else 0.0
    now = digital(question.expected, question.threshold, sd, tail)
    low, high = _band(question, tail)
    gaussian = _band(question, GAUSSIAN_FROM)
    later = math.sqrt(variance(_a_second_later(question), question.sigma))
    theta = digital(question.expected, question.threshold, later, tail) - now
    return Sensitivities(
        delta,
        theta,
        claim(low, highest),
        claim(high, highest),
        (min(low, gaussian[0]), max(high, gaussian[1])),
    )


def _band(question: Question, tail: float) -> tuple[float, float]:
    """P(YES) with the volatility half its own error lower and higher, the smaller first."""
    ends = []
    for direction in (-0.5, 0.5):
        sigma = question.sigma * math.exp(direction * question.log_variance_sd)
        sd = math.sqrt(variance(question, sigma))
        ends.append(digital(question.expected, question.threshold, sd, tail))
    return min(ends), max(ends)


def _a_second_later(question: Question) -> Question:
    """The same question once the index was seen again, unmoved, a second later."""
    ahead, tau1 = question.ahead, question.tau1
    if ahead == 0:
        return question
    later = (ahead, tau1 - 1.0) if tau1 >= 1.0 else (ahead - 1, tau1)
    return Question(
        expected=question.expected,
        threshold=question.threshold,
        sigma=question.sigma,
        ahead=later[0],
        tau1=later[1],
        spread_seconds=question.spread_seconds,
        noise_sd=question.noise_sd,
        spot=question.spot,
        jump_share=question.jump_share,
        log_variance_sd=question.log_variance_sd,
    )


class WithoutOne(NamedTuple):
    """The settlement were one print received so far missing: its average by so much lower or
    higher, in dollars, and P(YES) between these.
    """

    low: float
    high: float
    p_low: float
    p_high: float


def without_one(
    extremes: tuple[float, float],
    expected: float,
    threshold: float,
    sd: float,
    tail: float,
    highest: float = 1.0,
) -> WithoutOne:
    """The average is then over the 59 others; losing the highest lowers it most. ``extremes``:
    the lowest and the highest print, dollars; the rest as for ``sensitivities``.
    """
    high, low = ((expected - lost) / (WINDOW - 1) for lost in extremes)
    p_low = digital(expected + low, threshold, sd, tail)
    p_high = digital(expected + high, threshold, sd, tail)
    return WithoutOne(low, high, claim(p_low, highest), claim(p_high, highest))


def contradictions(said: Estimated, around: Sensitivities, p_now: float) -> tuple[str, ...]:
    """Which simulations differ from the number by more than their errors and its band allow.

    What the number has moved since the question was asked is taken off first.
    """
    since = p_now - said.p_model
    return tuple(
        name
        for name, p, se in said.estimates
        if not (
            around.widest[0] - ROUNDING - SIGNIFICANT * se
            <= p + since
            <= around.widest[1] + ROUNDING + SIGNIFICANT * se
        )
    )
