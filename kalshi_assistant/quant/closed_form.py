"""P(YES) of a contract on the mean of sixty one-second prints, Gaussian and exact in its
discreteness.

The newest observation of the index, at ``observed_at``, is where the Brownian path is pinned. Let
``m`` prints lie ahead of it, the first ``tau1`` seconds away and the rest a second apart, and let
``fixed`` be the sum of the other ``60 - m`` prints. With ``R`` the mean of the ``m``:

    Var(R) = sigma^2 (tau1 + (m + 1)(2m + 1) / (6m) - 1) A      = (fixed + m R) / 60,     P(YES) =
    Phi((E[A] - K_eff) / sd(A)),     K_eff = strike - half a cent

Variance counts from the observation, not from now: while nothing new is seen nothing new is
known, so the number does not move between prints. Prints that are due but in flight have ``tau =
0``; a hole inside the record is a Brownian bridge between its neighbours. Source: variance of a
discretely sampled average of a Brownian motion.
"""

import math

from kalshi_assistant.quant.compiled import compiled

WINDOW = 60
"""Prints in the settlement average."""


@compiled
def mean_variance(ahead: int, tau1: float) -> float:
    """Variance of the mean of ``ahead`` prints a second apart, the first ``tau1`` s away, at
    sigma = 1.
    """
    if ahead <= 0:
        return 0.0
    return tau1 + (ahead + 1) * (2 * ahead + 1) / (6.0 * ahead) - 1.0


@compiled
def bridge_variance(missing: int) -> float:
    """Variance of the *sum* of ``missing`` unseen prints between two seen ones, at sigma = 1.

    A Brownian bridge over ``missing + 1`` seconds: sum over i, j of min(i, j) - i j / (missing +
    1).
    """
    return missing * (missing + 1.0) * (missing + 2.0) / 12.0


@compiled
def normal_cdf(z: float) -> float:
    """The standard normal distribution function, exact in both tails."""
    return 0.5 * math.erfc(-z / math.sqrt(2.0))


@compiled
def digital(expected: float, threshold: float, sd: float) -> float:
    """P(average >= threshold) for a Gaussian average; a step where ``sd`` is zero."""
    if sd <= 0.0:
        return 1.0 if expected >= threshold else 0.0
    return normal_cdf((expected - threshold) / sd)
