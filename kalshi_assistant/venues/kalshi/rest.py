"""REST as values: what to ask, what a refusal means, and when to ask again.

A ``Request`` is below the API's base (``.../trade-api/v2``); ``answers`` reads what comes back.
Sources: OpenAPI 3.34.0, rate limit and error pages of October 2026.
"""

from collections.abc import Iterator
from typing import Final, Literal

import msgspec

from kalshi_assistant.domain.ids import Series, Ticker
from kalshi_assistant.domain.time import SECOND, Nanos, format_iso

DEFAULT_COST: Final = 10
INDEX_COST: Final = 50
"""Tokens of a request: of any, and of one passed on to the index's publisher."""
EVERY_SHARD: Final = -1
"""A write the venue routes by its ticker is billed to every shard."""

PAGE_MAX: Final = 1_000
EVENTS_PAGE_MAX: Final = 200
BOOKS_MAX: Final = 100

Query = tuple[tuple[str, str], ...]
Method = Literal["GET", "POST", "PUT", "DELETE"]


class Request(msgspec.Struct, frozen=True):
    """One question or command. Only signed requests are metered, so ``cost`` counts where
    ``signed``.
    """

    method: Method
    path: str
    query: Query = ()
    signed: bool = False
    cost: int = DEFAULT_COST
    bucket: Literal["read", "write"] = "read"
    body: bytes = b""
    """JSON, where there is one; it is not signed."""
    shard: int | None = None
    """Of a write: which shard's bucket pays, ``None`` the unscoped one, ``EVERY_SHARD`` all."""


# --- questions ---


def exchange_status() -> Request:
    """Which shards trade."""
    return _get("/exchange/status")


def exchange_schedule() -> Request:
    """Planned maintenance."""
    return _get("/exchange/schedule")


def series(ticker: Series) -> Request:
    """One series, with its fees."""
    return _get(f"/series/{ticker}")


def series_fee_changes(ticker: Series, *, past: bool = False) -> Request:
    """Fee changes announced for a series; ``past`` adds those in force already."""
    return _get(
        "/series/fee_changes", series_ticker=ticker, show_historical="true" if past else None
    )


def event_fee_changes(event_ticker: str | None = None, cursor: str | None = None) -> Request:
    """Fee overrides announced, of one event or of all."""
    return _get(
        "/events/fee_changes", event_ticker=event_ticker, limit=str(PAGE_MAX), cursor=cursor
    )


def events(ticker: Series, status: str | None = "open", cursor: str | None = None) -> Request:
    """The events of a series with their markets; ``status`` is one of the filter words."""
    return _get(
        "/events",
        series_ticker=ticker,
        status=status,
        with_nested_markets="true",
        limit=str(EVENTS_PAGE_MAX),
        cursor=cursor,
    )


def event(event_ticker: str) -> Request:
    """One event with its markets."""
    return _get(f"/events/{event_ticker}", with_nested_markets="true")


def markets(
    ticker: Series, closes_after: Nanos, closes_before: Nanos, cursor: str | None = None
) -> Request:
    """The markets of a series by their close, whole seconds, both ends included."""
    return _get(
        "/markets",
        series_ticker=ticker,
        min_close_ts=_seconds(closes_after),
        max_close_ts=_seconds(closes_before),
        limit=str(PAGE_MAX),
        cursor=cursor,
    )


def market(ticker: Ticker) -> Request:
    """One market; may be unknown for a moment after the socket announced it."""
    return _get(f"/markets/{ticker}")


def order_book(ticker: Ticker) -> Request:
    """One book, all levels."""
    return _get(f"/markets/{ticker}/orderbook")


def order_books(tickers: tuple[Ticker, ...]) -> Request:
    """Up to a hundred books. Raises ValueError for none or more."""
    if not 0 < len(tickers) <= BOOKS_MAX:
        raise ValueError(f"1 to {BOOKS_MAX} books at once, not {len(tickers)}")
    return Request("GET", "/markets/orderbooks", tuple(("tickers", each) for each in tickers))


def trades(
    ticker: Ticker,
    since: Nanos | None = None,
    until: Nanos | None = None,
    cursor: str | None = None,
) -> Request:
    """Public trades of a market, between whole seconds."""
    return _get(
        "/markets/trades",
        ticker=ticker,
        min_ts=None if since is None else _seconds(since),
        max_ts=None if until is None else _seconds(until),
        limit=str(PAGE_MAX),
        cursor=cursor,
    )


def candlesticks(
    series_ticker: Series,
    ticker: Ticker,
    start: Nanos,
    end: Nanos,
    minutes: Literal[1, 60, 1440] = 1,
) -> Request:
    """Candles of a market."""
    return _get(
        f"/series/{series_ticker}/markets/{ticker}/candlesticks",
        start_ts=_seconds(start),
        end_ts=_seconds(end),
        period_interval=str(minutes),
    )


def historical_cutoff() -> Request:
    """Until when things were moved to the archive, which is read by the paths below."""
    return _get("/historical/cutoff")


def historical_markets(ticker: Series, cursor: str | None = None) -> Request:
    """Archived markets of a series, the last created first; the archive takes no times."""
    return _get("/historical/markets", series_ticker=ticker, limit=str(PAGE_MAX), cursor=cursor)


def historical_trades(ticker: Ticker, cursor: str | None = None) -> Request:
    """Archived public trades of a market."""
    return _get("/historical/trades", ticker=ticker, limit=str(PAGE_MAX), cursor=cursor)


def historical_candlesticks(
    ticker: Ticker, start: Nanos, end: Nanos, minutes: Literal[1, 60, 1440] = 1
) -> Request:
    """Candles of an archived market."""
    return _get(
        f"/historical/markets/{ticker}/candlesticks",
        start_ts=_seconds(start),
        end_ts=_seconds(end),
        period_interval=str(minutes),
    )


def index_values(index: str) -> Request:
    """The newest values of an index from its publisher; the key needs to be entitled."""
    return _signed("/cfbenchmarks/values", (("id", index),))


def index_history(index: str, hour: Nanos) -> Request:
    """One hour of an index at 5 Hz; ``hour`` is any instant in it. Can lag by 15 minutes."""
    start = hour // (3_600 * SECOND) * 3_600 * SECOND
    stamp = format_iso(start).removesuffix("Z") + ".000Z"
    query = (("id", index), ("timespan", "HOUR"), ("timestamp", stamp))
    return _signed("/cfbenchmarks/history/values", query)


def live_data(event_ticker: str, span: Literal["15min", "1h"] = "15min") -> Request:
    """The public chart of an event: about a point a second, no key needed."""
    return _get(f"/live_data/events/{event_ticker}", range=span)


def _get(path: str, **fields: str | None) -> Request:
    query = tuple((name, value) for name, value in fields.items() if value)
    return Request("GET", path, query)


def _signed(path: str, query: Query) -> Request:
    return Request("GET", path, query, signed=True, cost=INDEX_COST)


def _seconds(instant: Nanos) -> str:
    return str(instant // SECOND)


# --- refusals ---

Kind = Literal["passing", "final", "unknown_outcome"]

_PASSING_STATUS: Final = (408, 425, 429)
_PASSING_CODES: Final = ("trading_is_paused", "service_unavailable", "too many requests")
_TEXT_MAX: Final = 200


class VenueError(msgspec.Struct, frozen=True):
    """A refusal. ``unknown_outcome``: what was asked for may have happened all the same."""

    status: int
    code: str
    message: str
    kind: Kind


class RefusalError(Exception):
    """The venue said no. Whoever carries a conversation throws it in where the answer would be."""

    def __init__(self, error: VenueError) -> None:
        super().__init__(error.message)
        self.error = error


def parse_error(status: int, body: bytes) -> VenueError:
    """A refusal in every shape seen: flat, nested under ``error``, a text there, or no JSON.

    ``429`` comes as ``{"error": "too many requests"}`` without a Retry-After.
    """
    code, message = _said(body)
    code = code or str(status)
    return VenueError(status, code, message or f"HTTP {status}", _kind(status, code))


def next_attempt(
    error: VenueError, request: Request, pauses: Iterator[Nanos], now: Nanos
) -> Nanos | None:
    """When to ask again; ``None``: not at all. A write whose outcome is unknown is looked up."""
    again = error.kind == "passing" or (
        error.kind == "unknown_outcome" and request.bucket == "read"
    )
    return Nanos(now + next(pauses)) if again else None


def _kind(status: int, code: str) -> Kind:
    if status in _PASSING_STATUS or code in _PASSING_CODES:
        return "passing"
    return "unknown_outcome" if status >= 500 else "final"


def _said(body: bytes) -> tuple[str | None, str | None]:
    """Code and message, whichever were there."""
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None, _text(body[:_TEXT_MAX].decode("utf-8", errors="replace").strip())
    inner = found.get("error", found) if isinstance(found, dict) else found
    if not isinstance(inner, dict):
        return None, _text(inner)
    message = _text(inner.get("message")) or _text(inner.get("details"))
    details = _text(inner.get("details"))
    if message and details and details != message:
        message = f"{message}: {details}"[:_TEXT_MAX]
    return _text(inner.get("code")), message


def _text(found: object) -> str | None:
    if isinstance(found, bool) or not isinstance(found, str | int):
        return None
    return str(found)[:_TEXT_MAX] or None
