"""How each source is doing: counted at every event, so the counting is small."""

from collections import deque
from dataclasses import dataclass, field
from typing import Literal

from kalshi_assistant.domain.ids import Feed
from kalshi_assistant.domain.time import MILLISECOND, Nanos
from kalshi_assistant.engine.snapshot import FeedView

BOOK = Feed("kalshi.book")
TRADES = Feed("kalshi.trades")
QUOTES = Feed("kalshi.quotes")
INDEX = Feed("kalshi.index")
LIFECYCLE = Feed("kalshi.lifecycle")
ACCOUNT = Feed("kalshi.account")
SOCKET = Feed("kalshi.socket")
REST = Feed("kalshi.rest")

SAMPLE = 256
"""Delays remembered per feed."""


@dataclass(slots=True)
class FeedHealth:
    """One source's counters."""

    name: Feed
    state: Literal["waiting", "up", "down"] = "waiting"
    reason: str | None = None
    last_event_at: int | None = None
    events: int = 0
    gaps: int = 0
    malformed: int = 0
    delays: deque[int] = field(default_factory=lambda: deque(maxlen=SAMPLE))

    def saw(self, at: Nanos, received_at: Nanos) -> None:
        """One event arrived."""
        self.events += 1
        self.last_event_at = received_at
        self.delays.append(received_at - at)

    def view(self) -> FeedView:
        """The counters, frozen."""
        ordered = sorted(self.delays)
        count = len(ordered)
        p50, p99 = (
            (ordered[count // 2] / MILLISECOND, ordered[count * 99 // 100] / MILLISECOND)
            if count
            else (None, None)
        )
        return FeedView(
            name=self.name,
            state=self.state,
            reason=self.reason,
            last_event_at=None if self.last_event_at is None else Nanos(self.last_event_at),
            events=self.events,
            gaps=self.gaps,
            malformed=self.malformed,
            delay_p50_ms=p50,
            delay_p99_ms=p99,
        )


class Feeds:
    """All sources, in a fixed order."""

    __slots__ = ("_by_name", "account", "book", "index", "lifecycle", "quotes", "rest", "trades")

    def __init__(self) -> None:
        self.book = FeedHealth(BOOK)
        self.index = FeedHealth(INDEX)
        self.trades = FeedHealth(TRADES)
        self.quotes = FeedHealth(QUOTES)
        self.lifecycle = FeedHealth(LIFECYCLE)
        self.account = FeedHealth(ACCOUNT)
        self.rest = FeedHealth(REST)
        socket = FeedHealth(SOCKET)
        known = (socket, self.book, self.index, self.trades, self.quotes, self.lifecycle)
        self._by_name = {feed.name: feed for feed in (*known, self.account, self.rest)}

    def named(self, name: Feed) -> FeedHealth:
        """The counters of a source; a new source is remembered."""
        return self._by_name.setdefault(name, FeedHealth(name))

    def lost(self, name: Feed, reason: str) -> None:
        """A connection dropped; losing the socket loses everything on it."""
        venue = name.partition(".")[0]
        for feed in self._by_name.values():
            of_socket = name == SOCKET and feed.name.startswith(venue) and feed.name != REST
            if (feed.name == name or of_socket) and feed.state != "waiting":
                feed.state, feed.reason = "down", reason
        self.named(name).state = "down"
        self.named(name).reason = reason

    def back(self, name: Feed) -> None:
        """A connection is up again."""
        feed = self.named(name)
        feed.state, feed.reason = "up", None

    def views(self) -> tuple[FeedView, ...]:
        """Every source that was ever heard of or waited for."""
        return tuple(feed.view() for feed in self._by_name.values())
