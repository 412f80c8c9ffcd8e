"""What settled windows teach: how much of the model to believe beside the market, and how far our
index is from the true one.

Both keep a posterior over a fixed grid, so there is nothing to tune by hand, nothing diverges, and
the same windows in the same order give the same bits. ``predict_one`` uses only what ``learn_one``
was told before; labels come when a window settles, minutes after the forecast.
"""

import math
from collections.abc import Sequence
from typing import Final

from kalshi_assistant.quant.closed_form import LAST_DOUBT, normal_cdf

WEIGHTS: Final = tuple(step / 10 for step in range(11))
"""How much of the model's distance from the market is believed: 0 is the market, 1 the model."""
PRIOR_WEIGHT: Final = 0.5
PRIOR_SPREAD: Final = 0.5
"""Wide: published studies have the market ahead of such models, and behind them, by little."""
SHARED: Final = 0.8
"""What a window teaches the weight at half or double its time to close."""
MEMORY: Final = 0.998
"""What a window's evidence still counts for after the next one."""


def logit(probability: float) -> float:
    """Log odds, of probabilities kept ``LAST_DOUBT`` away from 0 and 1."""
    inside = min(max(probability, LAST_DOUBT), 1.0 - LAST_DOUBT)
    return math.log(inside / (1.0 - inside))


def expit(log_odds: float) -> float:
    """The probability of log odds."""
    return 1.0 / (1.0 + math.exp(-log_odds))


def _posterior(evidence: Sequence[float]) -> list[float]:
    """Normalised weights of log evidence."""
    top = max(evidence)
    masses = [math.exp(each - top) for each in evidence]
    total = sum(masses)
    return [mass / total for mass in masses]


def _likelihood(model: float, market: float, outcome: bool) -> list[float]:
    """Log likelihood of the outcome by weight."""
    base, gap = logit(market), logit(model) - logit(market)
    sign = 1.0 if outcome else -1.0
    return [math.log(expit(sign * (base + weight * gap))) for weight in WEIGHTS]


class Shrinkage:
    """The model shrunk toward the market in log odds, by a weight learnt for each time to close.

    A window teaches the weight of its own horizon, and ``SHARED`` as much at half or double the
    time.
    """

    __slots__ = ("_evidence", "_horizons", "_prior")

    def __init__(self, horizons: Sequence[int]) -> None:
        """``horizons``: seconds to close at which windows teach, in any order."""
        self._horizons = tuple(sorted(horizons))
        prior = [-0.5 * ((weight - PRIOR_WEIGHT) / PRIOR_SPREAD) ** 2 for weight in WEIGHTS]
        self._evidence = [list(prior) for _ in self._horizons]
        self._prior = prior

    def weight(self, seconds_left: float) -> float:
        """The mean weight of the model at this time to close, 0 to 1."""
        posterior = _posterior(self._evidence[self._place(seconds_left)])
        return sum(weight * mass for weight, mass in zip(WEIGHTS, posterior, strict=True))

    def predict_one(self, seconds_left: float, model: float, market: float) -> float:
        """P(YES) from both: the average over the weights still believed."""
        base, gap = logit(market), logit(model) - logit(market)
        posterior = _posterior(self._evidence[self._place(seconds_left)])
        blend = sum(
            mass * expit(base + weight * gap)
            for weight, mass in zip(WEIGHTS, posterior, strict=True)
        )
        return min(max(blend, LAST_DOUBT), 1.0 - LAST_DOUBT)

    def learn_window(self, pairs: Sequence[tuple[int, float, float]], outcome: bool) -> None:
        """A settled window: (seconds to close, model, market) of its forecasts, and what came.

        However many forecasts it had, it is one outcome: at each horizon they share one vote.
        """
        if not pairs:
            return
        likelihoods = [_likelihood(model, market, outcome) for _, model, market in pairs]
        for place, horizon in enumerate(self._horizons):
            shares = [SHARED ** abs(math.log2(max(left, 1) / horizon)) for left, _, _ in pairs]
            vote = max(shares) / sum(shares)
            old, prior = self._evidence[place], self._prior
            self._evidence[place] = [
                prior[k]
                + MEMORY * (old[k] - prior[k])
                + vote * sum(s * each[k] for s, each in zip(shares, likelihoods, strict=True))
                for k in range(len(WEIGHTS))
            ]

    def masses(self) -> list[list[float]]:
        """How much each of ``WEIGHTS`` is believed by now, by horizon."""
        return [_posterior(evidence) for evidence in self._evidence]

    def place(self, seconds_left: float) -> int:
        """Which of them counts with so much time left."""
        return self._place(seconds_left)

    @property
    def evidence(self) -> tuple[float, ...]:
        """All that was learnt: two that agree here go on agreeing."""
        return tuple(each for place in self._evidence for each in place)

    def _place(self, seconds_left: float) -> int:
        """The horizon nearest in log time."""
        wanted = math.log(max(seconds_left, 1.0))
        return min(
            range(len(self._horizons)),
            key=lambda place: abs(math.log(self._horizons[place]) - wanted),
        )


NOISES_BP: Final = tuple(0.02 * 1.35**step for step in range(26))
"""Errors of the index asked about, basis points: 0.02 to 36."""
NOISE_PRIOR_SPREAD: Final = 0.7
"""Deviation of the log of the error before any window was seen."""
MISTAKE: Final = 0.001
"""How often a result contradicts its index for another reason."""


class NowcastError:
    """The error of an index that is an estimate, learnt from results that contradict it.

    With the average a distance ``d`` above the threshold and an error ``s``, YES has probability
    Phi(d/s): windows that end close to their strike tell ``s``.
    """

    __slots__ = ("_evidence",)

    def __init__(self, prior_bp: float) -> None:
        """``prior_bp``: where the error is believed to lie before anything was seen, above 0."""
        self._evidence = [
            -0.5 * (math.log(noise / prior_bp) / NOISE_PRIOR_SPREAD) ** 2 for noise in NOISES_BP
        ]

    @property
    def evidence(self) -> tuple[float, ...]:
        """All that was learnt."""
        return tuple(self._evidence)

    @property
    def sd_bp(self) -> float:
        """The error in basis points, one standard deviation: posterior mean."""
        posterior = _posterior(self._evidence)
        return sum(noise * mass for noise, mass in zip(NOISES_BP, posterior, strict=True))

    def learn_one(self, distance_bp: float, outcome: bool) -> None:
        """A settled window: how far its average ended above the threshold, and its result."""
        signed = distance_bp if outcome else -distance_bp
        for place, noise in enumerate(NOISES_BP):
            likelihood = (1.0 - MISTAKE) * normal_cdf(signed / noise) + 0.5 * MISTAKE
            self._evidence[place] += math.log(likelihood)
