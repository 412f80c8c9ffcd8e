"""What the screen is a client of: the engine now, and what it wrote down before."""

from collections.abc import AsyncIterator
from typing import Protocol

from kalshi_assistant.domain.time import Nanos
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


class PastState(Protocol):
    """How far the past has been made visible again."""

    @property
    def share(self) -> float:
        """0 to 1; 1 when all of it can be asked for."""
        ...

    @property
    def first(self) -> Nanos | None:
        """The oldest instant that can be asked for so far."""
        ...

    @property
    def last(self) -> Nanos | None:
        """The newest one."""
        ...

    @property
    def note(self) -> str:
        """What has to be known about it, such as that its beginning is missing."""
        ...

    @property
    def whole(self) -> bool:
        """Whether all of it may be gone through, and not the last hour only."""
        ...


class Past(Protocol):
    """What was known before, one snapshot a second, made from what the engine wrote down."""

    @property
    def state(self) -> PastState:
        """How far it is."""
        ...

    def begin(self, newest: Snapshot) -> None:
        """Make what came before ``newest`` visible again; does nothing the second time."""
        ...

    async def at(self, instant: Nanos) -> Snapshot | None:
        """What was known in the second of ``instant``, or in the nearest before it.

        Waits until it is found; ``None`` where there is nothing so old. Raises AssistantError where
        the past cannot be had, with the reason.
        """
        ...

    async def close(self) -> None:
        """Give back what it took."""
        ...
