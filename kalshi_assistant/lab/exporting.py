"""Event journals as tables: index prints, public trades, best prices, books.

Rows are in order of receipt within a run, runs follow one another. A book here is a plain one: what
the journal says of it, believed as the engine believes it. After trouble it is unknown and writes
nothing until its next snapshot.
"""

from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, Protocol

from kalshi_assistant.domain.errors import OperatorError
from kalshi_assistant.domain.events import (
    BookDelta,
    BookSnapshot,
    ClockJumped,
    Event,
    FeedLost,
    Gap,
    IndexPrinted,
    IndexTicked,
    Level,
    MarketListed,
    QuoteSeen,
    TradeSeen,
)
from kalshi_assistant.domain.ids import Ticker
from kalshi_assistant.domain.orders import ASK, BID, BookSide
from kalshi_assistant.domain.time import Nanos, whole_second
from kalshi_assistant.domain.units import ONE_DOLLAR
from kalshi_assistant.engine.feeds import BOOK, SOCKET
from kalshi_assistant.journal.codec import EVENTS, EventRecord
from kalshi_assistant.journal.reader import JournalReader, runs
from kalshi_assistant.lab.tables import Cell, Cells, Column

What = Literal["books", "prints", "trades", "quotes"]

DEPTH: Final = 10
DEPTH_MAX: Final = 100
PRICE_DECIMALS: Final = 4
QUANTITY_DECIMALS: Final = 2
INDEX_DECIMALS: Final = 2
AVERAGE_DECIMALS: Final = 8


def _price(name: str) -> Column:
    return Column(name, "decimal", PRICE_DECIMALS)


def _quantity(name: str) -> Column:
    return Column(name, "decimal", QUANTITY_DECIMALS)


_STAMPS: Final = (Column("received_at", "instant"), Column("at", "instant"))
_TICKER: Final = Column("ticker", "text")
PRINT_COLUMNS: Final = (
    *_STAMPS,
    Column("second", "second"),
    Column("index", "text"),
    Column("value", "decimal", INDEX_DECIMALS),
    Column("source", "text"),
    Column("kind", "text"),
    Column("average_60s", "decimal", AVERAGE_DECIMALS),
    Column("average_60s_prints", "count"),
)
TRADE_COLUMNS: Final = (
    *_STAMPS,
    _TICKER,
    Column("trade_id", "text"),
    _price("price"),
    _quantity("quantity"),
    Column("taker", "text"),
    Column("is_block", "flag"),
)
QUOTE_COLUMNS: Final = (
    *_STAMPS,
    _TICKER,
    Column("source", "text"),
    _price("bid"),
    _price("ask"),
    _quantity("bid_size"),
    _quantity("ask_size"),
    _price("last_price"),
    _quantity("volume"),
    _quantity("open_interest"),
)


class _Table(Protocol):
    """One kind of table: its columns, and the rows one event adds."""

    @property
    def columns(self) -> tuple[Column, ...]:
        """Of every row."""

    def rows(self, event: Event) -> Sequence[Cells]:
        """What ``event`` adds."""

    def lost(self) -> None:
        """Records are missing here, or a run begins: no book is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What to export. ``begin`` is included, ``end`` is not; both are instants of receipt."""

    what: What
    tickers: frozenset[Ticker] = frozenset()
    """None: every market."""
    begin: Nanos | None = None
    end: Nanos | None = None
    depth: int = DEPTH

    def __post_init__(self) -> None:
        if self.what == "prints" and self.tickers:
            raise OperatorError("index prints are of no market; leave --market out")
        if self.begin is not None and self.end is not None and self.begin >= self.end:
            raise OperatorError("--from is not before --to; nothing lies between them")
        if not 1 <= self.depth <= DEPTH_MAX:
            raise OperatorError(f"--depth is {self.depth}; write 1 to {DEPTH_MAX}")


class Export:
    """Event journals on their way to a table: make one, exhaust ``rows``."""

    def __init__(self, paths: list[Path], wanted: Wanted) -> None:
        """Read the headers. Raises OperatorError for files that are no event journals, and for
        journals of several environments: their markets share names, but not prices.
        """
        self._readers = [JournalReader(EVENTS, parts) for parts in runs(paths).values()]
        _check_one_environment(self._readers)
        self._wanted = wanted
        self._table = _table(wanted)
        self.events = 0
        """How many were read."""
        self.notices: list[str] = []
        """What a person should know, complete once ``rows`` is exhausted."""

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns of every row."""
        return self._table.columns

    def rows(self, told: Callable[[int], None]) -> Iterator[Cells]:
        """Every row; ``told`` hears of the events read so far after each batch. Raises
        OperatorError, or PassingError where a file cannot be read.
        """
        begin, end = self._wanted.begin, self._wanted.end
        for reader in self._readers:
            self._table.lost()
            due = 0
            for batch in reader.batches():
                for record in batch:
                    if due and record.sequence != due:
                        self._table.lost()
                    due = record.sequence + 1
                    rows, at = self._table.rows(record.event), record.event.received_at
                    if rows and (begin is None or at >= begin) and (end is None or at < end):
                        yield from rows
                self.events += len(batch)
                told(self.events)
            self.notices += [notice.text for notice in reader.notices]


def _check_one_environment(readers: Sequence[JournalReader[EventRecord]]) -> None:
    found = {reader.header.run.environment: reader.paths[0].name for reader in readers}
    if len(found) > 1:
        told = ", ".join(f"{environment} ({name})" for environment, name in sorted(found.items()))
        raise OperatorError(f"these journals are of several environments: {told}; name one's only")


# --- tables --------------------------------------------------------------------------------------


def _table(wanted: Wanted) -> _Table:
    match wanted.what:
        case "prints":
            return _Prints()
        case "trades":
            return _Trades(wanted.tickers)
        case "quotes":
            return _Quotes(wanted.tickers)
        case "books":
            return _Levels(wanted.tickers, wanted.depth)


class _Prints:
    columns = PRINT_COLUMNS

    def rows(self, event: Event) -> Sequence[Cells]:
        """An index value; one between whole seconds is a ``tick`` and settles nothing."""
        if isinstance(event, IndexPrinted):
            kind, averages = "print", (event.average_60s_e8, event.average_60s_prints)
        elif isinstance(event, IndexTicked):
            kind, averages = "tick", (None, None)
        else:
            return ()
        stamps = (event.received_at, event.at, whole_second(event.at))
        return ((*stamps, event.index, event.value, event.source, kind, *averages),)

    def lost(self) -> None:
        """Nothing is remembered."""


class _Trades:
    columns = TRADE_COLUMNS

    def __init__(self, tickers: frozenset[Ticker]) -> None:
        self._tickers = tickers

    def rows(self, event: Event) -> Sequence[Cells]:
        """A public trade."""
        if not isinstance(event, TradeSeen) or (
            self._tickers and event.ticker not in self._tickers
        ):
            return ()
        what = (event.trade_id, event.price, event.quantity, event.taker, event.is_block)
        return ((event.received_at, event.at, event.ticker, *what),)

    def lost(self) -> None:
        """Nothing is remembered."""


class _Quotes:
    columns = QUOTE_COLUMNS

    def __init__(self, tickers: frozenset[Ticker]) -> None:
        self._tickers = tickers
        self._books = Books(tickers)
        self._last: dict[Ticker, tuple[PlainBook, Top]] = {}
        """The top last written, and of which book: another one begins after trouble."""

    def rows(self, event: Event) -> Sequence[Cells]:
        """The venue's own quote, or the rebuilt book's where its top moved."""
        if isinstance(event, QuoteSeen):
            if self._tickers and event.ticker not in self._tickers:
                return ()
            best = (event.bid, event.ask, event.bid_size, event.ask_size)
            rest = (event.last_price, event.volume, event.open_interest)
            return ((event.received_at, event.at, event.ticker, "venue", *best, *rest),)
        changed = self._books.take(event)
        if changed is None:
            return ()
        ticker, book = changed
        top, last = book.top, self._last.get(ticker)
        if last is not None and last[0] is book and last[1] == top:
            return ()
        self._last[ticker] = (book, top)
        return ((event.received_at, event.at, ticker, "book", *top, None, None, None),)

    def lost(self) -> None:
        """No book is known."""
        self._books.forget_all()


class _Levels:
    def __init__(self, tickers: frozenset[Ticker], depth: int) -> None:
        self._depth = depth
        self._books = Books(tickers)
        ranks = range(1, depth + 1)
        levels = [
            column
            for side in ("bid", "ask")
            for rank in ranks
            for column in (_price(f"{side}_{rank}"), _quantity(f"{side}_size_{rank}"))
        ]
        self.columns = (*_STAMPS, _TICKER, *levels)

    def rows(self, event: Event) -> Sequence[Cells]:
        """The best levels of the book that ``event`` changed."""
        changed = self._books.take(event)
        if changed is None:
            return ()
        ticker, book = changed
        bids, asks = (book.best(side, self._depth) for side in (BID, ASK))
        return ((event.received_at, event.at, ticker, *bids, *asks),)

    def lost(self) -> None:
        """No book is known."""
        self._books.forget_all()


# --- books ---------------------------------------------------------------------------------------

Top = tuple[int, int, int, int]
"""Bid, ask, and what rests there; an empty side is 0 or 1 dollar."""


class PlainBook:
    """One market's levels: contents by price, and the prices in order."""

    __slots__ = ("_contents", "_prices")

    def __init__(self) -> None:
        self._contents: tuple[dict[int, int], dict[int, int]] = ({}, {})
        self._prices: tuple[list[int], list[int]] = ([], [])

    def load(self, bids: Iterable[Level], asks: Iterable[Level]) -> None:
        """Replace everything with a snapshot."""
        for side, levels in ((BID, bids), (ASK, asks)):
            contents = self._contents[side]
            contents.clear()
            for price, size in levels:
                if size > 0 and 0 < price < ONE_DOLLAR:
                    contents[price] = size
            self._prices[side][:] = sorted(contents)

    def change(self, side: BookSide, price: int, by: int) -> bool:
        """Add to one level; whether that made sense. Where it did not, frames were lost."""
        contents, prices = self._contents[side], self._prices[side]
        before = contents.get(price, 0)
        after = before + by
        if after < 0 or not 0 < price < ONE_DOLLAR:
            return False
        if after:
            contents[price] = after
            if not before:
                insort(prices, price)
        elif before:
            del contents[price]
            del prices[bisect_left(prices, price)]
        return True

    @property
    def top(self) -> Top:
        """The best prices and sizes."""
        bids, asks = self._prices
        bid, ask = bids[-1] if bids else 0, asks[0] if asks else int(ONE_DOLLAR)
        return bid, ask, self._contents[BID].get(bid, 0), self._contents[ASK].get(ask, 0)

    def best(self, side: BookSide, depth: int) -> list[Cell]:
        """Price and content of the best ``depth`` levels, best first; ``None`` where no more is."""
        contents, prices = self._contents[side], self._prices[side]
        nearest = prices[: -depth - 1 : -1] if side == BID else prices[:depth]
        cells: list[Cell] = [cell for price in nearest for cell in (price, contents[price])]
        return cells + [None, None] * (depth - len(nearest))


class Books:
    """The books that are known now. What makes one unknown is what does so in the engine."""

    def __init__(self, tickers: frozenset[Ticker] = frozenset()) -> None:
        self._tickers = tickers
        self._known: dict[Ticker, PlainBook] = {}
        self._opened: dict[Ticker, Nanos] = {}

    def take(self, event: Event) -> tuple[Ticker, PlainBook] | None:
        """The book that ``event`` changed, if it is known after it."""
        if isinstance(event, BookDelta):
            book = self._known.get(event.ticker)
            if book is None:
                return None
            if book.change(event.side, event.price, event.change):
                return event.ticker, book
            del self._known[event.ticker]
        elif isinstance(event, BookSnapshot):
            return self._load(event)
        else:
            self._trouble(event)
        return None

    def forget_all(self) -> None:
        """No book is known."""
        self._known.clear()

    def _load(self, event: BookSnapshot) -> tuple[Ticker, PlainBook] | None:
        if self._tickers and event.ticker not in self._tickers:
            return None
        book = self._known.setdefault(event.ticker, PlainBook())
        book.load(event.bids, event.asks)
        return event.ticker, book

    def _trouble(self, event: Event) -> None:
        match event:
            case Gap():
                for ticker in event.tickers:
                    self._known.pop(ticker, None)
            case FeedLost() if event.feed in (BOOK, SOCKET):
                self._known.clear()
            case ClockJumped():
                self._known.clear()
            case MarketListed():
                self._listed(event)
            case _:
                pass

    def _listed(self, event: MarketListed) -> None:
        """In the autumn hour a ticker comes to mean another window."""
        ticker, opens = event.contract.ticker, event.contract.open_time
        if self._opened.setdefault(ticker, opens) != opens:
            self._opened[ticker] = opens
            self._known.pop(ticker, None)
