"""The contract of a spot exchange's wire, and the book facts it gives.

A wire opens no socket and reads no clock. It is told when a connection opened, is given frames with
the instant of their receipt, says what to send and when, and asks for REST documents by value. Bad
input never raises: it becomes ``SpotMalformed``, and where the book can no longer be right
``SpotLost``, after which nothing but a ``SpotReplaced`` mends it.

Prices are integers of 1/10,000 dollar, sizes of 1e-8 bitcoin: every venue's decimals fit, and
nothing is a float before the index is computed.
"""

from typing import Final, Literal, Protocol

import msgspec

from kalshi_assistant.domain.time import Nanos

SpotVenue = Literal[
    "coinbase", "kraken", "bitstamp", "gemini", "cryptocom", "bullish", "paxos", "lmax"
]
SpotSide = Literal[0, 1]
"""0 is a bid, 1 an ask."""
SpotLevel = tuple[int, int]
"""(price in 1/10,000 dollar, size in 1e-8 bitcoin)."""

PRICE_SCALE: Final = 10_000
SIZE_SCALE: Final = 100_000_000
PRICE_MAX: Final = 100_000_000 * PRICE_SCALE
"""No bitcoin costs a hundred million dollars; a higher price is damage."""
SIZE_MAX: Final = 21_000_000 * SIZE_SCALE
"""There are no more bitcoins."""


class _Fact(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    venue: SpotVenue
    at: Nanos | None
    """The venue's own stamp; ``None`` where it gives none."""
    received_at: Nanos


class SpotReplaced(_Fact, frozen=True, gc=False, array_like=True, tag=True):
    """The whole book, best level first on each side."""

    bids: tuple[SpotLevel, ...]
    asks: tuple[SpotLevel, ...]


class SpotMoved(_Fact, frozen=True, gc=False, array_like=True, tag=True):
    """New total sizes of some levels; size 0 removes one."""

    changes: tuple[tuple[SpotSide, int, int], ...]
    """(side, price, size)."""


class SpotAlive(_Fact, frozen=True, gc=False, array_like=True, tag=True):
    """The line lives: a heartbeat, an acknowledgement, an answer to a ping."""


class SpotLost(_Fact, frozen=True, gc=False, array_like=True, tag=True):
    """The book is not to be believed; ``remedy`` is what the wire needs to mend it."""

    reason: str
    remedy: Literal["resubscribe", "reconnect", "document"]


class SpotMalformed(_Fact, frozen=True, gc=False, array_like=True, tag=True):
    """A frame or document that made no sense; nothing of it was applied."""

    reason: str


SpotFact = SpotReplaced | SpotMoved | SpotAlive | SpotLost | SpotMalformed


class SpotWire(Protocol):
    """One venue's protocol on one connection."""

    @property
    def venue(self) -> SpotVenue:
        """Which venue this is."""

    @property
    def url(self) -> str:
        """Where to connect."""

    @property
    def frame_bytes_max(self) -> int:
        """No frame may be larger."""

    def opened(self, now: Nanos) -> None:
        """A connection opened: whatever was known of an earlier one is void."""

    def to_send(self, now: Nanos) -> tuple[str, ...]:
        """Frames that are due by ``now``: subscriptions, pings, answers. Asked often."""

    def document_wanted(self, now: Nanos) -> str | None:
        """URL of a REST document that is due by ``now``; asked once for each."""

    def receive(self, frame: bytes, received_at: Nanos) -> tuple[SpotFact, ...]:
        """Take a frame."""

    def take_document(self, status: int, body: bytes, received_at: Nanos) -> tuple[SpotFact, ...]:
        """Take the answer to ``document_wanted``."""
