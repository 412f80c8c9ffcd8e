"""The publisher's socket as a state machine, without the socket: CF Benchmarks WebSocket v4.

It subscribes one index and passes its values on. There is no acknowledgement: the first value is
one, and it comes at once.

Invariants:

- Stamps rise: a value stamped no later than one passed on is passed over, over all connections.
- A repeated value (``repeatOfPreviousValue``) is no print: the publisher had none for that stamp.
  It keeps the connection alive and gives nothing, and the stamp stays open for its true value.
- An amended value (``amendTime``) is told and not passed on, not even for a stamp that was never
  heard: the venue settles on what was published first and ignores later revisions.
- A connection without a value for ten seconds is given up, whatever else it says.
- Connections are made by growing, bounded, jittered delays; a user who is not known or not entitled
  is never tried again.

Known limitation: only the stream of whole seconds is asked for; how the faster one is asked for is
not documented publicly. Values of it would become ``IndexTicked``.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from kalshi_assistant.domain.events import (
    Event,
    FeedBack,
    FeedLost,
    IndexPrinted,
    IndexTicked,
    Malformed,
    RequestRefused,
)
from kalshi_assistant.domain.ids import BRTI, Feed
from kalshi_assistant.domain.ranges import check_ranges, setting
from kalshi_assistant.domain.time import SECOND, Nanos, format_iso
from kalshi_assistant.domain.units import format_index
from kalshi_assistant.venues.backoff import delays
from kalshi_assistant.venues.brti.frames import Nonsense, Refusal, Value, read, subscribe

URL: Final = "wss://www.cfbenchmarks.com/ws/v4"
CF_INDEX: Final = Feed("cf.index")
KEY_REFUSED: Final = (401, 403)
AHEAD_MAX: Final = 60 * SECOND
"""A value stamped so much later than now is stamped wrongly, or our clock is: it would make all
that follow look old.
"""

State = Literal["idle", "connecting", "subscribing", "live", "waiting", "refused", "closed"]
Step = Literal["connect", "opened", "valued", "failed", "denied", "dropped", "close"]

CF_LIFE: Final[dict[tuple[State, Step], State]] = {
    ("idle", "connect"): "connecting",
    ("idle", "close"): "closed",
    ("connecting", "opened"): "subscribing",
    ("connecting", "failed"): "waiting",
    ("connecting", "denied"): "refused",
    ("connecting", "close"): "closed",
    ("subscribing", "valued"): "live",
    ("subscribing", "denied"): "refused",
    ("subscribing", "dropped"): "waiting",
    ("subscribing", "close"): "closed",
    ("live", "denied"): "refused",
    ("live", "dropped"): "waiting",
    ("live", "close"): "closed",
    ("waiting", "connect"): "connecting",
    ("waiting", "close"): "closed",
    ("refused", "close"): "closed",
}
"""``subscribing`` until the first true value, then ``live``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CfSettings:
    """How patient a connection to the publisher is."""

    silence_seconds: float = setting(
        10.0, "a connection without a value for so long is given up", ge=1, le=3_600
    )
    first_delay_seconds: float = setting(
        0.5, "longest pause before the first attempt to connect again", gt=0, le=60
    )
    longest_delay_seconds: float = setting(
        30.0, "longest pause before any attempt to connect", ge=1, le=3_600
    )
    steady_seconds: float = setting(
        60.0, "a connection that lasted so long starts the pauses over", ge=0, le=3_600
    )

    def __post_init__(self) -> None:
        check_ranges(self)


class CfBenchmarksSession:
    """One index, over as many connections as it takes. ``chance`` jitters the delays."""

    def __init__(
        self, settings: CfSettings, chance: np.random.Generator, index: str = BRTI
    ) -> None:
        self._settings = settings
        self._chance = chance
        self._index = index
        self._state: State = "idle"
        self._delays = self._fresh_delays()
        self._retry_at = Nanos(0)
        self._opened_at = Nanos(0)
        self._heard_at = Nanos(0)
        self._newest = Nanos(0)
        self._outbox: list[bytes] = []

    # --- what it is ---

    @property
    def state(self) -> State:
        """Where it stands in ``CF_LIFE``."""
        return self._state

    @property
    def gone(self) -> bool:
        """Whether a connection still open should be closed."""
        return self._state not in ("connecting", "subscribing", "live")

    def wants_connection(self, now: Nanos) -> bool:
        """Whether to connect now."""
        return self._state == "idle" or (self._state == "waiting" and now >= self._retry_at)

    def wake_at(self) -> Nanos | None:
        """When to ask again; ``None``: not by time."""
        if self._state == "waiting":
            return self._retry_at
        return Nanos(self._heard_at + self._silence) if self._connected else None

    # --- what happened ---

    def connect(self, now: Nanos) -> None:  # noqa: ARG002 - the contract hands every step its time
        """A connection is being made."""
        self._step("connect")

    def opened(self, now: Nanos) -> Sequence[Event]:
        """The handshake succeeded: subscribe. The feed is back with the first value."""
        if self._step("opened"):
            self._opened_at = self._heard_at = now
            self._outbox = [subscribe(self._index)]
        return ()

    def refused(self, now: Nanos, status: int | None, reason: str) -> Sequence[Event]:
        """No connection came about; a user who is not taken is not tried again."""
        if self._connected:
            return self.dropped(now, reason)
        final = status in KEY_REFUSED
        if not self._step("denied" if final else "failed"):
            return ()
        if not final:
            self._retry_at = Nanos(now + next(self._delays))
        text = f"{reason}: check user, key and licence" if final else reason
        code = "no connection" if status is None else str(status)
        return (RequestRefused(now, now, CF_INDEX, "connect", code, text, final),)

    def dropped(self, now: Nanos, reason: str) -> Sequence[Event]:
        """The connection ended."""
        if self._state == "connecting":
            return self.refused(now, None, reason)
        return self._end("dropped", now, reason)

    def close(self, now: Nanos) -> Sequence[Event]:
        """No more connections."""
        return self._end("close", now, "closed by us")

    def receive(self, frame: bytes, received_at: Nanos) -> Sequence[Event]:
        """The facts in a frame. Never raises on bad input."""
        if not self._connected:
            return ()
        match read(frame, self._index):
            case Value() as value:
                return self._valued(value, received_at)
            case Refusal() as refusal:
                return self._errored(refusal, received_at)
            case Nonsense(reason=reason):
                return (_malformed(reason, received_at),)
            case None:
                return ()

    def tick(self, now: Nanos) -> Sequence[Event]:
        """Time passed: notice silence."""
        if self._connected and now >= self._heard_at + self._silence:
            return self.dropped(now, f"no value for {self._settings.silence_seconds:g} s")
        return ()

    def to_send(self) -> list[bytes]:
        """Commands to send now, each given out once."""
        outbox, self._outbox = self._outbox, []
        return outbox

    # --- states ---

    @property
    def _connected(self) -> bool:
        return self._state in ("subscribing", "live")

    @property
    def _silence(self) -> int:
        return _nanos(self._settings.silence_seconds)

    def _step(self, step: Step) -> bool:
        """Whether the table knows the step; if so it is made."""
        after = CF_LIFE.get((self._state, step))
        if after is None:
            return False
        self._state = after
        return True

    def _end(self, step: Step, now: Nanos, reason: str) -> Sequence[Event]:
        """The connection is over; tell what is lost with it."""
        was_live = self._state == "live"
        if not self._step(step):
            return ()
        self._outbox.clear()
        if step == "dropped":
            self._retry_at = self._next_attempt(now)
        return (FeedLost(now, now, CF_INDEX, reason),) if was_live else ()

    def _next_attempt(self, now: Nanos) -> Nanos:
        if now - self._opened_at >= _nanos(self._settings.steady_seconds):
            self._delays = self._fresh_delays()
        return Nanos(now + next(self._delays))

    def _fresh_delays(self) -> Iterator[Nanos]:
        first = _nanos(self._settings.first_delay_seconds)
        longest = _nanos(self._settings.longest_delay_seconds)
        return delays(self._chance, min(first, longest), longest)

    # --- frames ---

    def _valued(self, value: Value, received_at: Nanos) -> Sequence[Event]:
        if value.at > received_at + AHEAD_MAX:
            ahead = (value.at - received_at) / SECOND
            return (_malformed(f"a value stamped {ahead:.0f} s ahead of our clock", received_at),)
        self._heard_at = received_at
        if value.amended:
            return (_amended(value, received_at),)
        if value.repeats or value.at <= self._newest:
            return ()
        self._newest = value.at
        kind = IndexTicked if value.at % SECOND else IndexPrinted
        event = kind(value.at, received_at, self._index, value.value, "cf_direct")
        if self._step("valued"):
            return FeedBack(received_at, received_at, CF_INDEX), event
        return (event,)

    def _errored(self, refusal: Refusal, now: Nanos) -> Sequence[Event]:
        """Without a right to the index there is nothing to wait for; another refusal before the
        first value ends the connection, and one after it is told.
        """
        told = RequestRefused(
            *(now, now, CF_INDEX, refusal.command, "refused", refusal.reason, refusal.final)
        )
        if refusal.final:
            return told, *self._end("denied", now, refusal.reason)
        if self._state == "subscribing":
            return told, *self.dropped(now, refusal.reason)
        return (told,)


def _amended(value: Value, received_at: Nanos) -> Malformed:
    text = f"{format_index(value.value)} for {format_iso(value.at)} is an amendment: not used"
    return _malformed(text, received_at)


def _malformed(reason: str, received_at: Nanos) -> Malformed:
    return Malformed(received_at, received_at, CF_INDEX, reason)


def _nanos(seconds: float) -> Nanos:
    return Nanos(round(seconds * SECOND))
