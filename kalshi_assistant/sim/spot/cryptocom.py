"""Crypto.com Exchange, the server's side: 50 levels, and updates that name the one before.

Source: Exchange API v1, "book.{instrument_name}.{depth}", "public/respond-heartbeat" and
"Websocket Heartbeats", as read in autumn 2026. A client that does not answer a heartbeat within 5
seconds is closed. A level that falls beyond the depth is not spoken of; one that comes into it is.
Where nothing changes, an empty update comes every 5 seconds.

Not documented, and so a choice of this server: a repeated subscription is acknowledged and changes
nothing. Not served: whole books at intervals (``SNAPSHOT``); each level is said to be one order.
"""

from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import Struct

from kalshi_assistant.domain.time import MILLISECOND, SECOND, Nanos
from kalshi_assistant.sim.spot.beat import Beat
from kalshi_assistant.sim.spot.commands import Names, Number, read
from kalshi_assistant.sim.spot.contract import Book, Change, sided
from kalshi_assistant.sim.spot.ranked import Ranked
from kalshi_assistant.sim.spot.written import price_text, size_text

INSTRUMENT: Final = "BTC_USD"
DEPTH: Final = 50
CHANNEL: Final = f"book.{INSTRUMENT}.{DEPTH}"
HEARTBEAT_EVERY: Final = 30 * SECOND
ANSWER_WITHIN: Final = 5 * SECOND
EMPTY_AFTER: Final = 5 * SECOND
FIRST_NUMBER: Final = 500

ERRORS: Final = {
    40001: "BAD_REQUEST",
    40002: "METHOD_NOT_FOUND",
    40003: "INVALID_REQUEST",
    40004: "MISSING_OR_INVALID_ARGUMENT",
}


class _Params(Struct):
    channels: Names = []
    book_subscription_type: str = "SNAPSHOT"


class _Command(Struct):
    id: Number = -1
    method: str = ""
    params: _Params = msgspec.field(default_factory=_Params)


_DECODER: Final = msgspec.json.Decoder(_Command)
_encode: Final = msgspec.json.Encoder().encode


class CryptocomServer:
    """One connection for the book of BTC_USD."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._sides: tuple[Ranked, Ranked] | None = None
        self._last = FIRST_NUMBER
        self._said_at = 0
        """When the newest frame of the book was sent."""
        self._beats = Beat(HEARTBEAT_EVERY)
        self._asked: int | None = None
        """Id of a heartbeat that waits for its answer."""
        self._asked_at = 0
        self._closed = False

    @property
    def closed(self) -> bool:
        """Whether the venue has ended the connection."""
        return self._closed

    def opened(self, now: Nanos) -> list[bytes]:
        """Nothing is said unasked before the first heartbeat."""
        self._beats.start(now)
        return []

    def receive(self, frame: bytes, now: Nanos) -> list[bytes]:
        """The answer to a command; an answer to a heartbeat has none."""
        if self._closed:
            return []
        command = read(_DECODER, frame)
        return [_answer(_Command(), 40001)] if command is None else self._obey(command, now)

    def publish(self, changes: Sequence[Change], now: Nanos) -> list[bytes]:
        """One frame of all changes within the depth, if there are any."""
        if self._closed or self._sides is None:
            return []
        bids, asks = (
            ranked.move(moves) for ranked, moves in zip(self._sides, sided(changes), strict=True)
        )
        return [self._update(bids, asks, now)] if bids or asks else []

    def tick(self, now: Nanos) -> list[bytes]:
        """Heartbeats and empty updates."""
        if self._asked is not None and now - self._asked_at > ANSWER_WITHIN:
            self._closed = True
        if self._closed:
            return []
        frames: list[bytes] = []
        if self._beats.due(now):
            self._asked, self._asked_at = now // MILLISECOND, now
            frames.append(f'{{"id":{self._asked},"method":"public/heartbeat","code":0}}'.encode())
        if self._sides is not None and now - self._said_at >= EMPTY_AFTER:
            frames.append(self._update([], [], now))
        return frames

    def _obey(self, command: _Command, now: Nanos) -> list[bytes]:
        match command.method:
            case "public/respond-heartbeat":
                if command.id != self._asked:
                    return [_answer(command, 40003)]
                self._asked = None
                return []
            case "subscribe":
                return self._subscribe(command, now)
            case "unsubscribe":
                known = self._sides is not None and command.params.channels == [CHANNEL]
                self._sides = None if known else self._sides
                return [_answer(command, 0 if known else 40004)]
            case _:
                return [_answer(command, 40002)]

    def _subscribe(self, command: _Command, now: Nanos) -> list[bytes]:
        params = command.params
        if params.channels != [CHANNEL]:
            return [_answer(command, 40004)]
        if params.book_subscription_type != "SNAPSHOT_AND_UPDATE":
            return [_answer(command, 40003)]
        if self._sides is not None:
            return [_answer(command, 0)]
        bids, asks = (Ranked(side, self._book.levels(side), DEPTH) for side in (0, 1))
        self._sides = (bids, asks)
        self._said_at = now
        body = f'{_sides(bids.seen(), asks.seen())},{_stamps(now)},"u":{self._last}'
        return [_frame(command.id, "book", body)]

    def _update(
        self, bids: list[tuple[int, int]], asks: list[tuple[int, int]], now: Nanos
    ) -> bytes:
        before, self._last = self._last, self._last + 1
        self._said_at = now
        numbers = f'"u":{self._last},"pu":{before},"cs":0'
        body = f'"update":{{{_sides(bids, asks)}}},{_stamps(now)},{numbers}'
        return _frame(-1, "book.update", body)


def _frame(id_: int, channel: str, body: str) -> bytes:
    return (
        f'{{"id":{id_},"method":"subscribe","code":0,"result":{{'
        f'"instrument_name":"{INSTRUMENT}","subscription":"{CHANNEL}","channel":"{channel}",'
        f'"depth":{DEPTH},"data":[{{{body}}}]}}}}'
    ).encode()


def _sides(bids: list[tuple[int, int]], asks: list[tuple[int, int]]) -> str:
    return f'"bids":[{_levels(bids)}],"asks":[{_levels(asks)}]'


def _levels(levels: list[tuple[int, int]]) -> str:
    return ",".join(
        [
            f'["{price_text(price, 2)}","{size_text(size)}","{1 if size else 0}"]'
            for price, size in levels
        ]
    )


def _stamps(now: Nanos) -> str:
    millis = now // MILLISECOND
    return f'"t":{millis},"tt":{millis}'


def _answer(command: _Command, code: int) -> bytes:
    said = {"id": command.id, "method": command.method[:40], "code": code}
    return _encode(said | ({"message": ERRORS[code]} if code else {}))
