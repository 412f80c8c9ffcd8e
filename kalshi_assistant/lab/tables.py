"""Tables on disk: rows in batches to ``.csv``, ``.csv.gz`` or ``.parquet``, exactly.

A row holds integers of the house's units, texts and ``None``; a column says what its integers are.
Money and prices become decimals, in Parquet of their own kind and in CSV as text; an instant is a
nanosecond timestamp in Parquet, and in CSV two columns: ISO 8601 text to the millisecond, and the
exact integer. A file gets its name only when it is whole.
"""

import csv
import gzip
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import lru_cache, partial
from io import TextIOWrapper
from pathlib import Path
from typing import Any, Final, Literal, Protocol, cast

from kalshi_assistant.domain.errors import OperatorError
from kalshi_assistant.domain.time import format_iso

Cell = int | str | None
Cells = tuple[Cell, ...]
ColumnKind = Literal["instant", "second", "text", "flag", "count", "decimal"]

ENDINGS: Final = (".csv", ".csv.gz", ".parquet")
BATCH: Final = 20_000
"""Rows held in memory."""
DIGITS: Final = 19
"""Of a decimal in Parquet: what 64 bits hold."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column; ``decimals`` of a decimal are those of its unit."""

    name: str
    kind: ColumnKind
    decimals: int = 0


class _Writer(Protocol):
    def write(self, rows: Sequence[Cells]) -> None:
        """Append a batch."""

    def close(self) -> None:
        """End the file."""


def check_out(out: Path, *, force: bool) -> None:
    """Refuse what cannot become a table, before anything is read. Raises OperatorError."""
    if not out.name.endswith(ENDINGS) or out.name in ENDINGS:
        raise OperatorError(f"--out {out} is no table; let its name end in {', '.join(ENDINGS)}")
    if out.is_dir() or not out.absolute().parent.is_dir():
        raise OperatorError(f"--out {out} cannot be a file there; name one in a folder")
    if out.exists() and not force:
        raise OperatorError(f"--out {out} is there already; name another file, or say --force")
    if out.suffix == ".parquet":
        _need_extra()


def _need_extra() -> None:
    try:
        import pyarrow.parquet  # noqa: F401  # asked for here, used below
    except ImportError as error:
        raise OperatorError(
            "Parquet needs pyarrow: pip install 'kalshi-assistant[export]', or write .csv.gz"
        ) from error


def write_table(columns: Sequence[Column], rows: Iterable[Cells], out: Path) -> int:
    """Write ``rows`` to ``out``, which is replaced when all are written; answers how many.

    Raises OperatorError where the file cannot be written; then what was there is untouched.
    """
    count = 0
    try:
        with tempfile.TemporaryDirectory(dir=out.absolute().parent, prefix=f".{out.name}.") as near:
            whole = Path(near) / out.name
            with ExitStack() as stack:
                writer = _writer(columns, whole)
                stack.callback(writer.close)
                for batch in _batches(rows):
                    writer.write(batch)
                    count += len(batch)
            whole.replace(out)
    except OSError as error:
        raise OperatorError(
            f"cannot write --out {out} ({error.strerror or error}); name a file where there is "
            "room and you may write"
        ) from error
    return count


def _writer(columns: Sequence[Column], path: Path) -> _Writer:
    return (_Parquet if path.suffix == ".parquet" else _Csv)(columns, path)


def _batches(rows: Iterable[Cells]) -> Iterator[list[Cells]]:
    batch: list[Cells] = []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


# --- CSV -----------------------------------------------------------------------------------------


class _Csv:
    """CSV, compressed where the name says so; the same rows give the same bytes."""

    def __init__(self, columns: Sequence[Column], path: Path) -> None:
        self._files = ExitStack()
        file = self._files.enter_context(path.open("wb"))
        if path.suffix == ".gz":
            packed = gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=file, mtime=0)
            file = cast(Any, self._files.enter_context(packed))
        text = TextIOWrapper(file, encoding="utf-8", newline="", write_through=False)
        self._files.enter_context(text)
        self._rows = csv.writer(text, lineterminator="\n")
        self._rows.writerow([name for column in columns for name in csv_names(column)])
        self._turns = [_TURNS[column.kind](column) for column in columns]
        self._wide = [column.kind == "instant" for column in columns]

    def write(self, rows: Sequence[Cells]) -> None:
        """Append a batch."""
        turned: list[Iterable[str]] = []
        for turn, wide, cells in zip(self._turns, self._wide, zip(*rows, strict=True), strict=True):
            turned.append(["" if cell is None else turn(cell) for cell in cells])
            if wide:
                turned.append(["" if cell is None else str(cell) for cell in cells])
        self._rows.writerows(zip(*turned, strict=True))

    def close(self) -> None:
        """End the file."""
        self._files.close()


def csv_names(column: Column) -> tuple[str, ...]:
    """What a column is called in CSV: an instant is there twice."""
    if column.kind == "instant":
        return column.name, f"{column.name}_ns"
    return (column.name,)


@lru_cache(maxsize=2**16)  # prices and sizes come again and again
def _as_decimal(decimals: int, cell: int) -> str:
    """``5600`` of four decimals as ``"0.5600"``: every decimal of the unit, so columns align."""
    sign, digits = ("-", -cell) if cell < 0 else ("", cell)
    whole, rest = divmod(digits, 10**decimals)
    return f"{sign}{whole}.{rest:0{decimals}d}"


_Turn = Callable[[Any], str]
_TURNS: Final[dict[ColumnKind, Callable[[Column], _Turn]]] = {
    "instant": lambda _: format_iso,
    "second": lambda _: str,
    "text": lambda _: str,
    "count": lambda _: str,
    "flag": lambda _: lambda cell: "true" if cell else "false",
    "decimal": lambda column: partial(_as_decimal, column.decimals),
}


# --- Parquet -------------------------------------------------------------------------------------


class _Parquet:
    """Parquet with one row group per batch."""

    def __init__(self, columns: Sequence[Column], path: Path) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        self._pa = pa
        self._columns = columns
        self._schema = pa.schema([(column.name, _type(column)) for column in columns])
        self._file = pq.ParquetWriter(path, self._schema, compression="zstd")

    def write(self, rows: Sequence[Cells]) -> None:
        """Append a batch."""
        arrays = [
            self._array(column, cells)
            for column, cells in zip(self._columns, zip(*rows, strict=True), strict=True)
        ]
        self._file.write_table(self._pa.Table.from_arrays(arrays, schema=self._schema))

    def close(self) -> None:
        """End the file."""
        self._file.close()

    def _array(self, column: Column, cells: Cells) -> Any:
        pa = self._pa
        if column.kind != "decimal":
            return pa.array(cells, type=_type(column))
        # the integers are the decimal's digits already: only the point has to be set
        whole = pa.array(cells, type=pa.int64()).cast(pa.decimal128(DIGITS, 0))
        return pa.Array.from_buffers(_type(column), len(whole), whole.buffers())


def _type(column: Column) -> Any:
    import pyarrow as pa

    match column.kind:
        case "instant":
            return pa.timestamp("ns", tz="UTC")
        case "decimal":
            return pa.decimal128(DIGITS, column.decimals)
        case "text":
            return pa.string()
        case "flag":
            return pa.bool_()
        case "second" | "count":
            return pa.int64()
