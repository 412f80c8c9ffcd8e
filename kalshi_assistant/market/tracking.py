"""Our copy of the index beside the index: what it said of late, what it is made of, how far it is
off.

The copy of an instant comes before the print of that instant, so the newest copies wait here by
their stamps until their prints come.
"""

from collections import OrderedDict
from typing import Final, NamedTuple

from kalshi_assistant.domain.events import IndexReplicated
from kalshi_assistant.domain.time import SECOND, Nanos
from kalshi_assistant.domain.units import IndexValue
from kalshi_assistant.market.replica import ReplicaError
from kalshi_assistant.market.replica_settings import ReplicaSettings

WAITING_MAX: Final = 64
"""Copies that wait for their prints: a dozen seconds of them."""


class Compared(NamedTuple):
    """A print and the copy of its instant."""

    at: Nanos
    error_cents: int
    """Print less copy."""
    corrected_cents: int | None
    """The same with the mean error known before it taken out; ``None`` before that is known."""


class Tracking:
    """The newest copy, those that wait to be compared, and the error learnt so far."""

    __slots__ = ("_waiting", "error", "last_compared", "newest")

    def __init__(self, settings: ReplicaSettings) -> None:
        self.error = ReplicaError(settings)
        self.newest: IndexReplicated | None = None
        self.last_compared: Compared | None = None
        self._waiting: OrderedDict[int, IndexValue] = OrderedDict()

    def take(self, event: IndexReplicated) -> None:
        """Remember a copy; one that is not newer is passed over."""
        if self.newest is not None and event.at <= self.newest.at:
            return
        self.newest = event
        if event.value is not None:
            self._waiting[event.at] = event.value
            if len(self._waiting) > WAITING_MAX:
                self._waiting.popitem(last=False)

    def forget_waiting(self) -> None:
        """Our clock was set back: it stamps the copies, and the next is older than the newest."""
        self.newest = None
        self._waiting.clear()

    def printed(self, at: Nanos, value: IndexValue) -> None:
        """A true print stamped ``at``: compare it with the copy of that instant, once."""
        copy = self._waiting.pop(at, None)
        if copy is not None:
            away = value - self.error.correct(copy) if self.error.warm else None
            self.last_compared = Compared(at, value - copy, away)
            self.error.observe(at, value, copy)

    def unprinted(self, second: int) -> list[tuple[int, IndexValue]]:
        """Copies of whole seconds after ``second`` whose prints did not come, ascending."""
        return [
            (at // SECOND, value)
            for at, value in self._waiting.items()
            if at % SECOND == 0 and at // SECOND > second
        ]

    def corrected(self, value: IndexValue) -> IndexValue:
        """``value`` of the copy with the mean error taken out, once that is known."""
        return self.error.correct(value)

    @property
    def venues(self) -> int:
        """How many venues the newest copy is made of."""
        return 0 if self.newest is None else len(self.newest.used)
