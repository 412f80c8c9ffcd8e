"""The lines around a page: its tabs, the keys, and while the past is shown the bar of time.

A low terminal has one such line, which holds the tabs, or the bar of time in their place; a higher
one has tabs above and keys or time below. What can be clicked is said as spots beside the line.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

from kalshi_assistant.domain.time import SECOND, Nanos
from kalshi_assistant.ui.commands import COMMANDS, PAGES, PALETTE_KEY, TRADE, Command
from kalshi_assistant.ui.panels.scene import Room
from kalshi_assistant.ui.renderables.ink import Line, Span, fit, length, line
from kalshi_assistant.ui.renderables.words import clock

ROOMY_HEIGHT: Final = 30
"""From this many rows on, tabs and keys have a line each."""
LEAST_TRACK: Final = 8
ROOM_FOR_NOTES: Final = 100
_NARROW: Final = 72
"""Below this many columns tabs are numbers, and the page's own a name."""


class Spot(NamedTuple):
    """Where a click does something: cells ``start`` to ``end`` (not included) of a bar."""

    start: int
    end: int
    action: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A line and what can be clicked on it."""

    content: Line
    spots: tuple[Spot, ...] = ()

    def action_at(self, x: int) -> str | None:
        """What a click at column ``x`` does."""
        for spot in self.spots:
            if spot.start <= x < spot.end:
                return spot.action
        return None


@dataclass(frozen=True, slots=True)
class Moment:
    """Which instant is shown, and what there is to go back to."""

    shown_at: Nanos
    newest_at: Nanos
    first_at: Nanos | None
    """The oldest instant that can be shown; ``None`` until something can."""
    wanted_at: Nanos | None = None
    """Where one wants to go while that is still being found."""
    frozen: bool = True
    note: str = ""
    """How it is known, or why it is not."""


class _Pieces:
    """A bar as it is put together, piece by piece."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.spots: list[Spot] = []
        self.width = 0

    def add(self, *spans: Span, action: str | None = None) -> None:
        """Append spans, all of which do ``action`` when clicked."""
        start = self.width
        self.spans += spans
        self.width += length(spans)
        if action is not None:
            self.spots.append(Spot(start, self.width, action))

    def bar(self, right: "_Pieces", width: int) -> Bar:
        """These at the left and ``right`` at the right end, where both have room."""
        if self.width + right.width + 1 > width:
            return Bar(fit(tuple(self.spans), width), _inside(self.spots, width))
        shift = width - right.width
        content = (*fit(tuple(self.spans), shift), *right.spans)
        moved = (Spot(each.start + shift, each.end + shift, each.action) for each in right.spots)
        return Bar(content, (*self.spots, *moved))


def _inside(spots: Iterable[Spot], width: int) -> tuple[Spot, ...]:
    return tuple(spot for spot in spots if spot.end <= width)


def tab_bar(page: str, width: int, below: int = 0) -> Bar:
    """Every page with its number, the open one reversed; ``below`` lines are out of sight."""
    pieces = _Pieces()
    for number, name in enumerate(PAGES, start=1):
        here = name == page
        label = f" {number} {name.capitalize()} " if here or width >= _NARROW else f" {number} "
        pieces.add((label, "here" if here else "plain"), action=f"turn_to('{name}')")
    right = _Pieces()
    if below:
        right.add((f"▼{below} ", "strong"), action="scroll_page(1)")
    right.add(("?" if below else "? keys", "faint"), action="keys")
    return pieces.bar(right, width)


def _by_label(*labels: str) -> tuple[Command, ...]:
    known = {command.label: command for command in COMMANDS}
    return tuple(known[label] for label in labels)


_EVERYWHERE: Final = _by_label(
    "Pause", "Freeze", "Copy", "Next theme", "Kill", "Flatten", "Keys", "Quit"
)
_ON_TRADE: Final = _by_label("Feeds beside")
_BESIDE: Final = _by_label("Scroll down", "Older row", "Back")


def key_bar(page: str, width: int, below: int = 0) -> Bar:
    """The keys that matter here."""
    pieces = _Pieces()
    for command in (*(_ON_TRADE if page == TRADE else _BESIDE), *_EVERYWHERE):
        shown = f"{command.shown} "
        label = f"{command.label.lower()}  "
        if pieces.width + len(shown) + len(label) <= width:
            pieces.add((shown, "strong"), (label, "faint"), action=command.action)
    right = _Pieces()
    if below:
        right.add((f"▼ {below} more  ", "strong"), action="scroll_page(1)")
    right.add((f"{PALETTE_KEY} ", "strong"), ("everything", "faint"), action="command_palette")
    return pieces.bar(right, width)


def time_bar(moment: Moment, room: Room) -> Bar:
    """Which instant is shown, how long ago that was, and where it lies in what can be shown."""
    pieces, right = _Pieces(), _Pieces()
    past = moment.shown_at // SECOND < moment.newest_at // SECOND
    pieces.add(_word(moment, past=past))
    if moment.wanted_at is None:
        pieces.add((f" {clock(moment.shown_at, room.zone)}", "strong"))
        if past:
            pieces.add((f", {_ago(moment.newest_at - moment.shown_at)} ago", "plain"))
    else:
        pieces.add((f" {clock(moment.shown_at, room.zone)} > ", "strong"))
        pieces.add((clock(moment.wanted_at, room.zone), "warn"))
    pieces.add((" ", "plain"))
    if moment.wanted_at is not None:
        pieces.add((f"{moment.note} ", "warn"))
    elif room.width >= ROOM_FOR_NOTES:
        pieces.add((f"{moment.note} ", "faint"))
    if moment.frozen:
        for action, shown, label in (
            ("step(-1)", "←", ""), ("step(1)", "→", "s "), ("step(-60)", "[", ""),
            ("step(60)", "]", "min "), ("escape", "esc", " now"),
        ):  # fmt: skip
            right.add((shown, "strong"), (label, "faint"), action=action)
    else:
        right.add(("space", "strong"), (" freeze", "faint"), action="freeze")
    track = room.width - pieces.width - right.width - 1
    if track >= LEAST_TRACK and moment.first_at is not None:
        _track(pieces, moment, moment.first_at, track)
    return pieces.bar(right, room.width)


def _word(moment: Moment, *, past: bool) -> Span:
    if past:
        return " PAST ", "alert"
    if moment.frozen:
        return " FROZEN ", "alert"
    return " REPLAY ", "alert"


def _ago(span: int) -> str:
    seconds = span // SECOND
    if seconds < 60:
        return f"{seconds} s"
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d} min"


def _track(pieces: _Pieces, moment: Moment, first: Nanos, width: int) -> None:
    """A line from the oldest instant to the newest with a mark at the shown one; a click goes."""
    inner = width - 3
    whole = max(1, moment.newest_at - first)
    share = min(1.0, max(0.0, (moment.shown_at - first) / whole))
    place = round(share * (inner - 1))
    pieces.add(("├", "faint"))
    for cell in range(inner):
        at = first + round(whole * cell / max(1, inner - 1))
        mark: Span = ("●", "strong") if cell == place else ("─", "faint")
        pieces.add(mark, action=f"go_to({at // SECOND})")
    pieces.add(("┤ ", "faint"))


def here(page: str) -> list[Command]:
    """The commands that do something on a page."""
    trade = page == TRADE
    return [
        each
        for each in COMMANDS
        if not (trade and each.group == "moving") and (trade or each not in _ON_TRADE)
    ]


def keys_box(page: str, width: int, height: int) -> list[Line]:
    """The keys of a page with their labels, in as many columns as fit, of that size at most."""
    entries = [(each.shown, each.label) for each in here(page)]
    entries.append((PALETTE_KEY, "Everything by name"))
    cell = 2 + max(len(shown) for shown, _ in entries) + max(len(label) for _, label in entries) + 2
    columns = max(1, min((width - 2) // cell, 3))
    rows = -(-len(entries) // columns)
    lines: list[Line] = [line((f" keys on {page.capitalize()}: esc closes", "title"))]
    for row in range(min(rows, max(0, height - 1))):
        spans: list[Span] = [(" ", "plain")]
        for shown, label in entries[row::rows]:
            spans += [(f"{shown:>8} ", "strong"), (f"{label:<{cell - 9}}", "plain")]
        lines.append(tuple(spans))
    inside = min(width, cell * columns + 1)
    return [fit(content, inside) for content in lines]
