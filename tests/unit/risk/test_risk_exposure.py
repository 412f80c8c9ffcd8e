"""Worst cases and marks on numbers worked out by hand."""

import pytest

from kalshi_assistant.domain.orders import ASK, BID
from kalshi_assistant.risk.exposure import (
    Charges,
    Exposure,
    Pending,
    exposure,
    leaving,
    mark,
    pending,
    reserved,
    worst_cost,
)
from tests.support.risk import BROKER, CLOSE, DIRECT, entry, exit_order, take_profit

FREE = Charges(0, 1)


def wish(side, limit, quantity, closing=False):
    return Pending(side, limit, quantity, closing)


@pytest.mark.parametrize(
    ("side", "limit", "charges", "cost"),
    [
        (BID, 3_000, FREE, 300_000),
        (ASK, 3_000, FREE, 700_000),
        # 0.5c + 0.0175c = 0.5175c a hundredth, up to 0.52c and 1c
        (BID, 5_000, DIRECT, 520_000),
        (BID, 5_000, BROKER, 1_000_000),
        # buying NO at 44c: 0.44c + 0.017248c, up to 0.46c
        (ASK, 5_600, DIRECT, 460_000),
        # beyond a rate of one the fee at 50c bounds all fills at better prices
        (BID, 9_000, Charges(2_000_000, 1), 900_000 + 500_000),
    ],
)
def test_the_dearest_way_an_order_can_be_filled(side, limit, charges, cost):
    assert worst_cost(entry(side, limit, 100), charges) == cost


def test_what_is_filled_is_pending_no_more():
    assert pending(entry(BID, 5_000, 1_000), 400) == wish(BID, 5_000, 600)
    assert pending(entry(BID, 5_000, 1_000), 1_001).quantity == 0
    assert pending(exit_order(ASK)).closing
    assert pending(take_profit(ASK)).closing


def test_a_position_loses_its_cost():
    assert exposure(1_000, 4_000_000, (), FREE) == Exposure(-6_000_000, 4_000_000)
    assert exposure(-1_000, 4_000_000, (), FREE) == Exposure(4_000_000, -6_000_000)


def test_an_order_on_the_same_side_adds_and_a_hedge_only_where_it_hurts():
    more = wish(BID, 5_000, 1_000)
    hedge = wish(ASK, 7_000, 1_000)
    assert exposure(1_000, 4_000_000, [more], FREE).worst == 9_000_000
    # NO at 30c completes pairs for 70c: filled or not, the worst stays the position's cost
    assert exposure(1_000, 4_000_000, [hedge], FREE).worst == 4_000_000
    # the same hedge without its position is a bet on NO
    assert exposure(0, 0, [hedge], FREE).worst == 3_000_000
    # both bets open: only one of them can lose
    assert exposure(0, 0, [more, hedge], FREE).worst == 5_000_000


def test_too_large_a_hedge_turns_the_position():
    assert exposure(1_000, 4_000_000, [wish(ASK, 7_000, 5_000)], FREE).worst == 9_000_000


def test_a_locked_profit_is_no_negative_loss():
    assert exposure(1_000, -1, (), FREE).worst == 0


def test_open_entries_hold_cash_and_exits_do_not():
    orders = [wish(BID, 5_000, 100), wish(ASK, 5_000, 100, closing=True)]
    assert reserved(orders, FREE) == 500_000


def test_whatever_closes_may_already_be_leaving():
    orders = [wish(BID, 1, 100), wish(ASK, 1, 200), wish(ASK, 1, 300, closing=True)]
    assert [leaving(held, orders) for held in (900, -900, 0)] == [500, 100, 0]


# --- marks ---

BIDS = [(5_000, 300), (4_000, 1_000)]


@pytest.mark.parametrize(
    ("quantity", "levels", "worth"),
    [
        (300, BIDS, 1_500_000),
        (500, BIDS, 2_300_000),
        (1_500, BIDS, 5_500_000),  # 2 contracts nobody bids for count as nothing
        (300, [], 0),
        (0, BIDS, 0),
        (-300, [(6_000, 200), (7_000, 900)], 1_100_000),  # NO sold at 40c and 30c
        (300, [(5_000, 0), (4_000, 300)], 1_200_000),
    ],
)
def test_a_mark_walks_the_side_it_would_sell_into(quantity, levels, worth):
    assert mark(quantity, levels, FREE, CLOSE - 1, CLOSE) == worth


def test_a_mark_is_after_the_fee():
    # 3 at 50c: 7% of a quarter is 5.25c; then 7% of 24c of the rest
    assert mark(300, BIDS, DIRECT, 0, CLOSE) == 1_500_000 - 52_500
    assert mark(1, [(1, 1)], BROKER, 0, CLOSE) == 0  # the fee takes it all, and no more


def test_nothing_is_marked_at_quotes_after_the_close_or_without_fees():
    assert mark(300, BIDS, FREE, CLOSE - 1, CLOSE) > 0
    assert mark(300, BIDS, FREE, CLOSE, CLOSE) == 0
    assert mark(300, BIDS, None, 0, CLOSE) == 0
