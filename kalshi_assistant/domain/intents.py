"""Every effect the engine may ask for: a closed union of frozen values in the imperative."""

from typing import Generic, Literal, TypeVar

import msgspec

from kalshi_assistant.domain.contract import Outcome
from kalshi_assistant.domain.ids import Ticker
from kalshi_assistant.domain.orders import Order
from kalshi_assistant.domain.signals import Signal
from kalshi_assistant.domain.time import Nanos
from kalshi_assistant.domain.units import IndexValue, Money

T = TypeVar("T")


class Approved(msgspec.Struct, Generic[T], frozen=True, gc=False, array_like=True, tag=True):
    """Something the risk gate let through; nobody else makes one, and late ones are refused."""

    what: T
    valid_until: Nanos


class WindowReport(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One window after its close: what the venue said, what we computed, what we forecast and
    did.
    """

    ticker: Ticker
    open_time: Nanos
    close_time: Nanos
    strike: IndexValue | None
    settlement: IndexValue | None
    """What the venue published."""
    our_settlement: IndexValue | None
    """Convention A, the prints in [T-60, T); ``None`` when prints are missing."""
    our_settlement_b: IndexValue | None
    """Convention B, the prints in (T-60, T]; information only."""
    result: Outcome | None
    prints: int
    """How many of the sixty prints of convention A arrived."""
    p_yes: dict[str, float]
    """Forecast by seconds left at which it was made; a horizon without a number is absent."""
    signals: int
    vetoes: dict[str, int]
    paper_pnl: Money
    agrees: bool | None
    """Whether A equals the published value; ``None`` when it cannot be compared."""


class Watch(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    """Subscribe to this market's book, trades and quotes."""

    ticker: Ticker


class Unwatch(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    """Stop listening to this market."""

    ticker: Ticker


class Resync(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    """Ask for a fresh snapshot of this book."""

    ticker: Ticker
    reason: str


class Inquire(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    """Ask the venue over REST; the answer comes back as events."""

    what: Literal["markets", "market", "index_history", "exchange_status"]
    ticker: Ticker | None = None
    since: Nanos | None = None


class SetTimer(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    """Wake the engine at ``at`` with ``TimerFired(key)``; a second timer with the same key
    replaces the first.
    """

    key: str
    due: Nanos


class Submit(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    """Send this order; taken, it is gone within the instant (immediate or cancel)."""

    order: Approved[Order]


class Announce(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    """A signal fired."""

    signal: Signal


class Report(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    """A window is over."""

    window: WindowReport


class Note(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    """Something a person may want to read later."""

    level: Literal["info", "warning", "error"]
    topic: str
    text: str


Intent = Watch | Unwatch | Resync | Inquire | SetTimer | Submit | Announce | Report | Note
