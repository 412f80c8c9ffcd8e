"""Kraken: a thousand levels a side, proved by a checksum over the ten best.

Source: WebSocket API v2, "Book", "Instrument", "Heartbeat", "Ping" and the guide "Book checksum",
as read in autumn 2026. The checksum needs the pair's decimals, which the ``instrument`` channel
tells. The venue does not say which levels fall off the thousandth place: they are cut here and
given out as removals, so that a reader's book is the venue's.
"""

from binascii import crc32
from bisect import bisect_left, insort
from decimal import Decimal
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Raw, Struct

from kalshi_assistant.domain.time import SECOND, Nanos
from kalshi_assistant.venues.spot.asking import Asking
from kalshi_assistant.venues.spot.decimals import (
    Known,
    SpotNumberError,
    parse_spot_price,
    parse_spot_size,
)
from kalshi_assistant.venues.spot.depth import SpotChange, bounded
from kalshi_assistant.venues.spot.levels import SNAPSHOT_LEVELS_MAX, best_first, words
from kalshi_assistant.venues.spot.stamps import iso_stamp
from kalshi_assistant.venues.spot.wire import (
    PRICE_MAX,
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

SYMBOL: Final = "BTC/USD"
DEPTH: Final = 1_000
"""A hundred levels often end before half a percent of the price."""
CHECKED: Final = 10
"""Levels a side under the checksum."""
FRAME_BYTES_MAX: Final = 1 << 24
"""The snapshot of all instruments is the largest frame, some megabytes."""
PING_EVERY: Final = 30 * SECOND
QUIET_MAX: Final = 60 * SECOND
"""Frames, but none of the book for so long: its subscription ended unsaid."""

PRICE_DECIMALS: Final = 1
SIZE_DECIMALS: Final = 8
"""Decimals of the pair until the venue tells them."""

PLAIN_MAX: Final = 20
"""Digits of a number that is written out."""

INSTRUMENT_ID: Final = 1
BOOK_ID: Final = 2
UNBOOK_ID: Final = 3
PING_ID: Final = 4
"""Ids of requests, repeated in their answers."""

_BOOK: Final = f'"params":{{"channel":"book","symbol":["{SYMBOL}"],"depth":{DEPTH}'
_INSTRUMENT: Final = (
    '{"method":"subscribe","params":{"channel":"instrument","snapshot":true},'
    f'"req_id":{INSTRUMENT_ID}}}'
)
_SUBSCRIBE: Final = f'{{"method":"subscribe",{_BOOK},"snapshot":true}},"req_id":{BOOK_ID}}}'
_UNSUBSCRIBE: Final = f'{{"method":"unsubscribe",{_BOOK}}},"req_id":{UNBOOK_ID}}}'
_PING: Final = f'{{"method":"ping","req_id":{PING_ID}}}'


class _Level(Struct, frozen=True, gc=False):
    """Numbers of JSON, as they are written: a float would lose their trailing digits."""

    price: Raw
    qty: Raw


_Levels = Annotated[list[_Level], Meta(max_length=SNAPSHOT_LEVELS_MAX // 2)]


class _Book(Struct, frozen=True, gc=False):
    symbol: str
    checksum: int
    bids: _Levels = []
    asks: _Levels = []
    timestamp: str = ""


class _Pair(Struct, frozen=True, gc=False):
    symbol: str
    price_precision: Annotated[int, Meta(ge=0, le=4)]
    qty_precision: Annotated[int, Meta(ge=0, le=8)]


class _Symbol(Struct, frozen=True, gc=False):
    symbol: str


class _Instruments(Struct, frozen=True, gc=False):
    pairs: list[Raw] = []
    """Only ours is read further: another pair may have decimals that do not fit."""


class _Frame(Struct, frozen=True, gc=False):
    channel: str = ""
    type: str = ""
    data: Raw = Raw(b"null")
    method: str = ""
    success: bool = True
    error: str | None = None
    req_id: int | None = None


_FRAMES: Final = msgspec.json.Decoder(_Frame)
_BOOKS: Final = msgspec.json.Decoder(Annotated[list[_Book], Meta(max_length=1_000)])
_INSTRUMENTS: Final = msgspec.json.Decoder(_Instruments)
_PAIR: Final = msgspec.json.Decoder(_Pair)
_NUMBERS: Final = msgspec.json.Decoder(Decimal)
_SYMBOLS: Final = msgspec.json.Decoder(_Symbol)


class KrakenWire:
    """The book of BTC/USD on one connection."""

    venue: Final[SpotVenue] = "kraken"
    url: Final = "wss://ws.kraken.com/v2"
    frame_bytes_max: Final = FRAME_BYTES_MAX

    def __init__(self) -> None:
        self._asking = Asking()
        self._ping_at: int | None = None
        self._decimals = (PRICE_DECIMALS, SIZE_DECIMALS)
        self._sides: tuple[_Side, _Side] | None = None
        self._book_at = 0
        """When the newest frame of a known book came."""

    def opened(self, now: Nanos) -> None:
        """A connection opened: nothing is known, nothing is subscribed."""
        self._asking.opened(now)
        self._ping_at = now + PING_EVERY
        self._decimals = (PRICE_DECIMALS, SIZE_DECIMALS)
        self._sides = None

    def to_send(self, now: Nanos) -> tuple[str, ...]:
        """The subscriptions and the pings that are due."""
        frames: list[str] = []
        if self._asking.due(now):
            # a second subscription beside a living one is refused
            frames += (
                (_UNSUBSCRIBE, _SUBSCRIBE)
                if self._asking.asked_before
                else (_INSTRUMENT, _SUBSCRIBE)
            )
            self._asking.asked_before = True
        if self._ping_at is not None and now >= self._ping_at:
            frames.append(_PING)
            self._ping_at = now + PING_EVERY
        return tuple(frames)

    def document_wanted(self, now: Nanos) -> str | None:  # noqa: ARG002  # the contract's signature
        """Nothing: the checksum is proof enough."""
        return None

    def receive(self, frame: bytes, received_at: Nanos) -> tuple[SpotFact, ...]:
        """Take a frame."""
        if len(frame) > FRAME_BYTES_MAX:
            return self._broken(f"a frame of {len(frame)} bytes", received_at)
        try:
            said = _FRAMES.decode(frame)
            if said.channel == "book":
                return self._books(said, received_at)
        except (ValueError, RecursionError) as error:
            return self._broken(words(str(error)), received_at)
        return self._other(said, received_at)

    def take_document(self, status: int, body: bytes, received_at: Nanos) -> tuple[SpotFact, ...]:  # noqa: ARG002  # the contract's signature
        """No document is asked for, so none is understood."""
        return (SpotMalformed(self.venue, None, received_at, "a document nobody asked for"),)

    def _other(self, said: _Frame, received_at: Nanos) -> tuple[SpotFact, ...]:
        if not said.success:
            return self._refused(said, received_at)
        if said.channel == "instrument":
            return self._instrument(said.data, received_at)
        alive = SpotAlive(self.venue, None, received_at)
        if self._sides is not None and received_at - self._book_at > QUIET_MAX:
            return (alive, self._lost("frames, but no change", received_at))
        return (alive,)

    def _instrument(self, data: Raw, received_at: Nanos) -> tuple[SpotFact, ...]:
        """The pair's decimals; a book whose decimals are unknown fails by its checksum."""
        try:
            for pair in _INSTRUMENTS.decode(data).pairs:
                if _SYMBOLS.decode(pair).symbol == SYMBOL:
                    told = _PAIR.decode(pair)
                    self._decimals = (told.price_precision, told.qty_precision)
        except (ValueError, RecursionError) as error:
            return (SpotMalformed(self.venue, None, received_at, words(f"instrument: {error}")),)
        return (SpotAlive(self.venue, None, received_at),)

    def _books(self, said: _Frame, received_at: Nanos) -> tuple[SpotFact, ...]:
        facts: list[SpotFact] = []
        for book in _BOOKS.decode(said.data):
            if book.symbol != SYMBOL:
                continue
            if said.type == "snapshot":
                facts.append(self._replaced(book, received_at))
            elif said.type == "update":
                facts.append(self._moved(book, received_at))
            else:
                raise SpotNumberError(f"a book of type {said.type!r}")
        return tuple(facts) or (SpotAlive(self.venue, None, received_at),)

    def _replaced(self, book: _Book, received_at: Nanos) -> SpotFact:
        bids, asks = _best(book.bids, 0), _best(book.asks, 1)
        sides = (_Side(bids, 0), _Side(asks, 1))
        if (ours := _checksum(sides, self._decimals)) != book.checksum:
            return self._lost(f"snapshot: checksum {book.checksum}, ours {ours}", received_at)
        self._sides = sides
        self._book_at = received_at
        self._asking.answered()
        return SpotReplaced(self.venue, iso_stamp(book.timestamp), received_at, bids, asks)

    def _moved(self, book: _Book, received_at: Nanos) -> SpotFact:
        at = iso_stamp(book.timestamp)
        if self._sides is None:
            return SpotAlive(self.venue, at, received_at)  # its snapshot is on the way
        bounded(len(book.bids) + len(book.asks))
        # all numbers are read before the first is applied
        changes = [*_changes(book.bids, 0), *_changes(book.asks, 1)]
        for side, price, size in changes:
            self._sides[side].put(price, size)
        for each in self._sides:
            changes += each.cut()
        if (ours := _checksum(self._sides, self._decimals)) != book.checksum:
            return self._lost(f"update: checksum {book.checksum}, ours {ours}", received_at)
        self._book_at = received_at
        self._asking.worked()
        if not changes:
            return SpotAlive(self.venue, at, received_at)
        return SpotMoved(self.venue, at, received_at, tuple(changes))

    def _refused(self, said: _Frame, received_at: Nanos) -> tuple[SpotFact, ...]:
        reason = words(f"{said.method}: {said.error}")
        if said.method == "unsubscribe":
            return (SpotAlive(self.venue, None, received_at),)  # gone already is gone
        if said.method == "subscribe" and said.req_id != INSTRUMENT_ID and self._sides is None:
            return (self._lost(reason, received_at),)
        return (SpotMalformed(self.venue, None, received_at, reason),)

    def _broken(self, reason: str, received_at: Nanos) -> tuple[SpotFact, ...]:
        """What was in it is unknown, so the book may be wrong; an unknown one cannot get worse."""
        malformed = SpotMalformed(self.venue, None, received_at, reason)
        if self._sides is None:
            return (malformed,)
        return (malformed, self._lost("a frame was malformed", received_at))

    def _lost(self, reason: str, received_at: Nanos) -> SpotLost:
        if self._sides is not None:
            self._sides = None
            self._asking.lost(received_at)
        return SpotLost(self.venue, None, received_at, words(reason), "resubscribe")


class _Side:
    """One side of the venue's book: its prices in order, and their sizes."""

    __slots__ = ("_checked", "_prices", "_side", "_sizes", "_tenth", "_units")

    def __init__(self, levels: tuple[SpotLevel, ...], side: SpotSide) -> None:
        self._side: SpotSide = side
        self._sizes = dict(levels)
        self._prices = sorted(self._sizes)
        self._checked: str | None = None
        """What the levels under the checksum read as; ``None`` since one of them changed."""
        self._tenth = 0
        """The worst of their prices, and the units they were written in."""
        self._units = (0, 0)

    def put(self, price: int, size: int) -> None:
        if price >= self._tenth if self._side == 0 else price <= self._tenth:
            self._checked = None
        if size:
            if price not in self._sizes:
                insort(self._prices, price)
            self._sizes[price] = size
        elif self._sizes.pop(price, None) is not None:
            del self._prices[bisect_left(self._prices, price)]

    def cut(self) -> list[SpotChange]:
        """Drop what lies beyond the depth; what was dropped, as removals."""
        beyond = len(self._prices) - DEPTH
        if beyond <= 0:
            return []
        place = slice(beyond) if self._side == 0 else slice(DEPTH, None)
        gone = self._prices[place]
        del self._prices[place]
        for price in gone:
            del self._sizes[price]
        return [(self._side, price, 0) for price in gone]

    def checked(self, units: tuple[int, int]) -> str:
        """The levels under the checksum, best first: each number in its unit, which is without its
        point and without leading zeros.
        """
        if self._checked is None or units != self._units:
            unit, size_unit = self._units = units
            sizes, prices = self._sizes, self._prices
            best = prices[: -CHECKED - 1 : -1] if self._side == 0 else prices[:CHECKED]
            self._tenth = best[-1] if len(best) == CHECKED else (0, PRICE_MAX)[self._side]
            self._checked = "".join(
                [f"{price // unit}{sizes[price] // size_unit}" for price in best]
            )
        return self._checked


def _checksum(sides: tuple[_Side, _Side], decimals: tuple[int, int]) -> int:
    """CRC32 over asks, then bids, with the pair's decimals."""
    units = 10 ** (4 - decimals[0]), 10 ** (8 - decimals[1])
    bids, asks = sides
    return crc32((asks.checked(units) + bids.checked(units)).encode())


def _best(levels: list[_Level], side: SpotSide) -> tuple[SpotLevel, ...]:
    prices = [price_of(bytes(each.price)) for each in levels]
    return best_first(prices, [size_of(bytes(each.qty)) for each in levels], side)[:DEPTH]


def _changes(levels: list[_Level], side: SpotSide) -> list[SpotChange]:
    return [(side, price_of(bytes(each.price)), size_of(bytes(each.qty))) for each in levels]


def _text(raw: bytes) -> str:
    """A number of JSON as a plain decimal, also where it has an exponent or stands in quotes."""
    if len(raw) < PLAIN_MAX and raw.replace(b".", b"").isdigit():
        return raw.decode()  # JSON has seen to it that digits surround the one point
    number = _NUMBERS.decode(raw)
    text = str(number)
    if "E" not in text:
        return text
    if not -PLAIN_MAX < number.adjusted() < PLAIN_MAX:
        raise SpotNumberError(f"out of range: {text[:40]!r}")  # its plain form may fill the memory
    return f"{number:f}"


price_of: Final = Known[bytes](lambda raw: parse_spot_price(_text(raw))).__getitem__
"""The price in a number of JSON, remembered. Raises SpotNumberError."""
size_of: Final = Known[bytes](lambda raw: parse_spot_size(_text(raw))).__getitem__
"""The size."""
