"""Where our orders at the venue stand in their queues: an estimate for the screen, traded on by
nothing.

The venue tells nobody who is ahead. What a level showed when an order came to rest was ahead of it,
trades take from the front, and of what leaves without a trade a share was ahead: the assumption
under which paper fills (``sim/queueing.py``). Known limitation: where the level already showed our
own order when its answer came, that much too many are counted; never too few.
"""

from typing import Final

from kalshi_assistant.domain.events import (
    BookDelta,
    BookSnapshot,
    Event,
    FeedLost,
    Gap,
    OrderChanged,
    OrderFilled,
    TradeSeen,
)
from kalshi_assistant.domain.ids import ClientOrderId, Ticker
from kalshi_assistant.domain.orders import ASK, BID, BookSide
from kalshi_assistant.domain.units import Price
from kalshi_assistant.engine.engine import Engine
from kalshi_assistant.sim.queueing import Assumptions, Queue

DEPTH: Final = 1_000
"""Levels looked at when an order comes to rest."""


class QueuePlaces:
    """The queues of orders that rest, from the events the engine handled."""

    def __init__(self, engine: Engine, assumed: Assumptions) -> None:
        self._engine = engine
        self._assumed = assumed
        self._queues: dict[ClientOrderId, tuple[Ticker, BookSide, Price, Queue]] = {}

    def ahead(self, order_id: ClientOrderId) -> int | None:
        """Contracts believed to be served before it; ``None`` where that cannot be said."""
        found = self._queues.get(order_id)
        return None if found is None else found[3].ahead

    def see(self, event: Event) -> None:
        """An event, after the engine handled it; costs nothing while no order rests."""
        if isinstance(event, OrderChanged):
            self._changed(event)
        elif self._queues:
            self._move(event)

    def _changed(self, event: OrderChanged) -> None:
        name = event.client_order_id
        if name is None or event.source != "venue":
            return
        if event.status != "resting":
            self._queues.pop(name, None)
            return
        if name in self._queues:
            return  # a smaller size or a later end keeps its place
        levels = self._engine.levels(event.ticker, event.side, DEPTH)
        if levels is not None:
            queue = Queue(dict(levels).get(event.price, 0), self._assumed)
            self._queues[name] = (event.ticker, event.side, event.price, queue)

    def _move(self, event: Event) -> None:
        match event:
            case BookDelta():
                for queue in self._at(event.ticker, event.side, event.price):
                    queue.change(event.change, event.received_at)
            case TradeSeen() if not event.is_block:
                met = ASK if event.taker == "yes" else BID
                for queue in self._at(event.ticker, met, event.price):
                    queue.trade(event.quantity, event.received_at)
            case OrderFilled(client_order_id=name) if name in self._queues:
                self._queues[name][3].swept()
            case BookSnapshot():
                sides = dict(event.bids), dict(event.asks)
                for ticker, side, price, queue in self._queues.values():
                    if ticker == event.ticker:
                        queue.show(sides[side].get(price, 0))
            case FeedLost() | Gap():
                self._queues.clear()  # what happens meanwhile is not seen
            case _:
                pass

    def _at(self, ticker: Ticker, side: BookSide, price: Price) -> list[Queue]:
        place = (ticker, side, price)
        return [queue for *at, queue in self._queues.values() if tuple(at) == place]
