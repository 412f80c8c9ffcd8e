"""The index that is not there: five values a second, with volatility that clusters and jumps.

Log-volatility is a mean-reverting walk around half a basis point per square root of a second, the
median the field reports; jumps of some ten such sigmas come every ten minutes or so. The path
depends on the seed and on how far it was drawn, never on how far at once.
"""

import math
from typing import Final

import numpy as np

from kalshi_assistant.domain.time import SECOND, Nanos
from kalshi_assistant.domain.units import INDEX_SCALE, IndexValue
from kalshi_assistant.quant.rng import stream

STEP: Final = SECOND // 5
CHUNK: Final = 1_500
"""Values drawn at once: five minutes."""
START_VALUE: Final = 91_250.0
"""Dollars."""
MEDIAN_SIGMA: Final = 0.57e-4
"""Relative, per square root of a second. Source: second-by-second records of the index, 2025-26."""
REVERSION_SECONDS: Final = 1_800.0
LOG_SPREAD: Final = 0.45
"""Standard deviation of the logarithm of sigma."""
JUMPS_PER_SECOND: Final = 1 / 600
JUMP_SIGMAS: Final = 10.0
KEPT: Final = 4 * 3_600 * 5
"""Values remembered: four hours."""


class IndexPath:
    """Values on the grid of 200 ms from ``start`` on; older ones are forgotten."""

    def __init__(self, seed: int, start: Nanos) -> None:
        """``start`` is rounded down to the grid."""
        self._rng = stream(seed, "index")
        self._first = start // STEP
        self._cents: list[int] = []
        self._sigmas: list[float] = []
        self._log_price = math.log(START_VALUE)
        self._log_sigma = math.log(MEDIAN_SIGMA)

    def value(self, at: Nanos) -> IndexValue:
        """The value stamped ``at``, which lies on the grid and is not forgotten."""
        return IndexValue(self._cents[self._place(at)])

    def sigma(self, at: Nanos) -> float:
        """Dollars per square root of a second, as only the makers know it."""
        place = self._place(at)
        return self._sigmas[place] * self._cents[place] / INDEX_SCALE

    def values(self, start: Nanos, end: Nanos) -> list[tuple[Nanos, IndexValue]]:
        """(stamp, value) of the grid within [start, end], as far as remembered and drawn."""
        low = max(-(-start // STEP) - self._first, 0)
        high = min(end // STEP - self._first + 1, len(self._cents))
        return [
            (Nanos((self._first + place) * STEP), IndexValue(self._cents[place]))
            for place in range(low, high)
        ]

    def forget(self) -> None:
        """Drop what is older than is kept."""
        surplus = len(self._cents) - KEPT
        if surplus > CHUNK:
            del self._cents[:surplus]
            del self._sigmas[:surplus]
            self._first += surplus

    def _place(self, at: Nanos) -> int:
        place = at // STEP - self._first
        if place < 0:
            raise ValueError("that long ago is forgotten")
        while place >= len(self._cents):
            self._draw()
        return place

    def _draw(self) -> None:
        """One more chunk, vectors at a time."""
        rng, dt = self._rng, STEP / SECOND
        keep = math.exp(-dt / REVERSION_SECONDS)
        shocks = rng.standard_normal(CHUNK) * LOG_SPREAD * math.sqrt(1 - keep * keep)
        logs = np.empty(CHUNK)
        level, home = self._log_sigma, math.log(MEDIAN_SIGMA)
        for step in range(CHUNK):
            level = home + keep * (level - home) + shocks[step]
            logs[step] = level
        sigmas = np.exp(logs)
        moves = rng.standard_normal(CHUNK) * sigmas * math.sqrt(dt)
        jumps = rng.random(CHUNK) < JUMPS_PER_SECOND * dt
        moves += jumps * rng.standard_normal(CHUNK) * sigmas * JUMP_SIGMAS
        path = self._log_price + np.cumsum(moves)
        self._log_sigma, self._log_price = level, float(path[-1])
        self._cents += np.rint(np.exp(path) * INDEX_SCALE).astype(int).tolist()
        self._sigmas += sigmas.tolist()
