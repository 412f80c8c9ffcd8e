"""The settlement of one window, exactly: sixty prints, an integer sum, one rounding, a tie is YES.

Convention A takes the prints stamped T-60 ... T-1, T being the market's ``close_time``: what the
venue settles on. Convention B takes T-59 ... T: what its own running average shows; kept beside
A, as information. Source: contract terms, and the venue's published values over more than ten
thousand windows.
"""

from dataclasses import dataclass
from typing import Final, Literal

import msgspec

from kalshi_assistant.domain.contract import Outcome
from kalshi_assistant.domain.time import Nanos, from_seconds, whole_second
from kalshi_assistant.domain.units import IndexValue, float_round_mean, half_up_mean
from kalshi_assistant.quant.averages import (
    MINUTE_SECONDS,
    SecondRing,
    Tally,
    seconds_before,
    seconds_through,
)

WINDOW: Final = MINUTE_SECONDS
HALF_UP_SINCE: Final = from_seconds(1_787_348_700)
"""2026-08-21T21:45:00Z: closes from here on round half a cent up; earlier ones rounded in binary.
"""


class SettlementWindow:
    """The prints of the minute before ``close_time``, by second; the first of a second stays.

    A second of which two sources said different things is in doubt: it counts as missing until the
    publisher's history says which it was.
    """

    __slots__ = ("_doubted", "_last", "_prints", "close_time")

    def __init__(self, close_time: Nanos) -> None:
        self.close_time = close_time
        self._last = whole_second(close_time)
        self._prints = SecondRing(WINDOW + 1)
        self._doubted: set[int] = set()

    def add(self, second: int, value: IndexValue) -> IndexValue | None:
        """Take a print of [T-60, T]; answers the one kept where a different value was there
        already. Other seconds are not of this window and are passed over, and so are those in
        doubt.
        """
        if not self._holds(second) or second in self._doubted:
            return None
        kept = self._prints.put(second, value)
        return None if kept is None else IndexValue(kept)

    def doubt(self, second: int) -> None:
        """From here on only the publisher's history is believed for this second."""
        if self._holds(second):
            self._doubted.add(second)
            self._prints.remove(second)

    def doubt_all(self) -> None:
        """The same for every second: their average is not the publisher's."""
        for second in range(self._last - WINDOW, self._last + 1):
            self.doubt(second)

    def resolve(self, second: int, value: IndexValue) -> None:
        """Take a print from the publisher's history: it ends a doubt and fills a hole."""
        self._doubted.discard(second)
        self.add(second, value)

    @property
    def doubted(self) -> frozenset[int]:
        """Seconds in doubt."""
        return frozenset(self._doubted)

    def _holds(self, second: int) -> bool:
        return self._last - WINDOW <= second <= self._last

    @property
    def known_a(self) -> Tally:
        """Sum and number of the prints of convention A so far."""
        return self._prints.tally(seconds_before(self._last))

    @property
    def known_b(self) -> Tally:
        """Sum and number of the prints of convention B so far."""
        return self._prints.tally(seconds_through(self._last))

    @property
    def count_a(self) -> int:
        """How many of the sixty prints of convention A are known."""
        return self.known_a.known

    @property
    def missing_a(self) -> tuple[int, ...]:
        """The seconds of convention A without a print."""
        return self._prints.missing(seconds_before(self._last))

    def average_a(self) -> IndexValue | None:
        """The rounded mean over [T-60, T-1]; ``None`` while a print is missing."""
        return self._average(self.known_a)

    def average_b(self) -> IndexValue | None:
        """The rounded mean over [T-59, T]; ``None`` while a print is missing."""
        return self._average(self.known_b)

    def _average(self, known: Tally) -> IndexValue | None:
        return rounded_mean(known.total, self.close_time) if known.complete else None


def rounded_mean(total: int, close_time: Nanos) -> IndexValue:
    """The mean of sixty prints under the rounding in force at ``close_time``."""
    if close_time >= HALF_UP_SINCE:
        return half_up_mean(total, WINDOW)
    return float_round_mean(total, WINDOW)


def outcome(settled: IndexValue, strike: IndexValue) -> Outcome:
    """YES when the settled value is at or above the strike."""
    return "yes" if settled >= strike else "no"


def least_yes_sum(strike: IndexValue) -> int:
    """The smallest sum of sixty prints, in cents, that settles YES where half a cent rounds up.

    The exact form of "the effective strike is half a cent below the strike".
    """
    return WINDOW * strike - WINDOW // 2


class Mismatch(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Our convention A of the window that closed at ``close_time``, and what the venue said."""

    close_time: Nanos
    seen_in: Literal["settlement", "next_strike"]
    ours: IndexValue
    theirs: IndexValue


@dataclass(slots=True)
class SelfCheck:
    """Whether we settle as the venue does: a running score, and the difference that stands.

    Only convention A is compared. A difference stands until a later settlement agrees; while it
    stands there is no signal to be trusted. A strike that agrees ends nothing: it is the value
    that differed, told once more.
    """

    checked: int = 0
    """Settlements compared: the ones of which every print was known."""
    matched: int = 0
    standing: Mismatch | None = None

    def settlement(self, window: SettlementWindow, published: IndexValue) -> bool | None:
        """Compare with the published value; ``None`` when prints are missing."""
        ours = window.average_a()
        if ours is None:
            return None
        self.checked += 1
        if ours == published:
            self.matched += 1
            self.standing = None
            return True
        self.standing = Mismatch(window.close_time, "settlement", ours, published)
        return False

    def next_strike(self, window: SettlementWindow, strike: IndexValue) -> bool | None:
        """Compare with the strike of the window that opens at this close: the same number, seconds
        earlier. ``None`` when prints are missing.
        """
        ours = window.average_a()
        if ours is None:
            return None
        if ours != strike:
            self.standing = Mismatch(window.close_time, "next_strike", ours, strike)
        return ours == strike
