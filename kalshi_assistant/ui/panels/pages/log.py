"""The log: everything that was told, of every level, newest first."""

from collections import Counter
from typing import Final

from kalshi_assistant.engine.snapshot import LogLine
from kalshi_assistant.ui.panels.pages.layout import finished, mark, within
from kalshi_assistant.ui.panels.scene import Room, Scene
from kalshi_assistant.ui.panels.story import agreement
from kalshi_assistant.ui.renderables.ink import Line, Role, Span, clean, fit, line, rule, wrap
from kalshi_assistant.ui.renderables.words import clock

LEVELS: Final[dict[str, tuple[str, str, Role]]] = {
    "info": ("·", "info", "faint"),
    "warning": ("!", "warn", "warn"),
    "error": ("✗", "ERROR", "strong"),
    "signal": ("▶", "signal", "yes"),
    "fill": ("●", "fill", "yes"),
    "window": ("■", "window", "strong"),
}
"""Mark, word and role of each level."""
HEAD: Final = 27
"""Cells before the text: mark of choice, day and time, level."""


def log_page(scene: Scene, room: Room, row: int) -> list[Line]:
    """Whole texts, each with its time, level and topic."""
    told = scene.snapshot.log
    lines = [rule("log", room.width, _counted(told))]
    if not told:
        lines.append(line(("nothing happened yet", "faint")))
    chosen = within(row, len(told))
    for place, each in enumerate(told):
        lines += _told(each, mark(place, chosen), room)
    lines.append(rule("settlements", room.width, agreement(scene.snapshot)))
    return finished(scene, room, lines)


def _counted(told: tuple[LogLine, ...]) -> str:
    counts: Counter[str] = Counter(each.level for each in told)
    said = [
        f"{counts[level]} {word.lower()}" for level, (_, word, _) in LEVELS.items() if counts[level]
    ]
    return ", ".join(said) or "empty"


def _told(told: LogLine, before: Span, room: Room) -> list[Line]:
    sign, word, role = LEVELS[told.level]
    body: Role = "plain" if told.level == "info" else role
    head = line(
        before,
        (f"{clock(told.at, room.zone, '%d %b %H:%M:%S')} ", "faint"),
        (f"{sign} {word:<6} ", role),
    )
    topic = f"{told.topic}: "
    rows = wrap(clean(topic + told.text), max(20, room.width - HEAD), body)
    first = (*fit(head, HEAD), *rows[0])
    return [first, *(line((" " * HEAD, "plain"), *rest) for rest in rows[1:])]
