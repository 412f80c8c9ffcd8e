"""What tests of the screen share: a room in New York and a source driven by hand."""

import asyncio
from collections.abc import AsyncIterator, Callable
from zoneinfo import ZoneInfo

from kalshi_assistant.engine.snapshot import Snapshot
from kalshi_assistant.ui.panels.scene import Room
from kalshi_assistant.ui.renderables.ink import Line

NEW_YORK = ZoneInfo("America/New_York")

Golden = Callable[[str, list[Line]], None]


def room(width: int, height: int, *, ascii_only: bool = False) -> Room:
    """A space on a screen in New York."""
    return Room(width, height, NEW_YORK, ascii_only)


class HandSource:
    """A source that gives what it is handed and remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []
        self.answer: str | Exception = "done"
        self._queue: asyncio.Queue[Snapshot | Exception | None] = asyncio.Queue()

    def give(self, item: Snapshot | Exception | None) -> None:
        """A snapshot; or ``None`` for an orderly end, or what breaks the connection."""
        self._queue.put_nowait(item)

    async def snapshots(self) -> AsyncIterator[Snapshot]:
        """What was given, in order."""
        while (item := await self._queue.get()) is not None:
            if isinstance(item, Exception):
                raise item
            yield item

    async def command(self, name: str, argument: str = "") -> str:
        """Remember the command; answer, or break."""
        self.told.append((name, argument))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer
