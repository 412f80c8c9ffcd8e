"""What could still be lost, and what is held brings now: worst cases to the micro-dollar.

Whatever an order fills of itself adds to the profit under YES and to the profit under NO, and the
two add up over orders: netting changes when money moves, not how much. So the worst of a market is
the worse of two sums, and in each only the orders that hurt under that outcome count as filled. It
is exact over every part of every order, and its fee is never below what the venue can charge: an
order may be filled a hundredth of a contract at a time, and each such fill is rounded up.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

from kalshi_assistant.domain.events import Level
from kalshi_assistant.domain.orders import ASK, BID, BookSide, Order
from kalshi_assistant.domain.time import Nanos
from kalshi_assistant.domain.units import (
    PRICE_SCALE,
    Money,
    Price,
    Quantity,
    complement,
    floor_to,
    notional,
    payoff,
)
from kalshi_assistant.market.fees import MILLIONTHS, cost_of_walk, trade_fee_up

LEAST: Final = Quantity(1)
"""The smallest fill: a hundredth of a contract."""
_DEAREST: Final = Price(PRICE_SCALE // 2)
"""Where ``P * (1 - P)`` is largest."""


@dataclass(frozen=True, slots=True)
class Charges:
    """What bounds a fee: the higher of a market's rates, and the account's precision in
    micro-dollars.
    """

    rate_e6: int
    precision: int


class Pending(NamedTuple):
    """What of an order may still be filled."""

    side: BookSide
    limit: Price
    quantity: Quantity
    closing: bool
    """An exit or a take-profit."""


def pending(order: Order, filled: int = 0) -> Pending:
    """What of ``order`` may still be filled, ``filled`` being known."""
    left = Quantity(max(0, order.quantity - filled))
    return Pending(order.side, order.limit, left, order.purpose != "entry")


def outcome_price(side: BookSide, limit: Price) -> Price:
    """The limit as a price of the outcome that is bought."""
    return complement(limit) if side == ASK else limit


def worst_cost(order: Order | Pending, charges: Charges) -> Money:
    """The most an order can cost, fees included: all at its limit, a hundredth at a time."""
    price = outcome_price(order.side, order.limit)
    # A better price saves more than its fee is higher, unless the rate is beyond one.
    beyond = charges.rate_e6 > MILLIONTHS and price > _DEAREST
    fee = trade_fee_up(charges.rate_e6, _DEAREST if beyond else price, LEAST)
    least = -floor_to(Money(-notional(price, LEAST) - fee), charges.precision)
    return Money(least * order.quantity)


@dataclass(frozen=True, slots=True)
class Exposure:
    """What is lost in one market under either outcome, should every order that hurts be filled."""

    if_yes: Money
    if_no: Money

    @property
    def worst(self) -> Money:
        """The larger of the two, and never below zero."""
        return Money(max(0, self.if_yes, self.if_no))

    def plus(self, order: Order | Pending, charges: Charges) -> "Exposure":
        """With one more order that may be filled or not."""
        cost = worst_cost(order, charges)
        loses, wins = max(0, cost), max(0, cost - payoff(order.quantity))
        if order.side == ASK:
            return Exposure(Money(self.if_yes + loses), Money(self.if_no + wins))
        return Exposure(Money(self.if_yes + wins), Money(self.if_no + loses))


NONE: Final = Exposure(Money(0), Money(0))


def exposure(
    quantity: Quantity, cost: Money, orders: Iterable[Pending], charges: Charges
) -> Exposure:
    """Of ``quantity`` held (positive is YES) that cost ``cost``, and orders that rest, are on their
    way, or whose fate is not known. Fees already paid are no part of it.
    """
    held = payoff(Quantity(abs(quantity)))
    yes, no = (held, 0) if quantity > 0 else (0, held)
    found = Exposure(Money(cost - yes), Money(cost - no))
    for order in orders:
        found = found.plus(order, charges)
    return found


def reserved(orders: Iterable[Pending], charges: Charges) -> Money:
    """The cash that orders may still take: none of it is there for another."""
    return Money(sum(worst_cost(order, charges) for order in orders if not order.closing))


def closing_side(quantity: Quantity) -> BookSide | None:
    """The side of an order that closes what is held; ``None`` where nothing is."""
    if quantity == 0:
        return None
    return ASK if quantity > 0 else BID


def leaving(quantity: Quantity, orders: Iterable[Pending]) -> Quantity:
    """How much open orders, of whatever purpose, may already take off what is held."""
    side = closing_side(quantity)
    return Quantity(sum(order.quantity for order in orders if order.side == side))


def mark(
    quantity: Quantity,
    levels: Iterable[Level],
    charges: Charges | None,
    now: Nanos,
    close_time: Nanos,
) -> Money:
    """What ``quantity`` held would bring if it were sold now, after the fee; never below zero.

    ``levels`` are those it would be sold into, best first, in YES prices: bids for YES, asks for
    NO; none where the book is not known. What they do not take counts as nothing, and so does all
    of it where the fee is not known, and from the close on: what a book shows then is old.
    """
    if now >= close_time or charges is None:
        return Money(0)
    fills = _closing_fills(quantity, levels)
    cost, fee = cost_of_walk(charges.rate_e6, charges.precision, fills)
    sold = Quantity(sum(filled for _, filled in fills))
    # Buying the other outcome at its price completes pairs that pay a dollar.
    return Money(max(0, payoff(sold) - cost - fee))


def _closing_fills(quantity: Quantity, levels: Iterable[Level]) -> list[tuple[Price, Quantity]]:
    """What selling ``quantity`` would fill, as purchases of the other outcome."""
    left, fills = abs(quantity), []
    for price, there in levels:
        filled = min(left, there)
        if filled <= 0:
            continue
        fills.append((complement(price) if quantity > 0 else price, Quantity(filled)))
        left -= filled
    return fills
