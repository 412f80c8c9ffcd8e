"""What a client without a key asks, over and over: books, trades and the chart, without I/O.

The runtime asks ``due`` and makes the requests, reports ``answered`` or ``failed`` for each and
``tick`` now and then; ``wake_at`` says when there is something new to ask or to notice.

Invariants:

- Of each kind (book, trades, chart) one request is under way, never two.
- Nothing is asked more often than its pace. After a failure the kind waits by growing, bounded,
  jittered pauses, longer ones where the venue is in trouble or wants to be left alone (5xx, 429).
- A kind's failure is told once until the kind works again; what could not be read is told each
  time, at the pace of the pauses. No refusal is final: a public read may work again.
- Every event is new: a trade comes once, a stamp of the chart once.
- The feed is back with the first success, and lost when a kind has failed for five seconds; it is
  back when every kind works again.

Known limitations: of more than a thousand trades between two asks the oldest are not seen. A book
is as it was when the venue answered, so up to a pace old when the next one comes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np

from kalshi_assistant.domain.events import (
    BookSnapshot,
    Event,
    FeedBack,
    FeedLost,
    Malformed,
    RequestRefused,
    TradeSeen,
)
from kalshi_assistant.domain.ids import Feed, Series, Ticker
from kalshi_assistant.domain.time import SECOND, Nanos
from kalshi_assistant.venues.backoff import delays
from kalshi_assistant.venues.kalshi import rest
from kalshi_assistant.venues.kalshi.answers.index import parse_live_data
from kalshi_assistant.venues.kalshi.answers.tape import (
    parse_order_book,
    parse_order_books,
    parse_trades,
)
from kalshi_assistant.venues.kalshi.chart import Chart
from kalshi_assistant.venues.kalshi.rest import BOOKS_MAX, Request

POLL: Final = Feed("kalshi.poll")

EVERY: Final = SECOND
TRADES_EVERY: Final = 2 * SECOND
LOST_AFTER: Final = 5 * SECOND
ANSWER_MAX: Final = 30 * SECOND
"""A request nobody reported on for so long is taken for failed."""
PAUSES: Final = (SECOND, 15 * SECOND)
LONG_PAUSES: Final = (4 * SECOND, 60 * SECOND)
"""The longest first pause, and the longest of all; the second pair after 429 and 5xx."""

TRADES_OVERLAP: Final = 2 * SECOND
"""Trades are asked for from so long before the newest seen: they are not always published in
order.
"""
IDS_MAX: Final = 4_096
"""Trades remembered by id, for each market; a page has a thousand."""
QUIET_MAX: Final = 2
"""Answers without a new point after which another event's chart is asked for: a chart ends with its
event.
"""
_WORDS_MAX: Final = 200

Kind = Literal["book", "trades", "chart"]


@dataclass(frozen=True, slots=True)
class _Flight:
    """A request under way."""

    request: Request
    about: tuple[Ticker, ...]
    asked_at: Nanos


@dataclass(slots=True)
class _Lane:
    """One kind of request; ``pauses`` and ``long_pauses`` go on until it works again."""

    kind: Kind
    every: int
    chance: np.random.Generator
    pauses: Iterator[Nanos] = field(init=False)
    long_pauses: Iterator[Nanos] = field(init=False)
    flight: _Flight | None = None
    due_at: int = 0
    asked_at: int = 0
    failing_since: Nanos | None = None
    told: bool = False

    def __post_init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """It works, or nothing is known of it."""
        self.pauses = delays(self.chance, Nanos(PAUSES[0]), Nanos(PAUSES[1]))
        self.long_pauses = delays(self.chance, Nanos(LONG_PAUSES[0]), Nanos(LONG_PAUSES[1]))
        self.failing_since = None
        self.told = False

    def set_back(self, now: Nanos) -> bool:
        """Whether the clock was, and what was to happen later is not to be waited for."""
        return now < self.asked_at


@dataclass(slots=True)
class _Watched:
    """One market that is followed."""

    event_ticker: str
    trades_at: int = 0
    since: Nanos | None = None
    ids: dict[str, None] = field(default_factory=dict)

    def news(self, trades: Sequence[Event], received_at: Nanos) -> list[Event]:
        """Trades not seen before, oldest first, and whatever else there is."""
        fresh: list[TradeSeen] = []
        others: list[Event] = []
        for trade in reversed(trades):
            if not isinstance(trade, TradeSeen):
                others.append(trade)
            elif trade.trade_id not in self.ids:
                self.ids[trade.trade_id] = None
                fresh.append(trade)
                # a stamp of the future is not believed: nothing would come before it
                self.since = max(
                    self.since or Nanos(0), Nanos(min(trade.at, received_at) - TRADES_OVERLAP)
                )
        while len(self.ids) > IDS_MAX:
            del self.ids[next(iter(self.ids))]
        return [*sorted(fresh, key=lambda trade: trade.at), *others]


class PublicPoller:
    """The public reads of one series. ``chance`` jitters the pauses; times are the venue's."""

    def __init__(
        self,
        series: Series,
        index: str,
        chance: np.random.Generator,
        *,
        every: int = EVERY,
        trades_every: int = TRADES_EVERY,
    ) -> None:
        """``every`` is the pace of books and chart, ``trades_every`` that of each market's
        trades.
        """
        self._prefix = f"{series}-"
        self._watched: dict[Ticker, _Watched] = {}
        self._book = _Lane("book", every, chance)
        self._trades = _Lane("trades", trades_every, chance)
        self._chart = _Lane("chart", every, chance)
        self._lanes = (self._book, self._trades, self._chart)
        self._points = Chart(index)
        self._charted: Ticker | None = None
        self._quiet = 0
        self._feed: Literal["waiting", "up", "lost"] = "waiting"

    # --- what is wanted ---

    @property
    def watched(self) -> tuple[Ticker, ...]:
        """The markets that are followed."""
        return tuple(self._watched)

    def watch(self, ticker: Ticker, event_ticker: str | None = None) -> None:
        """Follow a market. Its event is taken from its name where it is not given: one market per
        event, named after it. Markets of other series are not followed: theirs is another index.
        """
        if ticker in self._watched or not ticker.startswith(self._prefix):
            return
        self._watched[ticker] = _Watched(event_ticker or ticker.rpartition("-")[0])

    def unwatch(self, ticker: Ticker) -> None:
        """Let go of a market; an answer about it that is under way is passed over."""
        self._watched.pop(ticker, None)
        if not self._watched:
            for lane in self._lanes:
                lane.flight = None
                lane.begin()

    def due(self, now: Nanos) -> tuple[Request, ...]:
        """What to ask now; each is to be reported on by ``answered`` or ``failed``."""
        asked: list[Request] = []
        for lane in self._lanes:
            if lane.flight is None and self._watched and self._due_at(lane, now) <= now:
                request, about = self._question(lane, now)
                lane.flight = _Flight(request, about, now)
                lane.asked_at = now
                asked.append(request)
        return tuple(asked)

    def wake_at(self, now: Nanos) -> Nanos | None:
        """When to ask ``due`` and ``tick`` again; ``None``: not by time."""
        return max(now, min(self._deadlines(now))) if self._watched else None

    # --- what happened ---

    def answered(
        self, request: Request, status: int, body: bytes, received_at: Nanos
    ) -> tuple[Event, ...]:
        """What an answer says. Never raises on bad input."""
        lane, flight = self._landed(request)
        if lane is None or flight is None:
            return ()
        if status != 200:
            error = rest.parse_error(status, body)
            hard = status == 429 or status >= 500
            return self._trouble(lane, received_at, error.code, error.message, hard=hard)
        events, works = self._read(lane, flight, body, received_at)
        if works:
            pace = 0 if lane is self._trades else lane.every
            lane.due_at = flight.asked_at + pace
            return *self._well(lane, received_at), *events
        self._failed(lane, received_at, hard=False)
        return *events, *self._noticed(received_at)

    def failed(self, request: Request, reason: str, now: Nanos) -> tuple[Event, ...]:
        """There was no answer: a timeout, no route, a broken line."""
        lane, _ = self._landed(request)
        return () if lane is None else self._trouble(lane, now, "unreachable", reason, hard=False)

    def tick(self, now: Nanos) -> tuple[Event, ...]:
        """Time passed: notice answers that never came and a feed that is lost."""
        events: tuple[Event, ...] = ()
        for lane in self._lanes:
            if lane.flight is not None and now >= lane.flight.asked_at + ANSWER_MAX:
                lane.flight = None
                events += self._trouble(lane, now, "unreachable", "no answer", hard=False)
        return events + self._noticed(now)

    # --- when ---

    def _due_at(self, lane: _Lane, now: Nanos) -> Nanos:
        if lane.set_back(now):
            return now
        if lane is self._trades:
            first = min(each.trades_at for each in self._watched.values())
            return Nanos(max(lane.due_at, first))
        return Nanos(lane.due_at)

    def _deadlines(self, now: Nanos) -> Iterator[Nanos]:
        for lane in self._lanes:
            if lane.flight is None:
                yield self._due_at(lane, now)
            else:
                yield Nanos(lane.flight.asked_at + ANSWER_MAX)
            if lane.failing_since is not None and self._feed != "lost":
                yield Nanos(lane.failing_since + LOST_AFTER)

    # --- questions ---

    def _question(self, lane: _Lane, now: Nanos) -> tuple[Request, tuple[Ticker, ...]]:
        match lane.kind:
            case "book":
                tickers = tuple(self._watched)[:BOOKS_MAX]
                one = len(tickers) == 1
                return rest.order_book(tickers[0]) if one else rest.order_books(tickers), tickers
            case "trades":
                return self._trades_question(now)
            case "chart":
                ticker = self._charted if self._charted in self._watched else None
                self._charted = ticker or next(iter(self._watched))
                event_ticker = self._watched[self._charted].event_ticker
                return rest.live_data(event_ticker), (self._charted,)

    def _trades_question(self, now: Nanos) -> tuple[Request, tuple[Ticker, ...]]:
        """The market that has waited longest; from when it was first asked about, not its past."""
        if self._trades.set_back(now):
            for each in self._watched.values():
                each.trades_at = now
        ticker, market = min(self._watched.items(), key=lambda item: item[1].trades_at)
        market.trades_at = now + self._trades.every
        if market.since is None:
            market.since = Nanos(now - TRADES_OVERLAP)
        return rest.trades(ticker, since=market.since), (ticker,)

    # --- answers ---

    def _landed(self, request: Request) -> tuple[_Lane | None, _Flight | None]:
        """The lane whose request this was; it may ask the next."""
        for lane in self._lanes:
            if lane.flight is not None and lane.flight.request == request:
                flight, lane.flight = lane.flight, None
                return lane, flight
        return None, None

    def _read(
        self, lane: _Lane, flight: _Flight, body: bytes, received_at: Nanos
    ) -> tuple[Sequence[Event], bool]:
        """The events of an answer, and whether it was one."""
        match lane.kind:
            case "book":
                return self._read_books(flight, body, received_at)
            case "trades":
                return self._read_trades(flight.about[0], body, received_at)
            case "chart":
                return self._read_chart(body, received_at)

    def _read_books(
        self, flight: _Flight, body: bytes, received_at: Nanos
    ) -> tuple[Sequence[Event], bool]:
        found: tuple[BookSnapshot | Malformed, ...]
        if len(flight.about) == 1:
            found = (parse_order_book(body, received_at, flight.about[0]),)
        else:
            found = parse_order_books(body, received_at)
        wanted = [
            each
            for each in found
            if isinstance(each, Malformed)
            or (each.ticker in flight.about and each.ticker in self._watched)
        ]
        all_bad = bool(found) and all(isinstance(each, Malformed) for each in found)
        return wanted, not all_bad

    def _read_trades(
        self, ticker: Ticker, body: bytes, received_at: Nanos
    ) -> tuple[Sequence[Event], bool]:
        page = parse_trades(body, received_at)
        market = self._watched.get(ticker)
        if market is None:
            return (), page.readable
        ours = [
            each for each in page.events if not isinstance(each, TradeSeen) or each.ticker == ticker
        ]
        return market.news(ours, received_at), page.readable

    def _read_chart(self, body: bytes, received_at: Nanos) -> tuple[Sequence[Event], bool]:
        points = parse_live_data(body, received_at)
        if isinstance(points, Malformed):
            return (points,), False
        events = self._points.take(points, received_at)
        news = any(not isinstance(event, Malformed) for event in events)
        self._quiet = 0 if news else self._quiet + 1
        if self._quiet >= QUIET_MAX:
            self._turn()
        return events, True

    def _turn(self) -> None:
        """The next event's chart, round and round."""
        self._quiet = 0
        tickers = tuple(self._watched)
        if self._charted in tickers:
            place = tickers.index(self._charted) + 1
            self._charted = tickers[place % len(tickers)]

    # --- how it goes ---

    def _well(self, lane: _Lane, now: Nanos) -> tuple[Event, ...]:
        lane.begin()
        failing = any(each.failing_since is not None for each in self._lanes)
        if self._feed == "up" or (self._feed == "lost" and failing):
            return ()
        self._feed = "up"
        return (FeedBack(now, now, POLL),)

    def _failed(self, lane: _Lane, now: Nanos, *, hard: bool) -> None:
        if lane.failing_since is None:
            lane.failing_since = now
        lane.due_at = now + next(lane.long_pauses if hard else lane.pauses)
        if lane is self._chart:
            self._turn()

    def _trouble(
        self, lane: _Lane, now: Nanos, code: str, reason: str, *, hard: bool
    ) -> tuple[Event, ...]:
        self._failed(lane, now, hard=hard)
        if lane.told:
            return self._noticed(now)
        lane.told = True
        what, words = f"public {lane.kind}", reason[:_WORDS_MAX]
        refused = RequestRefused(now, now, POLL, what, code, words, final=False)
        return refused, *self._noticed(now)

    def _noticed(self, now: Nanos) -> tuple[Event, ...]:
        """The feed is lost, once."""
        for lane in self._lanes:
            since = lane.failing_since
            if self._feed != "lost" and since is not None and now - since >= LOST_AFTER:
                self._feed = "lost"
                reason = f"{lane.kind} failed for {(now - since) / SECOND:.0f} s"
                return (FeedLost(now, now, POLL, reason),)
        return ()
