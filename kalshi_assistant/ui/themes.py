"""Themes of one's own: one of the program's with some of its colours replaced.

Nothing here reads a file: it is handed names and values, and says what is wrong with each. A value
that makes no sense leaves the colour it would have replaced, so a slip costs one colour and never
the screen.
"""

import re
from collections.abc import Mapping
from typing import Final, cast, get_args

from rich.style import Style
from textual.theme import Theme as TextualTheme

from kalshi_assistant.ui.renderables.ink import Role
from kalshi_assistant.ui.renderables.palette import THEMES, Theme

ROLES: Final[tuple[str, ...]] = get_args(Role)
GROUNDS: Final = ("background", "surface")
BASED_ON: Final = "based_on"
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _-]{0,31}")
_COLOUR: Final = re.compile(r"#[0-9A-Fa-f]{6}")
_SHOWN_MAX: Final = 40


def theme_of(
    name: str, entries: Mapping[str, object], where: Mapping[str, str]
) -> tuple[Theme, list[str]]:
    """A theme from ``role: "#rrggbb"`` entries, and a sentence for each that was not taken.

    ``where`` names the place of each key, ``where[""]`` that of the whole.
    """
    problems = []
    base = entries.get(BASED_ON, "dark")
    if base not in THEMES:
        problems.append(_problem(where, BASED_ON, base, f"write {_listed(THEMES)}"))
        base = "dark"
    ground = THEMES[str(base)]
    palette, grounds = dict(ground.palette), {}
    for key, value in entries.items():
        if key == BASED_ON:
            continue
        if key not in (*ROLES, *GROUNDS):
            known = _listed((BASED_ON, *GROUNDS, *ROLES))
            problems.append(_problem(where, key, value, f"no such role; there are {known}"))
        elif not (isinstance(value, str) and _COLOUR.fullmatch(value)):
            problems.append(_problem(where, key, value, 'write a colour as "#5cb8f0"'))
        elif key in GROUNDS:
            grounds[key] = value
        else:
            role = cast(Role, key)
            palette[role] = ground.palette[role] + Style(color=value)
    background = grounds.get("background", ground.background)
    surface = grounds.get("surface", ground.surface)
    return Theme(name, _is_dark(background), background, surface, palette), problems


def _problem(where: Mapping[str, str], key: str, value: object, remedy: str) -> str:
    shown = repr(value)
    shown = shown if len(shown) <= _SHOWN_MAX else f"{shown[:_SHOWN_MAX]}..."
    return f"{where.get(key, where.get('', 'theme'))}: {key} is {shown}; {remedy}"


def _listed(names: Mapping[str, object] | tuple[str, ...]) -> str:
    return ", ".join(names)


def _is_dark(colour: str) -> bool:
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return 299 * red + 587 * green + 114 * blue < 128_000


def as_textual(theme: Theme) -> TextualTheme:
    """The theme as the framework wants it, for what we do not draw: its palette and messages."""
    colour = {
        role: style.color.get_truecolor().hex
        for role, style in theme.palette.items()
        if style.color is not None
    }
    return TextualTheme(
        name=theme.name,
        primary=colour["yes"],
        warning=colour["warn"],
        error=colour["no"],
        success=colour["average"],
        accent=colour["no"],
        foreground=colour["plain"],
        background=theme.background,
        surface=theme.surface,
        panel=theme.surface,
        dark=theme.dark,
    )
