"""Crypto.com Exchange: 50 levels by snapshot and updates that name the one before.

Source: Exchange API v1, "book.{instrument_name}.{depth}", "public/respond-heartbeat" and
"Websocket Heartbeats", as read in autumn 2026. ``pu`` of an update is ``u`` of the frame before it;
anything else is a gap. The venue says nothing of levels that fall off the fiftieth place: they are
cut here and given out as removals, so that a reader's book is the venue's.
"""

import heapq
from collections import deque
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from kalshi_assistant.domain.time import MILLISECOND, SECOND, Nanos
from kalshi_assistant.venues.spot.asking import Asking
from kalshi_assistant.venues.spot.decimals import (
    SpotNumberError,
    price_of,
    size_of,
)
from kalshi_assistant.venues.spot.levels import (
    CHANGES_MAX,
    SNAPSHOT_LEVELS_MAX,
    YEAR_2100_MS,
    read_levels,
    words,
)
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

INSTRUMENT: Final = "BTC_USD"
DEPTH: Final = 50
CHANNEL: Final = f"book.{INSTRUMENT}.{DEPTH}"
FRAME_BYTES_MAX: Final = 1 << 20
"""A snapshot of 50 levels a side is some 5 kB."""

SETTLING: Final = SECOND
"""The rate limit is pro-rated over the calendar second a connection opens in; the documentation
asks to wait one."""
STALE_MAX: Final = 100
"""Updates older than a snapshot that may still arrive after it."""
UNANSWERED_MAX: Final = 16

_Millis = Annotated[int, Meta(ge=0, lt=YEAR_2100_MS)]
_Sequence = Annotated[int, Meta(ge=0, le=2**62)]
_Levels = Annotated[list[tuple[str, str, str | int]], Meta(max_length=SNAPSHOT_LEVELS_MAX // 2)]


class _Update(Struct, frozen=True, gc=False):
    bids: _Levels = []
    asks: _Levels = []


class _Data(Struct, frozen=True, gc=False):
    """A snapshot has ``bids`` and ``asks``, an update has ``update`` and ``pu``."""

    t: _Millis | None = None
    u: _Sequence | None = None
    pu: _Sequence | None = None
    bids: _Levels | None = None
    asks: _Levels | None = None
    update: _Update | None = None


class _Result(Struct, frozen=True, gc=False):
    instrument_name: str = ""
    channel: str = ""
    data: Annotated[list[_Data], Meta(max_length=1_000)] = []


class _Frame(Struct, frozen=True, gc=False):
    method: str
    id: Annotated[int, Meta(ge=-(2**62), le=2**62)] = -1
    code: int = 0
    message: str = ""
    result: _Result | None = None


_DECODER: Final = msgspec.json.Decoder(_Frame)
_Change = tuple[SpotSide, int, int]


class CryptocomWire:
    """The book of BTC_USD on one connection."""

    venue: Final[SpotVenue] = "cryptocom"
    url: Final = "wss://stream.crypto.com/exchange/v1/market"
    frame_bytes_max: Final = FRAME_BYTES_MAX

    def __init__(self) -> None:
        self._answers: deque[str] = deque(maxlen=UNANSWERED_MAX)
        self._sides: tuple[dict[int, int], dict[int, int]] = ({}, {})
        self._last: int | None = None
        self._settled = False
        self._stale = 0
        self._asking = Asking()
        self._id = 0

    def opened(self, now: Nanos) -> None:
        """A connection opened: nothing is known, nothing is subscribed."""
        self._answers.clear()
        self._unknow()
        self._asking.opened(now + SETTLING)

    def to_send(self, now: Nanos) -> tuple[str, ...]:
        """Heartbeat answers, and the subscription where one is due."""
        frames = list(self._answers)
        self._answers.clear()
        if self._asking.due(now):
            if self._asking.asked_before:
                # whether a second subscription brings a second snapshot is not documented
                frames.append(self._asked("unsubscribe", now))
            frames.append(self._asked("subscribe", now))
            self._asking.asked_before = True
        return tuple(frames)

    def document_wanted(self, now: Nanos) -> str | None:  # noqa: ARG002  # the contract's signature
        """Nothing: the continuity of updates is proof enough."""
        return None

    def receive(self, frame: bytes, received_at: Nanos) -> tuple[SpotFact, ...]:
        """Take a frame."""
        if len(frame) > FRAME_BYTES_MAX:
            return self._broken(f"a frame of {len(frame)} bytes", received_at)
        try:
            said = _DECODER.decode(frame)
        except (ValueError, RecursionError) as error:
            return self._broken(words(str(error)), received_at)
        try:
            return self._understood(said, received_at)
        except SpotNumberError as error:
            return self._broken(words(str(error)), received_at)

    def take_document(self, status: int, body: bytes, received_at: Nanos) -> tuple[SpotFact, ...]:  # noqa: ARG002  # the contract's signature
        """No document is asked for, so none is understood."""
        return (SpotMalformed(self.venue, None, received_at, "a document nobody asked for"),)

    def _understood(self, said: _Frame, received_at: Nanos) -> tuple[SpotFact, ...]:
        if said.method == "public/heartbeat":
            self._answers.append(f'{{"id":{said.id},"method":"public/respond-heartbeat"}}')
        elif said.code != 0:
            return self._refused(said, received_at)
        elif said.method == "subscribe" and (result := said.result) is not None:
            return self._book(result, received_at)
        return (SpotAlive(self.venue, None, received_at),)

    def _asked(self, method: str, now: Nanos) -> str:
        self._id += 1
        how = (
            ',"book_subscription_type":"SNAPSHOT_AND_UPDATE","book_update_frequency":10'
            if method == "subscribe"
            else ""
        )
        return (
            f'{{"id":{self._id},"method":"{method}","params":{{"channels":["{CHANNEL}"]{how}}},'
            f'"nonce":{now // MILLISECOND}}}'
        )

    def _book(self, result: _Result, received_at: Nanos) -> tuple[SpotFact, ...]:
        facts: list[SpotFact] = []
        for data in result.data if result.instrument_name == INSTRUMENT else ():
            if result.channel == "book":
                facts += self._replaced(data, received_at)
            elif result.channel == "book.update":
                facts += self._moved(data, received_at)
        return tuple(facts) or (SpotAlive(self.venue, None, received_at),)

    def _replaced(self, data: _Data, received_at: Nanos) -> tuple[SpotFact, ...]:
        if data.bids is None or data.asks is None or data.u is None:
            return self._broken("a snapshot without bids, asks or u", received_at)
        bids = _best(data.bids, 0)
        asks = _best(data.asks, 1)
        self._sides = (dict(bids), dict(asks))
        self._last, self._stale, self._settled = data.u, 0, False
        self._asking.answered()
        return (SpotReplaced(self.venue, _stamp(data), received_at, bids, asks),)

    def _moved(self, data: _Data, received_at: Nanos) -> tuple[SpotFact, ...]:
        alive = (SpotAlive(self.venue, _stamp(data), received_at),)
        if self._last is None:
            return alive  # of a subscription given up: its snapshot is on the way
        update, sequence = data.update, data.u
        if update is None or sequence is None or data.pu is None:
            return self._broken("an update without update, u or pu", received_at)
        if data.pu != self._last:
            if sequence <= self._last and not self._settled and self._stale < STALE_MAX:
                self._stale += 1
                return alive  # the snapshot holds it already
            return self._lost(f"gap: pu {data.pu} after u {self._last}", received_at)
        if len(update.bids) + len(update.asks) > CHANGES_MAX:
            return self._broken("an update with too many changes", received_at)
        changes = self._applied(update)
        self._last, self._settled = sequence, True
        self._asking.worked()
        return (SpotMoved(self.venue, _stamp(data), received_at, changes),) if changes else alive

    def _applied(self, update: _Update) -> tuple[_Change, ...]:
        """All numbers are read before the first is applied."""
        read = [_read(side, update) for side in (0, 1)]
        changes: list[_Change] = []
        side: SpotSide
        for side, new in ((0, read[0]), (1, read[1])):
            book = self._sides[side]
            for price, size in new.items():
                if size:
                    book[price] = size
                else:
                    book.pop(price, None)
            if (beyond := len(book) - DEPTH) > 0:
                worst = heapq.nsmallest if side == 0 else heapq.nlargest
                for price in worst(beyond, book):
                    del book[price]
                    new[price] = 0
            changes += [(side, price, size) for price, size in new.items()]
        return tuple(changes)

    def _refused(self, said: _Frame, received_at: Nanos) -> tuple[SpotFact, ...]:
        reason = words(f"{said.method} {said.code}: {said.message}")
        if said.method == "subscribe":
            return self._lost(reason, received_at)
        if said.method == "unsubscribe":
            return (SpotAlive(self.venue, None, received_at),)  # gone already is gone
        return (SpotMalformed(self.venue, None, received_at, reason),)

    def _broken(self, reason: str, received_at: Nanos) -> tuple[SpotFact, ...]:
        """What was in it is unknown, so the book may be wrong; an unknown one cannot get worse."""
        malformed = SpotMalformed(self.venue, None, received_at, reason)
        if self._last is None:
            return (malformed,)
        return (malformed, *self._lost("a frame was malformed", received_at))

    def _lost(self, reason: str, received_at: Nanos) -> tuple[SpotFact, ...]:
        if self._last is not None:
            self._unknow()
            self._asking.lost(received_at)
        return (SpotLost(self.venue, None, received_at, reason, "resubscribe"),)

    def _unknow(self) -> None:
        self._sides = ({}, {})
        self._last = None


def _best(written: list[tuple[str, str, str | int]], side: SpotSide) -> tuple[SpotLevel, ...]:
    prices = [price for price, _, _ in written]
    return read_levels(prices, [size for _, size, _ in written], side)[:DEPTH]


def _read(side: int, update: _Update) -> dict[int, int]:
    written = update.asks if side else update.bids
    return {price_of(price): size_of(size) for price, size, _ in written}


def _stamp(data: _Data) -> Nanos | None:
    return None if data.t is None else Nanos(data.t * MILLISECOND)
