"""P(YES) of a contract on the mean of sixty one-second prints, exact in its discreteness, with
Gaussian or Student-t shape.

The newest observation of the index, at ``observed_at``, is where the Brownian path is pinned. Let
``m`` prints lie ahead of it, the first ``tau1`` seconds away and the rest a second apart, and let
``fixed`` be the sum of the other ``60 - m`` prints. With ``R`` the mean of the ``m``:

    Var(R) = sigma^2 (tau1 + (m + 1)(2m + 1) / (6m) - 1)
    A      = (fixed + m R) / 60
    P(YES) = F((E[A] - K_eff) / sd(A)),     K_eff = strike - half a cent

with F the distribution function of a Student t of variance 1, or the normal. Variance counts from
the observation, not from now: while nothing new is seen nothing new is known, so the number does
not move between prints. A hole inside the record is a Brownian bridge between its neighbours, and
so are prints in flight, between the newest print and the observation. Source: variance of a
discretely sampled average of a Brownian motion.
"""

import math

from kalshi_assistant.quant.compiled import compiled

WINDOW = 60
"""Prints in the settlement average."""
GAUSSIAN_FROM = 200.0
"""Degrees of freedom from which a Student t is taken for a Gaussian."""
LAST_DOUBT = 1e-6
"""No claim is closer to 0 or 1 before the outcome is fixed."""


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
def beta_fraction(a: float, b: float, x: float) -> float:
    """The continued fraction of the incomplete beta function, by Lentz's method; fast for x below
    (a + 1)/(a + b + 2).

    Source: NIST Digital Library of Mathematical Functions, 8.17.22.
    """
    tiny = 1e-300
    c, d = 1.0, 1.0 - (a + b) * x / (a + 1.0)
    d = 1.0 / (d if abs(d) > tiny else tiny)
    value = d
    for m in range(1, 200):
        even = m * (b - m) * x / ((a + 2 * m - 1.0) * (a + 2 * m))
        d = 1.0 / (1.0 + even * d)
        c = 1.0 + even / c
        value *= c * d
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1.0))
        d = 1.0 / (1.0 + odd * d)
        c = 1.0 + odd / c
        value *= c * d
        if abs(c * d - 1.0) < 1e-14:
            break
    return value


@compiled
def student_tail(t: float, nu: float) -> float:
    """P(T > t) for t >= 0 and ``nu`` degrees of freedom, exact far out.

    Half the regularised incomplete beta function of nu/2 and 1/2 at nu/(nu + t^2).
    """
    a, b = 0.5 * nu, 0.5
    x = nu / (nu + t * t)
    log_front = (
        math.lgamma(a + b)
        - math.lgamma(a)
        - math.lgamma(b)
        + a * math.log(x)
        + b * math.log(max(1.0 - x, 1e-300))
    )
    front = math.exp(log_front)
    if x < (a + 1.0) / (a + b + 2.0):
        return 0.5 * front * beta_fraction(a, b, x) / a
    return 0.5 * (1.0 - front * beta_fraction(b, a, 1.0 - x) / b)


@compiled
def unit_student_cdf(z: float, nu: float) -> float:
    """The distribution function of a Student t scaled to variance 1; the normal from ``nu`` 200 on.

    ``nu`` must exceed 2, or there is no variance to scale.
    """
    if nu >= GAUSSIAN_FROM:
        return normal_cdf(z)
    t = z * math.sqrt(nu / (nu - 2.0))
    return 1.0 - student_tail(t, nu) if t >= 0.0 else student_tail(-t, nu)


@compiled
def unit_student_density(z: float, nu: float) -> float:
    """Its density."""
    if nu >= GAUSSIAN_FROM:
        return math.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)
    scale = math.sqrt(nu / (nu - 2.0))
    t = z * scale
    log_front = math.lgamma(0.5 * (nu + 1.0)) - math.lgamma(0.5 * nu) - 0.5 * math.log(nu * math.pi)
    return scale * math.exp(log_front - 0.5 * (nu + 1.0) * math.log1p(t * t / nu))


@compiled
def digital(expected: float, threshold: float, sd: float, nu: float) -> float:
    """P(average >= threshold) for an average of mean ``expected`` and deviation ``sd``, Student t
    with ``nu`` degrees of freedom (a Gaussian from 200 on); a step where ``sd`` is zero.
    """
    if sd <= 0.0:
        return 1.0 if expected >= threshold else 0.0
    return unit_student_cdf((expected - threshold) / sd, nu)


@compiled
def claim(probability: float, highest: float) -> float:
    """The probability, no closer to 0 and 1 than ``highest`` and ``LAST_DOUBT`` allow."""
    top = min(highest, 1.0 - LAST_DOUBT)
    return min(max(probability, 1.0 - top), top)


@compiled
def lognormal_digital(
    spot: float, fixed_sum: float, ahead: int, tau1: float, relative: float, threshold: float
) -> float:
    """P(average >= threshold) with the mean of the prints ahead matched by a lognormal: the oracle
    of the Gaussian form.

    ``fixed_sum``: dollars, sum of the prints known; ``relative``: volatility per sqrt second.
    Source: Levy 1992, Turnbull and Wakeman 1991, in their discrete form.
    """
    needed = (WINDOW * threshold - fixed_sum) / ahead
    if needed <= 0.0:
        return 1.0
    second = 0.0
    for place in range(1, ahead + 1):
        # sum over i, j of exp(s^2 min(t_i, t_j)): time k is the smaller of 2(m - k) + 1 pairs
        growth = math.exp(relative * relative * (tau1 + place - 1.0))
        second += growth * (2 * (ahead - place) + 1)
    variance = math.log(second / (ahead * ahead))
    return normal_cdf((math.log(spot / needed) - 0.5 * variance) / math.sqrt(variance))
