"""The index against the strike, with the average of the last sixty seconds and where it may end."""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from operator import itemgetter
from typing import Final

from kalshi_assistant.domain.time import whole_second
from kalshi_assistant.domain.units import INDEX_SCALE
from kalshi_assistant.engine.snapshot import FanView, IndexView, Snapshot
from kalshi_assistant.ui.panels.axes import (
    AVERAGED_SECONDS,
    Scale,
    Span,
    columns,
    gutter_of,
    joined_up,
    round_scale,
    settling_minute,
    span_to_close,
    span_to_now,
    ticks,
    times,
)
from kalshi_assistant.ui.panels.scene import Room, Scene, index_age, is_stale
from kalshi_assistant.ui.renderables.ink import Line, Role, faded, fit, rule
from kalshi_assistant.ui.renderables.ink import Span as Ink
from kalshi_assistant.ui.renderables.plot import Plot
from kalshi_assistant.ui.renderables.words import age, dollars, index_dollars

SECONDS_PER_DOT: Final = 4
SHOWN_SECONDS: Final = (300, 900)
"""The least and the most that is shown without a close ahead; between, as there is room for."""
FLAT_MARGIN: Final = 100
"""Cents above and below a line that does not move."""
STRETCH: Final = 4
"""The strike is drawn in while it makes the range at most this many times as high."""
FAN_STRETCH: Final = (10, 5)
"""The same for one deviation and for two: with a window ahead a fan is far wider than the past."""
SIGNALS: Final[dict[str, Ink]] = {"yes": ("▲", "yes"), "no": ("▼", "no")}
FILLS: Final[dict[str, Ink]] = {"yes": ("◆", "yes"), "no": ("◇", "no")}
WIDE: Final = 70


def chart(scene: Scene, room: Room) -> list[Line]:
    """A plot as high and wide as the room, or the reason why there is none."""
    rows = room.height - 2
    snapshot = scene.snapshot
    title = rule("index vs strike", room.width, *_note(snapshot, room.width))
    if not any(snapshot.index.tail):
        return [title, fit((("no index prints yet", "faint"),), room.width)]
    if rows < 2 or room.width < 24:
        return [title]
    lines = _plotted(snapshot, room, rows)
    return [title, *map(faded, lines)] if is_stale(snapshot.index, snapshot.at) else [title, *lines]


def _note(snapshot: Snapshot, width: int) -> tuple[str, Role]:
    """What the dotted curve is, and the fan; or that all of it is old."""
    index, market = snapshot.index, snapshot.market
    if is_stale(index, snapshot.at):
        return f"{age(index_age(index, snapshot.at) or 0)} old", "warn"
    if index.average_60 is None:
        return "", "average"
    average = dollars(index.average_60)
    if market is None or market.fan is None:
        return f"60 s average {average}", "average"
    if width < WIDE:
        return f"avg {average}, fan 1 2 sigma", "average"
    return f"60 s average {average}, fan: its 1 and 2 sigma", "average"


def _plotted(snapshot: Snapshot, room: Room, rows: int) -> list[Line]:
    market = snapshot.market
    gutter = gutter_of(snapshot)
    plot = Plot(room.width - gutter - 1, rows, room.ascii_only)
    span = _span(snapshot, plot.across)
    prints = _prints(snapshot.index, span)
    fan = None if market is None or span_to_close(market, snapshot.at, 1) is None else market.fan
    strike = None if market is None else market.strike
    scale = _scale([cents for _, cents in prints], strike, fan, plot.down)
    if market is not None:
        settling_minute(plot, span, market.close_time)
    if strike is not None and scale.has(strike):
        plot.text(scale.row(strike, rows), 0, "─" * plot.columns, "strike")
    if fan is not None:
        _fan(plot, span, scale, fan)
    _average(plot, span, scale, snapshot.index)  # averages reach back before what is shown
    for x, top, bottom in joined_up(columns(span, scale, prints, plot.across), 4):
        plot.upright(x, top, bottom, "index")
    if strike is not None:
        _far_strike(plot, scale, strike)
    _marks(plot, span, scale, snapshot)
    labels = _labels(scale, rows, strike)
    drawn = [labelled(labels.get(row), gutter, content) for row, content in enumerate(plot.lines())]
    below = times(span, plot, room.width, room.zone, gutter + 1)
    return [*drawn, fit(((below, "faint"),), room.width)]


def labelled(label: Ink | None, gutter: int, content: Line) -> Line:
    """A row of a plot with what stands left of its axis."""
    if label is None:
        return ((" " * gutter, "plain"), ("│", "faint"), *content)
    text, role = label
    return ((f"{text:>{gutter}}", role), ("┤", "faint"), *content)


def _span(snapshot: Snapshot, across: int) -> Span:
    found = span_to_close(snapshot.market, snapshot.at, across)
    if found is not None:
        return found
    index, (least, most) = snapshot.index, SHOWN_SECONDS
    seen = next(place for place, cents in enumerate(index.tail) if cents)
    seconds = max(1, min(len(index.tail) - seen, max(least, min(most, across * SECONDS_PER_DOT))))
    return span_to_now(index.first_second + len(index.tail), seconds, across)


def _prints(index: IndexView, span: Span) -> list[tuple[int, int]]:
    """(second, cents) of the prints that are shown; the newest one where none is."""
    start = max(0, span.start - index.first_second)
    shown = [
        (second, cents)
        for second, cents in enumerate(index.tail[start:], start=index.first_second + start)
        if cents
    ]
    if shown:
        return shown
    place = max(place for place, cents in enumerate(index.tail) if cents)
    return [(index.first_second + place, index.tail[place])]


def _scale(seen: Sequence[int], strike: int | None, fan: FanView | None, down: int) -> Scale:
    """Prints, the fan, and the strike when it is near."""
    low, high = float(min(seen)), float(max(seen))
    height = max(high - low, 2 * FLAT_MARGIN)
    if fan is not None and fan.mean and fan.sd:
        for sigmas, most in enumerate(FAN_STRETCH, start=1):
            pairs = zip(fan.mean, fan.sd, strict=False)
            ends = [mean + way * sigmas * sd for mean, sd in pairs for way in (-1, 1)]
            wider = min(low, *ends), max(high, *ends)
            if wider[1] - wider[0] <= most * height:
                low, high = wider
        height = max(high - low, 2 * FLAT_MARGIN)
    if strike is not None and max(high, strike) - min(low, strike) <= STRETCH * height:
        low, high = min(low, strike), max(high, strike)
    margin = FLAT_MARGIN if high == low else 0
    return round_scale(low - margin, high + margin, down, INDEX_SCALE / 10)


def _fan(plot: Plot, span: Span, scale: Scale, fan: FanView) -> None:
    """One and two deviations around the expected average: the nearer pair in every column, the
    further in every second, told apart without colour.
    """
    points = list(zip(fan.seconds, fan.mean, fan.sd, strict=False))
    if len(points) < 2:
        return
    for x in range(max(0, span.x(points[0][0])), min(plot.across, span.x(points[-1][0]) + 1)):
        mean, sd = _between(points, span.start + x * span.seconds_per_dot)
        for way in (-1, 1):
            if x % 2 == 0:
                plot.dot(x, scale.y(mean + 2 * way * sd), "faint")
            plot.dot(x, scale.y(mean + way * sd), "plain")


def _between(points: Sequence[tuple[int, int, int]], second: int) -> tuple[float, float]:
    """Mean and deviation at a second, on a straight line between the two instants around it."""
    place = max(1, min(bisect_right(points, second, key=itemgetter(0)), len(points) - 1))
    (first, mean, sd), (last, mean_after, sd_after) = points[place - 1], points[place]
    share = max(0.0, min(1.0, (second - first) / max(1, last - first)))
    return mean + share * (mean_after - mean), sd + share * (sd_after - sd)


def _average(plot: Plot, span: Span, scale: Scale, index: IndexView) -> None:
    means = running_means(index.tail)
    skipped = max(0, span.start - index.first_second)
    shown = enumerate(means[skipped:], start=index.first_second + skipped)
    known = ((second, mean) for second, mean in shown if mean)
    for x, point in enumerate(columns(span, scale, known, plot.across)):
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


def _far_strike(plot: Plot, scale: Scale, strike: int) -> None:
    """Where the strike is when it is too far away to be drawn; over the curves."""
    if scale.has(strike):
        return
    above = strike > scale.high
    away = dollars(abs(strike - (scale.high if above else scale.low)) / INDEX_SCALE, 0)
    text = f" {'▲' if above else '▼'} strike {away} {'above' if above else 'below'} this chart"
    column = max(0, plot.columns - len(text))
    plot.text(0 if above else plot.rows - 1, column, text[: plot.columns], "strike", over=True)


def _marks(plot: Plot, span: Span, scale: Scale, snapshot: Snapshot) -> None:
    """Fills where the index was, signals at the foot of the plot, over the curves; of the market
    shown only.
    """
    market, index = snapshot.market, snapshot.index
    if market is None:
        return
    for signal in snapshot.signals:
        x = span.x(whole_second(signal.made_at))
        if signal.ticker == market.ticker and 0 <= x < plot.across:
            mark, role = SIGNALS[signal.edge.outcome]
            column = x * plot.columns // plot.across
            plot.text(plot.rows - 1, column, mark, role, over=True)
    for fill in snapshot.trades:
        second = whole_second(fill.at)
        x, place = span.x(second), second - index.first_second
        if fill.ticker != market.ticker or not 0 <= x < plot.across:
            continue
        cents = index.tail[place] if 0 <= place < len(index.tail) else 0
        row = scale.row(cents, plot.rows) if cents else 0
        mark, role = FILLS[fill.outcome]
        plot.text(row, x * plot.columns // plot.across, mark, role, over=True)


def _labels(scale: Scale, rows: int, strike: int | None) -> dict[int, Ink]:
    """Round dollars by row, and the strike's own row for the strike."""
    decimals = 2 if scale.high - scale.low < 4 * INDEX_SCALE else 0
    labels: dict[int, Ink] = {
        scale.row(cents, rows): (dollars(cents / INDEX_SCALE, decimals), "faint")
        for cents in ticks(scale, rows, INDEX_SCALE if decimals == 0 else INDEX_SCALE / 10)
    }
    for row, cents in ((0, scale.high), (rows - 1, scale.low)):  # round numbers as well
        if not any(abs(row - other) <= 1 for other in labels):
            labels[row] = (dollars(cents / INDEX_SCALE, decimals), "faint")
    if strike is not None and scale.has(strike):
        own = scale.row(strike, rows)
        labels = {row: label for row, label in labels.items() if abs(row - own) > 1}
        labels[own] = (index_dollars(strike), "strike")
    return labels
