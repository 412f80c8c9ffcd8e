"""Where the market went after a fill: the middle of the book 1, 10 and 60 seconds later."""

from collections import deque
from typing import Final, NamedTuple

from kalshi_assistant.domain.entries import FillKept
from kalshi_assistant.domain.orders import BID
from kalshi_assistant.domain.time import SECOND, Nanos
from kalshi_assistant.domain.units import PRICE_SCALE
from kalshi_assistant.runtime.backtest import Backtest, mid_of

AFTER: Final = (1, 10, 60)
"""Seconds."""


class MarkOut(NamedTuple):
    """Of one fill: dollars a contract the middle moved in our favour, by seconds after it;
    ``None`` where no middle was known then.
    """

    fill: FillKept
    gained: dict[int, float | None]


class MarkOuts:
    """Follows the fills of one life. Asked before every event, so that a middle is the one that
    stood at its instant.
    """

    def __init__(self, life: Backtest) -> None:
        self.found: list[MarkOut] = []
        self._life = life
        self._read = 0
        self._waiting: dict[int, deque[tuple[Nanos, MarkOut]]] = {each: deque() for each in AFTER}
        self._due = Nanos(2**62)

    def before(self, now: Nanos) -> None:
        """An event received at ``now`` is about to be handled."""
        if len(self._life.record.entries) != self._read:
            self._take_up()
        if self._due < now:
            self._look(now)

    @property
    def next_look(self) -> Nanos:
        """No event received before this needs ``before`` to be asked."""
        if len(self._life.record.entries) != self._read:
            return Nanos(0)
        return Nanos(self._due + 1)

    def finish(self) -> None:
        """Nothing follows: what is still waited for is not known."""
        self.before(self._life.now)

    def _take_up(self) -> None:
        entries = self._life.record.entries
        for entry in entries[self._read :]:
            if isinstance(entry, FillKept):
                mark = MarkOut(entry, dict.fromkeys(AFTER))
                self.found.append(mark)
                for seconds, waiting in self._waiting.items():
                    waiting.append((Nanos(entry.at + seconds * SECOND), mark))
        self._read = len(entries)
        self._plan()

    def _look(self, now: Nanos) -> None:
        for seconds, waiting in self._waiting.items():
            while waiting and waiting[0][0] < now:
                _, mark = waiting.popleft()
                mark.gained[seconds] = _gained(self._life, mark.fill)
        self._plan()

    def _plan(self) -> None:
        heads = [waiting[0][0] for waiting in self._waiting.values() if waiting]
        self._due = min(heads, default=Nanos(2**62))


def _gained(life: Backtest, fill: FillKept) -> float | None:
    mid = mid_of(life.engine, fill.ticker)
    if mid is None:
        return None
    paid = fill.price / PRICE_SCALE
    return mid - paid if fill.side == BID else paid - mid
