"""Reads one set of data to its end and says everything that does not hold in it."""

import gzip
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO, Final, cast

import msgspec

from kalshi_assistant.domain.errors import AssistantError, OperatorError
from kalshi_assistant.domain.ids import Ticker
from kalshi_assistant.domain.time import SECOND, format_iso, from_seconds, whole_second
from kalshi_assistant.domain.units import parse_index
from kalshi_assistant.journal.panel import (
    INDEX_COLUMNS,
    MARKET_COLUMNS,
    PanelMarket,
    epoch_second,
    market_of,
    rows_of,
)
from kalshi_assistant.journal.panel_folder import QUOTE_COLUMNS, TABLE_ENDS, TABLES, Meta
from kalshi_assistant.lab.data_facts import Finding, Thing, Told
from kalshi_assistant.lab.fetched import MANIFEST, Listed, digest_of, read_manifest
from kalshi_assistant.lab.journal_facts import RunFacts, Survey
from kalshi_assistant.market.settlement import WINDOW

META_BYTES_MAX: Final = 100_000
LINE_BYTES_MAX: Final = 16 * 2**20
CELLS_MAX: Final = 20
"""Bad cells named of one table; the rest is counted."""


# --- panels --------------------------------------------------------------------------------------


def panel(folder: Path) -> Thing:
    """A panel: its tables cell by cell, and what they say of one another."""
    thing = Thing("panel", folder.resolve().name, folder, bytes=_bytes_below(folder))
    try:
        meta = msgspec.json.decode((folder / "meta.json").read_bytes()[:META_BYTES_MAX], type=Meta)
        thing.about = meta.index
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        thing.find("unreadable", folder / "meta.json", str(error))
    tables = {name: path for name in TABLES if (path := _table(thing, folder, name)) is not None}
    markets: list[PanelMarket] = []
    gaps: list[tuple[int, int]] = []
    if "markets" in tables:
        markets = list(_market_rows(thing, [tables["markets"]]))
        # a proxy is its own strike, so that of the market is not missed
        own = thing.about.strip().lower().startswith("proxy")
        check_markets(thing, markets, tables["markets"], strikes=not own)
    if "index" in tables:
        gaps = list(_index_rows(thing, [tables["index"]]))
        check_gaps(thing, gaps, markets, tables["index"])
    if "quotes" in tables:
        _quote_rows(thing, tables["quotes"], {market.ticker: market for market in markets})
    return thing


def _table(thing: Thing, folder: Path, name: str) -> Path | None:
    found = [path for end in TABLE_ENDS if (path := folder / f"{name}{end}").is_file()]
    if len(found) == 1:
        return found[0]
    text = f"{name}.csv is there twice, plain and packed" if found else f"there is no {name}.csv"
    thing.find("twice" if found else "missing", folder, text)
    return None


def _market_rows(thing: Thing, paths: Iterable[Path]) -> Iterator[PanelMarket]:
    for path in paths:
        bad = 0
        try:
            for row in rows_of(path, MARKET_COLUMNS):
                thing.rows += 1
                try:
                    yield market_of(row)
                except OperatorError as error:
                    bad += 1
                    if bad <= CELLS_MAX:
                        thing.find("cell", path, _short(error, path))
        except OperatorError as error:
            thing.find("unreadable", path, _short(error, path))
        _more(thing, path, bad)


def _more(thing: Thing, path: Path, bad: int) -> None:
    if bad > CELLS_MAX:
        thing.find("cell", path, f"and {bad - CELLS_MAX:,} more rows with a cell that is wrong")


def _short(error: Exception, path: Path) -> str:
    """Without the path, which a finding has beside it."""
    return str(error).replace(f"{path} ", "").replace(f"{path}", "it")


def check_markets(
    thing: Thing,
    markets: Sequence[PanelMarket],
    path: Path,
    running: frozenset[Ticker] = frozenset(),
    *,
    strikes: bool = True,
) -> None:
    """Every market has its own name and window, a strike, a result, and these agree; of those that
    were ``running`` a strike or result that is missing is only told, without ``strikes`` a strike.
    """
    thing.windows = len(markets)
    names: dict[Ticker, int] = {}
    for market in markets:
        names[market.ticker] = names.get(market.ticker, 0) + 1
        thing.spans(market.open_time, market.close_time)
        serious = market.ticker not in running
        if market.strike is None:
            text = f"{market.ticker} has no strike"
            thing.find("no_strike", path, text, serious=serious and strikes)
        _check_result(thing, market, path, serious=serious)
    for ticker, count in names.items():
        if count > 1:
            thing.find("duplicate", path, f"{ticker} stands there {count} times")
    _check_windows(thing, markets, path)


def _check_windows(thing: Thing, markets: Sequence[PanelMarket], path: Path) -> None:
    """One window after the other, each beginning where the one before has settled."""
    ordered = sorted(markets, key=lambda market: (market.open_time, market.close_time))
    thing.gaps = 0
    for before, after in pairwise(ordered):
        if before.ticker == after.ticker:
            continue
        if before.open_time == after.open_time:
            text = f"{before.ticker} and {after.ticker} are the same window"
            thing.find("duplicate", path, text)
        elif after.open_time < before.close_time:
            thing.find("overlap", path, f"{after.ticker} opens before {before.ticker} closes")
        elif after.open_time > before.close_time:
            thing.gaps += 1
            span = f"{format_iso(before.close_time)} to {format_iso(after.open_time)}"
            thing.find("gap", path, f"no market from {span}", serious=False)
        elif before.settlement not in (None, after.strike) and after.strike is not None:
            text = f"{after.ticker}'s strike is not the value that {before.ticker} settled on"
            thing.find("chain", path, text, serious=False)


def _check_result(thing: Thing, market: PanelMarket, path: Path, *, serious: bool) -> None:
    ticker, strike, value = market.ticker, market.strike, market.settlement
    if market.result is None:
        thing.find("no_result", path, f"{ticker} has no result", serious=serious)
    elif strike is not None and value is not None and (value >= strike) != (market.result == "yes"):
        thing.find("contradiction", path, f"{ticker} is {market.result}, its value says the other")


def _index_rows(thing: Thing, paths: Iterable[Path]) -> Iterator[tuple[int, int]]:
    """Runs of missing seconds: the first, and how many."""
    before: int | None = None
    for path in paths:
        bad = 0
        try:
            for row in rows_of(path, INDEX_COLUMNS):
                thing.rows += 1
                try:
                    second = row.read("ts", epoch_second)
                    row.read("value", parse_index)
                except OperatorError as error:
                    bad += 1
                    if bad <= CELLS_MAX:
                        thing.find("cell", path, _short(error, path))
                    continue
                if before is None or second > before:
                    if before is not None and second > before + 1:
                        yield before + 1, second - before - 1
                    before = second
                    thing.spans(second * SECOND, second * SECOND)
                else:
                    what = "duplicate" if second == before else "order"
                    thing.find(what, path, f"row {row.line}: {second} comes after {before}")
        except OperatorError as error:
            thing.find("unreadable", path, _short(error, path))
        _more(thing, path, bad)


def check_gaps(
    thing: Thing, gaps: Sequence[tuple[int, int]], markets: Sequence[PanelMarket], path: Path
) -> None:
    """Gaps of an index; serious where a minute that settles has one."""
    thing.gaps = (thing.gaps or 0) + len(gaps)
    minutes = {
        second: market.ticker
        for market in markets
        for second in range(
            whole_second(market.close_time) - WINDOW, whole_second(market.close_time)
        )
    }
    for first, count in gaps:
        hurt = sorted({minutes[s] for s in range(first, first + count) if s in minutes})
        text = f"{count:,} seconds are missing from {format_iso(from_seconds(first))} on"
        if hurt:
            more = f" and {len(hurt) - 3} more" if len(hurt) > 3 else ""
            text += f", in the last minute of {', '.join(hurt[:3])}{more}"
        thing.find("gap", path, text, serious=bool(hurt))


def _quote_rows(thing: Thing, path: Path, markets: dict[Ticker, PanelMarket]) -> None:
    last: dict[Ticker, int] = {}
    bad = 0
    strangers: set[Ticker] = set()
    try:
        for row in rows_of(path, QUOTE_COLUMNS):
            thing.rows += 1
            try:
                second = row.read("ts", epoch_second)
                low, high = (row.maybe(name, float) for name in ("yes_bid", "yes_ask"))
            except OperatorError as error:
                bad += 1
                if bad <= CELLS_MAX:
                    thing.find("cell", path, _short(error, path))
                continue
            ticker = Ticker(row.cells["ticker"] or "")
            if ticker not in markets:
                strangers.add(ticker)
            elif second <= last.get(ticker, -1):
                thing.find("order", path, f"row {row.line}: {second} is not after {last[ticker]}")
            last[ticker] = max(second, last.get(ticker, -1))
            if low is not None and high is not None and not 0 <= low <= high <= 1:
                thing.find("cell", path, f"row {row.line}: {low} to {high} is no pair of prices")
    except OperatorError as error:
        thing.find("unreadable", path, _short(error, path))
    _more(thing, path, bad)
    for ticker in sorted(strangers):
        thing.find("stranger", path, f"{ticker[:40]} has quotes and is not among the markets")


# --- fetched folders -----------------------------------------------------------------------------


def fetched(folder: Path) -> Thing:
    """A fetched folder: every part against its digest, then what the parts say."""
    thing = Thing("fetched", folder.resolve().name, folder, bytes=_bytes_below(folder))
    try:
        listed = read_manifest(folder)
    except OperatorError as error:
        thing.find("unreadable", folder / MANIFEST, _short(error, folder / MANIFEST))
        return thing
    thing.about = f"{listed.head.kind} {listed.head.source} {listed.head.subject}"
    if listed.torn:
        thing.find(
            "torn",
            folder / MANIFEST,
            f"{listed.torn} bytes of a line that was being written; the next fetch mends it",
            serious=False,
        )
    whole = _whole_parts(thing, listed)
    _strays(thing, listed)
    if listed.head.kind == "klines":
        check_gaps(thing, list(_index_rows(thing, whole["index"])), (), folder)
        return thing
    over = {folder / name for name, part in listed.parts.items() if part.final}
    running = list(_market_rows(thing, [path for path in whole["markets"] if path not in over]))
    markets = list(_market_rows(thing, [path for path in whole["markets"] if path in over]))
    names = frozenset(market.ticker for market in running)
    check_markets(thing, [*markets, *running], folder / "markets", names)
    for kind, column in (("trades", "created_ns"), ("candlesticks", "end_ts")):
        for path in whole[kind]:
            _ascending(thing, path, column)
    return thing


def _whole_parts(thing: Thing, listed: Listed) -> dict[str, list[Path]]:
    """The parts that are what the list says, by sort."""
    found: dict[str, list[Path]] = {"markets": [], "trades": [], "candlesticks": [], "index": []}
    for name, part in sorted(listed.parts.items()):
        path = listed.folder / name
        if not path.is_file():
            thing.find("missing", path, "was fetched and is gone; `data fetch` brings it again")
            continue
        if digest_of(path) != part.sha256:
            thing.find("digest", path, "is not what was fetched; delete it and fetch again")
            continue
        if not part.final:
            thing.find("not_final", path, "was fetched before it was complete", serious=False)
        found.setdefault(name.partition("/")[0], []).append(path)
    return found


def _strays(thing: Thing, listed: Listed) -> None:
    known = {listed.folder / name for name in listed.parts} | {listed.folder / MANIFEST}
    for path in sorted(listed.folder.rglob("*")):
        if path.is_file() and path not in known:
            thing.find("stray", path, "is on no list; `data fetch` fetches it again", serious=False)


def _ascending(thing: Thing, path: Path, column: str) -> None:
    before = -1
    try:
        for row in rows_of(path, (column,)):
            thing.rows += 1
            now = row.read(column, int)
            if now < before:
                thing.find("order", path, f"row {row.line}: {now} comes after {before}")
            before = now
    except OperatorError as error:
        thing.find("unreadable", path, _short(error, path))


# --- journals, recordings, tables ----------------------------------------------------------------


def journals(paths: Sequence[Path], told: Told) -> Iterator[Thing]:
    """Each run's journal of each kind, every block read."""
    try:
        survey = Survey(paths)
        for records in survey.run():
            told(f"journals: {records:,} records")
    except AssistantError as error:
        thing = Thing("journal", paths[0].name, paths[0])
        thing.find("unreadable", paths[0], str(error))
        yield thing
        return
    for run in survey.runs:
        yield _journal(run)


def _journal(run: RunFacts) -> Thing:
    where = run.files[0].path if run.files else Path(run.name)
    header = run.header
    about = (
        run.kind if header is None else f"{run.kind}, {header.run.environment} {header.run.mode}"
    )
    return Thing(
        kind="journal",
        name=run.name,
        path=where,
        bytes=run.bytes,
        rows=run.records,
        first=run.first_at,
        last=run.last_at,
        windows=len(run.markets) if run.kind == "events" else None,
        gaps=run.events.get("Gap", 0) if run.kind == "events" else None,
        about=about,
        findings=[
            Finding(each.what, each.path, _with_remedy(each.text, each.remedy), each.serious)
            for each in run.findings
        ],
    )


def _with_remedy(text: str, remedy: str | None) -> str:
    return text if remedy is None else f"{text}; {remedy}"


class _Line(msgspec.Struct):
    recv_ns: int
    frame: "_Frame"


class _Message(msgspec.Struct):
    market_ticker: str | None = None


class _Frame(msgspec.Struct):
    sid: int | None = None
    seq: int | None = None
    type: str = ""
    msg: _Message | None = None


def recording(path: Path) -> Thing:
    """A raw recording, frame by frame: stamps of receipt and sequence numbers."""
    thing = Thing("recording", path.name, path, bytes=path.stat().st_size, gaps=0)
    tickers: set[str] = set()
    expected: dict[int, int] = {}
    backwards, nonsense = 0, 0
    decode = msgspec.json.Decoder(_Line).decode
    try:
        for line in _lines(path):
            thing.rows += 1
            try:
                found = decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                nonsense += 1
                continue
            backwards += thing.last is not None and found.recv_ns < thing.last
            thing.spans(found.recv_ns, found.recv_ns)
            frame = found.frame
            if frame.msg is not None and frame.msg.market_ticker:
                tickers.add(frame.msg.market_ticker)
            if frame.sid is not None and frame.seq is not None:
                due = expected.get(frame.sid)
                if due is not None and frame.seq != due:
                    thing.gaps = (thing.gaps or 0) + 1
                    text = f"frame {thing.rows}: sid {frame.sid} has {frame.seq}, {due} was due"
                    thing.find("gap", path, text, serious=False)
                expected[frame.sid] = frame.seq + 1
    except (OSError, EOFError, zlib.error) as error:
        thing.find("damaged", path, f"behind line {thing.rows:,}: {error}")
    if nonsense:
        thing.find("unreadable", path, f"{nonsense:,} lines are no frames")
    if backwards:
        thing.find("order", path, f"{backwards:,} frames were received before the one before them")
    thing.windows = len(tickers)
    return thing


def _lines(path: Path) -> Iterator[bytes]:
    with ExitStack() as stack:
        file: BinaryIO = stack.enter_context(path.open("rb"))
        if path.suffix == ".gz":
            file = cast(BinaryIO, stack.enter_context(gzip.GzipFile(fileobj=file)))
        while line := file.readline(LINE_BYTES_MAX):
            yield line


def parquet(path: Path) -> Thing:
    """A table in Parquet: whether it opens, and how long it is."""
    thing = Thing("parquet", path.name, path, bytes=path.stat().st_size)
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        thing.find("unread", path, "pip install 'kalshi-assistant[export]' reads it", serious=False)
        return thing
    try:
        file = pq.ParquetFile(path)
        thing.rows = file.metadata.num_rows
        thing.about = ", ".join(file.schema_arrow.names)[:60]
    except (OSError, pa.ArrowException) as error:
        thing.find("damaged", path, str(error).splitlines()[0])
    return thing


def _bytes_below(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
