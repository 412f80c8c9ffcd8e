"""Gemini, the server's side: the whole book by the new stream, or by the old one.

Source: WebSocket API, "Differential Depth", and the archived "Market Data v2", as read in autumn
2026. Which stream it is, the client's command says; one path serves both. The first frame of a
subscription is the whole book and nothing marks it as such. Frames of the new stream are numbered
from ``U`` to ``u``, one number a change; the old stream has no numbers.

Not documented, and so a choice of this server: ``U`` is the number after the last ``u``; a repeated
subscription to the new stream changes nothing, one to the old brings the book again; the numbers
and words of errors. Changes are sent at once; the venue collects them for 100 ms.
"""

from collections.abc import Sequence
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from kalshi_assistant.domain.time import MILLISECOND, SECOND, Nanos
from kalshi_assistant.sim.spot.beat import Beat
from kalshi_assistant.sim.spot.commands import NAMES_MAX, Id, Names, read
from kalshi_assistant.sim.spot.contract import Book, Change, Levels, sided
from kalshi_assistant.sim.spot.written import price_text, size_text

STREAM: Final = "btcusd@depth@100ms"
SYMBOL: Final = "BTCUSD"
HEARTBEAT_EVERY: Final = 5 * SECOND
"""Of the old stream."""
FIRST_NUMBER: Final = 1_000
_SIDES: Final = ("buy", "sell")


class _Subscription(Struct):
    name: str = ""
    symbols: Names = []


class _Command(Struct):
    """Of the new stream, or of the old one, which has a type."""

    id: Id | None = None
    method: str = ""
    params: Names = []
    type: str = ""
    subscriptions: Annotated[list[_Subscription], Meta(max_length=NAMES_MAX)] = []


_DECODER: Final = msgspec.json.Decoder(_Command)
_encode: Final = msgspec.json.Encoder().encode


class GeminiServer:
    """One connection for the book of BTCUSD."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._depth = False
        """Whether the new stream is subscribed to."""
        self._l2 = False
        """Whether the old one is."""
        self._beats = Beat(HEARTBEAT_EVERY)
        self._last = FIRST_NUMBER

    @property
    def closed(self) -> bool:
        """Never."""
        return False

    def opened(self, now: Nanos) -> list[bytes]:  # noqa: ARG002  # the contract's signature
        """Nothing is said unasked."""
        return []

    def receive(self, frame: bytes, now: Nanos) -> list[bytes]:
        """The answers to a command."""
        command = read(_DECODER, frame)
        if command is None:
            # in the words of the stream that the client reads
            return [_l2_error("InvalidJson") if self._l2 else _refusal(None, "Invalid request")]
        return self._l2_command(command, now) if command.type else self._command(command, now)

    def publish(self, changes: Sequence[Change], now: Nanos) -> list[bytes]:
        """One frame of all changes for each stream."""
        if not changes:
            return []
        frames: list[bytes] = []
        if self._depth:
            first, self._last = self._last + 1, self._last + len(changes)
            frames.append(_update(first, self._last, *sided(changes), now))
        if self._l2:
            frames.append(_l2_update(changes, ""))
        return frames

    def tick(self, now: Nanos) -> list[bytes]:
        """The heartbeat of the old stream."""
        if not self._beats.due(now):
            return []
        return [_encode({"type": "heartbeat", "timestamp": now // MILLISECOND})]

    def _command(self, command: _Command, now: Nanos) -> list[bytes]:
        answer = _encode({"id": command.id, "status": 200})
        if command.method == "ping":
            return [answer]
        if command.method not in ("subscribe", "unsubscribe"):
            return [_refusal(command.id, "Unknown method")]
        if command.params != [STREAM]:
            return [_refusal(command.id, "Invalid stream")]
        was, self._depth = self._depth, command.method == "subscribe"
        if was or not self._depth:
            return [answer]
        last = self._last
        return [answer, _update(last, last, self._book.levels(0), self._book.levels(1), now)]

    def _l2_command(self, command: _Command, now: Nanos) -> list[bytes]:
        if command.type not in ("subscribe", "unsubscribe"):
            return [_l2_error("InvalidType")]
        if [(each.name, each.symbols) for each in command.subscriptions] != [("l2", [SYMBOL])]:
            return [_l2_error("InvalidSubscription")]
        self._l2 = command.type == "subscribe"
        if not self._l2:
            self._beats.stop()
            return []
        self._beats.start(now)
        levels = [(side, *level) for side in (0, 1) for level in self._book.levels(side)]
        return [_l2_update(levels, ',"trades":[],"auction_events":[]')]


def _update(first: int, last: int, bids: Levels, asks: Levels, now: Nanos) -> bytes:
    return (
        f'{{"e":"depthUpdate","E":{now},"s":"{SYMBOL.lower()}","U":{first},"u":{last},'
        f'"b":[{_levels(bids)}],"a":[{_levels(asks)}]}}'
    ).encode()


def _levels(levels: Levels) -> str:
    return ",".join([f'["{price_text(price, 2)}","{size_text(size)}"]' for price, size in levels])


def _l2_update(changes: Sequence[Change], more: str) -> bytes:
    written = ",".join(
        [
            f'["{_SIDES[side]}","{price_text(price, 2)}","{size_text(size)}"]'
            for side, price, size in changes
        ]
    )
    return f'{{"type":"l2_updates","symbol":"{SYMBOL}","changes":[{written}]{more}}}'.encode()


def _refusal(id_: int | str | None, message: str) -> bytes:
    return _encode({"id": id_, "status": 400, "error": {"code": -1100, "msg": message}})


def _l2_error(reason: str) -> bytes:
    return _encode({"result": "error", "reason": reason, "message": f"{reason}: bad request"})
