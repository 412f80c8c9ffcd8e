"""The contract of a spot exchange's server, and the book it serves.

A server is one connection of one client; it opens no socket and reads no clock. It is told of every
change of the book, in order, with the instant; instants never go back. Whatever a client sends is
answered, at worst with the venue's error, and never raises; nothing a client sends is kept but what
it subscribed to.

Prices are integers of 1/10,000 dollar, sizes of 1e-8 bitcoin, positive where a level exists.
"""

from collections.abc import Sequence
from typing import Protocol

from kalshi_assistant.domain.time import Nanos

Change = tuple[int, int, int]
"""(side, price, new total size): side 0 is a bid, 1 an ask; size 0 removes the level."""
Levels = Sequence[tuple[int, int]]
"""(price, size), best first."""


def sided(changes: Sequence[Change]) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """The (price, size) of bids, and those of asks."""
    return (
        [(price, size) for side, price, size in changes if side == 0],
        [(price, size) for side, price, size in changes if side == 1],
    )


class Book(Protocol):
    """What is served."""

    def levels(self, side: int) -> Levels:
        """One side as it is now: every level, best first."""


class SpotServer(Protocol):
    """One connection of one client. Call ``opened`` first; a closed one says nothing more."""

    def opened(self, now: Nanos) -> list[bytes]:
        """The client connected: what is said unasked."""

    def receive(self, frame: bytes, now: Nanos) -> list[bytes]:
        """The answers to a command; nonsense gets the venue's own error."""

    def publish(self, changes: Sequence[Change], now: Nanos) -> list[bytes]:
        """The book moved, and ``book`` shows it: the frames of a client that subscribed."""

    def tick(self, now: Nanos) -> list[bytes]:
        """What is due by ``now`` whether the book moved or not: heartbeats, throttled books; a
        client that is overdue is closed.
        """

    @property
    def closed(self) -> bool:
        """Whether the venue has ended the connection."""
