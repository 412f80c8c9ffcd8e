"""Counts of delays in buckets that are 1/64 of their value wide: quantiles to 1.6 %, exact means.

**Invariant:** bounded. What is told covers the present stretch and the one before it, so that an
old spike is forgotten.
"""

from bisect import bisect_right
from itertools import accumulate
from typing import Final

_BITS: Final = 7
LONGEST: Final = 3_600_000_000_000
"""Nanoseconds: an hour. Longer ones count as that."""


class Histogram:
    """Delays in nanoseconds (or any counts) and their quantiles."""

    __slots__ = ("_before", "_now")

    def __init__(self) -> None:
        self._now, self._before = _Stretch(), _Stretch()

    def add(self, value: int) -> None:
        """Count one; negative ones count as nothing."""
        value = min(max(value, 0), LONGEST)
        shift = max(0, value.bit_length() - _BITS)
        bucket = (shift << (_BITS - 1)) + (value >> shift)
        now = self._now
        now.buckets[bucket] = now.buckets.get(bucket, 0) + 1
        now.count += 1
        now.total += value
        if value > now.worst:
            now.worst = value

    def turn(self) -> None:
        """Begin a new stretch; the one before the present one is forgotten."""
        self._now, self._before = _Stretch(), self._now

    @property
    def count(self) -> int:
        """How many were counted."""
        return self._now.count + self._before.count

    @property
    def mean(self) -> float | None:
        """Exact; ``None`` for nothing."""
        return (self._now.total + self._before.total) / self.count if self.count else None

    @property
    def worst(self) -> int | None:
        """The largest, exact; ``None`` for nothing."""
        return max(self._now.worst, self._before.worst) if self.count else None

    def quantiles(self, parts: tuple[float, ...]) -> tuple[float | None, ...]:
        """The values below which these parts (ascending) lie, each the middle of its bucket."""
        if not self.count:
            return (None,) * len(parts)
        merged = dict(self._before.buckets)
        for bucket, count in self._now.buckets.items():
            merged[bucket] = merged.get(bucket, 0) + count
        buckets = sorted(merged)
        passed = list(accumulate(map(merged.__getitem__, buckets)))
        ranks = (part * (self.count - 1) for part in parts)
        return tuple(_middle(buckets[bisect_right(passed, rank)]) for rank in ranks)


class _Stretch:
    __slots__ = ("buckets", "count", "total", "worst")

    def __init__(self) -> None:
        self.buckets: dict[int, int] = {}
        self.count = self.total = self.worst = 0


def _middle(bucket: int) -> float:
    """The middle of the values that share a bucket."""
    half = 1 << (_BITS - 1)
    shift = max(0, bucket // half - 1)
    return float((bucket - shift * half) << shift) + ((1 << shift) - 1) / 2
