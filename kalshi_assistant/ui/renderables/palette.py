"""Roles to colours, dark and light, told apart by every common kind of colour vision.

Blue and orange carry up and down (after Okabe and Ito), and never alone: a sign, an arrow or a
word stands beside each.
"""

from collections.abc import Mapping
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
    "faint": Style(color="#6b737c"),
    "strong": Style(color="#000000", bold=True),
    "title": Style(color="#3c4652", bold=True),
    "yes": Style(color="#005f9e", bold=True),
    "no": Style(color="#a14e00", bold=True),
    "warn": Style(color="#735c00"),
    "alert": Style(color="#a83200", bold=True, reverse=True),
    "strike": Style(color="#963f78"),
    "index": Style(color="#000000"),
    "average": Style(color="#00735a"),
    "here": Style(color="#3c4652", bold=True, reverse=True),
}


def segments(content: Line, palette: Palette) -> list[Segment]:
    """A line in the colours of ``palette``; the background is left to the widget."""
    return [Segment(text, palette[role]) for text, role in content if text]
