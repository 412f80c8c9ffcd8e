"""Pages beside the main one: each is a drawing as long as it needs to be, which the frame scrolls.

Every page is ``Page``: scene, room and chosen row in, lines out. The names are those of
``ui.commands.PAGES``, the first of which, the main page, has its own arrangement and is not here.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from kalshi_assistant.ui.panels.feeds import feeds
from kalshi_assistant.ui.panels.pages.help import help_page
from kalshi_assistant.ui.panels.paper import paper
from kalshi_assistant.ui.panels.scene import Drawing, Page, Room, Scene
from kalshi_assistant.ui.panels.story import log, signals, vetoes, windows
from kalshi_assistant.ui.renderables.ink import Line, fit

LINES_MAX: Final = 600
"""More than any panel has to tell."""


def together(*panels: Drawing) -> Page:
    """A page of whole panels, one below the other."""

    def drawn(scene: Scene, room: Room, _row: int) -> list[Line]:
        tall = replace(room, height=LINES_MAX)
        return [fit(content, room.width) for panel in panels for content in panel(scene, tall)]

    return drawn


PAGES: Final[Mapping[str, Page]] = {
    "risk": together(paper),
    "why": together(vetoes, signals),
    "evidence": together(windows),
    "feeds": together(feeds),
    "history": together(windows, signals),
    "log": together(log),
    "help": help_page,
}
