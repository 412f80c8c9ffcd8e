"""The index as the venue's readers get it: five values a second, averages beside the whole seconds,
and sometimes a hole.

A value in a hole reaches nobody, neither on the feed nor as history. The venue itself settles on
the whole path: holes are between the publisher's readers and the publisher.
"""

from collections import deque
from typing import Final

from kalshi_assistant.domain.events import Event, IndexPrinted, IndexTicked
from kalshi_assistant.domain.ids import BRTI
from kalshi_assistant.domain.time import MINUTE, SECOND, Nanos
from kalshi_assistant.domain.units import IndexValue
from kalshi_assistant.quant.rng import stream
from kalshi_assistant.sim.draws import Draws
from kalshi_assistant.sim.index_path import STEP, Path

HOLE_SECONDS_MAX: Final = 5
"""Holes are as long as one to so many seconds."""
_HOLE_STEPS_MEAN: Final = (1 + HOLE_SECONDS_MAX) / 2 * SECOND / STEP
_CENT_E8: Final = 1_000_000


class IndexFeed:
    """Publishes a path, step by step. ``missing`` is the share of values that fall into holes."""

    def __init__(self, path: Path, seed: int, missing: float, now: Nanos) -> None:
        self._path = path
        self._draws = Draws(stream(seed, "holes"))
        self._hole_begins = missing / (1 - missing) / _HOLE_STEPS_MEAN
        self._hole_until = 0
        self._lost: deque[Nanos] = deque()
        second = now // SECOND * SECOND
        before = range(second - MINUTE, second + 1, SECOND)
        self._minute = deque((Nanos(at), path.value(at)) for at in before)
        """Prints of the last minute that were published."""

    def tick(self, at: Nanos) -> list[Event]:
        """What is published at ``at``, an instant of the grid: nothing in a hole."""
        if self._falls_into_hole(at):
            self._lost.append(at)
            return []
        value = self._path.value(at)
        if at % SECOND:
            return [IndexTicked(at, at, BRTI, value, "kalshi_5hz")]
        average, count = self._average(at)
        self._minute.append((at, value))
        return [
            IndexPrinted(at, at, BRTI, value, "kalshi_1hz", average, count),
            IndexPrinted(at, at, BRTI, value, "kalshi_5hz"),
        ]

    def history(self, start: int, end: int) -> list[tuple[Nanos, IndexValue]]:
        """``(stamp, value)`` of what was published within [start, end]."""
        values = self._path.values(start, end)
        lost = set(self._lost)
        return [each for each in values if each[0] not in lost] if lost else values

    def forget(self, before: int) -> None:
        """Give up what was stamped before ``before``."""
        self._path.forget(before)
        while self._lost and self._lost[0] < before:
            self._lost.popleft()

    def _falls_into_hole(self, at: Nanos) -> bool:
        if at < self._hole_until:
            return True
        if not self._hole_begins or self._draws.uniform() >= self._hole_begins:
            return False
        seconds = 1 + int(self._draws.uniform() * HOLE_SECONDS_MAX)
        self._hole_until = at + seconds * SECOND
        return True

    def _average(self, at: Nanos) -> tuple[int | None, int]:
        """Mean of the prints published within [at - 60 s, at) in 1e-8 dollar, and their number."""
        minute = self._minute
        while minute and minute[0][0] < at - MINUTE:
            minute.popleft()
        count = len(minute)
        if not count:
            return None, 0
        total = sum(value for _, value in minute) * _CENT_E8
        return (2 * total + count) // (2 * count), count
