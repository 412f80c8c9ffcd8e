"""A widget that shows lines through Textual's line API and repaints only those that changed."""

from collections.abc import Callable

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.selection import Selection
from textual.strip import Strip
from textual.widget import Widget
from typing_extensions import override

from kalshi_assistant.ui.renderables.ink import Line, text_of
from kalshi_assistant.ui.renderables.palette import Palette, segments
from kalshi_assistant.ui.renderables.plain import plain

Draw = Callable[[int, int], list[Line]]
"""Lines for a width and a height."""


class Sheet(Widget):
    """Draws when told to, at its own size; nothing is drawn between two ``redraw`` calls."""

    DEFAULT_CSS = "Sheet { width: 1fr; height: 1fr; }"

    class Pressed(Message):
        """Somebody clicked on a cell of a sheet."""

        def __init__(self, sheet: "Sheet", x: int, y: int) -> None:
            super().__init__()
            self.sheet, self.x, self.y = sheet, x, y

    def __init__(self, draw: Draw, ink: Callable[[], Palette], *, id: str | None = None) -> None:  # noqa: A002  # the framework's own word
        """``ink`` answers the colours to draw in."""
        super().__init__(id=id)
        self._draw = draw
        self._ink = ink
        self._lines: list[Line] = []

    @property
    def lines(self) -> list[Line]:
        """What is on display."""
        return self._lines

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

    def on_click(self, event: events.Click) -> None:
        """Say where; who marked text did not click."""
        if self.text_selection is None:
            self.post_message(self.Pressed(self, event.x, event.y))

    @override
    def render_line(self, y: int) -> Strip:
        pieces = segments(_at(self._lines, y), self._ink())
        strip = Strip(pieces).adjust_cell_length(self.size.width).apply_style(self.rich_style)
        span = None if self.text_selection is None else self.text_selection.get_span(y)
        if span is not None:
            strip = self._marked(strip, *span)
        return strip.apply_offsets(0, y)

    def _marked(self, strip: Strip, start: int, end: int) -> Strip:
        """The strip with what the mouse marked reversed: colours of a theme might not show it."""
        width = strip.cell_length
        end = width if end < 0 else min(end, width)
        start = min(start, end)
        before, marked, after = strip.divide([start, end, width])
        turned = [
            Segment(text, (style or Style()) + Style(reverse=not (style and style.reverse)))
            for text, style, _ in marked
        ]
        return Strip.join([before, Strip(turned, end - start), after])

    @override
    def get_selection(self, selection: Selection) -> tuple[str, str]:
        drawn = "\n".join(text_of(content) for content in self._lines)
        said = (plain(row) for row in selection.extract(drawn).splitlines())
        return "\n".join(text for text in said if text), "\n"

    @override
    def selection_updated(self, selection: Selection | None) -> None:
        self.refresh()


def _at(lines: list[Line], row: int) -> Line:
    return lines[row] if row < len(lines) else ()
