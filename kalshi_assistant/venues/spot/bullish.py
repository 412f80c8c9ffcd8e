"""Bullish: 100 levels a side, the whole book in every message.

Source: Trading API, "Multi-Orderbook WebSocket (Unauthenticated)" and "Keep WebSocket Open", as
read in autumn 2026. The venue does not answer pings of the WebSocket protocol: ``keepalivePing`` is
a command of its own. A frame that makes no sense loses the book until the next whole one, because
nothing else would tell an old book from a current one.
"""

from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from kalshi_assistant.domain.time import SECOND, Nanos
from kalshi_assistant.venues.spot.asking import Asking
from kalshi_assistant.venues.spot.decimals import SpotNumberError
from kalshi_assistant.venues.spot.levels import (
    SNAPSHOT_LEVELS_MAX,
    read_levels,
    stamp_of,
    words,
)
from kalshi_assistant.venues.spot.wire import (
    SpotAlive,
    SpotFact,
    SpotLevel,
    SpotLost,
    SpotMalformed,
    SpotReplaced,
    SpotSide,
    SpotVenue,
)

SYMBOL: Final = "BTCUSD"
BOOK: Final = "V1TALevel2"
FRAME_BYTES_MAX: Final = 1 << 20
PING_EVERY: Final = 30 * SECOND
QUIET_MAX: Final = 60 * SECOND
"""Answers to pings without a book for so long: the subscription may have ended unsaid."""

_Flat = Annotated[list[str], Meta(max_length=SNAPSHOT_LEVELS_MAX)]
"""Price, size, price, size."""
_Code = int | str | None


class _Data(Struct, frozen=True, gc=False, rename="camel"):
    symbol: str = ""
    bids: _Flat | None = None
    asks: _Flat | None = None
    timestamp: int | str | None = None
    error_code: _Code = None
    error_code_name: str | None = None
    message: str | None = None


class _Answer(Struct, frozen=True, gc=False, rename="camel"):
    """``result`` or ``error`` of JSON-RPC."""

    response_code: _Code = None
    code: _Code = None
    message: str | None = None


class _Frame(Struct, frozen=True, gc=False, rename="camel"):
    id: int | str | None = None
    type: str | None = None
    data_type: str | None = None
    data: _Data | None = None
    result: _Answer | None = None
    error: _Answer | None = None


_DECODER: Final = msgspec.json.Decoder(_Frame)


class BullishWire:
    """The book of BTCUSD on one connection."""

    venue: Final[SpotVenue] = "bullish"
    url: Final = "wss://api.exchange.bullish.com/trading-api/v1/market-data/orderbook"
    frame_bytes_max: Final = FRAME_BYTES_MAX

    def __init__(self) -> None:
        self._asking = Asking()
        self._ping_at: int | None = None
        self._replaced_at: int | None = None
        self._id = 0

    def opened(self, now: Nanos) -> None:
        """A connection opened: nothing is known, nothing is subscribed."""
        self._asking.opened(now)
        self._ping_at = now + PING_EVERY
        self._replaced_at = None

    def to_send(self, now: Nanos) -> tuple[str, ...]:
        """The subscription and the pings that are due."""
        frames: list[str] = []
        if self._asking.due(now):
            frames.append(
                self._command("subscribe", f'{{"topic":"l2Orderbook","symbol":"{SYMBOL}"}}')
            )
        if self._ping_at is not None and now >= self._ping_at:
            frames.append(self._command("keepalivePing", "{}"))
            self._ping_at = now + PING_EVERY
        return tuple(frames)

    def document_wanted(self, now: Nanos) -> str | None:  # noqa: ARG002  # the contract's signature
        """Nothing: every message is the whole book."""
        return None

    def receive(self, frame: bytes, received_at: Nanos) -> tuple[SpotFact, ...]:
        """Take a frame."""
        if len(frame) > FRAME_BYTES_MAX:
            return self._broken(f"a frame of {len(frame)} bytes", received_at)
        try:
            said = _DECODER.decode(frame)
            if (reason := _refusal(said)) is not None:
                return self._refused(reason, received_at)
            if said.data_type == BOOK and said.data is not None:
                return self._replaced(said.data, received_at)
        except (ValueError, RecursionError) as error:
            return self._broken(words(str(error)), received_at)
        return self._alive(received_at)

    def take_document(self, status: int, body: bytes, received_at: Nanos) -> tuple[SpotFact, ...]:  # noqa: ARG002  # the contract's signature
        """No document is asked for, so none is understood."""
        return (SpotMalformed(self.venue, None, received_at, "a document nobody asked for"),)

    def _command(self, method: str, params: str) -> str:
        self._id += 1
        return (
            f'{{"jsonrpc":"2.0","type":"command","method":"{method}","params":{params},'
            f'"id":"{self._id}"}}'
        )

    def _replaced(self, data: _Data, received_at: Nanos) -> tuple[SpotFact, ...]:
        if data.symbol != SYMBOL:
            return self._alive(received_at)
        if data.bids is None or data.asks is None:
            return self._broken("a book without bids or asks", received_at)
        bids, asks = _levels(data.bids, 0), _levels(data.asks, 1)
        self._replaced_at = received_at
        self._asking.answered()
        self._asking.worked()
        at = stamp_of(data.timestamp)
        return (SpotReplaced(self.venue, at, received_at, bids, asks),)

    def _alive(self, received_at: Nanos) -> tuple[SpotFact, ...]:
        alive = SpotAlive(self.venue, None, received_at)
        if self._replaced_at is not None and received_at - self._replaced_at > QUIET_MAX:
            return (alive, self._lost("answers, but no book any more", received_at))
        return (alive,)

    def _refused(self, reason: str, received_at: Nanos) -> tuple[SpotFact, ...]:
        if self._replaced_at is None:
            return (self._lost(reason, received_at),)
        # books come: it was a ping or a second subscription that displeased
        return (SpotMalformed(self.venue, None, received_at, reason),)

    def _broken(self, reason: str, received_at: Nanos) -> tuple[SpotFact, ...]:
        malformed = SpotMalformed(self.venue, None, received_at, reason)
        if self._replaced_at is None:
            return (malformed,)
        return (malformed, self._lost("a frame was malformed", received_at))

    def _lost(self, reason: str, received_at: Nanos) -> SpotLost:
        if self._replaced_at is not None:
            self._replaced_at = None
            self._asking.lost(received_at)
        return SpotLost(self.venue, None, received_at, reason, "resubscribe")


def _refusal(said: _Frame) -> str | None:
    """What the venue objects to, in its own words."""
    if said.error is not None:
        return words(f"{said.error.code}: {said.error.message}")
    if said.type == "error":
        data = said.data or _Data()
        return words(f"{data.error_code} {data.error_code_name}: {data.message}")
    answer = said.result
    if answer is not None and answer.response_code not in (None, 200, "200"):
        return words(f"{answer.response_code}: {answer.message}")
    return None


def _levels(flat: list[str], side: SpotSide) -> tuple[SpotLevel, ...]:
    if len(flat) % 2:
        raise SpotNumberError("a price without a size")
    return read_levels(flat[::2], flat[1::2], side)
