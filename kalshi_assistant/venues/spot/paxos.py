"""Paxos, once itBit: a whole book at first, then new amounts, and no numbers to prove them.

Sources: WebSockets API, "Market Data Feed", and REST API v2, "Get Order Book", as read in autumn
2026. The URL selects the market; nothing is ever sent. Updates have no sequence, so each minute the
book of the REST interface is laid beside ours. The two are never of one instant: a level that
differs is only suspected, any update of it clears it, and one that no update touched and that still
differs a minute later proves that an update was lost.

Paxos has declared these interfaces deprecated; where they are switched off nothing comes, and no
other venue is the worse for it.
"""

import heapq
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct

from kalshi_assistant.domain.time import MINUTE, SECOND, Nanos
from kalshi_assistant.venues.spot.depth import SpotChange, read_changes, read_whole_side
from kalshi_assistant.venues.spot.levels import CHANGES_MAX, SNAPSHOT_LEVELS_MAX, words
from kalshi_assistant.venues.spot.wire import (
    SpotAlive,
    SpotFact,
    SpotLost,
    SpotMalformed,
    SpotMoved,
    SpotReplaced,
    SpotSide,
    SpotVenue,
)

MARKET: Final = "BTCUSD"
FRAME_BYTES_MAX: Final = 1 << 24
DOCUMENT: Final = f"https://api.paxos.com/v2/markets/{MARKET}/order-book"
DOCUMENT_EVERY: Final = MINUTE
COMPARED: Final = 20
"""Levels a side that are compared."""
SNAPSHOT_WITHIN: Final = 30 * SECOND


class _Level(Struct, frozen=True, gc=False):
    price: str
    amount: str


_Levels = Annotated[list[_Level], Meta(max_length=SNAPSHOT_LEVELS_MAX)]


class _Frame(Struct, frozen=True, gc=False):
    type: str
    market: str = ""
    bids: _Levels = []
    asks: _Levels = []
    final_snapshot: bool | Literal["true", "false"] = False
    """One page of the documentation writes it as a text."""
    side: Literal["BUY", "SELL"] | None = None
    price: str | None = None
    amount: str | None = None
    message: str | None = None
    error: str | None = None


class _Document(Struct, frozen=True, gc=False):
    market: str
    bids: _Levels
    asks: _Levels


_FRAMES: Final = msgspec.json.Decoder(_Frame)
_DOCUMENTS: Final = msgspec.json.Decoder(_Document)
_Book = tuple[dict[int, int], dict[int, int]]


class PaxosWire:
    """The book of BTCUSD on one connection."""

    venue: Final[SpotVenue] = "paxos"
    url: Final = f"wss://ws.paxos.com/marketdata/{MARKET}"
    frame_bytes_max: Final = FRAME_BYTES_MAX

    def __init__(self) -> None:
        self._opened_at: int | None = None
        self._document_at: int | None = None
        self._book: _Book | None = None
        self._given_up = False
        self._parts: tuple[list[_Level], list[_Level]] = ([], [])
        self._meanwhile: list[SpotChange] | None = None
        """Updates since the first part of an unfinished snapshot; ``None``: there is none."""
        self._suspects: set[tuple[SpotSide, int]] = set()

    def opened(self, now: Nanos) -> None:
        """A connection opened: nothing is known."""
        self._unknow()
        self._opened_at = now
        self._given_up = False

    def to_send(self, now: Nanos) -> tuple[str, ...]:  # noqa: ARG002  # the contract's signature
        """Nothing: the URL selects the market."""
        return ()

    def document_wanted(self, now: Nanos) -> str | None:
        """The order book once a minute while ours is known."""
        if self._document_at is None or now < self._document_at:
            return None
        self._document_at = now + DOCUMENT_EVERY
        return DOCUMENT

    def receive(self, frame: bytes, received_at: Nanos) -> tuple[SpotFact, ...]:
        """Take a frame."""
        if len(frame) > FRAME_BYTES_MAX:
            return self._broken(f"a frame of {len(frame)} bytes", received_at)
        try:
            said = _FRAMES.decode(frame)
            if said.type not in ("SNAPSHOT", "UPDATE"):
                return self._other(said, received_at)
            if said.market != MARKET or self._given_up:
                # given up: the rest of a snapshot whose beginning is lost looks like a whole one
                return self._alive(received_at)
            if said.type == "SNAPSHOT":
                return self._part(said, received_at)
            return self._moved(said, received_at)
        except (ValueError, RecursionError) as error:
            return self._broken(words(str(error)), received_at)

    def take_document(self, status: int, body: bytes, received_at: Nanos) -> tuple[SpotFact, ...]:
        """Lay the venue's REST book beside ours; agreement is a sign of life."""
        if status != 200 or len(body) > FRAME_BYTES_MAX:
            said = body[:1_000].decode(errors="replace")
            reason = words(f"order book: HTTP {status}, {len(body)} bytes: {said}")
            return (SpotMalformed(self.venue, None, received_at, reason),)
        try:
            document = _DOCUMENTS.decode(body)
            theirs = _sides(document.bids, document.asks)
        except (ValueError, RecursionError) as error:
            reason = words(f"order book: {error}")
            return (SpotMalformed(self.venue, None, received_at, reason),)
        if self._book is None or document.market != MARKET:
            return ()
        different = _differences(self._book, theirs)
        if standing := different & self._suspects:
            side, price = min(standing)
            reason = (
                f"{len(standing)} levels differ from the REST book and were not touched for a "
                f"minute, among them {('bid', 'ask')[side]} {price}"
            )
            return (self._lost(reason, received_at),)
        self._suspects = different
        return () if different else (SpotAlive(self.venue, None, received_at),)

    def _part(self, said: _Frame, received_at: Nanos) -> tuple[SpotFact, ...]:
        bids, asks = self._parts
        if len(bids) + len(asks) + len(said.bids) + len(said.asks) > SNAPSHOT_LEVELS_MAX:
            return self._broken("a snapshot with too many levels", received_at)
        bids += said.bids
        asks += said.asks
        if said.final_snapshot not in (True, "true"):
            self._meanwhile = self._meanwhile or []
            return self._alive(received_at)
        meanwhile = self._meanwhile or []
        self._parts, self._meanwhile = ([], []), None
        book = _sides(bids, asks)
        for side, price, size in meanwhile:
            _apply(book, side, price, size)
        self._book = book
        self._suspects = set()
        self._document_at = received_at + DOCUMENT_EVERY
        levels = (tuple(sorted(book[0].items(), reverse=True)), tuple(sorted(book[1].items())))
        return (SpotReplaced(self.venue, None, received_at, *levels),)

    def _moved(self, said: _Frame, received_at: Nanos) -> tuple[SpotFact, ...]:
        if said.side is None or said.price is None or said.amount is None:
            return self._broken("an update without side, price or amount", received_at)
        side: SpotSide = 0 if said.side == "BUY" else 1
        changes = read_changes([(side, said.price, said.amount)])
        if not changes:
            known = self._book is not None
            return self._alive(received_at) if known else self._waiting(received_at)
        _, price, size = changes[0]
        if self._meanwhile is not None:
            if len(self._meanwhile) >= CHANGES_MAX:
                return self._broken("a snapshot without end", received_at)
            self._meanwhile.append((side, price, size))
        if self._book is None:
            return self._waiting(received_at)
        _apply(self._book, side, price, size)
        self._suspects.discard((side, price))
        if len(self._book[0]) + len(self._book[1]) > SNAPSHOT_LEVELS_MAX:
            return (self._lost("more levels than a book can have", received_at),)
        return (SpotMoved(self.venue, None, received_at, changes),)

    def _alive(self, received_at: Nanos) -> tuple[SpotFact, ...]:
        return (SpotAlive(self.venue, None, received_at),)

    def _waiting(self, received_at: Nanos) -> tuple[SpotFact, ...]:
        (alive,) = self._alive(received_at)
        opened_at = self._opened_at
        if self._given_up or opened_at is None or received_at - opened_at <= SNAPSHOT_WITHIN:
            return (alive,)
        return (alive, self._lost("updates, but no snapshot", received_at))

    def _other(self, said: _Frame, received_at: Nanos) -> tuple[SpotFact, ...]:
        said_so = said.error or said.message
        if said_so is None:
            return self._alive(received_at)
        reason = words(f"{said.type}: {said_so}")
        return (SpotMalformed(self.venue, None, received_at, reason),)

    def _broken(self, reason: str, received_at: Nanos) -> tuple[SpotFact, ...]:
        """What was in it is unknown: an update, or a part of the snapshot."""
        malformed = SpotMalformed(self.venue, None, received_at, reason)
        if self._given_up:
            return (malformed,)
        return (malformed, self._lost("a frame was malformed", received_at))

    def _lost(self, reason: str, received_at: Nanos) -> SpotLost:
        self._unknow()
        self._given_up = True
        return SpotLost(self.venue, None, received_at, words(reason), "reconnect")

    def _unknow(self) -> None:
        self._book = None
        self._parts, self._meanwhile = ([], []), None
        self._suspects = set()
        self._document_at = None


def _sides(bids: list[_Level], asks: list[_Level]) -> _Book:
    return _side(bids, 0), _side(asks, 1)


def _side(levels: list[_Level], side: SpotSide) -> dict[int, int]:
    prices = [level.price for level in levels]
    return dict(read_whole_side(prices, [level.amount for level in levels], side))


def _apply(book: _Book, side: SpotSide, price: int, size: int) -> None:
    if size:
        book[side][price] = size
    else:
        book[side].pop(price, None)


def _differences(ours: _Book, theirs: _Book) -> set[tuple[SpotSide, int]]:
    """Levels among the best of either book that are not the same in both."""
    found: set[tuple[SpotSide, int]] = set()
    side: SpotSide
    for side in (0, 1):
        mine, other = ours[side], theirs[side]
        best = heapq.nlargest if side == 0 else heapq.nsmallest
        tops = {*best(COMPARED, mine), *best(COMPARED, other)}
        found |= {(side, price) for price in tops if mine.get(price) != other.get(price)}
    return found
