"""Keys and what they do; the bars, the box of keys, the help page and the command palette are made
from this table.
"""

from dataclasses import dataclass
from typing import Final, Literal

from textual.binding import Binding

Group = Literal["pages", "moving", "trading", "the past", "looks", "program"]
GROUPS: Final[tuple[Group, ...]] = (
    "trading", "the past", "looks", "pages", "moving", "program",
)  # fmt: skip

PAGES: Final = ("trade", "risk", "why", "evidence", "feeds", "history", "log", "help")
"""The pages in the order of their number keys."""
TRADE, LOG, HELP = PAGES[0], PAGES[6], PAGES[7]


@dataclass(frozen=True, slots=True)
class Command:
    """One thing a person can do from the screen."""

    keys: str
    """What the terminal calls them, separated by commas."""
    shown: str
    """The key as it is printed."""
    action: str
    """The app's action, with its argument."""
    label: str
    about: str
    group: Group


_ABOUT_PAGES: Final = (
    "market, number, book and verdict on one page",
    "limits, breakers, and the most that can be lost",
    "why nothing happened, and the story of what did",
    "what the signals have shown so far, and what is still needed",
    "every source: state, age, delay, gaps; queues and the clock",
    "trades, windows and profit",
    "everything that was said, newest first",
    "keys and signs explained",
)
_TURNS: Final = tuple(
    Command(str(number), str(number), f"turn_to('{name}')", name.capitalize(), about, "pages")
    for number, (name, about) in enumerate(zip(PAGES, _ABOUT_PAGES, strict=True), start=1)
)

COMMANDS: Final = (
    Command("p", "p", "pause", "Pause", "pause signals, or resume them", "trading"),
    Command("K", "K", "kill", "Kill",
            "twice: halt, take out our orders; stays until cleared", "trading"),
    Command("F", "F", "flatten", "Flatten",
            "twice: close everything that is held, and halt", "trading"),
    Command("space,z", "space z", "freeze", "Freeze",
            "hold the screen still, or return to now", "the past"),
    Command("left", "←", "step(-1)", "Second back", "a second back", "the past"),
    Command("right", "→", "step(1)", "Second on", "a second on", "the past"),
    Command("left_square_bracket,shift+left", "[", "step(-60)", "Minute back",
            "a minute back, also shift ←", "the past"),
    Command("right_square_bracket,shift+right", "]", "step(60)", "Minute on",
            "a minute on, also shift →", "the past"),
    Command("escape", "esc", "escape", "Back", "from the keys, the past or a page to the main one",
            "the past"),
    Command("f", "f", "feeds", "Feeds beside",
            "main page: feed health, or past windows in its place", "looks"),
    Command("v", "v", "curves", "P(YES) curves",
            "low main page: how P(YES) came along, or the index in its place", "looks"),
    Command("t", "t", "next_theme", "Next theme", "the next theme, your own ones too", "looks"),
    Command("d", "d", "dark", "Dark/light", "dark or light background", "looks"),
    Command("c,y", "c y", "copy", "Copy", "copy the page, or what is marked, as plain text",
            "looks"),
    *_TURNS,
    Command("tab", "tab", "next_page(1)", "Next page", "the next page", "pages"),
    Command("shift+tab", "⇧tab", "next_page(-1)", "Page before", "the page before", "pages"),
    Command("l", "l", "log", "Log and back", "the log, and back", "pages"),
    Command("down", "↓", "scroll(1)", "Scroll down", "scroll a line down", "moving"),
    Command("up", "↑", "scroll(-1)", "Scroll up", "scroll a line up", "moving"),
    Command("pagedown", "pgdn", "scroll_page(1)", "Screen down", "scroll a screen down", "moving"),
    Command("pageup", "pgup", "scroll_page(-1)", "Screen up", "scroll a screen up", "moving"),
    Command("home", "home", "scroll_end(-1)", "Top", "to the top, and to the newest row", "moving"),
    Command("end", "end", "scroll_end(1)", "Bottom", "to the bottom", "moving"),
    Command("j", "j", "choose(1)", "Older row", "choose the row before, in time", "moving"),
    Command("k", "k", "choose(-1)", "Newer row", "choose the row after, in time", "moving"),
    Command("question_mark", "?", "keys", "Keys", "the keys, over the page", "program"),
    Command("q", "q", "leave", "Quit", "close this screen", "program"),
)  # fmt: skip

PALETTE_KEY: Final = "^p"
"""Opens every command by name; the framework's own key."""

OPERATOR_PAUSE: Final = "pause"
OPERATOR_RESUME: Final = "resume"
OPERATOR_QUIT: Final = "quit"
OPERATOR_KILL: Final = "kill"
OPERATOR_FLATTEN: Final = "flatten"
"""Names of operator commands as the control socket knows them."""


def bindings() -> list[Binding]:
    """The commands as key bindings of the screen in front."""
    return [
        Binding(
            command.keys,
            f"app.{command.action}",
            command.label,
            key_display=command.shown,
            tooltip=command.about,
        )
        for command in COMMANDS
    ]
