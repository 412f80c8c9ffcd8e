"""The index against the strike, with the average of the last sixty seconds."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import ceil
from typing import Final

from msgspec.structs import replace

from kalshi_assistant.domain.time import SECOND, whole_second
from kalshi_assistant.engine.snapshot import IndexView
from kalshi_assistant.ui.panels.scene import Room, Scene
from kalshi_assistant.ui.renderables.ink import Line, Span, fit, rule
from kalshi_assistant.ui.renderables.plot import Plot
from kalshi_assistant.ui.renderables.words import clock, dollars, index_dollars

SECONDS_PER_DOT: Final = 4
SHOWN_SECONDS: Final = (300, 900)
"""The least and the most that is shown; between them, as many as there is room for."""
AVERAGED_SECONDS: Final = 60
LABEL_CELLS: Final = 12
"""Least distance between two times on the axis."""
FLAT_MARGIN: Final = 100
"""Cents above and below a line that does not move."""
STRETCH: Final = 4
"""The strike is drawn in while it makes the range at most this many times as high."""
_STEPS: Final = (5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600)

Point = tuple[int, int] | None
"""Lowest and highest cents of one column of dots; ``None`` where nothing was printed."""


@dataclass(frozen=True, slots=True)
class _Axes:
    """From cents and epoch seconds to dots."""

    low: int
    high: int
    start: int
    seconds_per_dot: int
    down: int

    def y(self, cents: float) -> int:
        share = (self.high - cents) / (self.high - self.low)
        return max(-1, min(self.down, round(share * (self.down - 1))))

    def x(self, second: int) -> int:
        return (second - self.start) // self.seconds_per_dot


def chart(scene: Scene, room: Room) -> list[Line]:
    """A plot as high and wide as the room, or the reason why there is none."""
    rows = room.height - 2
    index = _recent(scene.snapshot.index, 2 * room.width * SECONDS_PER_DOT)
    note = "" if index.average_60 is None else f"60 s average {dollars(index.average_60)}"
    title = rule("index vs strike", room.width, note, "average")
    if not index.tail:
        return [title, fit((("no index prints yet", "faint"),), room.width)]
    if rows < 2 or room.width < 24:
        return [title]
    return [title, *_plotted(scene, index, room, rows)]


def _recent(index: IndexView, seconds: int) -> IndexView:
    """The index with as much of its past as is shown, beginning with a print."""
    least, most = SHOWN_SECONDS
    tail = index.tail[-max(least, min(most, seconds)) :]
    blank = next((place for place, cents in enumerate(tail) if cents), len(tail))
    first_second = index.first_second + len(index.tail) - len(tail) + blank
    return replace(index, first_second=first_second, tail=tail[blank:])


def _plotted(scene: Scene, index: IndexView, room: Room, rows: int) -> list[Line]:
    market = scene.snapshot.market
    strike = None if market is None else market.strike
    low, high = _range(index.tail, strike)
    gutter = 1 + max(len(index_dollars(cents)) for cents in (low, high, strike or low))
    plot = Plot(room.width - gutter - 1, rows, room.ascii_only)
    axes = _axes(index, low, high, plot)
    if market is not None:
        _settling_minute(plot, axes, market.close_time)
    if strike is not None and axes.low <= strike <= axes.high:
        plot.text(_row_of(axes, strike, rows), 0, "─" * plot.columns, "strike")
    _average(plot, axes, scene.snapshot.index)  # averages reach back before what is shown
    _index(plot, axes, index)
    if strike is not None:
        _far_strike(plot, axes, strike)
    labels = _labels(axes, rows, strike)
    drawn = [
        _labelled(labels.get(row), gutter, content) for row, content in enumerate(plot.lines())
    ]
    return [*drawn, _times(axes, plot, room, gutter + 1)]


def _labelled(label: Span | None, gutter: int, content: Line) -> Line:
    if label is None:
        return ((" " * gutter, "plain"), ("│", "faint"), *content)
    text, role = label
    return ((f"{text:>{gutter}}", role), ("┤", "faint"), *content)


def _range(prints: Sequence[int], strike: int | None) -> tuple[int, int]:
    """Lowest and highest cents to draw, with the strike inside when it is near."""
    seen = [cents for cents in prints if cents]
    low, high = min(seen), max(seen)
    height = max(high - low, 2 * FLAT_MARGIN)
    if strike is not None and max(high, strike) - min(low, strike) <= STRETCH * height:
        low, high = min(low, strike), max(high, strike)
    margin = max((high - low) // 12, FLAT_MARGIN if high == low else 1)
    return low - margin, high + margin


def _axes(index: IndexView, low: int, high: int, plot: Plot) -> _Axes:
    per_dot = max(1, ceil(len(index.tail) / plot.across))
    end = index.first_second + len(index.tail)
    start = -(-end // per_dot) * per_dot - plot.across * per_dot
    return _Axes(low, high, start, per_dot, plot.down)


def _columns(axes: _Axes, first_second: int, values: Sequence[float], across: int) -> list[Point]:
    """``values``, one per second, gathered into the extremes of each column of dots."""
    columns: list[Point] = [None] * across
    offset = max(0, axes.start - first_second)
    for second, value in enumerate(values[offset:], start=first_second + offset):
        x = axes.x(second)
        if value and 0 <= x < across:
            y = axes.y(value)
            before = columns[x]
            columns[x] = (y, y) if before is None else (min(before[0], y), max(before[1], y))
    return columns


def _index(plot: Plot, axes: _Axes, index: IndexView) -> None:
    before: Point = None
    for x, point in enumerate(_columns(axes, index.first_second, index.tail, plot.across)):
        if point is not None:
            top, bottom = point
            if before is not None:  # joined to the column before, so that a jump stays a line
                top, bottom = min(top, before[1] + 1), max(bottom, before[0] - 1)
            plot.upright(x, top, bottom, "index")
        before = point


def _average(plot: Plot, axes: _Axes, index: IndexView) -> None:
    means = running_means(index.tail)
    for x, point in enumerate(_columns(axes, index.first_second, means, plot.across)):
        if point is not None and (x % 2 == 0 or plot.ascii_only):  # dotted: told without colour
            plot.dot(x, point[0], "average")


def running_means(tail: Sequence[int]) -> list[float]:
    """Mean of the prints of the last sixty seconds at each second; 0 where there are none."""
    sums = [0, *accumulate(tail)]
    counts = [0, *accumulate(1 if cents else 0 for cents in tail)]
    means = []
    for end in range(1, len(sums)):
        start = max(0, end - AVERAGED_SECONDS)
        count = counts[end] - counts[start]
        means.append((sums[end] - sums[start]) / count if count else 0.0)
    return means


def _far_strike(plot: Plot, axes: _Axes, strike: int) -> None:
    """Where the strike is when it is too far away to be drawn; over the curves."""
    if axes.low <= strike <= axes.high:
        return
    above = strike > axes.high
    away = dollars(abs(strike - (axes.high if above else axes.low)) / 100, 0)
    text = f" {'▲' if above else '▼'} strike {away} {'above' if above else 'below'} this chart"
    column = max(0, plot.columns - len(text))
    plot.text(0 if above else plot.rows - 1, column, text[: plot.columns], "strike", over=True)


def _settling_minute(plot: Plot, axes: _Axes, close_time: int) -> None:
    first = axes.x(whole_second(close_time) - AVERAGED_SECONDS)
    if 0 <= first < plot.across:
        for row in range(plot.rows):
            plot.text(row, first * plot.columns // plot.across, "┊", "warn")


def _row_of(axes: _Axes, cents: int, rows: int) -> int:
    return max(0, min(rows - 1, axes.y(cents) * rows // axes.down))


def _labels(axes: _Axes, rows: int, strike: int | None) -> dict[int, Span]:
    """Dollar labels by row: both ends, some between, and the strike's own row for the strike."""
    every = max(1, (rows - 1) // max(1, (rows - 1) // 4))
    labels: dict[int, Span] = {
        row: (_row_value(axes, row, rows), "faint") for row in range(0, rows, every)
    }
    if strike is not None and axes.low <= strike <= axes.high:
        own = _row_of(axes, strike, rows)
        labels = {row: label for row, label in labels.items() if abs(row - own) > 1}
        labels[own] = (index_dollars(strike), "strike")
    return labels


def _row_value(axes: _Axes, row: int, rows: int) -> str:
    cents = axes.high - (axes.high - axes.low) * row / max(1, rows - 1)
    return dollars(cents / 100, 2 if axes.high - axes.low < 1000 else 0)


def _times(axes: _Axes, plot: Plot, room: Room, indent: int) -> Line:
    """Local times below the plot, on round seconds, never touching one another."""
    dots_per_cell = plot.across // plot.columns
    per_cell = axes.seconds_per_dot * dots_per_cell
    step = next((step for step in _STEPS if step >= LABEL_CELLS * per_cell), _STEPS[-1])
    form = "%H:%M" if step % 60 == 0 else "%H:%M:%S"
    cells = [" "] * (indent + plot.columns)
    last = axes.start + plot.across * axes.seconds_per_dot
    for second in range(-(-axes.start // step) * step, last, step):
        label = clock(second * SECOND, room.zone, form)
        left = indent + (second - axes.start) // per_cell
        if left + len(label) <= len(cells):
            cells[left : left + len(label)] = label
    return fit((("".join(cells), "faint"),), room.width)
