"""The engine behind a screen, as the screen wants it: snapshots, and commands answered in words."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from kalshi_assistant.control.client import ControlClient, attach
from kalshi_assistant.domain.errors import FinalError, PassingError
from kalshi_assistant.engine.snapshot import Snapshot

RETRY_SECONDS = 0.05
COMMAND_SECONDS = 10.0
KILL_SECONDS = 2.0
"""An engine that does not answer within this is not waited for where our orders are to go."""


class EngineSource:
    """Attaches to the engine of a folder; waits for one that is still starting."""

    def __init__(
        self, directory: Path, seconds: float = 0.0, ended: Callable[[], int | None] | None = None
    ) -> None:
        """``ended`` answers the exit code of the engine's process once it has one."""
        self._directory = directory
        self._seconds = seconds
        self._ended = ended
        self._client: ControlClient | None = None

    async def snapshots(self) -> AsyncIterator[Snapshot]:
        """Every snapshot, until the engine's goodbye."""
        client = self._client = await self._attach()
        async for snapshot in client.snapshots():
            yield snapshot

    async def command(self, name: str, argument: str = "") -> str:
        """Send a command; answers in the engine's words."""
        if self._client is None:
            raise PassingError("the engine is still starting")
        seconds = KILL_SECONDS if name == "kill" else COMMAND_SECONDS
        return (await self._client.command(name, argument, seconds)).text

    async def _attach(self) -> ControlClient:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._seconds
        while True:
            try:
                return await attach(self._directory)
            except FinalError:
                if self._ended is not None and self._ended() is not None:
                    raise FinalError("the engine did not start; what it said follows") from None
                if loop.time() >= deadline and self._ended is not None:
                    lasted = f"{self._seconds:.0f} s"
                    raise FinalError(f"the engine runs and tells nothing after {lasted}") from None
                if loop.time() >= deadline:
                    raise
            await asyncio.sleep(RETRY_SECONDS)
