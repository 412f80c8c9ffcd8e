"""What every panel is given: the scene to draw and the room to draw it in."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import tzinfo

from kalshi_assistant.domain.time import SECOND
from kalshi_assistant.engine.snapshot import IndexView, Snapshot
from kalshi_assistant.ui.renderables.ink import Line

STALE_AFTER = 3 * SECOND
"""A one-second source silent for longer is drawn as old. What stops signals is the engine's own."""


@dataclass(frozen=True, slots=True)
class Scene:
    """The newest snapshot and how the connection to the engine is."""

    snapshot: Snapshot
    trouble: str | None = None
    """Why no news comes from the engine, in words; everything is then drawn as old."""


@dataclass(frozen=True, slots=True)
class Room:
    """The space of one panel and how the terminal and its owner read."""

    width: int
    height: int
    zone: tzinfo | None = None
    """Time zone of what is shown; ``None`` is the machine's own."""
    ascii_only: bool = False


Drawing = Callable[[Scene, Room], list[Line]]
"""A panel: as many lines as there is room for."""
Page = Callable[[Scene, Room, int], list[Line]]
"""A page of its own: as many lines as it needs, for the chosen row (0 is the newest). Each line
fits the room's width; what is below the room's height is scrolled to.
"""


def index_age(index: IndexView, at: int) -> int | None:
    """Nanoseconds since the index was last heard; ``None`` before the first time."""
    return None if index.received_at is None else at - index.received_at


def is_stale(index: IndexView, at: int) -> bool:
    """Whether the index value is too old to be drawn as current."""
    seen = index_age(index, at)
    return seen is not None and seen > STALE_AFTER
