"""Where each panel stands at a given size, and the whole page as lines."""

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

from kalshi_assistant.ui.panels.chart import chart
from kalshi_assistant.ui.panels.costs import costs
from kalshi_assistant.ui.panels.feeds import feeds
from kalshi_assistant.ui.panels.header import header
from kalshi_assistant.ui.panels.health import health
from kalshi_assistant.ui.panels.ladder import ladder
from kalshi_assistant.ui.panels.paper import paper
from kalshi_assistant.ui.panels.probability import probability
from kalshi_assistant.ui.panels.scene import Drawing, Room, Scene
from kalshi_assistant.ui.panels.settlement import settlement
from kalshi_assistant.ui.panels.story import log, signals, vetoes, windows
from kalshi_assistant.ui.panels.trail import trail
from kalshi_assistant.ui.panels.verdict import verdict
from kalshi_assistant.ui.renderables.ink import Line, Span, faded, fit, length, to_ascii

PanelName = Literal[
    "header", "chart", "ladder", "probability", "feeds", "paper", "settlement", "verdict",
    "log", "windows", "vetoes", "signals", "trail", "costs", "health",
]  # fmt: skip

PANELS: Final[Mapping[PanelName, Drawing]] = {
    "header": header,
    "chart": chart,
    "ladder": ladder,
    "probability": probability,
    "feeds": feeds,
    "paper": paper,
    "settlement": settlement,
    "verdict": verdict,
    "log": log,
    "windows": windows,
    "vetoes": vetoes,
    "signals": signals,
    "trail": trail,
    "costs": costs,
    "health": health,
}
STILL_LOUD: Final = frozenset({"verdict", "header"})
"""Panels that grey themselves when the engine is silent: what they say of it is not old."""

LEAST_WIDTH: Final = 76
LEAST_HEIGHT: Final = 20
THREE_COLUMNS: Final = 150
ROOMY: Final = 30
"""From this height there is room for more than what is needed."""


class Place(NamedTuple):
    """A panel's rectangle, in cells from the top left of the page."""

    panel: PanelName
    x: int
    y: int
    width: int
    height: int


def arrange(
    width: int, height: int, *, with_feeds: bool = True, with_curves: bool = False
) -> list[Place]:
    """Rectangles that do not overlap and stay inside ``width`` by ``height``.

    ``with_curves``: where there is room for one plot only, it is that of P(YES).
    """
    if width < LEAST_WIDTH or height < LEAST_HEIGHT:
        places = _stacked(width, height)
    elif width < THREE_COLUMNS:
        places = _two_columns(width, height, with_feeds=with_feeds)
    else:
        places = _three_columns(width, height, with_feeds=with_feeds)
    if with_curves and not any(place.panel == "trail" for place in places):
        return [place._replace(panel="trail") if place.panel == "chart" else place
                for place in places]  # fmt: skip
    return places


def _stacked(width: int, height: int) -> list[Place]:
    """A terminal too small for columns: what matters most, as far as it goes."""
    wanted: tuple[tuple[PanelName, int], ...] = (
        ("header", 2), ("verdict", 2), ("probability", 7), ("settlement", 3), ("chart", height),
    )  # fmt: skip
    places, y = [], 0
    for panel, rows in wanted:
        rows = min(rows, height - y)  # noqa: PLW2901  # what is left of the height
        if rows > 0:
            places.append(Place(panel, 0, y, width, rows))
        y += rows
    return places


def _two_columns(width: int, height: int, *, with_feeds: bool) -> list[Place]:
    if height < ROOMY:
        return _low(width, height, with_feeds=with_feeds)
    right = max(28, min(46, width * 9 // 25))
    left, x = width - right - 1, width - right
    strip = 5 if height >= 36 else 3
    lower = max(3, min(12, (height - 24) // 3))
    body = height - 2 - strip - 2 - lower
    number = 8 if body < 30 else 10
    curves = 0 if body < 20 else max(6, (body - number) * 2 // 5)
    top = body - number - curves
    account = 3 if body < 20 else 6
    lens = min(16, max(5, body * 2 // 5))
    book = body - account - lens
    side: PanelName = "feeds" if with_feeds else "windows"
    below, strip_at, last = 2 + top, 2 + body, 2 + body + strip + 2
    return _present([
        Place("header", 0, 0, width, 2),
        Place("chart", 0, 2, left, top),
        Place("ladder", x, 2, right, book),
        Place("trail", 0, below, left, curves),
        Place("probability", 0, below + curves, left, number),
        Place("paper", x, 2 + book, right, account),
        Place("costs", x, 2 + book + account, right, lens),
        Place("settlement", 0, strip_at, width, strip),
        Place("verdict", 0, strip_at + strip, width, 1),
        Place("health", 0, strip_at + strip + 1, width, 1),
        Place("log", 0, last, left, lower),
        Place(side, x, last, right, lower),
    ])  # fmt: skip


def _low(width: int, height: int, *, with_feeds: bool) -> list[Place]:
    """80 by 24 and its like: a line is precious."""
    right = max(28, min(46, width * 9 // 25))
    left, x = width - right - 1, width - right
    middle, strip, account = 7, 3, 2
    rest = height - 2 - strip - 1 - middle
    top = min(rest, max(7, rest * 3 // 4))
    below = 2 + top
    strip_at = below + middle
    whole = 1 if rest - top > 1 else 0
    side: PanelName = "feeds" if with_feeds else "costs"
    told: PanelName = "log" if with_feeds else "windows"
    return _present([
        Place("header", 0, 0, width, 2),
        Place("chart", 0, 2, left, top),
        Place("ladder", x, 2, right, top),
        Place("probability", 0, below, left, middle),
        Place(side, x, below, right, middle - account),
        Place("paper", x, below + middle - account, right, account),
        Place("settlement", 0, strip_at, width, strip),
        Place("verdict", 0, strip_at + strip, width, 1),
        Place("health", 0, strip_at + strip + 1, width, whole),
        Place(told, 0, strip_at + strip + 1 + whole, width, rest - top - whole),
    ])  # fmt: skip


def _three_columns(width: int, height: int, *, with_feeds: bool) -> list[Place]:
    right, middle = max(44, min(56, width // 4)), max(42, min(50, width // 5))
    left = width - right - middle - 2
    strip = 5 if height >= 30 else 3
    bottom = max(3, height // 5)
    body = height - 2 - strip - 2 - bottom
    number = min(11, body // 3)
    curves = (body - number) * 2 // 5
    top = body - number - curves
    account = min(7, max(3, body // 5))
    lens = min(16, body // 3)
    sources = min(12, body // 3) if with_feeds else 0
    past = body - account - sources
    counts = past // 2
    x, last, strip_at = left + middle + 2, 2 + body + strip + 2, 2 + body
    return _present([
        Place("header", 0, 0, width, 2),
        Place("chart", 0, 2, left, top),
        Place("trail", 0, 2 + top, left, curves),
        Place("probability", 0, 2 + top + curves, left, number),
        Place("ladder", left + 1, 2, middle, body - lens),
        Place("costs", left + 1, 2 + body - lens, middle, lens),
        Place("paper", x, 2, right, account),
        Place("feeds", x, 2 + account, right, sources),
        Place("windows", x, 2 + account + sources, right, past - counts),
        Place("vetoes", x, 2 + body - counts, right, counts),
        Place("settlement", 0, strip_at, width, strip),
        Place("verdict", 0, strip_at + strip, width, 1),
        Place("health", 0, strip_at + strip + 1, width, 1),
        Place("log", 0, last, left, bottom),
        Place("signals", left + 1, last, width - left - 1, bottom),
    ])  # fmt: skip


def _present(places: list[Place]) -> list[Place]:
    return [place for place in places if place.height > 0]


def compose(scene: Scene, places: list[Place], room: Room) -> list[Line]:
    """The page: every panel drawn in its place, every line exactly as wide as ``room``."""
    rows: list[list[tuple[int, Line]]] = [[] for _ in range(room.height)]
    for place in sorted(places, key=lambda place: place.x):
        for offset, drawn in enumerate(_draw(scene, place, room)):
            rows[place.y + offset].append((place.x, drawn))
    return [_row(pieces, room) for pieces in rows]


def _draw(scene: Scene, place: Place, room: Room) -> list[Line]:
    own = Room(place.width, place.height, room.zone, room.ascii_only)
    lines = [fit(drawn, own.width) for drawn in PANELS[place.panel](scene, own)[: own.height]]
    if scene.trouble is not None and place.panel not in STILL_LOUD:
        return [faded(drawn) for drawn in lines]
    return lines


def _row(pieces: list[tuple[int, Line]], room: Room) -> Line:
    x = 0
    spans: list[Span] = []
    for start, drawn in pieces:  # each is as wide as its place: nothing is left to cut
        if start > x:
            spans.append((" " * (start - x), "plain"))
        spans += drawn
        x = start + length(drawn)
    if room.width > x:
        spans.append((" " * (room.width - x), "plain"))
    return to_ascii(tuple(spans)) if room.ascii_only else tuple(spans)


def page(
    scene: Scene, room: Room, *, with_feeds: bool = True, with_curves: bool = False
) -> list[Line]:
    """The cockpit: everything that fits, arranged for the size of ``room``."""
    places = arrange(room.width, room.height, with_feeds=with_feeds, with_curves=with_curves)
    return compose(scene, places, room)
