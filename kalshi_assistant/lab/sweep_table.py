"""The results of a sweep as Parquet: a row for each setting and day."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from kalshi_assistant.domain.errors import OperatorError
from kalshi_assistant.lab.sweep_folds import Blocks
from kalshi_assistant.lab.sweep_result import Tried

FILE: Final = "days.parquet"


def write_table(tried: Sequence[Tried], blocks: Blocks, folder: Path) -> Path | None:
    """Write it; ``None`` where pyarrow is not installed. Raises OperatorError."""
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        return None
    rows = [
        {
            "setting": each.name,
            "day": name,
            "out_of_sample": name in set(blocks.judged) and blocks.folds > 0,
            "windows": len(day.gains),
            "gain_dollars_per_contract": day.gains,
            "pnl_microdollars": day.pnl,
            "pnl_careful_microdollars": day.careful,
            "fees_microdollars": day.fees,
            "signals": day.signals,
            "fills": day.fills,
            **{f"set.{key}": value for key, value in each.assigned.items()},
        }
        for each in tried
        for name, day in sorted(each.days.items())
    ]
    if not rows:
        return None
    path = folder / FILE
    try:
        parquet.write_table(pa.Table.from_pylist(rows), path, compression="zstd")
    except OSError as error:
        raise OperatorError(
            f"cannot write {path}: {error}; make room, then run it again"
        ) from error
    return path
