"""LMAX Digital, the server's side: a few levels, the whole book once a second.

Source: Public Data API, WebSocket channel "ORDER_BOOK", as read in autumn 2026.

Not documented, and so a choice of this server: 20 levels a side; a book comes each second whether
it moved or not, the first at once; the words of errors.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from kalshi_assistant.domain.time import SECOND, Nanos
from kalshi_assistant.sim.spot.beat import Beat
from kalshi_assistant.sim.spot.commands import NAMES_MAX, Names, read
from kalshi_assistant.sim.spot.contract import Book, Change, Levels
from kalshi_assistant.sim.spot.written import iso_millis, price_text, size_text

INSTRUMENT: Final = "btc-usd"
CHANNEL: Final = "ORDER_BOOK"
DEPTH: Final = 20
BOOK_EVERY: Final = SECOND


class _Channel(Struct):
    name: str = ""
    instruments: Names = []


class _Command(Struct):
    type: str = ""
    channels: Annotated[list[_Channel], Meta(max_length=NAMES_MAX)] = []


_DECODER: Final = msgspec.json.Decoder(_Command)
_encode: Final = msgspec.json.Encoder().encode


class LmaxServer:
    """One connection for the book of btc-usd."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._books = Beat(BOOK_EVERY)

    @property
    def closed(self) -> bool:
        """Never: the pings that displease this venue are not messages."""
        return False

    def opened(self, now: Nanos) -> list[bytes]:  # noqa: ARG002  # the contract's signature
        """Nothing is said unasked."""
        return []

    def receive(self, frame: bytes, now: Nanos) -> list[bytes]:
        """The answers to a command."""
        command = read(_DECODER, frame)
        if command is None:
            return [_error("INVALID_MESSAGE", "the message cannot be read")]
        if command.type not in ("SUBSCRIBE", "UNSUBSCRIBE"):
            return [_error("INVALID_TYPE", "unknown type of message")]
        if [(each.name, each.instruments) for each in command.channels] != [
            (CHANNEL, [INSTRUMENT])
        ]:
            return [_error("INVALID_CHANNEL", "no such channel or instrument")]
        if command.type == "UNSUBSCRIBE":
            self._books.stop()
            return [_encode({"type": "SUBSCRIPTIONS", "channels": []})]
        self._books.start(now)
        return [_encode({"type": "SUBSCRIPTIONS", "channels": command.channels}), self._whole(now)]

    def publish(self, changes: Sequence[Change], now: Nanos) -> list[bytes]:  # noqa: ARG002  # the contract's signature
        """The book if its second is over."""
        return self.tick(now)

    def tick(self, now: Nanos) -> list[bytes]:
        """The book, once a second."""
        return [self._whole(now)] if self._books.due(now) else []

    def _whole(self, now: Nanos) -> bytes:
        return (
            f'{{"type":"{CHANNEL}","instrument_id":"{INSTRUMENT}",'
            f'"timestamp":"{iso_millis(now)}","bids":[{_levels(self._book.levels(0))}],'
            f'"asks":[{_levels(self._book.levels(1))}]}}'
        ).encode()


def _levels(levels: Levels) -> str:
    return ",".join([_level(price, size) for price, size in levels[:DEPTH]])


@lru_cache(maxsize=1_024)  # most levels of a book are those of the book before
def _level(price: int, size: int) -> str:
    return f'{{"price":"{price_text(price, 2)}","quantity":"{size_text(size, 2)}"}}'


def _error(code: str, message: str) -> bytes:
    return _encode({"type": "ERROR", "error_code": code, "error_message": message})
