"""Bitstamp: changes by the socket, laid upon the whole book by REST.

Source: WebSocket API v2, "Live full order book" (``diff_order_book_*``), "Heartbeat" and
"Forced reconnection"; HTTP API, "Order book"; as read in autumn 2026. Nothing numbers the changes,
only ``microtimestamp`` orders them: a document is used when it is at least as new as the first
change that was kept, changes it holds already are passed over, and every few minutes a new document
replaces the book in case a change was lost unseen.
"""

from typing import Annotated, Final

import msgspec
from msgspec import Meta, Raw, Struct

from kalshi_assistant.domain.time import MINUTE, SECOND, Nanos
from kalshi_assistant.venues.spot.asking import Asking
from kalshi_assistant.venues.spot.depth import SpotChange, bounded, read_changes, read_whole_side
from kalshi_assistant.venues.spot.levels import SNAPSHOT_LEVELS_MAX, words
from kalshi_assistant.venues.spot.stamps import micros_stamp
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

CHANNEL: Final = "diff_order_book_btcusd"
DOCUMENT: Final = "https://www.bitstamp.net/api/v2/order_book/btcusd/"
FRAME_BYTES_MAX: Final = 1 << 24
DOCUMENT_EVERY: Final = 3 * MINUTE
PING_EVERY: Final = 30 * SECOND
QUIET_MAX: Final = 60 * SECOND
"""Answers to pings, but no change for so long: the subscription ended unsaid."""
AHEAD_MAX: Final = 60_000_000
"""Microseconds; a document so much newer than the newest change is stamped wrongly."""
KEPT_MAX: Final = 200_000
"""Changes kept for a document that does not come."""

_SUBSCRIBE: Final = f'{{"event":"bts:subscribe","data":{{"channel":"{CHANNEL}"}}}}'
_PING: Final = '{"event":"bts:heartbeat"}'

_Levels = Annotated[list[tuple[str, str]], Meta(max_length=SNAPSHOT_LEVELS_MAX // 2)]
_Stamp = Annotated[str, Meta(pattern=r"^[0-9]{1,17}$")]


class _Book(Struct, frozen=True, gc=False):
    """Changes, or a document."""

    microtimestamp: _Stamp
    bids: _Levels
    asks: _Levels


class _Error(Struct, frozen=True, gc=False):
    code: int | str | None = None
    message: str | None = None


class _Frame(Struct, frozen=True, gc=False):
    event: str
    channel: str = ""
    data: Raw = Raw(b"null")
    """An object, or an empty text in some events."""


_FRAMES: Final = msgspec.json.Decoder(_Frame)
_BOOKS: Final = msgspec.json.Decoder(_Book)
_ERRORS: Final = msgspec.json.Decoder(_Error)


class BitstampWire:
    """The book of btcusd on one connection."""

    venue: Final[SpotVenue] = "bitstamp"
    url: Final = "wss://ws.bitstamp.net"
    frame_bytes_max: Final = FRAME_BYTES_MAX

    def __init__(self, document_every: int = DOCUMENT_EVERY) -> None:
        self._document_every = document_every
        self._subscription = Asking()
        self._documents = Asking()
        self._ping_at: int | None = None
        self._renew_at: int | None = None
        self._given_up = False
        self._known = False
        self._last: int | None = None
        """Stamp of the newest change, in microseconds."""
        self._last_received_at: int | None = None
        """When the connection opened, then when the newest change came."""
        self._holds = 0
        """The document holds all changes up to this stamp."""
        self._kept: list[tuple[int, tuple[SpotChange, ...]]] | None = None
        """Changes for a document to come; ``None``: none is to come."""
        self._kept_count = 0
        self._kept_from: int | None = None
        """All changes after this stamp are kept."""

    def opened(self, now: Nanos) -> None:
        """A connection opened: nothing is known, nothing is subscribed."""
        self._subscription.opened(now)
        self._documents.answered()
        self._ping_at = now + PING_EVERY
        self._given_up = False
        self._last = None
        self._last_received_at = now
        self._unknow()

    def to_send(self, now: Nanos) -> tuple[str, ...]:
        """The subscription and the pings that are due."""
        frames: list[str] = []
        if self._subscription.due(now):
            frames.append(_SUBSCRIBE)
        if self._ping_at is not None and now >= self._ping_at:
            frames.append(_PING)
            self._ping_at = now + PING_EVERY
        return tuple(frames)

    def document_wanted(self, now: Nanos) -> str | None:
        """The order book: once changes flow, and every few minutes again."""
        if self._renew_at is not None and now >= self._renew_at:
            self._renew_at = None
            self._keep(self._last)
            self._documents.opened(now)
        return DOCUMENT if self._documents.due(now) else None

    def receive(self, frame: bytes, received_at: Nanos) -> tuple[SpotFact, ...]:
        """Take a frame."""
        if self._given_up:
            return (SpotAlive(self.venue, None, received_at),)
        if len(frame) > FRAME_BYTES_MAX:
            return self._broken(f"a frame of {len(frame)} bytes", received_at)
        try:
            said = _FRAMES.decode(frame)
            if said.event == "data" and said.channel == CHANNEL:
                return self._moved(_BOOKS.decode(said.data), received_at)
        except (ValueError, RecursionError) as error:
            return self._broken(words(str(error)), received_at)
        return self._other(said, received_at)

    def take_document(self, status: int, body: bytes, received_at: Nanos) -> tuple[SpotFact, ...]:
        """The whole book becomes ours if all changes after it are kept; else another is asked."""
        if self._kept is None or self._given_up:
            return ()  # an answer that came late, after another had served
        if status != 200 or len(body) > FRAME_BYTES_MAX:
            said = body[:1_000].decode(errors="replace")
            return self._useless(f"HTTP {status}, {len(body)} bytes: {said}", received_at)
        try:
            document = _BOOKS.decode(body)
            stamp, last, kept_from = int(document.microtimestamp), self._last, self._kept_from
            if last is None or kept_from is None or stamp < kept_from:
                self._documents.lost(received_at)  # older than what was kept: served from a cache
                return ()
            if stamp > last + AHEAD_MAX:
                return self._useless(f"stamped {stamp}, newest change {last}", received_at)
            bids, asks = self._aligned(document, stamp)
        except (ValueError, RecursionError) as error:
            return self._useless(str(error), received_at)
        self._known = True
        self._holds = stamp
        self._kept, self._kept_count = None, 0
        self._documents.answered()
        self._renew_at = received_at + self._document_every
        at = micros_stamp(max(stamp, last))
        return (SpotReplaced(self.venue, at, received_at, bids, asks),)

    def _aligned(
        self, document: _Book, stamp: int
    ) -> tuple[tuple[SpotLevel, ...], tuple[SpotLevel, ...]]:
        """The document and the kept changes it does not hold."""
        books = (
            dict(_side(document.bids, 0)),
            dict(_side(document.asks, 1)),
        )
        for at, changes in self._kept or ():
            for side, price, size in changes if at > stamp else ():
                if size:
                    books[side][price] = size
                else:
                    books[side].pop(price, None)
        return tuple(sorted(books[0].items(), reverse=True)), tuple(sorted(books[1].items()))

    def _moved(self, book: _Book, received_at: Nanos) -> tuple[SpotFact, ...]:
        bounded(len(book.bids) + len(book.asks))
        changes = read_changes(_sided(book))
        stamp, last = int(book.microtimestamp), self._last
        if last is None:
            self._subscription.answered()
            self._documents.opened(received_at)
        elif stamp < last:
            # one of the two stamps is wrong, and stamps are all there is
            return (self._give_up(f"a change of {stamp} after one of {last}", received_at),)
        self._last, self._last_received_at = stamp, received_at
        if self._kept is not None:
            self._kept_from = stamp if self._kept_from is None else self._kept_from
            self._kept.append((stamp, changes))
            self._kept_count += len(changes) + 1
            if self._kept_count > KEPT_MAX:
                self._keep(stamp)
        at = micros_stamp(stamp)
        if self._known and changes and stamp > self._holds:
            self._documents.worked()
            return (SpotMoved(self.venue, at, received_at, changes),)
        return (SpotAlive(self.venue, at, received_at),)

    def _other(self, said: _Frame, received_at: Nanos) -> tuple[SpotFact, ...]:
        alive = SpotAlive(self.venue, None, received_at)
        if said.event == "bts:request_reconnect":
            return (self._give_up(said.event, received_at),)
        if said.event == "bts:error":
            return (self._refused(said.data, received_at),)
        if said.event == "bts:subscription_succeeded" and said.channel == CHANNEL:
            self._subscription.answered()
            return (alive,)
        since = self._last_received_at
        if since is not None and received_at - since > QUIET_MAX:
            return (alive, self._give_up("answers, but no changes any more", received_at))
        return (alive,)

    def _refused(self, data: Raw, received_at: Nanos) -> SpotFact:
        try:
            error = _ERRORS.decode(data)
            reason = words(f"bts:error {error.code}: {error.message}")
        except (ValueError, RecursionError):
            reason = words("bts:error " + bytes(data)[:1_000].decode(errors="replace"))
        if self._last is None:
            return SpotLost(self.venue, None, received_at, reason, "resubscribe")
        return SpotMalformed(self.venue, None, received_at, reason)

    def _useless(self, reason: str, received_at: Nanos) -> tuple[SpotFact, ...]:
        """A document that does not serve; a book that is known stays so without it."""
        self._documents.lost(received_at)
        return (SpotMalformed(self.venue, None, received_at, words(f"order book: {reason}")),)

    def _broken(self, reason: str, received_at: Nanos) -> tuple[SpotFact, ...]:
        """It may have been a change: what was kept has a hole, and a known book is wrong."""
        malformed = SpotMalformed(self.venue, None, received_at, reason)
        was_known = self._known
        self._unknow()
        if not was_known:
            return (malformed,)
        self._documents.lost(received_at)
        reason = "a frame was malformed"
        return (malformed, SpotLost(self.venue, None, received_at, reason, "document"))

    def _give_up(self, reason: str, received_at: Nanos) -> SpotLost:
        self._unknow()
        self._documents.answered()
        self._given_up = True
        return SpotLost(self.venue, None, received_at, words(reason), "reconnect")

    def _unknow(self) -> None:
        self._known = False
        self._renew_at = None
        self._holds = 0
        self._keep(None)

    def _keep(self, after: int | None) -> None:
        """Begin to keep changes: all after this stamp; ``None``: from the next one on."""
        self._kept, self._kept_count, self._kept_from = [], 0, after


def _side(levels: list[tuple[str, str]], side: SpotSide) -> tuple[SpotLevel, ...]:
    return read_whole_side([price for price, _ in levels], [size for _, size in levels], side)


def _sided(book: _Book) -> list[tuple[SpotSide, str, str]]:
    return [(0, price, size) for price, size in book.bids] + [
        (1, price, size) for price, size in book.asks
    ]
