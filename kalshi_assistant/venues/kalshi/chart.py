"""Points of the venue's public chart as facts about the index: each stamp once, ascending.

A point on a whole second is a print, any other a tick. The chart promises no rounding: a point with
more than two decimals is rounded half up to cents, so a print of it can be a cent off the
publisher's, and its source says that it is from the chart.

Known limitation: a stamp that is filled in later than a newer one was seen is passed over.
"""

from collections.abc import Sequence
from typing import Final

from kalshi_assistant.domain.events import (
    Event,
    IndexHistoryLoaded,
    IndexPrinted,
    IndexTicked,
    Malformed,
)
from kalshi_assistant.domain.time import SECOND, Nanos, whole_second
from kalshi_assistant.domain.units import IndexValue
from kalshi_assistant.venues.kalshi import texts
from kalshi_assistant.venues.kalshi.answers.index import LivePoint
from kalshi_assistant.venues.kalshi.answers.reading import malformed
from kalshi_assistant.venues.kalshi.texts import NonsenseError

FRESH: Final = 5 * SECOND
"""New points that are so much older than the newest come as history: what was missed is not news,
and of it only prints are worth anything.
"""
AHEAD_MAX: Final = 60 * SECOND
"""A point stamped so much later than now is damage: it would make all that follow look old."""


class Chart:
    """What was seen of the index ``index`` on the charts of its events."""

    def __init__(self, index: str) -> None:
        self._index = index
        self._newest = Nanos(0)

    def take(self, points: Sequence[LivePoint], received_at: Nanos) -> tuple[Event, ...]:
        """What is new among ``points``; of those that make no sense the first is told."""
        values: dict[Nanos, IndexValue] = {}
        bad: list[Malformed] = []
        for point in points:
            if point.at <= self._newest or point.at in values:
                continue
            try:
                values[point.at] = _value(point, received_at)
            except NonsenseError as error:
                bad.append(malformed("chart", str(error), received_at))
        return *self._tell(values, received_at), *bad[:1]

    def _tell(self, values: dict[Nanos, IndexValue], received_at: Nanos) -> list[Event]:
        if not values:
            return []
        self._newest = max(values)
        old = self._newest - FRESH
        index, stamps = self._index, sorted(values)
        past = tuple(
            (whole_second(at), values[at]) for at in stamps if at < old and at % SECOND == 0
        )
        events: list[Event] = []
        if past:
            events.append(IndexHistoryLoaded(received_at, received_at, index, "kalshi_chart", past))
        for at in stamps:
            if at >= old:
                kind = IndexTicked if at % SECOND else IndexPrinted
                events.append(kind(at, received_at, index, values[at], "kalshi_chart"))
        return events


def _value(point: LivePoint, received_at: Nanos) -> IndexValue:
    """Raises NonsenseError."""
    if point.at > received_at + AHEAD_MAX:
        raise NonsenseError(f"a point {(point.at - received_at) // SECOND} s ahead of our clock")
    return texts.rounded_index_number(point.value)
