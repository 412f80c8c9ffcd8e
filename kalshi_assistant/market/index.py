"""The index: one-second prints in a ring, newer ticks apart, and what the volatility has learnt
from them.

**Invariant:** a second holds the first print received for it, or an estimate that is marked as one
until the print comes, or nothing; nothing is ever filled in.
"""

from collections.abc import Iterable

import numpy as np

from kalshi_assistant.domain.events import IndexSource
from kalshi_assistant.domain.time import SECOND
from kalshi_assistant.domain.units import INDEX_SCALE, IndexValue
from kalshi_assistant.market.calendar import zone_offset
from kalshi_assistant.market.settings import NumberSettings
from kalshi_assistant.quant import layout, volatility
from kalshi_assistant.quant.kernel import step
from kalshi_assistant.quant.layout import (
    COMPONENTS,
    I_BLOCK_AGE,
    I_COOL_UNTIL,
    I_ESTIMATED,
    I_LAST,
    I_MAX_GAP,
    I_MAX_MISSING,
    I_OFFSET,
    I_RECEIVED,
    I_SEEN,
    I_SEEN_AT,
    I_SURE_LEFT,
    I_ZONE,
    PAST,
    PRINT,
    R_CERTAINTY,
    R_FLOOR,
    R_GUESS,
    R_NOWCAST,
    R_PROFILE,
    R_SECONDS,
    R_SHARES,
    R_TAIL,
    R_VERSION,
    R_WARM,
    RING,
)
from kalshi_assistant.quant.ring import guess_at, print_at, prints_from, relearn

BASIS_POINT = 1e-4
ZONE_SPAN = 3_600
"""New York's offset changes on a whole hour, so it is asked once an hour."""


class Index:
    """The index of one name: ring, newest observation, volatility state."""

    __slots__ = ("_view", "_zone_hour", "array", "name", "real", "scratch", "source")

    def __init__(self, name: str, settings: NumberSettings) -> None:
        self.name = name
        self.source: IndexSource | None = None
        """What gives the newest values."""
        self.array = layout.new_index()
        self.real = layout.new_real()
        self._view = self.array.data
        self.scratch = layout.new_market()
        self._zone_hour = -1
        volatility.forget(self.real)
        self.real[R_PROFILE] = settings.profile
        self.set_error(settings.nowcast_sd_bp, settings.nowcast_sd_bp)
        self.adopt(settings)

    def adopt(self, settings: NumberSettings) -> None:
        """Compute by these settings from the next evaluation on; what the volatility was learnt
        under (``profile``, ``nowcast_sd_bp``) stays.
        """
        self.array[I_BLOCK_AGE] = int(settings.stale_seconds * SECOND)
        self.array[I_MAX_MISSING] = settings.max_missing_prints
        self.array[I_MAX_GAP] = settings.max_gap_seconds
        self.array[I_SURE_LEFT] = int(settings.certainty_seconds * SECOND)
        self.real[R_TAIL] = settings.tail_degrees
        self.real[R_CERTAINTY] = settings.certainty
        self.real[R_WARM] = settings.warm_seconds
        self.real[R_FLOOR] = settings.volatility_floor_bp * BASIS_POINT
        self.real[R_VERSION] = -1.0

    @property
    def value(self) -> IndexValue | None:
        """The newest value seen, print or tick."""
        return IndexValue(self._view[I_SEEN]) or None

    @property
    def value_at(self) -> int | None:
        """The source's stamp of the newest value, ns."""
        return self._view[I_SEEN_AT] or None

    @property
    def received_at(self) -> int | None:
        """Receipt of the newest value, ns."""
        return self._view[I_RECEIVED] or None

    @property
    def last_second(self) -> int:
        """Epoch second of the newest print, 0 when there is none."""
        return self._view[I_LAST]

    @property
    def shares(self) -> tuple[float, ...]:
        """What each half-life counts for in the volatility."""
        return tuple(self.real[R_SHARES : R_SHARES + COMPONENTS].tolist())

    @property
    def volatility_seconds(self) -> float:
        """Seconds of index the volatility has seen."""
        return float(self.real[R_SECONDS])

    def print_of(self, second: int) -> IndexValue | None:
        """The print of an epoch second, ``None`` when it was not received (or is older than the
        ring).
        """
        return IndexValue(print_at(self.array, second)) or None

    @property
    def estimated(self) -> bool:
        """Whether the newest value is an estimate of the index rather than the index."""
        return self._view[I_ESTIMATED] == 1

    def is_estimate(self, second: int) -> bool:
        """Whether all that is known of this second's print is an estimate."""
        return bool(guess_at(self.array, second))

    def true_print_of(self, second: int) -> IndexValue | None:
        """The print of an epoch second; ``None`` also where only an estimate is known."""
        return None if self.is_estimate(second) else self.print_of(second)

    def set_error(self, newest_bp: float, kept_bp: float) -> None:
        """How far the newest value is believed to be off, and the estimates that stand for prints;
        basis points.
        """
        wanted = (newest_bp * BASIS_POINT, kept_bp * BASIS_POINT)
        if (self.real[R_NOWCAST], self.real[R_GUESS]) != wanted:
            self.real[R_NOWCAST], self.real[R_GUESS] = wanted
            self.real[R_VERSION] = -1.0

    def set_offset(self, nanoseconds: int) -> None:
        """How far our clock is ahead of the one that stamps the newest values: their age is told
        without it.
        """
        self.array[I_OFFSET] = nanoseconds

    def clock_set(self, by: int) -> None:
        """Our clock was set back by ``-by`` nanoseconds: the newest value is as old as it was, and
        a cool-down lasts as long as it had left.
        """
        self.array[I_OFFSET] += by
        for slot in (I_RECEIVED, I_COOL_UNTIL):
            if self.array[slot]:
                self.array[slot] += by

    def localise(self, second: int) -> None:
        """Tell the kernel New York's offset at ``second``."""
        hour = second // ZONE_SPAN
        if hour != self._zone_hour:
            self._zone_hour = hour
            self.array[I_ZONE] = zone_offset(second)

    def absorb(
        self, prints: Iterable[tuple[int, IndexValue]], received_at: int, *, estimates: bool = False
    ) -> int:
        """Take prints of the past, or estimates of them, ascending; answers how many seconds were
        new.

        With what fills a hole or comes before everything known, the volatility learns anew: from
        these prints and the ring together, unless it knows of more than both hold.
        """
        added, fills = 0, False
        guess = int(estimates)  # a bool would have the whole kernel compiled once more
        history: dict[int, IndexValue] = {}
        for second, value in prints:
            history.setdefault(second, value)
        start = self.last_second - self.volatility_seconds
        covers = self.volatility_seconds <= RING or min(history, default=start) <= start
        for second, value in history.items():
            self.localise(second)
            newest = self.last_second
            known = self.print_of(second) if estimates else self.true_print_of(second)
            if known is None and (second > newest - RING or second < start):
                added += 1
            fills |= newest > 0 and second <= newest
            kind = PRINT if second > newest else PAST
            step(self.scratch, self.array, self.real, kind, second, value, guess, received_at)
        if fills and added and covers:
            self._relearn({second: (value, estimates) for second, value in history.items()})
        return added

    def _relearn(self, history: dict[int, tuple[IndexValue, bool]]) -> None:
        """Anew from ``history`` and the ring; where both have a second, the ring's value counts."""
        first, tail = self.tail(RING)
        held = {
            first + place: (IndexValue(value), self.is_estimate(first + place))
            for place, value in enumerate(tail)
            if value
        }
        known = [(second, *found) for second, found in sorted((history | held).items())]
        seconds, values, guesses = np.array(known, dtype=np.int64).T.copy()
        relearn(self.array, self.real, seconds, values, guesses)

    def tail(self, seconds: int) -> tuple[int, tuple[int, ...]]:
        """(first second, prints of the last ``seconds`` seconds in cents, 0 where one is
        missing).
        """
        first = self.last_second - seconds + 1
        return first, tuple(prints_from(self.array, first, seconds).tolist())

    def average(self, seconds: int) -> float | None:
        """Mean in dollars of the prints present in the last ``seconds`` seconds."""
        _, prints = self.tail(seconds)
        present = [value for value in prints if value]
        return sum(present) / len(present) / INDEX_SCALE if present else None
