"""One market of the exchange: its book and its traders, what was traded, what the venue says of it.

**Invariants:** the deltas that ``turn`` answers, added to the last snapshot, are the book; volume
is the sum of the trades; open interest is what all who bought YES hold.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Final

from kalshi_assistant.domain.contract import Contract, MarketStatus, Outcome
from kalshi_assistant.domain.events import (
    BookDelta,
    BookSnapshot,
    Event,
    Level,
    QuoteSeen,
    TradeSeen,
)
from kalshi_assistant.domain.orders import ASK, BID, BookSide
from kalshi_assistant.domain.time import Nanos
from kalshi_assistant.domain.units import IndexValue, Price, Quantity
from kalshi_assistant.sim.candles import CandleTape
from kalshi_assistant.sim.documents import Candle
from kalshi_assistant.sim.fair import FairValue
from kalshi_assistant.sim.flow import TAKERS, Flow
from kalshi_assistant.sim.matching import NO_ASK, NO_BID, Matcher, Trade
from kalshi_assistant.sim.private import OwnDelta
from kalshi_assistant.sim.timetable import Timetable

ACCOUNT: Final = TAKERS + 1
"""The owner of the account's orders."""

Tag = tuple[str, int]
"""Whose doing a change is: client order id and subaccount."""


@dataclass(slots=True)
class Trading:
    """What a market has while it trades."""

    matcher: Matcher
    flow: Flow
    fair: FairValue


class SimulatedMarket:
    """A market from its listing on. Reads show it as it is now."""

    def __init__(self, contract: Contract, timetable: Timetable, created_at: Nanos) -> None:
        self.contract = contract
        self.timetable = timetable
        self.status: MarketStatus = "initialized"
        self.created_at = created_at
        self.updated_at = created_at
        self.strike: IndexValue | None = None
        """What it compares with, from the open on; whether published or not."""
        self.result: Outcome | None = None
        self.settlement: IndexValue | None = None
        """What is published of the settlement."""
        self.settled_at: Nanos | None = None
        self.trading: Trading | None = None
        self.live = False
        """Whether traders take turns now."""
        self.spell = 0
        """Counts the times they stopped: a turn planned before is void."""
        self.quote: QuoteSeen | None = None
        """Best prices, last price and volume, as of the last change."""
        self.own: list[tuple[Trade, str]] = []
        """Trades of the account, each with its trade id, since somebody last emptied this."""
        self._candles: CandleTape | None = None
        self._volume = 0
        self._open_interest = 0
        self._last_price = Price(0)
        self._held: Counter[int] = Counter()

    # --- what happens ---

    def start(self, at: Nanos, trading: Trading) -> list[Event]:
        """The makers come, to a book without orders."""
        self.trading = trading
        self.live = True
        trading.fair.now = at
        trading.flow.open(trading.fair.ago)
        return self._drain(at, trading.matcher, "")

    def stop(self) -> None:
        """Nobody trades from here on; orders stay until they are cleared."""
        self.live = False
        self.spell += 1

    def turn(self, at: Nanos, trade_ids: str) -> list[Event]:
        """One trader's turn: what it did to the book and the tape, in order."""
        if self.trading is None:
            raise RuntimeError(f"{self.contract.ticker} does not trade")
        self.trading.fair.now = at
        self.trading.flow.turn(self.trading.fair.ago)
        return self._drain(at, self.trading.matcher, trade_ids)

    def acted(self, at: Nanos, trade_ids: str, tag: Tag | None) -> list[Event]:
        """Somebody beside the traders did something to the book: what came of it, in order."""
        if self.trading is None:
            raise RuntimeError(f"{self.contract.ticker} does not trade")
        self.trading.flow.heed()
        return self._drain(at, self.trading.matcher, trade_ids, tag)

    def clear(self, at: Nanos) -> list[Event]:
        """Every order is cancelled at once: the empty book, and quotes at 0 and 1 dollar."""
        if self.trading is None:
            return []
        self.trading.matcher.clear()
        quote = self._take_quote(at, self.trading.matcher)
        return [BookSnapshot(at, at, self.contract.ticker, (), ()), quote]

    def end(self) -> None:
        """Nobody will trade here again; what was traded stays known."""
        self.trading = None

    # --- reading ---

    def book(self, at: Nanos) -> BookSnapshot:
        """The whole book, best levels first."""
        return BookSnapshot(at, at, self.contract.ticker, self._levels(BID), self._levels(ASK))

    def candles(self, now: Nanos, start: Nanos, end: Nanos, period_minutes: int) -> list[Candle]:
        """The candles that are over by ``now`` and end within [start, end]."""
        if self._candles is None:
            return []
        last = min(now, self.contract.close_time)
        self._candles.roll(last, self._open_interest)
        return self._candles.between(start, end, period_minutes)

    def _levels(self, side: BookSide) -> tuple[Level, ...]:
        if self.trading is None:
            return ()
        levels = self.trading.matcher.levels(side)
        return tuple((Price(price), Quantity(content)) for price, content in levels)

    # --- keeping the books ---

    def _drain(
        self, at: Nanos, matcher: Matcher, trade_ids: str, tag: Tag | None = None
    ) -> list[Event]:
        """Trades and level changes since the last time, as events; ``tag`` says who caused them."""
        ticker = self.contract.ticker
        events: list[Event] = [
            self._traded(at, trade, f"{trade_ids}{number:04x}")
            for number, trade in enumerate(matcher.trades)
        ]
        if tag is None:
            events += [
                BookDelta(at, at, ticker, side, Price(price), Quantity(change))
                for side, price, change in matcher.level_changes()
            ]
        else:
            events += [
                OwnDelta(at, at, ticker, side, Price(price), Quantity(change), *tag)
                for side, price, change in matcher.level_changes()
            ]
        matcher.trades.clear()
        matcher.changes.clear()
        if events:
            self._take_quote(at, matcher)
        return events

    def _traded(self, at: Nanos, trade: Trade, trade_id: str) -> TradeSeen:
        _, resting, _, taker, side, price, quantity = trade
        if ACCOUNT in (resting, taker):
            self.own.append((trade, trade_id))
        buyer, seller = (taker, resting) if side == BID else (resting, taker)
        self._hold(buyer, quantity)
        self._hold(seller, -quantity)
        self._volume += quantity
        self._last_price = Price(price)
        if self._candles is not None:
            self._candles.traded(at, price, quantity, self._open_interest)
        outcome: Outcome = "yes" if side == BID else "no"
        ticker = self.contract.ticker
        return TradeSeen(at, at, ticker, trade_id, Price(price), Quantity(quantity), outcome, False)

    def _hold(self, owner: int, change: int) -> None:
        """Keep count of who holds YES. Every taker is somebody new, and so never closes."""
        if owner == TAKERS:
            self._open_interest += max(change, 0)
            return
        before = self._held[owner]
        after = self._held[owner] = before + change
        self._open_interest += max(after, 0) - max(before, 0)

    def _take_quote(self, at: Nanos, matcher: Matcher) -> QuoteSeen:
        self.quote = quote = self._quoted(at, matcher)
        if self._candles is None:
            self._candles = CandleTape(at, quote.bid, quote.ask)
        self._candles.quoted(at, quote.bid, quote.ask, self._open_interest)
        return quote

    def _quoted(self, at: Nanos, matcher: Matcher) -> QuoteSeen:
        bid, ask = matcher.best_bid, matcher.best_ask
        return QuoteSeen(
            at,
            at,
            self.contract.ticker,
            bid=Price(bid),
            ask=Price(ask),
            bid_size=Quantity(0 if bid == NO_BID else matcher.content(BID, bid)),
            ask_size=Quantity(0 if ask == NO_ASK else matcher.content(ASK, ask)),
            last_price=self._last_price,
            volume=Quantity(self._volume),
            open_interest=Quantity(self._open_interest),
        )
