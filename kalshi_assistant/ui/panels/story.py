"""What happened: the log, the signals, the windows, the vetoes."""

from typing import Final

from kalshi_assistant.domain.intents import WindowReport
from kalshi_assistant.domain.signals import Signal
from kalshi_assistant.engine.snapshot import LogLine, Snapshot
from kalshi_assistant.ui.panels.scene import Room, Scene
from kalshi_assistant.ui.panels.verdict import offer
from kalshi_assistant.ui.renderables.ink import Line, Role, Span, line, rule, wrap
from kalshi_assistant.ui.renderables.plot import bar
from kalshi_assistant.ui.renderables.words import (
    UNKNOWN,
    clock,
    index_dollars,
    percent,
    signed_money,
)

_LEVELS: Final[dict[str, Span]] = {
    "info": ("  ", "faint"),
    "warning": ("! ", "warn"),
    "error": ("✗ ", "alert"),
    "signal": ("▶ ", "yes"),
    "fill": ("● ", "yes"),
    "window": ("■ ", "strong"),
}
INDENT: Final = 9
"""Behind the time of day."""
ONE_LINE: Final = 110
"""From this width a signal and its reason share a line."""
UNTITLED: Final = 2
"""Up to this height the log has no title: its lines are worth more."""
FORECASTS: Final = ("600", "300", "120", "60")


def log(scene: Scene, room: Room) -> list[Line]:
    """The newest lines of the story."""
    lines = [_told(told, room) for told in scene.snapshot.log]
    if room.height <= UNTITLED:
        return lines[: room.height]
    title = rule("log", room.width, agreement(scene.snapshot))
    return [title, *(lines or [line(("nothing happened yet", "faint"))])][: room.height]


def _told(told: LogLine, room: Room) -> Line:
    mark, role = _LEVELS[told.level]
    body: Role = "plain" if told.level == "info" else role
    return line((f"{clock(told.at, room.zone)} ", "faint"), (mark, role), (told.text, _soft(body)))


def _soft(role: Role) -> Role:
    """Long texts are not drawn in reverse."""
    return "strong" if role == "alert" else role


def agreement(snapshot: Snapshot) -> str:
    """How often our settlement value was the venue's."""
    if not snapshot.checked_windows:
        return "no settlement checked yet"
    return f"{snapshot.matched_windows} of {snapshot.checked_windows} settlements agree"


def windows(scene: Scene, room: Room) -> list[Line]:
    """Past windows: result, the settlement against ours, profit; forecasts where there is room."""
    title = rule("windows", room.width)
    rows = [_window(report, room) for report in scene.snapshot.windows]
    return [title, *(rows or [line(("no window has closed yet", "faint"))])][: room.height]


def _window(report: WindowReport, room: Room) -> Line:
    parts: list[str | Span] = [
        (clock(report.close_time, room.zone, "%H:%M "), "faint"),
        _result(report),
        f" {index_dollars(report.settlement)} ",
        _agrees(report),
    ]
    if room.width >= 40:
        parts.append(f" {signed_money(report.paper_pnl):>9}")
    if room.width >= 84:
        said = " ".join(f"{percent(report.p_yes.get(left)):>7}" for left in FORECASTS)
        parts.append((f"  ours {index_dollars(report.our_settlement)}  {said}", "faint"))
    return line(*parts)


def _result(report: WindowReport) -> Span:
    if report.result is None:
        return f"{UNKNOWN:<3}", "faint"
    return f"{report.result.upper():<3}", "yes" if report.result == "yes" else "no"


def _agrees(report: WindowReport) -> Span:
    if report.agrees is None:
        return "unchecked", "faint"
    return ("✓ agrees", "plain") if report.agrees else ("✗ DIFFERS", "alert")


def vetoes(scene: Scene, room: Room) -> list[Line]:
    """Why nothing was done in this window, counted."""
    market = scene.snapshot.market
    counts = {} if market is None else market.vetoes
    title = rule("why not, in this window", room.width)
    if not counts:
        return [title, line(("no veto counted yet", "faint"))]
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    largest = max(1, ranked[0][1])
    return [title, *(_veto(name, count, largest, room) for name, count in ranked)][: room.height]


def _veto(name: str, count: int, largest: int, room: Room) -> Line:
    said = f"{name.replace('_', ' '):<23.23} {count:>7,} "
    return line(said, (bar(count / largest, room.width - len(said)), "faint"))


def _signal(signal: Signal, room: Room) -> list[Line]:
    """What to buy, and why: the kind, the number, and what it rests on; on one line or two."""
    said = line((f"{clock(signal.made_at, room.zone)} ", "faint"),
                arrow_of(signal), " ", offer(signal.edge))  # fmt: skip
    evidence = ", ".join(f"{name.replace('_', ' ')} {value:.4g}" for name, value in signal.evidence)
    why = (
        f"{signal.kind.replace('_', ' ')}: P(YES) {percent(signal.p_yes)}, "
        f"{signal.seconds_left:,.0f} s left{', ' if evidence else ''}{evidence}"
    )
    if room.width >= ONE_LINE or room.height <= UNTITLED + 1:
        return [(*said, (f"  {why}", "faint"))]
    indent: Span = (" " * INDENT, "plain")
    return [said, *((indent, *row) for row in wrap(why, room.width - INDENT, "faint"))]


def arrow_of(signal: Signal) -> Span:
    """The side of a signal as the chart marks it."""
    return ("▲", "yes") if signal.edge.outcome == "yes" else ("▼", "no")


def signals(scene: Scene, room: Room) -> list[Line]:
    """Every signal remembered, newest first."""
    told = [each for signal in scene.snapshot.signals for each in _signal(signal, room)]
    title = rule("signals", room.width)
    return [title, *(told or [line(("no signal yet", "faint"))])][: room.height]
