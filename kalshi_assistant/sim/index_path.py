"""The index that is not there: five values a second, with volatility that clusters and jumps.

**Invariants:**

- The values depend on the seed and on the first instant, never on who asks for what, or when: they
  are drawn in chunks of fixed length.
- A value is a whole number of cents; the value stamped on a whole second is the settling print.
- Memory is flat: what was forgotten is gone, what lies ahead is drawn when first asked for.

The logarithm of volatility is a constant plus two mean-reverting walks, one of half an hour (the
time of day) and one of most of a minute (a burst). Jumps come about every ten minutes, have a heavy
spread, and leave the burst excited.

Known limitation: no seasons of the day or the week, and none of the smoothing of the real index.
"""

import math
from array import array
from typing import Final, Protocol

import numpy as np

from kalshi_assistant.domain.time import SECOND, Nanos
from kalshi_assistant.domain.units import INDEX_SCALE, IndexValue
from kalshi_assistant.quant.rng import stream

STEP: Final = SECOND // 5
"""The grid of stamps."""
CHUNK: Final = 1_500
"""Values drawn at once: five minutes."""

DAY_SECONDS: Final = 1_800.0
DAY_SPREAD: Final = 0.35
BURST_SECONDS: Final = 45.0
BURST_SPREAD: Final = 0.45
"""Memory and standard deviation of the two parts of the logarithm of volatility."""

JUMPS_PER_SECOND: Final = 1 / 600
JUMP_SIGMAS: Final = 8.0
"""Standard deviation of a jump, in moves of one second."""
JUMP_EXCITES: Final = 0.5
"""What a jump adds to the logarithm of volatility."""
MEDIAN_HOUR: Final = 1.51
"""What walks and jumps together make of a constant volatility in a median hour, as measured."""


class Path(Protocol):
    """An index on the grid that can be read and forgotten."""

    def value(self, at: int) -> IndexValue:
        """The value of the last grid instant up to ``at``. Raises ValueError when forgotten."""

    def sigma(self, at: int) -> float:
        """Volatility at ``at``, in dollars per square root of a second."""

    def values(self, start: int, end: int) -> list[tuple[Nanos, IndexValue]]:
        """``(stamp, value)`` of the grid within [start, end], without what is forgotten."""

    def forget(self, before: int) -> None:
        """Give up the values stamped before ``before``."""


class IndexPath:
    """Values on the grid from ``first`` on (rounded down to the grid), until they are forgotten.

    ``sigma_bp`` is the standard deviation of one-second moves in a median hour, in basis points.
    """

    def __init__(self, seed: int, first: Nanos, start_dollars: float, sigma_bp: float) -> None:
        self._rng = stream(seed, "index")
        self._first = first // STEP
        self._cents = array("q")
        self._sigmas = array("d")
        self._log_price = math.log(start_dollars)
        self._log_sigma = math.log(sigma_bp / MEDIAN_HOUR / 10_000)
        self._day = self._burst = 0.0

    def __len__(self) -> int:
        """How many values are in memory."""
        return len(self._cents)

    def value(self, at: int) -> IndexValue:
        """The value of the last grid instant up to ``at``. Raises ValueError when forgotten."""
        return IndexValue(self._cents[self._place(at)])

    def sigma(self, at: int) -> float:
        """Volatility at ``at``, in dollars per square root of a second. Nobody outside knows it."""
        place = self._place(at)
        return self._sigmas[place] * self._cents[place] / INDEX_SCALE

    def values(self, start: int, end: int) -> list[tuple[Nanos, IndexValue]]:
        """``(stamp, value)`` of the grid within [start, end], without what is forgotten."""
        low = max(-(-start // STEP), self._first)
        if end // STEP < low:
            return []
        cents = self._cents[low - self._first : self._place(end) + 1]
        return [
            (Nanos(stamp * STEP), IndexValue(value)) for stamp, value in enumerate(cents, start=low)
        ]

    def forget(self, before: int) -> None:
        """Give up the values stamped before ``before``."""
        surplus = min(before // STEP - self._first, len(self._cents))
        if surplus > 0:
            del self._cents[:surplus]
            del self._sigmas[:surplus]
            self._first += surplus

    def _place(self, at: int) -> int:
        place = at // STEP - self._first
        if place < 0:
            raise ValueError("the index of that instant is forgotten")
        while place >= len(self._cents):
            self._draw()
        return place

    def _draw(self) -> None:
        """One more chunk."""
        rng, dt = self._rng, STEP / SECOND
        jumps = (rng.random(CHUNK) < JUMPS_PER_SECOND * dt).astype(float)
        sigmas = np.exp(self._log_sigma + np.array(self._log_volatility(jumps.tolist())))
        moves = rng.standard_normal(CHUNK) * math.sqrt(dt)
        moves += jumps * rng.standard_normal(CHUNK) * JUMP_SIGMAS
        path = self._log_price + np.cumsum(moves * sigmas)
        self._log_price = float(path[-1])
        self._cents.extend(np.rint(np.exp(path) * INDEX_SCALE).astype(np.int64).tolist())
        self._sigmas.extend(sigmas.tolist())

    def _log_volatility(self, jumps: list[float]) -> list[float]:
        """The two walks over one chunk, summed."""
        day_keeps, day_shocks = self._walk(DAY_SECONDS, DAY_SPREAD)
        burst_keeps, burst_shocks = self._walk(BURST_SECONDS, BURST_SPREAD)
        day, burst, logs = self._day, self._burst, []
        for day_shock, burst_shock, jump in zip(day_shocks, burst_shocks, jumps, strict=True):
            day = day * day_keeps + day_shock
            burst = burst * burst_keeps + burst_shock + jump * JUMP_EXCITES
            logs.append(day + burst)
        self._day, self._burst = day, burst
        return logs

    def _walk(self, memory_seconds: float, spread: float) -> tuple[float, list[float]]:
        """What a step keeps of a mean-reverting walk, and its shocks over one chunk."""
        keeps = math.exp(-STEP / SECOND / memory_seconds)
        shocks = self._rng.standard_normal(CHUNK) * spread * math.sqrt(1 - keeps * keeps)
        return keeps, shocks.tolist()
