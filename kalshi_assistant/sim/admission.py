"""Which paper orders get to the book at all, and why the others do not: named reasons.

The venue says when a market is halted; the clock says when it opens and closes. What is not known
(the market, its fees, its book) lets nothing in.
"""

from typing import Final

from kalshi_assistant.domain import events as e
from kalshi_assistant.domain.contract import Contract
from kalshi_assistant.domain.events import Event, Level
from kalshi_assistant.domain.ids import Ticker
from kalshi_assistant.domain.orders import BID, Order
from kalshi_assistant.domain.time import Nanos
from kalshi_assistant.sim.depth import within

Sides = tuple[tuple[Level, ...], tuple[Level, ...]]
"""(bids, asks), best first."""
BARRED_MAX: Final = 64
OVER: Final = frozenset(("closed", "determined", "disputed", "amended", "finalized"))


class Doors:
    """Markets and shards that do not trade just now, as the venue told it."""

    __slots__ = ("_barred", "_halted")

    def __init__(self) -> None:
        self._barred: dict[Ticker, str] = {}
        self._halted: set[int] = set()

    def see(self, event: Event) -> None:
        """Take in what the venue says of a market or a shard."""
        match event:
            case e.MarketListed():
                self._status(event.contract.ticker, event.status)
            case e.MarketStatusChanged():
                self._status(event.ticker, event.status)
            case e.MarketDetermined() | e.SettlementPublished():
                self._status(event.ticker, "determined")
            case e.ExchangeStatusSeen():
                trades = event.exchange_active and event.trading_active
                (self._halted.discard if trades else self._halted.add)(event.exchange_index)
            case _:
                pass

    def shut(self, ticker: Ticker, contract: Contract, now: Nanos) -> str | None:
        """Why the market does not trade at ``now``; ``None`` while it does."""
        if now < contract.open_time:
            return "not_open"
        if now >= contract.close_time:
            return "market_closed"
        if contract.exchange_index in self._halted:
            return "exchange_paused"
        return self._barred.get(ticker)

    def _status(self, ticker: Ticker, status: str) -> None:
        self._barred.pop(ticker, None)
        if status == "inactive":
            self._barred[ticker] = "market_paused"
        elif status in OVER:
            self._barred[ticker] = "market_closed"
        while len(self._barred) > BARRED_MAX:
            del self._barred[next(iter(self._barred))]


def nonsense(order: Order, contract: Contract, now: Nanos) -> str | None:
    """What the venue would refuse of the order itself, whatever the book."""
    rests = order.time_in_force == "good_till_canceled"
    if order.quantity <= 0:
        return "size_zero"
    if not contract.on_grid(order.limit):
        return "off_grid"
    if order.reduce_only and order.time_in_force != "immediate_or_cancel":
        return "reduce_only_not_immediate"
    if not rests and (order.post_only or order.expires_at is not None):
        return "does_not_rest"
    if order.expires_at is not None and order.expires_at <= now:
        return "expired"
    return None


def crosses(order: Order, against: tuple[Level, ...]) -> bool:
    """Whether the order would trade with the side ``against`` at once."""
    return bool(against) and within(order.side, order.limit, against[0][0])


def opposite(order: Order, book: Sides) -> tuple[Level, ...]:
    """The side an order trades with."""
    return book[1] if order.side == BID else book[0]
