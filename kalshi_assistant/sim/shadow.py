"""Our orders against a book that does not know them: what a taker would have got.

An immediate-or-cancel order takes what the book shows within its limit, the best price first; the
rest is cancelled. What it took stays taken: the same shown size at the same price is not sold to
us twice until the level changes. Known limitation: takers only; queues and makers come with
trading.
"""

from kalshi_assistant.domain.contract import FeeTerms
from kalshi_assistant.domain.events import Level, OrderChanged, OrderFilled
from kalshi_assistant.domain.ids import Ticker
from kalshi_assistant.domain.orders import BID, BookSide, Order
from kalshi_assistant.domain.time import Nanos
from kalshi_assistant.domain.units import Price, Quantity, complement
from kalshi_assistant.market.fees import OrderFees


class Shadow:
    """Fills paper orders; ``precision`` is the account's, in micro-dollars."""

    def __init__(self, precision: int) -> None:
        self._precision = precision
        self._taken: dict[tuple[Ticker, BookSide, Price], tuple[int, int]] = {}
        """(what the level showed, what we took of it)."""

    def fill(
        self, order: Order, levels: tuple[Level, ...], now: Nanos, terms: FeeTerms
    ) -> tuple[OrderFilled | OrderChanged, ...]:
        """Walk ``levels`` (the side taken from, best first, YES prices) with ``order``."""
        fees, left = OrderFees(self._precision), int(order.quantity)
        fills: list[OrderFilled] = []
        for price, shown in levels:
            if left == 0 or not _within(order, price):
                break
            take = min(left, self._left_of(order, price, shown))
            if take > 0:
                fills.append(self._take(order, price, take, now, fees, terms, len(fills)))
                left -= take
        return (*fills, _final(order, Quantity(left), now))

    def _left_of(self, order: Order, price: Price, shown: Quantity) -> int:
        key = (order.ticker, order.side, price)
        seen, took = self._taken.get(key, (int(shown), 0))
        if seen != shown:
            took = 0
        self._taken[key] = (int(shown), took)
        return shown - took

    def _take(
        self,
        order: Order,
        price: Price,
        quantity: int,
        now: Nanos,
        fees: OrderFees,
        terms: FeeTerms,
        number: int,
    ) -> OrderFilled:
        key = (order.ticker, order.side, price)
        shown, took = self._taken[key]
        self._taken[key] = (shown, took + quantity)
        own = price if order.side == BID else complement(price)
        return OrderFilled(
            at=now,
            received_at=now,
            ticker=order.ticker,
            order_id=order.id,
            client_order_id=order.id,
            trade_id=f"{order.id}/{number}",
            side=order.side,
            price=price,
            quantity=Quantity(quantity),
            is_taker=True,
            fee=fees.charge(terms.taker_rate_e6, own, Quantity(quantity)),
            position_after=None,
            source="paper_touch",
        )


def _within(order: Order, price: Price) -> bool:
    return price <= order.limit if order.side == BID else price >= order.limit


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
