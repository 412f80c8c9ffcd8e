"""The settlement of one window, exactly: sixty prints, an integer sum, one rounding, a tie is YES.

Convention A takes the prints stamped T-60 ... T-1, T being the market's ``close_time``: what the
venue settles on. Convention B takes T-59 ... T: what its own running average shows; kept beside
A, as information. Source: contract terms, and the venue's published values over more than ten
thousand windows.
"""

from kalshi_assistant.domain.contract import Outcome
from kalshi_assistant.domain.time import Nanos, from_seconds, whole_second
from kalshi_assistant.domain.units import IndexValue, float_round_mean, half_up_mean

WINDOW = 60
HALF_UP_SINCE = from_seconds(1_787_348_700)
"""2026-08-21T21:45:00Z: closes from here on round half a cent up; earlier ones rounded in binary.
"""


class SettlementWindow:
    """The prints of the minute before ``close_time``, by second; the first of a second stays."""

    __slots__ = ("_prints", "_second", "close_time")

    def __init__(self, close_time: Nanos) -> None:
        self.close_time = close_time
        self._second = whole_second(close_time)
        self._prints: dict[int, IndexValue] = {}

    def add(self, second: int, value: IndexValue) -> IndexValue | None:
        """Take a print of [T-60, T]; answers the one kept where a different value was there
        already.
        """
        if not self._second - WINDOW <= second <= self._second:
            return None
        kept = self._prints.setdefault(second, value)
        return None if kept == value else kept

    @property
    def count_a(self) -> int:
        """How many of the sixty prints of convention A are known."""
        return len(self._prints) - (self._second in self._prints)

    @property
    def missing_a(self) -> tuple[int, ...]:
        """The seconds of convention A without a print."""
        window = range(self._second - WINDOW, self._second)
        return tuple(second for second in window if second not in self._prints)

    def average_a(self) -> IndexValue | None:
        """The rounded mean over [T-60, T-1]; ``None`` while a print is missing."""
        return self._average(self._second - WINDOW)

    def average_b(self) -> IndexValue | None:
        """The rounded mean over [T-59, T]; ``None`` while a print is missing."""
        return self._average(self._second - WINDOW + 1)

    def _average(self, first: int) -> IndexValue | None:
        prints = [self._prints.get(second) for second in range(first, first + WINDOW)]
        known = [value for value in prints if value is not None]
        if len(known) < WINDOW:
            return None
        return rounded_mean(sum(known), self.close_time)


def rounded_mean(total: int, close_time: Nanos) -> IndexValue:
    """The mean of sixty prints under the rounding in force at ``close_time``."""
    if close_time >= HALF_UP_SINCE:
        return half_up_mean(total, WINDOW)
    return float_round_mean(total, WINDOW)


def outcome(settled: IndexValue, strike: IndexValue) -> Outcome:
    """YES when the settled value is at or above the strike."""
    return "yes" if settled >= strike else "no"
