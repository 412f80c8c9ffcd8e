"""What one calculation of the replica costs, as a share of sorting the same books with numpy.

Run with ``pytest tests/bench/test_bench_replica.py -s``. Eight venues of 2,000 levels a side; every
round goes through different books, so that no branch is learnt by heart. The worst case has every
level within the deviation and no cap that ends the walk; the usual one reaches five per cent out.
"""

import statistics
import timeit

import numpy as np
import pytest

from kalshi_assistant.domain.time import SECOND
from kalshi_assistant.market.replica import Levels, Replica, VenueBook, rules_of
from kalshi_assistant.market.replica_settings import ReplicaSettings
from kalshi_assistant.quant.compiled import compiled
from kalshi_assistant.quant.curves import VALUE, cap_of, index_value, open_side, take
from kalshi_assistant.quant.rng import stream

VENUES, LEVELS, BOOKS, ROUNDS = 8, 2_000, 20, 9
AT = 1_795_280_500 * SECOND
MID = 84_000 * 10_000
TARGET_MS = 1.0
WHATS = ("prices", "sizes")
RULES = rules_of(ReplicaSettings())


def venue(rng, name, reach):
    """One venue with its levels spread over ``reach`` of the price."""
    sides = []
    for sign in (-1, 1):
        steps = rng.integers(1, int(2 * MID * reach / LEVELS), LEVELS)
        sizes = rng.lognormal(-3.0, 1.6, LEVELS) * 100_000_000
        sides.append((MID + sign * np.cumsum(steps)).astype(np.int64))
        sides.append(np.maximum(sizes, 1.0).astype(np.int64))
    return VenueBook(name, Levels(*sides), AT, True)


def many_books(reach):
    rng = stream(1, "bench replica")
    return [[venue(rng, str(name), reach) for name in range(VENUES)] for _ in range(BOOKS)]


def arrays_of(books):
    """The seven arguments of the compiled call less the rules."""
    starts = np.arange(VENUES + 1, dtype=np.int64) * LEVELS
    asks = [np.concatenate([getattr(b.levels, f"ask_{what}") for b in books]) for what in WHATS]
    bids = [np.concatenate([getattr(b.levels, f"bid_{what}") for b in books]) for what in WHATS]
    return (*asks, starts, *bids, starts)


def milliseconds(work, every):
    """Median over rounds of the cost of one, ``work`` being called with each of ``every``."""

    def one_round():
        for each in every:
            work(*each)

    one_round()
    costs = [timeit.timeit(one_round, number=1) for _ in range(ROUNDS)]
    return statistics.median(costs) / len(every) * 1_000


@compiled
def merged_sum(side):
    """Every level in order, and of each something, so that nothing of it can be left out."""
    total, place = 0, 0
    slot = take(side)
    while slot >= 0:
        place += 1
        total += side.sizes[slot] * place
        slot = take(side)
    return total


def merge_all(ask_prices, ask_sizes, ask_starts, bid_prices, bid_sizes, bid_starts):
    return merged_sum(open_side(1, ask_prices, ask_sizes, ask_starts)) + merged_sum(
        open_side(-1, bid_prices, bid_sizes, bid_starts)
    )


def cap_alone(ask_prices, ask_sizes, ask_starts, bid_prices, bid_sizes, bid_starts):
    asks = open_side(1, ask_prices, ask_sizes, ask_starts)
    return cap_of(asks, open_side(-1, bid_prices, bid_sizes, bid_starts), RULES)


def sort_all(ask_prices, ask_sizes, ask_starts, bid_prices, bid_sizes, bid_starts):
    """What a merge by numpy would be: the order of all levels, and both columns in it."""
    for prices, sizes in ((ask_prices, ask_sizes), (bid_prices, bid_sizes)):
        order = np.argsort(prices, kind="stable")
        np.cumsum(sizes[order])
        prices[order]


@pytest.mark.parametrize(("case", "reach"), [("worst", 0.0045), ("usual", 0.05)])
def test_a_calculation_takes_less_than_a_millisecond(case, reach):
    books = many_books(reach)
    arrays = [arrays_of(each) for each in books]
    free = RULES._replace(cap_multiple=1_000.0) if case == "worst" else RULES
    curves = [index_value(*each, free) for each in arrays]
    assert {curve.code for curve in curves} == {VALUE}
    value = milliseconds(lambda *each: index_value(*each, free), arrays)
    summed = milliseconds(lambda *each: index_value(*each, free._replace(cap_first=False)), arrays)
    cap, merge, sort = (milliseconds(work, arrays) for work in (cap_alone, merge_all, sort_all))
    replica = Replica(ReplicaSettings())
    whole = milliseconds(lambda each: replica.calculate(AT, each), [(each,) for each in books])
    print(  # noqa: T201 - the figure is the point
        f"\n{case}: {value:.3f} ms a value (cap {cap / value:.0%}; depth "
        f"{curves[0].depth / 1e8:.0f} btc), {summed:.3f} ms with equal prices summed first, "
        f"{whole:.3f} ms a Replica.calculate; merging everything {merge:.3f} ms "
        f"= {merge / value:.0%} of a value, numpy's stable sort {sort:.3f} ms = {sort / value:.0%}"
    )
    assert value < TARGET_MS
    assert value < 2 * sort
    assert merge < sort
