"""The index made from the constituents' books, with the reads of the path that it is made around.

From ``start`` on the hidden price moves the books, and the books make the index; before it, the
index is the hidden price, shifted by as much as the two differ at the start, so that nothing jumps
there. The books are lived as far as anybody asks; what changed in them on the way waits for those
who publish them.
"""

from array import array
from collections import deque

from kalshi_assistant.domain.time import Nanos
from kalshi_assistant.domain.units import IndexValue
from kalshi_assistant.sim.constituents import USUAL, Constituents, ConstituentSettings, SpotMove
from kalshi_assistant.sim.index_path import STEP, IndexPath


class ConstituentIndex:
    """The true index, five values a second, as ``IndexPath`` gives the hidden price.

    ``constituents`` are at the last instant that was asked for: who wants the books of now asks
    for nothing later.
    """

    def __init__(
        self, seed: int, path: IndexPath, start: Nanos, settings: ConstituentSettings = USUAL
    ) -> None:
        self._path = path
        self.constituents = Constituents(seed, path, start, settings)
        self._start = self.constituents.now()
        self._first = self._start // STEP
        """The grid's number of the first value in memory that the books made."""
        self._cents = array("q", [self.constituents.index()])
        self._shift = self._cents[0] - path.value(self._start)
        self._moves: deque[SpotMove] = deque()

    def __len__(self) -> int:
        """How many values are in memory, hidden ones included."""
        return len(self._path) + len(self._cents)

    def value(self, at: int) -> IndexValue:
        """The value of the last grid instant up to ``at``. Raises ValueError when forgotten."""
        if at < self._start:
            return IndexValue(self._path.value(at) + self._shift)
        place = at // STEP - self._first
        if place < 0:
            raise ValueError("the index of that instant is forgotten")
        self._live(at)
        return IndexValue(self._cents[place])

    def sigma(self, at: int) -> float:
        """Volatility of the hidden price at ``at``, in dollars per square root of a second."""
        return self._path.sigma(at)

    def values(self, start: int, end: int) -> list[tuple[Nanos, IndexValue]]:
        """``(stamp, value)`` of the grid within [start, end], without what is forgotten."""
        before = self._before(start, end)
        low = max(-(-start // STEP), self._first)
        if end // STEP < low:
            return before
        self._live(end)
        cents = self._cents[low - self._first : end // STEP + 1 - self._first]
        return before + [
            (Nanos(stamp * STEP), IndexValue(value)) for stamp, value in enumerate(cents, start=low)
        ]

    def _before(self, start: int, end: int) -> list[tuple[Nanos, IndexValue]]:
        """Values of the time before the books."""
        if start >= self._start:
            return []
        hidden = self._path.values(start, min(end, self._start - 1))
        return [(at, IndexValue(value + self._shift)) for at, value in hidden]

    def moves(self, to: Nanos) -> list[SpotMove]:
        """What changed in the books since the last call, up to ``to``, inclusive, in order of time;
        without what was forgotten meanwhile.
        """
        self._live(to)
        taken: list[SpotMove] = []
        while self._moves and self._moves[0].at <= to:
            taken.append(self._moves.popleft())
        return taken

    def forget(self, before: int) -> None:
        """Give up the values stamped before ``before``, and changes of books that nobody took."""
        before = min(before, self.constituents.now())
        self._path.forget(before)
        surplus = before // STEP - self._first
        if surplus > 0:
            del self._cents[:surplus]
            self._first += surplus
        while self._moves and self._moves[0].at < before:
            self._moves.popleft()

    def _live(self, to: int) -> None:
        """Live the books until ``to``."""
        books = self.constituents
        while (at := Nanos(books.now() + STEP)) <= to:
            self._moves += books.advance(at)
            self._cents.append(books.index())
