"""What the exchange tells its one account and nobody else: records of orders, fills and positions,
and the events that carry them among the public ones.

A record is whole and never changes: a read of some moments ago shows an older record.
"""

from typing import Final, Literal

import msgspec

from kalshi_assistant.domain.contract import Outcome
from kalshi_assistant.domain.events import BookDelta, Event
from kalshi_assistant.domain.ids import Ticker
from kalshi_assistant.domain.orders import BID, BookSide
from kalshi_assistant.domain.time import Nanos
from kalshi_assistant.domain.units import Money, Price, Quantity, complement

OrderStatus = Literal["resting", "canceled", "executed"]
SelfTrade = Literal["taker_at_cross", "maker"]
"""Who gives way where an account would trade with itself: the rest of the taker, or the maker."""
UpdateReason = Literal[
    "Decrease",
    "Amend",
    "SelfTradeCancel",
    "ExpiryCancel",
    "CloseCancel",
    "HaltCancel",
    "Trade",
    "ReduceOnlyCancel",
]
"""The venue's words. It does not say which one a plain cancel carries: here it is ``Decrease``."""
GroupChange = Literal["created", "triggered", "reset", "deleted", "limit_updated"]

USER_ID: Final = "a1b2c3d4-e5f6-4890-abcd-ef1234567890"
"""The one account's own id."""
SIDE_WORDS: Final[dict[BookSide, Literal["bid", "ask"]]] = {0: "bid", 1: "ask"}


def outcome_of(side: BookSide) -> Outcome:
    """The outcome an order on ``side`` buys."""
    return "yes" if side == BID else "no"


def outcome_price(side: BookSide, price: Price) -> Price:
    """What that outcome costs at a YES price."""
    return price if side == BID else complement(price)


class OrderRecord(msgspec.Struct, frozen=True, gc=False):
    """An order as it stood at ``updated_at``."""

    order_id: str
    client_order_id: str
    ticker: Ticker
    exchange_index: int
    subaccount: int
    side: BookSide
    price: Price
    status: OrderStatus
    initial: Quantity
    """Filled and still wanted, as of the last amend or decrease by its owner."""
    filled: Quantity
    remaining: Quantity
    taker_cost: Money
    maker_cost: Money
    taker_fees: Money
    maker_fees: Money
    self_trade: SelfTrade
    cancel_on_pause: bool
    group_id: str | None
    created_at: Nanos
    updated_at: Nanos
    expires_at: Nanos | None
    reason: UpdateReason | None
    """``None`` for an order that was only placed."""


class FillRecord(msgspec.Struct, frozen=True, gc=False):
    """One fill of one order."""

    trade_id: str
    order_id: str
    client_order_id: str
    ticker: Ticker
    exchange_index: int
    subaccount: int
    side: BookSide
    price: Price
    quantity: Quantity
    is_taker: bool
    fee: Money
    at: Nanos
    position_after: Quantity


class PositionRecord(msgspec.Struct, frozen=True, gc=False):
    """What one subaccount holds of one market, and what it made of it so far."""

    ticker: Ticker
    exchange_index: int
    subaccount: int
    yes: Quantity
    no: Quantity
    yes_cost: Money
    no_cost: Money
    realized: Money
    """Without fees."""
    fees: Money
    traded: Money
    """The sum of what was paid for outcomes bought."""
    volume: Quantity
    updated_at: Nanos
    settled: bool

    @property
    def net(self) -> Quantity:
        """Positive is YES, negative NO."""
        return Quantity(self.yes - self.no)

    @property
    def cost(self) -> Money:
        """What was paid for what is held."""
        return Money(self.yes_cost + self.no_cost)


class SettlementRecord(msgspec.Struct, frozen=True, gc=False):
    """What a position paid in the end."""

    ticker: Ticker
    exchange_index: int
    subaccount: int
    result: Outcome
    yes: Quantity
    no: Quantity
    yes_cost: Money
    no_cost: Money
    revenue: Money
    fees: Money
    at: Nanos


# --- events ---


class OwnDelta(BookDelta, frozen=True, gc=False, array_like=True, tag=True):
    """A change of the public book that the account caused."""

    client_order_id: str
    subaccount: int


class OrderTold(msgspec.Struct, frozen=True, gc=False, tag=True):
    """An order of the account is new or changed."""

    at: Nanos
    order: OrderRecord


class FillTold(msgspec.Struct, frozen=True, gc=False, tag=True):
    """An order of the account traded."""

    at: Nanos
    fill: FillRecord


class PositionTold(msgspec.Struct, frozen=True, gc=False, tag=True):
    """A position of the account changed by a fill."""

    at: Nanos
    position: PositionRecord


class GroupTold(msgspec.Struct, frozen=True, gc=False, tag=True):
    """An order group changed; the limit only where it is new."""

    at: Nanos
    group_id: str
    change: GroupChange
    limit: Quantity | None


Told = OrderTold | FillTold | PositionTold | GroupTold
Happened = Event | Told
"""Everything the exchange says; an ``OwnDelta`` is a ``BookDelta``."""
