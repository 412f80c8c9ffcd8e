"""Coinbase Advanced Trade: the whole book, and a number on every frame of the connection.

Source: Advanced Trade WebSocket, "Level2 Channel", "Heartbeats Channel", "WebSocket Overview" and
"WebSocket Errors", as read in autumn 2026. ``sequence_num`` counts the frames of a connection over
all channels, so a gap in any channel may be a gap in the book: only a new connection mends it.
Channels without traffic are closed after 60 to 90 seconds, hence the heartbeats.
"""

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct

from kalshi_assistant.domain.time import SECOND, Nanos
from kalshi_assistant.venues.spot.decimals import SpotNumberError
from kalshi_assistant.venues.spot.depth import SpotChange, bounded, read_changes, read_whole_side
from kalshi_assistant.venues.spot.levels import SNAPSHOT_LEVELS_MAX, words
from kalshi_assistant.venues.spot.stamps import iso_stamp
from kalshi_assistant.venues.spot.wire import (
    SpotAlive,
    SpotFact,
    SpotLevel,
    SpotLost,
    SpotMalformed,
    SpotMoved,
    SpotReplaced,
    SpotSide,
    SpotVenue,
)

PRODUCT: Final = "BTC-USD"
BOOK: Final = "l2_data"
FRAME_BYTES_MAX: Final = 1 << 26
"""A snapshot of the whole book takes several megabytes."""
SNAPSHOT_WITHIN: Final = 30 * SECOND
"""Frames, but no snapshot after so long: the subscription was lost."""
QUIET_MAX: Final = 60 * SECOND
"""Frames, but none of the book for so long: its subscription ended unsaid."""
SUBSCRIPTIONS: Final = (
    f'{{"type":"subscribe","product_ids":["{PRODUCT}"],"channel":"level2"}}',
    '{"type":"subscribe","channel":"heartbeats"}',
)
"""One channel a message; the venue closes a connection that asks for nothing for 5 seconds."""


class _Update(Struct, frozen=True, gc=False):
    side: Literal["bid", "offer"]
    price_level: str
    new_quantity: str


class _Event(Struct, frozen=True, gc=False):
    """Events of other channels have none of these fields."""

    type: str = ""
    product_id: str = ""
    updates: Annotated[list[_Update], Meta(max_length=SNAPSHOT_LEVELS_MAX)] = []


class _Frame(Struct, frozen=True, gc=False):
    channel: str = ""
    type: str = ""
    message: str = ""
    timestamp: str = ""
    sequence_num: Annotated[int, Meta(ge=0, le=2**62)] | None = None
    events: Annotated[list[_Event], Meta(max_length=1_000)] = []


_DECODER: Final = msgspec.json.Decoder(_Frame)


class CoinbaseWire:
    """The book of BTC-USD on one connection."""

    venue: Final[SpotVenue] = "coinbase"
    url: Final = "wss://advanced-trade-ws.coinbase.com"
    frame_bytes_max: Final = FRAME_BYTES_MAX

    def __init__(self) -> None:
        self._unsent = False
        self._book_at: int | None = None
        """When the connection opened, then when the newest frame of the book came."""
        self._last: int | None = None
        self._known = False
        self._given_up = False

    def opened(self, now: Nanos) -> None:
        """A connection opened: nothing is known, nothing is subscribed."""
        self._unsent = True
        self._book_at = now
        self._last = None
        self._known = False
        self._given_up = False

    def to_send(self, now: Nanos) -> tuple[str, ...]:  # noqa: ARG002  # the contract's signature
        """The subscriptions, once; a connection on which they fail is given up."""
        if not self._unsent:
            return ()
        self._unsent = False
        return SUBSCRIPTIONS

    def document_wanted(self, now: Nanos) -> str | None:  # noqa: ARG002  # the contract's signature
        """Nothing: the snapshot comes by the socket."""
        return None

    def receive(self, frame: bytes, received_at: Nanos) -> tuple[SpotFact, ...]:
        """Take a frame."""
        if self._given_up:
            return (SpotAlive(self.venue, None, received_at),)
        if len(frame) > FRAME_BYTES_MAX:
            return self._broken(f"a frame of {len(frame)} bytes", received_at)
        try:
            said = _DECODER.decode(frame)
            if said.type == "error":
                return self._refused(words(f"error: {said.message}"), received_at)
            return self._numbered(said, received_at)
        except (ValueError, RecursionError) as error:
            return self._broken(words(str(error)), received_at)

    def take_document(self, status: int, body: bytes, received_at: Nanos) -> tuple[SpotFact, ...]:  # noqa: ARG002  # the contract's signature
        """No document is asked for, so none is understood."""
        return (SpotMalformed(self.venue, None, received_at, "a document nobody asked for"),)

    def _numbered(self, said: _Frame, received_at: Nanos) -> tuple[SpotFact, ...]:
        number, last = said.sequence_num, self._last
        if number is None:
            if said.channel == BOOK:
                raise SpotNumberError("a frame of the book without sequence_num")
            return self._other(received_at)
        if last is not None and number != last + 1:
            return (self._lost(f"gap: sequence_num {number} after {last}", received_at),)
        # that the first number is 0 is not promised
        self._last = number
        return self._book(said, received_at) if said.channel == BOOK else self._other(received_at)

    def _book(self, said: _Frame, received_at: Nanos) -> tuple[SpotFact, ...]:
        at = iso_stamp(said.timestamp)
        facts: list[SpotFact] = []
        for event in said.events:
            if event.product_id != PRODUCT:
                continue
            if event.type == "snapshot":
                facts.append(self._replaced(event.updates, at, received_at))
            elif event.type != "update":
                raise SpotNumberError(f"an event of the book of type {event.type!r}")
            elif self._known and (changes := _changes(event.updates)):
                facts.append(SpotMoved(self.venue, at, received_at, changes))
        if not facts:
            return self._other(received_at)
        self._book_at = received_at
        return tuple(facts)

    def _replaced(
        self, updates: list[_Update], at: Nanos | None, received_at: Nanos
    ) -> SpotReplaced:
        bids = _side([each for each in updates if each.side == "bid"], 0)
        asks = _side([each for each in updates if each.side == "offer"], 1)
        self._known = True
        return SpotReplaced(self.venue, at, received_at, bids, asks)

    def _other(self, received_at: Nanos) -> tuple[SpotFact, ...]:
        """A sign of life; without the book it is not enough for long."""
        alive = SpotAlive(self.venue, None, received_at)
        waited = 0 if self._book_at is None else received_at - self._book_at
        if waited <= (QUIET_MAX if self._known else SNAPSHOT_WITHIN):
            return (alive,)
        what = "change" if self._known else "snapshot"
        return (alive, self._lost(f"frames, but no {what}", received_at))

    def _refused(self, reason: str, received_at: Nanos) -> tuple[SpotFact, ...]:
        if self._known:
            # the book is subscribed; it was the heartbeats that displeased
            return (SpotMalformed(self.venue, None, received_at, reason),)
        return (self._lost(reason, received_at),)

    def _broken(self, reason: str, received_at: Nanos) -> tuple[SpotFact, ...]:
        """What was in it is unknown: its number, and perhaps the snapshot."""
        malformed = SpotMalformed(self.venue, None, received_at, reason)
        return (malformed, self._lost("a frame was malformed", received_at))

    def _lost(self, reason: str, received_at: Nanos) -> SpotLost:
        self._known = False
        self._given_up = True
        return SpotLost(self.venue, None, received_at, words(reason), "reconnect")


def _side(updates: list[_Update], side: SpotSide) -> tuple[SpotLevel, ...]:
    prices = [each.price_level for each in updates]
    return read_whole_side(prices, [each.new_quantity for each in updates], side)


def _changes(updates: list[_Update]) -> tuple[SpotChange, ...]:
    bounded(len(updates))
    return read_changes(
        [(0 if each.side == "bid" else 1, each.price_level, each.new_quantity) for each in updates]
    )
