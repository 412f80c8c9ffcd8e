"""``journal info | verify | export``: what is in journals, are they whole, and their tables."""

import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from kalshi_assistant.cli.folders import config_file, folders
from kalshi_assistant.cli.output import ConfigFile, Json, Output
from kalshi_assistant.domain.errors import OperatorError
from kalshi_assistant.domain.ids import Ticker
from kalshi_assistant.domain.time import (
    MILLISECOND,
    SECOND,
    Nanos,
    TimeError,
    format_iso,
    parse_iso,
)

if TYPE_CHECKING:
    from kalshi_assistant.journal.market_index import Span
    from kalshi_assistant.lab.exporting import Wanted
    from kalshi_assistant.lab.journal_facts import FileFacts, Finding, RunFacts, Survey

TOLD_EVERY: Final = 50_000
"""Records between two words about progress."""
MARKETS_SHOWN: Final = 12
"""Markets a person is shown per run; ``--json`` has all."""

journal = typer.Typer(rich_markup_mode=None)


class Table(StrEnum):
    """What ``export`` writes."""

    BOOKS = "books"
    PRINTS = "prints"
    TRADES = "trades"
    QUOTES = "quotes"


Files = Annotated[
    list[Path] | None,
    typer.Argument(metavar="FILE...", help="Journals or folders; without any, your own."),
]
What = Annotated[Table, typer.Option(help="Which table.")]
Out = Annotated[
    Path, typer.Option("--out", metavar="FILE", help="Ends in .csv, .csv.gz or .parquet.")
]
Markets = Annotated[
    list[str] | None,
    typer.Option("--market", metavar="TICKER", help="Only this market; may be repeated."),
]
From = Annotated[
    str | None, typer.Option("--from", metavar="TIME", help="Received at or after, ISO 8601.")
]
To = Annotated[str | None, typer.Option("--to", metavar="TIME", help="Received before, ISO 8601.")]
Depth = Annotated[
    int | None, typer.Option("--depth", metavar="N", help="Levels a side in books (10).")
]
Force = Annotated[bool, typer.Option("--force", help="Replace the file that is there.")]


@journal.command()
def info(files: Files = None, as_json: Json = False, config: ConfigFile = None) -> None:
    """Show what is in journals: runs, files, spans, sources, markets, and what is odd about them.

    A folder stands for all journals below it.
    """
    output = Output(as_json=as_json)
    survey = _surveyed(files, config)
    for run in survey.runs:
        output.record("journal", **_facts(run))
        output.say("\n".join(_info_lines(run)) + "\n")
        _note_findings(run.findings, output)


@journal.command()
def verify(files: Files = None, as_json: Json = False, config: ConfigFile = None) -> int:
    """Check every block's checksum, the numbers of records, the order of parts and stamps.

    Exit code 1 when something is damaged or missing in the middle. A torn tail is what a crash
    leaves, and a notice.
    """
    output = Output(as_json=as_json)
    survey = _surveyed(files, config)
    for run in survey.runs:
        output.record("verification", **_verdict(run))
        state = "whole" if run.whole else "NOT WHOLE"
        output.say(
            f"{run.kind} {run.name}: {state}, {_count(len(run.files), 'file')}, "
            f"{run.records:,} records"
        )
        for finding in run.findings:
            output.say(f"  {_finding_text(finding)}")
    bad = sum(not run.whole for run in survey.runs)
    output.say(f"{_count(len(survey.runs), 'journal')}, {bad} of them damaged or incomplete")
    return 0 if survey.whole else 1


@journal.command()
def export(
    what: What,
    out: Out,
    files: Files = None,
    market: Markets = None,
    begin: From = None,
    end: To = None,
    depth: Depth = None,
    force: Force = False,
    as_json: Json = False,
    config: ConfigFile = None,
) -> int:
    """Write event journals as a table: books, prints, trades or quotes.

    books has a row after each change of a known book, quotes one where its top moved and one per
    quote of the venue. Prices are exact decimals in dollars. Parquet needs the extra `export`.
    """
    from kalshi_assistant.lab.exporting import Export
    from kalshi_assistant.lab.journal_facts import journals_of
    from kalshi_assistant.lab.tables import check_out, write_table

    output = Output(as_json=as_json)
    wanted = _wanted(what, market, begin, end, depth)
    check_out(out, force=force)
    exported = Export(journals_of(_given(files, config), ("events",)), wanted)
    with _Progress("events") as progress:
        rows = write_table(exported.columns, exported.rows(progress), out)
    for notice in exported.notices:
        output.note(notice)
    if not rows:
        output.note("no rows: nothing in these journals is of that market and time")
    size = out.stat().st_size
    output.record("export", out=str(out), what=what.value, rows=rows, bytes=size)
    output.say(f"{out}: {rows:,} rows of {what.value}, {_size(size)}")
    return 0


# --- reading -------------------------------------------------------------------------------------


def _given(files: Sequence[Path] | None, config: Path | None) -> list[Path]:
    """What was named, else the folder where runs leave their journals. Raises OperatorError."""
    if files:
        return list(files)
    from kalshi_assistant.settings import load

    own = folders(load(config_file(config))).data / "journals"
    if not own.is_dir():
        raise OperatorError(
            f"there are no journals in {own} yet; let run or demo make some, or name files"
        )
    return [own]


def _surveyed(files: Sequence[Path] | None, config: Path | None) -> "Survey":
    """Every block read. Raises OperatorError."""
    from kalshi_assistant.lab.journal_facts import Survey, journals_of

    survey = Survey(journals_of(_given(files, config)))
    with _Progress("records") as progress:
        for records in survey.run():
            progress(records)
    return survey


class _Progress:
    """A count on standard error that a person sees grow; nothing where nobody looks."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._shown = 0
        self._seen = sys.stderr.isatty()

    def __call__(self, count: int) -> None:
        """So many by now."""
        if self._seen and count - self._shown >= TOLD_EVERY:
            self._shown = count
            sys.stderr.write(f"\r{count:,} {self._what}")
            sys.stderr.flush()

    def __enter__(self) -> "_Progress":
        return self

    def __exit__(self, *_: object) -> None:
        if self._shown:
            sys.stderr.write("\r" + " " * 40 + "\r")
            sys.stderr.flush()


def _wanted(
    what: Table,
    market: Sequence[str] | None,
    begin: str | None,
    end: str | None,
    depth: int | None,
) -> "Wanted":
    from kalshi_assistant.lab.exporting import DEPTH, Wanted

    if depth is not None and what is not Table.BOOKS:
        raise OperatorError(f"--depth means nothing to {what.value}; leave it out")
    return Wanted(
        what=what.value,
        tickers=frozenset(map(Ticker, market or ())),
        begin=_instant("--from", begin),
        end=_instant("--to", end),
        depth=DEPTH if depth is None else depth,
    )


def _instant(option: str, text: str | None) -> Nanos | None:
    try:
        return None if text is None else parse_iso(text)
    except TimeError as error:
        raise OperatorError(
            f"{option}: {error}; write it like 2026-11-21T17:00:00Z, with its zone"
        ) from error


# --- for machines --------------------------------------------------------------------------------


def _facts(run: "RunFacts") -> dict[str, object]:
    header = run.header
    return {
        **_head(run),
        "program": None if header is None else header.run.program,
        "environment": None if header is None else header.run.environment,
        "mode": None if header is None else header.run.mode,
        "seed": None if header is None else header.run.seed,
        "from": _iso(run.first_at),
        "to": _iso(run.last_at),
        "seconds": run.span / SECOND,
        "bytes_per_hour": run.bytes_per_hour,
        "files": [_file_facts(file) for file in run.files],
        "sources": {
            source: {name: getattr(flow, name) for name in flow.__slots__}
            for source, flow in sorted(run.sources.items())
        },
        "events": dict(run.events.most_common()),
        "markets": dict(sorted(run.markets.items())),
        "index": None if run.index is None else [_span(each) for each in run.index.spans],
        "backwards": _backwards(run),
        "findings": [_finding(each) for each in run.findings],
    }


def _verdict(run: "RunFacts") -> dict[str, object]:
    return {
        **_head(run),
        "whole": run.whole,
        "blocks": sum(file.blocks for file in run.files),
        "backwards": _backwards(run),
        "findings": [_finding(each) for each in run.findings],
    }


def _head(run: "RunFacts") -> dict[str, object]:
    return {"holds": run.kind, "run": run.name, "records": run.records, "bytes": run.bytes}


def _file_facts(file: "FileFacts") -> dict[str, object]:
    silent = file.silent_before
    return {
        "file": str(file.path),
        "part": file.header.part,
        "blocks": file.blocks,
        "records": file.records,
        "bytes": file.bytes,
        "from": _iso(file.first_at),
        "to": _iso(file.last_at),
        "silent_seconds_before": None if silent is None else silent / SECOND,
        "being_written": file.being_written,
    }


def _span(span: "Span") -> dict[str, object]:
    return {
        "source": span.source,
        "ticker": span.ticker,
        "part": span.part,
        "from": _iso(span.first_at),
        "to": _iso(span.last_at),
        "frames": span.frames,
        "bytes": span.bytes,
    }


def _backwards(run: "RunFacts") -> dict[str, object]:
    back = run.backwards
    return {
        "count": back.count,
        "largest_seconds": back.largest / SECOND,
        "at_record": back.at_record,
    }


def _finding(finding: "Finding") -> dict[str, object]:
    return {
        "what": finding.what,
        "serious": finding.serious,
        "file": str(finding.path),
        "offset": finding.offset,
        "text": finding.text,
        "remedy": finding.remedy,
    }


# --- for people ----------------------------------------------------------------------------------


def _info_lines(run: "RunFacts") -> list[str]:
    """A run as a person reads it."""
    header = run.header
    what = f"{run.kind} {run.name}"
    if header is not None:
        what += f": {header.run.environment}, {header.run.mode}, program {header.run.program}"
    total = f"{run.records:,} records, {_size(run.bytes)}"
    rate = "" if run.bytes_per_hour is None else f", {_size(run.bytes_per_hour)} an hour"
    lines = [what, f"  {_period(run.first_at, run.last_at)}; {total}{rate}"]
    if (back := run.backwards).count:
        largest = back.largest / MILLISECOND
        lines.append(f"  stamps go backwards {back.count:,} times, at most by {largest:,.1f} ms")
    lines += _aligned(
        ("file", "records", "size", "from", "to", "pause before"),
        [
            (
                file.path.name + (" (being written)" if file.being_written else ""),
                f"{file.records:,}",
                _size(file.bytes),
                _iso(file.first_at) or "-",
                _iso(file.last_at) or "-",
                "-" if file.silent_before is None else f"{file.silent_before / SECOND:,.1f} s",
            )
            for file in run.files
        ],
    )
    lines += _aligned(
        ("source", "in", "bytes in", "out", "bytes out"),
        [
            (
                source,
                f"{flow.frames_in:,}",
                _size(flow.bytes_in),
                f"{flow.frames_out:,}",
                _size(flow.bytes_out),
            )
            for source, flow in sorted(run.sources.items())
        ],
    )
    lines += _aligned(("event", "count"), _counted(run.events.most_common()))
    lines += _aligned(("market", "events"), _counted(_busiest(run)))
    if (more := len(run.markets) - MARKETS_SHOWN) > 0:
        lines.append(f"  and {more} more markets (--json has all)")
    return lines + _index_lines(run)


def _index_lines(run: "RunFacts") -> list[str]:
    if run.index is None:
        return []
    totals: dict[tuple[str, str], list[int]] = {}
    for span in run.index.spans:
        total = totals.setdefault((span.source, span.ticker or "-"), [0, 0])
        total[0] += span.frames
        total[1] += span.bytes
    rows = [(*key, f"{frames:,}", _size(size)) for key, (frames, size) in sorted(totals.items())]
    more = len(rows) - MARKETS_SHOWN
    lines = _aligned(("by its index", "market", "frames", "bytes"), rows[-MARKETS_SHOWN:])
    return lines + ([f"  and {more} more, older (--json has all)"] if more > 0 else [])


def _busiest(run: "RunFacts") -> "list[tuple[Ticker, int]]":
    """The markets with the most events, in order of their names."""
    return sorted(run.markets.most_common(MARKETS_SHOWN))


def _counted(counts: "Sequence[tuple[str, int]]") -> list[tuple[str, ...]]:
    return [(name, f"{count:,}") for name, count in counts]


def _aligned(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Columns below their names, the first to the left, counts to the right; nothing without
    rows.
    """
    if not rows:
        return []
    widths = [max(len(row[place]) for row in (head, *rows)) for place in range(len(head))]
    return [
        "  "
        + "  ".join(
            cell.ljust(width) if place == 0 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in (head, *rows)
    ]


def _note_findings(findings: "Sequence[Finding]", output: Output) -> None:
    for finding in findings:
        output.note(_finding_text(finding))


def _finding_text(finding: "Finding") -> str:
    where = "" if finding.offset is None else f" at {finding.offset}"
    remedy = "" if finding.remedy is None else f"; {finding.remedy}"
    return f"{finding.path}{where}: {finding.text}{remedy}"


def _period(first: Nanos | None, last: Nanos | None) -> str:
    if first is None or last is None:
        return "nothing recorded"
    minutes, seconds = divmod(round((last - first) / SECOND), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{format_iso(first)} to {format_iso(last)} ({hours}:{minutes:02d}:{seconds:02d} h)"


def _iso(at: Nanos | None) -> str | None:
    return None if at is None else format_iso(at)


def _size(count: int) -> str:
    """Bytes for people, in powers of a thousand."""
    size, unit = float(count), "B"
    for larger in ("kB", "MB", "GB"):
        if size < 999.95:
            break
        size, unit = size / 1_000, larger
    return f"{count} B" if unit == "B" else f"{size:.1f} {unit}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
