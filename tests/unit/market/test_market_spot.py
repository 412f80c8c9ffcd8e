"""The book of a spot exchange against a plain dict."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_assistant.market.spot import WAITING, SpotBook

DOLLAR = 10_000
BIDS = [(100 * DOLLAR, 5), (99 * DOLLAR, 7)]
ASKS = [(101 * DOLLAR, 2)]


def known():
    book = SpotBook()
    book.replace(BIDS, ASKS)
    return book


def plain(book, side):
    prices, sizes = book.levels(side)
    assert prices.dtype == sizes.dtype == np.int64
    return list(zip(prices.tolist(), sizes.tolist(), strict=True))


def test_a_new_book_is_unknown_and_empty():
    book = SpotBook()
    assert not book.known
    assert book.unknown_because == WAITING
    assert (book.best_bid, book.best_ask, book.crossed, book.alive_at) == (None, None, False, None)
    assert plain(book, 0) == plain(book, 1) == []


def test_a_snapshot_makes_it_known_whatever_its_order():
    book = SpotBook()
    book.replace(reversed(BIDS), iter(ASKS))
    assert book.known
    assert plain(book, 0) == BIDS
    assert plain(book, 1) == ASKS
    assert (book.best_bid, book.best_ask) == (100 * DOLLAR, 101 * DOLLAR)


def test_levels_of_size_zero_are_none():
    book = SpotBook()
    book.replace([(1, 0), (2, 1)], [(3, 0)])
    assert plain(book, 0) == [(2, 1)]
    assert book.best_ask is None


def test_many_changes_at_once():
    book = known()
    book.move([(0, 100 * DOLLAR, 0), (0, 98 * DOLLAR, 1), (1, 101 * DOLLAR, 9), (1, 5, 0)])
    assert plain(book, 0) == [(99 * DOLLAR, 7), (98 * DOLLAR, 1)]
    assert plain(book, 1) == [(101 * DOLLAR, 9)]


def test_it_grows_far_beyond_its_snapshot():
    book = known()
    book.move([(0, price, price) for price in range(1, 1_001)])
    assert plain(book, 0) == BIDS + [(price, price) for price in range(1_000, 0, -1)]
    book.move([(0, price, 0) for price in range(1, 1_001)])
    assert plain(book, 0) == BIDS


def test_a_forgotten_book_has_no_levels_and_does_not_move():
    book = known()
    book.alive_at = 5
    book.forget("gap")
    book.move([(0, 100 * DOLLAR, 3)])
    assert (book.known, book.unknown_because) == (False, "gap")
    assert plain(book, 0) == plain(book, 1) == []
    assert (book.best_bid, book.best_ask, book.alive_at) == (None, None, 5)
    book.replace(BIDS, ASKS)
    assert book.known
    assert plain(book, 0) == BIDS


@pytest.mark.parametrize(("bid", "crossed"), [(100, False), (101, True), (102, True)])
def test_locked_and_crossed_states_are_kept_and_reported(bid, crossed):
    book = known()
    book.move([(0, bid * DOLLAR, 5)])
    assert book.crossed is crossed
    assert book.known
    assert (book.best_bid, book.best_ask) == (bid * DOLLAR, 101 * DOLLAR)


def test_arrays_are_the_same_until_the_side_changes_and_nobody_can_write_them():
    book = known()
    bids, asks = book.levels(0), book.levels(1)
    book.move([(0, 1, 0)])
    assert book.levels(0) is bids
    book.move([(0, 100 * DOLLAR, 6)])
    assert book.levels(1) is asks
    assert book.levels(0) is not bids
    assert bids[1].tolist() == [5, 7]
    for array in (*book.levels(0), *asks):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_too_many_levels_make_it_unknown():
    book = SpotBook(levels_max=2)
    book.replace(BIDS, ASKS)
    book.move([(0, 1, 1)])
    assert book.unknown_because == "more than 2 levels on a side"
    book.replace(BIDS, ((price, 1) for price in range(1, 4)))
    assert not book.known
    assert book.best_bid is None


@pytest.mark.parametrize("change", [(0, 0, 1), (1, -5, 1), (0, 5, -1)])
def test_values_no_wire_gives_are_a_mistake_of_ours(change):
    with pytest.raises(AssertionError):
        known().move([change])


side = st.dictionaries(st.integers(1, 60), st.integers(0, 2**50), max_size=50)
change = st.tuples(st.integers(0, 1), st.integers(1, 60), st.just(0) | st.integers(0, 2**50))


@given(first=st.tuples(side, side), batches=st.lists(st.lists(change, max_size=40), max_size=8))
def test_it_is_a_dict_in_order(first, batches):
    book = SpotBook()
    book.replace(*(levels.items() for levels in first))
    model = [{price: size for price, size in levels.items() if size} for levels in first]
    for batch in ([], *batches):
        book.move(batch)
        for at, price, size in batch:
            model[at].pop(price, None)
            if size:
                model[at][price] = size
        assert plain(book, 0) == sorted(model[0].items(), reverse=True)
        assert plain(book, 1) == sorted(model[1].items())
        assert book.best_bid == max(model[0], default=None)
        assert book.best_ask == min(model[1], default=None)
        both = model[0] and model[1]
        assert book.crossed == bool(both and max(model[0]) >= min(model[1]))
