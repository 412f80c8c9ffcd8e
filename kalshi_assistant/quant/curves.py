"""One value of a real-time index from the books of several venues: size cap, merged book,
price-volume curves, utilised depth, exponentially weighted mean of the mid curve.

Books come as one array of prices and one of sizes per side, the venues' levels behind one another
and each venue's best first; venue ``i`` has the slots ``starts[i]`` to ``starts[i + 1]``. Prices
are integers of 1/10,000 dollar up to 1e12, sizes integers of 1e-8 bitcoin; both are above 0, and
the sizes of a side sum to less than 9e18.

With the capped asks ``(p_j, q_j)`` ascending, bids alike descending, spacing ``s``, limit ``D``:

    askPV(v) = p_j of the first j with q_1 + ... + q_j >= v        bidPV(v) likewise
    midPV(v) = (askPV(v) + bidPV(v)) / 2        midSV(v) = (askPV - bidPV) / (askPV + bidPV)
    v_T      = the last of s, 2s, 3s, ... before midSV exceeds D or a side runs out; at least s
    value    = sum of midPV(v) exp(-v / (0.3 v_T)) over s, 2s, ..., v_T, over the sum of weights

The cap is the trimmed mean of the sizes near the touch plus five winsorised deviations.

Source: CF Benchmarks' guide to its real-time indices, version 16.8 of 2026-06-29. What the text
leaves open is a field of ``Rules``. Comparisons are of integers, so no level is on the wrong side
of a limit by a rounding.
"""

import math
from typing import NamedTuple

import numpy as np

from kalshi_assistant.quant.compiled import compiled
from kalshi_assistant.quant.layout import Ints

MILLION = 1_000_000
BITCOIN = 100_000_000
"""Sizes are counted in 1/BITCOIN."""
HALF_TICKS = 20_000
"""The sum of two prices, in this part of a dollar, is twice their mean: exact as an integer."""
HALF_TICKS_A_CENT = 200
VENUES_MAX = 256
"""Venues that can be told apart in a key; a power of two."""

VALUE = 0
NO_BOOK = 1  # a side of the merged book has no level
NO_MID = 2  # a side holds less than one spacing

CLASS_SHIFT = 46  # of a float's 52 bits of fraction the first six count
_NONE_LEFT = np.iinfo(np.int64).max


class Rules(NamedTuple):
    """What a value is computed with; shares of one in millionths, so that limits are exact."""

    spacing: int  # 1e-8 bitcoin
    deviation: int  # D
    lambda_share: float  # 0.3
    cap_band: int  # how far from the best price the cap's sample reaches
    cap_trim: int  # share of the sample cut (or pulled in) at each end
    cap_multiple: float  # deviations above the mean
    cap_least: int  # levels of each side in the sample at least, if there are as many
    cap_first: bool  # cap the venues' levels; else the sums of equal prices
    uncross: bool  # offset bids against asks at or below them before the curves


class Curve(NamedTuple):
    """One value: what it is, and of how much book."""

    code: int  # VALUE, NO_BOOK or NO_MID; in the latter two the rest but ``cap`` means nothing
    value: float  # dollars, before rounding
    cents: int  # the same rounded, half a cent up
    depth: int  # v_T, 1e-8 bitcoin
    cap: int  # C_T, 1e-8 bitcoin


class Side(NamedTuple):
    """One side of all venues, and how far each has been merged."""

    sign: int  # 1 for asks, -1 for bids: the best level is the least of sign * price
    prices: Ints
    sizes: Ints
    starts: Ints  # one more than there are venues
    heads: Ints  # per venue: slot of its next level
    keys: Ints  # of the venues' next levels, ascending


@compiled
def key_of(side: Side, venue: int) -> int:
    """What orders a venue's next level among those of the others; the last of all when there is
    none. With the venue in it a key says whose it is, and equal prices are in order.
    """
    slot = side.heads[venue]
    if slot >= side.starts[venue + 1]:
        return _NONE_LEFT
    return int(side.sign * side.prices[slot] * VENUES_MAX + venue)


@compiled
def open_side(sign: int, prices: Ints, sizes: Ints, starts: Ints) -> Side:
    """The side with nothing taken from it yet."""
    venues = starts.size - 1
    heads, keys = starts[:venues].copy(), np.empty(venues, dtype=np.int64)
    side = Side(sign, prices, sizes, starts, heads, keys)
    for venue in range(venues):
        keys[venue] = key_of(side, venue)
    keys.sort()
    return side


@compiled
def take(side: Side) -> int:
    """The slot of the next best level of all venues, which is used up by that; -1 when none is
    left. Of equal prices the earlier venue's comes first.
    """
    keys = side.keys
    if keys[0] == _NONE_LEFT:
        return -1
    venue = keys[0] & (VENUES_MAX - 1)
    slot = side.heads[venue]
    side.heads[venue] = slot + 1
    key, place = key_of(side, venue), 0
    while place + 1 < keys.size and keys[place + 1] < key:
        keys[place] = keys[place + 1]
        place += 1
    keys[place] = key
    return int(slot)


@compiled
def summed(sign: int, prices: Ints, sizes: Ints, starts: Ints) -> tuple[Ints, Ints, Ints]:
    """All venues merged into one, sizes of equal prices added: its prices, sizes and starts."""
    side = open_side(sign, prices, sizes, starts)
    all_prices, all_sizes = np.empty_like(prices), np.empty_like(sizes)
    count = 0
    slot = take(side)
    while slot >= 0:
        if count > 0 and all_prices[count - 1] == prices[slot]:
            all_sizes[count - 1] += sizes[slot]
        else:
            all_prices[count], all_sizes[count] = prices[slot], sizes[slot]
            count += 1
        slot = take(side)
    return all_prices[:count], all_sizes[:count], np.array([0, count], dtype=np.int64)


@compiled
def near(side: Side, band: int, into: Ints) -> int:
    """Copy the sizes of levels within ``band`` millionths of the best price; answers how many.

    A venue's levels are in order, so what is near is the beginning of each.
    """
    best = side.sign * (side.keys[0] // VENUES_MAX)
    limit = side.sign * best * MILLION + band * best
    count = 0
    for venue in range(side.keys.size):
        first = low = side.starts[venue]
        high = side.starts[venue + 1]
        while low < high:
            middle = (low + high) // 2
            if side.sign * side.prices[middle] * MILLION <= limit:
                low = middle + 1
            else:
                high = middle
        into[count : count + low - first] = side.sizes[first:low]
        count += low - first
    return count


@compiled
def nearest(side: Side, most: int, into: Ints) -> int:
    """Copy the sizes of the ``most`` best levels, or of all if there are fewer; how many."""
    afresh = open_side(side.sign, side.prices, side.sizes, side.starts)
    for count in range(most):
        slot = take(afresh)
        if slot < 0:
            return count
        into[count] = side.sizes[slot]
    return most


@compiled
def sample(side: Side, band: int, least: int, into: Ints) -> int:
    """Copy the sizes of one side that the cap is made of; how many. Untouched sides only."""
    count = near(side, band, into)
    return count if count >= least else nearest(side, least, into)


@compiled
def ranked(sizes: Ints, classes: Ints, counts: Ints, rank: int) -> int:
    """The size with ``rank`` smaller or equal ones before it, given the class of each size and how
    many sizes each class has; classes ascend with size.
    """
    wanted, before = 0, 0
    while before + counts[wanted] <= rank:
        before += counts[wanted]
        wanted += 1
    same = np.empty(counts[wanted], dtype=np.int64)
    count = 0
    for place in range(sizes.size):
        if classes[place] == wanted:
            same[count] = sizes[place]
            count += 1
    same.sort()
    return int(same[rank - before])


@compiled
def limits(sizes: Ints, cut: int) -> tuple[int, int]:
    """The sizes of rank ``cut`` from below and from above, ``cut`` being 0 for the least.

    A float's leading bits class the sizes, some dozens of classes to each doubling: one pass
    without a comparison, and only two classes to sort.
    """
    classes = sizes.astype(np.float64).view(np.int64) >> CLASS_SHIFT
    least = classes.min()
    counts = np.zeros(classes.max() - least + 1, dtype=np.int64)
    for place in range(sizes.size):
        classes[place] -= least
        counts[classes[place]] += 1
    low = ranked(sizes, classes, counts, cut)
    return low, ranked(sizes, classes, counts, sizes.size - cut - 1)


@compiled
def size_cap(sizes: Ints, trim: int, multiple: float) -> float:
    """C_T of two sizes or more, in their unit: trimmed mean plus ``multiple`` standard deviations
    (n - 1) of the winsorised sample; ``trim`` millionths, below a half, at each end.
    """
    count = sizes.size
    cut = trim * count // MILLION
    low, high = limits(sizes, cut)
    total = 0.0  # of whole numbers, so exact up to ninety million bitcoin
    for size in sizes:
        total += min(max(size, low), high)
    mean, squares = total / count, 0.0
    for size in sizes:
        away = min(max(size, low), high) - mean
        squares += away * away
    # the winsorised sum has each limit ``cut`` times more than the trimmed one
    trimmed = (total - cut * (float(low) + float(high))) / (count - 2 * cut)
    return trimmed + multiple * math.sqrt(squares / (count - 1))


@compiled
def cap_of(asks: Side, bids: Side, rules: Rules) -> int:
    """C_T of the merged book to the nearest 1e-8 bitcoin; both sides untouched and not empty."""
    into = np.empty(asks.sizes.size + bids.sizes.size, dtype=np.int64)
    count = sample(asks, rules.cap_band, rules.cap_least, into)
    count += sample(bids, rules.cap_band, rules.cap_least, into[count:])
    return math.floor(size_cap(into[:count], rules.cap_trim, rules.cap_multiple) + 0.5)


@compiled
def offset(asks: Side, bids: Side, ask: int, bid: int, cap: int) -> tuple[int, int, int, int]:
    """Let bids at or above asks cancel out, starting from the slots ``ask`` and ``bid``: the slots
    reached and what is left of both (-1 for a side that is used up).
    """
    left_ask, left_bid = min(asks.sizes[ask], cap), min(bids.sizes[bid], cap)
    while ask >= 0 and bid >= 0 and bids.prices[bid] >= asks.prices[ask]:
        both = min(left_ask, left_bid)
        left_ask -= both
        left_bid -= both
        if left_ask == 0:
            ask = take(asks)
            left_ask = min(asks.sizes[ask], cap) if ask >= 0 else 0
        if left_bid == 0:
            bid = take(bids)
            left_bid = min(bids.sizes[bid], cap) if bid >= 0 else 0
    return ask, bid, left_ask, left_bid


@compiled
def mid_curve(asks: Side, bids: Side, cap: int, rules: Rules, twice_mids: Ints, lasts: Ints) -> int:
    """Write the mid curve as runs of equal value; answers how many runs.

    ``twice_mids[i]`` is askPV + bidPV for the multiples of the spacing up to ``lasts[i]``, which
    is the number of the run's last one. Every run ends where a side's level does, so there are
    no more runs than levels, however fine the spacing.
    """
    ask, bid = take(asks), take(bids)
    filled_ask, filled_bid = min(asks.sizes[ask], cap), min(bids.sizes[bid], cap)
    if rules.uncross:
        ask, bid, filled_ask, filled_bid = offset(asks, bids, ask, bid, cap)
    runs, last = 0, 0
    while ask >= 0 and bid >= 0:
        wanted = (last + 1) * rules.spacing
        if filled_ask < wanted:
            ask = take(asks)
            filled_ask += min(asks.sizes[ask], cap) if ask >= 0 else 0
            continue
        if filled_bid < wanted:
            bid = take(bids)
            filled_bid += min(bids.sizes[bid], cap) if bid >= 0 else 0
            continue
        apart, twice_mid = asks.prices[ask] - bids.prices[bid], asks.prices[ask] + bids.prices[bid]
        wide = apart * MILLION > rules.deviation * twice_mid
        if wide and last > 0:
            break
        last = 1 if wide else min(filled_ask, filled_bid) // rules.spacing
        twice_mids[runs], lasts[runs] = twice_mid, last
        runs += 1
        if wide:
            break
    return runs


@compiled
def weighted_mean(twice_mids: Ints, lasts: Ints, lambda_share: float) -> float:
    """The mean of a mid curve of one run or more, as a sum of two prices.

    The weights of a run are a geometric series; the factor common to all runs is left out. Taken
    from the first mid on, so that a level curve gives its own value, without a rounding.
    """
    step = 1.0 / (lambda_share * lasts[-1])
    weights, moments, before = 0.0, 0.0, 0
    for run in range(lasts.size):
        weight = -math.exp(-step * before) * math.expm1(-step * (lasts[run] - before))
        weights += weight
        moments += weight * (twice_mids[run] - twice_mids[0])
        before = lasts[run]
    return float(twice_mids[0] + moments / weights)


@compiled
def index_value(
    ask_prices: Ints,
    ask_sizes: Ints,
    ask_starts: Ints,
    bid_prices: Ints,
    bid_sizes: Ints,
    bid_starts: Ints,
    rules: Rules,
) -> Curve:
    """The index of the venues' books; changes nothing it is given.

    The curves are walked level by level and only as far as the deviation allows: most of a deep
    book is looked at for its cap alone, which needs no order.
    """
    if ask_prices.size == 0 or bid_prices.size == 0:
        return Curve(NO_BOOK, math.nan, 0, 0, 0)
    if not rules.cap_first:
        ask_prices, ask_sizes, ask_starts = summed(1, ask_prices, ask_sizes, ask_starts)
        bid_prices, bid_sizes, bid_starts = summed(-1, bid_prices, bid_sizes, bid_starts)
    asks = open_side(1, ask_prices, ask_sizes, ask_starts)
    bids = open_side(-1, bid_prices, bid_sizes, bid_starts)
    cap = cap_of(asks, bids, rules)
    twice_mids = np.empty(ask_prices.size + bid_prices.size, dtype=np.int64)
    lasts = np.empty(twice_mids.size, dtype=np.int64)
    runs = mid_curve(asks, bids, cap, rules, twice_mids, lasts)
    if runs == 0:
        return Curve(NO_MID, math.nan, 0, 0, cap)
    twice = weighted_mean(twice_mids[:runs], lasts[:runs], rules.lambda_share)
    cents = math.floor(twice / HALF_TICKS_A_CENT + 0.5)
    return Curve(VALUE, twice / HALF_TICKS, cents, lasts[runs - 1] * rules.spacing, cap)
