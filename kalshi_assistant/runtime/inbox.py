"""The bounded queue between sockets and the loop, with a rule per kind of event (``policies``).

- Quotes, ticks of the index, copies of it between two whole seconds: overtaken. A newer one takes
  the older out of the queue and goes to the end, so at most one of each source waits.
- Books: never lost alone. When the queue is full, all that wait of one market are shed, one ``Gap``
  stands where the first of them stood, and the market's deltas are ignored until its next
  snapshot.
- Trades: those that come while the queue is full are left out and counted.
- Everything else is never dropped: it comes seldom, and the queue grows for it; at ten times its
  capacity something is broken, and it raises.

What is taken is in the order of putting. Known limitation: made for one event loop; ``put`` from
another thread is not safe.
"""

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from kalshi_assistant.domain.events import (
    BookDelta,
    BookSnapshot,
    Event,
    Gap,
    IndexReplicated,
    IndexTicked,
    QuoteSeen,
    SourcesSeen,
    TradeSeen,
)
from kalshi_assistant.domain.ids import Feed, Ticker
from kalshi_assistant.domain.ranges import check_ranges, setting
from kalshi_assistant.domain.time import SECOND
from kalshi_assistant.engine.snapshot import QueueView
from kalshi_assistant.runtime.policies import OTHERS, POLICY, Policy

BOOK_FEED: Final = Feed("kalshi.book")
OVERFLOW: Final = 10
NAMES: Final[dict[Policy, str]] = {
    "drop_oldest": "quotes and ticks",
    "drop_newest": "trades",
    "raise": "books and the rest",
}

_Key = int | tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxSettings:
    """How much may wait."""

    capacity: int = setting(
        20_000, "events that may wait before books are shed and resynced", ge=16
    )

    def __post_init__(self) -> None:
        check_ranges(self)


@dataclass(slots=True)
class InboxCounts:
    """What happened to events on their way, since the start."""

    depth: int = 0
    high_water: int = 0
    replaced: int = 0
    """Quotes, ticks and copies overtaken by newer ones."""
    shed: int = 0
    """Book events that a ``Gap`` stands for."""
    gaps: int = 0
    trades_dropped: int = 0
    """Trades left out because the queue was full."""


class InboxOverflowError(RuntimeError):
    """More waits than can be: the loop has stopped taking."""


class Inbox:
    """Events waiting for the loop."""

    def __init__(self, settings: InboxSettings, book_feed: Feed = BOOK_FEED) -> None:
        self._capacity = settings.capacity
        self._shed_at = settings.capacity
        self._book_feed = book_feed
        # In order of putting; what can be overtaken under its own key, the rest under a number.
        self._waiting: OrderedDict[_Key, Event] = OrderedDict()
        self._put = 0
        self._broken: set[Ticker] = set()
        self._filled = asyncio.Event()
        self._closed = False
        self._counts = InboxCounts()

    @property
    def counts(self) -> InboxCounts:
        """The counters, live."""
        self._counts.depth = len(self._waiting)
        return self._counts

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, event: Event) -> Ticker | None:
        """Let ``event`` in; the market whose book was shed and needs a resync, mostly none."""
        if isinstance(event, BookDelta) and event.ticker in self._broken:
            self._counts.shed += 1
            return None
        if isinstance(event, BookSnapshot):
            self._broken.discard(event.ticker)
        if isinstance(event, TradeSeen) and len(self._waiting) >= self._capacity:
            self._counts.trades_dropped += 1
            return None
        self._waiting[self._key(event)] = event
        self._filled.set()
        depth = len(self._waiting)
        if depth > self._counts.high_water:
            self._counts.high_water = depth
        return self._make_room() if depth > self._shed_at else None

    def put_all(self, events: Iterable[Event]) -> tuple[Ticker, ...]:
        """Let several in, in order; the markets that need a resync."""
        return tuple(ticker for event in events if (ticker := self.put(event)) is not None)

    def drain(self, limit: int | None = None) -> list[Event]:
        """Take what waits, at most ``limit`` events, without waiting for more."""
        waiting = self._waiting
        if limit is None or limit >= len(waiting):
            taken = list(waiting.values())
            waiting.clear()
        else:
            taken = [waiting.popitem(last=False)[1] for _ in range(limit)]
        if not waiting:
            self._shed_at = self._capacity
            self._await_more()
        return taken

    async def take_batch(self, limit: int) -> list[Event]:
        """Wait until something is there and take at most ``limit``; nothing comes only after
        ``close``.

        Cancelled, it loses nothing.
        """
        await self._filled.wait()
        return self.drain(limit)

    def close(self) -> None:
        """No more will be put: ``take_batch`` gives what is left, then nothing, without waiting."""
        self._closed = True
        self._filled.set()

    def _await_more(self) -> None:
        if not self._closed:
            self._filled.clear()

    def _key(self, event: Event) -> _Key:
        """Where ``event`` waits; an older one it overtakes is taken out."""
        if isinstance(event, QuoteSeen):
            key: _Key = ("quote", event.ticker)
        elif isinstance(event, IndexTicked):
            key = (event.source, event.index)
        elif isinstance(event, IndexReplicated) and event.at % SECOND:
            key = ("copy", event.index)
        elif isinstance(event, SourcesSeen):
            key = ("sources", "")
        else:
            self._put += 1
            return self._put
        if self._waiting.pop(key, None) is not None:
            self._counts.replaced += 1
        return key

    def _make_room(self) -> Ticker | None:
        """Shed the book with the most waiting; with none, let it grow. Raises
        InboxOverflowError.
        """
        waits = Counter(
            event.ticker
            for event in self._waiting.values()
            if isinstance(event, (BookDelta, BookSnapshot))
        )
        for ticker, count in waits.most_common(1):
            if count > 1:  # a gap for a single event would make no room
                self._shed(ticker, count)
                return ticker
        if len(self._waiting) > OVERFLOW * self._capacity:
            raise InboxOverflowError(f"{len(self._waiting):,} events wait that may not be dropped")
        # What is left may not be dropped: look again when it has doubled.
        self._shed_at = max(self._capacity, 2 * len(self._waiting))
        return None

    def _shed(self, ticker: Ticker, count: int) -> None:
        """One ``Gap`` where the book's first event stood: from there on the book is unknown.

        Snapshots go as well: one left behind the gap would mend the book without the deltas after
        it.
        """
        kept: OrderedDict[_Key, Event] = OrderedDict()
        gap: Gap | None = None
        for key, event in self._waiting.items():
            if not isinstance(event, (BookDelta, BookSnapshot)) or event.ticker != ticker:
                kept[key] = event
            elif gap is None:
                feed, at = self._book_feed, event.received_at
                kept[key] = gap = Gap(at, at, feed, (ticker,), expected=count, got=0)
        self._waiting = kept
        self._broken.add(ticker)
        self._counts.shed += count
        self._counts.gaps += 1

    def views(self) -> tuple[QueueView, ...]:
        """The queue by its policies, for readers."""
        counts, waiting = self.counts, self._waiting.values()
        kinds = Counter(POLICY.get(type(event), OTHERS) for event in waiting)
        dropped = {
            "drop_oldest": counts.replaced,
            "drop_newest": counts.trades_dropped,
            "raise": counts.shed,
        }
        return tuple(
            QueueView(
                name=f"inbox {name}",
                policy=policy,
                depth=kinds[policy],
                high_water=counts.high_water,
                capacity=self._capacity,
                dropped=dropped[policy],
            )
            for policy, name in NAMES.items()
        )
