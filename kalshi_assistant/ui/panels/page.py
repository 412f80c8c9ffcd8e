"""Where each panel stands at a given size, and the whole page as lines."""

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

from msgspec.structs import replace

from kalshi_assistant.ui.panels.chart import chart
from kalshi_assistant.ui.panels.feeds import feeds
from kalshi_assistant.ui.panels.header import header
from kalshi_assistant.ui.panels.ladder import ladder
from kalshi_assistant.ui.panels.paper import paper
from kalshi_assistant.ui.panels.probability import probability
from kalshi_assistant.ui.panels.scene import Drawing, Room, Scene
from kalshi_assistant.ui.panels.settlement import settlement
from kalshi_assistant.ui.panels.story import log, signals, vetoes, windows
from kalshi_assistant.ui.panels.verdict import verdict
from kalshi_assistant.ui.renderables.ink import Line, faded, fit, to_ascii

PanelName = Literal[
    "header", "chart", "ladder", "probability", "feeds", "paper", "settlement", "verdict",
    "log", "windows", "vetoes", "signals",
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
}
STILL_LOUD: Final = frozenset({"verdict"})
"""Panels that are not greyed when the engine is silent: they say so."""

LEAST_WIDTH: Final = 76
LEAST_HEIGHT: Final = 22
THREE_COLUMNS: Final = 150


class Place(NamedTuple):
    """A panel's rectangle, in cells from the top left of the page."""

    panel: PanelName
    x: int
    y: int
    width: int
    height: int


def arrange(width: int, height: int, *, with_feeds: bool = True) -> list[Place]:
    """Rectangles that do not overlap and stay inside ``width`` by ``height``."""
    if width < LEAST_WIDTH or height < LEAST_HEIGHT:
        return _stacked(width, height)
    if width < THREE_COLUMNS:
        return _two_columns(width, height, with_feeds=with_feeds)
    return _three_columns(width, height, with_feeds=with_feeds)


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
    roomy = height >= 30
    right = max(28, min(44, width * 9 // 25))
    left = width - right - 1
    strip, said, middle = (3, 2, 10) if roomy else (2, 1, 7)
    rest = height - 2 - strip - said - middle
    top = max(min(8, rest), rest * 3 // 5)
    below = 2 + top
    strip_at = below + middle
    last = strip_at + strip + said
    account = 3 if roomy else 2
    side: PanelName = "feeds" if with_feeds else "windows"
    places = [
        Place("header", 0, 0, width, 2),
        Place("chart", 0, 2, left, top),
        Place("ladder", left + 1, 2, right, top),
        Place("probability", 0, below, left, middle),
        Place(side, left + 1, below, right, middle - account),
        Place("paper", left + 1, below + middle - account, right, account),
        Place("settlement", 0, strip_at, width, strip),
        Place("verdict", 0, strip_at + strip, width, said),
    ]
    if roomy and with_feeds:
        lower = height - last
        return [
            *places,
            Place("log", 0, last, left, lower),
            Place("windows", left + 1, last, right, lower),
        ]
    return [*places, Place("log", 0, last, width, height - last)]


def _three_columns(width: int, height: int, *, with_feeds: bool) -> list[Place]:
    right, middle = max(36, min(56, width // 4)), max(32, min(48, width // 5))
    left = width - right - middle - 2
    bottom = max(4, height // 4)
    body = height - 2 - 3 - 2 - bottom
    number = min(11, body // 2)
    strip_at = 2 + body
    last = strip_at + 5
    sources = min(10, body // 2) if with_feeds else 0
    x = left + middle + 2
    past = body - sources - 3
    counts = past // 2
    places = [
        Place("header", 0, 0, width, 2),
        Place("chart", 0, 2, left, body - number),
        Place("probability", 0, 2 + body - number, left, number),
        Place("ladder", left + 1, 2, middle, body),
        Place("feeds", x, 2, right, sources),
        Place("paper", x, 2 + sources, right, 3),
        Place("windows", x, 5 + sources, right, past - counts),
        Place("vetoes", x, 5 + sources + past - counts, right, counts),
        Place("settlement", 0, strip_at, width, 3),
        Place("verdict", 0, strip_at + 3, width, 2),
        Place("log", 0, last, left + middle + 1, height - last),
        Place("signals", x, last, right, height - last),
    ]
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
    joined: Line = ()
    for start, drawn in pieces:
        joined = (*joined, (" " * (start - x), "plain"), *drawn)
        x = start + sum(len(text) for text, _ in drawn)
    fitted = fit(joined, room.width)
    return to_ascii(fitted) if room.ascii_only else fitted


def page(scene: Scene, room: Room, *, with_feeds: bool = True) -> list[Line]:
    """The cockpit: everything that fits, arranged for the size of ``room``."""
    return compose(scene, arrange(room.width, room.height, with_feeds=with_feeds), room)


def history(scene: Scene, room: Room, back: int = 0) -> list[Line]:
    """What happened: vetoes and signals, windows, and the log from ``back`` lines ago."""
    told = scene.snapshot.log[back:]
    older = Scene(replace(scene.snapshot, log=told), scene.trouble)
    return compose(older, _history_places(room.width, room.height), room)


def _history_places(width: int, height: int) -> list[Place]:
    counts = min(max(24, width * 2 // 5), width)
    top = max(1, min(8, (height - 2) // 3))
    past = max(1, min(8, (height - 2) // 3))
    places = [
        Place("header", 0, 0, width, min(2, height)),
        Place("vetoes", 0, 2, counts, top),
        Place("signals", counts + 1, 2, width - counts - 1, top),
        Place("windows", 0, 2 + top, width, past),
        Place("log", 0, 2 + top + past, width, height - 2 - top - past),
    ]
    return [
        place
        for place in places
        if place.height > 0 and place.width > 0 and place.y + place.height <= height
    ]
