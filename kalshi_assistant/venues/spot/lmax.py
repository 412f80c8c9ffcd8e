"""LMAX Digital: a few levels, the whole book once a second.

Source: Public Data API, WebSocket channel "ORDER_BOOK", as read in autumn 2026. The venue closes
connections that ping it, so nothing is sent but the subscription; a frame a second is sign of life
enough. Its terms restrict display and redistribution: whether this wire runs is the user's
decision. A frame that makes no sense loses the book until the next whole one, a second later.
"""

from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from kalshi_assistant.domain.time import Nanos, TimeError, parse_iso
from kalshi_assistant.venues.spot.asking import Asking
from kalshi_assistant.venues.spot.levels import SNAPSHOT_LEVELS_MAX, read_levels, words
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

INSTRUMENT: Final = "btc-usd"
FRAME_BYTES_MAX: Final = 1 << 20
SUBSCRIPTION: Final = (
    f'{{"type":"SUBSCRIBE","channels":[{{"name":"ORDER_BOOK","instruments":["{INSTRUMENT}"]}}]}}'
)


class _Level(Struct, frozen=True, gc=False):
    price: str
    quantity: str


_Levels = Annotated[list[_Level], Meta(max_length=SNAPSHOT_LEVELS_MAX // 2)]


class _Frame(Struct, frozen=True, gc=False):
    type: str
    instrument_id: str = ""
    timestamp: str | None = None
    bids: _Levels | None = None
    asks: _Levels | None = None
    error_code: int | str | None = None
    error_message: str | None = None
    message: str | None = None


_DECODER: Final = msgspec.json.Decoder(_Frame)


class LmaxWire:
    """The book of btc-usd on one connection."""

    venue: Final[SpotVenue] = "lmax"
    url: Final = "wss://public-data-api.london-digital.lmax.com/v1/web-socket"
    frame_bytes_max: Final = FRAME_BYTES_MAX

    def __init__(self) -> None:
        self._asking = Asking()
        self._known = False

    def opened(self, now: Nanos) -> None:
        """A connection opened: nothing is known, nothing is subscribed."""
        self._asking.opened(now)
        self._known = False

    def to_send(self, now: Nanos) -> tuple[str, ...]:
        """The subscription where one is due; never a ping."""
        return (SUBSCRIPTION,) if self._asking.due(now) else ()

    def document_wanted(self, now: Nanos) -> str | None:  # noqa: ARG002  # the contract's signature
        """Nothing: every message is the whole book, and the REST limit of the venue is strict."""
        return None

    def receive(self, frame: bytes, received_at: Nanos) -> tuple[SpotFact, ...]:
        """Take a frame."""
        if len(frame) > FRAME_BYTES_MAX:
            return self._broken(f"a frame of {len(frame)} bytes", received_at)
        try:
            said = _DECODER.decode(frame)
            if said.type == "ORDER_BOOK" and said.instrument_id.lower() == INSTRUMENT:
                return self._replaced(said, received_at)
        except (ValueError, RecursionError) as error:
            return self._broken(words(str(error)), received_at)
        if said.type == "ERROR" or said.error_code is not None or said.error_message is not None:
            text = said.error_message or said.message
            return self._refused(words(f"{said.type} {said.error_code}: {text}"), received_at)
        return (SpotAlive(self.venue, None, received_at),)

    def take_document(self, status: int, body: bytes, received_at: Nanos) -> tuple[SpotFact, ...]:  # noqa: ARG002  # the contract's signature
        """No document is asked for, so none is understood."""
        return (SpotMalformed(self.venue, None, received_at, "a document nobody asked for"),)

    def _replaced(self, said: _Frame, received_at: Nanos) -> tuple[SpotFact, ...]:
        if said.bids is None or said.asks is None:
            return self._broken("a book without bids or asks", received_at)
        bids, asks = _levels(said.bids, 0), _levels(said.asks, 1)
        self._known = True
        self._asking.answered()
        self._asking.worked()
        return (SpotReplaced(self.venue, _stamp(said.timestamp), received_at, bids, asks),)

    def _refused(self, reason: str, received_at: Nanos) -> tuple[SpotFact, ...]:
        if self._known:
            return (SpotMalformed(self.venue, None, received_at, reason),)
        return (SpotLost(self.venue, None, received_at, reason, "resubscribe"),)

    def _broken(self, reason: str, received_at: Nanos) -> tuple[SpotFact, ...]:
        malformed = SpotMalformed(self.venue, None, received_at, reason)
        if not self._known:
            return (malformed,)
        self._known = False
        self._asking.lost(received_at)
        why = "a frame was malformed"
        return (malformed, SpotLost(self.venue, None, received_at, why, "resubscribe"))


def _levels(written: list[_Level], side: SpotSide) -> tuple[SpotLevel, ...]:
    return read_levels([each.price for each in written], [each.quantity for each in written], side)


def _stamp(text: str | None) -> Nanos | None:
    """No book hangs on a stamp: what is none gives ``None``."""
    if text is None:
        return None
    try:
        at = parse_iso(text)
    except TimeError:
        return None
    return at if at >= 0 else None
