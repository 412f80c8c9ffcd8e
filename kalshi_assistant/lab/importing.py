"""A panel from data that others have made: fetched folders, or tables in Parquet.

Quotes come from candlesticks: the closes of the best bid and ask are what stood at the end of that
minute, so they are quotes of an instant and are told as such. A minute's other prices are of no
known instant, and trades are no quotes: neither becomes one.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from kalshi_assistant.domain.errors import OperatorError
from kalshi_assistant.domain.ids import Ticker
from kalshi_assistant.domain.time import Nanos, from_seconds, whole_second
from kalshi_assistant.domain.units import ONE_DOLLAR, IndexValue, parse_index, parse_price
from kalshi_assistant.journal.panel import (
    INDEX_COLUMNS,
    MARKET_COLUMNS,
    PanelMarket,
    epoch_second,
    market_of,
    rows_of,
)
from kalshi_assistant.journal.panel_folder import QUOTE_COLUMNS, Meta, Panel, PanelQuote
from kalshi_assistant.lab.fetched import Listed, read_manifest
from kalshi_assistant.market.settlement import WINDOW

if TYPE_CHECKING:
    import pyarrow as pa

CANDLE_QUOTES: Final = (
    "point: best bid and ask at the end of each minute, the closes of candlesticks"
)
NAMES: Final = {
    "binance": "Binance {} closes of one second",
    "binance-us": "Binance.US {} closes of one second",
}
TABLE_COLUMNS: Final = {
    "index": INDEX_COLUMNS,
    "markets": MARKET_COLUMNS,
    "quotes": QUOTE_COLUMNS,
}


@dataclass(slots=True)
class LeftOut:
    """What is not in the panel, by why."""

    without_result: int = 0
    without_index: int = 0
    """Not one second of the index lies in the minute before their close."""
    same_ticker: int = 0
    """The second window of a ticker, as in the autumn hour."""
    notices: list[str] = field(default_factory=list)


# --- fetched folders -----------------------------------------------------------------------------


def panel_of(folders: Sequence[Path], name: str) -> tuple[Meta, Panel, LeftOut]:
    """A panel from fetched folders: markets with candlesticks, and an index. Raises OperatorError
    where something it needs is in none of them.
    """
    listed = [read_manifest(folder) for folder in folders]
    venues = _one_subject([each for each in listed if each.head.kind == "kalshi"], "Kalshi's")
    indices = _one_subject([each for each in listed if each.head.kind == "klines"], "an index's")
    left = LeftOut()
    prints = _prints(indices)
    markets = _markets(venues, prints, left)
    quotes = _quotes(venues, markets)
    if not quotes:
        raise OperatorError(
            "there is no quote of these markets: fetch them with --what markets,candlesticks"
        )
    head = indices[0].head
    index = NAMES.get(head.source, head.source + " {}").format(head.subject)
    real = "" if venues[0].head.source == "prod" else f" ({venues[0].head.source})"
    meta = Meta(
        index=f"proxy: {index}, stamped when the second is over",
        quotes=CANDLE_QUOTES + real,
        made_from=tuple(str(folder) for folder in folders),
    )
    panel = Panel(
        name=name,
        index_text=meta.index,
        quotes_kind="point",
        prints=tuple(sorted(prints.items())),
        markets=tuple(markets.values()),
        quotes=tuple(quotes),
    )
    return meta, panel, left


def _one_subject(listed: list[Listed], whose: str) -> list[Listed]:
    if not listed:
        raise OperatorError(
            f"none of these folders is {whose}: a panel wants one made by `data fetch kalshi` and "
            "one by `data fetch klines`"
        )
    found = {(each.head.source, each.head.subject): each.folder for each in listed}
    if len(found) > 1:
        told = ", ".join(f"{source} {subject}" for source, subject in sorted(found))
        raise OperatorError(f"these folders are of several sources ({told}); name one's only")
    return listed


def _prints(listed: Iterable[Listed]) -> dict[int, IndexValue]:
    found: dict[int, IndexValue] = {}
    for each in listed:
        for part in each.of("index"):
            for row in rows_of(each.folder / part.part, INDEX_COLUMNS):
                found[row.read("ts", epoch_second)] = row.read("value", parse_index)
    if not found:
        raise OperatorError(f"{next(iter(listed)).folder} holds no second of an index yet")
    return found


def _markets(
    listed: Iterable[Listed], prints: Mapping[int, IndexValue], left: LeftOut
) -> dict[Ticker, PanelMarket]:
    """Those with a result and an index, by the close; the first window of a ticker stands."""
    everything = {
        (market.ticker, market.close_time): market
        for each in listed
        for part in each.of("markets")
        for market in map(market_of, rows_of(each.folder / part.part, MARKET_COLUMNS))
    }
    found: dict[Ticker, PanelMarket] = {}
    for market in sorted(everything.values(), key=lambda each: (each.close_time, each.ticker)):
        if market.result is None:
            left.without_result += 1
        elif not _covered(market, prints):
            left.without_index += 1
        elif market.ticker in found:
            left.same_ticker += 1
            left.notices.append(f"{market.ticker}: left out its second window")
        else:
            found[market.ticker] = market
    if not found:
        raise OperatorError(
            f"no market of {len(everything)} is left: {left.without_result} have no result, "
            f"{left.without_index} lie outside the days of the index; fetch the same days of both"
        )
    return found


def _covered(market: PanelMarket, prints: Mapping[int, IndexValue]) -> bool:
    """Whether the index was there when it settled."""
    closes = whole_second(market.close_time)
    return any(second in prints for second in range(closes - WINDOW, closes))


def _quotes(listed: Iterable[Listed], markets: Mapping[Ticker, PanelMarket]) -> list[PanelQuote]:
    found: dict[tuple[Ticker, int], PanelQuote] = {}
    for each in listed:
        for part in each.of("candlesticks"):
            columns = ("end_ts", "ticker", "bid_close", "ask_close")
            for row in rows_of(each.folder / part.part, columns):
                ticker, second = Ticker(row.cells["ticker"] or ""), row.read("end_ts", epoch_second)
                bid = row.maybe("bid_close", parse_price)
                ask = row.maybe("ask_close", parse_price)
                if bid is None or ask is None or bid > ask or (bid, ask) == (0, ONE_DOLLAR):
                    continue  # an empty or crossed book says nothing
                if ticker in markets and _inside(markets[ticker], from_seconds(second)):
                    found[ticker, second] = PanelQuote(ticker, second, bid, ask)
    place = {ticker: number for number, ticker in enumerate(markets)}
    return sorted(found.values(), key=lambda quote: (place[quote.ticker], quote.second))


def _inside(market: PanelMarket, at: Nanos) -> bool:
    return market.open_time <= at < market.close_time


# --- Parquet -------------------------------------------------------------------------------------


def tables_of(files: Sequence[Path]) -> dict[str, Path]:
    """Which file holds which table, by its columns. Raises OperatorError."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    found: dict[str, Path] = {}
    for path in files:
        try:
            names = set(pq.read_schema(path).names)
        except (OSError, pa.ArrowException) as error:
            raise OperatorError(f"{path} cannot be read as Parquet ({error})") from error
        fits = [table for table, columns in TABLE_COLUMNS.items() if names.issuperset(columns)]
        if not fits:
            wanted = "; ".join(f"{name}: {', '.join(each)}" for name, each in TABLE_COLUMNS.items())
            raise OperatorError(f"{path} has none of the tables of a panel; columns are {wanted}")
        if fits[0] in found:
            raise OperatorError(
                f"{found[fits[0]]} and {path} both hold {fits[0]}; name one of them"
            )
        found[fits[0]] = path
    missing = [table for table in TABLE_COLUMNS if table not in found]
    if missing:
        raise OperatorError(f"no file holds {', '.join(missing)}; a panel has three tables")
    return found


def write_tables(tables: Mapping[str, Path], folder: Path) -> None:
    """Each table as the CSV of a panel. Raises OperatorError."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    for table, path in tables.items():
        columns = TABLE_COLUMNS[table]
        with (folder / f"{table}.csv").open("w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file, lineterminator="\n")
            rows.writerow(columns)
            try:
                for batch in pq.ParquetFile(path).iter_batches(columns=list(columns)):
                    rows.writerows(_cells(batch, columns, path))
            except (OSError, pa.ArrowException) as error:
                raise OperatorError(f"{path} is damaged ({error})") from error


def _cells(
    batch: "pa.RecordBatch", columns: Sequence[str], path: Path
) -> Iterator[tuple[str, ...]]:
    cells = [_texts(batch.column(name), f"{path}, {name}") for name in columns]
    return zip(*cells, strict=True)


def _texts(column: "pa.Array", where: str) -> list[str]:
    """A column as cells: a time as an epoch second, a number with all its digits."""
    import pyarrow as pa

    if not pa.types.is_timestamp(column.type):
        return ["" if each is None else _text(each) for each in column.to_pylist()]
    stamps = column.cast(pa.timestamp("ns")).cast(pa.int64()).to_pylist()
    if any(each is not None and each % 1_000_000_000 for each in stamps):
        raise OperatorError(f"{where}: a time is not on a whole second, which a panel's are")
    return ["" if each is None else str(whole_second(each)) for each in stamps]


def _text(value: Any) -> str:
    return format(value, "f") if hasattr(value, "as_tuple") else str(value)
