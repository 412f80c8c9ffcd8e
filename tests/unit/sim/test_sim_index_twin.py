"""The simulator's own index: the published book, and random books against the twin of fractions and
the assistant's replica.
"""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kalshi_assistant.quant.rng import stream
from kalshi_assistant.sim.index_twin import BITCOIN, Merged, _size_cap, index_of
from tests.support.index_answers import TICKS, from_replica, from_twin
from tests.support.replica_twin import PLAIN, cap_of_sizes

GOLDEN_ASKS = [(84001, 2), (84005, 1), (84010, 3), (84100, 2), (84300, 4), (84500, 10)]
GOLDEN_BIDS = [(84000, 1), (83998, 2), (83990, 2), (83950, 3), (83700, 4), (83400, 10)]


def units(levels):
    return [(round(price * TICKS), round(size * BITCOIN)) for price, size in levels]


def random_books(seed, venues, most, gap, spread, far):
    """Sides of up to ``most`` levels, ``gap`` dollars apart on average, a share ``far`` of them
    ten times as far; sizes with a heavy tail, some of them whole bitcoins.
    """
    rng = stream(seed, "books")
    books = []
    for _ in range(venues):
        touch = 84_000 * TICKS + int(rng.normal() * spread * TICKS)
        sides = []
        for sign in (-1, 1):
            count = int(rng.integers(1, most + 1))
            gaps = rng.exponential(gap, count) * np.where(rng.random(count) < far, 10, 1)
            cents = np.cumsum((gaps * 100).astype(np.int64) + 1)
            sizes = rng.lognormal(0, 1.5, count) * np.where(rng.random(count) < 0.03, 30, 1)
            if rng.random() < 0.3:
                sizes = np.ceil(sizes)
            sides.append(
                [
                    (touch + sign * int(away) * 100, max(int(size * BITCOIN), 1))
                    for away, size in zip(cents, sizes, strict=True)
                    if touch + sign * int(away) * 100 > 0
                ]
            )
        books.append((sides[0], sides[1]))
    return books


BOOKS = st.builds(
    random_books,
    seed=st.integers(0, 2**32),
    venues=st.integers(1, 8),
    most=st.sampled_from([3, 20, 60]),
    gap=st.sampled_from([0.05, 2.0, 12.0, 80.0]),
    spread=st.sampled_from([0.0, 2.0, 300.0]),
    far=st.sampled_from([0.0, 0.2]),
)

PRICES = st.integers(8_000, 8_010) | st.integers(1, 20_000)
SIZES = st.sampled_from([1, BITCOIN // 2, BITCOIN, 3 * BITCOIN]) | st.integers(1, 10**10)
SIDES = st.dictionaries(PRICES, SIZES, max_size=12)


def test_the_published_book_gives_the_published_value():
    bids, asks = units(GOLDEN_BIDS), units(GOLDEN_ASKS)
    assert index_of([(bids, asks)]) == 8_400_108
    assert index_of([(bids[::2], asks[::2]), (bids[1::2], asks[1::2])]) == 8_400_108
    assert Merged([(bids, asks)]).index().depth == 12


def test_the_published_sample_gives_the_published_cap():
    sizes = [BITCOIN * (place % 10 + 1) // 10 for place in range(198)] + [
        50 * BITCOIN,
        80 * BITCOIN,
    ]
    assert _size_cap(sorted(sizes), sum(sizes), sum(size**2 for size in sizes)) == 199_373_863


@given(st.lists(st.integers(1, 20) | st.integers(1, 10**15), min_size=2, max_size=300))
def test_the_cap_of_any_sizes_is_the_twins(sizes):
    cap = _size_cap(sorted(sizes), sum(sizes), sum(size**2 for size in sizes))
    expected = cap_of_sizes([Fraction(size) for size in sizes], PLAIN.trim, PLAIN.multiple)
    assert cap == int(expected + Fraction(1, 2))


@settings(max_examples=60, deadline=None)
@given(BOOKS)
def test_large_random_books_agree_with_the_twin_and_with_the_replica(books):
    ours = Merged(books).index()
    assert ours == from_twin(books)
    replica = from_replica(books)
    if len(replica.used) == len(books):
        assert (ours.value, ours.depth) == (replica.value, replica.depth_btc)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(SIDES, SIDES), max_size=3))
def test_odd_little_books_agree_with_the_twin(drawn):
    books = [
        (
            [(TICKS * price, size) for price, size in sorted(bids.items(), reverse=True)],
            [(TICKS * price, size) for price, size in sorted(asks.items())],
        )
        for bids, asks in drawn
    ]
    assert Merged(books).index() == from_twin(books)


@settings(max_examples=60, deadline=None)
@given(BOOKS, BOOKS, st.integers(0, 2**32))
def test_books_changed_level_by_level_are_those_made_at_once(books, others, seed):
    """From one set of books to another, in any order, with detours and repetitions."""
    venues = max(len(books), len(others))
    books = [*books, *[([], [])] * (venues - len(books))]
    others = [*others, *[([], [])] * (venues - len(others))]
    changes = []
    for venue, (before, after) in enumerate(zip(books, others, strict=True)):
        for side in (0, 1):
            wanted = dict(after[side])
            prices = sorted({*dict(before[side]), *wanted})
            changes += [(venue, side, price, wanted.get(price, 0)) for price in prices]
    rng = stream(seed, "order")
    merged = Merged(books)
    for place in rng.permutation(len(changes)).tolist():
        venue, side, price, size = changes[place]
        if rng.random() < 0.3:
            merged.change(venue, side, price, int(rng.integers(0, 5)))
        merged.change(venue, side, price, size)
    assert merged.index() == Merged(others).index()


def test_a_book_with_an_empty_side_or_less_than_one_bitcoin_has_no_index():
    assert index_of([]) is None
    assert index_of([(units([(84_000, 5)]), []), ([], [])]) is None
    thin = [(units([(84_000, 0.6), (83_999, 0.3)]), units([(84_001, 5)]))]
    assert index_of(thin) is None
    enough = [(units([(84_000, 0.6), (83_999, 0.4)]), units([(84_001, 5)]))]
    assert index_of(enough) == 8_400_000


@pytest.mark.parametrize(("ask", "cents"), [(84_844.22, 8_400_100), (84_844.23, 8_400_100)])
def test_the_curve_ends_where_half_the_spread_is_above_half_a_percent(ask, cents):
    """Of the mid of 84,000 and 84,844.22 they are 0.49999...; a cent more is too wide."""
    books = [(units([(84_000, 9)]), units([(84_002, 1), (ask, 8)]))]
    deep = ask == 84_844.22
    found = Merged(books).index()
    assert found == from_twin(books)
    assert found.depth == (9 if deep else 1)
    assert (found.value == cents) is not deep


def test_half_a_spread_of_exactly_half_a_percent_is_not_above_it():
    found = Merged([(units([(200.5, 1), (199, 8)]), units([(200.6, 1), (201, 8)]))]).index()
    assert found.depth == 9


def test_only_sizes_within_five_percent_or_the_nearest_fifty_make_the_cap():
    """Below a hundred sizes nothing is trimmed, so one large order shows."""
    near = [(100.0 - place / 100, 1.0) for place in range(50)]
    asks = units([(101.0 + place / 100, 1.0) for place in range(40)])
    inside, outside = (95.0, 500.0), (94.99, 500.0)
    assert Merged([(units([*near, outside]), asks)]).index().cap == BITCOIN
    assert Merged([(units([*near, inside]), asks)]).index().cap > BITCOIN
    assert Merged([(units([*near[:49], outside]), asks)]).index().cap > BITCOIN
