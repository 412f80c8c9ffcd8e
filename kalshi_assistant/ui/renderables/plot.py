"""A plot of dots in cells: braille, eight dots a cell, or one mark a cell in ASCII."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from kalshi_assistant.ui.renderables.ink import Line, Role, Span, joined

_BRAILLE: Final = 0x2800
_BITS: Final = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""Dot bits by row and column within a braille cell."""
_MARKS: Final[dict[Role, str]] = {
    "index": "*", "average": ".", "plain": "=", "faint": ":", "strike": "o", "warn": "s",
}  # fmt: skip
"""What stands for dots of a role where there is only ASCII."""


@dataclass(slots=True)
class Plot:
    """Dots on a grid of cells, origin top left; a role drawn later owns the cells it touches."""

    columns: int
    rows: int
    ascii_only: bool = False
    _dots: dict[tuple[int, int], int] = field(default_factory=dict)
    _roles: dict[tuple[int, int], Role] = field(default_factory=dict)
    _texts: dict[tuple[int, int], tuple[str, Role]] = field(default_factory=dict)

    across: int = field(init=False)
    """Dots from left to right."""
    down: int = field(init=False)
    """Dots from top to bottom."""

    def __post_init__(self) -> None:
        self.across = self.columns if self.ascii_only else 2 * self.columns
        self.down = self.rows if self.ascii_only else 4 * self.rows

    def dot(self, x: int, y: int, role: Role) -> None:
        """Set one dot; dots outside are dropped."""
        if not (0 <= x < self.across and 0 <= y < self.down):
            return
        wide, high = (1, 1) if self.ascii_only else (2, 4)
        cell = (y // high, x // wide)
        self._dots[cell] = self._dots.get(cell, 0) | _BITS[y % high][x % wide]
        self._roles[cell] = role

    def upright(self, x: int, top: int, bottom: int, role: Role) -> None:
        """A run of dots from ``top`` to ``bottom``, both included."""
        for y in range(max(0, top), min(self.down - 1, bottom) + 1):
            self.dot(x, y, role)

    def text(self, row: int, column: int, content: str, role: Role, *, over: bool = False) -> None:
        """Characters under the dots, which show where a cell has none; or over them."""
        for offset, character in enumerate(content):
            cell = (row, column + offset)
            self._texts[cell] = (character, role)
            if over:
                self._dots.pop(cell, None)

    def lines(self) -> list[Line]:
        """The rows, as lines of ``columns`` cells."""
        return [joined(self._cells(row)) for row in range(self.rows)]

    def _cells(self, row: int) -> Iterable[Span]:
        for column in range(self.columns):
            bits = self._dots.get((row, column))
            if bits is None:
                yield self._texts.get((row, column), (" ", "plain"))
                continue
            role = self._roles[row, column]
            yield (_MARKS.get(role, "*") if self.ascii_only else chr(_BRAILLE + bits)), role


_EIGHTHS: Final = " ▏▎▍▌▋▊▉"


def bar(share: float, width: int) -> str:
    """A bar of ``share`` (0 to 1) of ``width`` cells, to an eighth of a cell, not padded."""
    eighths = round(max(0.0, min(1.0, share)) * width * 8)
    whole, rest = divmod(eighths, 8)
    return "█" * whole + (_EIGHTHS[rest] if rest else "")
