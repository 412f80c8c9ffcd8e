"""Paper orders on their way: each meets the book it finds when it arrives, a latency after it was
made.
"""

from kalshi_assistant.domain.events import Event, OrderChanged
from kalshi_assistant.domain.intents import Approved
from kalshi_assistant.domain.orders import ASK, BID, Order
from kalshi_assistant.domain.time import MILLISECOND, Nanos
from kalshi_assistant.domain.units import Quantity
from kalshi_assistant.engine.engine import Engine
from kalshi_assistant.engine.settings import PRECISION, PaperSettings
from kalshi_assistant.sim.shadow import Shadow

DEPTH = 1_000
"""Levels an order may walk."""


class PaperDesk:
    """Takes approved orders; gives back what became of them. Time is an argument."""

    def __init__(self, engine: Engine, settings: PaperSettings) -> None:
        self._engine = engine
        self._shadow = Shadow(PRECISION[settings.account])
        self._latency = settings.latency_milliseconds * MILLISECOND
        self._underway: list[tuple[int, Order]] = []

    def take(self, approved: Approved[Order], now: Nanos) -> list[Event]:
        """Send an order on its way; a late approval is refused."""
        order = approved.what
        if now > approved.valid_until:
            return [_rejected(order, now, "too_old")]
        self._underway.append((order.made_at + self._latency, order))
        return []

    @property
    def next_arrival(self) -> Nanos | None:
        """When the next order meets the book."""
        return Nanos(min(at for at, _ in self._underway)) if self._underway else None

    def arrivals(self, now: Nanos) -> list[Event]:
        """What became of the orders that have arrived by ``now``."""
        due = [order for at, order in self._underway if at <= now]
        self._underway = [(at, order) for at, order in self._underway if at > now]
        return [event for order in due for event in self._meet(order, now)]

    def _meet(self, order: Order, now: Nanos) -> list[Event]:
        contract = self._engine.contract(order.ticker)
        against = ASK if order.side == BID else BID
        levels = self._engine.levels(order.ticker, against, DEPTH)
        if contract is None or contract.fees is None:
            return [_rejected(order, now, "fees_unknown")]
        if now >= contract.close_time:
            return [_rejected(order, now, "market_closed")]
        if levels is None:
            return [_rejected(order, now, "book_unknown")]
        return list(self._shadow.fill(order, levels, now, contract.fees))


def _rejected(order: Order, now: Nanos, reason: str) -> OrderChanged:
    return OrderChanged(
        at=now,
        received_at=now,
        ticker=order.ticker,
        order_id=order.id,
        client_order_id=order.id,
        side=order.side,
        price=order.limit,
        status="rejected",
        filled=Quantity(0),
        remaining=order.quantity,
        reason=reason,
        source="paper_touch",
    )
