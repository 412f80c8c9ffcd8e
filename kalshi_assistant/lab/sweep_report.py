"""A sweep as one HTML file that loads nothing: what is left of the best, and every setting beside
the others.

The file runs nothing. The same results give the same bytes.
"""

from collections.abc import Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from kalshi_assistant.domain.errors import OperatorError
from kalshi_assistant.lab import charts
from kalshi_assistant.lab.backtest_report import Table
from kalshi_assistant.lab.charts import COLOURS, FAINT, drawn
from kalshi_assistant.lab.report import DASH, rendered
from kalshi_assistant.lab.sweep_folds import Blocks
from kalshi_assistant.lab.sweep_result import Tried

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Object = Mapping[str, object]

CURVES: Final = 8
INTERVALS: Final = 20
FACTS: Final = (
    "how", "judged_days", "judged_from", "judged_to", "folds", "embargo_days", "latency", "seed",
    "data", "program", "code",
)  # fmt: skip
COLUMNS: Final = {
    "pnl": "profit",
    "pnl_careful": "profit, careful",
    "pnl_in_sample": "in sample",
    "drawdown": "drawdown",
    "fees": "fees",
    "signals": "signals",
    "fills": "fills",
    "sharpe_per_day": "Sharpe a day",
    "by_chance": "by chance",
}


def write_report(said: Object, tried: Sequence[Tried], blocks: Blocks, path: Path) -> None:
    """Write it; an older file there is replaced. Raises OperatorError."""
    text = render(said, tried, blocks)
    try:
        path.write_bytes(text.encode("utf-8", "replace"))
    except OSError as error:
        raise OperatorError(f"cannot write {path}: {error.strerror}") from error


def render(said: Object, tried: Sequence[Tried], blocks: Blocks) -> str:
    """The page. Raises OperatorError when a library is missing."""
    rows = cast("Sequence[Object]", said["settings"])
    ranked = sorted(rows, key=lambda row: -cast("float", row["sharpe_per_day"] or 0.0))
    by_name = {each.name: each for each in tried}
    shown = [by_name[str(row["name"])] for row in ranked[:CURVES]]
    drawings = [
        _curves(shown, blocks),
        _intervals(ranked[:INTERVALS]),
        *(_by_axis(key, rows) for key in cast("Object", said["over"])),
    ]
    return rendered(
        "sweep.html.j2",
        name=said["material"],
        facts=[(name.replace("_", " "), str(said[name])) for name in FACTS],
        best=_best(cast("Object", said["best"]), len(rows)),
        walk=_walk(cast("Object | None", said["walk_forward"])),
        table=_table(ranked),
        charts=[each for each in drawings if each],
        notices=cast("Sequence[str]", said["notices"]),
        folds=said["folds"],
    )


def in_words(assigned: object) -> str:
    """What was assigned, shortly."""
    return ", ".join(f"{key} {value}" for key, value in cast("Object", assigned).items())


def _best(best: Object, count: int) -> Object:
    def chance(value: object) -> str:
        return DASH if value is None else f"{100 * cast('float', value):.1f} %"

    return {
        "assigned": in_words(best["assigned"]),
        "deflated": chance(best["deflated_sharpe"]),
        "by_chance": chance(best["by_chance"]),
        "count": count,
    }


def _walk(walk: Object | None) -> Object | None:
    if walk is None:
        return None
    rows = [
        (
            f"{fold['from']} to {fold['to']}",
            in_words(fold["assigned"]),
            str(fold["pnl"]),
            str(fold["windows"]),
        )
        for fold in cast("Sequence[Object]", walk["folds"])
    ]
    head = ("judged on", "chosen by the days before", "profit", "windows")
    verdict = cast("Object", walk["verdict"])
    return {
        "table": Table("Chosen by the past, judged on what came after", head, rows),
        "pnl": walk["pnl"],
        "sentence": verdict["sentence"],
    }


def _table(ranked: Sequence[Object]) -> Table:
    rows = [
        (
            in_words(row["assigned"]),
            str(cast("Object", row["verdict"])["sentence"]),
            *(DASH if row[key] is None else str(row[key]) for key in COLUMNS),
        )
        for row in ranked
    ]
    return Table(
        "Every setting on the judged days", ("setting", "verdict", *COLUMNS.values()), rows
    )


# --- charts ---


def _curves(shown: Sequence[Tried], blocks: Blocks) -> str | None:
    """Running profit of the best on the judged days."""
    days = blocks.judged
    if not days or not shown:
        return None

    def draw(figure: "Figure") -> None:
        axes = figure.add_subplot()
        for place, each in reversed(list(enumerate(shown))):
            total = list(accumulate(each.profits(days).tolist()))
            colour = COLOURS["model"] if place == 0 else FAINT
            width = 1.8 if place == 0 else 0.8
            axes.plot(range(len(total)), total, color=colour, linewidth=width)
        axes.axhline(0.0, color=FAINT, linewidth=0.8, linestyle="--")
        step = max(1, len(days) // 6)
        axes.set_xticks(range(0, len(days), step), days[::step], rotation=30, ha="right")
        axes.set_ylabel("profit, dollars")

    label = f"Line chart: running profit of the best {len(shown)} settings on the judged days."
    return drawn("s-curves", (5.6, 3.2), label, draw)


def _intervals(ranked: Sequence[Object]) -> str | None:
    """Where each setting's profit a contract surely lies."""
    rows = []
    for row in ranked:
        verdict = cast("Object", row["verdict"])
        if verdict["mean"] is not None:
            low, high = cast("float", verdict["low"]), cast("float", verdict["high"])
            name = ", ".join(str(value) for value in cast("Object", row["assigned"]).values())
            rows.append(charts.Whisker(name, 100 * cast("float", verdict["mean"]), 100 * low,
                                       100 * high))  # fmt: skip
    label = "Intervals: cents a contract brought, surely within, for all settings together."
    return charts.whiskers("s-intervals", rows, 0.0, "cents a contract, surely within", label)


def _by_axis(key: str, rows: Sequence[Object]) -> str | None:
    """Profit by the values of one axis: a dot for each setting."""
    found = [(str(cast("Object", row["assigned"])[key]), float(str(row["pnl"]))) for row in rows]
    values = list(dict.fromkeys(value for value, _ in found))
    numbers = _numbers(values)
    if len(values) < 2:
        return None

    def draw(figure: "Figure") -> None:
        axes = figure.add_subplot()
        at = dict(zip(values, numbers, strict=True))
        axes.plot(
            [at[value] for value, _ in found], [pnl for _, pnl in found],
            color=COLOURS["model"], marker="o", markersize=4, linestyle="", alpha=0.7,
        )  # fmt: skip
        axes.axhline(0.0, color=FAINT, linewidth=0.8, linestyle="--")
        if numbers == [float(place) for place in range(len(values))]:
            axes.set_xticks(range(len(values)), values)
        axes.set_xlabel(key)
        axes.set_ylabel("profit, dollars")

    name = key.replace(".", "-")
    return drawn(f"s-axis-{name}", (3.6, 2.6), f"Dots: profit by {key}.", draw)


def _numbers(values: Sequence[str]) -> list[float]:
    """The values as numbers, or their places where some are none."""
    try:
        return [float(value) for value in values]
    except ValueError:
        return [float(place) for place in range(len(values))]
