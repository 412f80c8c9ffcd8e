"""What a browser's terminal says, checked: it comes from outside and moves a program of ours."""

from dataclasses import dataclass
from typing import Final

import msgspec

MESSAGE_BYTES_MAX: Final = 64 * 1024
COLUMNS: Final = (20, 500)
LINES: Final = (5, 200)


@dataclass(frozen=True, slots=True)
class Typed:
    """Keys, or what the mouse did, as a terminal sends them."""

    text: str


@dataclass(frozen=True, slots=True)
class Resized:
    """The terminal has another size, within bounds."""

    columns: int
    lines: int


@dataclass(frozen=True, slots=True)
class Looked:
    """The terminal was looked at, or away from."""

    at_it: bool


@dataclass(frozen=True, slots=True)
class Pinged:
    """The browser wants its words back."""

    words: str


Said = Typed | Resized | Looked | Pinged


def understood(message: str) -> Said | None:
    """What was said; ``None`` for nonsense."""
    try:
        said = msgspec.json.decode(message.encode(errors="replace"), type=list[object])
    except msgspec.MsgspecError:
        return None
    match said:
        case ["stdin", str(text)]:
            return Typed(text)
        case ["resize", {"width": int(columns), "height": int(lines)}]:
            return Resized(*bounded(columns, lines))
        case ["focus" | "blur" as way]:
            return Looked(at_it=way == "focus")
        case ["ping", str(words)] if len(words) <= 64:  # an instant in digits
            return Pinged(words)
        case _:
            return None


def size_asked(columns: str, lines: str) -> tuple[int, int]:
    """The size a terminal comes with, from its address; 80 by 24 where it says none."""
    known = columns.isascii() and columns.isdigit() and lines.isascii() and lines.isdigit()
    if not known or len(columns) > 4 or len(lines) > 4:  # digits of any screen
        return 80, 24
    return bounded(int(columns), int(lines))


def bounded(columns: int, lines: int) -> tuple[int, int]:
    """A size a screen may have."""
    return (
        min(max(columns, COLUMNS[0]), COLUMNS[1]),
        min(max(lines, LINES[0]), LINES[1]),
    )
