"""Keys and signs, explained."""

from typing import Final

from kalshi_assistant.ui.commands import COMMANDS, GROUPS
from kalshi_assistant.ui.panels.pages.layout import finished
from kalshi_assistant.ui.panels.scene import Room, Scene
from kalshi_assistant.ui.panels.settlement import ABOVE, BELOW, MISSING, TO_COME
from kalshi_assistant.ui.renderables.ink import Line, line, rule

_MOUSE: Final[tuple[tuple[str, str], ...]] = (
    ("click", "on a page's name or on a key below"),
    ("wheel", "scrolls"),
    ("drag", "copies what was marked, without lines and padding"),
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
    line(("◆ ◇", "strong"), "      fills that bought YES, NO; at the chart's foot ▲ ▼ are signals"),
    line(("◆10 q340", "strong"), " ours in the book: ten, with 340 ahead of it (? nobody knows)"),
    line(("fan", "strong"), "      one and two sigma of the average that settles"),
    line(("✓ ○ ✗", "strong"), "    a feed is up, waiting, down"),
    line(("PAST", "alert"), "     a moment that is over, as it was known then; esc returns"),
    line(("grey numbers are old; their age stands beside them", "faint")),
)  # fmt: skip


def help_page(scene: Scene, room: Room, _row: int) -> list[Line]:
    """Keys from the table of commands, then what the signs mean."""
    return finished(scene, room, help_lines(room.width))


def help_lines(width: int) -> list[Line]:
    """The page at its full length."""
    return [
        *(drawn for group in GROUPS for drawn in _group(group, width)),
        rule("mouse", width),
        *(_entry(what, about) for what, about in _MOUSE),
        rule("signs", width),
        *_SIGNS,
    ]


def _group(group: str, width: int) -> list[Line]:
    entries = [_entry(each.shown, each.about) for each in COMMANDS if each.group == group]
    return [rule(group, width), *entries]


def _entry(key: str, about: str) -> Line:
    return line((f"{key:<9}", "strong"), about)
