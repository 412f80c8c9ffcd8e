"""What happened, on a page of its own."""

from typing import ClassVar

from textual.binding import Binding, BindingType
from typing_extensions import override

from kalshi_assistant.ui.panels.page import history
from kalshi_assistant.ui.renderables.ink import Line
from kalshi_assistant.ui.screens.sheeted import SheetedScreen


class LogScreen(SheetedScreen):
    """Vetoes, signals and windows above, the log below; the arrow keys go back in time."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,l", "app.pop_screen", "Back", key_display="esc"),
        Binding("down,j", "older(1)", "Older", key_display="↓"),
        Binding("up,k", "older(-1)", "Newer", key_display="↑"),
        Binding("pagedown", "older(10)", "10 older", show=False),
        Binding("pageup", "older(-10)", "10 newer", show=False),
        Binding("home", "newest", "Newest", show=False),
    ]
    back = 0
    """How many of the newest log lines are scrolled away."""

    @override
    def draw(self, width: int, height: int) -> list[Line]:
        scene = self.look.scene
        if scene is None:
            return self.waiting(width)
        self.back = max(0, min(self.back, len(scene.snapshot.log) - 1))
        return history(scene, self.look.room(width, height), self.back)

    def action_older(self, lines: int) -> None:
        """Scroll the log by ``lines``, negative toward the newest."""
        self.back += lines
        self.redraw()

    def action_newest(self) -> None:
        """Back to the newest line."""
        self.back = 0
        self.redraw()
