"""How a wish becomes an order: taking what is there, resting for a better price, or closing.

A resting order always carries a short expiry and is renewed while it is wanted: should this
process be gone, the venue takes it out by itself. The venue has no cancel on disconnect.
"""

from dataclasses import dataclass
from typing import Final

from msgspec.structs import replace

from kalshi_assistant.domain.contract import Contract, Outcome
from kalshi_assistant.domain.ids import ClientOrderId
from kalshi_assistant.domain.orders import ASK, BID, BookSide, Order
from kalshi_assistant.domain.ranges import check_ranges, setting
from kalshi_assistant.domain.time import SECOND, Nanos
from kalshi_assistant.domain.units import Money, Price, Quantity, complement

STYLES: Final = ("take", "make")


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSettings:
    """How entries are placed, and how long what rests lives without us."""

    style: str = setting(
        "take",
        "take (what the book shows, immediate or cancel) or make (post-only at the best own price)",
        choices=STYLES,
    )
    rest_seconds: int = setting(
        20, "a resting order expires at the venue after this; renewed while wanted", ge=5, le=300
    )
    rest_take_profit: bool = setting(
        False, "rest the take-profit in the book instead of waiting for its price"
    )

    def __post_init__(self) -> None:
        check_ranges(self)

    def expiry(self, now: Nanos, close_time: Nanos) -> Nanos:
        """Whole seconds: when an order resting from now on dies by itself, at most at the close."""
        until = min(now + self.rest_seconds * SECOND, close_time)
        return Nanos(until // SECOND * SECOND)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What strategy wants: ``limit`` and ``top`` are prices of ``outcome``."""

    outcome: Outcome
    quantity: Quantity
    limit: Price
    kind: str
    fair: Money | None
    top: Price | None

    @property
    def side(self) -> BookSide:
        """Buying YES is a bid; buying NO is an offer of YES."""
        return BID if self.outcome == "yes" else ASK

    @property
    def yes_limit(self) -> Price:
        """The limit as a YES price."""
        return self.limit if self.outcome == "yes" else complement(self.limit)


def taking(wish: Wish, name: ClientOrderId, contract: Contract, now: Nanos) -> Order:
    """An entry that takes what the book shows within its limit."""
    return Order(
        id=name,
        ticker=contract.ticker,
        side=wish.side,
        limit=wish.yes_limit,
        quantity=wish.quantity,
        made_at=now,
        exchange_index=contract.exchange_index,
        kind=wish.kind,
        fair=wish.fair,
        top=wish.top,
    )


def resting(
    wish: Wish, name: ClientOrderId, contract: Contract, now: Nanos, settings: OrderSettings
) -> Order:
    """An entry that waits in the book and never takes."""
    return replace(
        taking(wish, name, contract, now),
        time_in_force="good_till_canceled",
        post_only=True,
        expires_at=settings.expiry(now, contract.close_time),
    )


def closing(wish: Wish, name: ClientOrderId, contract: Contract, now: Nanos) -> Order:
    """An exit: it can only make the position smaller, whatever else happens."""
    return replace(taking(wish, name, contract, now), reduce_only=True, purpose="exit")


def taking_profit(
    wish: Wish, name: ClientOrderId, contract: Contract, now: Nanos, settings: OrderSettings
) -> Order:
    """An exit that waits in the book. The venue cannot cap what rests at the position, so it is
    made no larger than that, and smaller whenever that falls.
    """
    return replace(
        taking(wish, name, contract, now),
        time_in_force="good_till_canceled",
        expires_at=settings.expiry(now, contract.close_time),
        purpose="take_profit",
    )
