"""Quarter hours as instants, days as New York counts them.

A window is 900 seconds of running time between two multiples of 900 epoch seconds. New York's
clock is always whole hours from UTC, so these are its quarter hours on every day, also on the two
days a year that have 23 or 25 hours: there windows keep their length and their order, and only
their *names* skip or repeat. So nothing here reads or writes a ticker.

Where a market is listed, its own ``open_time`` and ``close_time`` count. This file says what
should be there, which day it is, and when the venue rests.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Final

import msgspec

from kalshi_assistant.domain.time import MINUTE, NEW_YORK, Nanos, as_datetime, from_seconds

QUARTER_HOUR: Final = 15 * MINUTE


class Window(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """The time from ``open_time`` up to, and without, ``close_time``."""

    open_time: Nanos
    close_time: Nanos

    def contains(self, now: Nanos) -> bool:
        """Whether ``now`` lies inside: the open does, the close does not."""
        return self.open_time <= now < self.close_time

    def overlaps(self, other: "Window") -> bool:
        """Whether the two share an instant."""
        return self.open_time < other.close_time and other.open_time < self.close_time

    def left(self, now: Nanos) -> int:
        """Nanoseconds until the close; 0 from the close on."""
        return max(0, self.close_time - now)


def window_at(now: Nanos) -> Window:
    """The quarter hour that contains ``now``."""
    opens = now // QUARTER_HOUR * QUARTER_HOUR
    return Window(Nanos(opens), Nanos(opens + QUARTER_HOUR))


def window_after(window: Window) -> Window:
    """The quarter hour that opens when ``window`` closes."""
    return Window(window.close_time, Nanos(window.close_time + QUARTER_HOUR))


def windows_until(now: Nanos, end: Nanos) -> Iterator[Window]:
    """The quarter hours that share an instant with [now, end), the earliest first."""
    window = window_at(now)
    while window.open_time < end:
        yield window
        window = window_after(window)


# --- days ---


def day_of(now: Nanos) -> date:
    """The day ``now`` belongs to: New York's."""
    return as_datetime(now, NEW_YORK).date()


def day_span(day: date) -> Window:
    """New York's midnight to its next: 23, 24 or 25 hours."""
    return Window(_hour_of(day, 0), _hour_of(day + timedelta(days=1), 0))


def name_repeats(close_time: Nanos) -> bool:
    """Whether another window closes at the same time on New York's clock, in the two hours around
    its going back in autumn, and so has the same ticker: venue, ledger and orders name by it.
    """
    local = as_datetime(close_time, NEW_YORK)
    return local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()


def zone_offset(second: int) -> int:
    """New York's distance from UTC at an epoch second, in seconds (negative: behind)."""
    offset = as_datetime(from_seconds(second), NEW_YORK).utcoffset()
    assert offset is not None
    return int(offset.total_seconds())


def _hour_of(day: date, hour: int) -> Nanos:
    moment = datetime(day.year, day.month, day.day, hour, tzinfo=NEW_YORK)
    return from_seconds(int(moment.timestamp()))


# --- the weekly rest ---


class WeeklyRest(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Hours of one weekday (0 is Monday) in New York's time."""

    weekday: int
    start_hour: int
    end_hour: int


MAINTENANCE: Final = WeeklyRest(weekday=3, start_hour=3, end_hour=5)
"""Thursday 03:00-05:00: no orders, windows may be missing. Source: the venue's own schedule text;
the windows it publishes (``MaintenanceScheduled``) and its status go before this.
"""


def rest_at(now: Nanos, rest: WeeklyRest = MAINTENANCE) -> Window | None:
    """The weekly rest that contains ``now``, if one does."""
    found = next_rest(now, rest)
    return found if found.contains(now) else None


def next_rest(now: Nanos, rest: WeeklyRest = MAINTENANCE) -> Window:
    """The weekly rest that contains ``now``, else the next to come."""
    day = day_of(now)
    day += timedelta(days=(rest.weekday - day.weekday()) % 7)
    found = _rest_on(day, rest)
    return found if now < found.close_time else _rest_on(day + timedelta(days=7), rest)


def _rest_on(day: date, rest: WeeklyRest) -> Window:
    return Window(_hour_of(day, rest.start_hour), _hour_of(day, rest.end_hour))
