"""What every venue's wire offers: it is fed frames and gives events, and never opens a socket."""

from collections.abc import Sequence
from typing import Protocol

from kalshi_assistant.domain.events import Event
from kalshi_assistant.domain.time import Nanos


class Wire(Protocol):
    """One connection of a venue, seen from the inside."""

    def receive(self, frame: bytes, received_at: Nanos) -> Sequence[Event]:
        """The facts in ``frame``, in order. Bad input is an event too; nothing is raised."""

    def to_send(self) -> Sequence[bytes]:
        """The frames to send now, in order; each is given out once."""
