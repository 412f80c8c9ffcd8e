"""A token bucket that is told the time: how many requests a venue will take, and when the next.

Invariants: the level never leaves ``[0, capacity]``; over any span, at most ``capacity`` plus what
flowed in is taken. The level is kept in tokens times nanoseconds per second, so it is exact.
"""

from kalshi_assistant.domain.time import SECOND, Nanos


class TokenBucket:
    """``refill_per_second`` tokens flow in, up to ``capacity``; full at first use.

    Raises ValueError unless both are positive.
    """

    __slots__ = ("_at", "_capacity", "_level", "_rate")

    def __init__(self, refill_per_second: int, capacity: int) -> None:
        if refill_per_second <= 0 or capacity <= 0:
            raise ValueError("a bucket needs a positive refill and capacity")
        self._rate = refill_per_second
        self._capacity = capacity * SECOND
        self._level = self._capacity
        self._at = Nanos(-1)

    @property
    def capacity(self) -> int:
        """The most tokens it holds."""
        return self._capacity // SECOND

    def resize(self, refill_per_second: int, capacity: int) -> None:
        """Another size; what was taken and has not flowed in again stays taken.

        Raises ValueError unless both are positive.
        """
        if refill_per_second <= 0 or capacity <= 0:
            raise ValueError("a bucket needs a positive refill and capacity")
        missing = self._capacity - self._level
        self._rate, self._capacity = refill_per_second, capacity * SECOND
        self._level = max(0, self._capacity - missing)

    def take(self, cost: int, now: Nanos, keep: int = 0) -> bool:
        """Take ``cost`` tokens if they are there and ``keep`` stay behind; otherwise nothing.

        Raises ValueError for a negative cost or keep.
        """
        if not self.holds(cost, now, keep):
            return False
        self._level -= cost * SECOND
        return True

    def holds(self, cost: int, now: Nanos, keep: int = 0) -> bool:
        """Whether ``take`` would succeed. Raises ValueError for a negative cost or keep."""
        if cost < 0 or keep < 0:
            raise ValueError(f"a request cannot cost {cost} tokens, nor {keep} be kept")
        self._flow(now)
        return (cost + keep) * SECOND <= self._level

    def ready_at(self, cost: int, now: Nanos) -> Nanos:
        """When ``take(cost)`` will succeed if nothing else is taken: ``now`` or later.

        Raises ValueError where ``cost`` exceeds the capacity: that would be never.
        """
        if cost * SECOND > self._capacity:
            raise ValueError(f"{cost} tokens never fit a bucket of {self._capacity // SECOND}")
        self._flow(now)
        missing = cost * SECOND - self._level
        return now if missing <= 0 else Nanos(self._at - -missing // self._rate)

    def _flow(self, now: Nanos) -> None:
        """What came in since the last look. A clock that went back brings nothing, and what flows
        in from there on counts.
        """
        if now < self._at:
            self._at = now
        elif now > self._at:
            self._level = min(self._capacity, self._level + (now - self._at) * self._rate)
            self._at = now
