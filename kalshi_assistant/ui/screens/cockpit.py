"""The screen: tabs, a page, and below it the keys or the bar of time."""

from dataclasses import replace
from typing import ClassVar, Final

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import Screen
from typing_extensions import override

from kalshi_assistant.ui.bars import ROOMY_HEIGHT, Bar, key_bar, keys_box, tab_bar, time_bar
from kalshi_assistant.ui.commands import TRADE, bindings
from kalshi_assistant.ui.look import Look
from kalshi_assistant.ui.panels.header import header
from kalshi_assistant.ui.panels.page import PANELS, arrange, page
from kalshi_assistant.ui.panels.pages import PAGES
from kalshi_assistant.ui.panels.scene import Scene
from kalshi_assistant.ui.renderables.ink import Line, faded, fit, to_ascii
from kalshi_assistant.ui.renderables.overlay import framed_over
from kalshi_assistant.ui.renderables.palette import Palette
from kalshi_assistant.ui.renderables.plain import plain_text
from kalshi_assistant.ui.sheet import Sheet

WHEEL_LINES: Final = 3
FAR: Final = 1_000_000
COPIED_WIDTH: Final = 240
"""What is copied is not cut where the terminal ends."""


class CockpitScreen(Screen[None]):
    """Whichever page is open, between its bars."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings()]

    def __init__(self, look: Look) -> None:
        super().__init__()
        self.look = look
        self._page_height = 1
        self._below = 0
        self._bars: dict[str, Bar] = {}

    @override
    def compose(self) -> ComposeResult:
        ink = self.ink
        yield Sheet(lambda width, _: self._drawn("tabs", self._tabs(width)), ink, id="tabs")
        yield Sheet(self.draw, ink, id="page")
        yield Sheet(lambda width, _: self._drawn("foot", self._foot(width)), ink, id="foot")

    def ink(self) -> Palette:
        """The colours in force."""
        return self.look.theme.palette

    @property
    def sheet(self) -> Sheet:
        """The page."""
        return self.query_one("#page", Sheet)

    # --- drawing ---

    def draw(self, width: int, height: int) -> list[Line]:
        """The open page, with the keys over it where one asked for them."""
        lines = self._page(width, height)
        if self.look.with_keys:
            lines = framed_over(lines, keys_box(self.look.page, width - 2, height - 2), width)
        return [to_ascii(content) for content in lines] if self.look.ascii_only else lines

    def _page(self, width: int, height: int) -> list[Line]:
        scene, look = self.look.scene, self.look
        self._page_height, self._below = height, 0
        if scene is None:
            return [fit(((look.waiting, "strong"),), width)]
        if look.page == TRADE:
            room = look.room(width, height)
            return page(scene, room, with_feeds=look.with_feeds, with_curves=look.with_curves)
        top = self._top(scene, width)
        rest = self._beside(scene, width, height - len(top))
        return [*top, *self._scrolled(rest, height - len(top))]

    def _top(self, scene: Scene, width: int) -> list[Line]:
        """What no page is without: market, countdown and mode; that the numbers are old."""
        lines = header(scene, self.look.room(width, 1))[:1]
        if scene.trouble is not None:
            lines = [*lines, ((scene.trouble, "alert"),)]
        return [fit(content, width) for content in lines]

    def _beside(self, scene: Scene, width: int, height: int) -> list[Line]:
        """A page beside the main one, whole, and grey where its numbers are old."""
        look = self.look
        lines = PAGES[look.page](scene, look.room(width, height), look.rows[look.page])
        lines = [fit(content, width) for content in lines]
        return lines if scene.trouble is None else [faded(content) for content in lines]

    def _scrolled(self, lines: list[Line], height: int) -> list[Line]:
        look = self.look
        height = max(0, height)
        top = max(0, min(look.tops[look.page], len(lines) - height))
        look.tops[look.page] = top
        self._below = max(0, len(lines) - height - top)
        return lines[top : top + height]

    def _drawn(self, name: str, bar: Bar) -> list[Line]:
        self._bars[name] = bar
        return [to_ascii(bar.content) if self.look.ascii_only else bar.content]

    def _tabs(self, width: int) -> Bar:
        return tab_bar(self.look.page, width)

    def _foot(self, width: int) -> Bar:
        moment = self.look.moment
        if moment is not None:
            return time_bar(moment, self.look.room(width, 1))
        if self.size.height < ROOMY_HEIGHT:
            return tab_bar(self.look.page, width, self._below)
        return key_bar(self.look.page, width, self._below)

    def redraw(self) -> None:
        """Show what changed since the last time."""
        for sheet in self.query(Sheet):  # none before the screen is composed
            sheet.redraw()

    def repaint(self) -> None:
        """Show the same in other colours."""
        for sheet in self.query(Sheet):
            sheet.repaint()

    def on_screen_resume(self) -> None:
        """Catch up with what happened while another screen was in front."""
        self.redraw()
        self.repaint()

    def on_resize(self, event: events.Resize) -> None:
        """A low terminal has one bar, a higher one two."""
        self.query_one("#tabs", Sheet).display = event.size.height >= ROOMY_HEIGHT

    # --- the person ---

    def on_mouse_scroll_down(self) -> None:
        """The wheel, toward what is below."""
        self.scroll_lines(WHEEL_LINES)

    def on_mouse_scroll_up(self) -> None:
        """The wheel, toward what is above."""
        self.scroll_lines(-WHEEL_LINES)

    async def on_sheet_pressed(self, pressed: Sheet.Pressed) -> None:
        """What a click on a bar does."""
        bar = self._bars.get(pressed.sheet.id or "")
        action = None if bar is None else bar.action_at(pressed.x)
        if action is not None:
            await self.app.run_action(action)

    def scroll_lines(self, lines: int) -> None:
        """Move the page by so many lines; the main page has nothing to scroll."""
        self.look.tops[self.look.page] += lines
        self.redraw()

    def scroll_pages(self, pages: int) -> None:
        """Move the page by so many screens."""
        self.scroll_lines(pages * max(1, self._page_height - 1))

    def scroll_far(self, way: int) -> None:
        """To the top, and to the newest row; or to the bottom."""
        if way < 0:
            self.look.rows[self.look.page] = 0
        self.look.tops[self.look.page] = 0 if way < 0 else FAR
        self.redraw()

    def choose(self, rows: int) -> None:
        """Another row: older, or newer where negative; where the page has no more, it stays."""
        look, scene = self.look, self.look.scene
        row = max(0, look.rows[look.page] + rows)
        if scene is None or look.page == TRADE:
            return
        width, height = self.sheet.size
        drawing, room = PAGES[look.page], look.room(width, height)
        if drawing(scene, room, row) != drawing(scene, room, look.rows[look.page]):
            look.rows[look.page] = row
            self.redraw()

    def text(self) -> str:
        """What the page says, in full and without what is only drawn."""
        scene, look = self.look.scene, self.look
        if scene is None:
            return look.waiting
        if look.page == TRADE:
            return self._panels_as_text(scene)
        room = replace(
            look.room(max(COPIED_WIDTH, self.size.width), self.size.height), ascii_only=False
        )
        return plain_text(PAGES[look.page](scene, room, look.rows[look.page]))

    def _panels_as_text(self, scene: Scene) -> str:
        """Panel by panel, in the order one reads them."""
        (width, height), look = self.sheet.size, self.look
        places = arrange(width, height, with_feeds=look.with_feeds, with_curves=look.with_curves)
        texts = []
        for place in sorted(places, key=lambda place: (place.y, place.x)):
            room = replace(self.look.room(place.width, place.height), ascii_only=False)
            texts.append(plain_text(PANELS[place.panel](scene, room)))
        return "\n\n".join(text for text in texts if text)
