"""The reader of one engine: attached whenever there is one, and honest while there is none.

**Invariant:** what a lost engine said last is not shown as the present; ``snapshot`` is ``None``
from the moment the line breaks.
"""

import asyncio
from pathlib import Path
from typing import Final

from msgspec import MsgspecError

from kalshi_assistant.control.client import ControlClient, attach
from kalshi_assistant.control.protocol import CommandReply, Hello
from kalshi_assistant.domain.errors import AssistantError, PassingError
from kalshi_assistant.domain.time import Nanos
from kalshi_assistant.engine.snapshot import Snapshot

RETRY_SECONDS: Final = 0.5
_BROKEN: Final = (AssistantError, OSError, EOFError, MsgspecError)


class EngineReader:
    """Keeps the newest snapshot of the engine of a folder. ``run`` it; it never ends by itself."""

    def __init__(self, directory: Path, retry_seconds: float = RETRY_SECONDS) -> None:
        self._directory, self._retry_seconds = directory, retry_seconds
        self._client: ControlClient | None = None
        self._heard_at = 0.0
        self.snapshot: Snapshot | None = None
        self.down_because: str | None = "not attached yet"
        """Why there is no snapshot; ``None`` while there is one."""
        self.last_at: Nanos | None = None
        """The instant of the last snapshot there ever was."""
        self.attached = 0
        """How often an engine was attached to."""
        self.changes = 0
        """Counts up whenever there is something new to show."""

    @property
    def engine(self) -> Hello | None:
        """Who is attached to."""
        return None if self._client is None else self._client.hello

    @property
    def age_seconds(self) -> float | None:
        """How long ago the snapshot came, by this process's clock."""
        if self.snapshot is None:
            return None
        return asyncio.get_running_loop().time() - self._heard_at

    async def run(self) -> None:
        """Attach, read, and after a loss attach again, until cancelled."""
        while True:
            try:
                await self._read()
            except _BROKEN as error:
                self._lost(str(error))
            await asyncio.sleep(self._retry_seconds)

    async def command(self, name: str, argument: str) -> CommandReply:
        """Have the engine do something. Raises PassingError where there is none."""
        if self._client is None:
            raise PassingError(self.down_because or "no engine is attached")
        return await self._client.command(name, argument)

    async def _read(self) -> None:
        client = await attach(self._directory)
        self._client = client
        self.attached += 1
        try:
            async for snapshot in client.snapshots():
                self._heard(snapshot)
            self._lost(f"the engine has ended: {client.goodbye}")
        finally:
            self._client = None
            await client.close()

    def _heard(self, snapshot: Snapshot) -> None:
        self.snapshot, self.down_because = snapshot, None
        self.last_at = snapshot.at
        self._heard_at = asyncio.get_running_loop().time()
        self.changes += 1

    def _lost(self, reason: str) -> None:
        if self.snapshot is not None or self.down_because != reason:
            self.changes += 1
        self.snapshot, self.down_because = None, reason
