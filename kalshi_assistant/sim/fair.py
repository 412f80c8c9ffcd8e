"""What a market is worth, as those who trade in it can know it: late, and from the index alone.

An independent twin of the assistant's own number, in plain Python and in dollars.
"""

import math
from collections import deque
from typing import Final

from kalshi_assistant.domain.time import SECOND
from kalshi_assistant.domain.units import INDEX_SCALE
from kalshi_assistant.sim.index_path import STEP, Path

WINDOW_SECONDS: Final = 60
MEMORY: Final = 16
"""Steps of the index that are remembered: more than the slowest trader is late."""


def fair_probability(
    spot: float, least_mean: float, sigma: float, first_in: float, left: int
) -> float:
    """P(the mean of the ``left`` prints to come is at least ``least_mean``), Gaussian.

    Dollars, and dollars per square root of a second; the prints come one a second, the first in
    ``first_in`` seconds. In squared sigmas their mean has the variance
    ``first_in + (left + 1) (2 left + 1) / (6 left) - 1``.
    """
    variance = first_in + (left + 1) * (2 * left + 1) / (6 * left) - 1
    sd = sigma * math.sqrt(max(variance, 1e-9))
    return 0.5 * math.erfc((least_mean - spot) / (sd * math.sqrt(2)))


class FairValue:
    """The probability that one window ends at or above its strike, followed step by step."""

    def __init__(self, path: Path, strike: int, close_time: int, now: int) -> None:
        """``strike`` in cents: traders work it out themselves, published or not."""
        self.now = now
        """The instant from which ``ago`` looks back."""
        self._path = path
        self._close = close_time // SECOND
        # The mean is rounded half up, so half a cent below the strike is enough.
        self._least_sum = WINDOW_SECONDS * (strike - 0.5) / INDEX_SCALE
        self._known_until = self._close - WINDOW_SECONDS
        """The first second of the window whose print is not yet known."""
        self._known_sum = 0.0
        self._last_step = now // STEP
        self._values = deque([self._value(self._last_step * STEP)] * MEMORY, MEMORY)

    def look(self, at: int) -> None:
        """Take in the index value stamped ``at``, the next on its grid."""
        self._values.append(self._value(at))
        self._last_step = at // STEP

    def ago(self, lag: int) -> float:
        """The probability as of the index value of ``lag`` nanoseconds before ``now``."""
        steps = self._last_step - (self.now - lag) // STEP
        return self._values[-1 - min(max(steps, 0), MEMORY - 1)]

    def _value(self, at: int) -> float:
        path = self._path
        self._learn(at // SECOND)
        left = self._close - self._known_until
        if left == 0:
            return 1.0 if self._known_sum >= self._least_sum else 0.0
        return fair_probability(
            path.value(at) / INDEX_SCALE,
            (self._least_sum - self._known_sum) / left,
            path.sigma(at),
            self._known_until - at / SECOND,
            left,
        )

    def _learn(self, second: int) -> None:
        """Add the prints of the window up to ``second``."""
        while self._known_until <= min(second, self._close - 1):
            self._known_sum += self._path.value(self._known_until * SECOND) / INDEX_SCALE
            self._known_until += 1
