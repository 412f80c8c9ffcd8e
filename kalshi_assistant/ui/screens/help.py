"""Keys and signs, explained."""

from typing import ClassVar, Final

from textual.binding import Binding, BindingType
from typing_extensions import override

from kalshi_assistant.ui.commands import COMMANDS
from kalshi_assistant.ui.panels.settlement import ABOVE, BELOW, MISSING, TO_COME
from kalshi_assistant.ui.renderables.ink import Line, fit, line, rule, to_ascii
from kalshi_assistant.ui.screens.sheeted import SheetedScreen

_ALSO: Final = (
    ("^p", "every command by name"),
    ("esc", "back from this page or the log"),
)
_SIGNS: Final[tuple[Line, ...]] = (
    line(("YES NO", "strong"), "   settles at or above the strike, or below it; prices in cents"),
    line(("▲ ▼", "strong"), "      above or below, a gain or a loss"),
    line(("│", "strong"), "        on the bar from NO to YES: where the market stands"),
    line(("gap", "strong"), "      probability less the best price; then what costs take from it"),
    line(("fee slip", "strong"), " the venue's fee; the book walked for the whole size"),
    line(("late err", "strong"), " taken for a slow order and for a wrong volatility; net is left"),
    line(ABOVE, " ", BELOW, " ", MISSING, " ", TO_COME,
         "  settling prints: above, below, missing, to come"),
    line(("A B", "strong"), "      averages of the last minute: A settles, B only compares"),
    line(("✓ ○ ✗", "strong"), "    a feed is up, waiting, down"),
)  # fmt: skip


class HelpScreen(SheetedScreen):
    """One page, no scrolling: it fits 80 by 24."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark", "app.pop_screen", "Back", key_display="esc"),
    ]

    @override
    def draw(self, width: int, height: int) -> list[Line]:
        lines = [fit(content, width) for content in help_lines(width)][:height]
        return [to_ascii(content) for content in lines] if self.look.ascii_only else lines


def help_lines(width: int) -> list[Line]:
    """The page: keys from the table of commands, then what the signs mean."""
    keys = [(command.shown, command.about) for command in COMMANDS]
    return [
        rule("keys", width),
        *(line((f"{key:<9}", "strong"), about) for key, about in (*keys, *_ALSO)),
        rule("signs", width),
        *_SIGNS,
        line(("grey numbers are old; their age stands beside them", "faint")),
    ]
