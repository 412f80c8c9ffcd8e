"""Coinbase Advanced Trade, the server's side: the whole book, and a number on every frame.

Source: Advanced Trade WebSocket, "Level2 Channel", "Heartbeats Channel", "WebSocket Overview" and
"WebSocket Errors", as read in autumn 2026. ``sequence_num`` counts over all channels of the
connection. A client that subscribes to nothing within 5 seconds is closed, and so is one whose
channels have had no traffic for 90.

Not documented, and so a choice of this server: a repeated subscription brings a new snapshot; the
snapshot precedes the ``subscriptions`` message; the words of errors.
"""

from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import Struct

from kalshi_assistant.domain.time import SECOND, Nanos
from kalshi_assistant.sim.spot.beat import Beat
from kalshi_assistant.sim.spot.commands import Names, read
from kalshi_assistant.sim.spot.contract import Book, Change
from kalshi_assistant.sim.spot.written import iso_millis, price_text, size_text

PRODUCT: Final = "BTC-USD"
LEVEL2: Final = "level2"
HEARTBEATS: Final = "heartbeats"
SUBSCRIBE_WITHIN: Final = 5 * SECOND
IDLE_MAX: Final = 90 * SECOND
_SIDES: Final = ("bid", "offer")


class _Command(Struct):
    type: str = ""
    channel: str = ""
    product_ids: Names = []


_DECODER: Final = msgspec.json.Decoder(_Command)
_encode: Final = msgspec.json.Encoder().encode


class CoinbaseServer:
    """One connection for the book of BTC-USD."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._channels: dict[str, list[str]] = {}
        self._number = 0
        self._beats = Beat(SECOND)
        self._counter = 0
        self._silent_at = 0
        """When the venue will have had enough of silence."""
        self._closed = False

    @property
    def closed(self) -> bool:
        """Whether the venue has ended the connection."""
        return self._closed

    def opened(self, now: Nanos) -> list[bytes]:
        """Nothing is said unasked."""
        self._silent_at = now + SUBSCRIBE_WITHIN
        return []

    def receive(self, frame: bytes, now: Nanos) -> list[bytes]:
        """The answers to a command."""
        if self._closed:
            return []
        command = read(_DECODER, frame)
        if (reason := _objection(command)) is not None:
            return [_encode({"type": "error", "message": reason})]  # errors have no number
        assert command is not None, "nonsense is objected to"
        if command.type == "subscribe":
            return self._subscribed(command.channel, now)
        return self._unsubscribed(command.channel, now)

    def publish(self, changes: Sequence[Change], now: Nanos) -> list[bytes]:
        """One frame of all changes."""
        if self._closed or not changes or LEVEL2 not in self._channels:
            return []
        return [self._event("update", changes, now)]

    def tick(self, now: Nanos) -> list[bytes]:
        """A heartbeat a second for those who asked."""
        if not self._closed and self._beats.due(now):
            self._counter += 1
            said = f'{{"current_time":"{iso_millis(now)}","heartbeat_counter":{self._counter}}}'
            return [self._frame(HEARTBEATS, said, now)]
        self._closed = self._closed or now >= self._silent_at
        return []

    def _subscribed(self, channel: str, now: Nanos) -> list[bytes]:
        self._channels[channel] = [PRODUCT if channel == LEVEL2 else HEARTBEATS]
        if channel == HEARTBEATS:
            self._beats.start(now)
            return [self._subscriptions(now)]
        levels = [(side, *level) for side in (0, 1) for level in self._book.levels(side)]
        return [self._event("snapshot", levels, now), self._subscriptions(now)]

    def _unsubscribed(self, channel: str, now: Nanos) -> list[bytes]:
        self._channels.pop(channel, None)
        if channel == HEARTBEATS:
            self._beats.stop()
        return [self._subscriptions(now)]

    def _subscriptions(self, now: Nanos) -> bytes:
        said = _encode({"subscriptions": self._channels}).decode()
        return self._frame("subscriptions", said, now)

    def _event(self, kind: str, changes: Sequence[Change], now: Nanos) -> bytes:
        stamp = iso_millis(now)
        updates = ",".join(
            [
                f'{{"side":"{_SIDES[side]}","event_time":"{stamp}",'
                f'"price_level":"{price_text(price, 2)}","new_quantity":"{size_text(size)}"}}'
                for side, price, size in changes
            ]
        )
        event = f'{{"type":"{kind}","product_id":"{PRODUCT}","updates":[{updates}]}}'
        return self._frame("l2_data", event, now)

    def _frame(self, channel: str, event: str, now: Nanos) -> bytes:
        number, self._number = self._number, self._number + 1
        self._silent_at = now + IDLE_MAX
        return (
            f'{{"channel":"{channel}","client_id":"","timestamp":"{iso_millis(now)}",'
            f'"sequence_num":{number},"events":[{event}]}}'
        ).encode()


def _objection(command: _Command | None) -> str | None:
    if command is None:
        return "failed to parse message"
    if command.type not in ("subscribe", "unsubscribe"):
        return "type is not supported"
    if command.channel not in (LEVEL2, HEARTBEATS):
        return "channel is not supported"
    if command.channel == LEVEL2 and command.product_ids != [PRODUCT]:
        return "product_ids are not supported"
    return None
