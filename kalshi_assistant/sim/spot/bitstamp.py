"""Bitstamp, the server's side: changes by the socket, the whole book by REST.

Source: WebSocket API v2, "Live full order book" (``diff_order_book_*``), "Heartbeat"; HTTP API,
"Order book"; as read in autumn 2026. Only ``microtimestamp`` orders changes and documents. A
document is stamped one microsecond before it is asked for, because changes of that very microsecond
may be still to come; a client that lays newer changes upon it again does no harm.
"""

from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import Struct

from kalshi_assistant.domain.time import MICROSECOND, Nanos
from kalshi_assistant.sim.spot.commands import read
from kalshi_assistant.sim.spot.contract import Book, Change, Levels, sided
from kalshi_assistant.sim.spot.written import full_size_text, price_text

CHANNEL: Final = "diff_order_book_btcusd"
_BAD_CHANNEL: Final = "Bad subscription string."
_BAD_FRAME: Final = "Incorrect JSON format."


class _Data(Struct):
    channel: str = ""


class _Command(Struct):
    event: str = ""
    data: _Data = msgspec.field(default_factory=_Data)


_DECODER: Final = msgspec.json.Decoder(_Command)
_encode: Final = msgspec.json.Encoder().encode


class BitstampServer:
    """One connection for the changes of btcusd."""

    def __init__(self, book: Book) -> None:
        # the socket gives changes only; the signature is the same for every venue
        del book
        self._subscribed = False

    @property
    def closed(self) -> bool:
        """Never: this venue asks for a reconnection every few weeks, which nobody waits for."""
        return False

    def opened(self, now: Nanos) -> list[bytes]:  # noqa: ARG002  # the contract's signature
        """Nothing is said unasked."""
        return []

    def receive(self, frame: bytes, now: Nanos) -> list[bytes]:  # noqa: ARG002  # the contract's signature
        """The answer to a command."""
        command = read(_DECODER, frame)
        match command:
            case _Command("bts:heartbeat"):
                return [_event("bts:heartbeat", "", {"status": "success"})]
            case _Command("bts:subscribe" | "bts:unsubscribe", data):
                if data.channel != CHANNEL:
                    return [_error(_BAD_CHANNEL)]
                self._subscribed = command.event == "bts:subscribe"
                done = "subscription" if self._subscribed else "unsubscription"
                return [_event(f"bts:{done}_succeeded", CHANNEL, {})]
            case _:
                return [_error(_BAD_FRAME)]

    def publish(self, changes: Sequence[Change], now: Nanos) -> list[bytes]:
        """One frame of all changes."""
        if not self._subscribed or not changes:
            return []
        body = _book(*sided(changes), now // MICROSECOND)
        return [f'{{"event":"data","channel":"{CHANNEL}","data":{body}}}'.encode()]

    def tick(self, now: Nanos) -> list[bytes]:  # noqa: ARG002  # the contract's signature
        """Nothing: heartbeats are answers here."""
        return []


def order_book(book: Book, now: Nanos) -> bytes:
    """The REST document: every level."""
    return _book(book.levels(0), book.levels(1), now // MICROSECOND - 1).encode()


def _book(bids: Levels, asks: Levels, micros: int) -> str:
    return (
        f'{{"timestamp":"{micros // 1_000_000}","microtimestamp":"{micros}",'
        f'"bids":[{_levels(bids)}],"asks":[{_levels(asks)}]}}'
    )


def _levels(levels: Levels) -> str:
    return ",".join(
        [f'["{price_text(price, 0)}","{full_size_text(size)}"]' for price, size in levels]
    )


def _event(event: str, channel: str, data: dict[str, str | None]) -> bytes:
    return _encode({"event": event, "channel": channel, "data": data})


def _error(message: str) -> bytes:
    return _event("bts:error", "", {"code": None, "message": message})
