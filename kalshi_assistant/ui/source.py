"""What the screen is a client of."""

from collections.abc import AsyncIterator
from typing import Protocol

from kalshi_assistant.engine.snapshot import Snapshot


class Source(Protocol):
    """Snapshots out, operator commands in.

    ``snapshots`` ends when the engine ends in order; it raises ``OSError``, ``EOFError``,
    ``AssistantError`` or ``msgspec.MsgspecError`` when the connection breaks, and so does
    ``command``.
    """

    def snapshots(self) -> AsyncIterator[Snapshot]:
        """Every snapshot the engine publishes, from now on."""
        ...

    async def command(self, name: str, argument: str = "") -> str:
        """Send an operator command and give the engine's answer in words."""
        ...
