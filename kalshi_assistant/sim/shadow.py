"""Our orders against a book that does not know them: what a taker would have got.

An immediate-or-cancel order takes what the book shows within its limit, the best price first; the
rest is cancelled. What it took stays taken for as long as the level stands: of a level that grows
only the growth is for sale to us, so the same shown size is never sold twice.

Known limitation: takers only; queues and makers come with trading.
"""

from typing import Final

from kalshi_assistant.domain.contract import FeeTerms
from kalshi_assistant.domain.events import Level, OrderChanged, OrderFilled
from kalshi_assistant.domain.ids import Ticker
from kalshi_assistant.domain.orders import BID, BookSide, Order
from kalshi_assistant.domain.time import Nanos
from kalshi_assistant.domain.units import Money, Price, Quantity, complement
from kalshi_assistant.market.fees import OrderFees

MARKETS_KEPT: Final = 16
"""Sides of markets whose taken levels are remembered: the open, the next and the settling ones."""


class Shadow:
    """Fills paper orders; ``precision`` is the account's, in micro-dollars."""

    def __init__(self, precision: int) -> None:
        self._precision = precision
        self._taken: dict[tuple[Ticker, BookSide], dict[Price, int]] = {}
        """What we took of the levels that stand, by market and side of our orders."""

    def fill(
        self, order: Order, levels: tuple[Level, ...], now: Nanos, terms: FeeTerms
    ) -> tuple[OrderFilled | OrderChanged, ...]:
        """Walk ``levels`` (the whole side taken from, best first, YES prices) with ``order``."""
        fees, fills, left = OrderFees(self._precision), [], int(order.quantity)
        for number, (price, quantity) in enumerate(self._take(order, levels)):
            own = price if order.side == BID else complement(price)
            fee = fees.charge(terms.taker_rate_e6, own, quantity)
            fills.append(_filled(order, price, quantity, fee, now, number))
            left -= quantity
        return (*fills, _final(order, Quantity(left), now))

    def _take(self, order: Order, levels: tuple[Level, ...]) -> list[Level]:
        """Price and size of each fill, remembered as taken."""
        taken, left, fills = self._still_taken(order, levels), int(order.quantity), []
        for price, shown in levels:
            if left == 0 or not _within(order, price):
                break
            took = taken.get(price, 0)
            quantity = min(left, shown - took)
            if quantity > 0:
                taken[price] = took + quantity
                fills.append((price, Quantity(quantity)))
                left -= quantity
        return fills

    def _still_taken(self, order: Order, levels: tuple[Level, ...]) -> dict[Price, int]:
        """What we took of the levels that still stand, at most what they show."""
        key = (order.ticker, order.side)
        before = self._taken.pop(key, {})
        while len(self._taken) >= MARKETS_KEPT:
            del self._taken[next(iter(self._taken))]
        kept = {price: min(before[price], shown) for price, shown in levels if price in before}
        self._taken[key] = kept
        return kept


def _within(order: Order, price: Price) -> bool:
    return price <= order.limit if order.side == BID else price >= order.limit


def _filled(
    order: Order, price: Price, quantity: Quantity, fee: Money, now: Nanos, number: int
) -> OrderFilled:
    return OrderFilled(
        at=now,
        received_at=now,
        ticker=order.ticker,
        order_id=order.id,
        client_order_id=order.id,
        trade_id=f"{order.id}/{number}",
        side=order.side,
        price=price,
        quantity=quantity,
        is_taker=True,
        fee=fee,
        position_after=None,
        source="paper_touch",
    )


def _final(order: Order, left: Quantity, now: Nanos) -> OrderChanged:
    return OrderChanged(
        at=now,
        received_at=now,
        ticker=order.ticker,
        order_id=order.id,
        client_order_id=order.id,
        side=order.side,
        price=order.limit,
        status="executed" if left == 0 else "canceled",
        filled=Quantity(order.quantity - left),
        remaining=left,
        reason=None if left == 0 else "no more within the limit",
        source="paper_touch",
    )
