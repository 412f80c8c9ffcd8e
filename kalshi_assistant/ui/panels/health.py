"""One line: is everything fast and whole?"""

from typing import Final

from kalshi_assistant.domain.time import SECOND
from kalshi_assistant.engine.snapshot import FeedView, Snapshot, StageView
from kalshi_assistant.ui.panels.scene import Room, Scene
from kalshi_assistant.ui.renderables.ink import Line, Role, Span, fit, length, line
from kalshi_assistant.ui.renderables.words import age, milliseconds

SHOWN: Final = (("kalshi.socket", "socket"), ("kalshi.book", "book"), ("kalshi.index", "index"))
QUIET: Final = {
    "kalshi.socket": 15 * SECOND,
    "kalshi.book": 15 * SECOND,
    "kalshi.index": 3 * SECOND,
}
"""An age above this is pointed at."""
OVERTAKEN: Final = "drop_oldest"
"""The policy of what is only worth its newest value: nothing is lost by it."""
STAGES: Final = (
    ("tick to signal", "tick→signal"),
    ("signal to order", "signal→order"),
    ("order to answer", "order→answer"),
    ("venue to receipt", "venue→here"),
)


def health(scene: Scene, room: Room) -> list[Line]:
    """What is in trouble first; then ages, latencies (99 of 100), queues and the clock, as far as
    there is room. Only what was measured is named.
    """
    snapshot = scene.snapshot
    parts = [*_stages(snapshot), *_sources(snapshot), *_queues(snapshot), *_clock(snapshot)]
    parts.sort(key=lambda part: part[-1][1] not in ("alert", "warn"))
    found: Line = (("health ", "title"),)
    for part in parts:
        if length(found) + length(part) + 2 <= room.width:
            found = (*found, (" ", "plain"), *part, (" ", "plain"))
    return [fit(found, room.width)][: room.height]


def _sources(snapshot: Snapshot) -> list[Line]:
    down = [view.name for view in snapshot.feeds if view.state == "down"]
    told = [line((f"{len(down)} feed{'s' if len(down) > 1 else ''} down", "warn"))] if down else []
    views = {view.name: view for view in snapshot.feeds}
    return told + [_source(word, views[name], snapshot.at) for name, word in SHOWN if name in views]


def _source(word: str, view: FeedView, at: int) -> Line:
    if view.state == "down" or view.last_event_at is None:
        return line(f"{word} ", (view.state, "alert" if view.state == "down" else "faint"))
    seen = at - view.last_event_at
    role: Role = "warn" if seen > QUIET[view.name] else "plain"
    return line((f"{word} ", "faint"), (f"{age(seen)}{' old' if role == 'warn' else ''}", role))


def _stages(snapshot: Snapshot) -> list[Line]:
    views = {stage.name: stage for stage in snapshot.stages}
    return [
        line((f"{word} ", "faint"), _measured(views[name]))
        for name, word in STAGES
        if name in views and views[name].p99 is not None
    ]


def _measured(stage: StageView) -> Span:
    said = milliseconds(stage.p99)
    if stage.met is None:
        return said, "plain"
    return (f"{said} ✓", "plain") if stage.met else (f"{said} ✗", "warn")


def _queues(snapshot: Snapshot) -> list[Line]:
    if not snapshot.queues:
        return []
    fullest = max(snapshot.queues, key=lambda view: view.depth / max(1, view.capacity))
    lost = sum(view.dropped for view in snapshot.queues if view.policy != OVERTAKEN)
    depth = line(("queue ", "faint"), f"{fullest.depth}/{fullest.capacity}")
    return [depth, line((f"{lost:,} lost", "warn" if lost else "faint"))]


def _clock(snapshot: Snapshot) -> list[Line]:
    ahead, wrong = snapshot.clock.ahead_ms, snapshot.clock.wrong
    if ahead is None:
        return []
    return [line(("clock ", "faint"), (f"{ahead:+,.0f} ms", "plain" if wrong is None else "alert"))]
