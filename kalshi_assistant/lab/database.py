"""DuckDB over what the ledger, journals and panels hold, in memory and offline.

**Invariant:** a query reads the tables and nothing else. Rows are copied into memory first; then
DuckDB is shut in: no file, no network, no setting can be changed, and one SELECT is all it takes.
The ledger is opened for reading by SQLite and closed before DuckDB hears of the query.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from kalshi_assistant.domain.errors import OperatorError
from kalshi_assistant.lab.database_rows import Cells, Sources, rows_of
from kalshi_assistant.lab.database_schema import DECIMALS, TABLES, Col, Table

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

DIGITS: Final = 19
"""Of a decimal: what 64 bits hold."""
FETCHED: Final = 1_000
QUERY_MAX: Final = 100_000
MEMORY: Final = "2GB"
_WORD: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NAME: Final = re.compile(r"[^A-Za-z0-9_]+")


@dataclass(frozen=True, slots=True)
class Extra:
    """A table in Parquet beside ours, under a name of its own."""

    name: str
    path: Path


def need_extra() -> None:
    """Raise OperatorError when a library that only this needs is missing."""
    try:
        import duckdb  # noqa: F401  # asked for here, used below
        import pyarrow as pa  # noqa: F401  # the same
    except ImportError as error:
        raise OperatorError(
            "sql needs duckdb and pyarrow: pip install 'kalshi-assistant[sql]'"
        ) from error


def extras_of(sweeps: Sequence[Path], files: Sequence[Path]) -> list[Extra]:
    """Parquet files under names fit for SQL: ``sweep_NAME`` of a folder, ``NAME`` of a file.

    Raises OperatorError.
    """
    found: dict[str, Extra] = {}
    for folder in sweeps:
        inside = sorted(folder.glob("*.parquet")) if folder.is_dir() else []
        if not inside:
            raise OperatorError(f"--sweep {folder} has no *.parquet; name the folder of a sweep")
        for path in inside:
            _add(found, f"sweep_{path.stem}", path)
    for path in files:
        if not path.is_file():
            raise OperatorError(f"--parquet {path} is not there; name a file")
        _add(found, path.stem, path)
    return list(found.values())


def _add(found: dict[str, Extra], name: str, path: Path) -> None:
    fit = _NAME.sub("_", name).strip("_").lower()
    if not fit or fit[0].isdigit():
        fit = f"t_{fit}"
    if fit in found or any(fit == table.name for table in TABLES):
        raise OperatorError(f"{path} would be a second table {fit}; name the file otherwise")
    found[fit] = Extra(fit, path)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a query gives: names of its columns, and its rows in batches."""

    names: tuple[str, ...]
    batches: Iterator[list[tuple[Any, ...]]]


def named_tables(query: str, extras: Sequence[Extra]) -> list[str]:
    """Our tables whose names occur in the query: only those are read."""
    words = {word.lower() for word in _WORD.findall(query)}
    return [table.name for table in TABLES if table.name in words] + [
        extra.name for extra in extras if extra.name in words
    ]


class Database:
    """One query's tables; to be closed."""

    def __init__(self, query: str, sources: Sources, extras: Sequence[Extra] = ()) -> None:
        """Read what the query names. Raises OperatorError, PassingError."""
        need_extra()
        import duckdb

        if len(query) > QUERY_MAX:
            raise OperatorError(f"the query is over {QUERY_MAX:,} characters; make it shorter")
        self._query = query
        self._tables = [*(table.name for table in TABLES), *(extra.name for extra in extras)]
        self._connection = duckdb.connect(":memory:")
        try:
            self._check()
            named = named_tables(query, extras)
            rows = rows_of([name for name in named if name in _BY_NAME], sources)
            for table in TABLES:
                self._load(table.name, _arrow(table, rows.get(table.name, [])))
            for extra in extras:
                if extra.name in named:
                    self._load(extra.name, _parquet(extra.path))
            self._shut_in()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Give the memory back."""
        self._connection.close()

    def answer(self) -> Answer:
        """Run the query. Raises OperatorError with what DuckDB says, in one line."""
        import duckdb

        try:
            done = self._connection.execute(self._query)
        except duckdb.Error as error:
            raise self._said(error) from error
        names = tuple(str(each[0]) for each in done.description or ())
        return Answer(names, self._batches(done))

    def _batches(self, done: "duckdb.DuckDBPyConnection") -> Iterator[list[tuple[Any, ...]]]:
        import duckdb

        try:
            while rows := done.fetchmany(FETCHED):
                yield rows
        except duckdb.Error as error:
            raise self._said(error) from error

    def _check(self) -> None:
        """One SELECT. Raises OperatorError."""
        import duckdb

        try:
            found = self._connection.extract_statements(self._query)
        except duckdb.Error as error:
            raise self._said(error) from error
        allowed = (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN)
        if len(found) != 1 or found[0].type not in allowed:
            raise OperatorError(
                "sql takes one SELECT: nothing can be changed here; `sql --schema` lists the tables"
            )

    def _load(self, name: str, content: "pa.Table") -> None:
        self._connection.register("loading", content)
        self._connection.execute(f'CREATE TABLE "{name}" AS SELECT * FROM loading')  # noqa: S608  # a name of ours
        self._connection.unregister("loading")

    def _shut_in(self) -> None:
        """From here on: no file, no network, no Python variable, no other setting."""
        for setting in (
            f"memory_limit = '{MEMORY}'",
            "temp_directory = ''",
            "python_enable_replacements = false",
            "autoinstall_known_extensions = false",
            "autoload_known_extensions = false",
            "enable_external_access = false",
            "lock_configuration = true",
        ):
            self._connection.execute(f"SET {setting}")

    def _said(self, error: Exception) -> OperatorError:
        """DuckDB's words, the first of them, and which tables there are."""
        text = str(error).strip()
        first, _, more = text.partition("\n")
        hint = ""
        if text.startswith("Catalog Error") and "Table" in first:
            hint = f"; tables are {', '.join(self._tables)}"
        elif "andidate" in more:
            line = next(line for line in more.splitlines() if "andidate" in line)
            hint = f"; {line.strip()}"
        return OperatorError(f"SQL: {first.strip()}{hint}")


_BY_NAME: Final[Mapping[str, Table]] = {table.name: table for table in TABLES}


# --- Arrow ---------------------------------------------------------------------------------------


def _arrow(table: Table, rows: Sequence[Cells]) -> "pa.Table":
    import pyarrow as pa

    columns = zip(*rows, strict=True) if rows else ((),) * len(table.columns)
    arrays = [_array(col, cells) for col, cells in zip(table.columns, columns, strict=True)]
    return pa.Table.from_arrays(arrays, names=[col.name for col in table.columns])


def _array(col: Col, cells: Sequence[Any]) -> "pa.Array":
    import pyarrow as pa

    match col.kind:
        case "time":
            whole = [None if cell is None else cell // 1_000 for cell in cells]
            return pa.array(whole, type=pa.timestamp("us"))
        case "text":
            return pa.array(cells, type=pa.string())
        case "flag":
            return pa.array([None if cell is None else bool(cell) for cell in cells], pa.bool_())
        case "count":
            return pa.array(cells, type=pa.int64())
        case "number":
            return pa.array(cells, type=pa.float64())
        case _:
            whole = pa.array(cells, type=pa.int64()).cast(pa.decimal128(DIGITS, 0))
            kind = pa.decimal128(DIGITS, DECIMALS[col.kind])
            return pa.Array.from_buffers(kind, len(whole), whole.buffers())


def _parquet(path: Path) -> "pa.Table":
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.read_table(path)
    except (OSError, pa.ArrowException) as error:
        raise OperatorError(f"{path} cannot be read as Parquet ({error})") from error
