"""A screen that runs without a terminal, driven by hand."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from textual.pilot import Pilot

from kalshi_assistant.engine.snapshot import Snapshot
from kalshi_assistant.ui.app import AssistantApp
from kalshi_assistant.ui.renderables.ink import text_of
from kalshi_assistant.ui.screens.cockpit import CockpitScreen
from kalshi_assistant.ui.sheet import Sheet
from tests.support.screen import NEW_YORK, HandSource

ATTEMPTS = 1_500
PAUSE_SECONDS = 0.02


class Driven:
    """A running app, its pilot and its source."""

    def __init__(self, app: AssistantApp, pilot: Pilot[Any], source: HandSource) -> None:
        self.app, self.pilot, self.source = app, pilot, source

    @property
    def cockpit(self) -> CockpitScreen:
        """The screen with the pages, whatever stands before it."""
        found = self.app.screen_stack[0]
        assert isinstance(found, CockpitScreen)
        return found

    def sheet(self, name: str = "page") -> Sheet:
        """A part of the screen: ``tabs``, ``page`` or ``foot``."""
        return self.cockpit.query_one(f"#{name}", Sheet)

    def text(self, name: str = "page") -> str:
        """What that part says."""
        return "\n".join(text_of(drawn) for drawn in self.sheet(name).lines)

    @property
    def shown(self) -> str:
        """The text of the page."""
        return self.text()

    @property
    def foot(self) -> str:
        """The text of the last line."""
        return self.text("foot")

    @property
    def said(self) -> list[str]:
        """The messages that are up."""
        return [told.message for told in self.app._notifications]

    async def until(self, condition: Callable[[], bool]) -> None:
        """Let the app run until ``condition`` holds."""
        for _ in range(ATTEMPTS):
            if condition():
                return
            await self.pilot.pause(PAUSE_SECONDS)
        raise AssertionError(f"it never became so; shown:\n{self.shown}\n{self.foot}")

    async def show(self, snapshot: Snapshot) -> None:
        """Give a snapshot and wait until it is drawn."""
        self.source.give(snapshot)
        await self.until(lambda: self.app.look.snapshot is snapshot)
        self.app.redraw()


@asynccontextmanager
async def driven(
    size: tuple[int, int] = (80, 24), source: HandSource | None = None, **options: Any
) -> AsyncIterator[Driven]:
    """An app of this size, before its first snapshot."""
    hand = HandSource() if source is None else source
    app = AssistantApp(hand, zone=NEW_YORK, **({"ascii_only": False} | options))
    async with app.run_test(size=size) as pilot:
        yield Driven(app, pilot, hand)
