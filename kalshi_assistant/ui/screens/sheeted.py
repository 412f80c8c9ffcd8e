"""What the screens have in common: one sheet above the footer."""

from abc import abstractmethod

from textual.app import ComposeResult
from textual.screen import Screen
from textual.widgets import Footer
from typing_extensions import override

from kalshi_assistant.ui.look import Look
from kalshi_assistant.ui.renderables.ink import Line, fit, to_ascii
from kalshi_assistant.ui.sheet import Sheet


class SheetedScreen(Screen[None]):
    """A screen that is a drawing; ``draw`` makes it from what there is to look at."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self.look = look

    @override
    def compose(self) -> ComposeResult:
        yield Sheet(self.draw)
        yield Footer()

    @abstractmethod
    def draw(self, width: int, height: int) -> list[Line]:
        """The lines of this screen."""

    def waiting(self, width: int) -> list[Line]:
        """What is drawn before the first snapshot."""
        content = fit(((self.look.waiting, "strong"),), width)
        return [to_ascii(content) if self.look.ascii_only else content]

    def redraw(self) -> None:
        """Show what changed since the last time."""
        for sheet in self.query(Sheet):  # none before the screen is composed
            sheet.redraw()

    def repaint(self) -> None:
        """Show the same in other colours."""
        for sheet in self.query(Sheet):
            sheet.repaint()

    def on_screen_resume(self) -> None:
        """Catch up with what happened while another screen was in front."""
        self.redraw()
        self.repaint()
