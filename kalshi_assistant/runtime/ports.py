"""What the engine's process needs of whoever carries its orders and remembers its account."""

from collections.abc import Sequence
from typing import Protocol

from kalshi_assistant.domain.entries import Entry
from kalshi_assistant.domain.events import Event
from kalshi_assistant.domain.intents import (
    Approved,
    Cancel,
    Decrease,
    EndGroup,
    HoldGroup,
    LookUp,
    ReadAccount,
    Renew,
)
from kalshi_assistant.domain.orders import Order


class Gateway(Protocol):
    """Carries orders to a counterpart; what comes of it comes back as events."""

    def submit(self, approved: Approved[Order]) -> None:
        """Send a durable order, once, or say why not."""

    def cancel(self, what: Cancel) -> None:
        """Take an order out."""

    def renew(self, what: Renew) -> None:
        """Move an order's expiry."""

    def decrease(self, what: Decrease) -> None:
        """Make an order smaller."""

    def look_up(self, what: LookUp) -> None:
        """Find out what became of an order."""

    def read_account(self, what: ReadAccount) -> None:
        """Read everything the counterpart knows of us."""

    def hold_group(self, what: HoldGroup) -> None:
        """See to it that a group of ours takes orders."""

    def end_group(self, what: EndGroup) -> None:
        """Have everything in a group cancelled, for good."""


class Keeper(Protocol):
    """Makes things durable before anything that follows from them is done."""

    def keep(self, entries: Sequence[Entry], orders: Sequence[Order]) -> str | None:
        """Write all of it at once; answers why the orders must not leave, ``None`` when they may.

        Entries are never given up: what could not be written is written with the next.
        """

    def adopted(self, epoch: int) -> None:
        """The engine works on the account as this start read it."""


class Watcher(Protocol):
    """Sees every event once the engine has handled it."""

    def see(self, event: Event) -> None:
        """One event."""
