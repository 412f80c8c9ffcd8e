"""Bullish, the server's side: 100 levels a side, the whole book in every message.

Source: Trading API, "Multi-Orderbook WebSocket (Unauthenticated)" and "Keep WebSocket Open", as
read in autumn 2026. A client that sends nothing is closed; the documentation says after 5 minutes,
users say after some 100 seconds, which is what this server does.

Not documented, and so a choice of this server: at most ten books a second; a repeated subscription
brings the book again; the numbers and words of errors.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import msgspec
from msgspec import Struct

from kalshi_assistant.domain.time import MILLISECOND, SECOND, Nanos
from kalshi_assistant.sim.spot.commands import Id, read
from kalshi_assistant.sim.spot.contract import Book, Change, Levels
from kalshi_assistant.sim.spot.written import iso_millis, price_text, size_text

SYMBOL: Final = "BTCUSD"
TOPIC: Final = "l2Orderbook"
DEPTH: Final = 100
BOOK_EVERY: Final = 100 * MILLISECOND
IDLE_MAX: Final = 100 * SECOND


class _Params(Struct):
    topic: str = ""
    symbol: str = ""


class _Command(Struct):
    method: str = ""
    params: _Params = msgspec.field(default_factory=_Params)
    id: Id | None = None


_DECODER: Final = msgspec.json.Decoder(_Command)
_encode: Final = msgspec.json.Encoder().encode


class BullishServer:
    """One connection for the book of BTCUSD."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._subscribed = False
        self._number = 0
        """Changes so far."""
        self._told = 0
        """Changes up to the newest book that was sent, and when that was."""
        self._told_at = 0
        self._heard_at = 0
        self._closed = False

    @property
    def closed(self) -> bool:
        """Whether the venue has ended the connection."""
        return self._closed

    def opened(self, now: Nanos) -> list[bytes]:
        """Nothing is said unasked."""
        self._heard_at = now
        return []

    def receive(self, frame: bytes, now: Nanos) -> list[bytes]:
        """The answers to a command."""
        if self._closed:
            return []
        self._heard_at = now
        command = read(_DECODER, frame)
        if command is None:
            return [_refusal(None, -32700, "Parse error")]
        if command.method == "keepalivePing":
            return [_answer(command.id, "Keep alive pong")]
        if command.method not in ("subscribe", "unsubscribe"):
            return [_refusal(command.id, -32601, "Method not found")]
        if (command.params.topic, command.params.symbol) != (TOPIC, SYMBOL):
            return [_error("no such topic or symbol")]
        self._subscribed = command.method == "subscribe"
        answer = _answer(command.id, f"Successfully {command.method}d: {TOPIC}")
        return [answer, self._whole(now)] if self._subscribed else [answer]

    def publish(self, changes: Sequence[Change], now: Nanos) -> list[bytes]:
        """The whole book; where one was sent a moment ago, ``tick`` sends this one."""
        self._number += len(changes)
        return self._due(now)

    def tick(self, now: Nanos) -> list[bytes]:
        """A book that waits; a silent client is closed."""
        self._closed = self._closed or now - self._heard_at > IDLE_MAX
        return self._due(now)

    def _due(self, now: Nanos) -> list[bytes]:
        moved = self._subscribed and self._number > self._told
        if self._closed or not moved or now - self._told_at < BOOK_EVERY:
            return []
        return [self._whole(now)]

    def _whole(self, now: Nanos) -> bytes:
        first = min(self._told + 1, self._number)
        self._told, self._told_at = self._number, now
        millis = now // MILLISECOND
        return (
            f'{{"type":"snapshot","dataType":"V1TALevel2","data":{{"symbol":"{SYMBOL}",'
            f'"bids":[{_flat(self._book.levels(0))}],"asks":[{_flat(self._book.levels(1))}],'
            f'"sequenceNumberRange":[{first},{self._number}],"datetime":"{iso_millis(now)}",'
            f'"timestamp":"{millis}","publishedAtTimestamp":"{millis}"}}}}'
        ).encode()


def _flat(levels: Levels) -> str:
    return ",".join([_pair(price, size) for price, size in levels[:DEPTH]])


@lru_cache(maxsize=4_096)  # most levels of a book are those of the book before
def _pair(price: int, size: int) -> str:
    return f'"{price_text(price, 1)}","{size_text(size, 1)}"'


def _answer(id_: int | str | None, message: str) -> bytes:
    result = {"responseCodeName": "OK", "responseCode": "200", "message": message}
    return _encode({"id": id_, "jsonrpc": "2.0", "result": result})


def _refusal(id_: int | str | None, code: int, message: str) -> bytes:
    return _encode({"id": id_, "jsonrpc": "2.0", "error": {"code": code, "message": message}})


def _error(message: str) -> bytes:
    data = {"errorCode": 400, "errorCodeName": "BAD_REQUEST", "message": message}
    return _encode({"type": "error", "dataType": "V1TAErrorResponse", "data": data})
