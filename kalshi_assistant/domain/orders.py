"""Orders, fills, positions; the life of an order as a table."""

from typing import Final, Literal

import msgspec

from kalshi_assistant.domain.ids import ClientOrderId, Ticker
from kalshi_assistant.domain.time import Nanos
from kalshi_assistant.domain.units import Money, Price, Quantity

BookSide = Literal[0, 1]
BID: Final[BookSide] = 0
"""Buy YES. As a level: somebody wants to buy YES."""
ASK: Final[BookSide] = 1
"""Sell YES, which is buy NO. As a level: somebody wants to sell YES."""


class Order(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A wish to trade, always in YES prices: buying NO at 0.44 is an ``ASK`` at 0.56."""

    id: ClientOrderId
    ticker: Ticker
    side: BookSide
    limit: Price
    quantity: Quantity
    made_at: Nanos


class Position(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What is held in one market: positive is YES, negative NO; ``cost`` and ``fees`` are paid."""

    ticker: Ticker
    quantity: Quantity
    cost: Money
    fees: Money


OrderState = Literal["submitted", "working", "filled", "cancelled", "rejected"]
OrderStep = Literal["accepted", "part_filled", "filled", "cancelled", "rejected"]

ORDER_LIFE: Final[dict[tuple[OrderState, OrderStep], OrderState]] = {
    ("submitted", "accepted"): "working",
    ("submitted", "part_filled"): "working",
    ("submitted", "filled"): "filled",
    ("submitted", "cancelled"): "cancelled",
    ("submitted", "rejected"): "rejected",
    ("working", "accepted"): "working",
    ("working", "part_filled"): "working",
    ("working", "filled"): "filled",
    ("working", "cancelled"): "cancelled",
}


def advance(state: OrderState, step: OrderStep) -> OrderState | None:
    """The state after ``step``; ``None`` where the table knows no such step (the caller reports
    it).
    """
    return ORDER_LIFE.get((state, step))
