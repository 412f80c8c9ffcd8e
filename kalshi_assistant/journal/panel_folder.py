"""Whole panels, read and written: a folder with the index, the markets, their quotes and a word on
where they come from.

    meta.json       index: what the index is ("proxy: ..." where it stands in for BRTI)
                    quotes: "point: ..." or "minute_mean: ...", coin
    index.csv       ts, value                      epoch second, dollars
    markets.csv     ticker, open_ts, close_ts, floor_strike, expiration_value, result
    quotes.csv      ticker, ts, yes_bid, yes_ask   dollars

Each table may be gzipped (``.csv.gz``). An empty cell is not known. Whatever is wrong is told with
file and row, and what to do about it.
"""

import csv
import gzip
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Final, Literal, cast

import msgspec

from kalshi_assistant.domain.errors import OperatorError
from kalshi_assistant.domain.ids import Ticker
from kalshi_assistant.domain.time import whole_second
from kalshi_assistant.domain.units import (
    INDEX_SCALE,
    PRICE_SCALE,
    IndexValue,
    Price,
    format_index,
    format_price,
)
from kalshi_assistant.journal.panel import (
    INDEX_COLUMNS,
    MARKET_COLUMNS,
    PanelMarket,
    Row,
    epoch_second,
    market_of,
    open_text,
    rows_of,
)

QuotesKind = Literal["point", "minute_mean"]

TABLES: Final = ("index", "markets", "quotes")
TABLE_ENDS: Final = (".csv", ".csv.gz")
COIN: Final = "BTC"
QUOTE_COLUMNS: Final = ("ticker", "ts", "yes_bid", "yes_ask")
WHOLE_DOLLARS_LEAST: Final = 100
"""Prints without cents, and none with, from which a recorder is taken to have floored them."""
CELL_LENGTH_MAX: Final = 40
INDEX_DOLLARS_MAX: Final = 10**15
"""Sixty prints below it still add up in 64 bits."""
META_BYTES_MAX: Final = 100_000
PANEL_FILES: Final = frozenset(
    ["meta.json", *(f"{name}{end}" for name in TABLES for end in TABLE_ENDS)]
)
"""Every name that a file of a panel may have."""


@dataclass(frozen=True, slots=True)
class PanelQuote:
    """Best prices of a market known at an epoch second; ``None`` where the panel does not know."""

    ticker: Ticker
    second: int
    bid: Price | None
    ask: Price | None


class Meta(msgspec.Struct, frozen=True):
    """What a panel says of itself."""

    index: str
    quotes: str
    coin: str = "BTC"
    made_from: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Panel:
    """A panel as it was read."""

    name: str
    index_text: str
    quotes_kind: QuotesKind
    prints: tuple[tuple[int, IndexValue], ...]
    """(epoch second, cents), ascending."""
    markets: tuple[PanelMarket, ...]
    quotes: tuple[PanelQuote, ...]

    @property
    def is_proxy(self) -> bool:
        """Whether the index is a stand-in for BRTI."""
        return self.index_text.strip().lower().startswith("proxy")

    @property
    def whole_dollars(self) -> bool:
        """Whether the prints were floored to whole dollars."""
        enough = len(self.prints) >= WHOLE_DOLLARS_LEAST
        return enough and all(value % INDEX_SCALE == 0 for _, value in self.prints)


def read_panel(folder: Path) -> Panel:
    """A panel for an evaluation: every market has a result. Raises OperatorError."""
    if not folder.is_dir():
        raise OperatorError(f"{folder} is not a folder; name one with meta.json and three tables")
    meta, kind = _meta(folder / "meta.json")
    markets = _markets(_table(folder, "markets"))
    return Panel(
        name=folder.resolve().name,
        index_text=meta.index,
        quotes_kind=kind,
        prints=tuple(_prints(_table(folder, "index"))),
        markets=markets,
        quotes=tuple(_quotes(_table(folder, "quotes"), markets, kind)),
    )


def _table(folder: Path, name: str) -> Path:
    """The one file of a table."""
    found = [path for end in TABLE_ENDS if (path := folder / f"{name}{end}").is_file()]
    if len(found) == 1:
        return found[0]
    if found:
        raise OperatorError(f"{folder} has {name}.csv and {name}.csv.gz; keep one of them")
    raise OperatorError(f"{folder} has no {name}.csv (or {name}.csv.gz); put it there")


def _meta(path: Path) -> tuple[Meta, QuotesKind]:
    try:
        meta = msgspec.json.decode(path.read_bytes()[:META_BYTES_MAX], type=Meta)
    except OSError as error:
        text = f'{path} cannot be read ({error.strerror}); write {{"index": ..., "quotes": ...}}'
        raise OperatorError(text) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        text = f'{path}: {error}; write {{"index": "...", "quotes": "point: ..."}}'
        raise OperatorError(text) from error
    if meta.coin != COIN:
        raise OperatorError(f"{path}: coin is {meta.coin[:CELL_LENGTH_MAX]!r}; only BTC is known")
    kind = meta.quotes.partition(":")[0].strip()
    if kind not in ("point", "minute_mean"):
        raise OperatorError(
            f"{path}: quotes begins with {kind[:CELL_LENGTH_MAX]!r}; write point or minute_mean, "
            "then a colon and how they were taken"
        )
    return meta, cast("QuotesKind", kind)


def _cells(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[int, list[str]]]:
    """(row as an editor numbers it, the cells of ``columns``) of a table that has rows; empty lines
    are passed over.
    """
    with open_text(path) as file:
        table = csv.reader(file)
        header = next(table, [])
        missing = [column for column in columns if column not in header]
        if missing:
            raise OperatorError(
                f"{path} row 1: no column {', '.join(missing)}; the header is {','.join(columns)}"
            )
        places = [header.index(column) for column in columns]
        least = max(places) + 1
        empty = True
        for cells in table:
            if not cells:
                continue
            empty = False
            if len(cells) < least:
                raise OperatorError(
                    f"{path} row {table.line_num}: {len(cells)} cells; it needs {len(header)}, "
                    "so complete or delete it"
                )
            yield table.line_num, [cells[place] for place in places]
        if empty:
            raise OperatorError(f"{path} has no rows below its header; record some first")


def _place(path: Path, line: int) -> Row:
    return Row(path, line, {})


def _prints(path: Path) -> Iterator[tuple[int, IndexValue]]:
    before = -1
    for line, (stamp, value) in _cells(path, INDEX_COLUMNS):
        second = _second(path, line, stamp)
        if second <= before:
            twice = second == before
            again = "comes twice; keep one row" if twice else "is out of order; sort the file by ts"
            raise _place(path, line).wrong("ts", f"{second} {again}")
        before = second
        yield second, _index_value(path, line, value)


def _second(path: Path, line: int, text: str) -> int:
    try:
        return epoch_second(text)
    except ValueError as error:
        raise _place(path, line).wrong("ts", str(error)) from error


def _decimal(path: Path, line: int, column: str, text: str) -> Decimal:
    """A cell as an exact number, of any size: compare it before multiplying it."""
    plain = len(text) <= CELL_LENGTH_MAX and text.isascii() and "_" not in text
    try:
        value = Decimal(text if plain else "nan")
    except InvalidOperation:
        value = Decimal("nan")
    if not value.is_finite():
        reason = f"{text[:CELL_LENGTH_MAX]!r} is not a number; write dollars"
        raise _place(path, line).wrong(column, reason)
    return value


def _index_value(path: Path, line: int, text: str) -> IndexValue:
    """Dollars to the nearest cent, half to even."""
    dollars = _decimal(path, line, "value", text)
    if dollars >= INDEX_DOLLARS_MAX:
        raise _place(path, line).wrong("value", f"{text} is no index; leave the row out")
    value = round(dollars * INDEX_SCALE) if dollars > 0 else 0
    if value <= 0:
        raise _place(path, line).wrong("value", f"{text} is not above zero; leave the row out")
    return IndexValue(value)


def _markets(path: Path) -> tuple[PanelMarket, ...]:
    found: dict[Ticker, PanelMarket] = {}
    for row in rows_of(path, MARKET_COLUMNS):
        market = market_of(row)
        if market.result is None:
            raise row.wrong("result", "is empty; write yes or no, or delete the row")
        if market.ticker in found:
            raise row.wrong("ticker", f"{market.ticker} comes twice; delete one of the rows")
        found[market.ticker] = market
    if not found:
        raise OperatorError(f"{path} has no rows below its header; record some markets first")
    return tuple(found.values())


def _quotes(path: Path, markets: Sequence[PanelMarket], kind: QuotesKind) -> Iterator[PanelQuote]:
    last = dict.fromkeys((market.ticker for market in markets), -1)
    for line, (name, stamp, low, high) in _cells(path, QUOTE_COLUMNS):
        ticker = Ticker(name)
        if ticker not in last:
            reason = f"{name[:CELL_LENGTH_MAX]!r} is not in the markets; add it there or delete"
            raise _place(path, line).wrong("ticker", reason)
        second = _second(path, line, stamp)
        if second <= last[ticker]:
            reason = f"{second} does not come after {last[ticker]} for {ticker}; sort by ticker, ts"
            raise _place(path, line).wrong("ts", reason)
        last[ticker] = second
        bid = _price(path, line, "yes_bid", low, kind)
        ask = _price(path, line, "yes_ask", high, kind)
        if bid is not None and ask is not None and bid > ask:
            raise _place(path, line).wrong("yes_bid", f"{low} is above yes_ask {high}; correct one")
        yield PanelQuote(ticker, second, bid, ask)


def _price(path: Path, line: int, column: str, text: str, kind: QuotesKind) -> Price | None:
    """A price cell; means are rounded to the nearest 1/10,000 dollar, points must be on it."""
    if not text:
        return None
    dollars = _decimal(path, line, column, text)
    if not 0 <= dollars <= 1:
        raise _place(path, line).wrong(column, f"{text} is outside 0 to 1 dollar; correct it")
    value = dollars * PRICE_SCALE
    if kind == "point" and value != value.to_integral_value():
        reason = f"{text} is finer than 0.0001 dollar, which no price is; correct it"
        raise _place(path, line).wrong(column, reason)
    return Price(round(value))


# --- writing ---


def write_panel(folder: Path, meta: Meta, panel: Panel) -> None:
    """Write ``panel`` into an empty ``folder``; the same panel gives the same bytes."""
    (folder / "meta.json").write_bytes(msgspec.json.format(msgspec.json.encode(meta)) + b"\n")
    _write(folder / "index.csv.gz", INDEX_COLUMNS, ((s, format_index(v)) for s, v in panel.prints))
    _write(folder / "markets.csv.gz", MARKET_COLUMNS, map(_market_cells, panel.markets))
    _write(folder / "quotes.csv.gz", QUOTE_COLUMNS, map(_quote_cells, panel.quotes))


def _market_cells(market: PanelMarket) -> tuple[object, ...]:
    return (
        market.ticker,
        whole_second(market.open_time),
        whole_second(market.close_time),
        "" if market.strike is None else format_index(market.strike),
        "" if market.settlement is None else format_index(market.settlement),
        market.result or "",
    )


def _quote_cells(quote: PanelQuote) -> tuple[object, ...]:
    bid = "" if quote.bid is None else format_price(quote.bid)
    ask = "" if quote.ask is None else format_price(quote.ask)
    return quote.ticker, quote.second, bid, ask


def _write(path: Path, columns: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> None:
    with path.open("wb") as file, gzip.GzipFile("", "wb", fileobj=file, mtime=0) as packed:
        text = io.TextIOWrapper(cast("io.BufferedWriter", packed), encoding="utf-8", newline="")
        table = csv.writer(text, lineterminator="\n")
        table.writerow(columns)
        table.writerows(rows)
        text.flush()
        text.detach()
