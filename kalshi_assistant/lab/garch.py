"""GARCH(1,1) on one-minute changes, compared with our own volatility at every forecast.

It learns from the same prints and prices with the same closed form; only the volatility differs.
Fitted anew every six hours on all minutes so far, filtered in between. Source: Bollerslev 1986;
the fit is the arch package's.
"""

import math
import warnings
from typing import Final

import numpy as np

from kalshi_assistant.domain.errors import OperatorError
from kalshi_assistant.domain.events import Estimated
from kalshi_assistant.domain.intents import Estimate
from kalshi_assistant.lab.forecasting import Aside
from kalshi_assistant.quant.closed_form import WINDOW, digital, mean_variance

REFIT_MINUTES: Final = 360
LEAST_MINUTES: Final = 240
"""Fewer one-minute changes fit nothing worth comparing."""
MOST_MINUTES: Final = 4_320
SCALE: Final = 1e4
"""Changes in basis points: the optimiser wants numbers near 1."""


class Garch:
    """The variance of the index per second from one-minute changes. Raises OperatorError without
    the package.
    """

    def __init__(self) -> None:
        try:
            from arch import arch_model
        except ImportError as error:
            text = "--garch needs the arch package: pip install 'kalshi-assistant[garch]'"
            raise OperatorError(text) from error
        self._model = arch_model
        self._minute: int | None = None
        self._value = 0.0
        self._changes: list[float] = []
        self._since_fit = 0
        self._omega = self._alpha = self._beta = 0.0
        self._variance: float | None = None

    def learn(self, second: int, value: float) -> None:
        """A print, dollars; only the ones on whole minutes count."""
        if second % 60:
            return
        minute, before = second // 60, self._minute
        if before is not None and minute - before == 1:
            self._take(SCALE * math.log(value / self._value))
        self._minute, self._value = minute, value

    def _take(self, change: float) -> None:
        self._changes.append(change)
        del self._changes[:-MOST_MINUTES]
        self._since_fit += 1
        due = self._variance is None or self._since_fit >= REFIT_MINUTES
        if due and len(self._changes) >= LEAST_MINUTES:
            self._fit()
        elif self._variance is not None:
            self._variance = (
                self._omega + self._alpha * change * change + self._beta * self._variance
            )

    def _fit(self) -> None:
        model = self._model(np.array(self._changes), mean="Zero", vol="GARCH", p=1, q=1)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a fit at a bound is still the best there is
            fitted = model.fit(disp="off", show_warning=False)
        self._omega, self._alpha, self._beta = (
            float(fitted.params[name]) for name in ("omega", "alpha[1]", "beta[1]")
        )
        last = float(fitted.conditional_volatility[-1]) ** 2
        self._variance = self._omega + self._alpha * self._changes[-1] ** 2 + self._beta * last
        self._since_fit = 0

    def relative_sigma(self, seconds: float) -> float | None:
        """Mean relative volatility per square root of a second over the next ``seconds``; ``None``
        before the first fit.
        """
        if self._variance is None:
            return None
        minutes = max(1, round(seconds / 60))
        decay = self._alpha + self._beta
        level = self._omega / (1 - decay) if decay < 1 else self._variance
        ahead = [level + decay**step * (self._variance - level) for step in range(minutes)]
        return math.sqrt(max(sum(ahead) / minutes, 0.0) / 60) / SCALE


def garch_aside(tail: float = 4.0) -> Aside:
    """GARCH beside the simulations, under the name ``garch``; ``tail``: degrees of freedom."""
    garch = Garch()

    def beside(asked: Estimate, said: Estimated) -> Estimated:
        question = asked.question
        sigma = garch.relative_sigma(question.tau1 + question.ahead)
        if sigma is None or question.sigma <= 0.0:
            return said
        p_model = digital(
            question.expected,
            question.threshold,
            _with_sigma(asked, sigma * question.spot),
            tail,
        )
        return Estimated(
            said.at,
            said.received_at,
            said.ticker,
            said.p_model,
            (*said.estimates, ("garch", p_model, 0.0)),
            said.microseconds,
        )

    return Aside(garch.learn, beside)


def _with_sigma(asked: Estimate, sigma: float) -> float:
    """The deviation of the average, dollars, with another volatility in the question's place."""
    question = asked.question
    share = question.ahead / WINDOW
    seconds = share * share * mean_variance(question.ahead, question.tau1)
    variance = sigma * sigma * (seconds + question.spread_seconds)
    return math.sqrt(variance + question.noise_sd**2)
