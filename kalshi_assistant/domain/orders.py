"""Orders, fills, positions; the life of an order as a table."""

from typing import Final, Literal

import msgspec

from kalshi_assistant.domain.ids import ClientOrderId, Ticker
from kalshi_assistant.domain.time import SECOND, Nanos
from kalshi_assistant.domain.units import Money, Price, Quantity

BookSide = Literal[0, 1]
LINGER: Final = Nanos(10 * SECOND)
"""So long after its sender gave up a request may still arrive: it waits in the system's own buffer
and is repeated by TCP. Only records later than that prove that an order never came.
"""
BID: Final[BookSide] = 0
"""Buy YES. As a level: somebody wants to buy YES."""
ASK: Final[BookSide] = 1
"""Sell YES, which is buy NO. As a level: somebody wants to sell YES."""

TimeInForce = Literal["good_till_canceled", "immediate_or_cancel", "fill_or_kill"]
"""The venue's words. Immediate or cancel takes what is there and is gone within the instant."""
Purpose = Literal["entry", "exit", "take_profit"]
"""An exit closes what is held and never more; a take-profit is an exit that rests in the book."""


class Order(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A wish to trade, always in YES prices: buying NO at 0.44 is an ``ASK`` at 0.56."""

    id: ClientOrderId
    ticker: Ticker
    side: BookSide
    limit: Price
    quantity: Quantity
    made_at: Nanos
    time_in_force: TimeInForce = "immediate_or_cancel"
    post_only: bool = False
    reduce_only: bool = False
    """Only with immediate or cancel: the venue caps it at the position."""
    expires_at: Nanos | None = None
    """Whole seconds, only where it rests: the venue takes it out then, should we be gone."""
    exchange_index: int | None = None
    """The shard of its market; ``None`` never leaves for a venue."""
    purpose: Purpose = "entry"
    kind: str = ""
    """The signal it came from, or the reason of an exit."""
    fair: Money | None = None
    """What one contract of the outcome bought was believed worth, micro-dollars."""
    top: Price | None = None
    """The best price of that outcome when it was decided, as a price of the outcome."""


class Position(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What is held in one market: positive is YES, negative NO; ``cost`` and ``fees`` are paid."""

    ticker: Ticker
    quantity: Quantity
    cost: Money
    fees: Money


OrderState = Literal[
    "submitted",
    "uncertain",
    "working",
    "cancelling",
    "filled",
    "cancelled",
    "rejected",
    "absent",
]
OrderStep = Literal[
    "accepted",
    "part_filled",
    "filled",
    "cancelled",
    "rejected",
    "timed_out",
    "absent",
    "cancel_asked",
    "cancel_refused",
]
FINISHED: Final[frozenset[OrderState]] = frozenset(("filled", "cancelled", "rejected", "absent"))

ORDER_LIFE: Final[dict[tuple[OrderState, OrderStep], OrderState]] = {
    ("submitted", "accepted"): "working",
    ("submitted", "part_filled"): "working",
    ("submitted", "filled"): "filled",
    ("submitted", "cancelled"): "cancelled",
    ("submitted", "rejected"): "rejected",
    ("submitted", "timed_out"): "uncertain",
    ("uncertain", "accepted"): "working",
    ("uncertain", "part_filled"): "working",
    ("uncertain", "filled"): "filled",
    ("uncertain", "cancelled"): "cancelled",
    ("uncertain", "rejected"): "rejected",
    ("uncertain", "timed_out"): "uncertain",
    ("uncertain", "absent"): "absent",
    ("working", "accepted"): "working",
    ("working", "part_filled"): "working",
    ("working", "filled"): "filled",
    ("working", "cancelled"): "cancelled",
    ("working", "timed_out"): "working",
    ("working", "cancel_asked"): "cancelling",
    ("cancelling", "accepted"): "cancelling",
    ("cancelling", "part_filled"): "cancelling",
    ("cancelling", "filled"): "filled",
    ("cancelling", "cancelled"): "cancelled",
    ("cancelling", "timed_out"): "cancelling",
    ("cancelling", "cancel_asked"): "cancelling",
    ("cancelling", "cancel_refused"): "working",
}
"""Every life of an order of ours. An order whose answer did not come is *uncertain* until the venue
was asked: it is found, or *absent* once the venue's own records are later than the sending. A
refused cancel proves nothing: the order is working until it is read again.
"""


def advance(state: OrderState, step: OrderStep) -> OrderState | None:
    """The state after ``step``; ``None`` where the table knows no such step (the caller reports
    it).
    """
    return ORDER_LIFE.get((state, step))
