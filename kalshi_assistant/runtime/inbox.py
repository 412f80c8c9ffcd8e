"""The bounded queue between sockets and the loop, with a rule per kind of event.

- ``QuoteSeen``, ``IndexTicked``: overtaken. A newer one takes the older out of the queue and goes
  to the end, so at most one per market (per source and index) waits.
- ``BookSnapshot``, ``BookDelta``: never lost alone. When the queue is full, all that wait of one
  market are shed, one ``Gap`` stands where the first of them stood, and the market's deltas are
  ignored until its next snapshot.
- ``TradeSeen``: when the queue is full and no book can be shed, all that wait are dropped.
- Everything else (prints, our orders, life of markets, feeds, timers) is never dropped: it comes
  seldom, and the queue grows for it.

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
    IndexTicked,
    QuoteSeen,
    TradeSeen,
)
from kalshi_assistant.domain.ids import Feed, Ticker
from kalshi_assistant.domain.ranges import check_ranges, setting

BOOK_FEED: Final = Feed("kalshi.book")

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
    """Quotes and ticks overtaken by newer ones."""
    shed: int = 0
    """Book events that a ``Gap`` stands for."""
    gaps: int = 0
    trades_dropped: int = 0


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
        else:
            self._put += 1
            return self._put
        if self._waiting.pop(key, None) is not None:
            self._counts.replaced += 1
        return key

    def _make_room(self) -> Ticker | None:
        """Shed the book with the most waiting, else the trades; with neither, let it grow."""
        waits = Counter(
            event.ticker
            for event in self._waiting.values()
            if isinstance(event, (BookDelta, BookSnapshot))
        )
        for ticker, count in waits.most_common(1):
            if count > 1:  # a gap for a single event would make no room
                self._shed(ticker, count)
                return ticker
        self._drop_trades()
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

    def _drop_trades(self) -> None:
        trades = [key for key, event in self._waiting.items() if isinstance(event, TradeSeen)]
        for key in trades:
            del self._waiting[key]
        self._counts.trades_dropped += len(trades)
