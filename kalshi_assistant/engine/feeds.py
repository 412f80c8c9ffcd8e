"""How each source is doing: counted at every event, so the counting is small."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, Literal

from kalshi_assistant.domain.events import IndexSource, SourceHealth
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
POLL = Feed("kalshi.poll")
CF = Feed("cf.index")
REPLICA = Feed("replica")

FEED_OF: Final[dict[IndexSource, Feed]] = {
    "kalshi_5hz": INDEX,
    "kalshi_1hz": Feed("kalshi.index_1hz"),
    "kalshi_rest": REST,
    "cf_direct": CF,
    "kalshi_chart": POLL,
    "replica": REPLICA,
    "panel": INDEX,
    "proxy": INDEX,
}
"""Under which name the values of each source are counted."""
_CHANNELS: Final[frozenset[IndexSource]] = frozenset(("kalshi_5hz", "kalshi_1hz"))
SOURCES_OF: Final[dict[Feed, frozenset[IndexSource]]] = {
    INDEX: _CHANNELS,
    SOCKET: _CHANNELS,
    CF: frozenset(("cf_direct",)),
    POLL: frozenset(("kalshi_chart",)),
}
"""The sources of the index that fall silent when a connection drops."""

_STAMPING: Final = (BOOK, INDEX, FEED_OF["kalshi_1hz"], CF)

SAMPLE = 256
"""Delays remembered per feed."""
ENOUGH = 20
"""So many tell something of a clock."""


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
    drift_levels: int | None = None
    reconciled_at: Nanos | None = None
    refusals: dict[str, str] = field(default_factory=dict)
    """What was refused last, by request, until something is answered."""
    delays: deque[int] = field(default_factory=lambda: deque(maxlen=SAMPLE))

    def saw(self, at: Nanos, received_at: Nanos) -> None:
        """One event arrived."""
        self.events += 1
        self.last_event_at = received_at
        self.delays.append(received_at - at)

    def saw_many(self, count: int, newest: Iterable[int], received_at: Nanos) -> None:
        """``count`` events arrived; ``newest``: the delays of the last of them, at most SAMPLE."""
        self.events += count
        self.last_event_at = received_at
        self.delays.extend(newest)

    def view(self) -> FeedView:
        """The counters, frozen."""
        least, p50, p95, p99 = self._percentiles()
        return FeedView(
            name=self.name,
            state=self.state,
            reason=self.reason,
            last_event_at=None if self.last_event_at is None else Nanos(self.last_event_at),
            events=self.events,
            gaps=self.gaps,
            malformed=self.malformed,
            delay_least_ms=least,
            delay_p50_ms=p50,
            delay_p95_ms=p95,
            delay_p99_ms=p99,
            drift_levels=self.drift_levels,
            reconciled_at=self.reconciled_at,
        )

    def _percentiles(self) -> tuple[float | None, float | None, float | None, float | None]:
        """Least, p50, p95 and p99 of the delays, milliseconds."""
        if not self.delays:
            return None, None, None, None
        ordered = sorted(self.delays)
        last = len(ordered) - 1
        least, p50, p95, p99 = (
            ordered[last * share // 100] / MILLISECOND for share in (0, 50, 95, 99)
        )
        return least, p50, p95, p99


def _reported(health: SourceHealth) -> FeedView:
    """A connection that another part of the program looks after."""
    least, p50, p95, p99 = health.delays_ms or (None, None, None, None)
    return FeedView(
        name=health.feed,
        state=health.state,
        reason=health.reason,
        last_event_at=health.last_at,
        events=health.frames,
        gaps=health.gaps,
        malformed=health.malformed,
        delay_least_ms=least,
        delay_p50_ms=p50,
        delay_p95_ms=p95,
        delay_p99_ms=p99,
        drift_levels=health.drift_levels,
        reconciled_at=health.reconciled_at,
    )


class Feeds:
    """All sources, in a fixed order."""

    __slots__ = (
        "_by_name",
        "_reported",
        "account",
        "book",
        "index",
        "lifecycle",
        "quotes",
        "replica",
        "rest",
        "trades",
    )

    def __init__(self) -> None:
        self.book = FeedHealth(BOOK)
        self.index = FeedHealth(INDEX)
        self.trades = FeedHealth(TRADES)
        self.quotes = FeedHealth(QUOTES)
        self.lifecycle = FeedHealth(LIFECYCLE)
        self.account = FeedHealth(ACCOUNT)
        self.rest = FeedHealth(REST)
        self.replica = FeedHealth(REPLICA)
        self._reported: dict[Feed, FeedView] = {}
        socket = FeedHealth(SOCKET)
        known = (socket, self.book, self.index, self.trades, self.quotes, self.lifecycle)
        self._by_name = {feed.name: feed for feed in (*known, self.account, self.rest)}

    def named(self, name: Feed) -> FeedHealth:
        """The counters of a source; a new source is remembered."""
        if name == REPLICA:
            return self._by_name.setdefault(name, self.replica)
        return self._by_name.setdefault(name, FeedHealth(name))

    def of(self, source: IndexSource) -> FeedHealth:
        """The counters of a source of the index."""
        return self.named(FEED_OF[source])

    def report(self, sources: Iterable[SourceHealth]) -> None:
        """What another part of the program says of its own connections."""
        for health in sources:
            self._reported[health.feed] = _reported(health)

    def forget_delays(self) -> None:
        """Our clock was set: what was measured with the old one says nothing."""
        for feed in self._by_name.values():
            feed.delays.clear()

    def clock_set(self, by: int) -> None:
        """Our clock was set back by ``-by`` nanoseconds: what came last is as old as it was."""
        for feed in self._by_name.values():
            if feed.last_event_at is not None:
                feed.last_event_at += by

    def least_delays_ms(self) -> list[float]:
        """The least delay of every source that stamps what it says and said enough."""
        own = [min(f.delays) / MILLISECOND for f in self._stamping() if len(f.delays) >= ENOUGH]
        others = [view.delay_least_ms for view in self._reported.values()]
        return [*own, *(each for each in others if each is not None)]

    def _stamping(self) -> tuple[FeedHealth, ...]:
        known = (self._by_name.get(name) for name in _STAMPING)
        return tuple(feed for feed in known if feed is not None)

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
        feed.refusals.clear()

    def reaches(self, prefix: str) -> bool:
        """Whether any source of that name is up."""
        return any(view.state == "up" for view in self._named(prefix))

    def count_up(self, prefix: str) -> int:
        """How many sources of that name are up."""
        return sum(view.state == "up" for view in self._named(prefix))

    def why_down(self, prefix: str) -> str | None:
        """The first reason that a source of that name gives for not being up."""
        found = (view.reason for view in self._named(prefix) if view.state != "up" and view.reason)
        return next(found, None)

    def _named(self, prefix: str) -> Iterator[FeedHealth | FeedView]:
        yield from (feed for name, feed in self._by_name.items() if name.startswith(prefix))
        yield from (view for name, view in self._reported.items() if name.startswith(prefix))

    def views(self, *, polled: bool) -> tuple[FeedView, ...]:
        """Every source that was ever heard of or is waited for; without a key nobody waits for
        what comes by the socket.
        """
        own = tuple(
            feed.view()
            for feed in self._by_name.values()
            if not polled or feed.state != "waiting" or feed.name == REST
        )
        return own + tuple(self._reported.values())
