"""The index written out from its formulas: fractions, whole lists, one multiple of the spacing
after the other. Slow and plain.

A book is ``(bids, asks)``, a side a list of (price in dollars, size in bitcoin) fractions; books is
a list of them.
"""

from decimal import Decimal, localcontext
from fractions import Fraction
from statistics import fmean, median
from typing import NamedTuple

SMALLEST = Fraction(1, 100_000_000)


class TwinRules(NamedTuple):
    spacing: Fraction = Fraction(1)
    deviation: Fraction = Fraction(5, 1000)
    lambda_share: Fraction = Fraction(3, 10)
    band: Fraction = Fraction(5, 100)
    trim: Fraction = Fraction(1, 100)
    multiple: Fraction = Fraction(5)
    least: int = 50
    cap_first: bool = True
    uncross: bool = False


class TwinValue(NamedTuple):
    value: float | None
    depth: Fraction
    cap: Fraction


def root(fraction):
    """The square root to fifty digits."""
    with localcontext() as context:
        context.prec = 50
        return Fraction((Decimal(fraction.numerator) / Decimal(fraction.denominator)).sqrt())


def merged(sides, best_first, add_equal):
    """One list of all venues' levels; the sort is stable, so of equal prices the first venue's
    come first.
    """
    levels = sorted(
        (level for side in sides for level in side), key=lambda level: best_first * level[0]
    )
    if not add_equal:
        return levels
    sums = {}
    for price, size in levels:
        sums[price] = sums.get(price, 0) + size
    return list(sums.items())


def near_sizes(levels, band, least):
    best = levels[0][0]
    within = [size for price, size in levels if abs(price - best) <= band * best]
    if len(within) >= least:
        return within
    return [size for _, size in levels[:least]]


def cap_of_sizes(sizes, trim, multiple):
    """C_T of a sample, unrounded."""
    ordered, n = sorted(sizes), len(sizes)
    k = int(trim * n)
    kept = ordered[k : n - k]
    winsorised = [kept[0]] * k + kept + [kept[-1]] * k
    mean = sum(winsorised) / n
    variance = sum((size - mean) ** 2 for size in winsorised) / (n - 1)
    return sum(kept) / len(kept) + multiple * root(variance)


def marginal_price(levels, volume):
    """The price of the level with which the sizes so far reach ``volume``; None if none does."""
    total = 0
    for price, size in levels:
        total += size
        if total >= volume:
            return price
    return None


def offset(bids, asks):
    """Both sides after what overlaps has traded."""
    bids, asks = [list(level) for level in bids], [list(level) for level in asks]
    while bids and asks and bids[0][0] >= asks[0][0]:
        traded = min(bids[0][1], asks[0][1])
        for side in (bids, asks):
            side[0][1] -= traded
            if side[0][1] == 0:
                side.pop(0)
    return bids, asks


PLAIN = TwinRules()


def twin_value(books, rules=PLAIN):
    bids = merged([book[0] for book in books], -1, not rules.cap_first)
    asks = merged([book[1] for book in books], 1, not rules.cap_first)
    if not bids or not asks:
        return TwinValue(None, Fraction(0), Fraction(0))
    sample = [size for side in (bids, asks) for size in near_sizes(side, rules.band, rules.least)]
    # sizes are whole multiples of the smallest, and so is the cap
    cap = (
        int(cap_of_sizes(sample, rules.trim, rules.multiple) / SMALLEST + Fraction(1, 2)) * SMALLEST
    )
    bids = [(price, min(size, cap)) for price, size in bids]
    asks = [(price, min(size, cap)) for price, size in asks]
    if rules.uncross:
        bids, asks = offset(bids, asks)
    mids = []
    while True:
        volume = (len(mids) + 1) * rules.spacing
        bid, ask = marginal_price(bids, volume), marginal_price(asks, volume)
        if bid is None or ask is None:
            break
        mid = (bid + ask) / 2
        wide = ask / mid - 1 > rules.deviation
        if wide and mids:
            break
        mids.append(mid)
        if wide:
            break
    if not mids:
        return TwinValue(None, Fraction(0), cap)
    return TwinValue(weighted(mids, rules), len(mids) * rules.spacing, cap)


def weighted(mids, rules):
    depth = len(mids) * rules.spacing
    rate = 1 / (rules.lambda_share * depth)
    with localcontext() as context:
        context.prec = 50
        volumes = [rate * (place + 1) * rules.spacing for place in range(len(mids))]
        weights = [
            (-Decimal(volume.numerator) / Decimal(volume.denominator)).exp() for volume in volumes
        ]
        moments = sum(
            weight * mid.numerator / mid.denominator
            for weight, mid in zip(weights, mids, strict=True)
        )
        return float(moments / sum(weights))


class TwinFlags:
    """Which venues are too far from the median, from their mids alone."""

    def __init__(self, above=Fraction(5, 100), below=Fraction(25, 1000)):
        self.above, self.below, self.flagged = above, below, set()

    def see(self, mids):
        middle = median(mids.values())
        for name, mid in mids.items():
            away = abs(mid / middle - 1)
            limit_passed = away >= self.below if name in self.flagged else away > self.above
            self.flagged = self.flagged | {name} if limit_passed else self.flagged - {name}


def decayed_moments(stamps, errors, half_life):
    """Mean and deviation with weights that halve every ``half_life`` before the last stamp."""
    weights = [0.5 ** ((stamps[-1] - stamp) / half_life) for stamp in stamps]
    mean = fmean(errors, weights)
    return mean, fmean([(error - mean) ** 2 for error in errors], weights) ** 0.5
