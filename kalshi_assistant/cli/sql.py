"""``sql "SELECT ..."``: windows, forecasts, signals, orders, fills, settlements as tables."""

import sys
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from kalshi_assistant.cli.ledgers import OfMode, aligned
from kalshi_assistant.cli.output import ConfigFile, Json, Output
from kalshi_assistant.cli.running import Environment, StateDir
from kalshi_assistant.domain.errors import OperatorError

if TYPE_CHECKING:
    from kalshi_assistant.cli.ledgers import Account
    from kalshi_assistant.lab.database_rows import Sources

ROWS_SHOWN: Final = 1_000
CELL_SHOWN: Final = 60
DECIMALS_LEAST: Final = 2

Query = Annotated[
    str | None, typer.Argument(metavar="SELECT", help="One query; without one, the schema.")
]
Schema = Annotated[bool, typer.Option("--schema", help="Tables and columns, and nothing else.")]
LedgerFile = Annotated[
    Path | None, typer.Option("--ledger", metavar="FILE", help="Another ledger than your own.")
]
Journals = Annotated[
    list[Path] | None,
    typer.Option("--journal", metavar="PATH", help="Event journals or folders; else your own."),
]
Panels = Annotated[
    list[Path] | None, typer.Option("--panel", metavar="DIR", help="Also a panel; again for more.")
]
Sweeps = Annotated[
    list[Path] | None,
    typer.Option("--sweep", metavar="DIR", help="Also a sweep's Parquet, as sweep_NAME."),
]
Files = Annotated[
    list[Path] | None,
    typer.Option("--parquet", metavar="FILE", help="Also this table, under its file's name."),
]


def sql(
    query: Query = None,
    schema: Schema = False,
    ledger: LedgerFile = None,
    journal: Journals = None,
    panel: Panels = None,
    sweep: Sweeps = None,
    parquet: Files = None,
    mode: OfMode = None,
    environment: Environment = None,
    state_dir: StateDir = None,
    as_json: Json = False,
    config: ConfigFile = None,
) -> int:
    """Query what was believed and traded, with SQL (extra: sql).

    The ledger, the journals and the panels named are copied into memory, where one SELECT reads
    them: nothing can be written, and no other file can be read. Only the tables that the query
    names are filled. docs/sql.md has the schema and examples.
    """
    output = Output(as_json=as_json)
    if query is None or schema:
        _say_schema(output)
        return 0
    from kalshi_assistant.lab.database import Database, extras_of

    sources = _sources(
        query, ledger, journal, panel, (mode, environment, state_dir, config), output
    )
    database = Database(query, sources, extras_of(sweep or [], parquet or []))
    try:
        answer = database.answer()
        if as_json:
            _say_objects(answer.names, answer.batches, output)
        else:
            _say_table(answer.names, answer.batches, output)
    finally:
        database.close()
    return 0


def _say_schema(output: Output) -> None:
    from kalshi_assistant.lab.database_schema import TABLES, TYPES, schema_text

    for table in TABLES:
        columns = {col.name: {"type": TYPES[col.kind], "about": col.about} for col in table.columns}
        output.record(
            "table", name=table.name, source=table.source, about=table.about, columns=columns
        )
    output.say(schema_text())


def _sources(
    query: str,
    ledger: Path | None,
    journals: Sequence[Path] | None,
    panels: Sequence[Path] | None,
    where: "tuple[Account | None, str | None, Path | None, Path | None]",
    output: Output,
) -> "Sources":
    """Where to look. Raises OperatorError for what was named and is not there."""
    from kalshi_assistant.cli.folders import configuration_of, folders, ledger_path
    from kalshi_assistant.cli.folders import journals as own_journals
    from kalshi_assistant.lab.database import named_tables
    from kalshi_assistant.lab.database_rows import FROM_LEDGER, Sources
    from kalshi_assistant.lab.journal_facts import journals_of

    mode, environment, state_dir, config = where
    configuration = configuration_of(environment, state_dir, config)
    places = folders(configuration)
    chosen = configuration.settings.mode if mode is None else mode.value
    path = ledger or ledger_path(places, "live" if chosen == "live" else "paper")
    if ledger is not None and not ledger.is_file():
        raise OperatorError(f"--ledger {ledger} is not there; name the file of a ledger")
    if not path.exists() and set(named_tables(query, ())) & FROM_LEDGER.keys():
        output.note(f"no ledger at {path}: its tables are empty; name another with --ledger")
    own = own_journals(places)
    found: list[Path] = []
    if journals:
        found = journals_of(journals, ("events",))
    elif own.is_dir() and any(own.rglob("*.events*")):
        found = journals_of([own], ("events",))
    return Sources(ledger=path, journals=found, panels=panels or (), told=_telling(output))


def _telling(output: Output) -> Any:
    """Progress where somebody looks; a notice about a journal always."""
    seen = sys.stderr.isatty()

    def told(text: str) -> None:
        if not text.endswith("events of journals"):
            output.note(text)
        elif seen:
            sys.stderr.write(f"\r{text}\r")
            sys.stderr.flush()

    return told


# --- what comes out ------------------------------------------------------------------------------


def _say_objects(
    names: Sequence[str], batches: Iterator[list[tuple[Any, ...]]], output: Output
) -> None:
    for rows in batches:
        for row in rows:
            cells = {name: plain(cell) for name, cell in zip(names, row, strict=True)}
            output.record("row", row=cells)


def _say_table(
    names: Sequence[str], batches: Iterator[list[tuple[Any, ...]]], output: Output
) -> None:
    shown: list[list[str]] = []
    count = 0
    for rows in batches:
        count += len(rows)
        room = ROWS_SHOWN - len(shown)
        shown += [[_shown(cell) for cell in row] for row in rows[:room]]
    output.say(aligned(names, shown))
    more = f", the first {ROWS_SHOWN:,} shown (--json has all)" if count > ROWS_SHOWN else ""
    output.note(f"{count:,} rows{more}")


def plain(cell: Any) -> object:
    """A cell for machines: money as text, times as ISO 8601, numbers as numbers."""
    if cell is None or isinstance(cell, bool | int | str):
        return cell
    if isinstance(cell, dict):
        return {str(name): plain(value) for name, value in cell.items()}
    if isinstance(cell, list | tuple):
        return [plain(each) for each in cell]
    return _number(cell) if isinstance(cell, float | Decimal) else _time(cell)


def _number(cell: float | Decimal) -> object:
    if isinstance(cell, Decimal):
        return _decimal(cell)
    return cell if cell - cell == 0 else None  # what is no number has none in JSON


def _time(cell: Any) -> object:
    if isinstance(cell, datetime):
        stamp = cell.isoformat(timespec="milliseconds" if cell.microsecond else "seconds")
        return stamp.removesuffix("+00:00") + "Z"
    if isinstance(cell, timedelta):
        return cell.total_seconds()
    return cell.isoformat() if isinstance(cell, date) else str(cell)


def _decimal(number: Decimal) -> str:
    """Two decimals, or as many as it takes."""
    whole, _, rest = format(number, "f").partition(".")
    rest = rest.rstrip("0").ljust(DECIMALS_LEAST, "0") if rest else ""
    return f"{whole}.{rest}" if rest else whole


def _shown(cell: Any) -> str:
    found = plain(cell)
    if found is None:
        return "-"
    text = f"{found:.6g}" if isinstance(found, float) else str(found)
    text = " ".join(text.split())
    return text if len(text) <= CELL_SHOWN else text[: CELL_SHOWN - 3] + "..."
