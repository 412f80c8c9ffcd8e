"""The plane that curves over time are drawn on: where a second and a value stand in dots.

The last column is the close of the window and stays there: a curve grows toward it, and nothing
else moves while it does.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from math import ceil, floor, log10
from typing import Final

from kalshi_assistant.domain.time import SECOND, whole_second
from kalshi_assistant.engine.snapshot import MarketView, Snapshot
from kalshi_assistant.ui.renderables.plot import Plot
from kalshi_assistant.ui.renderables.words import clock, index_dollars

AVERAGED_SECONDS: Final = 60
MARGIN_SECONDS: Final = 2
"""Shown behind the close."""
PAST_SECONDS: Final = (240, 120)
"""At least so much of the past is shown; the less of it near the close."""
NEAR: Final = 120
LONGEST_AHEAD: Final = 960
"""A market further from its close than this is not yet drawn toward it."""
LABEL_CELLS: Final = 12
"""Least distance between two times below a plot."""
_DOTS: Final = (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 30, 60, 120, 300, 600)
_TIMES: Final = (5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600)
_ROUND: Final = (1.0, 2.0, 5.0, 10.0)

Point = tuple[int, int] | None
"""Highest and lowest dot of one column; ``None`` where nothing is known."""


@dataclass(frozen=True, slots=True)
class Span:
    """The seconds of a plot: the first one and how many make one column of dots."""

    start: int
    seconds_per_dot: int

    def x(self, second: int) -> int:
        """The column of dots of a second."""
        return (second - self.start) // self.seconds_per_dot


@dataclass(frozen=True, slots=True)
class Scale:
    """The values of a plot, from its lowest to its highest row of dots."""

    low: float
    high: float
    down: int

    def y(self, value: float) -> int:
        """The row of dots of a value; just outside for what is outside."""
        share = (self.high - value) / (self.high - self.low)
        return max(-1, min(self.down, round(share * (self.down - 1))))

    def row(self, value: float, rows: int) -> int:
        """The row of cells of a value, the nearest for what is outside."""
        return max(0, min(rows - 1, self.y(value) * rows // self.down))

    def has(self, value: float) -> bool:
        """Whether a value is on the plot."""
        return self.low <= value <= self.high


def span_to_close(market: MarketView | None, at: int, across: int) -> Span | None:
    """The window with its close at the right edge; ``None`` where no close is near ahead."""
    if market is None:
        return None
    now, close = whole_second(at), whole_second(market.close_time)
    left = close - now
    if not 0 <= left <= LONGEST_AHEAD:
        return None
    wanted = left + MARGIN_SECONDS + PAST_SECONDS[left <= NEAR]
    per_dot = _fitting(wanted, across)
    return Span(close + MARGIN_SECONDS - across * per_dot, per_dot)


def span_to_now(end: int, seconds: int, across: int) -> Span:
    """The newest ``seconds``, ending at ``end`` (not included)."""
    per_dot = _fitting(seconds, across)
    return Span(-(-end // per_dot) * per_dot - across * per_dot, per_dot)


def _fitting(seconds: int, across: int) -> int:
    return next((step for step in _DOTS if step * across >= seconds), ceil(seconds / across))


def gutter_of(snapshot: Snapshot) -> int:
    """Cells for the labels left of the plots: the same for all, so that their times stand below
    one another.
    """
    strike = None if snapshot.market is None else snapshot.market.strike
    return 1 + max(len(index_dollars(cents)) for cents in (snapshot.index.value or 0, strike or 0))


def round_scale(low: float, high: float, down: int, unit: float) -> Scale:
    """A scale around ``low`` and ``high`` that ends on round multiples of ``unit``, so that it
    stays where it is while they move a little.
    """
    step = round_step((high - low) / 8, unit)
    bottom, top = floor(low / step) * step, (floor(high / step) + 1) * step
    return Scale(bottom, max(top, bottom + step, bottom + abs(bottom) * 1e-9), down)


def round_step(least: float, unit: float) -> float:
    """The smallest of 1, 2, 5, 10, 20, ... times ``unit`` that is at least ``least``."""
    wanted = max(least / unit, 1.0)
    power = 10.0 ** floor(log10(wanted))
    return unit * next(power * each for each in _ROUND if power * each >= wanted * (1 - 1e-9))


def ticks(scale: Scale, rows: int, unit: float) -> Iterator[float]:
    """Round values some rows apart, from the highest on the plot down."""
    step = round_step((scale.high - scale.low) / max(1, rows / 3), unit)
    value = floor(scale.high / step) * step
    while value >= scale.low:
        yield value
        value -= step


def columns(
    span: Span, scale: Scale, points: Iterable[tuple[int, float]], across: int
) -> list[Point]:
    """(second, value) pairs gathered into the extremes of each column of dots."""
    lowest: list[float | None] = [None] * across
    highest: list[float | None] = [None] * across
    start, per_dot = span.start, span.seconds_per_dot
    for second, value in points:
        x = (second - start) // per_dot
        if 0 <= x < across:
            low, high = lowest[x], highest[x]
            if low is None or value < low:
                lowest[x] = value
            if high is None or value > high:
                highest[x] = value
    return [
        None if low is None or high is None else (scale.y(high), scale.y(low))
        for low, high in zip(lowest, highest, strict=True)
    ]


def joined_up(found: Sequence[Point], reach: int = 1) -> Iterator[tuple[int, int, int]]:
    """(column, highest, lowest dot) of a curve, each column touching the one before it, over gaps
    of fewer than ``reach`` columns.
    """
    before: Point = None
    last = -reach - 1
    for x, point in enumerate(found):
        if point is None:
            continue
        top, bottom = point
        if before is not None and x - last <= reach:
            top, bottom = min(top, before[1] + 1), max(bottom, before[0] - 1)
        yield x, top, bottom
        before, last = point, x


def settling_minute(plot: Plot, span: Span, close_time: int) -> None:
    """An upright where the sixty prints begin, and one where the window closes."""
    close = whole_second(close_time)
    for second in (close - AVERAGED_SECONDS, close):
        x = span.x(second)
        if 0 <= x < plot.across:
            for row in range(plot.rows):
                plot.text(row, x * plot.columns // plot.across, "┊", "warn")


def times(span: Span, plot: Plot, width: int, zone: tzinfo | None, indent: int) -> str:
    """Local times below the plot, on round seconds, never touching one another."""
    per_cell = span.seconds_per_dot * plot.across // plot.columns
    step = next((step for step in _TIMES if step >= LABEL_CELLS * per_cell), _TIMES[-1])
    form = "%H:%M" if step % 60 == 0 else "%H:%M:%S"
    cells = [" "] * min(width, indent + plot.columns)
    last = span.start + plot.across * span.seconds_per_dot
    for second in range(-(-span.start // step) * step, last, step):
        label = clock(second * SECOND, zone, form)
        left = indent + (second - span.start) // per_cell
        if left + len(label) <= len(cells):
            cells[left : left + len(label)] = label
    return "".join(cells)
