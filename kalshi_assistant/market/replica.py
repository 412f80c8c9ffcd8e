"""Our own copy of the index, from the books of the exchanges it is made of; and how far it is off.

At an instant every venue is used or left out for a reason: its book is not believed, its line has
been silent too long, it is crossed or one-sided in itself, or its mid is too far from the median
of all. ``quant.curves`` makes one value of what is left. No value is invented where there is none.

A venue once found too far out stays out until it is well inside again, so a replica started in
the middle of an incident may differ from the index. Everything else depends on the books alone.

Source: CF Benchmarks' guide to its real-time indices, version 16.8 of 2026-06-29, and its notices.
"""

import math
from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

import msgspec
import numpy as np

from kalshi_assistant.domain.time import SECOND, Nanos
from kalshi_assistant.domain.units import IndexValue
from kalshi_assistant.market.replica_settings import ReplicaSettings
from kalshi_assistant.quant.curves import (
    BITCOIN,
    MILLION,
    NO_BOOK,
    NO_MID,
    VALUE,
    VENUES_MAX,
    Curve,
    Rules,
    index_value,
)
from kalshi_assistant.quant.layout import Ints

Reason = Literal["unknown", "delayed", "erroneous", "potentially_erroneous"]
Failure = Literal["no_usable_book", "no_mid"]

BASIS_POINTS: Final = 10_000

_FAILURES: Final[dict[int, Failure | None]] = {
    VALUE: None,
    NO_BOOK: "no_usable_book",
    NO_MID: "no_mid",
}


def rules_of(settings: ReplicaSettings) -> Rules:
    """What of them the compiled part needs; always of the same types, for which it is compiled."""
    return Rules(
        spacing=round(settings.spacing_btc * BITCOIN),
        deviation=round(settings.deviation * MILLION),
        lambda_share=float(settings.lambda_share),
        cap_band=round(settings.cap_band * MILLION),
        cap_trim=round(settings.cap_trim * MILLION),
        cap_multiple=float(settings.cap_multiple),
        cap_least=settings.cap_least_orders,
        cap_first=settings.cap_before_merge,
        uncross=settings.uncross,
    )


class Levels(NamedTuple):
    """One venue's book: prices in 1/10,000 dollar and sizes in 1e-8 bitcoin, best first, no price
    twice on a side, nothing that is not above zero. Not changed here.
    """

    bid_prices: Ints
    bid_sizes: Ints
    ask_prices: Ints
    ask_sizes: Ints


class VenueBook(NamedTuple):
    """What is known of one venue at an instant."""

    name: str
    levels: Levels | None
    retrieved_at: Nanos | None
    """The last sign of life of the line the book comes by; a quiet book is not an old one."""
    believed: bool
    """Whether nothing is known to be missing from the book."""


class ReplicaValue(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """The index as we compute it at ``at``, and what it is made of."""

    at: Nanos
    value: IndexValue | None
    """Rounded to the cent, half up; ``None`` where the calculation fails."""
    exact: float | None
    """The same in dollars before rounding."""
    failure: Failure | None
    used: tuple[str, ...]
    left_out: tuple[tuple[str, Reason], ...]
    coverage: tuple[tuple[str, float], ...]
    """Of each venue used: how much of the deviation its shallower side reaches, at most 1."""
    depth_btc: float
    """v_T: the depth the value was computed to; 0 without a value."""
    cap_btc: float
    """C_T: the size every order was cut to; 0 without a book."""


class Replica:
    """The index of one name. Remembers which venues were too far out, and nothing else."""

    __slots__ = ("_above", "_below", "_delay", "_flagged", "_rules", "settings")

    def __init__(self, settings: ReplicaSettings) -> None:
        self.settings = settings
        self._rules = rules_of(settings)
        self._above = round(settings.erroneous_above * MILLION)
        self._below = round(settings.readmit_below * MILLION)
        self._delay = round(settings.delayed_seconds * SECOND)
        self._flagged: set[str] = set()

    @property
    def flagged(self) -> frozenset[str]:
        """Venues whose mid was too far from the median and has not come back since."""
        return frozenset(self._flagged)

    def calculate(self, at: Nanos, books: Sequence[VenueBook]) -> ReplicaValue:
        """The index of ``books`` as they are at ``at``; instants come in order, names once each.

        A mark of the past changes only where the venue's mid can be compared: while a venue is
        left out for another reason it keeps the mark it had.
        """
        whole: list[tuple[str, Levels]] = []
        reasons: dict[str, Reason] = {}
        for book in books:
            reason = self._reason(at, book)
            if reason is not None:
                reasons[book.name] = reason
            else:
                assert book.levels is not None, "a book that is not there has a reason"
                whole.append((book.name, book.levels))
        self._compare(whole)
        for name, _ in whole:
            if name in self._flagged:
                reasons[name] = "potentially_erroneous"
        used = [(name, levels) for name, levels in whole if name not in self._flagged]
        curve = _curve([levels for _, levels in used], self._rules)
        found = curve.code == VALUE
        return ReplicaValue(
            at=at,
            value=IndexValue(curve.cents) if found else None,
            exact=curve.value if found else None,
            failure=_FAILURES[curve.code],
            used=tuple(name for name, _ in used),
            left_out=tuple(
                (book.name, reasons[book.name]) for book in books if book.name in reasons
            ),
            coverage=tuple((name, self._coverage(levels)) for name, levels in used),
            depth_btc=curve.depth / BITCOIN if found else 0.0,
            cap_btc=curve.cap / BITCOIN,
        )

    def _reason(self, at: Nanos, book: VenueBook) -> Reason | None:
        """Why a venue is left out, as far as it alone tells."""
        if book.levels is None or book.retrieved_at is None or not book.believed:
            return "unknown"
        if at - book.retrieved_at > self._delay:
            return "delayed"
        bids, asks = book.levels.bid_prices, book.levels.ask_prices
        if bids.size == 0 or asks.size == 0 or bids[0] >= asks[0]:
            return "erroneous"
        return None

    def _compare(self, venues: Sequence[tuple[str, Levels]]) -> None:
        """Flag and readmit by the distance of every mid from the median of all of them, flagged
        ones included. In integers: a mid at a limit is at it.
        """
        if not venues:
            return
        mids = {name: int(book.bid_prices[0] + book.ask_prices[0]) for name, book in venues}
        ranked = sorted(mids.values())
        # the two in the middle, which are one and the same where the number is odd
        twice_median = ranked[(len(ranked) - 1) // 2] + ranked[len(ranked) // 2]
        for name, mid in mids.items():
            off = abs(2 * mid - twice_median) * MILLION
            if off > self._above * twice_median:
                self._flagged.add(name)
            elif off < self._below * twice_median:
                self._flagged.discard(name)

    def _coverage(self, levels: Levels) -> float:
        """The distance from the venue's mid to the end of its shallower side, of the deviation."""
        mid = (int(levels.bid_prices[0]) + int(levels.ask_prices[0])) / 2
        reached = min(mid - int(levels.bid_prices[-1]), int(levels.ask_prices[-1]) - mid)
        return min(reached / mid / self.settings.deviation, 1.0)


def _curve(books: Sequence[Levels], rules: Rules) -> Curve:
    """The value of some books, none of them one-sided."""
    if not books:
        return Curve(NO_BOOK, math.nan, 0, 0, 0)
    assert len(books) <= VENUES_MAX, "more venues than a merge can tell apart"
    return index_value(
        np.concatenate([book.ask_prices for book in books]),
        np.concatenate([book.ask_sizes for book in books]),
        _starts([book.ask_prices for book in books]),
        np.concatenate([book.bid_prices for book in books]),
        np.concatenate([book.bid_sizes for book in books]),
        _starts([book.bid_prices for book in books]),
        rules,
    )


def _starts(sides: Sequence[Ints]) -> Ints:
    """Where each begins when they are laid end to end, and where the last ends."""
    starts = np.zeros(len(sides) + 1, dtype=np.int64)
    np.cumsum([side.size for side in sides], out=starts[1:])
    return starts


class ReplicaError:
    """What the index is above our copy of it, in cents: mean and deviation, the recent weighing
    most.

    An observation's weight halves every half-life. With w the decayed weight of all of them, and
    of the newest 1: mean += (e - mean) / w; squares += (e - mean before) (e - mean after); the
    variance is squares / w. Source: West 1979.
    """

    __slots__ = ("_half_life", "_last", "_mean", "_squares", "_warm", "_weight", "count")

    def __init__(self, settings: ReplicaSettings) -> None:
        self._half_life = settings.error_half_life_seconds * SECOND
        self._warm = settings.error_warm_prints
        self._last: Nanos | None = None
        self._weight = self._mean = self._squares = 0.0
        self.count = 0
        """Prints compared so far."""

    @property
    def warm(self) -> bool:
        """Whether enough prints were compared for the error to count as known."""
        return self.count >= self._warm

    @property
    def mean_cents(self) -> float:
        """The mean of index less replica, cents; 0 before the first print."""
        return self._mean

    @property
    def sd_cents(self) -> float:
        """Its standard deviation about that mean, cents; 0 before the second print."""
        return math.sqrt(self._squares / self._weight) if self.count > 1 else 0.0

    def observe(self, at: Nanos, published: IndexValue, replica: IndexValue) -> bool:
        """Compare a print stamped ``at`` with the replica of the same instant; answers whether it
        was. A stamp that is not newer than the last is a repetition and is passed over.
        """
        if self._last is not None:
            if at <= self._last:
                return False
            kept = 0.5 ** ((at - self._last) / self._half_life)
            self._weight *= kept
            self._squares *= kept
        error = published - replica
        away = error - self._mean
        self._weight += 1.0
        self._mean += away / self._weight
        self._squares += away * (error - self._mean)
        self._last = at
        self.count += 1
        return True

    def correct(self, value: IndexValue) -> IndexValue:
        """``value`` of the replica with the mean error added, half a cent up; unchanged until
        warm.
        """
        return IndexValue(value + math.floor(self._mean + 0.5)) if self.warm else value

    def sd_bp(self, value: IndexValue) -> float | None:
        """The deviation in basis points of ``value``, which is above 0; ``None`` until warm."""
        return self.sd_cents / value * BASIS_POINTS if self.warm else None
