"""Reads panels: the index, strikes and outcomes of past markets as events on one clock.

A panel folder holds ``index.csv.gz`` (``ts, value``: epoch second at which the value was known) and
``markets.csv.gz`` (``ticker, open_ts, close_ts, floor_strike, expiration_value, result``); an empty
cell is not known. A panel does not say when a result was published, nor what a market costs or
which prices it takes: the caller says so in ``PanelTerms``, and nothing here makes it up.
"""

import csv
import gzip
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import BinaryIO, Final, TextIO, TypeVar, cast

from kalshi_assistant.domain.contract import Contract, FeeTerms, Outcome, PriceRange
from kalshi_assistant.domain.errors import OperatorError
from kalshi_assistant.domain.events import (
    Event,
    IndexPrinted,
    MarketDetermined,
    MarketListed,
    SettlementPublished,
    StrikeSet,
)
from kalshi_assistant.domain.ids import Ticker
from kalshi_assistant.domain.time import Nanos, from_seconds
from kalshi_assistant.domain.units import IndexValue, UnitError, parse_index

T = TypeVar("T")

INDEX_COLUMNS: Final = ("ts", "value")
MARKET_COLUMNS: Final = (
    "ticker",
    "open_ts",
    "close_ts",
    "floor_strike",
    "expiration_value",
    "result",
)
_OUTCOMES: Final[Mapping[str, Outcome]] = {"yes": "yes", "no": "no"}
_SECONDS_MAX: Final = 2**33
"""No epoch second of this trade is later (it is the year 2242); milliseconds are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelTerms:
    """What a panel leaves open about its markets."""

    price_ranges: tuple[PriceRange, ...]
    fees: FeeTerms | None
    exchange_index: int
    round_digits: int
    published_after: Nanos
    """How long after the close the result and the settlement value count as received."""


@dataclass(frozen=True, slots=True)
class PanelMarket:
    """One row of ``markets.csv``; ``None`` where the panel does not know."""

    ticker: Ticker
    open_time: Nanos
    close_time: Nanos
    strike: IndexValue | None
    settlement: IndexValue | None
    result: Outcome | None


def read_index(path: Path, index: str) -> Iterator[IndexPrinted]:
    """The prints of ``index.csv[.gz]``, ascending. Raises OperatorError with file and row."""
    before = -1
    for row in rows_of(path, INDEX_COLUMNS):
        second = row.read("ts", epoch_second)
        if second <= before:
            raise row.wrong("ts", f"{second} does not come after {before}; sort the file by ts")
        before = second
        at = from_seconds(second)
        yield IndexPrinted(at, at, index, row.read("value", parse_index), "panel")


def read_markets(path: Path) -> tuple[PanelMarket, ...]:
    """The rows of ``markets.csv[.gz]``. Raises OperatorError with file and row."""
    return tuple(market_of(row) for row in rows_of(path, MARKET_COLUMNS))


def market_events(markets: tuple[PanelMarket, ...], terms: PanelTerms) -> tuple[Event, ...]:
    """Listing and strike at the open, result and value after the close; in order of receipt."""
    events = [event for market in markets for event in _life(market, terms)]
    return tuple(sorted(events, key=lambda event: event.received_at))


def _life(market: PanelMarket, terms: PanelTerms) -> Iterator[Event]:
    opened, published = market.open_time, Nanos(market.close_time + terms.published_after)
    contract = Contract(
        ticker=market.ticker,
        event_ticker=market.ticker.rpartition("-")[
            0
        ],  # a market's ticker is its event's and a suffix
        open_time=opened,
        close_time=market.close_time,
        strike=None,
        price_ranges=terms.price_ranges,
        fees=terms.fees,
        exchange_index=terms.exchange_index,
        round_digits=terms.round_digits,
    )
    yield MarketListed(opened, opened, contract, "active")
    if market.strike is not None:
        yield StrikeSet(opened, opened, market.ticker, market.strike)
    if market.result is None:
        return
    yield MarketDetermined(published, published, market.ticker, market.result)
    if market.settlement is not None:
        yield SettlementPublished(
            published, published, market.ticker, market.settlement, market.result
        )


def market_of(row: "Row") -> PanelMarket:
    """A row of the markets. Raises OperatorError."""
    opened, closes = row.read("open_ts", epoch_second), row.read("close_ts", epoch_second)
    if closes <= opened:
        raise row.wrong("close_ts", f"{closes} is not after open_ts {opened}; write the close")
    return PanelMarket(
        ticker=Ticker(row.read("ticker", _present)),
        open_time=from_seconds(opened),
        close_time=from_seconds(closes),
        strike=row.maybe("floor_strike", parse_index),
        settlement=row.maybe("expiration_value", parse_index),
        result=row.maybe("result", _outcome),
    )


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table, with the place it stands at."""

    path: Path
    line: int
    cells: Mapping[str, str | None]

    def read(self, column: str, parse: Callable[[str], T]) -> T:
        """A cell as a value. Raises OperatorError."""
        try:
            return parse(self.cells[column] or "")
        except ValueError as error:
            raise self.wrong(column, str(error)) from error

    def maybe(self, column: str, parse: Callable[[str], T]) -> T | None:
        """A cell that may be empty."""
        return self.read(column, parse) if self.cells[column] else None

    def wrong(self, column: str, reason: str) -> OperatorError:
        """What is wrong with a cell, with file and row."""
        return OperatorError(f"{self.path} row {self.line}, {column}: {reason}")


def rows_of(path: Path, columns: tuple[str, ...]) -> Iterator[Row]:
    """The rows below the header line, numbered as an editor numbers lines."""
    with open_text(path) as file:
        table = csv.DictReader(file)
        missing = [column for column in columns if column not in (table.fieldnames or ())]
        if missing:
            raise OperatorError(
                f"{path} row 1: no column {', '.join(missing)}; the header is {','.join(columns)}"
            )
        for cells in table:
            yield Row(path, table.line_num, cells)


@contextmanager
def open_text(path: Path) -> Iterator[TextIO]:
    """A text file, plain or gzipped, whose troubles are told in our words; a byte order mark, which
    spreadsheets write, is skipped.
    """
    try:
        with path.open("rb") as file:
            content = gzip.GzipFile(fileobj=file) if path.suffix == ".gz" else file
            yield TextIOWrapper(cast(BinaryIO, content), encoding="utf-8-sig", newline="")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error) as error:
        raise OperatorError(
            f"cannot read {path} ({error}); give a whole csv or csv.gz file"
        ) from error


def epoch_second(text: str) -> int:
    """A cell as an epoch second. Raises UnitError."""
    if not (text.isascii() and text.isdigit()) or int(text) > _SECONDS_MAX:
        raise UnitError(f"{text[:40]!r} is not an epoch second; write e.g. 1778501187")
    return int(text)


def _present(text: str) -> str:
    if not text:
        raise ValueError("is empty; write the market's ticker")
    return text


def _outcome(text: str) -> Outcome:
    if text not in _OUTCOMES:
        raise ValueError(f"{text[:40]!r} is not a result; write yes, no or nothing")
    return _OUTCOMES[text]
