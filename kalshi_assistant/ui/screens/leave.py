"""The question at the end: leave the engine running, or stop it too?"""

from collections.abc import Callable
from typing import ClassVar, Final, Literal

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from typing_extensions import override

from kalshi_assistant.ui.renderables.ink import Line, fit, line
from kalshi_assistant.ui.renderables.palette import Palette
from kalshi_assistant.ui.sheet import Sheet

Leaving = Literal["leave", "stop"]

QUESTION: Final[tuple[Line, ...]] = (
    line(("Leave the engine running?", "strong")),
    line(),
    line(("y  ", "strong"), "yes: close only this screen"),
    line(("n  ", "strong"), "no: stop the engine in order, then close"),
    line(("esc", "strong"), " back"),
)


class LeaveScreen(ModalScreen[Leaving | None]):
    """Answers what to do with the engine; ``None`` when the person stays."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer('leave')", "Leave it running"),
        Binding("n", "answer('stop')", "Stop it"),
        Binding("escape,q", "stay", "Back"),
    ]

    def __init__(self, ink: Callable[[], Palette]) -> None:
        super().__init__()
        self._ink = ink

    @override
    def compose(self) -> ComposeResult:
        yield Sheet(self.draw, self._ink)

    def draw(self, width: int, height: int) -> list[Line]:
        """The question, in as many lines as there are."""
        return [fit(content, width) for content in QUESTION][:height]

    def action_answer(self, answer: Leaving) -> None:
        """The person decided."""
        _ = self.dismiss(answer)  # not awaited: a screen cannot wait for its own end

    def action_stay(self) -> None:
        """The person did not mean it."""
        _ = self.dismiss(None)
