"""Instants and spans as integers of one nanosecond; no clock lives here.

``at`` on an event is the source's stamp, ``received_at`` ours; order is by receipt.
"""

from datetime import UTC, datetime, timedelta
from typing import Final, NewType
from zoneinfo import ZoneInfo

Nanos = NewType("Nanos", int)

MICROSECOND: Final = 1_000
MILLISECOND: Final = 1_000_000
SECOND: Final = 1_000_000_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR

NEW_YORK: Final = ZoneInfo("America/New_York")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class TimeError(ValueError):
    """A text that is not an instant."""


def from_millis(millis: int) -> Nanos:
    """A venue stamp in milliseconds as an instant."""
    return Nanos(millis * MILLISECOND)


def from_seconds(seconds: int) -> Nanos:
    """Whole epoch seconds as an instant."""
    return Nanos(seconds * SECOND)


def whole_second(instant: int) -> int:
    """The epoch second that contains ``instant``."""
    return instant // SECOND


def parse_iso(text: str) -> Nanos:
    """``"2026-11-21T17:00:00.5Z"`` as an instant, to the microsecond. Raises TimeError."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise TimeError(f"not an ISO 8601 time: {text[:40]!r}") from error
    if moment.tzinfo is None:
        raise TimeError(f"a time without a zone: {text[:40]!r}")
    return Nanos((moment - _EPOCH) // timedelta(microseconds=1) * MICROSECOND)


def format_iso(instant: int) -> str:
    """An instant as ISO 8601 UTC with ``Z``, with milliseconds only where there are any."""
    moment = _EPOCH + timedelta(microseconds=instant // MICROSECOND)
    precision = "seconds" if instant % SECOND < MILLISECOND else "milliseconds"
    return moment.isoformat(timespec=precision).removesuffix("+00:00") + "Z"


def as_datetime(instant: int, zone: ZoneInfo | None = None) -> datetime:
    """An instant as an aware datetime, in UTC or in ``zone``."""
    moment = _EPOCH + timedelta(microseconds=instant // MICROSECOND)
    return moment if zone is None else moment.astimezone(zone)
