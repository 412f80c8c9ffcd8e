"""What the venue does to one window, and when; how it names the market.

**Invariant:** a window's timetable depends on the seed, the settings and its open and on nothing
else, and a setting that is switched on moves nothing but its own fault.

The spans are those seen after the closes of September 2026.
"""

from dataclasses import dataclass
from typing import Final

from kalshi_assistant.domain.contract import Contract, FeeTerms, PriceRange
from kalshi_assistant.domain.ids import Ticker
from kalshi_assistant.domain.time import (
    HOUR,
    MICROSECOND,
    NEW_YORK,
    SECOND,
    Nanos,
    as_datetime,
)
from kalshi_assistant.domain.units import Price
from kalshi_assistant.market.calendar import QUARTER_HOUR
from kalshi_assistant.quant.rng import stream
from kalshi_assistant.sim import listing
from kalshi_assistant.sim.settings import ExchangeSettings

ROUND_DIGITS: Final = 2
FEES: Final = FeeTerms("quadratic", 70_000, 0)
"""Makers pay nothing. Source: the series as read between July and October 2026."""
TAPERED: Final = (
    PriceRange(Price(0), Price(1_000), Price(10)),
    PriceRange(Price(1_000), Price(9_000), Price(100)),
    PriceRange(Price(9_000), Price(10_000), Price(10)),
)
"""A tenth of a cent near 0 and 1 dollar, a cent between."""

Spread = tuple[float, float]
STRIKE_AFTER_OPEN: Final[Spread] = (0.5, 0.7)
QUOTES_AFTER_OPEN: Final[Spread] = (0.05, 0.4)
CLEARED_AFTER_CLOSE: Final[Spread] = (0.02, 3.2)
DETERMINED_AFTER_CLOSE: Final[Spread] = (0.75, 1.35)
SETTLED_AFTER_CLOSE: Final[Spread] = (6.5, 8.2)
"""Seconds, each uniform between its two."""

BATCH_AT: Final = 97 * SECOND
"""How far into an hour the venue lists the markets of an hour ahead."""
_MONTHS: Final = (
    *("JAN", "FEB", "MAR", "APR", "MAY", "JUN"),
    *("JUL", "AUG", "SEP", "OCT", "NOV", "DEC"),
)


@dataclass(frozen=True, slots=True)
class Timetable:
    """The life of one window; ``None`` for what will not happen."""

    open_time: Nanos
    quotes_at: Nanos
    strike_at: Nanos | None
    halted_at: Nanos | None
    resumed_at: Nanos | None
    close_time: Nanos
    cleared_at: Nanos
    determined_at: Nanos
    settled_at: Nanos


def timetable(settings: ExchangeSettings, seed: int, open_time: Nanos) -> Timetable:
    """What will happen to the window that opens at ``open_time``."""
    # One stream, always drawn from in this order, so that no fault moves another.
    draw = stream(seed, f"timetable/{open_time // SECOND}").random

    def after(instant: int, spread: Spread) -> Nanos:
        low, high = spread
        return _later(instant, low + (high - low) * float(draw()))

    close_time = Nanos(open_time + QUARTER_HOUR)
    quotes_at, strike_at = after(open_time, QUOTES_AFTER_OPEN), after(open_time, STRIKE_AFTER_OPEN)
    cleared_at = after(close_time, CLEARED_AFTER_CLOSE)
    determined_at = after(close_time, DETERMINED_AFTER_CLOSE)
    settled_at = after(close_time, SETTLED_AFTER_CLOSE)
    late, never, halted = (float(draw()) for _ in range(3))
    halted_at = _later(open_time, 1.0 + 0.9 * float(draw()) * (QUARTER_HOUR / SECOND))
    if late < settings.strike_late:
        strike_at = _later(strike_at, settings.strike_late_seconds)
    halts = halted < settings.halt
    return Timetable(
        open_time=open_time,
        quotes_at=quotes_at,
        strike_at=None if never < settings.strike_never else strike_at,
        halted_at=halted_at if halts else None,
        resumed_at=_later(halted_at, settings.halt_seconds) if halts else None,
        close_time=close_time,
        cleared_at=cleared_at,
        determined_at=determined_at,
        settled_at=settled_at,
    )


def _later(instant: int, seconds: float) -> Nanos:
    """Stamps of the venue are whole microseconds."""
    return Nanos(instant + int(seconds * SECOND) // MICROSECOND * MICROSECOND)


def listed_until(now: int, hours: int) -> Nanos:
    """Windows that open before this are listed by ``now``; it moves on once an hour."""
    return Nanos(((now - BATCH_AT) // HOUR + 1 + hours) * HOUR)


def listed_at(open_time: int, hours: int) -> Nanos:
    """When the batch with the window that opens at ``open_time`` is listed."""
    return Nanos((open_time // HOUR - hours) * HOUR + BATCH_AT)


def contract_of(open_time: Nanos) -> Contract:
    """The market of a window as it is listed: without a strike."""
    close_time = Nanos(open_time + QUARTER_HOUR)
    event_ticker = f"{listing.SERIES}-{_stamp(close_time)}"
    return Contract(
        ticker=Ticker(f"{event_ticker}-{as_datetime(close_time, NEW_YORK):%M}"),
        event_ticker=event_ticker,
        open_time=open_time,
        close_time=close_time,
        strike=None,
        price_ranges=TAPERED,
        fees=FEES,
        exchange_index=listing.SHARD,
        round_digits=ROUND_DIGITS,
    )


def _stamp(close_time: Nanos) -> str:
    """``26NOV211215``: the close by New York's clock. Two windows of an autumn night share one."""
    local = as_datetime(close_time, NEW_YORK)
    return f"{local:%y}{_MONTHS[local.month - 1]}{local:%d%H%M}"
