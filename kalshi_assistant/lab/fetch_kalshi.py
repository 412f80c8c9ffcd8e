"""Past markets, their trades and candlesticks from Kalshi, day by day into a folder.

A day is UTC's, and a market is of the day on which it opened: it closes after that day's midnight
and not after the next one's. What settled long ago is in the venue's archive, under other paths;
its list of markets takes no times and comes newest first, so it is read from its head until it is
older than the first day that is wanted. Sources: OpenAPI 3.34.0 for the paths; that the archive
passes over times, and names a candle's prices without their unit, is reported by others' clients.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Final, TypeVar

from kalshi_assistant.domain.errors import FinalError
from kalshi_assistant.domain.events import Malformed, TradeSeen
from kalshi_assistant.domain.ids import Series
from kalshi_assistant.domain.time import DAY, SECOND, Nanos, format_iso, from_seconds, whole_second
from kalshi_assistant.lab.fetched import FetchedFolder
from kalshi_assistant.lab.tables import Cells, Column
from kalshi_assistant.runtime.asking import MissingThere
from kalshi_assistant.venues.kalshi import rest
from kalshi_assistant.venues.kalshi.answers.past import (
    Cutoff,
    PastMarket,
    PastPage,
    parse_cutoff,
    parse_past_markets,
)
from kalshi_assistant.venues.kalshi.answers.tape import Bar, parse_candlesticks, parse_trades
from kalshi_assistant.venues.kalshi.rest import Request

T = TypeVar("T")

WHATS: Final = ("markets", "trades", "candlesticks")
SETTLED_BY: Final = 2 * DAY
"""So long after its end a day is final even if a market never got a result: the venue's slowest
took a day.
"""
LISTED_BEFORE: Final = 2 * DAY
"""Markets are made up to a day before they open; so far behind the archive's list is read on."""
PAGES_MAX: Final = 20_000
STARTS_MAX: Final = 3
"""How often the pages of one market are begun."""
CLOSED_FOR: Final = 60 * SECOND
"""Trades are published with some delay."""

MARKET_TABLE: Final = (
    Column("ticker", "text"),
    Column("open_ts", "second"),
    Column("close_ts", "second"),
    Column("floor_strike", "decimal", 2),
    Column("expiration_value", "decimal", 2),
    Column("result", "text"),
    Column("event_ticker", "text"),
    Column("status", "text"),
)
TRADE_TABLE: Final = (
    Column("created", "instant"),
    Column("ticker", "text"),
    Column("trade_id", "text"),
    Column("price", "decimal", 4),
    Column("quantity", "decimal", 2),
    Column("taker", "text"),
    Column("is_block", "flag"),
)
_PRICES: Final = ("open", "low", "high", "close")
CANDLE_TABLE: Final = (
    Column("end_ts", "second"),
    Column("ticker", "text"),
    *(Column(f"{of}_{name}", "decimal", 4) for of in ("bid", "ask", "traded") for name in _PRICES),
    Column("volume", "decimal", 2),
    Column("open_interest", "decimal", 2),
)

Ask = Callable[[Request], Awaitable[bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What to fetch; both days are included."""

    series: Series
    first: date
    last: date
    what: frozenset[str]

    @property
    def days(self) -> list[date]:
        """Every day."""
        return [self.first + timedelta(each) for each in range((self.last - self.first).days + 1)]


@dataclass(slots=True)
class Tally:
    """What came of it."""

    markets: int = 0
    trades: int = 0
    candlesticks: int = 0
    parts: int = 0
    """Fetched now ..."""
    kept: int = 0
    """... and those that were there."""
    without_result: int = 0
    without_strike: int = 0
    holes: list[tuple[Nanos, Nanos]] = field(default_factory=list)
    """From a close to the next open, where these are not the same."""
    notices: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Step:
    """Where it is: ``done`` parts of the day's ``parts``, on day number ``day``."""

    day: int
    done: int
    parts: int


class KalshiFetch:
    """One fetch: make it, exhaust ``run``, read ``tally``."""

    def __init__(self, ask: Ask, folder: FetchedFolder, wanted: Wanted, now: Nanos) -> None:
        self._ask = ask
        self._folder = folder
        self._wanted = wanted
        self._now = now
        self._cutoff = Cutoff(Nanos(0), Nanos(0))
        self._archived: list[PastMarket] | None = None
        self._last_close: Nanos | None = None
        self.tally = Tally()

    async def run(self) -> AsyncIterator[Step]:
        """Fetch what is missing. Raises OutsideError, OperatorError."""
        self._cutoff = await self._where_the_archive_ends()
        for number, day in enumerate(self._wanted.days):
            yield Step(number, 0, 1)
            markets = await self._markets(day)
            self._count(markets)
            over = [each for each in markets if each.close_time + CLOSED_FOR <= self._now]
            kinds = [each for each in WHATS[1:] if each in self._wanted.what]
            parts = 1 + len(kinds) * len(over)
            yield Step(number, 1, parts)
            done = 1
            for market in over:
                for kind in kinds:
                    await self._of_market(kind, market, day)
                    done += 1
                    yield Step(number, done, parts)

    # --- markets ---

    async def _where_the_archive_ends(self) -> Cutoff:
        try:
            body = await self._ask(rest.historical_cutoff())
        except MissingThere:
            return self._cutoff  # no archive: everything is where it was
        return _sound(parse_cutoff(body, self._now))

    async def _markets(self, day: date) -> list[PastMarket]:
        part, (start, end) = f"markets/{day}.csv.gz", bounds(day)
        if self._folder.holds(part):
            self.tally.kept += 1
            return list(self._read_markets(part))
        found: dict[tuple[str, Nanos], PastMarket] = {}
        if end > self._cutoff.markets:
            async for page in self._pages(
                lambda cursor: rest.markets(self._wanted.series, Nanos(start + SECOND), end, cursor)
            ):
                found |= {(each.ticker, each.close_time): each for each in page.markets}
        if start < self._cutoff.markets:
            for each in await self._archive():
                if start < each.close_time <= end:
                    found.setdefault((each.ticker, each.close_time), each)
        markets = sorted(found.values(), key=lambda each: (each.close_time, each.ticker))
        settled = bool(markets) and all(each.result is not None for each in markets)
        final = self._now >= end and (settled or self._now >= end + SETTLED_BY)
        if not markets:
            self.tally.notices.append(f"{day}: the venue lists no market of this day")
        self._folder.put(
            part, MARKET_TABLE, map(_market_row, markets), day=day.isoformat(), final=final
        )
        self.tally.parts += 1
        return markets

    async def _archive(self) -> list[PastMarket]:
        """The archived markets back to the first wanted day, read once."""
        if self._archived is None:
            oldest = bounds(self._wanted.first)[0] - LISTED_BEFORE
            self._archived = []
            async for page in self._pages(
                lambda cursor: rest.historical_markets(self._wanted.series, cursor)
            ):
                self._archived += page.markets
                if page.markets and max(each.close_time for each in page.markets) < oldest:
                    break
        return self._archived

    async def _pages(self, request: Callable[[str | None], Request]) -> AsyncIterator[PastPage]:
        cursor: str | None = None
        for _ in range(PAGES_MAX):
            page = _sound(parse_past_markets(await self._ask(request(cursor)), self._now))
            self.tally.notices += [each.reason for each in page.malformed]
            yield page
            if page.cursor is None:
                return
            if page.cursor == cursor:
                raise FinalError("the venue gives the same page of markets again and again")
            cursor = page.cursor
        raise FinalError(f"the venue's list of markets has no end after {PAGES_MAX:,} pages")

    def _read_markets(self, part: str) -> Iterable[PastMarket]:
        from kalshi_assistant.journal.panel import MARKET_COLUMNS, market_of, rows_of

        columns = (*MARKET_COLUMNS, "event_ticker", "status")
        for row in rows_of(self._folder.path(part), columns):
            market = market_of(row)
            yield PastMarket(
                ticker=market.ticker,
                event_ticker=row.cells["event_ticker"] or "",
                open_time=market.open_time,
                close_time=market.close_time,
                status=row.cells["status"] or "",
                strike=market.strike,
                settlement=market.settlement,
                result=market.result,
            )

    def _count(self, markets: list[PastMarket]) -> None:
        tally = self.tally
        tally.markets += len(markets)
        for each in markets:
            tally.without_result += each.result is None and each.close_time <= self._now
            tally.without_strike += each.strike is None and each.open_time <= self._now
            if self._last_close is not None and each.open_time > self._last_close:
                tally.holes.append((self._last_close, each.open_time))
            self._last_close = max(self._last_close or each.close_time, each.close_time)

    # --- what happened in a market ---

    async def _of_market(self, kind: str, market: PastMarket, day: date) -> None:
        # two windows share a ticker in the autumn hour, but not a close
        name = f"{whole_second(market.close_time)}-{market.ticker}"
        part = f"{kind}/{day}/{name}.csv.gz"
        if self._folder.holds(part):
            self.tally.kept += 1
            rows = self._folder.listed.parts[part].rows
        else:
            final = market.result is not None or self._now >= market.close_time + SETTLED_BY
            fetched = await (self._trades(market) if kind == "trades" else self._candles(market))
            table = TRADE_TABLE if kind == "trades" else CANDLE_TABLE
            rows = self._folder.put(part, table, fetched, day=day.isoformat(), final=final).rows
            self.tally.parts += 1
        if kind == "trades":
            self.tally.trades += rows
        else:
            self.tally.candlesticks += rows

    async def _trades(self, market: PastMarket) -> list[Cells]:
        """Every trade while the window was open, oldest first."""
        archived = market.close_time <= self._cutoff.trades
        since, until = market.open_time, market.close_time
        found: dict[str, TradeSeen] = {}
        cursor: str | None = None
        starts = 1
        for _ in range(PAGES_MAX):
            request = (
                rest.historical_trades(market.ticker, cursor)
                if archived
                else rest.trades(market.ticker, since, until, cursor)
            )
            try:
                body = await self._ask(request)
            except FinalError as error:
                if cursor is None or starts >= STARTS_MAX:
                    raise
                self.tally.notices.append(f"{market.ticker}: its pages are begun again ({error})")
                cursor, starts = None, starts + 1  # a place in the list does not live for ever
                continue
            page = parse_trades(body, self._now)
            if not page.readable:
                raise _nonsense(page.events[0])
            for each in page.events:
                if not isinstance(each, TradeSeen):
                    self.tally.notices.append(f"{market.ticker}: {_reason(each)}")
                elif since <= each.at <= until + SECOND:
                    found[each.trade_id] = each
            if page.cursor is None or page.cursor == cursor:
                return [_trade_row(each) for each in sorted(found.values(), key=_when)]
            cursor = page.cursor
        raise FinalError(f"the trades of {market.ticker} have no end after {PAGES_MAX:,} pages")

    async def _candles(self, market: PastMarket) -> list[Cells]:
        """The minutes of the window, oldest first."""
        span = (market.open_time, market.close_time)
        archived = market.close_time <= self._cutoff.markets
        request = (
            rest.historical_candlesticks(market.ticker, *span)
            if archived
            else rest.candlesticks(self._wanted.series, market.ticker, *span)
        )
        try:
            body = await self._ask(request)
        except MissingThere:
            self.tally.notices.append(f"{market.ticker}: the venue has no candlesticks")
            return []
        found = _sound(parse_candlesticks(body, self._now))
        inside = {each.end: each for each in found if span[0] < each.end <= span[1]}
        return [
            (
                whole_second(end),
                market.ticker,
                *_bar(each.bid),
                *_bar(each.ask),
                *_bar(each.traded),
                each.volume,
                each.open_interest,
            )
            for end, each in sorted(inside.items())
        ]


def bounds(day: date) -> tuple[Nanos, Nanos]:
    """A day of UTC from its midnight to the next."""
    start = from_seconds(int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()))
    return start, Nanos(start + DAY)


def told_hole(hole: tuple[Nanos, Nanos]) -> str:
    """A hole between windows, in words."""
    return f"no market was open from {format_iso(hole[0])} to {format_iso(hole[1])}"


def _sound(found: T | Malformed) -> T:
    if isinstance(found, Malformed):
        raise _nonsense(found)
    return found


def _nonsense(found: object) -> FinalError:
    return FinalError(f"the venue's answer makes no sense: {_reason(found)}")


def _reason(found: object) -> str:
    return found.reason if isinstance(found, Malformed) else "no reason"


def _when(trade: TradeSeen) -> tuple[Nanos, str]:
    return trade.at, trade.trade_id


def _market_row(market: PastMarket) -> Cells:
    return (
        market.ticker,
        whole_second(market.open_time),
        whole_second(market.close_time),
        market.strike,
        market.settlement,
        market.result,
        market.event_ticker,
        market.status,
    )


def _trade_row(trade: TradeSeen) -> Cells:
    what = (trade.price, trade.quantity, trade.taker, trade.is_block)
    return (trade.at, trade.ticker, trade.trade_id, *what)


def _bar(bar: Bar | None) -> Cells:
    return (None,) * 4 if bar is None else (bar.open, bar.low, bar.high, bar.close)
