"""Roles to colours: the themes of the program, told apart by every common kind of colour vision.

Blue and orange carry up and down (after Okabe and Ito), and never alone: a sign, an arrow or a
word stands beside each. A user's theme is one of these with some colours replaced (``ui.themes``).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from rich.segment import Segment
from rich.style import Style

from kalshi_assistant.ui.renderables.ink import Line, Role

Palette = Mapping[Role, Style]

DARK: Final[Palette] = {
    "plain": Style(color="#d0d4d9"),
    "faint": Style(color="#7d858f"),
    "strong": Style(color="#ffffff", bold=True),
    "title": Style(color="#b9c4d0", bold=True),
    "yes": Style(color="#5cb8f0", bold=True),
    "no": Style(color="#f0a53a", bold=True),
    "warn": Style(color="#f2dd5c"),
    "alert": Style(color="#ff8a5c", bold=True, reverse=True),
    "strike": Style(color="#e6a0cf"),
    "index": Style(color="#ffffff"),
    "average": Style(color="#45c9a5"),
    "here": Style(color="#b9c4d0", bold=True, reverse=True),
}
LIGHT: Final[Palette] = {
    "plain": Style(color="#24292f"),
    "faint": Style(color="#5a626b"),
    "strong": Style(color="#000000", bold=True),
    "title": Style(color="#3c4652", bold=True),
    "yes": Style(color="#005f9e", bold=True),
    "no": Style(color="#964800", bold=True),
    "warn": Style(color="#6b5500"),
    "alert": Style(color="#a83200", bold=True, reverse=True),
    "strike": Style(color="#8a3a6f"),
    "index": Style(color="#000000"),
    "average": Style(color="#006b54"),
    "here": Style(color="#3c4652", bold=True, reverse=True),
}
HIGH_CONTRAST: Final[Palette] = {
    "plain": Style(color="#ffffff"),
    "faint": Style(color="#b8b8b8"),
    "strong": Style(color="#ffffff", bold=True),
    "title": Style(color="#ffffff", bold=True),
    "yes": Style(color="#7fd0ff", bold=True),
    "no": Style(color="#ffb84d", bold=True),
    "warn": Style(color="#ffff00", bold=True),
    "alert": Style(color="#ffff00", bold=True, reverse=True),
    "strike": Style(color="#ffb3e6", bold=True),
    "index": Style(color="#ffffff", bold=True),
    "average": Style(color="#66ffcc", bold=True),
    "here": Style(color="#ffffff", bold=True, reverse=True),
}
COLOURLESS: Final[Palette] = {
    "plain": Style(),
    "faint": Style(dim=True),
    "strong": Style(bold=True),
    "title": Style(bold=True),
    "yes": Style(bold=True),
    "no": Style(bold=True),
    "warn": Style(underline=True),
    "alert": Style(bold=True, reverse=True),
    "strike": Style(),
    "index": Style(bold=True),
    "average": Style(),
    "here": Style(bold=True, reverse=True),
}
"""Where ``NO_COLOR`` is set: weight, dimness and reversal only, in the terminal's own colours."""


@dataclass(frozen=True, slots=True)
class Theme:
    """A palette and what it stands on."""

    name: str
    dark: bool
    background: str
    """``#rrggbb`` of the page ..."""
    surface: str
    """... and of the bars and boxes on it."""
    palette: Palette


THEMES: Final[Mapping[str, Theme]] = {
    theme.name: theme
    for theme in (
        Theme("dark", True, "#121212", "#1e1e1e", DARK),
        Theme("light", False, "#f2f2f0", "#e2e2df", LIGHT),
        Theme("high-contrast", True, "#000000", "#000000", HIGH_CONTRAST),
    )
}
"""The themes that are always there, the first one first."""
NO_COLOUR: Final = Theme("no-colour", True, "#000000", "#000000", COLOURLESS)


def segments(content: Line, palette: Palette) -> list[Segment]:
    """A line in the colours of ``palette``; the background is left to the widget."""
    return [Segment(text, palette[role]) for text, role in content if text]
