"""One book, step by step: what each kind of order does."""

import pytest

from kalshi_assistant.domain.orders import ASK, BID
from kalshi_assistant.sim.matching import NO_ASK, NO_BID, REFUSED, Matcher

ANNA, BERT, CARL = 1, 2, 3


@pytest.fixture
def book():
    """Anna sells 10 and Bert 5 at 0.56, Bert 20 at 0.58; Anna buys 7 at 0.54."""
    matcher = Matcher()
    matcher.add(1, ANNA, ASK, 5_600, 1_000)
    matcher.add(2, BERT, ASK, 5_600, 500)
    matcher.add(3, BERT, ASK, 5_800, 2_000)
    matcher.add(4, ANNA, BID, 5_400, 700)
    matcher.changes.clear()
    return matcher


def test_a_new_book_is_empty():
    matcher = Matcher()
    assert (matcher.best_bid, matcher.best_ask, len(matcher)) == (NO_BID, NO_ASK, 0)
    assert list(matcher.levels(BID)) == list(matcher.levels(ASK)) == []


def test_levels_come_best_first_with_the_sum_of_their_orders(book):
    assert list(book.levels(ASK)) == [(5_600, 1_500), (5_800, 2_000)]
    assert list(book.levels(BID)) == [(5_400, 700)]
    assert (book.best_bid, book.best_ask) == (5_400, 5_600)


def test_the_first_at_a_price_trades_first_and_the_price_is_the_resting_one(book):
    assert book.add(9, CARL, BID, 5_900, 1_200) == 1_200
    assert book.trades == [
        (1, ANNA, 9, CARL, BID, 5_600, 1_000),
        (2, BERT, 9, CARL, BID, 5_600, 200),
    ]
    assert book.orders(ASK, 5_600) == [(2, 300)]
    assert list(book.level_changes()) == [(ASK, 5_600, -1_200)]


def test_what_is_left_of_a_limit_order_rests_at_its_own_price(book):
    assert book.add(9, CARL, BID, 5_700, 1_600) == 1_500
    assert (book.best_bid, book.best_ask) == (5_700, 5_800)
    assert book.place(9) == (CARL, BID, 5_700)
    assert book.left(9) == 100
    assert list(book.level_changes()) == [(ASK, 5_600, -1_500), (BID, 5_700, 100)]


def test_an_order_sweeps_level_after_level_up_to_its_limit(book):
    assert book.add(9, CARL, BID, 5_800, 9_000, "immediate_or_cancel") == 3_500
    assert [trade[-2] for trade in book.trades] == [5_600, 5_600, 5_800]
    assert (book.best_bid, book.best_ask) == (5_400, NO_ASK)
    assert book.left(9) == 0


def test_a_seller_takes_the_highest_bids_first():
    matcher = Matcher()
    for order_id, price in enumerate((4_000, 4_200, 4_100), start=1):
        matcher.add(order_id, ANNA, BID, price, 100)
    assert matcher.add(9, BERT, ASK, 4_100, 500) == 200
    assert [trade[-2] for trade in matcher.trades] == [4_200, 4_100]
    assert (matcher.best_bid, matcher.best_ask) == (4_000, 4_100)


def test_fill_or_kill_trades_all_or_is_refused_without_a_trace(book):
    assert book.add(8, CARL, BID, 5_700, 1_501, "fill_or_kill") == REFUSED
    assert book.add(8, CARL, BID, 5_500, 1, "fill_or_kill") == REFUSED
    assert (book.trades, book.changes, len(book)) == ([], [], 4)
    assert book.add(8, CARL, BID, 5_700, 1_500, "fill_or_kill") == 1_500


def test_post_only_rests_or_is_refused(book):
    assert book.add(8, CARL, BID, 5_600, 100, "post_only") == REFUSED
    assert book.trades == []
    assert book.add(8, CARL, BID, 5_500, 100, "post_only") == 0
    assert book.left(8) == 100


def test_immediate_or_cancel_rests_nothing(book):
    assert book.add(8, CARL, BID, 5_500, 100, "immediate_or_cancel") == 0
    assert (book.left(8), book.changes) == (0, [])


def test_a_cancelled_order_leaves_the_queue_to_the_others(book):
    assert book.cancel(1) == 1_000
    assert book.cancel(1) == 0
    assert book.orders(ASK, 5_600) == [(2, 500)]
    book.cancel(2)
    assert book.best_ask == 5_800


def test_a_decrease_keeps_the_place_in_time(book):
    assert book.decrease(1, 400) == 400
    assert book.orders(ASK, 5_600) == [(1, 600), (2, 500)]
    assert book.content(ASK, 5_600) == 1_100


def test_a_decrease_by_everything_cancels_and_by_nothing_does_nothing(book):
    assert book.decrease(4, 0) == 0
    assert book.decrease(4, 9_999) == 700
    assert (book.best_bid, book.place(4)) == (NO_BID, None)
    assert book.decrease(4, 1) == 0


def test_an_owner_finds_his_orders_until_they_are_gone(book):
    assert book.orders_of(ANNA) == [1, 4]
    book.add(9, CARL, BID, 5_600, 1_000)
    assert book.orders_of(ANNA) == [4]


def test_clearing_leaves_nothing_behind_and_a_working_book(book):
    book.clear()
    assert (len(book), book.best_bid, book.best_ask, book.orders(ASK, 5_600)) == (0, 0, NO_ASK, [])
    book.add(1, ANNA, ASK, 5_600, 100)
    assert list(book.levels(ASK)) == [(5_600, 100)]


@pytest.mark.parametrize("in_force", ["good_till_canceled", "post_only"])
@pytest.mark.parametrize(
    ("order_id", "price", "quantity"), [(9, 0, 100), (9, 10_000, 100), (9, 5_500, 0), (4, 100, 1)]
)
def test_what_is_not_an_order_is_an_error_and_changes_nothing(
    book, order_id, price, quantity, in_force
):
    with pytest.raises(ValueError, match="not an order"):
        book.add(order_id, CARL, BID, price, quantity, in_force)
    assert (len(book), book.changes, book.trades) == (4, [], [])
