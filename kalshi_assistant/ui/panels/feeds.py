"""Where the numbers come from, and how each source is doing."""

from collections import Counter
from typing import Final

from kalshi_assistant.domain.time import SECOND
from kalshi_assistant.engine.snapshot import FeedView, ReplicaView, Snapshot
from kalshi_assistant.ui.panels.scene import Room, Scene
from kalshi_assistant.ui.renderables.ink import Line, Role, Span, fit, line, rule, spread
from kalshi_assistant.ui.renderables.words import age

_MARKS: Final[dict[str, Span]] = {
    "up": ("✓", "yes"), "waiting": ("○", "faint"), "down": ("✗", "alert")
}  # fmt: skip
REPLICA: Final = "replica"
NEEDED: Final = ("kalshi.index", "kalshi.book", "kalshi.socket")
QUIET: Final = 30 * SECOND
"""An age above this is pointed at, though some sources are quiet by nature."""


def feeds(scene: Scene, room: Room) -> list[Line]:
    """One line per source; where there is no room for all, those in trouble come first."""
    views = scene.snapshot.feeds
    title = rule("feeds", room.width, _summary(views))
    space = room.height - 1
    if len(views) <= space:
        return [title, *(_feed(view, scene.snapshot, room.width) for view in views)]
    shown = sorted(views, key=_trouble)[: max(0, space - 1)]
    lines = [_feed(view, scene.snapshot, room.width) for view in shown]
    rest = [view for view in views if view not in shown]
    return [title, *lines, line((f"  and {_counted(rest)}", "faint"))]


def _counted(views: list[FeedView]) -> str:
    states = Counter(view.state for view in views)
    return ", ".join(f"{count} {state}" for state, count in states.items())


def _summary(views: tuple[FeedView, ...]) -> str:
    down = sum(view.state == "down" for view in views)
    if down:
        return f"{down} DOWN"
    return f"{sum(view.state == 'up' for view in views)} of {len(views)} up"


def _trouble(view: FeedView) -> tuple[int, bool, int]:
    """Sort key: down before up before waiting, then lost frames, then what the number needs."""
    order = {"down": 0, "up": 1, "waiting": 2}[view.state]
    clean = not (view.gaps or view.malformed)
    return order, clean, NEEDED.index(view.name) if view.name in NEEDED else len(NEEDED)


def _feed(view: FeedView, snapshot: Snapshot, width: int) -> Line:
    at = snapshot.at
    mark = _MARKS[view.state]
    name = view.name.removeprefix("kalshi.").removeprefix("spot.")
    left = line(mark, f" {name:<9} ", (_seen(view, at), _age_role(view, at)))
    if view.state == "down":
        return fit((*left, (f" {view.reason or 'down'}", "warn")), width)
    said = _quality(view, width)
    if view.name == REPLICA and snapshot.index.replica is not None:
        said = _copy(snapshot.index.replica)
    return spread(left, line((said, _quality_role(view))), width)


def _copy(replica: ReplicaView) -> str:
    """What our copy of the index is made of, and how far it is off."""
    venues = f"{len(replica.used)} of {len(replica.used) + len(replica.left_out)} venues"
    return venues if replica.error_sd is None else f"±${replica.error_sd:,.2f} {venues}"


def _seen(view: FeedView, at: int) -> str:
    return view.state if view.last_event_at is None else age(at - view.last_event_at)


def _age_role(view: FeedView, at: int) -> Role:
    quiet = view.last_event_at is None or at - view.last_event_at > QUIET
    return "faint" if quiet else "plain"


def _quality(view: FeedView, width: int) -> str:
    trouble = []
    if view.gaps:
        trouble.append(f"{view.gaps} gap{'s' if view.gaps > 1 else ''}")
    if view.malformed:
        trouble.append(f"{view.malformed} bad")
    if view.drift_levels:
        trouble.append(f"{view.drift_levels} drifted")
    if view.delay_p50_ms is not None and (width >= 36 or not trouble):
        trouble.append(f"{view.delay_p50_ms:,.0f} ms")
    if view.delay_p99_ms is not None and width >= 40:
        trouble.append(f"99% {view.delay_p99_ms:,.0f} ms")
    return " ".join(trouble)


def _quality_role(view: FeedView) -> Role:
    return "warn" if view.gaps or view.malformed else "faint"
