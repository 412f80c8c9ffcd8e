"""Kraken, the server's side: the best levels as deep as asked, and a checksum of the ten best.

Source: WebSocket API v2, "Book", "Instrument", "Heartbeat", "Ping" and the guide "Book checksum",
as read in autumn 2026. Numbers are JSON numbers with the pair's decimals, trailing zeros and all.
A level that falls beyond the depth is not spoken of; one that comes into it is.

Not documented, and so a choice of this server: a second subscription beside a living one is refused
whatever its depth.
"""

from binascii import crc32
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import msgspec
from msgspec import Struct

from kalshi_assistant.domain.time import SECOND, Nanos
from kalshi_assistant.sim.spot.commands import Id, Names, read
from kalshi_assistant.sim.spot.contract import Book, Change, sided
from kalshi_assistant.sim.spot.ranked import Ranked
from kalshi_assistant.sim.spot.written import full_size_text, iso_micros, price_text

SYMBOL: Final = "BTC/USD"
DEPTHS: Final = (10, 25, 100, 500, 1_000)
PRICE_DECIMALS: Final = 1
SIZE_DECIMALS: Final = 8
CHECKED: Final = 10
"""Levels a side under the checksum."""
HEARTBEAT_AFTER: Final = SECOND
"""A connection with subscriptions hears something at least this often."""

_PRICE_UNIT: Final = 10 ** (4 - PRICE_DECIMALS)
_PAIR: Final[dict[str, object]] = {
    "symbol": SYMBOL,
    "base": "BTC",
    "quote": "USD",
    "status": "online",
    "price_precision": PRICE_DECIMALS,
    "price_increment": 0.1,
    "qty_precision": SIZE_DECIMALS,
    "qty_increment": 0.00000001,
}


class _Params(Struct):
    channel: str = ""
    symbol: Names = []
    depth: int = 10
    snapshot: bool = True


class _Command(Struct):
    method: str = ""
    params: _Params = msgspec.field(default_factory=_Params)
    req_id: Id | None = None


_DECODER: Final = msgspec.json.Decoder(_Command)
_encode: Final = msgspec.json.Encoder().encode


class KrakenServer:
    """One connection for the book of BTC/USD."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._sides: tuple[Ranked, Ranked] | None = None
        self._checked = ["", ""]
        """The text of each side under the checksum."""
        self._depth = 0
        self._instruments = False
        self._said_at = 0

    @property
    def closed(self) -> bool:
        """Never: this venue ends no connection that a client keeps."""
        return False

    def opened(self, now: Nanos) -> list[bytes]:
        """The state of the system."""
        self._said_at = now
        told = {"api_version": "v2", "connection_id": now, "system": "online", "version": "2.0.9"}
        return [_encode({"channel": "status", "type": "update", "data": [told]})]

    def receive(self, frame: bytes, now: Nanos) -> list[bytes]:
        """The answers to a command."""
        self._said_at = now
        command = read(_DECODER, frame)
        if command is None:
            return [_encode({"error": "Malformed request", "success": False} | _times(now))]
        if command.method == "ping":
            return [_answer(command, {"method": "pong"}, now)]
        if command.method not in ("subscribe", "unsubscribe"):
            return [_refusal(command, "Unsupported method", now)]
        if command.params.channel == "instrument":
            return self._instrument(command, now)
        return self._books(command, now)

    def publish(self, changes: Sequence[Change], now: Nanos) -> list[bytes]:
        """One frame of all changes within the depth, if there are any."""
        if self._sides is None:
            return []
        told: list[list[tuple[int, int]]] = []
        for side, moves in enumerate(sided(changes)):
            told.append(self._sides[side].move(moves))
            if told[side]:
                self._checked[side] = _checked(self._sides[side])
        if not any(told):
            return []
        self._said_at = now
        return [self._frame("update", told[0], told[1], now)]

    def tick(self, now: Nanos) -> list[bytes]:
        """A heartbeat when nothing else was said for a second."""
        subscribed = self._sides is not None or self._instruments
        if not subscribed or now - self._said_at < HEARTBEAT_AFTER:
            return []
        self._said_at = now
        return [b'{"channel":"heartbeat"}']

    def _books(self, command: _Command, now: Nanos) -> list[bytes]:
        if command.params.channel != "book":
            return [_refusal(command, "Unsupported channel", now)]
        if not command.params.symbol:
            return [_refusal(command, "Symbol(s) not found", now)]
        obey = self._subscribe if command.method == "subscribe" else self._unsubscribe
        return [each for symbol in command.params.symbol for each in obey(command, symbol, now)]

    def _instrument(self, command: _Command, now: Nanos) -> list[bytes]:
        """The pair's decimals; they never change, so the snapshot is all there is."""
        self._instruments = command.method == "subscribe"
        result = {"channel": "instrument", "snapshot": command.params.snapshot}
        said = {"method": command.method, "result": result, "success": True}
        answer = _answer(command, said, now)
        if not self._instruments or not command.params.snapshot:
            return [answer]
        assets = [{"id": "BTC", "precision": 10}, {"id": "USD", "precision": 4}]
        data = {"assets": assets, "pairs": [_PAIR]}
        return [answer, _encode({"channel": "instrument", "type": "snapshot", "data": data})]

    def _subscribe(self, command: _Command, symbol: str, now: Nanos) -> list[bytes]:
        if symbol != SYMBOL:
            return [_refusal(command, f"Currency pair not supported {symbol[:40]}", now)]
        depth = command.params.depth
        if depth not in DEPTHS:
            return [_refusal(command, "Depth not supported", now)]
        if self._sides is not None:
            return [_refusal(command, "Already subscribed", now)]
        bids, asks = (Ranked(side, self._book.levels(side), depth) for side in (0, 1))
        self._sides, self._depth = (bids, asks), depth
        self._checked = [_checked(bids), _checked(asks)]
        answers = [self._acknowledged(command, now)]
        if command.params.snapshot:
            answers.append(self._frame("snapshot", bids.seen(), asks.seen(), now))
        return answers

    def _unsubscribe(self, command: _Command, symbol: str, now: Nanos) -> list[bytes]:
        if symbol != SYMBOL or self._sides is None or command.params.depth != self._depth:
            return [_refusal(command, "Subscription Not Found", now)]
        self._sides = None
        return [self._acknowledged(command, now)]

    def _acknowledged(self, command: _Command, now: Nanos) -> bytes:
        result = {
            "channel": "book",
            "depth": self._depth,
            "snapshot": command.params.snapshot,
            "symbol": SYMBOL,
        }
        return _answer(command, {"method": command.method, "result": result, "success": True}, now)

    def _frame(
        self, kind: str, bids: list[tuple[int, int]], asks: list[tuple[int, int]], now: Nanos
    ) -> bytes:
        checksum = crc32((self._checked[1] + self._checked[0]).encode())
        return (
            f'{{"channel":"book","type":"{kind}","data":[{{"symbol":"{SYMBOL}",'
            f'"bids":[{_levels(bids)}],"asks":[{_levels(asks)}],"checksum":{checksum},'
            f'"timestamp":"{iso_micros(now)}"}}]}}'
        ).encode()


def _levels(levels: list[tuple[int, int]]) -> str:
    return ",".join(
        [
            f'{{"price":{price_text(price, PRICE_DECIMALS)},"qty":{full_size_text(size)}}}'
            for price, size in levels
        ]
    )


def _checked(side: Ranked) -> str:
    """A side under the checksum."""
    return "".join([_digits(price, size) for price, size in side.best(CHECKED)])


@lru_cache(maxsize=1_024)  # most of the best levels are those of the book before
def _digits(price: int, size: int) -> str:
    """Numbers with the pair's decimals, without the point and without leading zeros, which is how
    an integer of the smallest unit is written.
    """
    return f"{price // _PRICE_UNIT}{size}"


def _answer(command: _Command, said: dict[str, object], now: Nanos) -> bytes:
    id_ = {} if command.req_id is None else {"req_id": command.req_id}
    return _encode(said | id_ | _times(now))


def _refusal(command: _Command, error: str, now: Nanos) -> bytes:
    said = {"error": error, "method": command.method[:40], "success": False}
    return _answer(command, said, now)


def _times(now: Nanos) -> dict[str, object]:
    return {"time_in": iso_micros(now), "time_out": iso_micros(now)}
