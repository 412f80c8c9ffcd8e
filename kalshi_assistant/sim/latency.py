"""How long an order is on its way: as measured, and before enough is measured a labelled default.

What is measured is the whole way from the receipt of what made us act to the venue's answer. The
order meets the book somewhat earlier, so a draw errs on the late side.

**Invariant:** bounded; a draw is a function of what was recorded and of the uniform number given.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from math import exp
from statistics import NormalDist
from typing import Final

from kalshi_assistant.domain.ids import ClientOrderId
from kalshi_assistant.domain.time import MILLISECOND

KEEP: Final = 1_024
"""Measured delays remembered, the newest."""
LONGEST: Final = 60_000 * MILLISECOND
"""Anything longer was not a delay but a sleep, and is not recorded."""
_TAIL: Final = 1e-4
"""The default is cut here on both sides: a log-normal has no end, a line has."""
_NORMAL: Final = NormalDist()


class LatencyModel:
    """Delays in nanoseconds."""

    __slots__ = ("_known", "_least", "_median", "_samples", "_sorted", "_spread")

    def __init__(self, median: int, spread: float, least_samples: int) -> None:
        """The default has this ``median`` (ns) and ``spread``, the deviation of its logarithm; from
        ``least_samples`` measured delays on these are drawn from instead.
        """
        self._median, self._spread, self._least = median, spread, least_samples
        self._samples: deque[int] = deque(maxlen=KEEP)
        self._sorted: list[int] | None = None
        self._known: Mapping[ClientOrderId, int] = {}

    @classmethod
    def recorded(
        cls, delays: Iterable[int], by_order: Mapping[ClientOrderId, int]
    ) -> "LatencyModel":
        """As it was: orders that are known take what they took, others are drawn from ``delays``
        (ns), of which there is at least one.
        """
        made = cls(0, 0.0, 1)
        for delay in delays:
            made.record(delay)
        made._known = by_order  # of our own class
        return made

    @property
    def measured(self) -> bool:
        """Whether draws come from measured delays."""
        return len(self._samples) >= self._least

    @property
    def label(self) -> str:
        """Where a draw comes from, for people."""
        count = len(self._samples)
        if self.measured:
            middle = self.quantile(0.5) / MILLISECOND
            return f"measured: {count} orders, median {middle:.0f} ms"
        shape = f"{self._median / MILLISECOND:.0f} ms, spread {self._spread:g}"
        return f"assumed: median {shape} ({count} of {self._least} orders measured)"

    @property
    def samples(self) -> tuple[int, ...]:
        """The delays remembered, oldest first: what another process may start from."""
        return tuple(self._samples)

    def record(self, delay: int) -> None:
        """Remember a measured delay; what cannot be one is left out."""
        if 0 < delay <= LONGEST:
            self._samples.append(delay)
            self._sorted = None

    def draw(self, uniform: float) -> int:
        """The delay of one order; ``uniform`` is in [0, 1)."""
        return self.quantile(uniform)

    def of(self, order_id: ClientOrderId, uniform: float) -> int:
        """The delay of this order, where that is known; else as drawn."""
        return self._known.get(order_id, self.draw(uniform))

    def quantile(self, part: float) -> int:
        """The delay below which this part of them lies."""
        if not self.measured:
            z = _NORMAL.inv_cdf(min(max(part, _TAIL), 1 - _TAIL))
            return int(self._median * exp(self._spread * z))
        if self._sorted is None:
            self._sorted = sorted(self._samples)
        place = min(max(part, 0.0), 1.0) * (len(self._sorted) - 1)
        low = int(place)
        high = min(low + 1, len(self._sorted) - 1)
        below, above = self._sorted[low], self._sorted[high]
        return int(below + (above - below) * (place - low))
