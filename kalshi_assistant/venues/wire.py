"""The contract of every venue: told what happened on the line, it gives events and commands.

The runtime owns the line and has no judgement; a session has the judgement and no line. Nothing
here raises on what a peer sends: nonsense is the event ``Malformed``.
"""

from collections.abc import Sequence
from typing import Protocol

from kalshi_assistant.domain.events import Event
from kalshi_assistant.domain.time import Nanos


class Wire(Protocol):
    """Frames in, events out; commands waiting to be sent."""

    def receive(self, frame: bytes, received_at: Nanos) -> Sequence[Event]:
        """What a frame says."""

    def to_send(self) -> Sequence[bytes]:
        """Commands to send now, each given out once."""


class Session(Wire, Protocol):
    """A wire over as many connections as it takes."""

    @property
    def gone(self) -> bool:
        """Whether the connection in hand is to be closed."""

    def wants_connection(self, now: Nanos) -> bool:
        """Whether to connect now."""

    def wake_at(self) -> Nanos | None:
        """When to ask again; ``None`` when nothing is waited for."""

    def connect(self, now: Nanos) -> None:
        """A connection is being made."""

    def opened(self, now: Nanos) -> Sequence[Event]:
        """It is open."""

    def refused(self, now: Nanos, status: int | None, reason: str) -> Sequence[Event]:
        """It did not come about; ``status`` where the other side answered with one."""

    def dropped(self, now: Nanos, reason: str) -> Sequence[Event]:
        """It ended."""

    def tick(self, now: Nanos) -> Sequence[Event]:
        """Time passed."""
