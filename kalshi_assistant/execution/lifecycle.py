"""Our orders, moved only by the table in ``domain.orders``.

A step the table does not know moves nothing and is answered in words: the venue may say anything,
and what it says is no exception. Told twice, a step is a step once. Fills do not move an order
here: they come on a channel of their own, before or after the order's last state, and belong to
the ledger; here they are counted, so that what is still owed of an order is known.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from kalshi_assistant.domain.entries import OpenOrder
from kalshi_assistant.domain.events import OrderChanged, OrderFilled
from kalshi_assistant.domain.ids import ClientOrderId, Ticker
from kalshi_assistant.domain.orders import FINISHED, Order, OrderState, OrderStep, advance
from kalshi_assistant.domain.time import Nanos
from kalshi_assistant.domain.units import Quantity

STEPS: Final[dict[str, OrderStep]] = {
    "resting": "accepted",
    "executed": "filled",
    "canceled": "cancelled",
    "rejected": "rejected",
}
"""The venue's word for a state, as a step. ``unknown`` is none."""
NEVER: Final = Nanos(0)
REMEMBERED: Final = 500
"""Finished orders remembered: a fill or a word about them may come late."""


@dataclass(slots=True)
class Underway:
    """One order of ours as far as it is known."""

    order: Order
    state: OrderState
    since: Nanos
    """When it entered this state."""
    order_id: str | None = None
    filled: int = 0
    """Sum of the fills that were told."""
    said_filled: int = 0
    """What the venue says was filled; more than ``filled`` while fills are on their way."""
    expires_at: Nanos | None = None
    quantity: int = 0
    """What it may still become in all: its quantity, less after a decrease."""
    asked_at: Nanos = NEVER
    """When the venue was last asked about it, or to change it."""
    asked_to: Quantity | None = None
    """How small the venue was asked to make it."""
    reason: str | None = None
    left_by: Nanos = NEVER
    """It left before this instant, or never; records from before it prove no absence."""
    outdated: bool = False
    """Approved before our clock was set back, and not to leave any more."""
    trades: set[str] = field(default_factory=set)
    """Those of its fills that were counted."""

    @property
    def finished(self) -> bool:
        """Whether it will not trade any more (fills may still be told)."""
        return self.state in FINISHED

    @property
    def open_quantity(self) -> int:
        """What may still be added to the fills that were told: 1/100 contracts."""
        if self.finished:
            return max(self.said_filled - self.filled, 0)
        return max(self.quantity - self.filled, 0)


class Orders:
    """Orders sent, in order of sending; finished ones for a while."""

    __slots__ = ("_all", "_finished", "_names")

    def __init__(self) -> None:
        self._all: dict[ClientOrderId, Underway] = {}
        self._names: dict[str, ClientOrderId] = {}
        self._finished: dict[ClientOrderId, None] = {}

    def submit(self, order: Order, now: Nanos) -> None:
        """An approved order is on its way."""
        self._all[order.id] = Underway(
            order,
            "submitted",
            now,
            expires_at=order.expires_at,
            quantity=order.quantity,
            left_by=now,
        )

    def restore(self, kept: OpenOrder, now: Nanos, *, told_again: bool = False) -> None:
        """An order of a process before this one: nobody knows yet what became of it. Where a venue
        tells its fills again they are counted anew.
        """
        state: OrderState = "uncertain" if kept.state == "submitted" else kept.state
        filled = 0 if told_again else kept.filled
        found = Underway(kept.order, state, now, kept.order_id, filled, kept.filled)
        found.quantity, found.expires_at = kept.order.quantity, kept.order.expires_at
        found.left_by = now
        self._all[kept.order.id] = found
        if kept.order_id is not None:
            self._names[kept.order_id] = kept.order.id

    def get(self, name: ClientOrderId | None, order_id: str | None = None) -> Underway | None:
        """One order, by our name or the venue's; ``None`` where it is not ours or long over."""
        if name is None and order_id is not None:
            name = self._names.get(order_id)
        return None if name is None else self._all.get(name)

    @property
    def open(self) -> int:
        """How many are not finished."""
        return sum(not each.finished for each in self._all.values())

    def unfinished(self, ticker: Ticker | None = None) -> Iterator[Underway]:
        """Those that may still trade, oldest first."""
        return (
            each
            for each in self._all.values()
            if not each.finished and (ticker is None or each.order.ticker == ticker)
        )

    def owing(self, ticker: Ticker | None = None) -> Iterator[Underway]:
        """Those of which more fills may be told: unfinished, or finished and not told in full."""
        return (
            each
            for each in self._all.values()
            if each.open_quantity and (ticker is None or each.order.ticker == ticker)
        )

    def step(self, name: ClientOrderId, step: OrderStep, now: Nanos) -> str | None:
        """Move an order; answers what was wrong, ``None`` when nothing was."""
        found = self._all.get(name)
        if found is None:
            return f"order {name} is not known and cannot be {step}"
        after = advance(found.state, step)
        if after is None:
            return f"order {name} is {found.state} and cannot be {step}"
        if step == "timed_out":
            found.left_by = max(found.left_by, now)
        self._enter(found, after, now)
        return None

    def clock_set(self, by: int) -> None:
        """Our clock was set by ``by`` nanoseconds, or the machine slept so long: what waits goes
        on waiting as long as it had left, and what had not left by then stays.

        Until when an order may have left is only ever moved on: absence is never proven too soon.
        """
        for each in self._all.values():
            if by > 0:
                each.left_by = Nanos(each.left_by + by)
                continue
            each.outdated |= each.state == "submitted"
            each.since = Nanos(each.since + by)
            if each.asked_at != NEVER:
                each.asked_at = Nanos(each.asked_at + by)
            if each.expires_at is not None:
                each.expires_at = Nanos(each.expires_at + by)

    def change(self, event: OrderChanged, now: Nanos) -> str | None:
        """Take what the venue says of an order; answers what was wrong, ``None`` when nothing
        was.

        Of an order that is over only the same end may be told again; what is older news is none.
        """
        found = self.get(event.client_order_id, event.order_id)
        if found is None:
            return f"an order that is not ours or is finished: {event.order_id} {event.status}"
        step = STEPS.get(event.status)
        name = found.order.id
        if step is None:
            return f"order {name} is {found.state} and cannot become {event.status}"
        if event.order_id and event.status != "rejected":
            found.order_id = event.order_id
            self._names[event.order_id] = name
        found.said_filled = max(found.said_filled, event.filled)
        if found.finished:
            again = advance("submitted", step) == found.state
            older = step == "accepted" and found.state in ("filled", "cancelled")
            if again or older:
                return None
            return f"order {name} is {found.state}, but told as {event.status}"
        after = advance(found.state, step)
        if after is None:
            return f"order {name} is {found.state} and cannot become {event.status}"
        found.reason = event.reason
        if after == "working" and event.status == "resting":
            # an answer to an amend may count only what that amend filled
            filled = max(event.filled, found.said_filled, found.filled)
            found.quantity = min(found.quantity, filled + event.remaining)
        self._enter(found, after, now)
        return None

    def fill(self, event: OrderFilled) -> Underway | None:
        """Count a fill to its order, once; ``None`` where the order is not ours or long over."""
        found = self.get(event.client_order_id, event.order_id)
        if found is None or event.trade_id in found.trades:
            return found
        found.trades.add(event.trade_id)
        found.filled += event.quantity
        if found.order_id is None and event.order_id:
            found.order_id = event.order_id
            self._names[event.order_id] = found.order.id
        return found

    def kept(self, name: ClientOrderId) -> OpenOrder:
        """An order as the store keeps it."""
        found = self._all[name]
        return OpenOrder(found.order, found.state, found.order_id, Quantity(found.filled))

    def _enter(self, found: Underway, state: OrderState, now: Nanos) -> None:
        if state != found.state:
            found.state, found.since = state, now
        if not found.finished:
            return
        self._finished[found.order.id] = None
        while len(self._finished) > REMEMBERED:
            oldest = next(iter(self._finished))
            del self._finished[oldest]
            gone = self._all.pop(oldest, None)
            if gone is not None and gone.order_id is not None:
                self._names.pop(gone.order_id, None)
