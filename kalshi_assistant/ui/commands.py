"""Keys and what they do; the footer, the help screen and the command palette are made from it."""

from dataclasses import dataclass
from typing import Final

from textual.binding import Binding


@dataclass(frozen=True, slots=True)
class Command:
    """One thing a person can do from the screen."""

    key: str
    shown: str
    """The key as it is printed."""
    action: str
    """The method ``action_...`` of the app."""
    label: str
    about: str


COMMANDS: Final = (
    Command("q", "q", "leave", "Quit", "close this screen"),
    Command("p", "p", "pause", "Pause", "pause signals, or resume them"),
    Command("f", "f", "feeds", "Feeds", "show feed health, or past windows in its place"),
    Command("l", "l", "log", "Log", "signals, windows and the log on a page of their own"),
    Command("K", "K", "kill", "Kill", "twice: halt, take out our orders; stays until cleared"),
    Command("F", "F", "flatten", "Flatten", "twice: close everything that is held, and halt"),
    Command("d", "d", "dark", "Dark/light", "dark or light background"),
    Command("question_mark", "?", "help", "Help", "keys and signs explained"),
)

OPERATOR_PAUSE: Final = "pause"
OPERATOR_RESUME: Final = "resume"
OPERATOR_QUIT: Final = "quit"
OPERATOR_KILL: Final = "kill"
OPERATOR_FLATTEN: Final = "flatten"
"""Names of operator commands as the control socket knows them."""


def bindings() -> list[Binding]:
    """The commands as key bindings of the app."""
    return [
        Binding(
            command.key,
            command.action,
            command.label,
            key_display=command.shown,
            tooltip=command.about,
        )
        for command in COMMANDS
    ]
