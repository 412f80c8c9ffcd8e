"""Exact averages on a one-second grid: integer sums, holes that stay holes, two window conventions.

"Before" an instant are the seconds [T-60, T): T itself is not among them. "Through" an instant are
(T-60, T]. Which of the two settles a market is not known here.

**Invariant:** a second holds the first value put there, or nothing; nothing is ever filled in.
"""

from typing import Final

import msgspec

MINUTE_SECONDS: Final = 60


def seconds_before(second: int, count: int = MINUTE_SECONDS) -> range:
    """The ``count`` seconds that end just before ``second``: [second - count, second)."""
    return range(second - count, second)


def seconds_through(second: int, count: int = MINUTE_SECONDS) -> range:
    """The ``count`` seconds that end with ``second``: (second - count, second]."""
    return range(second - count + 1, second + 1)


class Tally(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What is known of some seconds: the exact sum of ``known`` values out of ``of``."""

    total: int
    known: int
    of: int

    @property
    def complete(self) -> bool:
        """Whether every second has its value."""
        return self.known == self.of


class SecondRing:
    """The first value of each of the last ``size`` seconds; older seconds make room.

    Every slot knows which second it holds, so a jump ahead needs no sweep, and seconds may come in
    any order.
    """

    __slots__ = ("_seconds", "_size", "_values")

    def __init__(self, size: int) -> None:
        assert size > 0, "a ring holds at least one second"
        self._size = size
        self._seconds: list[int | None] = [None] * size
        self._values = [0] * size

    def put(self, second: int, value: int) -> int | None:
        """Keep ``value``, unless the second has one; answers the kept one where the two differ.

        A second whose slot already holds a later one is too old to be kept.
        """
        slot = second % self._size
        held = self._seconds[slot]
        if held is None or held < second:
            self._seconds[slot], self._values[slot] = second, value
            return None
        kept = self._values[slot]
        return kept if held == second and kept != value else None

    def remove(self, second: int) -> None:
        """Forget the value of a second."""
        slot = second % self._size
        if self._seconds[slot] == second:
            self._seconds[slot] = None

    def at(self, second: int) -> int | None:
        """The value of a second; ``None`` where there is none (any more)."""
        slot = second % self._size
        return self._values[slot] if self._seconds[slot] == second else None

    def tally(self, seconds: range) -> Tally:
        """The exact sum over ``seconds`` and how many of them have a value."""
        values = [value for second in seconds if (value := self.at(second)) is not None]
        return Tally(sum(values), len(values), len(seconds))

    def missing(self, seconds: range) -> tuple[int, ...]:
        """Which of ``seconds`` have no value, ascending."""
        return tuple(second for second in seconds if self.at(second) is None)
