"""The middle of the book of the markets a life traded in, once a second: what fills are drawn on.

**Invariant:** kept only for markets with a fill; of others nothing is left after their close.
"""

from typing import Final

from kalshi_assistant.domain.entries import FillKept
from kalshi_assistant.domain.ids import Ticker
from kalshi_assistant.domain.time import SECOND, Nanos
from kalshi_assistant.runtime.backtest import Backtest, mid_of

PATHS_MAX: Final = 200
"""Markets whose path is kept, the first."""
Path = list[tuple[float, float]]
"""(seconds to the close, dollars), in order of time."""


class Paths:
    """Follows one life; asked before every event."""

    def __init__(self, life: Backtest) -> None:
        self.kept: dict[Ticker, Path] = {}
        self._life = life
        self._now = Nanos(0)
        self._ticker: Ticker | None = None
        self._path: Path = []
        self._read = 0
        self._traded: set[Ticker] = set()

    def before(self, now: Nanos) -> None:
        """An event received at ``now`` is about to be handled."""
        if now - self._now >= SECOND:
            self._now = now
            self._look(now)

    @property
    def next_look(self) -> Nanos:
        """No event received before this needs ``before`` to be asked."""
        return Nanos(self._now + SECOND)

    def _look(self, now: Nanos) -> None:
        entries = self._life.record.entries
        fresh = entries[self._read :]
        self._traded.update(each.ticker for each in fresh if isinstance(each, FillKept))
        self._read = len(entries)
        contract = self._life.engine.focused
        if contract is None:
            return
        if contract.ticker != self._ticker:
            self._ticker, self._path = contract.ticker, []
        mid = mid_of(self._life.engine, contract.ticker)
        left = (contract.close_time - now) / SECOND
        if mid is not None and left >= 0:
            self._path.append((left, mid))
        if contract.ticker in self._traded and len(self.kept) < PATHS_MAX:
            self.kept[contract.ticker] = self._path
