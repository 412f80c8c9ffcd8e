"""The public trades of one market, as far back as is useful: last price, volume, who was in a
hurry.

Ordered by receipt, like everything. **Invariant:** bounded; an answer that reaches further back
than the memory says so. Block trades are agreed outside the book: they are counted, but they are
neither the last price nor part of the flow.
"""

from collections import deque
from typing import Final

import msgspec

from kalshi_assistant.domain.events import TradeSeen
from kalshi_assistant.domain.time import Nanos
from kalshi_assistant.domain.units import Price, Quantity

KEEP: Final = 2_048
"""Trades remembered. The busiest seconds of the recordings hold a few hundred."""


class Flow(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Trades of the last moments; ``signed`` counts YES bought by takers up, NO bought down."""

    count: int
    volume: Quantity
    signed: Quantity
    complete: bool
    """``False`` when older trades of the span are forgotten already."""


class Tape:
    """One market's trades; ``keep`` is how many are remembered."""

    __slots__ = ("_ids", "_trades", "count", "last_price", "volume")

    def __init__(self, keep: int = KEEP) -> None:
        self._trades: deque[TradeSeen] = deque(maxlen=keep)
        self._ids: set[str] = set()
        self.count = 0
        self.volume = Quantity(0)
        self.last_price: Price | None = None

    def take(self, trade: TradeSeen) -> bool:
        """Enter a trade once; ``False`` when it was told before (as far back as is remembered)."""
        if trade.trade_id in self._ids:
            return False
        if len(self._trades) == self._trades.maxlen:
            self._ids.discard(self._trades[0].trade_id)
        self._trades.append(trade)
        self._ids.add(trade.trade_id)
        self.count += 1
        self.volume = Quantity(self.volume + trade.quantity)
        if not trade.is_block:
            self.last_price = trade.price
        return True

    def flow(self, now: Nanos, span: int) -> Flow:
        """Trades received in the last ``span`` nanoseconds: (now - span, now]."""
        count, volume, signed = 0, 0, 0
        since, reached_back = now - span, False
        for trade in reversed(self._trades):
            if trade.received_at <= since:
                reached_back = True
                break
            if not trade.is_block:
                count += 1
                volume += trade.quantity
                signed += trade.quantity if trade.taker == "yes" else -trade.quantity
        complete = reached_back or len(self._trades) == self.count
        return Flow(count, Quantity(volume), Quantity(signed), complete)
