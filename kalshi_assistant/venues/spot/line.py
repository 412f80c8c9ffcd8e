"""The line to one constituent: its wire, the book it feeds, and how both are doing.

To the runtime's socket it is a session like any other (``venues.wire``): told what happened on the
line, it says when to connect, what to send, and when a connection is of no more use. What it hears
becomes a book instead of events.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from kalshi_assistant.domain.events import Event, SourceHealth
from kalshi_assistant.domain.ids import Feed
from kalshi_assistant.domain.ranges import check_ranges, setting
from kalshi_assistant.domain.time import MILLISECOND, SECOND, Nanos
from kalshi_assistant.market.replica import Levels, VenueBook
from kalshi_assistant.market.spot import SpotBook
from kalshi_assistant.venues.backoff import delays
from kalshi_assistant.venues.spot.wire import (
    SpotAlive,
    SpotFact,
    SpotLost,
    SpotMalformed,
    SpotMoved,
    SpotReplaced,
    SpotWire,
)

Life = Literal["idle", "connecting", "open", "waiting"]

DELAYS_KEPT: Final = 256
WORKED: Final = 60 * SECOND
"""A connection whose book was known for so long starts the pauses over."""
WORDS_MAX: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class LineSettings:
    """How patient a line is."""

    silence_seconds: float = setting(
        20.0, "a constituent's connection without any frame for so long is given up", ge=2, le=600
    )
    longest_delay_seconds: float = setting(
        60.0, "longest pause before connecting to a constituent again", ge=1, le=3_600
    )
    malformed_max: int = setting(
        50, "frames of one connection that make no sense before it is given up", ge=1, le=10_000
    )

    def __post_init__(self) -> None:
        check_ranges(self)


class SpotLine:
    """One venue over as many connections as it takes. ``chance`` jitters the pauses."""

    def __init__(self, wire: SpotWire, settings: LineSettings, chance: np.random.Generator) -> None:
        self.wire = wire
        self.book = SpotBook()
        self.feed = Feed(f"spot.{wire.venue}")
        self.frames = self.gaps = self.malformed = 0
        self._settings, self._chance = settings, chance
        self._silence = int(settings.silence_seconds * SECOND)
        self._pauses = self._fresh()
        self._life: Life = "idle"
        self._retry_at: Nanos = Nanos(0)
        self._now = Nanos(0)
        self._heard_at: Nanos | None = None
        self._known_since: Nanos | None = None
        self._bad_here = 0
        self._given_up = False
        self._ever_known = False
        self._reason: str | None = None
        self._delays: deque[int] = deque(maxlen=DELAYS_KEPT)

    # --- for the socket ---

    @property
    def gone(self) -> bool:
        """Whether the connection in hand is to be closed."""
        return self._given_up

    def wants_connection(self, now: Nanos) -> bool:
        """Whether to connect now."""
        return self._life in ("idle", "waiting") and now >= self._retry_at

    def wake_at(self) -> Nanos | None:
        """When to ask again."""
        return self._retry_at if self._life == "waiting" else None

    def connect(self, now: Nanos) -> None:  # noqa: ARG002  # the contract's signature
        """A connection is being made."""
        self._life = "connecting"

    def opened(self, now: Nanos) -> Sequence[Event]:
        """It is open: the wire will say what to send."""
        self._life, self._given_up, self._bad_here = "open", False, 0
        self._now = self._heard_at = now
        self._known_since = None
        self.book.forget("waiting for the first snapshot")
        self.wire.opened(now)
        return ()

    def refused(self, now: Nanos, status: int | None, reason: str) -> Sequence[Event]:
        """It did not come about."""
        self._wait(now, reason if status is None else f"refused with HTTP {status}")
        return ()

    def dropped(self, now: Nanos, reason: str) -> Sequence[Event]:
        """It ended, of itself or because it was given up."""
        if self._known_since is not None and now - self._known_since >= WORKED:
            self._pauses = self._fresh()
        self._wait(now, self._reason if self._given_up and self._reason else reason)
        return ()

    def receive(self, frame: bytes, received_at: Nanos) -> Sequence[Event]:
        """Take a frame."""
        self.frames += 1
        self._now = self._heard_at = received_at
        if not _is_text(frame):
            # a damaged name of a field reads like a field nobody knows: the wire would not see it
            self.malformed += 1
            self._give_up("a frame that is no text")
            return ()
        for fact in self.wire.receive(frame, received_at):
            self._take(fact)
        return ()

    def alive(self, now: Nanos) -> None:
        """The other side answered a ping of the connection itself."""
        self._heard_at = now
        if self.book.known:
            self.book.alive_at = now

    def to_send(self) -> Sequence[bytes]:
        """What is due, as of the last time anything was told."""
        if self._life != "open" or self._given_up:
            return ()
        return [text.encode() for text in self.wire.to_send(self._now)]

    def tick(self, now: Nanos) -> Sequence[Event]:
        """Time passed: silence ends a connection."""
        self._now = now
        heard = self._heard_at
        if self._life == "open" and heard is not None and now - heard > self._silence:
            self._give_up(f"silent for {(now - heard) / SECOND:.0f} s")
        return ()

    # --- for the documents some venues need ---

    def document_wanted(self, now: Nanos) -> str | None:
        """URL of a document to ask for."""
        return self.wire.document_wanted(now) if self._life == "open" else None

    def take_document(self, status: int, body: bytes, now: Nanos) -> None:
        """Its answer."""
        for fact in self.wire.take_document(status, body, now):
            self._take(fact)

    # --- for the index ---

    def seen(self) -> VenueBook:
        """What the replica may use of it."""
        book = self.book
        levels = Levels(*book.levels(0), *book.levels(1)) if book.known else None
        alive_at = None if book.alive_at is None else Nanos(book.alive_at)
        return VenueBook(self.wire.venue, levels, alive_at, book.known)

    def health(self, drift_levels: int | None, reconciled_at: Nanos | None) -> SourceHealth:
        """How it is doing."""
        up = self.book.known
        return SourceHealth(
            feed=self.feed,
            state="up" if up else "down" if self._ever_known or self._reason else "waiting",
            reason=None if up else self._reason or self.book.unknown_because,
            last_at=self._heard_at,
            frames=self.frames,
            gaps=self.gaps,
            malformed=self.malformed,
            delays_ms=_percentiles(self._delays),
            drift_levels=drift_levels,
            reconciled_at=reconciled_at,
        )

    # --- inside ---

    def _take(self, fact: SpotFact) -> None:
        match fact:
            case SpotReplaced():
                self.book.replace(fact.bids, fact.asks)
                self._known(fact)
            case SpotMoved():
                self.book.move(fact.changes)
                self._stamped(fact)
            case SpotAlive():
                self._stamped(fact)
            case SpotLost():
                self.gaps += 1
                self._known_since = None
                self._reason = fact.reason[:WORDS_MAX]
                self.book.forget(fact.reason)
                if fact.remedy == "reconnect":
                    self._give_up(fact.reason)
            case SpotMalformed():
                self.malformed += 1
                self._bad_here += 1
                if self._bad_here >= self._settings.malformed_max:
                    self._give_up(f"{self._bad_here} frames made no sense: {fact.reason}")

    def _known(self, fact: SpotReplaced) -> None:
        if self._known_since is None:
            self._known_since = fact.received_at
        self._ever_known, self._reason = True, None
        self._stamped(fact)

    def _stamped(self, fact: SpotReplaced | SpotMoved | SpotAlive) -> None:
        self.book.alive_at = fact.received_at
        if fact.at is not None and not isinstance(fact, SpotAlive):
            self._delays.append(fact.received_at - fact.at)

    def _give_up(self, reason: str) -> None:
        self._given_up = True
        self._reason = reason[:WORDS_MAX]
        self.book.forget(reason)

    def _wait(self, now: Nanos, reason: str) -> None:
        self._life, self._given_up = "waiting", False
        self._reason = reason[:WORDS_MAX]
        self._heard_at = self._known_since = None
        self._retry_at = Nanos(now + next(self._pauses))
        self.book.forget(reason)

    def _fresh(self) -> Iterator[Nanos]:
        longest = int(self._settings.longest_delay_seconds * SECOND)
        return delays(self._chance, Nanos(min(SECOND // 2, longest)), Nanos(longest))


def _is_text(frame: bytes) -> bool:
    """Whether a frame can be a WebSocket's text. Source: RFC 6455, section 8.1."""
    try:
        frame.decode()
    except UnicodeDecodeError:
        return False
    return True


def _percentiles(sample: deque[int]) -> tuple[float, float, float, float] | None:
    """Least, p50, p95, p99 in milliseconds."""
    if not sample:
        return None
    ordered, last = sorted(sample), len(sample) - 1
    least, p50, p95, p99 = (ordered[last * share // 100] / MILLISECOND for share in (0, 50, 95, 99))
    return least, p50, p95, p99
