"""Scores of probabilities against what happened, and how sure a difference of two scores is.

Everywhere ``p`` are claims in [0, 1], ``y`` outcomes (0 or 1), one row per claim. Rows that share a
cluster may depend on one another; rows of different clusters are taken as independent.

Sources: Brier (1950), Good (1952) for the two scores; Cox (1958) for calibration by regression on
log-odds; Liang and Zeger (1986) for covariances from sums within clusters; Albert and Anderson
(1984) for where a logistic fit exists; Abramowitz and Stegun 26.7.3 and 26.7.4 for Student's t.
"""

import math
from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

CLIP: Final = 1e-6
"""Claims are moved into [CLIP, 1 - CLIP] before a logarithm is taken: one sure miss costs 13.8."""

FEW_DAYS: Final = 10
BLOCK_SECONDS: Final = 14_400
FEW_OUTCOMES: Final = 5
MANY_CLUSTERS: Final = 30
NORMAL_95: Final = 1.959963984540054

RELIABILITY_EDGES: Final = (0.0, 0.02, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.98, 1.0)

_MAX_STEPS = 60
_MAX_HALVINGS = 40
_GRADIENT_TOLERANCE = 1e-9


def _rows(p: ArrayLike, y: ArrayLike) -> tuple[Floats, Floats]:
    claims, happened = np.asarray(p, dtype=np.float64), np.asarray(y, dtype=np.float64)
    assert claims.ndim == 1, "claims are one row each"
    assert claims.shape == happened.shape, "one outcome per claim"
    assert bool(np.all((claims >= 0.0) & (claims <= 1.0))), "claims are probabilities"
    assert bool(np.all((happened == 0.0) | (happened == 1.0))), "outcomes are 0 or 1"
    return claims, happened


def _mean(values: Floats) -> float:
    assert values.size > 0, "there is no mean of nothing"
    return float(values.mean())


def _clipped(claims: Floats) -> Floats:
    return np.clip(claims, CLIP, 1.0 - CLIP)


def brier_of(p: ArrayLike, y: ArrayLike) -> Floats:
    """(p - y)^2 of every row."""
    claims, happened = _rows(p, y)
    return np.square(claims - happened)


def brier(p: ArrayLike, y: ArrayLike) -> float:
    """Brier score: mean of (p - y)^2. Less is better; always saying one half scores 0.25."""
    return _mean(brier_of(p, y))


def log_loss_of(p: ArrayLike, y: ArrayLike) -> Floats:
    """-log of the probability given to what happened, of every row; p clipped to [1e-6, 1 - 1e-6].

    Without the clip a single sure miss would cost infinitely much and hide all other rows.
    """
    claims, happened = _rows(p, y)
    inside = _clipped(claims)
    return -np.log(np.where(happened == 1.0, inside, 1.0 - inside))


def log_loss(p: ArrayLike, y: ArrayLike) -> float:
    """Log loss: mean of ``log_loss_of``, in nats. Always saying one half scores log 2."""
    return _mean(log_loss_of(p, y))


def sharpness(p: ArrayLike) -> float:
    """Mean of 2 |p - 0.5|: 0 where every claim is one half, 1 where every claim is 0 or 1.

    A property of the claims alone: worth something only where they are calibrated.
    """
    return _mean(2.0 * np.abs(np.asarray(p, dtype=np.float64) - 0.5))


# --- clusters ------------------------------------------------------------------------------------


def cluster_labels(
    close_seconds: ArrayLike, day_labels: ArrayLike
) -> tuple[Ints, Literal["day", "4h"]]:
    """A cluster per day; with fewer than ten days a cluster per four hours UTC of the close.

    ``close_seconds`` are seconds since the epoch, ``day_labels`` any integers that tell days apart.
    """
    closes, days = np.asarray(close_seconds, np.int64), np.asarray(day_labels, np.int64)
    assert closes.shape == days.shape, "one day per close"
    if np.unique(days).size >= FEW_DAYS:
        return days, "day"
    return closes // BLOCK_SECONDS, "4h"


def _numbered(clusters: ArrayLike, rows: int) -> tuple[int, Ints]:
    """How many clusters there are, and for every row the number of its own, from 0."""
    labels = np.asarray(clusters)
    assert labels.shape == (rows,), "one cluster per row"
    distinct, number = np.unique(labels, return_inverse=True)
    return int(distinct.size), number.astype(np.int64)


def clustered_mean(values: ArrayLike, clusters: ArrayLike) -> tuple[float, float | None]:
    """Mean and its cluster-robust standard error; ``None`` for fewer than two clusters.

    With S_g the sum of (value - mean) over cluster g, n rows and G clusters,
    se^2 = G / (G - 1) * sum of S_g^2 / n^2. One row per cluster gives the usual s / sqrt(n).
    """
    rows = np.asarray(values, dtype=np.float64)
    assert rows.ndim == 1, "values are one row each"
    mean = _mean(rows)
    count, number = _numbered(clusters, rows.size)
    if count < 2:
        return mean, None
    sums = np.bincount(number, weights=rows - mean, minlength=count)
    variance = count / (count - 1) * float(np.square(sums).sum()) / rows.size**2
    return mean, math.sqrt(variance)


def student_within(t: float, freedom: int) -> float:
    """P(|T| <= t) of Student's t with an integer ``freedom`` >= 1: a finite sum, no integral."""
    assert freedom >= 1, "at least one degree of freedom"
    angle = math.atan2(t, math.sqrt(freedom))
    sine, cosine = math.sin(angle), math.cos(angle)
    odd = freedom % 2 == 1
    term, total = (cosine, 0.0) if odd else (1.0, 0.0)
    for power in range(freedom // 2):
        total += term
        grown = (2 * power + 2) / (2 * power + 3) if odd else (2 * power + 1) / (2 * power + 2)
        term *= grown * cosine * cosine
    return 2.0 / math.pi * (angle + sine * total) if odd else sine * total


def critical_95(clusters: int) -> float:
    """How many standard errors a two-sided 95 % interval reaches out, with so many clusters.

    Student's t with one degree of freedom less than clusters; the normal's 1.96 from 30 clusters.
    """
    assert clusters >= 2, "one cluster has no error"
    if clusters >= MANY_CLUSTERS:
        return NORMAL_95
    low, high = 0.0, 16.0
    while high - low > 1e-12:
        middle = (low + high) / 2.0
        if student_within(middle, clusters - 1) < 0.95:
            low = middle
        else:
            high = middle
    return high


# --- calibration ---------------------------------------------------------------------------------


class Calibration(NamedTuple):
    """P(y = 1) = 1 / (1 + exp(-(intercept + slope * logit p))), with 95 % intervals.

    Calibrated claims have slope 1 and intercept 0. A slope below 1: claims too far from one half.
    """

    slope: float
    slope_ci: tuple[float, float]
    intercept: float
    intercept_ci: tuple[float, float]


def logistic_calibration(
    p: ArrayLike, y: ArrayLike, clusters: ArrayLike
) -> tuple[Calibration | None, str]:
    """Fit outcomes on the log-odds of their claims; ``None`` and why not, where there is no fit.

    Newton's method; the covariance is the sandwich H^-1 B H^-1 * G / (G - 1) with H = X'WX and B
    the sum over clusters of the outer product of their score; intervals reach ``critical_95``.
    Claims are clipped as for the log loss.
    """
    claims, happened = _rows(p, y)
    count, number = _numbered(clusters, claims.size)
    inside = _clipped(claims)
    odds = np.log(inside) - np.log1p(-inside)
    why_not = _unfit(odds, happened, count)
    if why_not:
        return None, why_not
    design = np.column_stack((np.ones_like(odds), odds))
    fitted = _maximum(design, happened)
    if fitted is None:
        return None, "the fit did not converge"
    chance = _logistic(design @ fitted)
    inverse = np.linalg.inv(_information(design, chance))
    scores = design * (happened - chance)[:, np.newaxis]
    sums = np.column_stack(
        [np.bincount(number, weights=scores[:, part], minlength=count) for part in range(2)]
    )
    covariance = count / (count - 1) * inverse @ (sums.T @ sums) @ inverse
    reach = critical_95(count) * np.sqrt(np.maximum(np.diag(covariance), 0.0))
    (intercept, slope), (around_intercept, around_slope) = fitted.tolist(), reach.tolist()
    return Calibration(
        slope,
        (slope - around_slope, slope + around_slope),
        intercept,
        (intercept - around_intercept, intercept + around_intercept),
    ), ""


def _unfit(odds: Floats, happened: Floats, clusters: int) -> str:
    """Why there is no fit, or nothing.

    With one regressor the maximum is finite exactly where the log-odds of the two outcomes overlap
    in more than a point.
    """
    yes, no = odds[happened == 1.0], odds[happened == 0.0]
    if min(yes.size, no.size) < FEW_OUTCOMES:
        return f"fewer than {FEW_OUTCOMES} of one outcome"
    if clusters < 2:
        return "fewer than 2 clusters"
    if float(odds.min()) == float(odds.max()):
        return "all claims are the same"
    if float(no.max()) <= float(yes.min()) or float(yes.max()) <= float(no.min()):
        return "the claims separate the outcomes perfectly"
    return ""


def _logistic(x: Floats) -> Floats:
    return 0.5 * (1.0 + np.tanh(0.5 * x))


def _information(design: Floats, chance: Floats) -> Floats:
    """X'WX with W = chance (1 - chance): minus the second derivative of the log-likelihood."""
    return (design * (chance * (1.0 - chance))[:, np.newaxis]).T @ design


def _likelihood(design: Floats, happened: Floats, at: Floats) -> float:
    x = design @ at
    return float((happened * x - np.logaddexp(0.0, x)).sum())


def _maximum(design: Floats, happened: Floats) -> Floats | None:
    """Newton from (0, 1), steps halved until the likelihood does not fall; ``None``: no maximum."""
    at: Floats = np.array([0.0, 1.0])
    value = _likelihood(design, happened, at)
    for _ in range(_MAX_STEPS):
        chance = _logistic(design @ at)
        gradient = design.T @ (happened - chance)
        if float(np.abs(gradient).max()) <= _GRADIENT_TOLERANCE * happened.size:
            return at
        try:
            step = np.linalg.solve(_information(design, chance), gradient)
        except np.linalg.LinAlgError:
            return None
        for _ in range(_MAX_HALVINGS):
            reached = _likelihood(design, happened, at + step)
            if reached >= value - 1e-12 * abs(value):
                break
            step = step / 2.0
        else:
            return None
        at, value = at + step, reached
    return None


# --- reliability ---------------------------------------------------------------------------------


def binomial_band(n: int, p: float, level: float = 0.95) -> tuple[int, int]:
    """The central band of hits out of ``n`` with chance ``p`` each: exact, by summation.

    The least k with P(K <= k) >= (1 - level) / 2, and the least with P(K <= k) >= (1 + level) / 2;
    the band holds at least ``level``.
    """
    assert n >= 0, "a count"
    assert 0.0 <= p <= 1.0, "a probability"
    assert 0.0 < level < 1.0, "a share"
    if n == 0 or p == 0.0:
        return 0, 0
    if p == 1.0:
        return n, n
    hits = np.arange(n, dtype=np.float64)
    ratios = np.log(n - hits) - np.log(hits + 1.0) + math.log(p) - math.log1p(-p)
    logs = np.concatenate(([0.0], np.cumsum(ratios))) + n * math.log1p(-p)
    below = np.cumsum(np.exp(logs))
    tail = (1.0 - level) / 2.0
    low, high = np.searchsorted(below, [tail, 1.0 - tail]).tolist()
    return min(low, n), min(high, n)


class Bin(NamedTuple):
    """Claims in [low, high) (the last bin: with ``high``) and how often they came true."""

    low: float
    high: float
    n: int
    claimed: float
    happened: float
    band: tuple[int, int]


def reliability(
    p: ArrayLike, y: ArrayLike, edges: tuple[float, ...] = RELIABILITY_EDGES
) -> list[Bin]:
    """The bins that hold a claim, ascending: mean claim, share that happened, 95 % band of hits.

    The band is the binomial one around the mean claim. The claims of a bin differ a little, which
    makes the true spread slightly smaller, so the band is on the careful side.
    """
    claims, happened = _rows(p, y)
    assert list(edges) == sorted(set(edges)), "edges ascend"
    assert (edges[0], edges[-1]) == (0.0, 1.0), "the bins cover every claim"
    place = np.minimum(np.searchsorted(edges, claims, side="right"), len(edges) - 1)
    bins = []
    for high in range(1, len(edges)):
        inside = place == high
        n = int(inside.sum())
        if n:
            claimed = min(_mean(claims[inside]), 1.0)
            share = _mean(happened[inside])
            band = binomial_band(n, claimed)
            bins.append(Bin(edges[high - 1], edges[high], n, claimed, share, band))
    return bins
