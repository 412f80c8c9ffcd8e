"""Colours as eyes of every kind see them."""

from typing import Final

from rich.color import ColorTriplet

from kalshi_assistant.ui.renderables.ink import Role
from kalshi_assistant.ui.renderables.palette import Palette

NORMAL: Final = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
EYES: Final = {
    "protan": ((0.152, 1.053, -0.205), (0.115, 0.786, 0.099), (-0.004, -0.048, 1.052)),
    "deutan": ((0.367, 0.861, -0.228), (0.280, 0.673, 0.047), (-0.012, 0.043, 0.969)),
    "tritan": ((1.256, -0.077, -0.179), (-0.078, 0.931, 0.148), (0.005, 0.691, 0.304)),
    "all": NORMAL,
}
"""What colours become without one kind of cone (after Machado, Oliveira and Fernandes)."""

Colour = tuple[int, int, int]


def of(palette: Palette, role: Role) -> ColorTriplet:
    """The colour of a role."""
    color = palette[role].color
    assert color is not None
    return color.get_truecolor()


def linear(colour: Colour) -> list[float]:
    """Light, of the three parts of a colour."""
    shares = [part / 255 for part in colour]
    return [
        share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares
    ]


def light_by(eyes: str, colour: Colour) -> list[float]:
    """The light of a colour as these eyes take it."""
    light = linear(colour)
    return [sum(a * b for a, b in zip(row, light, strict=True)) for row in EYES[eyes]]


def seen_by(eyes: str, colour: Colour) -> Colour:
    """The colour that looks to everybody as this one looks to these eyes."""
    red, green, blue = (_part(light) for light in light_by(eyes, colour))
    return red, green, blue


def _part(light: float) -> int:
    light = max(0.0, min(1.0, light))
    share = 12.92 * light if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055
    return round(255 * share)
