"""The charts of a backtest's report, drawn as those of an evaluation are."""

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from kalshi_assistant.lab.charts import COLOURS, FAINT, INK, drawn

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DRAWN: Final = {
    "optimistic": (COLOURS["blend"], "^", ":"),
    "realistic": (COLOURS["model"], "o", "-"),
    "conservative": (COLOURS["market"], "s", "--"),
}
"""Colour, mark and dash of an assumption."""
Curve = Sequence[tuple[int, float]]
"""(nanoseconds, dollars)."""


class PathFill(NamedTuple):
    """A fill on the path of a market: seconds before the close, YES dollars, what it bought."""

    left: float
    price: float
    buys_yes: bool


def equity(key: str, curves: Mapping[str, Curve]) -> str | None:
    """Running profit of each assumption, and below it how far it is under its peak."""
    if not any(curves.values()):
        return None

    def draw(figure: "Figure") -> None:
        above, below = figure.subplots(2, 1, height_ratios=(3, 1), sharex=True)
        for policy, curve in curves.items():
            if curve:
                colour, mark, dash = DRAWN[policy]
                at = [datetime.fromtimestamp(each / 1e9, UTC) for each, _ in curve]
                values = [value for _, value in curve]
                mark = mark if len(at) <= 60 else ""
                above.step(
                    at, values, where="post", color=colour, marker=mark, linestyle=dash,
                    markersize=4, label=policy,
                )  # fmt: skip
                below.step(at, _falls(values), where="post", color=colour, linestyle=dash)
        above.axhline(0.0, color=FAINT, linewidth=0.8)
        above.set_ylabel("profit, dollars")
        below.set_ylabel("below peak")
        below.tick_params(axis="x", rotation=30)
        figure.legend(loc="outside upper center", ncols=3, frameon=False)

    label = "Line chart: profit after each settled window, and below it the drawdown."
    return drawn(key, (5.6, 3.6), label, draw)


def _falls(values: Sequence[float]) -> list[float]:
    peak, falls = 0.0, []
    for value in values:
        peak = max(peak, value)
        falls.append(value - peak)
    return falls


def by_latency(key: str, names: Sequence[str], profits: Mapping[str, Sequence[float]]) -> str:
    """Profit of each assumption by how long orders were on their way."""

    def draw(figure: "Figure") -> None:
        axes = figure.add_subplot()
        for policy, values in profits.items():
            colour, mark, dash = DRAWN[policy]
            axes.plot(
                range(len(names)), values, color=colour, marker=mark, linestyle=dash, label=policy
            )
        axes.axhline(0.0, color=FAINT, linewidth=0.8)
        axes.set_xticks(range(len(names)), names)
        axes.set_ylabel("profit, dollars")
        axes.set_xlabel("latency")
        figure.legend(loc="outside upper center", ncols=3, frameon=False)

    return drawn(key, (4.8, 2.8), "Line chart: profit by latency. The table has the numbers.", draw)


def bars(key: str, amounts: Mapping[str, float], axis: str) -> str | None:
    """Dollars by name; a bar below zero is hatched."""
    if not amounts:
        return None

    def draw(figure: "Figure") -> None:
        axes = figure.add_subplot()
        for place, value in enumerate(amounts.values()):
            colour = COLOURS["market" if value < 0 else "model"]
            hatch = "///" if value < 0 else ""
            axes.bar(place, value, color=colour, hatch=hatch, edgecolor=INK, linewidth=0.4)
        axes.axhline(0.0, color=FAINT, linewidth=0.8)
        axes.set_xticks(range(len(amounts)), list(amounts), rotation=30, ha="right")
        axes.set_ylabel("profit, dollars")
        axes.set_xlabel(axis)

    return drawn(key, (4.8, 2.6), f"Bar chart: profit by {axis}.", draw)


def markouts(key: str, seconds: Sequence[str], cents: Sequence[float | None]) -> str | None:
    """Where the middle stood after a fill, in our favour above zero."""
    if all(each is None for each in cents):
        return None

    def draw(figure: "Figure") -> None:
        axes = figure.add_subplot()
        values = [math.nan if each is None else each for each in cents]
        axes.plot(range(len(values)), values, color=COLOURS["model"], marker="o")
        axes.axhline(0.0, color=FAINT, linewidth=0.8)
        axes.set_xticks(range(len(values)), [f"{each} s" for each in seconds])
        axes.set_ylabel("cents a contract")
        axes.set_xlabel("after the fill")

    return drawn(key, (3.2, 2.4), "Line chart: the middle after a fill, against its price.", draw)


def path(
    key: str, name: str, middles: Sequence[tuple[float, float]], fills: Sequence[PathFill]
) -> str:
    """A market's middle by seconds before its close, with our fills."""

    def draw(figure: "Figure") -> None:
        axes = figure.add_subplot()
        axes.set_title(name, fontsize=9)
        axes.plot(
            [left for left, _ in middles], [mid for _, mid in middles], color=FAINT, linewidth=0.9
        )
        for each in fills:
            _fill(axes, each)
        axes.set_xlim(900, 0)
        axes.set_ylim(0, 1)
        axes.set_xlabel("seconds to the close")
        axes.set_ylabel("YES, dollars")

    return drawn(key, (3.4, 2.2), f"{name}: {len(fills)} fills on the path of the middle", draw)


def _fill(axes: "Axes", each: PathFill) -> None:
    colour, mark = (COLOURS["model"], "^") if each.buys_yes else (COLOURS["market"], "v")
    axes.plot([each.left], [each.price], color=colour, marker=mark, markersize=6)
