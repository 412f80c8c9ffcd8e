"""A backtest's lives as CSV: one file of sums, one of windows, one of fills."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import cast

from kalshi_assistant.domain.entries import FillKept, PolicyFillKept, SettlementKept
from kalshi_assistant.domain.errors import OperatorError
from kalshi_assistant.domain.orders import BID
from kalshi_assistant.domain.time import format_iso
from kalshi_assistant.domain.units import format_price
from kalshi_assistant.lab.backtest_measures import RECORD, Object, dollars
from kalshi_assistant.lab.backtesting import Backtesting

SUMS = (
    "latency", "policy", "pnl", "return", "windows", "per_window", "hit_rate", "profit_factor",
    "drawdown", "sharpe_per_window", "sharpe_per_day", "fills", "contracts", "fees",
)  # fmt: skip
WINDOWS = (
    "latency", "ticker", "at", "result", "contracts", "pnl", "edge", "slippage", "drift", "fees",
)  # fmt: skip
FILLS = (
    "latency", "policy", "at", "ticker", "buys", "price", "contracts", "taker", "fee", "order",
)  # fmt: skip


def write_tables(work: Backtesting, result: Object, folder: Path) -> list[Path]:
    """Write ``sums.csv``, ``windows.csv`` and ``fills.csv``. Raises OperatorError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return [
            _write(folder / "sums.csv", SUMS, _sums(result)),
            _write(folder / "windows.csv", WINDOWS, _windows(work)),
            _write(folder / "fills.csv", FILLS, _fills(work)),
        ]
    except OSError as error:
        raise OperatorError(f"cannot write to {folder}: {error.strerror}") from error


def _write(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(columns)
        table.writerows(rows)
    return path


def _sums(result: Object) -> Iterable[Sequence[object]]:
    for latency, life in cast("Mapping[str, Object]", result["latencies"]).items():
        for policy, said in cast("Mapping[str, Object]", life["policies"]).items():
            yield (latency, policy, *(said[column] for column in SUMS[2:]))


def _windows(work: Backtesting) -> Iterable[Sequence[object]]:
    for life in work.lives:
        for each in life.backtest.record.entries:
            if isinstance(each, SettlementKept):
                money = (each.pnl, each.edge, each.slippage, each.drift, each.fees)
                yield (
                    life.backtest.latency.name,
                    each.ticker,
                    format_iso(each.at),
                    each.result,
                    each.quantity / 100,
                    *(dollars(amount) for amount in money),
                )


def _fills(work: Backtesting) -> Iterable[Sequence[object]]:
    for life in work.lives:
        for each in life.backtest.record.entries:
            if isinstance(each, FillKept | PolicyFillKept):
                yield (
                    life.backtest.latency.name,
                    each.policy if isinstance(each, PolicyFillKept) else RECORD,
                    format_iso(each.at),
                    each.ticker,
                    "yes" if each.side == BID else "no",
                    format_price(each.price),
                    each.quantity / 100,
                    each.is_taker,
                    dollars(each.fee),
                    each.client_order_id or "",
                )
