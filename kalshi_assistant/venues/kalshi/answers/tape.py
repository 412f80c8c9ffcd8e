"""Books, trades and candles of a market."""

from typing import Final

import msgspec

from kalshi_assistant.domain.contract import Outcome
from kalshi_assistant.domain.events import BookSnapshot, Malformed, TradeSeen
from kalshi_assistant.domain.ids import Ticker
from kalshi_assistant.domain.time import Nanos, from_seconds
from kalshi_assistant.domain.units import Price, Quantity, parse_price
from kalshi_assistant.venues.kalshi import texts
from kalshi_assistant.venues.kalshi.answers.reading import Body, EventPage, each_tried, tried
from kalshi_assistant.venues.kalshi.schema import Seconds
from kalshi_assistant.venues.kalshi.texts import NonsenseError, instant

_Side = list[tuple[str, str]]
_BIDS: Final = texts.yes_prices("yes", in_yes_dollars=False)
_ASKS: Final = texts.yes_prices("no", in_yes_dollars=False)


class _Book(Body, frozen=True, gc=False):
    yes_dollars: _Side
    no_dollars: _Side


class _BookAnswer(Body, frozen=True, gc=False):
    orderbook_fp: _Book


class _NamedBook(Body, frozen=True, gc=False):
    ticker: str
    orderbook_fp: _Book


class _BooksAnswer(Body, frozen=True, gc=False):
    orderbooks: list[msgspec.Raw]


def parse_order_book(body: bytes, received_at: Nanos, ticker: Ticker) -> BookSnapshot | Malformed:
    """One book. It may be older than what the socket has told already."""

    def read() -> BookSnapshot:
        book = msgspec.json.decode(body, type=_BookAnswer).orderbook_fp
        return _snapshot(ticker, book, received_at)

    return tried(read, f"book of {ticker}", received_at)


def parse_order_books(body: bytes, received_at: Nanos) -> tuple[BookSnapshot | Malformed, ...]:
    """Several books."""

    def one(raw: msgspec.Raw) -> BookSnapshot:
        found = msgspec.json.decode(raw, type=_NamedBook)
        return _snapshot(Ticker(found.ticker), found.orderbook_fp, received_at)

    def read() -> tuple[BookSnapshot | Malformed, ...]:
        raws = msgspec.json.decode(body, type=_BooksAnswer).orderbooks
        return tuple(each_tried(one, raws, "book", received_at))

    found = tried(read, "books", received_at)
    return (found,) if isinstance(found, Malformed) else found


def _snapshot(ticker: Ticker, book: _Book, received_at: Nanos) -> BookSnapshot:
    bids = texts.levels(book.yes_dollars, _BIDS)
    asks = texts.levels(book.no_dollars, _ASKS)
    return BookSnapshot(received_at, received_at, ticker, bids, asks)


class _Trade(Body, frozen=True, gc=False):
    trade_id: str
    ticker: str
    count_fp: str
    yes_price_dollars: str
    taker_outcome_side: Outcome
    created_time: str
    is_block_trade: bool


class _TradesAnswer(Body, frozen=True, gc=False):
    trades: list[msgspec.Raw]
    cursor: str | None = None


def parse_trades(body: bytes, received_at: Nanos) -> EventPage:
    """A page of public trades, in the order listed (newest first)."""

    def one(raw: msgspec.Raw) -> TradeSeen:
        found = msgspec.json.decode(raw, type=_Trade)
        return TradeSeen(
            at=instant(found.created_time),
            received_at=received_at,
            ticker=Ticker(found.ticker),
            trade_id=found.trade_id,
            price=texts.book_price(found.yes_price_dollars),
            quantity=texts.count(found.count_fp),
            taker=found.taker_outcome_side,
            is_block=found.is_block_trade,
        )

    def read() -> EventPage:
        page = msgspec.json.decode(body, type=_TradesAnswer)
        return EventPage(
            tuple(each_tried(one, page.trades, "trade", received_at)), page.cursor or None
        )

    found = tried(read, "trades", received_at)
    return EventPage((found,), None, readable=False) if isinstance(found, Malformed) else found


class Bar(Body, frozen=True, gc=False):
    """Open, low, high and close of one price over a period."""

    open: Price
    low: Price
    high: Price
    close: Price


class Candle(Body, frozen=True, gc=False):
    """One period of a market; ``traded`` is ``None`` where nothing traded."""

    end: Nanos
    bid: Bar
    ask: Bar
    traded: Bar | None
    volume: Quantity
    open_interest: Quantity


class _Bar(Body, frozen=True, gc=False):
    """The archive names the same prices without their unit."""

    open_dollars: str | None = None
    low_dollars: str | None = None
    high_dollars: str | None = None
    close_dollars: str | None = None
    open: str | None = None
    low: str | None = None
    high: str | None = None
    close: str | None = None


class _Candle(Body, frozen=True, gc=False):
    end_period_ts: Seconds
    yes_bid: _Bar
    yes_ask: _Bar
    price: _Bar
    volume_fp: str | None = None
    open_interest_fp: str | None = None
    volume: str | None = None
    open_interest: str | None = None


class _CandlesAnswer(Body, frozen=True, gc=False):
    candlesticks: list[_Candle]


def parse_candlesticks(body: bytes, received_at: Nanos) -> tuple[Candle, ...] | Malformed:
    """Candles, as listed (oldest first)."""

    def read() -> tuple[Candle, ...]:
        found = msgspec.json.decode(body, type=_CandlesAnswer).candlesticks
        return tuple(_candle(each) for each in found)

    return tried(read, "candlesticks", received_at)


def _candle(found: _Candle) -> Candle:
    bid, ask = _bar(found.yes_bid), _bar(found.yes_ask)
    if bid is None or ask is None:
        raise NonsenseError("a candle without quotes")
    return Candle(
        end=from_seconds(found.end_period_ts),
        bid=bid,
        ask=ask,
        traded=_bar(found.price),
        volume=_count(found.volume_fp or found.volume),
        open_interest=_count(found.open_interest_fp or found.open_interest),
    )


def _count(text: str | None) -> Quantity:
    if text is None:
        raise NonsenseError("a candle without counts")
    return texts.count(text)


def _bar(found: _Bar) -> Bar | None:
    """The prices of a period; ``None`` where there were none."""
    four = (
        found.open_dollars or found.open,
        found.low_dollars or found.low,
        found.high_dollars or found.high,
        found.close_dollars or found.close,
    )
    known = [parse_price(each) for each in four if each is not None]
    if not known:
        return None
    if len(known) < len(four):
        raise NonsenseError("a candle of which half is missing")
    return Bar(*known)
