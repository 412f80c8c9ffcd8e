"""A whole venue in virtual time: an index, markets one after another, people who trade them.

``advance`` is all there is to time: it lives on to an instant and tells what happened, as facts in
the words of the house, in order. Everything comes from the seed and the start; asking in many small
steps or few large ones gives the same facts.

**Invariants:** a strike is the settlement before it; a settlement is the half-up mean of the sixty
prints [T-60, T), counted here in plain Python and nowhere else's code; a market without all its
prints resolves No, as the contract says; memory is bounded.
"""

from collections import deque
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import Final

import msgspec

from kalshi_assistant.domain.contract import (
    Contract,
    FeeTerms,
    MarketStatus,
    Outcome,
    PriceRange,
)
from kalshi_assistant.domain.events import (
    BookDelta,
    BookSnapshot,
    Event,
    ExchangeStatusSeen,
    IndexPrinted,
    IndexTicked,
    MarketDetermined,
    MarketListed,
    MarketStatusChanged,
    QuoteSeen,
    SettlementPublished,
    StrikeSet,
    TradeSeen,
)
from kalshi_assistant.domain.ids import BRTI, Ticker
from kalshi_assistant.domain.orders import ASK, BID, BookSide
from kalshi_assistant.domain.ranges import check_ranges, setting
from kalshi_assistant.domain.time import HOUR, MINUTE, NEW_YORK, SECOND, Nanos, as_datetime
from kalshi_assistant.domain.units import INDEX_SCALE, IndexValue, Price, Quantity
from kalshi_assistant.quant.rng import stream
from kalshi_assistant.sim.candles import Candle, Candles
from kalshi_assistant.sim.flow import WINDOW, Flow, fair_probability
from kalshi_assistant.sim.index_path import STEP, IndexPath
from kalshi_assistant.sim.matching import Matcher

QUARTER: Final = 15 * MINUTE
SHARD: Final = 2
AHEAD: Final = 4
"""Windows listed before they open."""
TRADES_KEPT: Final = 20_000
RECORDS_KEPT: Final = 24
"""Settled markets that can still be read: six hours."""
HISTORY: Final = HOUR
STEP_SECONDS: Final = STEP / SECOND
TAPERED: Final = (
    PriceRange(Price(0), Price(1_000), Price(10)),
    PriceRange(Price(1_000), Price(9_000), Price(100)),
    PriceRange(Price(9_000), Price(10_000), Price(10)),
)
FEES: Final = FeeTerms("quadratic", 70_000, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeSettings:
    """How the venue behaves, and misbehaves."""

    strike_after_seconds: float = setting(
        0.55, "the strike is told this long after the open", ge=0, le=900
    )
    strikes_never: float = setting(0.0, "share of windows that never get a strike", ge=0, le=1)
    missing_prints: float = setting(0.0, "share of index prints never made", ge=0, le=0.5)
    halts_per_window: float = setting(0.0, "halts of a minute per window, on average", ge=0, le=5)
    quotes_per_second: float = setting(1.0, "ticker messages per second", gt=0, le=5)

    def __post_init__(self) -> None:
        check_ranges(self)


@dataclass(slots=True)
class Listed:
    """One market: what it is and what became of it. Read by the venue's REST side."""

    contract: Contract
    status: MarketStatus
    created_at: Nanos
    updated_at: Nanos
    quote: QuoteSeen | None = None
    result: Outcome | None = None
    settlement: IndexValue | None = None
    settled_at: Nanos | None = None
    candles: Candles = field(default_factory=Candles)


@dataclass(slots=True)
class _Trading:
    """The market that is open: its matcher, its traders and its counters."""

    listed: Listed
    matcher: Matcher
    flow: Flow
    last_price: int = 0
    volume: int = 0
    trades: int = 0
    quoted_at: int = 0


class Exchange:
    """The venue. Make it, advance it, read it."""

    def __init__(self, settings: ExchangeSettings, seed: int, start: Nanos) -> None:
        """The window that contains ``start`` is open already, with its strike and a full book."""
        self._settings = settings
        self._seed = seed
        self._now = Nanos(start // STEP * STEP)
        self._path = IndexPath(seed, Nanos(self._now - HISTORY - WINDOW * SECOND))
        self._chance = stream(seed, "venue")
        self._markets: dict[Ticker, Listed] = {}
        self._open: _Trading | None = None
        self._agenda: list[tuple[int, int, str, Ticker]] = []
        self._agenda_count = 0
        self._trades: deque[TradeSeen] = deque(maxlen=TRADES_KEPT)
        self._missing: set[int] = set()
        self._begin()

    # --- time ---

    def now(self) -> Nanos:
        """The instant lived to."""
        return self._now

    def advance(self, to: Nanos) -> list[Event]:
        """Live to ``to``; what happened, in order. Going back does nothing."""
        events: list[Event] = []
        while self._now + STEP <= to:
            self._step(Nanos(self._now + STEP), events)
        return events

    def _step(self, end: Nanos, events: list[Event]) -> None:
        """One fifth of a second: what people do, what is due, and the index at its end."""
        if self._open is not None and self._open.listed.status == "active":
            self._people(self._open, self._now, events)
        self._now = end
        self._index(end, events)
        while self._agenda and self._agenda[0][0] <= end:
            _, _, what, ticker = heappop(self._agenda)
            self._do(what, ticker, end, events)
        if self._open is not None:
            self._quote(self._open, end, events)
        self._path.forget()

    def _at(self, when: int, what: str, ticker: Ticker) -> None:
        self._agenda_count += 1
        heappush(self._agenda, (when, self._agenda_count, what, ticker))

    # --- the index ---

    def _index(self, at: Nanos, events: list[Event]) -> None:
        value = self._path.value(at)
        if at % SECOND:
            events.append(IndexTicked(at, at, BRTI, value, "kalshi_5hz"))
        elif self._chance.random() < self._settings.missing_prints:
            self._missing.add(at // SECOND)
        else:
            average, count = self._average_before(at)
            events.append(IndexPrinted(at, at, BRTI, value, "kalshi_1hz", average, count))

    def _average_before(self, at: Nanos) -> tuple[int, int]:
        """The venue's own average of [at - 60 s, at), in 1e-8 dollar, and of how many prints."""
        prints = self._prints(at // SECOND)
        if not prints:
            return self._path.value(at) * 1_000_000, 1
        return sum(prints) * 1_000_000 // len(prints), len(prints)

    def _prints(self, before: int) -> list[int]:
        """The prints made in the sixty seconds before a second."""
        return [
            self._path.value(Nanos(second * SECOND))
            for second in range(before - WINDOW, before)
            if second not in self._missing
        ]

    def _settle(self, close: Nanos) -> IndexValue | None:
        """The settlement of a window: a plain count; ``None`` when a print is missing."""
        prints = self._prints(close // SECOND)
        if len(prints) < WINDOW:
            return None
        cents, rest = divmod(sum(prints), WINDOW)
        return IndexValue(cents + (1 if 2 * rest >= WINDOW else 0))

    # --- the life of markets ---

    def _begin(self) -> None:
        opened = Nanos(self._now // QUARTER * QUARTER)
        current = self._list(opened, Nanos(opened - HOUR))
        strike = self._settle(opened)
        assert strike is not None
        current.contract = msgspec.structs.replace(current.contract, strike=strike)
        self._start_trading(current)
        self._at(current.contract.close_time, "close", current.contract.ticker)
        for ahead in range(1, AHEAD + 1):
            self._schedule(self._list(Nanos(opened + ahead * QUARTER), self._now))

    def _list(self, opened: Nanos, at: Nanos) -> Listed:
        close = Nanos(opened + QUARTER)
        event_ticker, ticker = tickers(close)
        contract = Contract(
            ticker=ticker,
            event_ticker=event_ticker,
            open_time=opened,
            close_time=close,
            strike=None,
            price_ranges=TAPERED,
            fees=FEES,
            exchange_index=SHARD,
            round_digits=2,
        )
        listed = Listed(contract, "initialized", at, at)
        self._markets.pop(ticker, None)
        self._markets[ticker] = listed
        return listed

    def _schedule(self, listed: Listed) -> None:
        contract, settings = listed.contract, self._settings
        ticker = contract.ticker
        self._at(contract.open_time, "open", ticker)
        if self._chance.random() >= settings.strikes_never:
            told = contract.open_time + int(settings.strike_after_seconds * SECOND)
            self._at(told, "strike", ticker)
        for _ in range(int(self._chance.poisson(settings.halts_per_window))):
            halt = contract.open_time + int(self._chance.random() * 13 * MINUTE)
            self._at(halt, "halt", ticker)
            self._at(halt + MINUTE, "resume", ticker)
        self._at(contract.close_time, "close", ticker)

    def _do(self, what: str, ticker: Ticker, at: Nanos, events: list[Event]) -> None:
        listed = self._markets.get(ticker)
        if listed is None:
            return
        match what:
            case "open":
                self._opened(listed, at, events)
            case "strike":
                self._strike(listed, at, events)
            case "halt" | "resume":
                self._halt(listed, what == "halt", at, events)
            case "close":
                self._close(listed)
            case "empty":
                self._empty(listed, at, events)
            case "determine":
                self._determine(listed, at, events)
            case _:
                self._finalize(listed, at, events)

    def _opened(self, listed: Listed, at: Nanos, events: list[Event]) -> None:
        self._start_trading(listed)
        opened = listed.contract.open_time
        new = self._list(Nanos(opened + AHEAD * QUARTER), at)
        self._schedule(new)
        events.append(MarketListed(at, at, new.contract, "initialized"))

    def _start_trading(self, listed: Listed) -> None:
        listed.status, listed.updated_at = "active", self._now
        matcher = Matcher()
        flow = Flow(self._seed, listed.contract.ticker, matcher, listed.contract.price_ranges)
        self._open = _Trading(listed, matcher, flow)
        flow.open(self._fair(listed.contract, self._now))
        matcher.changes.clear()
        matcher.trades.clear()

    def _strike(self, listed: Listed, at: Nanos, events: list[Event]) -> None:
        strike = self._settle(listed.contract.open_time)
        if strike is None:
            return
        listed.contract = msgspec.structs.replace(listed.contract, strike=strike)
        listed.updated_at = at
        events.append(StrikeSet(at, at, listed.contract.ticker, strike))

    def _halt(self, listed: Listed, halted: bool, at: Nanos, events: list[Event]) -> None:
        if listed.status not in ("active", "inactive"):
            return
        status: MarketStatus = "inactive" if halted else "active"
        listed.status, listed.updated_at = status, at
        events.append(MarketStatusChanged(at, at, listed.contract.ticker, status))

    def _close(self, listed: Listed) -> None:
        """No more trades; the empty book, the result and the value follow one after another."""
        listed.status, listed.updated_at = "closed", listed.contract.close_time
        close, ticker = listed.contract.close_time, listed.contract.ticker
        self._open = None
        self._at(close + int(SECOND * (0.1 + 2.5 * self._chance.random())), "empty", ticker)
        self._at(close + int(SECOND * (0.75 + 0.6 * self._chance.random())), "determine", ticker)
        self._at(close + int(SECOND * (6.5 + 1.7 * self._chance.random())), "finalize", ticker)

    def _empty(self, listed: Listed, at: Nanos, events: list[Event]) -> None:
        ticker, quote = listed.contract.ticker, listed.quote
        events.append(BookSnapshot(at, at, ticker, (), ()))
        if quote is not None:
            last = msgspec.structs.replace(
                quote,
                at=at,
                received_at=at,
                bid=Price(0),
                ask=Price(10_000),
                bid_size=Quantity(0),
                ask_size=Quantity(0),
            )
            listed.quote = last
            events.append(last)

    def _determine(self, listed: Listed, at: Nanos, events: list[Event]) -> None:
        contract = listed.contract
        value = self._settle(contract.close_time)
        wins = value is not None and contract.strike is not None and value >= contract.strike
        listed.result, listed.settlement = "yes" if wins else "no", value
        listed.status, listed.updated_at = "determined", at
        events.append(MarketDetermined(at, at, contract.ticker, listed.result))

    def _finalize(self, listed: Listed, at: Nanos, events: list[Event]) -> None:
        listed.status, listed.updated_at, listed.settled_at = "finalized", at, at
        value, result = listed.settlement, listed.result
        if value is not None and result is not None:
            events.append(SettlementPublished(at, at, listed.contract.ticker, value, result))
        settled = [t for t, m in self._markets.items() if m.status == "finalized"]
        for ticker in settled[:-RECORDS_KEPT]:
            del self._markets[ticker]
        oldest = at // SECOND - HOUR // SECOND
        self._missing = {second for second in self._missing if second > oldest}

    # --- people ---

    def _fair(self, contract: Contract, at: Nanos) -> float:
        """What a maker would think who knew the hidden volatility and the newest value."""
        spot = self._path.value(Nanos(at // STEP * STEP)) / INDEX_SCALE
        sigma = self._path.sigma(Nanos(at // STEP * STEP))
        left = (contract.close_time - at) / SECOND
        if contract.strike is None:
            return 0.5
        if left >= WINDOW:
            expected = spot
        else:
            first = contract.close_time // SECOND - WINDOW
            prints = [
                self._path.value(Nanos(second * SECOND))
                for second in range(first, at // SECOND + 1)
                if second * SECOND < contract.close_time
            ]
            known = sum(prints) / INDEX_SCALE
            expected = (known + (WINDOW - len(prints)) * spot) / WINDOW
        return fair_probability(expected, contract.strike / INDEX_SCALE, sigma, left)

    def _people(self, trading: _Trading, start: Nanos, events: list[Event]) -> None:
        """What makers and takers do in the step that begins at ``start``."""
        fairs: dict[int, float] = {}
        contract = trading.listed.contract
        for part, who in trading.flow.actions(STEP_SECONDS):
            at = Nanos(start + int(part * STEP))
            seen = max((at - trading.flow.lag(who)) // STEP * STEP, contract.open_time)
            if seen not in fairs:
                fairs[seen] = self._fair(contract, Nanos(seen))
            trading.flow.act(who, fairs[seen])
            self._tell(trading, at, events)

    def _tell(self, trading: _Trading, at: Nanos, events: list[Event]) -> None:
        """What the matcher did, as facts stamped to the millisecond like the venue's."""
        matcher, ticker = trading.matcher, trading.listed.contract.ticker
        at = Nanos(at // 1_000_000 * 1_000_000)
        bought = {change[0] for change in matcher.changes}
        for _, _, _, price, quantity in matcher.trades:
            trading.trades += 1
            trading.volume += quantity
            trading.last_price = price
            taker: Outcome = "yes" if ASK in bought else "no"
            trade = TradeSeen(
                at,
                at,
                ticker,
                f"{ticker}/{trading.trades}",
                Price(price),
                Quantity(quantity),
                taker,
                False,
            )
            self._trades.append(trade)
            trading.listed.candles.trade(at, price, quantity)
            events.append(trade)
        for side, price, change in matcher.changes:
            book_side: BookSide = BID if side == BID else ASK
            events.append(BookDelta(at, at, ticker, book_side, Price(price), Quantity(change)))
        matcher.trades.clear()
        matcher.changes.clear()

    def _quote(self, trading: _Trading, at: Nanos, events: list[Event]) -> None:
        """The ticker message, now and then."""
        if at - trading.quoted_at < SECOND / self._settings.quotes_per_second:
            return
        trading.quoted_at = at
        matcher, contract = trading.matcher, trading.listed.contract
        bid, ask = matcher.best_bid, matcher.best_ask
        quote = QuoteSeen(
            at=at,
            received_at=at,
            ticker=contract.ticker,
            bid=Price(bid),
            ask=Price(ask),
            bid_size=Quantity(matcher.content(BID, bid) if bid else 0),
            ask_size=Quantity(matcher.content(ASK, ask) if ask < 10_000 else 0),
            last_price=Price(trading.last_price),
            volume=Quantity(trading.volume),
            open_interest=Quantity(trading.volume // 2),
        )
        trading.listed.quote = quote
        trading.listed.candles.quote(at, bid, ask, quote.open_interest)
        events.append(quote)

    # --- reads ---

    def markets(self) -> list[Listed]:
        """Every market remembered, oldest first."""
        return list(self._markets.values())

    def market(self, ticker: Ticker) -> Listed | None:
        """One market."""
        return self._markets.get(ticker)

    def book(self, ticker: Ticker) -> BookSnapshot | None:
        """The whole book of a market, empty when it is not trading; ``None`` for an unknown one."""
        if ticker not in self._markets:
            return None
        trading = self._open
        if trading is None or trading.listed.contract.ticker != ticker:
            return BookSnapshot(self._now, self._now, ticker, (), ())
        levels = [
            tuple((Price(p), Quantity(q)) for p, q in trading.matcher.levels(side))
            for side in (BID, ASK)
        ]
        return BookSnapshot(self._now, self._now, ticker, levels[0], levels[1])

    def trades(self) -> list[TradeSeen]:
        """Every trade kept, oldest first."""
        return list(self._trades)

    def candles(
        self, ticker: Ticker, start: Nanos, end: Nanos, period_minutes: int
    ) -> list[Candle]:
        """The candles of a market that end within [start, end], ascending."""
        listed = self._markets.get(ticker)
        return [] if listed is None else listed.candles.within(start, end, period_minutes)

    def index_history(self, start: Nanos, end: Nanos) -> list[tuple[Nanos, IndexValue]]:
        """The values stamped within [start, end], five a second, without those never made."""
        return [
            (at, value)
            for at, value in self._path.values(start, Nanos(min(end, self._now)))
            if at % SECOND or at // SECOND not in self._missing
        ]

    def status(self) -> ExchangeStatusSeen:
        """It always trades."""
        return ExchangeStatusSeen(self._now, self._now, SHARD, True, True, None)

    def maintenance(self) -> tuple[tuple[Nanos, Nanos], ...]:
        """None is planned."""
        return ()


def tickers(close: Nanos) -> tuple[str, Ticker]:
    """(event ticker, market ticker) of the window that closes then, named in New York's time."""
    local = as_datetime(close, NEW_YORK)
    event = f"KXBTC15M-{local:%y}{local.strftime('%b').upper()}{local:%d%H%M}"
    return event, Ticker(f"{event}-{local:%M}")
