"""Lines of text with a role for every piece; colours come later, from a palette.

**Invariant: one character is one cell.** ``fit`` replaces every character that is not (control
characters, wide and combining ones, which may come from the venue), so ``len`` is the width.
"""

from collections.abc import Iterable
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import Final, Literal

from rich.cells import get_character_cell_size

Role = Literal[
    "plain",
    "faint",
    "strong",
    "title",
    "yes",
    "no",
    "warn",
    "alert",
    "strike",
    "index",
    "average",
    "here",
]
Span = tuple[str, Role]
Line = tuple[Span, ...]

ELLIPSIS: Final = "…"
UNPRINTABLE: Final = "?"

_TO_ASCII: Final = str.maketrans(
    {
        "─": "-", "│": "|", "┤": "|", "┊": ":", "┬": "+", "·": "-", "…": "~", "—": "-",
        "¢": "c", "▲": "^", "▼": "v", "●": "*", "○": "o", "✓": "+", "✗": "x",
        "█": "#", "▉": "#", "▊": "#", "▋": "#", "▌": "#", "▍": " ", "▎": " ", "▏": " ",
        "░": ".", "▀": "^", "▄": "v", "▘": "'", "▖": ",",
        "■": "#", "▶": ">", "±": "~", "→": ">", "↑": "^", "↓": "v", "◆": "@", "◇": "%", "┄": "-",
    }
)  # fmt: skip


def line(*parts: str | Span) -> Line:
    """A line of spans; bare strings are plain."""
    return tuple((part, "plain") if isinstance(part, str) else part for part in parts)


def joined(cells: Iterable[Span]) -> Line:
    """A line from single cells, neighbours of one role in one span."""
    return tuple(
        ("".join(text for text, _ in run), role) for role, run in groupby(cells, key=itemgetter(1))
    )


def length(content: Line) -> int:
    """How many cells a line takes."""
    return sum(len(text) for text, _ in content)


def text_of(content: Line) -> str:
    """The characters of a line without their roles."""
    return "".join(text for text, _ in content)


@lru_cache(maxsize=1024)
def _one_cell(character: str) -> str:
    fits = character.isprintable() and get_character_cell_size(character) == 1
    return character if fits else UNPRINTABLE


def clean(text: str) -> str:
    """``text`` with every character that would not take exactly one cell replaced by a mark."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_one_cell, text))


def to_ascii(content: Line) -> Line:
    """The same line for a terminal that shows ASCII only, of the same length."""
    return tuple(
        (text.translate(_TO_ASCII).encode("ascii", "replace").decode(), role)
        for text, role in content
    )


def fit(content: Line, width: int) -> Line:
    """The line at exactly ``width`` cells: padded, or cut with a mark that something is missing."""
    if width <= 0:
        return ()
    cells = length(content)
    if cells > width:
        return (*_cut(content, width - 1), (ELLIPSIS, "faint"))
    padding: Line = ((" " * (width - cells), "plain"),) if cells < width else ()
    return (*((clean(text), role) for text, role in content), *padding)


def _cut(content: Line, width: int) -> Iterable[Span]:
    for text, role in content:
        if width <= 0:
            return
        yield clean(text[:width]), role
        width -= len(text)


def spread(left: Line, right: Line, width: int) -> Line:
    """``left`` at the left edge and ``right`` at the right; where both do not fit, left is cut."""
    room = width - length(right)
    if room <= 0 or not right:
        return fit(right or left, width)
    return (*fit(left, room - 1), (" ", "plain"), *fit(right, width - room))


def rule(title: str, width: int, note: str = "", role: Role = "faint") -> Line:
    """A panel's title as a rule across it, with an optional note at its right end."""
    head: Line = (("─ ", "faint"), (title, "title"), (" ", "faint"))
    tail: Line = ((" ", "faint"), (note, role), (" ─", "faint")) if note else ()
    fill = width - length(head) - length(tail)
    if fill < 0:
        return fit((*head, *tail), width)
    return fit((*head, ("─" * fill, "faint"), *tail), width)


def titled(title: str, width: int, notes: Line) -> Line:
    """A rule like ``rule`` whose note is a line of its own."""
    head: Line = (("─ ", "faint"), (title, "title"), (" ", "faint"))
    fill = width - length(head) - length(notes) - 3
    if not notes or fill < 0:
        return rule(title, width)
    return fit((*head, ("─" * fill + " ", "faint"), *notes, (" ─", "faint")), width)


def wrap(text: str, width: int, role: Role = "plain") -> list[Line]:
    """Words of ``text`` on as many lines as they need."""
    rows: list[str] = [""]
    for word in text.split():
        joined = f"{rows[-1]} {word}" if rows[-1] else word
        if len(joined) <= width:
            rows[-1] = joined
        elif rows[-1]:
            rows.append(word)
        else:
            rows[-1] = word
    return [((row, role),) for row in rows]


def faded(content: Line) -> Line:
    """The line as it is drawn when its numbers are old."""
    return tuple((text, "faint") for text, _ in content)
