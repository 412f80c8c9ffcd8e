"""All constituents together: their lines, the index computed from their books, and now and then a
second look at every book.

A book may go wrong without a sign. So, every few minutes and one venue at a time, a second
connection is opened, and when its book is there both are laid side by side, twice. Levels that
differ in the same way both times have drifted; the fresh book takes the place of the old one.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

from kalshi_assistant.domain.events import IndexReplicated, SourcesSeen
from kalshi_assistant.domain.ids import BRTI
from kalshi_assistant.domain.time import MILLISECOND, SECOND, Nanos
from kalshi_assistant.market.replica import Replica
from kalshi_assistant.market.replica_settings import ReplicaSettings
from kalshi_assistant.market.spot import SpotBook
from kalshi_assistant.venues.spot.bitstamp import BitstampWire
from kalshi_assistant.venues.spot.bullish import BullishWire
from kalshi_assistant.venues.spot.coinbase import CoinbaseWire
from kalshi_assistant.venues.spot.cryptocom import CryptocomWire
from kalshi_assistant.venues.spot.gemini import GeminiWire
from kalshi_assistant.venues.spot.kraken import KrakenWire
from kalshi_assistant.venues.spot.line import LineSettings, SpotLine
from kalshi_assistant.venues.spot.lmax import LmaxWire
from kalshi_assistant.venues.spot.paxos import PaxosWire
from kalshi_assistant.venues.spot.settings import SpotSettings
from kalshi_assistant.venues.spot.wire import SpotVenue, SpotWire

GRID: Final = SECOND // 5
"""The index is computed for every 200 ms. Source: guide 16.6 of 2026-05-18."""
COMPARED: Final = 200
"""Levels a side that are laid side by side, from the best on."""
SETTLED: Final = 2 * SECOND
"""Between the two comparisons: what is on its way in one of them has arrived."""
CHECK_MAX: Final = 60 * SECOND
"""A second connection without a book after so long is given up."""

WIRES: Final[dict[SpotVenue, Callable[[], SpotWire]]] = {
    "coinbase": CoinbaseWire,
    "kraken": KrakenWire,
    "bitstamp": BitstampWire,
    "gemini": GeminiWire,
    "cryptocom": CryptocomWire,
    "bullish": BullishWire,
    "paxos": PaxosWire,
    "lmax": LmaxWire,
}


@dataclass(slots=True)
class _Check:
    """A second look at one venue's book."""

    line: SpotLine
    begun_at: Nanos
    first_at: Nanos | None = None
    different: frozenset[tuple[int, int, int, int]] = frozenset()


class SpotDesk:
    """The lines of all venues wanted. ``chance`` gives each its own stream by name."""

    def __init__(
        self,
        settings: SpotSettings,
        replica: ReplicaSettings,
        chance: Callable[[str], np.random.Generator],
        now: Nanos,
    ) -> None:
        self._settings, self._chance = settings, chance
        self._replica = Replica(replica)
        self._every = int(settings.reconcile_seconds * SECOND)
        self._drift: dict[SpotVenue, tuple[int, Nanos]] = {}
        self._checks = 0
        self._check: _Check | None = None
        venues = settings.venues
        self.lines: dict[SpotVenue, SpotLine] = {
            venue: self._line(venue, f"spot.{venue}") for venue in venues
        }
        spread = self._every // max(len(venues), 1)
        self._check_due = {
            venue: now + self._every + place * spread for place, venue in enumerate(venues)
        }

    @property
    def wait(self) -> int:
        """How long after an instant its copy is computed, nanoseconds."""
        return self._settings.wait_ms * MILLISECOND

    def replicate(self, at: Nanos, received_at: Nanos) -> IndexReplicated:
        """The index of the books as they stand; ``at`` is an instant of the grid."""
        found = self._replica.calculate(at, [line.seen() for line in self.lines.values()])
        shares = [share for _, share in found.coverage]
        return IndexReplicated(
            at=at,
            received_at=received_at,
            index=BRTI,
            value=found.value,
            failure=found.failure,
            used=found.used,
            left_out=tuple((name, str(reason)) for name, reason in found.left_out),
            coverage=sum(shares) / len(shares) if shares else 0.0,
        )

    def health(self, now: Nanos) -> SourcesSeen:
        """How every line is doing."""
        return SourcesSeen(
            now,
            now,
            tuple(
                line.health(*self._drift.get(venue, (None, None)))
                for venue, line in self.lines.items()
            ),
        )

    def reconcile(self, now: Nanos) -> tuple[SpotLine | None, SpotLine | None]:
        """Go on with the second look; ask often. Answers (a line to serve from now on, one that is
        over).
        """
        if self._check is None:
            return self._begin(now), None
        check, venue = self._check, self._check.line.wire.venue
        mine = self.lines[venue]
        if not mine.book.known or now - check.begun_at > CHECK_MAX:
            return None, self._end(venue, now)
        if not check.line.book.known:
            return None, None
        if check.first_at is None:
            check.first_at, check.different = now, _differences(mine.book, check.line.book)
            return None, None
        if now - check.first_at < SETTLED:
            return None, None
        stays = check.different & _differences(mine.book, check.line.book)
        self._drift[venue] = (len(stays), now)
        self._adopt(venue, check.line, mine)
        self._end(venue, now)
        return None, mine

    def _line(self, venue: SpotVenue, name: str) -> SpotLine:
        line = LineSettings(
            silence_seconds=self._settings.silence_seconds,
            longest_delay_seconds=self._settings.longest_delay_seconds,
        )
        return SpotLine(WIRES[venue](), line, self._chance(name))

    def _begin(self, now: Nanos) -> SpotLine | None:
        ready = [
            (due, venue)
            for venue, due in self._check_due.items()
            if now >= due and self.lines[venue].book.known
        ]
        if not ready:
            return None
        _, venue = min(ready)
        self._checks += 1
        self._check = _Check(self._line(venue, f"spot.{venue}.{self._checks}"), now)
        return self._check.line

    def _end(self, venue: SpotVenue, now: Nanos) -> SpotLine | None:
        """Over; the next in its turn. Answers the second line."""
        check, self._check = self._check, None
        self._check_due[venue] = now + self._every
        return None if check is None else check.line

    def _adopt(self, venue: SpotVenue, fresh: SpotLine, old: SpotLine) -> None:
        """The fresh line goes on counting where the old one stopped."""
        fresh.frames += old.frames
        fresh.gaps += old.gaps
        fresh.malformed += old.malformed
        self.lines[venue] = fresh


def _differences(mine: SpotBook, fresh: SpotBook) -> frozenset[tuple[int, int, int, int]]:
    """(side, price, our size, its size) of the near levels that are not the same in both."""
    found: set[tuple[int, int, int, int]] = set()
    for side in (0, 1):
        ours, theirs = _near(mine, side), _near(fresh, side)
        if ours and theirs:
            found |= {
                (side, price, ours.get(price, 0), theirs.get(price, 0))
                for price in _common(ours, theirs, side)
                if ours.get(price) != theirs.get(price)
            }
    return frozenset(found)


def _near(book: SpotBook, side: int) -> dict[int, int]:
    prices, sizes = book.levels(0 if side == 0 else 1)
    return dict(zip(prices[:COMPARED].tolist(), sizes[:COMPARED].tolist(), strict=True))


def _common(ours: dict[int, int], theirs: dict[int, int], side: int) -> Iterable[int]:
    """Prices as far out as both books were read."""
    prices = ours.keys() | theirs.keys()
    if side == 0:
        end = max(min(ours), min(theirs))
        return [price for price in prices if price >= end]
    end = min(max(ours), max(theirs))
    return [price for price in prices if price <= end]
