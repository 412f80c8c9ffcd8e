"""The index from its publisher, and the public chart of an event."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

import msgspec

from kalshi_assistant.domain.events import Event, IndexHistoryLoaded, Malformed
from kalshi_assistant.domain.time import Nanos, from_millis
from kalshi_assistant.domain.units import IndexValue
from kalshi_assistant.venues.kalshi import texts
from kalshi_assistant.venues.kalshi.answers.reading import Body, flat, malformed, tried
from kalshi_assistant.venues.kalshi.schema import Millis
from kalshi_assistant.venues.kalshi.texts import NONSENSE, NonsenseError

_MILLIS_IN_SECOND: Final = 1_000


class _Row(Body, frozen=True, gc=False):
    time: Millis
    value: str


class _Rows(Body, frozen=True, gc=False):
    payload: list[_Row] | None = None
    error: str | None = None


class _IndexAnswer(Body, frozen=True, gc=False):
    data: _Rows


def parse_index_values(body: bytes, received_at: Nanos, index: str) -> tuple[Event, ...]:
    """The prints among the values: those on a whole second, ascending. For both index reads."""

    def read() -> tuple[Event, ...]:
        data = msgspec.json.decode(body, type=_IndexAnswer).data
        if data.payload is None:
            raise NonsenseError(data.error or "no payload")
        return _history(data.payload, received_at, index)

    return flat(tried(read, "index values", received_at))


def _history(rows: Sequence[_Row], received_at: Nanos, index: str) -> tuple[Event, ...]:
    """A row that makes no sense leaves a hole, and is told."""
    prints: dict[int, IndexValue] = {}
    bad: list[Event] = []
    for row in rows:
        second, between = divmod(row.time, _MILLIS_IN_SECOND)
        if between or second in prints:
            continue
        try:
            prints[second] = texts.index_value(row.value)
        except NONSENSE as error:
            bad.append(malformed("index values", str(error), received_at))
    known = tuple(sorted(prints.items()))
    loaded = IndexHistoryLoaded(received_at, received_at, index, "kalshi_rest", known)
    return loaded, *bad[:1]


class LivePoint(Body, frozen=True, gc=False):
    """A point of the public chart, in dollars; how it is rounded the venue does not say."""

    at: Nanos
    value: Decimal


class _Point(Body, frozen=True, gc=False):
    t: Millis
    v: Decimal


class _Details(Body, frozen=True, gc=False):
    timeseries: list[_Point]


class _LiveData(Body, frozen=True, gc=False):
    details: _Details


class _LiveAnswer(Body, frozen=True, gc=False):
    live_data: _LiveData


def parse_live_data(body: bytes, received_at: Nanos) -> tuple[LivePoint, ...] | Malformed:
    """The chart of an event, as listed."""

    def read() -> tuple[LivePoint, ...]:
        points = msgspec.json.decode(body, type=_LiveAnswer).live_data.details.timeseries
        if any(not (each.v.is_finite() and each.v > 0) for each in points):
            raise NonsenseError("a point of the chart that is not a price")
        return tuple(LivePoint(from_millis(each.t), each.v) for each in points)

    return tried(read, "live data", received_at)
