"""Gemini: the whole book by the new stream, or by the old one.

Source: WebSocket API, "Differential Depth" (``wss://ws.gemini.com``), and the archived "Market Data
v2" (``wss://api.gemini.com/v2/marketdata``), as read in autumn 2026. In both the first frame of a
subscription is the whole book and nothing marks it as such, so a first frame that does not look
like one is refused, and a book that is lost is mended by a new connection alone: after a second
subscription on the same one a change could be taken for the book.

Frames of the new stream are numbered from ``U`` to ``u``. Whether the next begins at ``u`` or after
it is read in both ways; both are continuous here. The old stream has neither numbers nor stamps:
its book is given up every few minutes for a fresh one.
"""

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Raw, Struct

from kalshi_assistant.domain.time import MINUTE, SECOND, Nanos
from kalshi_assistant.venues.spot.decimals import SpotNumberError
from kalshi_assistant.venues.spot.depth import SpotChange, bounded, read_changes, read_whole_side
from kalshi_assistant.venues.spot.levels import SNAPSHOT_LEVELS_MAX, words
from kalshi_assistant.venues.spot.stamps import nanos_stamp
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

GeminiFeed = Literal["depth", "l2"]
"""The new stream and the old one."""

SYMBOL: Final = "BTCUSD"
URLS: Final[dict[GeminiFeed, str]] = {
    "depth": "wss://ws.gemini.com?snapshot=-1",
    "l2": "wss://api.gemini.com/v2/marketdata",
}
SUBSCRIPTIONS: Final[dict[GeminiFeed, str]] = {
    "depth": '{"id":"1","method":"subscribe","params":["btcusd@depth@100ms"]}',
    "l2": f'{{"type":"subscribe","subscriptions":[{{"name":"l2","symbols":["{SYMBOL}"]}}]}}',
}
FRAME_BYTES_MAX: Final = 1 << 24
SNAPSHOT_WITHIN: Final = 30 * SECOND
"""Frames, but no snapshot after so long: the subscription was lost."""
QUIET_MAX: Final = 60 * SECOND
"""Frames, but none of the book for so long: its subscription ended unsaid."""
WHOLE_MIN: Final = 50
"""A whole book of this market has thousands of levels a side; what has fewer is a change."""
RENEW_EVERY: Final = 10 * MINUTE
STAMP_MIN: Final = 10**18
"""A stamp before 2001 is not in nanoseconds, as documented."""

_Number = Annotated[int, Meta(ge=0, le=2**62)]
_Levels = Annotated[list[tuple[str, str]], Meta(max_length=SNAPSHOT_LEVELS_MAX // 2)]
_Change = tuple[Literal["buy", "sell"], str, str]


class _Depth(Struct, frozen=True, gc=False):
    """A frame of the new stream: a depth frame, or an answer."""

    e: str = ""
    s: str = ""
    stamp: int | None = msgspec.field(default=None, name="E")
    first: _Number | None = msgspec.field(default=None, name="U")
    last: _Number | None = msgspec.field(default=None, name="u")
    b: _Levels = []
    a: _Levels = []
    status: int = 200
    error: Raw = Raw(b"")


class _L2(Struct, frozen=True, gc=False):
    """A frame of the old stream."""

    type: str = ""
    symbol: str = ""
    changes: Annotated[list[_Change], Meta(max_length=SNAPSHOT_LEVELS_MAX)] = []
    result: str = ""
    reason: str = ""
    message: str = ""


_DEPTHS: Final = msgspec.json.Decoder(_Depth)
_L2S: Final = msgspec.json.Decoder(_L2)


class GeminiWire:
    """The book of BTCUSD on one connection."""

    venue: Final[SpotVenue] = "gemini"
    frame_bytes_max: Final = FRAME_BYTES_MAX

    def __init__(self, feed: GeminiFeed = "depth", renew_every: int = RENEW_EVERY) -> None:
        self.url: Final = URLS[feed]
        self._feed: Final = feed
        self._renew_every: Final = renew_every
        self._unsent = False
        self._opened_at: int | None = None
        self._book_at: int | None = None
        """When the connection opened, then when the newest frame of the book came."""
        self._known = False
        self._given_up = False
        self._last = 0
        """``u`` of the newest frame of a known book."""

    def opened(self, now: Nanos) -> None:
        """A connection opened: nothing is known, nothing is subscribed."""
        self._unsent = True
        self._opened_at = self._book_at = now
        self._known = False
        self._given_up = False

    def to_send(self, now: Nanos) -> tuple[str, ...]:  # noqa: ARG002  # the contract's signature
        """The subscription, once; a connection on which it fails is given up."""
        if not self._unsent:
            return ()
        self._unsent = False
        return (SUBSCRIPTIONS[self._feed],)

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
            if self._feed == "depth":
                return self._depth(_DEPTHS.decode(frame), received_at)
            return self._l2(_L2S.decode(frame), received_at)
        except (ValueError, RecursionError) as error:
            return self._broken(words(str(error)), received_at)

    def take_document(self, status: int, body: bytes, received_at: Nanos) -> tuple[SpotFact, ...]:  # noqa: ARG002  # the contract's signature
        """No document is asked for, so none is understood."""
        return (SpotMalformed(self.venue, None, received_at, "a document nobody asked for"),)

    def _depth(self, said: _Depth, received_at: Nanos) -> tuple[SpotFact, ...]:
        if said.status != 200:
            error = bytes(said.error)[:1_000].decode(errors="replace")
            return self._refused(f"status {said.status}: {error}", received_at)
        if said.e != "depthUpdate" or said.s.upper() != SYMBOL:
            return self._other(received_at)
        first, last = said.first, said.last
        if first is None or last is None or last < first:
            raise SpotNumberError(f"a frame from {first} to {last}")
        at = None if said.stamp is None or said.stamp < STAMP_MIN else nanos_stamp(said.stamp)
        if not self._known:
            replaced = self._replaced(said.b, said.a, at, received_at)
            self._last = last
            return (replaced,)
        if first not in (self._last, self._last + 1):
            return (self._lost(f"gap: U {first} after u {self._last}", received_at),)
        bounded(len(said.b) + len(said.a))
        changes = read_changes(
            [(0, price, size) for price, size in said.b]
            + [(1, price, size) for price, size in said.a]
        )
        self._last = last
        return self._moved(changes, at, received_at)

    def _l2(self, said: _L2, received_at: Nanos) -> tuple[SpotFact, ...]:
        if said.result == "error" or said.type == "error":
            return self._refused(f"error {said.reason}: {said.message}", received_at)
        if self._known and self._expired(received_at):
            return (self._lost("the old stream proves nothing: a fresh book", received_at),)
        if said.type != "l2_updates" or said.symbol.upper() != SYMBOL:
            return self._other(received_at)
        if not self._known:
            bids = [(price, size) for side, price, size in said.changes if side == "buy"]
            asks = [(price, size) for side, price, size in said.changes if side == "sell"]
            return (self._replaced(bids, asks, None, received_at),)
        bounded(len(said.changes))
        changes = read_changes(
            [(0 if side == "buy" else 1, price, size) for side, price, size in said.changes]
        )
        return self._moved(changes, None, received_at)

    def _replaced(
        self,
        written_bids: list[tuple[str, str]],
        written_asks: list[tuple[str, str]],
        at: Nanos | None,
        received_at: Nanos,
    ) -> SpotReplaced:
        bids, asks = _side(written_bids, 0), _side(written_asks, 1)
        _look_whole(bids, asks, len(written_bids) + len(written_asks))
        self._known = True
        self._book_at = received_at
        return SpotReplaced(self.venue, at, received_at, bids, asks)

    def _moved(
        self, changes: tuple[SpotChange, ...], at: Nanos | None, received_at: Nanos
    ) -> tuple[SpotFact, ...]:
        self._book_at = received_at
        if not changes:
            return (SpotAlive(self.venue, at, received_at),)
        return (SpotMoved(self.venue, at, received_at, changes),)

    def _expired(self, received_at: Nanos) -> bool:
        return self._opened_at is not None and received_at - self._opened_at > self._renew_every

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
            return (SpotMalformed(self.venue, None, received_at, words(reason)),)
        return (self._lost(reason, received_at),)

    def _broken(self, reason: str, received_at: Nanos) -> tuple[SpotFact, ...]:
        """What was in it is unknown: a change, or the snapshot."""
        malformed = SpotMalformed(self.venue, None, received_at, reason)
        return (malformed, self._lost("a frame was malformed", received_at))

    def _lost(self, reason: str, received_at: Nanos) -> SpotLost:
        self._known = False
        self._given_up = True
        return SpotLost(self.venue, None, received_at, words(reason), "reconnect")


def _side(levels: list[tuple[str, str]], side: SpotSide) -> tuple[SpotLevel, ...]:
    return read_whole_side([price for price, _ in levels], [size for _, size in levels], side)


def _look_whole(bids: tuple[SpotLevel, ...], asks: tuple[SpotLevel, ...], written: int) -> None:
    """Refuse a change in the place of the book. Raises SpotNumberError."""
    few = min(len(bids), len(asks)) < WHOLE_MIN
    if few or bids[0][0] >= asks[0][0]:
        raise SpotNumberError(
            f"no whole book in the first frame: {len(bids)} bids and {len(asks)} asks "
            f"of {written} levels"
        )
