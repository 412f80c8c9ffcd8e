"""How the probability came along: model, blend, market, simulations and band over the window."""

from collections.abc import Iterator, Sequence
from statistics import median
from typing import Final, NamedTuple

from kalshi_assistant.domain.time import whole_second
from kalshi_assistant.engine.snapshot import MarketView, Snapshot, TrailView
from kalshi_assistant.ui.panels.axes import (
    Point,
    Scale,
    Span,
    columns,
    gutter_of,
    joined_up,
    settling_minute,
    span_to_close,
    span_to_now,
    ticks,
    times,
)
from kalshi_assistant.ui.panels.chart import labelled
from kalshi_assistant.ui.panels.scene import Room, Scene
from kalshi_assistant.ui.renderables.ink import Line, Role, fit, line, rule, titled
from kalshi_assistant.ui.renderables.ink import Span as Ink
from kalshi_assistant.ui.renderables.plot import Plot
from kalshi_assistant.ui.renderables.words import WAITING, percent

SCALE: Final = 10_000
"""What is one in a trail."""
TENTH: Final = 1_000
LEAST_HEIGHT: Final = 2_000
"""At least a fifth of all probability is between the edges of the plot."""
TITLE: Final = "P(YES) in %"


class Curve(NamedTuple):
    """One line of the plot: dots in every so many columns of ``period`` tell it without colour."""

    name: str
    role: Role
    period: int
    dots: int
    sample: str


MODEL: Final = Curve("model", "index", 1, 1, "──")
BLEND: Final = Curve("both", "average", 4, 2, "-")
MARKET: Final = Curve("market", "strike", 2, 1, "··")
SIMULATED: Final = Curve("simulated", "warn", 6, 1, "·")
BAND: Final = Curve("band", "faint", 3, 1, "")


def trail(scene: Scene, room: Room) -> list[Line]:
    """A plot with its numbers in the title, or the reason why there is none."""
    snapshot, market = scene.snapshot, scene.snapshot.market
    rows = room.height - 2
    if market is None:
        return [rule(TITLE, room.width), line((WAITING, "faint"))]
    title = _title(market, room.width)
    if market.trail is None:
        return [title, fit((("nothing to look back on yet", "faint"),), room.width)]
    if rows < 2 or room.width < 24:
        return [title]
    return [title, *_plotted(snapshot, market, market.trail, room, rows)]


def _title(market: MarketView, width: int) -> Line:
    """The newest number of each curve, in its colour and with a sample of its line."""
    notes: Line = ()
    for curve, value in _newest(market):
        if value is not None:
            said = percent(value).removesuffix(" %")
            notes = (*notes, (f" {curve.sample} ", curve.role), (f"{curve.name} ", "faint"),
                     (said, curve.role))  # fmt: skip
    return titled(TITLE, width, notes)


def _newest(market: MarketView) -> list[tuple[Curve, float | None]]:
    belief = market.belief
    simulated = median(p for _, p, _ in belief.estimates) if belief.estimates else None
    return [
        (MODEL, market.number.p_yes),
        (BLEND, belief.blend),
        (MARKET, belief.market),
        (SIMULATED, simulated),
    ]


def _plotted(
    snapshot: Snapshot, market: MarketView, seen: TrailView, room: Room, rows: int
) -> list[Line]:
    gutter = gutter_of(snapshot)
    plot = Plot(room.width - gutter - 1, rows, room.ascii_only)
    span = _span(snapshot, seen, plot.across)
    curves = _curves(snapshot, market, seen)
    scale = _scale([value for _, points in curves for _, value in points], plot.down)
    settling_minute(plot, span, market.close_time)
    labels: dict[int, Ink] = {}
    for value in ticks(scale, rows, TENTH):
        row = scale.row(value, rows)
        labels[row] = (f"{value * 100 / SCALE:.0f} %", "faint")
        plot.text(row, 0, "┄" * plot.columns, "faint")
    for curve, points in curves:
        found = columns(span, scale, points, plot.across)
        reach = max(4, 4 * seen.step_seconds // span.seconds_per_dot)
        _curve(
            plot, curve, _filled(found, max(1, seen.step_seconds // span.seconds_per_dot)), reach
        )
    drawn = [labelled(labels.get(row), gutter, content) for row, content in enumerate(plot.lines())]
    below = times(span, plot, room.width, room.zone, gutter + 1)
    return [*drawn, fit(((below, "faint"),), room.width)]


def _span(snapshot: Snapshot, seen: TrailView, across: int) -> Span:
    found = span_to_close(snapshot.market, snapshot.at, across)
    if found is not None:
        return found
    seconds = max(1, len(seen.model) * seen.step_seconds)
    return span_to_now(seen.first_second + seconds, min(seconds, 100_000), across)


def _curves(
    snapshot: Snapshot, market: MarketView, seen: TrailView
) -> list[tuple[Curve, list[tuple[int, float]]]]:
    """The least important first, for a later curve owns the cells it touches."""
    now = whole_second(snapshot.at)
    newest = {curve.name: value for curve, value in _newest(market)}

    def points(curve: Curve, values: Sequence[int]) -> list[tuple[int, float]]:
        known = [*_known(seen, values)]
        last = newest.get(curve.name)
        return known if last is None else [*known, (now, SCALE * last)]

    return [
        (BAND, points(BAND, seen.low)),
        (BAND, points(BAND, seen.high)),
        (SIMULATED, points(SIMULATED, seen.simulated)),
        (BLEND, points(BLEND, seen.blend)),
        (MARKET, points(MARKET, seen.market)),
        (MODEL, points(MODEL, seen.model)),
    ]


def _known(seen: TrailView, values: Sequence[int]) -> Iterator[tuple[int, float]]:
    for place, value in enumerate(values):
        if 0 <= value <= SCALE:
            yield seen.first_second + place * seen.step_seconds, value


def _scale(seen: Sequence[float], down: int) -> Scale:
    """Whole tenths around what is drawn, never all too narrow; from 0 to 1 where nothing is."""
    if not seen:
        return Scale(0, SCALE, down)
    low = max(0, int(min(seen)) // TENTH * TENTH)
    high = min(SCALE, -(-int(max(seen) + 1) // TENTH) * TENTH)
    if high - low < LEAST_HEIGHT:
        low = max(0, high - LEAST_HEIGHT)
        high = low + LEAST_HEIGHT
    return Scale(low, high, down)


def _filled(found: list[Point], reach: int) -> list[Point]:
    """Short holes between two points closed with the point before, as between two samples."""
    filled: list[Point] = list(found)
    last = -1
    for x, point in enumerate(found):
        if point is None:
            continue
        if last >= 0 and 1 < x - last <= reach + 1:
            filled[last + 1 : x] = [found[last]] * (x - last - 1)
        last = x
    return filled


def _curve(plot: Plot, curve: Curve, found: Sequence[Point], reach: int) -> None:
    for x, top, bottom in joined_up(found, reach):
        if x % curve.period < curve.dots or plot.ascii_only:
            plot.upright(x, top, bottom, curve.role)
