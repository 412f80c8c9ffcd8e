"""Every REST read of market data, without HTTP: method, path and query in; status and body out.

Paths are those below ``/trade-api/v2``. What is not known here is answered with 404 in the venue's
own shape; orders and the account are in ``writes``, which comes first.

Chosen where the venue says nothing: markets and trades come newest first; ``cfbenchmarks`` history
reaches up to now (the venue's can lag by up to 15 minutes).
"""

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, Protocol

import msgspec

from kalshi_assistant.domain.events import BookSnapshot, ExchangeStatusSeen, TradeSeen
from kalshi_assistant.domain.ids import Ticker
from kalshi_assistant.domain.time import (
    DAY,
    HOUR,
    MILLISECOND,
    MINUTE,
    SECOND,
    Nanos,
    TimeError,
    format_iso,
    parse_iso,
)
from kalshi_assistant.domain.units import IndexValue, Quantity, format_index
from kalshi_assistant.sim import documents, filters, listing, query
from kalshi_assistant.sim.documents import Candle, MarketRecord
from kalshi_assistant.sim.frames import INDICES
from kalshi_assistant.sim.query import BadRequest, Query

Answer = tuple[int, bytes]

DEFAULT_COST: Final = 10
PASSTHROUGH_COST: Final = 50
USAGE_TIER: Final = "basic"
READ_PER_SECOND: Final = 200
READ_CAPACITY: Final = 600
WRITE_PER_SECOND: Final = 100
WRITE_CAPACITY: Final = 100
"""Tokens of the tier everybody starts in. Source: rate limits of October 2026."""

_PAGE_MAX: Final = 1000
_NAMES_MAX: Final = 100
_CANDLES_MAX: Final = 10_000
_PERIODS: Final = (1, 60, 1440)
_EPOCH_MAX: Final = 2**40
_RANGES: Final = {"15min": 15 * MINUTE, "1h": HOUR}

_encode: Final = msgspec.json.Encoder().encode


class Records(Protocol):
    """What the reads need of an exchange."""

    def now(self) -> Nanos:
        """Venue time as of the last step."""

    def markets(self) -> Sequence[MarketRecord]:
        """Every market, in any order."""

    def market(self, ticker: Ticker) -> MarketRecord | None:
        """One market."""

    def book(self, ticker: Ticker) -> BookSnapshot | None:
        """Its whole book."""

    def trades(self) -> Sequence[TradeSeen]:
        """Every trade kept, oldest first."""

    def candles(
        self, ticker: Ticker, start: Nanos, end: Nanos, period_minutes: int
    ) -> Sequence[Candle]:
        """The candles of a market that end within [start, end], ascending."""

    def index_history(self, start: Nanos, end: Nanos) -> Sequence[tuple[Nanos, IndexValue]]:
        """The values of the index stamped within [start, end], five a second, ascending."""

    def status(self) -> ExchangeStatusSeen:
        """Whether it trades."""

    def maintenance(self) -> tuple[tuple[Nanos, Nanos], ...]:
        """Maintenance windows as ``(start, end)``."""


class NotFoundError(Exception):
    """What was asked for does not exist."""


Read = Callable[[Records, Sequence[str], Query], dict[str, Any]]


class Route(NamedTuple):
    """One readable path: ``*`` in ``path`` stands for one name, handed to ``read`` in order."""

    path: str
    read: Read
    public: bool = True
    cost: int = DEFAULT_COST


def failure(code: str, message: str, details: str | None = None) -> bytes:
    """An error body in the venue's flat shape."""
    body = {"code": code, "message": message}
    return _encode(body if details is None else body | {"details": details})


NOT_FOUND: Final[Answer] = (404, failure("not_found", "not found"))
UNAUTHORIZED: Final[Answer] = (401, failure("authentication_error", "authentication_error"))
TOO_MANY: Final[Answer] = (429, b'{"error": "too many requests"}')
"""Exactly the venue's body."""


def find(method: str, path: str) -> tuple[Route, list[str]] | None:
    """The route of ``path`` with the names in it; ``None`` for what this venue does not know."""
    if method != "GET":
        return None
    parts = path.strip("/").split("/")
    for route in ROUTES:
        names = matched(route.path, parts)
        if names is not None:
            return route, names
    return None


def matched(path: str, parts: Sequence[str]) -> list[str] | None:
    """The names that stand where ``path`` has ``*``; ``None`` where ``parts`` are another path."""
    pattern = path.split("/")
    if len(pattern) != len(parts):
        return None
    both = list(zip(pattern, parts, strict=True))
    if not all(mine in ("*", theirs) for mine, theirs in both):
        return None
    return [part for mine, part in both if mine == "*"]


def answer(exchange: Records, method: str, path: str, given: Query) -> Answer:
    """The status and body for a request; never raises on what a client can send."""
    found = find(method, path)
    if found is None:
        return NOT_FOUND
    route, names = found
    try:
        return 200, _encode(route.read(exchange, names, given))
    except NotFoundError:
        return NOT_FOUND
    except BadRequest as refused:
        return 400, failure("bad_request", "bad request", str(refused))


# --- the exchange ---


def _status(exchange: Records, _names: Sequence[str], _given: Query) -> dict[str, Any]:
    return documents.status(exchange.status())


def _schedule(exchange: Records, _names: Sequence[str], _given: Query) -> dict[str, Any]:
    return {"schedule": documents.schedule(exchange.maintenance(), exchange.now())}


# --- the series and its events ---


def _one_series(exchange: Records, names: Sequence[str], given: Query) -> dict[str, Any]:
    if names[0] != listing.SERIES:
        raise NotFoundError
    return {"series": _series_with_volume(exchange, given)}


def _all_series(exchange: Records, _names: Sequence[str], given: Query) -> dict[str, Any]:
    category = query.text(given, "category")
    shown = category in (None, listing.CATEGORY)
    return {"series": [_series_with_volume(exchange, given)] if shown else []}


def _series_with_volume(exchange: Records, given: Query) -> dict[str, Any]:
    if not query.flag(given, "include_volume"):
        return documents.series(None)
    quotes = [each.quote for each in exchange.markets()]
    return documents.series(Quantity(sum(each.volume for each in quotes if each is not None)))


def _series_fee_changes(_exchange: Records, _names: Sequence[str], given: Query) -> dict[str, Any]:
    query.flag(given, "show_historical")
    return {"series_fee_change_arr": []}


def _event_fee_changes(_exchange: Records, _names: Sequence[str], given: Query) -> dict[str, Any]:
    query.number(given, "limit", 1, _PAGE_MAX)
    return {"event_fee_changes": [], "cursor": ""}


def _events(exchange: Records, _names: Sequence[str], given: Query) -> dict[str, Any]:
    wanted = query.names(given, "tickers", _NAMES_MAX)
    records = [
        each
        for each in filters.newest_first(exchange.markets(), given, ("close", "updated"))
        if wanted is None or each.contract.event_ticker in wanted
    ]
    taken, cursor = query.page(given, records, _event_ticker, usual=200, most=200)
    nested = query.flag(given, "with_nested_markets")
    return {"events": [documents.event(each, nested=nested) for each in taken], "cursor": cursor}


def _one_event(exchange: Records, names: Sequence[str], given: Query) -> dict[str, Any]:
    """The markets stand beside the event, or inside it where that was asked for."""
    record = _of_event(exchange, names[0])
    nested = query.flag(given, "with_nested_markets")
    shown = {"event": documents.event(record, nested=nested)}
    return shown if nested else shown | {"markets": [documents.market(record)]}


def _of_event(exchange: Records, event_ticker: str) -> MarketRecord:
    for record in exchange.markets():
        if record.contract.event_ticker == event_ticker:
            return record
    raise NotFoundError


def _event_ticker(record: MarketRecord) -> str:
    return record.contract.event_ticker


# --- markets ---


def _markets(exchange: Records, _names: Sequence[str], given: Query) -> dict[str, Any]:
    if query.text(given, "mve_filter") not in (None, "only", "exclude"):
        raise BadRequest("mve_filter must be only or exclude")
    families = ("created", "close", "settled", "updated")
    records = filters.newest_first(exchange.markets(), given, families)
    tickers = query.names(given, "tickers", _PAGE_MAX)
    events = query.names(given, "event_ticker", _NAMES_MAX)
    if tickers is not None:
        records = [each for each in records if each.contract.ticker in tickers]
    if events is not None:
        records = [each for each in records if each.contract.event_ticker in events]
    if query.text(given, "mve_filter") == "only":
        records = []
    taken, cursor = query.page(given, records, _ticker, usual=100, most=_PAGE_MAX)
    return {"markets": [documents.market(each) for each in taken], "cursor": cursor}


def _ticker(record: MarketRecord) -> str:
    return record.contract.ticker


def _known(exchange: Records, ticker: str) -> MarketRecord:
    record = exchange.market(Ticker(ticker))
    if record is None:
        raise NotFoundError
    return record


def _one_market(exchange: Records, names: Sequence[str], _given: Query) -> dict[str, Any]:
    return {"market": documents.market(_known(exchange, names[0]))}


def _orderbook(exchange: Records, names: Sequence[str], given: Query) -> dict[str, Any]:
    depth = query.number(given, "depth", -_PAGE_MAX, 100)
    book = exchange.book(Ticker(names[0]))
    if book is None:
        raise NotFoundError
    return {"orderbook_fp": documents.orderbook(book, max(depth or 0, 0))}


def _orderbooks(exchange: Records, _names: Sequence[str], given: Query) -> dict[str, Any]:
    wanted = query.names(given, "tickers", _NAMES_MAX)
    if wanted is None:
        raise BadRequest("tickers is required")
    books = ((ticker, exchange.book(Ticker(ticker))) for ticker in dict.fromkeys(wanted))
    return {
        "orderbooks": [
            {"ticker": ticker, "orderbook_fp": documents.orderbook(book, 0)}
            for ticker, book in books
            if book is not None
        ]
    }


def _trades(exchange: Records, _names: Sequence[str], given: Query) -> dict[str, Any]:
    ticker = query.text(given, "ticker")
    low, high = query.instant(given, "min_ts"), query.instant(given, "max_ts")
    blocks = query.text(given, "is_block_trade")
    trades = [
        each
        for each in reversed(exchange.trades())
        if ticker in (None, each.ticker)
        and query.within(each.at, low, high)
        and (blocks is None or each.is_block == query.flag(given, "is_block_trade"))
    ]
    taken, cursor = query.page(given, trades, lambda each: each.trade_id, usual=100, most=_PAGE_MAX)
    return {"trades": [documents.trade(each) for each in taken], "cursor": cursor}


# --- candles ---


def _candlesticks(exchange: Records, names: Sequence[str], given: Query) -> dict[str, Any]:
    if names[0] != listing.SERIES:
        raise NotFoundError
    _known(exchange, names[1])
    return {"ticker": names[1], "candlesticks": _candles(exchange, names[1], given)}


def _all_candlesticks(exchange: Records, _names: Sequence[str], given: Query) -> dict[str, Any]:
    wanted = query.names(given, "market_tickers", _NAMES_MAX)
    if wanted is None:
        raise BadRequest("market_tickers is required")
    markets = [
        {"market_ticker": ticker, "candlesticks": _candles(exchange, ticker, given)}
        for ticker in dict.fromkeys(wanted)
        if exchange.market(Ticker(ticker)) is not None
    ]
    if sum(len(each["candlesticks"]) for each in markets) > _CANDLES_MAX:
        raise BadRequest(f"at most {_CANDLES_MAX} candlesticks")
    return {"markets": markets}


def _candles(exchange: Records, ticker: str, given: Query) -> list[dict[str, Any]]:
    start = query.required(given, "start_ts", 0, _EPOCH_MAX)
    end = query.required(given, "end_ts", 0, _EPOCH_MAX)
    period = query.required(given, "period_interval", 1, max(_PERIODS))
    query.flag(given, "include_latest_before_start")
    if period not in _PERIODS:
        raise BadRequest("period_interval must be 1, 60 or 1440")
    if start > end:
        raise BadRequest("start_ts must not be after end_ts")
    span = (Nanos(start * SECOND), Nanos(end * SECOND))
    return [documents.candle(each) for each in exchange.candles(Ticker(ticker), *span, period)]


# --- the index ---


def _index_values(exchange: Records, _names: Sequence[str], given: Query) -> dict[str, Any]:
    _check_index(given)
    now = exchange.now()
    return _payload(now, exchange.index_history(Nanos(now - SECOND), now)[-1:])


def _index_history(exchange: Records, _names: Sequence[str], given: Query) -> dict[str, Any]:
    """One hour at five values a second: 18,000 rows once it is over."""
    _check_index(given)
    if query.text(given, "timespan") != "HOUR":
        raise BadRequest("timespan must be HOUR")
    try:
        start = parse_iso(query.text(given, "timestamp") or "")
    except TimeError as error:
        raise BadRequest("timestamp must be an ISO 8601 time") from error
    end = min(Nanos(start + HOUR - 1), exchange.now())
    return _payload(exchange.now(), exchange.index_history(start, end))


def _check_index(given: Query) -> None:
    index = query.text(given, "id")
    if index is None:
        raise BadRequest("id is required")
    if index not in INDICES:
        raise NotFoundError


def _payload(now: Nanos, values: Sequence[tuple[Nanos, IndexValue]]) -> dict[str, Any]:
    rows = [{"time": at // MILLISECOND, "value": format_index(value)} for at, value in values]
    return {"data": {"serverTime": format_iso(now), "payload": rows}}


def _live_data(exchange: Records, names: Sequence[str], given: Query) -> dict[str, Any]:
    """The index around an event, a point per second, up to its close."""
    record = _of_event(exchange, names[0])
    asked = query.text(given, "range") or "15min"
    if asked not in _RANGES:
        raise BadRequest(f"range must be one of {', '.join(_RANGES)}")
    end = min(exchange.now(), record.contract.close_time)
    history = exchange.index_history(Nanos(end - _RANGES[asked]), end)
    points = [
        {"t": at // MILLISECOND, "v": float(format_index(value))}
        for at, value in history
        if at % SECOND == 0
    ]
    details = {
        "event_ticker": names[0],
        "timeseries": points,
        "is_historical": False,
        "default_range": "15min",
        "range_options": list(_RANGES),
    }
    return {"live_data": {"type": "crypto", "details": details}}


# --- the past ---


def _cutoff(exchange: Records, _names: Sequence[str], _given: Query) -> dict[str, Any]:
    """How far back the live tier reaches: two months of markets, two weeks of orders."""
    markets, orders = (format_iso(exchange.now() - days * DAY) for days in (60, 14))
    return {
        "market_settled_ts": markets,
        "trades_created_ts": markets,
        "orders_updated_ts": orders,
    }


ROUTES: Final = (
    Route("exchange/status", _status),
    Route("exchange/schedule", _schedule),
    Route("series", _all_series),
    Route("series/fee_changes", _series_fee_changes),
    Route("series/*", _one_series),
    Route("series/*/markets/*/candlesticks", _candlesticks),
    Route("events", _events),
    Route("events/fee_changes", _event_fee_changes),
    Route("events/*", _one_event),
    Route("markets", _markets),
    Route("markets/trades", _trades),
    Route("markets/orderbooks", _orderbooks),
    Route("markets/candlesticks", _all_candlesticks),
    Route("markets/*", _one_market),
    Route("markets/*/orderbook", _orderbook),
    Route("live_data/events/*", _live_data),
    Route("historical/cutoff", _cutoff),
    Route("cfbenchmarks/values", _index_values, public=False, cost=PASSTHROUGH_COST),
    Route("cfbenchmarks/history/values", _index_history, public=False, cost=PASSTHROUGH_COST),
)
"""Every path, the literal ones before those with a name in the same place."""
