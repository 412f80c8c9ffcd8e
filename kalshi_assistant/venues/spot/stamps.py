"""Stamps of spot venues that are not milliseconds; no book hangs on one, so none raises."""

from typing import Final

from kalshi_assistant.domain.time import DAY, MICROSECOND, Nanos, TimeError, parse_iso

YEAR_2100: Final = 47_482 * DAY
"""A later stamp is none; it would also not fit 64 bits for long."""


def iso_stamp(text: str) -> Nanos | None:
    """``2026-09-21T14:00:00.120Z``; digits beyond the microsecond are cut."""
    try:
        return nanos_stamp(parse_iso(text))
    except (TimeError, OverflowError):
        return None


def micros_stamp(micros: int) -> Nanos | None:
    """Epoch microseconds."""
    return nanos_stamp(micros * MICROSECOND)


def nanos_stamp(nanos: int) -> Nanos | None:
    """Epoch nanoseconds."""
    return Nanos(nanos) if 0 <= nanos < YEAR_2100 else None
