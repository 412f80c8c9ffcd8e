"""What the pages have in common: labelled facts, marks, columns, lines of the right width."""

from collections.abc import Sequence
from typing import Final

from kalshi_assistant.ui.panels.scene import Room, Scene
from kalshi_assistant.ui.renderables.ink import (
    Line,
    Role,
    Span,
    clean,
    faded,
    fit,
    line,
    to_ascii,
    wrap,
)

WIDE: Final = 130
"""From this width on a page uses the room beside."""
LABEL: Final = 11
CHOSEN: Final[Span] = ("▶ ", "strong")
NOT_CHOSEN: Final[Span] = ("  ", "faint")
DASH: Final = "—"


def finished(scene: Scene, room: Room, lines: Sequence[Line]) -> list[Line]:
    """Every line as wide as the room; all of them grey while no news comes, with the reason."""
    drawn = [fit(content, room.width) for content in lines]
    if scene.trouble is not None:
        drawn = [fit(((scene.trouble, "alert"),), room.width), *map(faded, drawn)]
    return [to_ascii(content) for content in drawn] if room.ascii_only else drawn


def mark(row: int, chosen: int) -> Span:
    """What stands before a row that can be chosen."""
    return CHOSEN if row == chosen else NOT_CHOSEN


def within(row: int, count: int) -> int:
    """The chosen row, moved to one that exists; 0 where there is none."""
    return max(0, min(row, count - 1))


def fact(label: str, *parts: str | Span) -> Line:
    """A label and what is said under it."""
    return line((f"  {label:<{LABEL}} ", "faint"), *parts)


def facts(label: str, text: str, width: int, role: Role = "plain") -> list[Line]:
    """A label and a text of as many lines as it needs."""
    rows = wrap(clean(text), max(1, width - LABEL - 3), role)
    return [fact(label if place == 0 else "", *row) for place, row in enumerate(rows)]


def indented(text: str, width: int, indent: int, role: Role = "faint") -> list[Line]:
    """Words of ``text`` below something, moved in."""
    rows = wrap(clean(text), max(1, width - indent), role)
    return [((" " * indent, "plain"), *row) for row in rows]


def beside(left: Sequence[Line], right: Sequence[Line], width: int, gap: int = 2) -> list[Line]:
    """Two columns, the left one ``width`` cells wide."""
    rows = max(len(left), len(right))
    blank = line("")
    pairs = [
        (left[at] if at < len(left) else blank, right[at] if at < len(right) else blank)
        for at in range(rows)
    ]
    return [(*fit(one, width), (" " * gap, "plain"), *other) for one, other in pairs]
