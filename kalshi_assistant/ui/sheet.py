"""A widget that shows lines through Textual's line API and repaints only those that changed."""

from collections.abc import Callable

from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget
from typing_extensions import override

from kalshi_assistant.ui.renderables.ink import Line
from kalshi_assistant.ui.renderables.palette import DARK, LIGHT, segments

Draw = Callable[[int, int], list[Line]]
"""Lines for a width and a height."""


class Sheet(Widget):
    """Draws when told to, at its own size; nothing is drawn between two ``redraw`` calls."""

    DEFAULT_CSS = "Sheet { width: 1fr; height: 1fr; }"

    def __init__(self, draw: Draw) -> None:
        super().__init__()
        self._draw = draw
        self._lines: list[Line] = []

    def redraw(self) -> int:
        """Draw anew and repaint the rows that differ; answers how many did."""
        width, height = self.size
        before, self._lines = self._lines, self._draw(width, height)
        changed = [
            Region(0, row, width, 1)
            for row in range(height)
            if _at(before, row) != _at(self._lines, row)
        ]
        if changed:
            self.refresh(*changed)
        return len(changed)

    def repaint(self) -> None:
        """The same lines in other colours."""
        self.refresh()

    def on_resize(self) -> None:
        """A new size is a new drawing."""
        self.redraw()

    @override
    def render_line(self, y: int) -> Strip:
        content = _at(self._lines, y)
        palette = DARK if self.app.current_theme.dark else LIGHT
        strip = Strip(segments(content, palette)).adjust_cell_length(self.size.width)
        return strip.apply_style(self.rich_style)


def _at(lines: list[Line], row: int) -> Line:
    return lines[row] if row < len(lines) else ()
