"""The exchange that is not there: markets every quarter hour, an index, traders, settlements.

**Invariants:**

- Everything follows from the settings, the seed and the start; how time is cut into steps changes
  nothing.
- ``advance`` gives events in the order of their times, and the reads show what those events made.
- A window compares with what the window before it settled on: the mean of the sixty whole-second
  values before its open, rounded half up. A tie is YES.
- Memory is flat: what is older than the settings say is forgotten.

The one account that may trade from outside has its orders at the ``desk``. Without any, everything
is as if it were not there.

Known limitation: of two windows that share a name in the autumn night, the second is listed once
the first is settled.
"""

from collections import deque
from collections.abc import Callable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from functools import partial
from heapq import heappop, heappush
from typing import Final

from msgspec.structs import replace

from kalshi_assistant.domain.contract import MarketStatus, Outcome
from kalshi_assistant.domain.events import (
    BookSnapshot,
    Event,
    ExchangeStatusSeen,
    IndexHistoryLoaded,
    MaintenanceScheduled,
    MarketDetermined,
    MarketListed,
    MarketStatusChanged,
    SettlementPublished,
    StrikeSet,
    TradeSeen,
)
from kalshi_assistant.domain.ids import BRTI, Ticker
from kalshi_assistant.domain.orders import BookSide
from kalshi_assistant.domain.time import HOUR, MICROSECOND, MILLISECOND, MINUTE, SECOND, Nanos
from kalshi_assistant.domain.units import IndexValue, Price, Quantity
from kalshi_assistant.market.calendar import QUARTER_HOUR, next_rest, rest_at
from kalshi_assistant.quant.rng import stream
from kalshi_assistant.sim import listing
from kalshi_assistant.sim.constituent_index import ConstituentIndex
from kalshi_assistant.sim.constituents import SpotMove
from kalshi_assistant.sim.desk import Desk
from kalshi_assistant.sim.documents import Candle
from kalshi_assistant.sim.draws import Draws
from kalshi_assistant.sim.fair import FairValue
from kalshi_assistant.sim.flow import TAKERS, Flow
from kalshi_assistant.sim.index_feed import IndexFeed
from kalshi_assistant.sim.index_path import STEP, IndexPath, Path
from kalshi_assistant.sim.market import SimulatedMarket, Trading
from kalshi_assistant.sim.matching import GOOD_TILL_CANCELED, Matcher, TimeInForce
from kalshi_assistant.sim.private import Happened
from kalshi_assistant.sim.settings import ExchangeSettings
from kalshi_assistant.sim.timetable import (
    BATCH_AT,
    contract_of,
    listed_at,
    listed_until,
    timetable,
)

__all__ = ["Exchange", "ExchangeSettings"]

HISTORY: Final = HOUR
"""How much of the index, and how many settled markets, there are before the start."""
INDEX_KEPT: Final = 3 * HOUR
REHEARSAL: Final = 30 * SECOND
"""How long the traders have been at it when the exchange starts."""
SETTLING: Final = 10 * SECOND
"""For so long after a close things happen that a rehearsal does not begin among."""

QUOTE_GAP: Final = (700 * MILLISECOND, 1_100 * MILLISECOND)
"""Time between two messages about the best prices, as in the recordings."""
HALF_UP_SINCE: Final = 1_787_348_700 * SECOND
"""2026-08-21T21:45:00Z. Closes before it were rounded by binary floating point."""

_Happening = Callable[[Nanos], None]


class Exchange:
    """The venue. At ``start`` a market is open and its book is full; windows are UTC quarter hours.

    The reads are as of the last step.
    """

    def __init__(self, settings: ExchangeSettings, seed: int, start: Nanos) -> None:
        self._settings = settings
        self._seed = seed
        self._now = _rehearsal(start)
        self._events: list[Happened] = []
        self._agenda: list[tuple[Nanos, int, _Happening]] = []
        self._planned = self._turns = self._strangers = 0
        self._markets: list[SimulatedMarket] = []
        self._by_ticker: dict[Ticker, SimulatedMarket] = {}
        self._trades: deque[TradeSeen] = deque(maxlen=settings.trades_kept)
        self._resumes_at: Nanos | None = None
        self._quote_draws = Draws(stream(seed, "quotes"))
        self.desk = Desk(settings.account, seed, self._now, self)
        """The account's orders."""
        first_open = (self._now - HISTORY) // QUARTER_HOUR * QUARTER_HOUR
        hidden = IndexPath(
            seed, Nanos(first_open - MINUTE), settings.start_dollars, settings.sigma_bp
        )
        self._books = None
        if settings.constituents:
            self._books = ConstituentIndex(seed, hidden, self._now, settings.spot)
        self._path: Path = hidden if self._books is None else self._books
        self._feed = IndexFeed(self._path, seed, settings.prints_missing, self._now)
        self._begin(first_open)
        self.advance(start)

    def advance(self, to: Nanos) -> list[Happened]:
        """Live until ``to``, inclusive; what happened since the last time, in order. An earlier
        ``to`` does nothing.
        """
        self.live(to)
        events, self._events = self._events, []
        return events

    def live(self, to: Nanos) -> None:
        """Live until ``to`` and keep what happens for the next ``advance``."""
        while self._agenda[0][0] <= to:
            self._now, _, happening = heappop(self._agenda)
            happening(self._now)
        self._now = max(self._now, to)

    # --- reads ---

    def now(self) -> Nanos:
        """Venue time as of the last step."""
        return self._now

    def markets(self) -> list[SimulatedMarket]:
        """Every market that is listed or remembered, the earliest first."""
        return list(self._markets)

    def market(self, ticker: Ticker) -> SimulatedMarket | None:
        """One market; of two with the same name, the later."""
        return self._by_ticker.get(ticker)

    def book(self, ticker: Ticker) -> BookSnapshot | None:
        """The whole book of a market, best levels first; ``None`` for an unknown one."""
        market = self._by_ticker.get(ticker)
        return None if market is None else market.book(self._now)

    def trades(self) -> list[TradeSeen]:
        """The public trades remembered, of all markets, oldest first."""
        return list(self._trades)

    def candles(
        self, ticker: Ticker, start: Nanos, end: Nanos, period_minutes: int
    ) -> list[Candle]:
        """Candles of a market that are over and end within [start, end], ascending."""
        market = self._by_ticker.get(ticker)
        return [] if market is None else market.candles(self._now, start, end, period_minutes)

    def index_history(self, start: Nanos, end: Nanos) -> list[tuple[Nanos, IndexValue]]:
        """``(stamp, value)``, five a second, of what was published within [start, end]."""
        return self._feed.history(start, min(end, self._now))

    def spot_moves(self) -> list[SpotMove]:
        """What changed in the constituents' books since the last question; ask before reading
        ``spot_levels``. Nothing where the index is not made from books.
        """
        return [] if self._books is None else self._books.moves(self._now)

    def spot_levels(self, venue: str, side: int) -> Sequence[tuple[int, int]]:
        """A constituent's whole side as of now, best first. Raises ValueError without books."""
        if self._books is None:
            raise ValueError("this exchange's index is not made from books")
        return self._books.constituents.levels(venue, side)

    def status(self) -> ExchangeStatusSeen:
        """Whether the exchange trades, and when it expects to if it does not."""
        resumes = self._resumes_at
        return ExchangeStatusSeen(
            self._now, self._now, listing.SHARD, True, resumes is None, resumes
        )

    def maintenance(self) -> tuple[tuple[Nanos, Nanos], ...]:
        """The next rest, or the present one, as ``(start, end)``."""
        if not self._settings.maintenance:
            return ()
        rest = next_rest(self._now)
        return ((rest.open_time, rest.close_time),)

    def present(self) -> list[Event]:
        """What somebody who comes now would be told: status, markets, books, the index behind."""
        now = self._now
        known: list[Event] = [self.status(), MaintenanceScheduled(now, now, self.maintenance())]
        prints = [
            (at // SECOND, value)
            for at, value in self.index_history(Nanos(now - HISTORY), now)
            if at % SECOND == 0
        ]
        known.append(IndexHistoryLoaded(now, now, BRTI, "kalshi_rest", tuple(prints)))
        for market in self._markets:
            if market.status != "finalized":
                known.append(MarketListed(now, now, market.contract, market.status))
            if market.trading is not None:
                known.append(market.book(now))
                known += [] if market.quote is None else [market.quote]
        return known

    # --- what the account needs ---

    def paused(self) -> bool:
        """Whether nobody may trade now, on the whole exchange."""
        return self._resumes_at is not None

    def tell(self, events: Sequence[Happened]) -> None:
        """These happened now."""
        self._events += events
        self._trades += [each for each in events if isinstance(each, TradeSeen)]

    def plan(self, at: Nanos, happening: _Happening) -> None:
        """Let something happen at ``at``, which is not before now."""
        self._plan(at, happening)

    # --- strangers, for those who want to know what stands in the book ---

    def stranger(
        self,
        ticker: Ticker,
        side: BookSide,
        price: Price,
        quantity: Quantity,
        time_in_force: TimeInForce = GOOD_TILL_CANCELED,
    ) -> int:
        """An order of somebody who is neither a trader here nor the account, now; its number, for
        ``stranger_leaves``. Raises ValueError where the market does not trade.
        """
        market, matcher = self._trading(ticker)
        self._strangers += 1
        matcher.add(-self._strangers, TAKERS, side, price, quantity, time_in_force)
        trade_ids = f"{self._seed % 2**32:08x}-0000-4000-d000-{self._strangers:08x}"
        self.tell(market.acted(self._now, trade_ids, None))
        if market.own:
            self.desk.traded(market, self._now)
        return -self._strangers

    def stranger_leaves(self, ticker: Ticker, number: int) -> None:
        """A stranger's order is cancelled, if it still rests."""
        market, matcher = self._trading(ticker)
        matcher.cancel(number)
        self.tell(market.acted(self._now, "", None))

    def hush(self, ticker: Ticker) -> None:
        """The traders of a market go and its book is empty; it stays open to others."""
        market, _ = self._trading(ticker)
        market.stop()
        self._events += market.clear(self._now)
        self.desk.cleared(market, self._now, "HaltCancel")

    def _trading(self, ticker: Ticker) -> tuple[SimulatedMarket, Matcher]:
        market = self._by_ticker.get(ticker)
        if market is None or market.trading is None:
            raise ValueError(f"{ticker} does not trade")
        return market, market.trading.matcher

    # --- the agenda ---

    def _plan(self, at: Nanos, happening: _Happening) -> None:
        """Things planned for the same instant happen in the order in which they were planned."""
        self._planned += 1
        heappush(self._agenda, (at, self._planned, happening))

    def _begin(self, first_open: int) -> None:
        """The markets of the last hour, the present one, those ahead; then time runs."""
        now = self._now
        if self._settings.maintenance:
            rest = rest_at(now)
            if rest is not None:
                self._resumes_at = rest.close_time
                self._plan(rest.close_time, self._reopen)
            self._plan_rest()
        until = listed_until(now, self._settings.listed_hours)
        for open_time in range(first_open, until, QUARTER_HOUR):
            self._list(Nanos(open_time), now, listed_at(open_time, self._settings.listed_hours))
        self._plan(Nanos(now // STEP * STEP + STEP), self._tick)
        self._plan(Nanos((now - BATCH_AT) // HOUR * HOUR + HOUR + BATCH_AT), self._list_batch)

    def _tick(self, at: Nanos) -> None:
        """The index moves."""
        self._events += self._feed.tick(at)
        for market in self._markets:
            if market.trading is not None:
                market.trading.fair.look(at)
        self._plan(Nanos(at + STEP), self._tick)

    # --- the life of a market ---

    def _list_batch(self, at: Nanos) -> None:
        """The windows of one more hour; what is old goes."""
        until = listed_until(at, self._settings.listed_hours)
        for open_time in range(until - HOUR, until, QUARTER_HOUR):
            self._list(Nanos(open_time), at, at)
        self._forget(at)
        self._plan(Nanos(at + HOUR), self._list_batch)

    def _list(self, open_time: Nanos, now: Nanos, listed: Nanos) -> None:
        """List the window that opens at ``open_time``, and plan its life."""
        contract = contract_of(open_time)
        namesake = self._by_ticker.get(contract.ticker)
        if namesake is not None and namesake.status != "finalized":
            later = Nanos(namesake.timetable.settled_at + SECOND)
            self._plan(later, lambda at: self._list(open_time, at, at))
            return
        times = timetable(self._settings, self._seed, open_time)
        market = SimulatedMarket(contract, times, listed)
        self._markets.append(market)
        self._by_ticker[contract.ticker] = market
        self._events.append(MarketListed(now, now, contract, market.status))
        life: list[tuple[Nanos | None, Callable[[SimulatedMarket, Nanos], None]]] = [
            (times.open_time, self._open),
            (times.strike_at, self._publish_strike),
            (times.halted_at, self._halt),
            (times.resumed_at, self._resume),
            (times.close_time, self._close),
            (times.cleared_at, self._clear),
            (times.determined_at, self._determine),
            (times.settled_at, self._settle),
        ]
        if times.close_time > now:
            life.append((max(times.quotes_at, now), self._start_trading))
        for at, happening in life:
            if at is not None and at > now:
                self._plan(at, partial(happening, market))
            elif at is not None:
                happening(market, at)

    def _forget(self, at: Nanos) -> None:
        oldest = at - self._settings.kept_hours * HOUR
        self._markets = [each for each in self._markets if each.contract.close_time > oldest]
        self._by_ticker = {each.contract.ticker: each for each in self._markets}
        self._feed.forget(at - INDEX_KEPT)
        while self._trades and self._trades[0].at < oldest:
            self._trades.popleft()

    def _change(self, market: SimulatedMarket, at: Nanos, status: MarketStatus) -> None:
        market.status = status
        market.updated_at = at
        self._events.append(MarketStatusChanged(at, at, market.contract.ticker, status))

    def _open(self, market: SimulatedMarket, at: Nanos) -> None:
        market.strike = self._settles_on(at)
        self._change(market, at, "active")

    def _publish_strike(self, market: SimulatedMarket, at: Nanos) -> None:
        strike = self._known_strike(market)
        market.contract = replace(market.contract, strike=strike)
        market.updated_at = at
        self._events.append(StrikeSet(at, at, market.contract.ticker, strike))

    def _halt(self, market: SimulatedMarket, at: Nanos) -> None:
        market.stop()
        self._change(market, at, "inactive")
        self.desk.halted(market, at)

    def _resume(self, market: SimulatedMarket, at: Nanos) -> None:
        """Orders that rested through a halt are cancelled at its end."""
        if market.status != "inactive":
            return
        self._events += market.clear(at)
        self.desk.cleared(market, at, "HaltCancel")
        self._change(market, at, "active")
        self._start_trading(market, at)

    def _close(self, market: SimulatedMarket, at: Nanos) -> None:
        market.stop()
        self._change(market, at, "closed")

    def _clear(self, market: SimulatedMarket, at: Nanos) -> None:
        self._events += market.clear(at)
        self.desk.cleared(market, at, "CloseCancel")
        market.end()

    def _determine(self, market: SimulatedMarket, at: Nanos) -> None:
        value = self._settles_on(market.contract.close_time)
        result: Outcome = "yes" if value >= self._known_strike(market) else "no"
        market.status, market.result, market.updated_at = "determined", result, at
        self._events.append(MarketDetermined(at, at, market.contract.ticker, result))

    def _settle(self, market: SimulatedMarket, at: Nanos) -> None:
        if market.result is None:
            raise RuntimeError(f"{market.contract.ticker} settles before it is determined")
        value = self._settles_on(market.contract.close_time)
        market.settlement, market.settled_at = value, at
        ticker = market.contract.ticker
        self.desk.settled(market, market.result, at)
        self._events.append(SettlementPublished(at, at, ticker, value, market.result))
        self._change(market, at, "finalized")

    def _settles_on(self, close_time: Nanos) -> IndexValue:
        return settlement_value(
            [self._path.value(at) for at in range(close_time - MINUTE, close_time, SECOND)],
            close_time,
        )

    # --- trading ---

    def _start_trading(self, market: SimulatedMarket, at: Nanos) -> None:
        """The traders come, unless nobody may trade now."""
        if market.status != "active" or market.live or self._resumes_at is not None:
            return
        at = max(at, self._now)
        times, contract = market.timetable, market.contract
        name = f"{times.open_time // SECOND}/{market.spell}"
        matcher = Matcher()
        flow = Flow(self._seed, name, matcher, contract.price_ranges, self._settings.activity)
        fair = FairValue(self._path, self._known_strike(market), times.close_time, at)
        self._events += market.start(at, Trading(matcher, flow, fair))
        self._take_turns(market, flow, at)
        self._report_quotes(market, at)

    def _take_turns(self, market: SimulatedMarket, flow: Flow, at: Nanos) -> None:
        """One trader after the other, until the market stops."""
        spell = market.spell

        def turn(at: Nanos) -> None:
            if market.spell != spell:
                return
            self._turns += 1
            # In the shape of the venue's ids, which are UUIDs; the market adds four digits.
            trade_ids = f"{self._seed % 2**32:08x}-0000-4000-8000-{self._turns:08x}"
            self.tell(market.turn(at, trade_ids))
            if market.own:
                self.desk.traded(market, at)
            self._plan(Nanos(at + flow.pause()), turn)

        self._plan(Nanos(at + flow.pause()), turn)

    def _report_quotes(self, market: SimulatedMarket, at: Nanos) -> None:
        """Say the best prices, now and about once a second if they changed, until it stops."""
        spell, reported = market.spell, None

        def report(at: Nanos) -> None:
            nonlocal reported
            if market.spell != spell:
                return
            if market.quote is not None and market.quote is not reported:
                reported = market.quote
                self._events.append(replace(reported, at=at, received_at=at))
            low, high = QUOTE_GAP
            gap = low + int((high - low) * self._quote_draws.uniform())
            self._plan(Nanos(at + gap // MICROSECOND * MICROSECOND), report)

        report(at)

    def _known_strike(self, market: SimulatedMarket) -> IndexValue:
        if market.strike is None:
            raise RuntimeError(f"{market.contract.ticker} has not opened")
        return market.strike

    # --- the weekly rest ---

    def _plan_rest(self) -> None:
        rest = next_rest(self._now)
        if rest.contains(self._now):
            rest = next_rest(rest.close_time)
        self._plan(rest.open_time, partial(self._rest, rest.close_time))

    def _rest(self, until: Nanos, at: Nanos) -> None:
        """No trading: what rests is cancelled."""
        self._resumes_at = until
        self._events.append(self.status())
        for market in self._markets:
            if market.live:
                market.stop()
                self._events += market.clear(at)
                closes = market.contract.close_time <= at
                self.desk.cleared(market, at, "CloseCancel" if closes else "HaltCancel")
        self._plan(until, self._reopen)
        self._plan_rest()

    def _reopen(self, at: Nanos) -> None:
        self._resumes_at = None
        self._events.append(self.status())
        for market in self._markets:
            if market.status == "active":
                self._start_trading(market, at)


def settlement_value(prints: list[IndexValue], close_time: int) -> IndexValue:
    """What a window settles on: the mean of its prints, by the rounding of its day, in cents."""
    total = sum(prints)
    if close_time < HALF_UP_SINCE:
        return IndexValue(round(round(total / 100 / len(prints), 2) * 100))
    mean = Decimal(total) / len(prints)
    return IndexValue(int(mean.quantize(Decimal(1), ROUND_HALF_UP)))


def _rehearsal(start: Nanos) -> Nanos:
    """When the traders begin, so that all is well under way at ``start``: never among the things
    that follow a close.
    """
    begins = start - REHEARSAL
    since_close = begins % QUARTER_HOUR
    return Nanos(begins - since_close - SECOND if since_close < SETTLING else begins)
