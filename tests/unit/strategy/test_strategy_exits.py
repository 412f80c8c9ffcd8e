"""Leaving before the settlement: every exit is off until asked for, and sells only what is held."""

import pytest

from kalshi_assistant.domain.contract import FeeTerms
from kalshi_assistant.domain.orders import ASK, BID, Position
from kalshi_assistant.strategy.exits import ExitSettings, leave, proceeds

FEES = FeeTerms("quadratic", 70_000, 0)
FREE = FeeTerms("quadratic", 0, 0)
HELD = Position("A", 1_000, 5_000_000, 0)
"""Ten YES at 50 cents."""
SHORT = Position("A", -1_000, 4_000_000, 0)
"""Ten NO at 40 cents."""


def left(bids=((5_000, 5_000),), p_yes=0.5, seconds=300.0, position=HELD, fees=FREE, **changes):
    return leave(ExitSettings(**changes), position, bids, p_yes, seconds, fees, 100)


@pytest.mark.parametrize("bids", [((9_900, 5_000),), ((100, 5_000),)])
def test_by_default_everything_is_held_to_settlement(bids):
    assert left(bids, p_yes=0.01, seconds=1.0) is None


def test_profit_is_taken_at_a_price_that_somebody_bids():
    found = left(((5_900, 400), (5_700, 5_000)), take_profit_dollars=0.07)
    assert (found.reason, found.quantity, found.limit) == ("take_profit", 1_000, 5_700)
    assert found.gain == pytest.approx((5_900 * 4 + 5_700 * 6) / 100_000 - 0.5)
    assert found.order == (ASK, 5_700)
    assert left(((5_900, 100), (5_600, 5_000)), take_profit_dollars=0.07) is None


def test_fees_of_both_ways_count():
    fee = Position("A", 1_000, 5_000_000, 200_000)
    assert left(((5_200, 5_000),), position=fee, take_profit_dollars=0.02) is None
    assert left(((5_200, 5_000),), take_profit_dollars=0.02) is not None
    assert left(((5_200, 5_000),), take_profit_dollars=0.02, fees=FEES) is None


def test_a_stop_sells_at_what_is_bid_and_never_more_than_that():
    found = left(((4_499, 300),), stop_dollars=0.05)
    assert (found.reason, found.quantity, found.limit) == ("stop", 300, 4_499)
    assert left(((4_501, 300),), stop_dollars=0.05) is None
    assert left((), stop_dollars=0.05) is None


def test_time_sells_whatever_it_brings_and_nothing_after_the_close():
    assert left(((100, 5_000),), seconds=20.0, seconds_before_close=30).reason == "time"
    assert left(((100, 5_000),), seconds=31.0, seconds_before_close=30) is None
    assert left(((100, 5_000),), seconds=0.0, seconds_before_close=30) is None


def test_a_flip_is_a_price_above_the_number():
    assert left(((6_000, 5_000),), p_yes=0.55, flip=True).reason == "flip"
    assert left(((6_000, 5_000),), p_yes=0.58, flip=True) is None
    assert left(((6_000, 5_000),), p_yes=None, flip=True) is None


def test_no_is_sold_by_buying_yes():
    found = left(((4_800, 5_000),), p_yes=0.6, position=SHORT, flip=True, flip_dollars=0.07)
    assert (found.reason, found.outcome, found.limit) == ("flip", "no", 4_800)
    assert found.order == (BID, 5_200)
    assert left(((4_800, 5_000),), p_yes=0.58, position=SHORT, flip=True, flip_dollars=0.07) is None


def test_nothing_held_is_nothing_sold():
    assert left(position=Position("A", 0, 0, 0), flip=True, p_yes=0.0) is None


def test_time_goes_before_a_stop_and_a_stop_before_a_flip():
    both = {"stop_dollars": 0.05, "flip": True}
    assert left(((4_000, 5_000),), p_yes=0.1, **both).reason == "stop"
    found = left(((4_000, 5_000),), p_yes=0.1, seconds=5.0, seconds_before_close=9, **both)
    assert found.reason == "time"


def test_the_fee_of_selling_is_that_of_buying_the_other():
    quantity, lowest, money = proceeds(FEES, 100, ((5_600, 1_000),), 1_000)
    assert (quantity, lowest, money) == (1_000, 5_600, 5_600_000 - 172_500)
