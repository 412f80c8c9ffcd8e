"""Does a kind of signal earn anything? A test to be looked at every day, and how long it takes.

What is tested is the mean profit of a contract over settled windows. Windows of one day may depend
on one another in any way (a trend makes all of them win), days may not, so the unit is a day: its
sum of profits. Days are New York's: they end in the quietest hours, and are those of the account.

For a mean ``m`` somebody starts with a dollar and bets every day that the mean is above ``m``: with
``n`` windows that day, and ``x`` the profit of a contract in each,

    wealth *= 1 + stake * (sum(x) - m * n) / (most * (1 + m))

Where the mean is ``m`` or less these bets are fair or worse whatever the day did, so the chance of
*ever* having ``1 / SURE`` dollars is at most ``SURE`` (Ville's inequality), however often and
whenever one looks. The means at which neither this bettor nor the one on the other side has won so
much are a confidence sequence (Waudby-Smith and Ramdas, "Estimating means of bounded random
variables by betting", JRSS B 86, 2024, sections 3 and 4; the mixture over stakes is after
Robbins, 1970).

**Invariants:** a contract loses at most a dollar and wins at most a dollar. ``most`` is fixed
before the day begins, from the days before it, and no more than ``most`` windows of a day are
counted, its first ones: so no day can lose more than the stake. The bets are on the *sum* of a day
and not on its mean, for a day that ends early after losses has a mean that says too little.

Known limitation: the promise is about the days that were seen. An edge that was there and is gone
stays "promising" until the losses refute it.
"""

import math
from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Verdict = Literal["no evidence", "promising", "refuted"]

SURE: Final = 0.025
"""Chance that the true mean is ever below the interval; as large again above it: 95 % in all."""
POWER: Final = 0.8
"""Chance that the planned number of windows is enough where the planned edge is there."""
PLANNED_EDGE: Final = 0.02
"""Dollars per contract: the edge a verdict is planned for."""
LEAST_MOST: Final = 8
"""At least so many windows of a day are counted."""
BACK_DAYS: Final = 14
"""``most`` is the largest count of this many days before."""
STAKES: Final = tuple(0.9 * 0.5**power for power in range(6))
"""Shares of the wealth that a day may lose. Large ones find large edges soon, small ones find
small edges at all.
"""
WEIGHTS: Final = tuple(0.5 ** (power + 1) / (1 - 0.5**6) for power in range(6))
"""What part of the first dollar goes on each stake; they add up to one."""
LARGEST_VARIANCE: Final = 0.25
"""Of what a contract pays, dollars squared: that of a fair coin."""
ENOUGH_DAYS: Final = 20
"""From so many days on their own variance is used for planning."""

_Z_POWER: Final = 0.8416212335729143
"""The normal's quantile of ``POWER``."""
_MEANS: Final = 0.999
_HALVINGS: Final = 24
_LARGEST_PLAN: Final = 10_000_000
_NEARLY_RUINED: Final = 1e-12


class Days(NamedTuple):
    """Days one after another along the last axis; axes before it are other histories."""

    windows: Ints
    """Counted on each day, at most ``most``."""
    totals: Floats
    """Sum of the profit per contract in them, dollars."""
    most: Ints
    """How many could have been counted."""


class Finding(NamedTuple):
    """What the days say; dollars per contract."""

    verdict: Verdict
    days: int
    windows: int
    mean: float | None
    """``None`` before the first window."""
    low: float
    high: float
    """The mean is between them, with 95 % for all days at once."""
    needed: int
    """About so many windows a verdict takes where the edge is the planned one."""


def most_counted(before: Sequence[int]) -> int:
    """How many windows of a day are counted, by the numbers of the days before, the newest last."""
    return max([LEAST_MOST, *before[-BACK_DAYS:]])


def gathered(windows: Sequence[int], totals: Sequence[float], most: Sequence[int]) -> Days:
    """The days of one history."""
    return Days(
        np.asarray(windows, dtype=np.int64),
        np.asarray(totals, dtype=np.float64),
        np.asarray(most, dtype=np.int64),
    )


def log_wealth(days: Days, mean: float, side: Literal[1, -1] = 1) -> Floats:
    """Log of the wealth after each day of who bets that the mean is above ``mean`` (``side`` 1) or
    below it (-1); ``mean`` in (-1, 1).
    """
    beyond = side * (days.totals - mean * days.windows)
    share = beyond / (days.most * (1.0 + side * mean))
    stakes = np.reshape(STAKES, (-1,) + (1,) * share.ndim)
    firsts = np.log(np.reshape(WEIGHTS, (-1,) + (1,) * share.ndim))
    # a loss of more than a dollar a contract (rounded fees of a tiny fill) ends the bet
    grown = np.log1p(np.maximum(stakes * share, _NEARLY_RUINED - 1.0))
    wealth: Floats = np.logaddexp.reduce(firsts + np.cumsum(grown, axis=-1), axis=0)
    return wealth


def _has_won(days: Days, mean: float, side: Literal[1, -1], tests: int = 1) -> bool:
    return bool(log_wealth(days, mean, side).max() >= math.log(tests / SURE))


def bounds(days: Days, tests: int = 1) -> tuple[float, float]:
    """The confidence sequence after the last day: low and high mean, within -1 and 1.

    Wealth falls as the mean that is tested rises, on every day, so there is one border. ``tests``:
    how many histories are judged; the chance of a mistake in any of them is that of one (each
    bettor has to win as many times more, Bonferroni).
    """
    if days.windows.size == 0:
        return -1.0, 1.0
    return _border(days, 1, tests), -_border(days, -1, tests)


def _border(days: Days, side: Literal[1, -1], tests: int) -> float:
    """The highest mean (times ``side``) that the bettor of this side has won against."""
    low, high = -1.0, _MEANS
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        if _has_won(days, side * middle, side, tests):
            low = middle
        else:
            high = middle
    return low


def windows_needed(edge: float, variance: float, most: int, tests: int = 1) -> int:
    """After how many windows a true ``edge`` (dollars per contract) is called promising with a
    chance of ``POWER`` or more.

    ``variance``: of a day's sum, per window; ``tests`` as in ``bounds``. By the normal
    approximation: the wealth that belongs to the sum exceeded with ``POWER``, all the days before
    it left out, so it is rather too many.
    """
    assert edge > 0.0, "there is no plan for finding nothing"
    assert variance > 0.0, "without variance there is nothing to wait for"

    def enough(windows: float) -> bool:
        total = edge * windows - _Z_POWER * math.sqrt(variance * windows)
        return _expected_log_wealth(total, variance * windows, most) >= math.log(tests / SURE)

    high = 1.0
    while not enough(high) and high < _LARGEST_PLAN:
        high *= 2.0
    low = high / 2.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        low, high = (low, middle) if enough(middle) else (middle, high)
    return math.ceil(high)


def _expected_log_wealth(total: float, square: float, most: int) -> float:
    """Log wealth at mean 0 of a sum with a sum of squares; log(1 + y) as y - y^2 / 2."""
    logs = [
        math.log(weight) + stake / most * total - (stake / most) ** 2 * square / 2.0
        for stake, weight in zip(STAKES, WEIGHTS, strict=True)
    ]
    top = max(logs)
    return top + math.log(sum(math.exp(each - top) for each in logs))


def day_variance(days: Days) -> float:
    """Variance of the days' sums around their mean, per window; the largest of a single contract
    while there are few days.
    """
    windows = int(days.windows.sum())
    if days.windows.size < ENOUGH_DAYS or windows == 0:
        return LARGEST_VARIANCE
    mean = float(days.totals.sum()) / windows
    squares = float(np.square(days.totals - mean * days.windows).sum())
    return squares / windows or LARGEST_VARIANCE


def judge(days: Days, most: int, edge: float = PLANNED_EDGE, tests: int = 1) -> Finding:
    """The verdict on one history; ``most`` is that of the day now running, ``tests`` as in
    ``bounds``.

    Refuted: even the highest believable mean is a loss. Promising: even the lowest is a profit.
    """
    windows = int(days.windows.sum())
    low, high = bounds(days, tests)
    verdict: Verdict = "no evidence"
    if high < 0.0:
        verdict = "refuted"
    elif low > 0.0:
        verdict = "promising"
    return Finding(
        verdict=verdict,
        days=int(np.count_nonzero(days.windows)),
        windows=windows,
        mean=float(days.totals.sum()) / windows if windows else None,
        low=low,
        high=high,
        needed=windows_needed(edge, day_variance(days), most, tests),
    )
