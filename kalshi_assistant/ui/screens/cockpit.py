"""The main screen."""

from typing_extensions import override

from kalshi_assistant.ui.panels.page import page
from kalshi_assistant.ui.renderables.ink import Line
from kalshi_assistant.ui.screens.sheeted import SheetedScreen


class CockpitScreen(SheetedScreen):
    """Market, number, book, feeds and verdict on one page."""

    @override
    def draw(self, width: int, height: int) -> list[Line]:
        scene = self.look.scene
        if scene is None:
            return self.waiting(width)
        return page(scene, self.look.room(width, height), with_feeds=self.look.with_feeds)
