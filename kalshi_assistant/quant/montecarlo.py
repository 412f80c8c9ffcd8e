"""P(YES) under other shapes than the Gaussian: Monte Carlo with draws made once, and a quadrature.

The closed form is the number; these say what it would be if the index moved otherwise. All share
one decomposition. A move ``s`` seconds before the last print reaches ``floor(s) + 1`` of the
prints ahead, at most all ``m`` of them, so with ``H = tau1 + m - 1`` seconds from the newest
observation to the last print

    g(s) = min(floor(s) + 1, m) / 60,       W = integral of g^2 over [0, H]
    Var(A) = sigma^2 (W + spread) + noise^2

and ``W`` is the closed form's ``(m / 60)^2 mean_variance(m, tau1)``. Each variant draws how the
variance ``sigma^2 W`` turns out, keeps its mean, and takes the Gaussian distribution function of
the rest exactly: no variant draws the outcome itself. What happened already (``spread``) and the
error of our index (``noise``) stay Gaussian and certain.

Every variant reads the same draws at every call (common random numbers), and reads them backwards
from the close: between two ticks the number moves because the question did, never by chance. Each
estimate is regressed on a control of known mean and reports the standard error that is left,
which says nothing about whether the variant's shape is the right one.

Sources: conditional Monte Carlo and control variates, Glasserman 2003, 4.1 and 7.1; geometric
control of an arithmetic average, Kemna and Vorst 1990; jumps, Merton 1976; filtered historical
simulation, Barone-Adesi, Giannopoulos and Vosper 1999; stochastic variance conditioned on its
path, Hull and White 1987.
"""

import math

import msgspec
import numpy as np
import numpy.typing as npt

from kalshi_assistant.domain.intents import Question
from kalshi_assistant.quant.closed_form import (
    LAST_DOUBT,
    WINDOW,
    claim,
    mean_variance,
    normal_cdf,
)
from kalshi_assistant.quant.compiled import compiled

Reals = npt.NDArray[np.float64]
Picks = npt.NDArray[np.uint32]

PATHS = 10_000
STEPS = 8
"""Pieces of the horizon on which a variance path is constant."""
VARIANCE_MEMORY = 900.0
"""Seconds over which the log variance forgets: a choice, near the e-folding time of the ten-minute
half-life that carries most of the volatility blend."""
JUMPS = 24
"""Jumps drawn per path."""
JUMP_RATE = 1.0 / 300.0
"""Jumps per second: one in five minutes, a choice. Rarer means larger at the same share."""
MOST_JUMPS = 8.0
"""Mean number of jumps at which the rate is held on long horizons: P(more than ``JUMPS``) is then
below 1e-5, and as many small jumps are as good as Gaussian anyway."""
BLOCK_SECONDS = 15
"""Seconds of one-second returns behind one entry of the bank."""
BLOCKS = 64
"""Blocks drawn per path: fifteen minutes before the window and the window itself."""
SMALLEST_BANK = 20
"""Blocks below which a bank says nothing about the tails."""
NAMES = frozenset({"gbm", "stochastic_variance", "merton", "bootstrap", "mixture"})
"""Variants by name."""


def hermite(count: int) -> tuple[Reals, Reals]:
    """Nodes and weights that integrate against the standard normal density with ``count`` points.

    Source: Gauss-Hermite rule of the probabilists' polynomials, weights divided by sqrt(2 pi).
    """
    nodes, weights = np.polynomial.hermite_e.hermegauss(count)
    return nodes, weights / math.sqrt(2.0 * math.pi)


NODES, WEIGHTS = hermite(21)
COARSE_NODES, COARSE_WEIGHTS = hermite(13)


class Estimate(msgspec.Struct, frozen=True):
    """A probability and its standard error; for the quadrature, the difference of two rules."""

    p: float
    se: float


class Draws(msgspec.Struct, frozen=True):
    """Chance, drawn once and used for every number."""

    prints: Reals
    """(59, paths) standard normals: moves from print to print, row 0 into the last."""
    variance: Reals
    """(STEPS, paths) standard normals: innovations of the log variance, row 0 next the close."""
    arrivals: Reals
    """(paths, JUMPS) ascending: jumps of a process of rate one, backwards from the last print."""
    picks: Picks
    """(BLOCKS, paths): which block, as a fraction of 2^32 of the bank; row 0 next the close."""


def make_draws(rng: np.random.Generator, paths: int = PATHS) -> Draws:
    """Draws for ``paths`` paths from a named stream: ``rng.stream(seed, "montecarlo")``."""
    return Draws(
        prints=rng.standard_normal((WINDOW - 1, paths)),
        variance=rng.standard_normal((STEPS, paths)),
        arrivals=np.cumsum(rng.standard_exponential((paths, JUMPS)), axis=1),
        picks=rng.integers(0, 1 << 32, size=(BLOCKS, paths), dtype=np.uint32),
    )


@compiled
def weight_until(seconds: float, ahead: int) -> float:
    """Seconds: the integral of g^2 over the last ``seconds`` before the last of ``ahead`` prints.

    Over the whole horizon it is ``(ahead / 60)^2 mean_variance(ahead, tau1)``.
    """
    whole = min(math.floor(seconds), ahead - 1)
    squares = whole * (whole + 1) * (2 * whole + 1) / 6.0
    return (squares + (seconds - whole) * (whole + 1) ** 2) / WINDOW**2


@compiled
def total_weight(ahead: int, tau1: float) -> float:
    """Seconds: W, the variance of A at sigma = 1 that is still to come."""
    return (ahead / WINDOW) ** 2 * mean_variance(ahead, tau1)


@compiled
def certain(gap: float, variance: float) -> float:
    """P(A >= threshold) for a Gaussian A whose mean is ``gap`` dollars above the threshold.

    ``variance`` in dollars squared; a step where it is zero.
    """
    if variance <= 0.0:
        return 1.0 if gap >= 0.0 else 0.0
    return normal_cdf(gap / math.sqrt(variance))


@compiled
def controlled(values: Reals, controls: Reals, known: float) -> tuple[float, float]:
    """Mean of ``values`` and its standard error after regression on ``controls`` of mean ``known``.

    The coefficient is fitted on the same paths: a bias of order 1/paths, far below the error.
    Source: Glasserman 2003, 4.1.
    """
    paths = len(values)
    mean, control = values.mean(), controls.mean()
    own, joint, other = 0.0, 0.0, 0.0
    for path in range(paths):
        a, b = values[path] - mean, controls[path] - control
        own += a * a
        joint += a * b
        other += b * b
    slope = joint / other if other > 0.0 else 0.0
    left = max(own - slope * joint, 0.0)
    return mean - slope * (control - known), math.sqrt(left / (paths - 2.0) / paths)


@compiled
def growth(x: float) -> float:
    """exp(x) for the log move of a second: six terms of the series, right to 1e-15 below 0.03.

    Without a branch or a call the compiler takes several paths at once.
    """
    last = 1.0 / 6.0 + x * (1.0 / 24.0 + x * (1.0 / 120.0 + x * (1.0 / 720.0)))
    return 1.0 + x * (1.0 + x * (0.5 + x * last))


@compiled
def gbm(
    spot: float,
    needed: float,
    relative: float,
    ahead: int,
    first: float,
    prints: Reals,
) -> tuple[float, float]:
    """Geometric Brownian motion: P(mean of the prints ahead >= ``needed``), and its error.

    ``spot``, ``needed``: dollars; ``relative``: deviation per sqrt second of the log index;
    ``first``: variance of the log of the first print; ``prints``: (59, paths).

    Each path is a full lognormal path of the prints, arithmetically averaged. The move to the
    first print is common to all of them and is integrated exactly, so no indicator is sampled
    unless ``first`` is 0. Control: the same with the geometric average, whose distribution is
    lognormal with known moments; the two almost coincide.
    """
    paths, moves = prints.shape[1], ahead - 1
    level, total, logs = np.ones(paths), np.ones(paths), np.zeros(paths)
    drift, distance = 0.5 * relative * relative, math.log(spot / needed) - 0.5 * first
    for move in range(moves):
        row = prints[moves - 1 - move]
        for path in range(paths):
            x = relative * row[path] - drift
            level[path] *= growth(x)
            total[path] += level[path]
            logs[path] += x * (moves - move)
    for path in range(paths):
        total[path] = certain(distance + math.log(total[path] / ahead), first)
        logs[path] = certain(distance + logs[path] / ahead, first)
    variance = first + relative * relative * mean_variance(ahead, 0.0)
    return controlled(total, logs, certain(distance - 0.5 * drift * moves, variance))


@compiled
def mixed(
    gap: float,
    variance: float,
    rest: float,
    log_sd: float,
    shift: float,
    nodes: Reals,
    weights: Reals,
) -> float:
    """E[P(YES)] with ``variance`` times exp(log_sd X + shift), X standard normal, by quadrature.

    ``gap`` dollars, ``variance`` and ``rest`` (certain) dollars squared.
    """
    total = 0.0
    for node in range(len(nodes)):
        factor = math.exp(log_sd * nodes[node] + shift)
        total += weights[node] * certain(gap, variance * factor + rest)
    return total


@compiled
def mixture(gap: float, variance: float, rest: float, log_sd: float) -> tuple[float, float]:
    """A lognormal mixture of Gaussians: the variance is one unknown number, known in the mean.

    ``gap`` dollars; ``variance`` still to come and ``rest`` already certain, dollars squared;
    ``log_sd``: deviation of the log of the variance. The error is the difference of two rules.
    Source: Clark 1973.
    """
    shift = -0.5 * log_sd * log_sd
    fine = mixed(gap, variance, rest, log_sd, shift, NODES, WEIGHTS)
    coarse = mixed(gap, variance, rest, log_sd, shift, COARSE_NODES, COARSE_WEIGHTS)
    return fine, abs(fine - coarse)


@compiled
def stochastic_variance(
    gap: float, scale: float, rest: float, ahead: int, tau1: float, log_sd: float, normals: Reals
) -> tuple[float, float]:
    """A variance that wanders: stationary mean-reverting log variance, constant on equal steps.

    ``gap`` dollars; ``scale``: sigma^2, dollars squared per second; ``rest`` dollars squared;
    ``log_sd``: deviation of the log variance at any instant; ``normals``: (steps, paths).

    With X an AR(1) of variance 1 and correlation exp(-step / VARIANCE_MEMORY) the variance of
    step i is ``scale exp(log_sd X_i - log_sd^2 / 2)``, of mean ``scale``; given the path A is
    Gaussian. Control: the same with the weighted *geometric* mean of the steps' variances, which
    is lognormal, so that its mean is a quadrature.
    """
    steps, paths = normals.shape
    step = (tau1 + ahead - 1.0) / steps
    keep = math.exp(-step / VARIANCE_MEMORY)
    fresh, shift = math.sqrt(1.0 - keep * keep), -0.5 * log_sd * log_sd
    total = weight_until(step * steps, ahead)
    state, logs = normals[0].copy(), np.zeros(paths)
    values, controls = np.zeros(paths), np.empty(paths)
    told, carried = 0.0, 0.0  # variance of the weighted sum, and its covariance with the next X
    for i in range(steps):
        share = (weight_until(step * (i + 1), ahead) - weight_until(step * i, ahead)) / total
        told += share * (share + 2.0 * carried)
        carried = keep * (carried + share)
        if i > 0:
            state = keep * state + fresh * normals[i]
        for path in range(paths):
            values[path] += share * math.exp(log_sd * state[path] + shift)
            logs[path] += share * state[path]
    variance = scale * total
    for path in range(paths):
        values[path] = certain(gap, variance * values[path] + rest)
        controls[path] = certain(gap, variance * math.exp(log_sd * logs[path] + shift) + rest)
    known = mixed(gap, variance, rest, log_sd * math.sqrt(told), shift, NODES, WEIGHTS)
    return controlled(values, controls, known)


@compiled
def merton(
    gap: float,
    scale: float,
    rest: float,
    ahead: int,
    tau1: float,
    share: float,
    rate: float,
    arrivals: Reals,
) -> tuple[float, float]:
    """Diffusion and jumps: Gaussian jumps of mean zero carry ``share`` of the variance.

    ``gap`` dollars; ``scale``: sigma^2, dollars squared per second; ``rest`` dollars squared;
    ``rate``: jumps per second, held at ``MOST_JUMPS`` over the horizon; ``arrivals``: (paths,
    JUMPS). Given when the jumps come A is Gaussian: a jump ``s`` before the last print adds
    ``g(s)^2 share scale / rate``. Control: Merton's series, in which every jump weighs the mean
    of g^2; a function of the number of jumps alone, whose mean is a Poisson sum.
    """
    paths, most = arrivals.shape
    horizon, weight = tau1 + ahead - 1.0, total_weight(ahead, tau1)
    rate = min(rate, MOST_JUMPS / horizon)
    diffusion, size = (1.0 - share) * scale * weight + rest, share * scale / rate
    series, known = np.empty(most + 1), 0.0
    chance, left = math.exp(-rate * horizon), 1.0
    for count in range(most + 1):
        series[count] = certain(gap, diffusion + count * size * weight / horizon)
        chance = left if count == most else chance
        known += chance * series[count]
        left -= chance
        chance *= rate * horizon / (count + 1.0)
    values, controls = np.empty(paths), np.empty(paths)
    for path in range(paths):
        count, reached = 0, 0
        while count < most and arrivals[path, count] < rate * horizon:
            prints = min(math.floor(arrivals[path, count] / rate) + 1, ahead)
            reached += prints * prints
            count += 1
        controls[path] = series[count]
        if count == 0:
            values[path] = series[0]
        else:
            values[path] = certain(gap, diffusion + size * reached / WINDOW**2)
    return controlled(values, controls, known)


@compiled
def bootstrap(
    gap: float, scale: float, rest: float, ahead: int, tau1: float, bank: Reals, picks: Picks
) -> tuple[float, float]:
    """Filtered historical simulation: the variance of each block of seconds is one that was seen.

    ``gap`` dollars; ``scale``: sigma^2, dollars squared per second; ``rest`` dollars squared;
    ``bank``: mean squares of standardised one-second returns over blocks of ``BLOCK_SECONDS``,
    scaled here to mean 1; ``picks``: (BLOCKS, paths).

    What it is: each path draws blocks with replacement back from the last print; given the blocks
    the signs inside them are integrated out and A is Gaussian. What it is not: it is symmetric (no
    drift, no skew), returns depend on one another inside a block only (volatility that persists
    over minutes is ``stochastic_variance``'s), and no block is wilder than the wildest in the
    bank. On horizons beyond ``BLOCKS`` blocks each stands for proportionally more seconds.
    Control: the variance itself, whose mean is the bank's. The error is of the draws, not of how
    few blocks the bank holds.
    """
    horizon, paths, size = tau1 + ahead - 1.0, picks.shape[1], np.uint64(len(bank))
    length = max(float(BLOCK_SECONDS), horizon / BLOCKS)
    count = min(math.ceil(horizon / length), BLOCKS)
    level = scale / bank.mean()
    variances, values = np.zeros(paths), np.empty(paths)
    reached = 0.0
    for block in range(count):
        until = weight_until(min(length * (block + 1), horizon), ahead)
        weight, reached = level * (until - reached), until
        for path in range(paths):
            # the pick's fraction of the bank: a growing bank moves picks little, a modulo would
            variances[path] += weight * bank[np.uint64(picks[block, path]) * size >> np.uint64(32)]
    for path in range(paths):
        values[path] = certain(gap, variances[path] + rest)
    return controlled(values, variances, scale * reached)


def final(answer: tuple[float, float]) -> Estimate:
    """As an estimate, kept off 0 and 1 by ``LAST_DOUBT``."""
    return Estimate(claim(answer[0], 1.0 - LAST_DOUBT), answer[1])


def certain_variance(question: Question) -> float:
    """Dollars squared: variance of A that no variant redraws, from holes and our index's error."""
    return question.sigma**2 * question.spread_seconds + question.noise_sd**2


def ask_gbm(question: Question, draws: Draws) -> Estimate:
    """Geometric Brownian motion with the question's variance.

    Holes and the error of our index enter as a lognormal factor common to all prints ahead: the
    same variance, with the small skew of a lognormal.
    """
    q = question
    needed = q.spot + (q.threshold - q.expected) * WINDOW / q.ahead
    if needed <= 0.0:
        return final((1.0, 0.0))
    relative = q.sigma / q.spot
    first = relative**2 * q.tau1 + certain_variance(q) * (WINDOW / (q.ahead * q.spot)) ** 2
    return final(gbm(q.spot, needed, relative, q.ahead, first, draws.prints))


def usable(bank: Reals | None) -> Reals | None:
    """The bank as compiled code takes it; None where it is too small to mean anything."""
    if bank is None or len(bank) < SMALLEST_BANK or not 0.0 < bank.mean() < math.inf:
        return None
    return np.ascontiguousarray(bank, dtype=np.float64)


def ask_bootstrap(question: Question, draws: Draws, bank: Reals | None) -> Estimate | None:
    """Filtered historical simulation; None without a usable bank."""
    blocks = usable(bank)
    if blocks is None:
        return None
    q = question
    gap, scale, rest = q.expected - q.threshold, q.sigma**2, certain_variance(q)
    return final(bootstrap(gap, scale, rest, q.ahead, q.tau1, blocks, draws.picks))


def estimate(question: Question, draws: Draws, bank: Reals | None = None) -> dict[str, Estimate]:
    """Every variant's answer by name: gbm, stochastic_variance, merton, bootstrap, mixture.

    All have the closed form's mean and variance. Without variance still to come all are the
    Gaussian of what is left (a step where nothing is); bootstrap is absent without a usable bank.
    """
    q = question
    gap, scale, rest = q.expected - q.threshold, q.sigma**2, certain_variance(q)
    variance = scale * total_weight(q.ahead, q.tau1)
    if variance <= 0.0:
        names = NAMES if usable(bank) is not None else NAMES - {"bootstrap"}
        return dict.fromkeys(sorted(names), final((certain(gap, rest), 0.0)))
    wander = (gap, scale, rest, q.ahead, q.tau1, q.log_variance_sd, draws.variance)
    share = min(max(q.jump_share, 0.0), 1.0)
    jumps = (gap, scale, rest, q.ahead, q.tau1, share, JUMP_RATE, draws.arrivals)
    answers = {
        "gbm": ask_gbm(q, draws),
        "stochastic_variance": final(stochastic_variance(*wander)),
        "merton": final(merton(*jumps)),
        "bootstrap": ask_bootstrap(q, draws, bank),
        "mixture": final(mixture(gap, variance, rest, q.log_variance_sd)),
    }
    return {name: answer for name, answer in answers.items() if answer is not None}
