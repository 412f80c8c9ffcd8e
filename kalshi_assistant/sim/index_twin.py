"""The true index of the simulated constituents, written out in plain Python.

Nothing is shared with the assistant's own copy of the index, so each shows the other's faults.
Prices are integers of 1/10,000 dollar, sizes integers of 1e-8 bitcoin, limits are compared as
integers; a float begins where the formula has an exponential.

    cap      trimmed mean (1 % at each end) + 5 deviations (n - 1, winsorised alike) of the sizes
             within 5 % of their side's best price, of at least 50 of each side
    mids     of the books with every venue's level cut to the cap: (askPV(v) + bidPV(v)) / 2 for
             v = 1, 2, 3, ... bitcoin, until half the spread is above 0.5 % of the mid
    index    their mean with weights exp(-v / (0.3 v_T)), v_T the last v (at least 1); in cents,
             rounded half up

Source: CF Benchmarks' guide to its real-time indices, version 16.8 of 2026-06-29. Bids of one
venue above asks of another are left as they are; no venue is ever left out.
"""

import math
from bisect import bisect_left, insort
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from kalshi_assistant.domain.units import IndexValue

BID: Final = 0
ASK: Final = 1

Side = list[tuple[int, int]]
"""``(price, size)``, best first, no price twice."""

BITCOIN: Final = 100_000_000
"""The spacing of the curves, too: one bitcoin."""
BAND_PERCENT: Final = 5
LEAST_A_SIDE: Final = 50
TRIM_PERCENT: Final = 1
CAP_DEVIATIONS: Final = 5
SPREAD_PARTS: Final = 200
"""The curves end where a spread is above one part in so many of the sum of its two prices."""
LAMBDA_SHARE: Final = 0.3
TWICE_A_CENT: Final = 200
"""The sum of two prices whose mean is one cent."""
_ROOT_SCALE: Final = 10**20
"""The cap is exact to such a part of a size, whatever the sizes."""


class TrueIndex(NamedTuple):
    """The index and how much book it is made of."""

    value: IndexValue | None
    """``None`` where a side is empty or holds less than one bitcoin."""
    depth: int
    """v_T in bitcoin; 0 without a value."""
    cap: int
    """The size every level was cut to; 0 where a side is empty."""


class Merged:
    """All venues' books as one, kept in order change by change.

    A level's key is its price (negative for bids) times the number of venues, plus the venue: keys
    ascend from the best level on, and of equal prices the earlier venue comes first.
    """

    __slots__ = ("_keys", "_levels", "_ranked", "_squares", "_total", "_venues")

    def __init__(self, books: Sequence[tuple[Side, Side]]) -> None:
        """``books`` is each venue's bids and asks."""
        venues = self._venues = max(len(books), 1)
        self._levels: tuple[dict[int, int], dict[int, int]] = ({}, {})
        for venue, sides in enumerate(books):
            for side, sign in ((BID, -1), (ASK, 1)):
                for price, size in sides[side]:
                    self._levels[side][sign * price * venues + venue] = size
        self._keys = (sorted(self._levels[BID]), sorted(self._levels[ASK]))
        self._ranked = sorted([*self._levels[BID].values(), *self._levels[ASK].values()])
        """The sizes of both sides, ascending; their sum and that of their squares beside it."""
        self._total = sum(self._ranked)
        self._squares = sum(size * size for size in self._ranked)

    def change(self, venue: int, side: int, price: int, size: int) -> None:
        """A venue now has ``size`` at ``price``; nothing if that is 0."""
        keys, levels, ranked = self._keys[side], self._levels[side], self._ranked
        key = (price if side == ASK else -price) * self._venues + venue
        before = levels.pop(key, 0)
        if before:
            del ranked[bisect_left(ranked, before)]
            if not size:
                del keys[bisect_left(keys, key)]
        elif size:
            insort(keys, key)
        if size:
            levels[key] = size
            insort(ranked, size)
        self._total += size - before
        self._squares += size * size - before * before

    def index(self) -> TrueIndex:
        """The index of the books as they stand."""
        if not self._keys[BID] or not self._keys[ASK]:
            return TrueIndex(None, 0, 0)
        cap = self._cap()
        twice_mids, lasts = self._mids(cap)
        if not lasts:
            return TrueIndex(None, 0, cap)
        twice = _weighted(twice_mids, lasts)
        return TrueIndex(IndexValue(math.floor(twice / TWICE_A_CENT + 0.5)), lasts[-1], cap)

    # --- the cap ---

    def _cap(self) -> int:
        """Of the books as they stand; the sums kept serve as long as all of them are near."""
        if self._all_near(BID) and self._all_near(ASK):
            return _size_cap(self._ranked, self._total, self._squares)
        sizes = sorted([*self._sample(BID), *self._sample(ASK)])
        return _size_cap(sizes, sum(sizes), sum(size * size for size in sizes))

    def _all_near(self, side: int) -> bool:
        keys, venues = self._keys[side], self._venues
        return keys[-1] // venues <= _farthest(keys[0] // venues)

    def _sample(self, side: int) -> Iterator[int]:
        """The sizes near the best price of a side, or of its 50 best levels if those are more."""
        keys, venues = self._keys[side], self._venues
        near = bisect_left(keys, (_farthest(keys[0] // venues) + 1) * venues)
        return map(self._levels[side].__getitem__, keys[: max(near, LEAST_A_SIDE)])

    # --- the curves ---

    def _mids(self, cap: int) -> tuple[list[int], list[int]]:
        """The mid curve in runs of equal mids: askPV + bidPV, and the last bitcoin of each run."""
        asks, bids = self._steps(ASK, cap), self._steps(BID, cap)
        twice_mids: list[int] = []
        lasts: list[int] = []
        ask, ask_last = next(asks, (0, 0))
        bid, bid_last = next(bids, (0, 0))
        while ask_last and bid_last:
            # a bid's price is negative here, so the difference is a sum
            twice_mid, spread = ask - bid, ask + bid
            if spread * SPREAD_PARTS > twice_mid:
                return (twice_mids, lasts) if lasts else ([twice_mid], [1])
            twice_mids.append(twice_mid)
            if ask_last < bid_last:
                lasts.append(ask_last)
                ask, ask_last = next(asks, (0, 0))
            else:
                lasts.append(bid_last)
                if ask_last == bid_last:
                    ask, ask_last = next(asks, (0, 0))
                bid, bid_last = next(bids, (0, 0))
        return twice_mids, lasts

    def _steps(self, side: int, cap: int) -> Iterator[tuple[int, int]]:
        """``(price, last)`` of every level that is the marginal one of some whole bitcoin, and the
        last of those; a bid's price is negative.
        """
        levels, venues = self._levels[side], self._venues
        filled, until = 0, BITCOIN
        for key in self._keys[side]:
            size = levels[key]
            if size > cap:
                size = cap
            filled += size
            if filled >= until:
                last = filled // BITCOIN
                until = (last + 1) * BITCOIN
                yield key // venues, last


def index_of(books: Sequence[tuple[Side, Side]]) -> IndexValue | None:
    """The index of the venues' books, each ``(bids, asks)``, in cents; ``None`` where there is
    none.
    """
    return Merged(books).index().value


def _farthest(best: int) -> int:
    """The last price within 5 % of the ``best``, which is negative for bids."""
    return best + BAND_PERCENT * abs(best) // 100


def _size_cap(sizes: list[int], total: int, squares: int) -> int:
    """The cap of two sizes or more, ascending, with their sum and that of their squares; rounded
    half up. Integers throughout.
    """
    count = len(sizes)
    cut = TRIM_PERCENT * count // 100
    low, high = sizes[cut], sizes[count - cut - 1]
    for size in sizes[:cut]:
        total -= size
        squares -= size * size
    for size in sizes[count - cut :]:
        total -= size
        squares -= size * size
    kept = count - 2 * cut
    whole = total + cut * (low + high)
    whole_squares = squares + cut * (low * low + high * high)
    # the variance is spread / (count * (count - 1))
    spread = count * whole_squares - whole * whole
    scale = _ROOT_SCALE
    deviations = math.isqrt(
        CAP_DEVIATIONS * CAP_DEVIATIONS * spread * scale * scale // (count * (count - 1))
    )
    # both divisions round down, so a half would be missed without the two
    return (total * scale // kept + deviations + scale // 2 + 2) // scale


def _weighted(twice_mids: list[int], lasts: list[int]) -> float:
    """The mean of a mid curve as a sum of two prices.

    The weights of a run are a geometric series, so they sum to a difference of two exponentials;
    the factor common to all runs is left out.
    """
    first, rate = twice_mids[0], -1 / (LAMBDA_SHARE * lasts[-1])
    exp, before, moments = math.exp, 1.0, 0.0
    for twice_mid, last in zip(twice_mids, lasts, strict=True):
        after = exp(rate * last)
        moments += (before - after) * (twice_mid - first)
        before = after
    return first + moments / (1.0 - before)
