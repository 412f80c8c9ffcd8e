"""Feeds: how every source is doing, what waits in which queue, how long each stretch takes."""

from math import isfinite
from typing import Final

from kalshi_assistant.engine.snapshot import (
    FeedView,
    IndexView,
    QueueView,
    ReplicaView,
    Snapshot,
    StageView,
)
from kalshi_assistant.ui.panels.feeds import QUIET
from kalshi_assistant.ui.panels.pages.layout import (
    DASH,
    WIDE,
    fact,
    facts,
    finished,
    indented,
    mark,
    within,
)
from kalshi_assistant.ui.panels.scene import Room, Scene
from kalshi_assistant.ui.renderables.ink import Line, Role, Span, line, rule
from kalshi_assistant.ui.renderables.words import (
    NONSENSE,
    age,
    clock,
    dollars,
    index_dollars,
    percent,
)

_MARKS: Final[dict[str, Span]] = {
    "up": ("✓", "yes"), "waiting": ("○", "faint"), "down": ("✗", "alert")
}  # fmt: skip
IN_SECONDS_MS: Final = 10_000
LONGEST_MS: Final = 1e8


def feeds_page(scene: Scene, room: Room, row: int) -> list[Line]:
    """Sources, the chosen one in full; the clock, our copy of the index, queues, latencies."""
    snapshot = scene.snapshot
    chosen = within(row, len(snapshot.feeds))
    lines = [
        rule("feeds", room.width, _summary(snapshot.feeds)),
        *_sources(snapshot, room, chosen),
        *_clock(snapshot, room),
        *_index(snapshot.index, room),
        rule("queues", room.width, _dropped(snapshot.queues)),
        *_queues(snapshot.queues),
        rule("latency and orders", room.width, "milliseconds unless said"),
        *_stages(snapshot.stages),
        *_on_paper(snapshot),
    ]
    return finished(scene, room, lines)


def _summary(views: tuple[FeedView, ...]) -> str:
    down = sum(view.state == "down" for view in views)
    up = sum(view.state == "up" for view in views)
    return f"{up} of {len(views)} up" + (f", {down} DOWN" if down else "")


# --- sources ---


def _sources(snapshot: Snapshot, room: Room, chosen: int) -> list[Line]:
    wide = room.width >= WIDE
    events = f"{'events':>13}" if wide else ""
    head = (
        f"    {'source':<17}{'heard':>9}{'p50':>8}{'p95':>8}{'p99':>8}  {'gaps':>5}{'bad':>6}"
        f"{'drift':>7}{events}"
    )
    found = [line((head, "faint"))]
    for place, view in enumerate(snapshot.feeds):
        found.append(_source(view, snapshot.at, mark(place, chosen), wide=wide))
        if view.state == "down":
            found += indented(view.reason or "it is down", room.width, 4, "warn")
        if place == chosen:
            found += indented(_in_full(view, snapshot.at, room), room.width, 4)
    return found


def _source(view: FeedView, at: int, before: Span, *, wide: bool) -> Line:
    seen = view.state if view.last_event_at is None else age(at - view.last_event_at)
    heard = f"{seen if view.state != 'down' else 'DOWN':>9}"
    old = view.last_event_at is None or at - view.last_event_at > QUIET
    role: Role = "alert" if view.state == "down" else "faint" if old else "plain"
    delays = "".join(
        f"{_ms(value):>8}" for value in (view.delay_p50_ms, view.delay_p95_ms, view.delay_p99_ms)
    )
    drift = DASH if view.drift_levels is None else f"{view.drift_levels:,}"
    return line(
        before,
        _MARKS[view.state],
        f" {view.name:<17.17}",
        (heard, role),
        delays,
        (f"  {view.gaps:>5,}", "warn" if view.gaps else "plain"),
        (f"{view.malformed:>6,}", "warn" if view.malformed else "plain"),
        (f"{drift:>7}", "warn" if view.drift_levels else "plain"),
        (f"{view.events:>13,}" if wide else "", "faint"),
    )


def _ms(value: float | None) -> str:
    """Milliseconds in at most seven cells; what is longer than ten seconds is told in seconds."""
    if value is None:
        return DASH
    if not isfinite(value) or abs(value) >= LONGEST_MS:
        return NONSENSE
    if abs(value) >= IN_SECONDS_MS:
        return f"{value / 1_000:,.0f} s"
    return f"{value:,.1f}" if abs(value) < 100 else f"{value:,.0f}"


def _in_full(view: FeedView, at: int, room: Room) -> str:
    said = [f"{view.state}, {view.events:,} events"]
    if view.last_event_at is not None:
        said.append(f"the last at {clock(view.last_event_at, room.zone)}")
    if view.delay_least_ms is not None:
        said.append(f"stamp to receipt {_ms(view.delay_least_ms)} ms at the least")
    if view.reconciled_at is not None and view.drift_levels is not None:
        ago = age(at - view.reconciled_at)
        said.append(f"laid beside a whole book {ago} ago: {view.drift_levels} levels differed")
    return "; ".join(said)


# --- the clock and the index ---


def _clock(snapshot: Snapshot, room: Room) -> list[Line]:
    view = snapshot.clock
    if view.wrong is not None:
        return facts("our clock", f"✗ {view.wrong}", room.width, "strong")
    if view.ahead_ms is None:
        return [fact("our clock", ("not compared yet", "faint"))]
    said = f"✓ at most {view.ahead_ms:+,.0f} ms off those of the sources"
    return [fact("our clock", said)]


def _index(view: IndexView, room: Room) -> list[Line]:
    where = f"{view.label}, from {view.source or 'nowhere yet'}"
    if view.estimated:
        where += f": an ESTIMATE, ± {view.error_bp:.1f} bp"
    if view.disagreements:
        where += f"; {view.disagreements} prints on which two sources disagreed"
    found = facts("index", where, room.width, "warn" if view.estimated else "plain")
    return found if view.replica is None else [*found, *_replica(view.replica, room)]


def _replica(view: ReplicaView, room: Room) -> list[Line]:
    error = "error not known yet"
    if view.error_mean is not None and view.error_sd is not None:
        error = (
            f"off by {dollars(view.error_mean)} ± {dollars(view.error_sd)} "
            f"over {view.compared:,} prints"
        )
    text = (
        f"{index_dollars(view.value)} from {', '.join(view.used) or 'no venue'}; {error}; "
        f"sees {percent(view.coverage)} of the depth"
    )
    found = facts("our copy", text, room.width)
    out = ", ".join(f"{venue} ({why})" for venue, why in view.left_out)
    return [*found, *facts("left out", out, room.width, "warn")] if out else found


# --- queues and stages ---


def _dropped(views: tuple[QueueView, ...]) -> str:
    dropped = sum(view.dropped for view in views)
    return f"{dropped:,} DROPPED" if dropped else "nothing dropped"


def _queues(views: tuple[QueueView, ...]) -> list[Line]:
    if not views:
        return [line(("  the engine's process tells of none", "faint"))]
    head = f"  {'queue':<22}{'waiting':>8}{'most':>8}{'room for':>9}{'dropped':>8}   when full"
    return [line((head, "faint")), *map(_queue, views)]


def _queue(view: QueueView) -> Line:
    share = view.high_water / view.capacity if view.capacity else 0.0
    role: Role = "warn" if share >= 0.8 else "plain"
    return line(
        f"  {view.name:<22.22}{view.depth:>8,}",
        (f"{view.high_water:>8,}", role),
        f"{view.capacity:>9,}",
        (f"{view.dropped:>8,}", "warn" if view.dropped else "plain"),
        (f"   {view.policy.replace('_', ' ')}", "faint"),
    )


def _stages(views: tuple[StageView, ...]) -> list[Line]:
    if not views:
        return [line(("  nothing measured", "faint"))]
    head = f"  {'what':<22}{'count':>7}{'p50':>8}{'p95':>8}{'p99':>8}{'worst':>8}  for p99"
    return [line((head, "faint")), *map(_stage, views)]


def _on_paper(snapshot: Snapshot) -> list[Line]:
    """How long an order on paper is on its way."""
    if snapshot.trading is None or snapshot.trading.latency is None:
        return []
    return [line("  paper orders take  ", (snapshot.trading.latency, "faint"))]


def _stage(view: StageView) -> Line:
    numbers = "".join(
        f"{_in(value, view.unit):>8}" for value in (view.p50, view.p95, view.p99, view.worst)
    )
    role: Role = "plain"
    said = ""
    if view.target is not None:
        said = f"  {_in(view.target, view.unit)}"
        said += "" if view.met is None else " ✓ met" if view.met else " ✗ MISSED"
        role = "warn" if view.met is False else "faint"
    unit = "" if view.unit == "ms" else f" ({view.unit})"
    return line(f"  {(view.name + unit):<22.22}{view.count:>7,}{numbers}", (said, role))


def _in(value: float | None, unit: str) -> str:
    if value is None:
        return DASH
    if unit == "share":
        return percent(value)
    return f"{value:+.2f}" if unit == "cents" else _ms(value)
