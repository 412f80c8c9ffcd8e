"""How a wish becomes an order: what it says, and how long it lives without us."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_assistant.domain.orders import ASK, BID
from kalshi_assistant.domain.ranges import RangeError
from kalshi_assistant.domain.time import SECOND
from kalshi_assistant.execution.terms import (
    OrderSettings,
    Wish,
    closing,
    resting,
    taking,
    taking_profit,
)
from tests.support.build import CLOSE, contract, ns

NOW = ns(CLOSE - 300)
CONTRACT = contract()
SETTINGS = OrderSettings()


def wish(outcome="yes", limit=5_600, **more):
    told = {"quantity": 1_000, "kind": "baseline_gap", "fair": 620_000, "top": 5_500} | more
    return Wish(outcome=outcome, limit=limit, **told)


def made(maker, outcome="yes", **more):
    given_ = (wish(outcome, **more), "n-1-1", CONTRACT, NOW)
    return maker(*given_, SETTINGS) if maker in (resting, taking_profit) else maker(*given_)


MAKERS = pytest.mark.parametrize("maker", [taking, resting, closing, taking_profit])


@MAKERS
@pytest.mark.parametrize(("outcome", "side", "limit"), [("yes", BID, 5_600), ("no", ASK, 4_400)])
def test_an_order_is_in_yes_prices_and_carries_what_it_was_made_of(maker, outcome, side, limit):
    order = made(maker, outcome)
    assert (order.side, order.limit, order.quantity) == (side, limit, 1_000)
    assert (order.id, order.ticker, order.made_at) == ("n-1-1", CONTRACT.ticker, NOW)
    assert (order.exchange_index, order.kind) == (CONTRACT.exchange_index, "baseline_gap")
    assert (order.fair, order.top) == (620_000, 5_500)


@given(st.integers(1, 9_999))
def test_buying_no_is_selling_yes_at_the_rest_of_a_dollar(price):
    assert wish("no", price).yes_limit == 10_000 - price
    assert wish("yes", price).yes_limit == price


def test_what_takes_is_gone_within_the_instant():
    order = made(taking)
    assert order.time_in_force == "immediate_or_cancel"
    assert (order.purpose, order.post_only, order.reduce_only) == ("entry", False, False)
    assert order.expires_at is None


def test_an_entry_that_rests_never_takes_and_dies_without_us():
    order = made(resting)
    assert order.time_in_force == "good_till_canceled"
    assert (order.purpose, order.post_only, order.reduce_only) == ("entry", True, False)
    assert order.expires_at == NOW + 20 * SECOND


def test_an_exit_is_capped_by_the_venue_and_gone_within_the_instant():
    order = made(closing)
    assert order.time_in_force == "immediate_or_cancel"
    assert (order.purpose, order.reduce_only, order.post_only) == ("exit", True, False)
    assert order.expires_at is None


def test_a_take_profit_rests_and_says_nothing_the_venue_would_refuse():
    order = made(taking_profit)
    assert order.time_in_force == "good_till_canceled"
    assert (order.purpose, order.reduce_only) == ("take_profit", False)
    assert order.expires_at == NOW + 20 * SECOND


@given(st.integers(5, 300), st.integers(0, 400 * SECOND))
def test_an_expiry_is_a_whole_second_no_later_than_wanted_nor_than_the_close(seconds, before):
    close, now = ns(CLOSE), ns(CLOSE) - before
    found = OrderSettings(rest_seconds=seconds).expiry(now, close)
    wanted = min(now + seconds * SECOND, close)
    assert found % SECOND == 0
    assert wanted - SECOND < found <= wanted


@pytest.mark.parametrize(
    ("wrong", "name"),
    [({"style": "hope"}, "style"), ({"rest_seconds": 4}, "rest_seconds")],
)
def test_settings_out_of_range_are_named(wrong, name):
    with pytest.raises(RangeError) as caught:
        OrderSettings(**wrong)
    assert [key for key, _ in caught.value.problems] == [name]
