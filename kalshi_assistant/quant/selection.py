"""What is left of the best of many trials once it is remembered that they were many.

Two corrections of different kind, over the days of every setting that was tried:

- *Deflated Sharpe ratio*: the chance that the Sharpe ratio of the one chosen is above what the best
  of so many worthless trials would show, given the length, skewness and tails of its days. Source:
  Bailey and Lopez de Prado, "The deflated Sharpe ratio: correcting for selection bias, backtest
  overfitting and non-normality", Journal of Portfolio Management 40 (5), 2014; the probabilistic
  ratio it rests on is theirs of 2012 ("The Sharpe ratio efficient frontier", Journal of Risk).
- *Outcomes turned*: were every setting worthless, the days of all of them might as well have gone
  the other way, each day for all settings together. How often is the best t-value of such histories
  as high as the one seen? That keeps what settings have in common. Source: White, "A reality check
  for data snooping", Econometrica 68 (5), 2000; with the signs of days for the resampling, after
  Romano and Wolf, "Stepwise multiple testing as formalized data snooping", Econometrica 73 (4),
  2005.

Known limitation: turning signs assumes days that are symmetric under no edge; a strategy that sells
insurance is not.
"""

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kalshi_assistant.quant.rng import stream

Floats = NDArray[np.float64]

EULER: Final = 0.5772156649015329
TURNS: Final = 2_000
LEAST_DAYS: Final = 5
"""With fewer days there is no Sharpe ratio to speak of."""
_NORMAL: Final = NormalDist()


def sharpe(days: Floats) -> float | None:
    """Mean over deviation of a day, not annualised; ``None`` where it has none."""
    if days.size < LEAST_DAYS:
        return None
    deviation = float(days.std(ddof=1))
    return float(days.mean()) / deviation if deviation > 0.0 else None


def expected_best(trials: Sequence[float]) -> float:
    """The Sharpe ratio that the best of so many worthless trials is expected to show, by how far
    the trials lie apart: equation 1 of the 2014 paper.
    """
    count = len(trials)
    if count < 2:
        return 0.0
    spread = float(np.std(np.asarray(trials), ddof=1))
    high = _NORMAL.inv_cdf(1.0 - 1.0 / count)
    higher = _NORMAL.inv_cdf(1.0 - 1.0 / (count * math.e))
    return spread * ((1.0 - EULER) * high + EULER * higher)


def probability_above(days: Floats, benchmark: float) -> float | None:
    """The probabilistic Sharpe ratio: the chance that the true ratio is above ``benchmark``;
    ``None`` where the days have none.
    """
    ratio = sharpe(days)
    if ratio is None:
        return None
    centred = (days - days.mean()) / days.std()
    skew, kurtosis = float((centred**3).mean()), float((centred**4).mean())
    variance = 1.0 - skew * ratio + (kurtosis - 1.0) / 4.0 * ratio * ratio
    if variance <= 0.0:
        return None
    return _NORMAL.cdf((ratio - benchmark) * math.sqrt(days.size - 1) / math.sqrt(variance))


def deflated_sharpe(days: Floats, trials: Sequence[float]) -> float | None:
    """The deflated Sharpe ratio of the trial that was chosen; ``trials``: the ratios of all of
    them, this one among them.
    """
    return probability_above(days, expected_best(trials))


def best_by_chance(days: Floats, seed: int, turns: int = TURNS) -> list[float]:
    """For each setting the chance that the best of all would show its t-value or more without any
    edge; ``days``: a row for each setting, a column for each day.
    """
    assert days.ndim == 2, "a row for each setting"
    count = days.shape[1]
    scale = np.sqrt(np.square(days).sum(axis=1))
    alive = scale > 0.0
    if count < LEAST_DAYS or not alive.any():
        return [1.0] * days.shape[0]
    scaled = days[alive] / scale[alive, None]
    seen = scaled.sum(axis=1)
    signs = stream(seed, "selection.turns").integers(0, 2, (count, turns)) * 2.0 - 1.0
    best = (scaled @ signs).max(axis=0)
    found = np.ones(days.shape[0])
    found[alive] = [(1.0 + float((best >= each - 1e-12).sum())) / (1.0 + turns) for each in seen]
    return [float(each) for each in found]
