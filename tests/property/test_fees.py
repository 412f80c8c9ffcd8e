"""Fees against exact fractions, and the accumulator's promises."""

import math
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from kalshi_assistant.market.fees import OrderFees, cost_of_walk, trade_fee_up

PRICES = st.integers(1, 9_999)
QUANTITIES = st.integers(1, 500_000)
RATES = st.sampled_from([0, 17_500, 35_000, 70_000, 52_500])
PRECISIONS = st.sampled_from([100, 10_000])
FILLS = st.lists(st.tuples(RATES, PRICES, QUANTITIES), min_size=1, max_size=12)


def exact(rate, price, quantity):
    """The model fee in micro-dollars as a fraction."""
    p = Fraction(price, 10_000)
    return Fraction(rate, 10**6) * Fraction(quantity, 100) * p * (1 - p) * 10**6


@given(RATES, PRICES, QUANTITIES)
def test_trade_fee_is_the_exact_fee_rounded_up(rate, price, quantity):
    assert trade_fee_up(rate, price, quantity) == math.ceil(exact(rate, price, quantity))


@given(RATES, PRICES, QUANTITIES)
def test_both_outcomes_pay_the_same_trade_fee(rate, price, quantity):
    assert trade_fee_up(rate, price, quantity) == trade_fee_up(rate, 10_000 - price, quantity)


@given(FILLS, PRECISIONS)
def test_no_fill_pays_a_negative_fee_and_balances_stay_on_the_precision(fills, precision):
    """Cost plus net fee of every fill is a whole number of precision steps."""
    fees = OrderFees(precision)
    for rate, price, quantity in fills:
        paid = fees.charge(rate, price, quantity)
        assert paid >= 0
        assert (price * quantity + paid) % precision == 0


@given(FILLS, PRECISIONS)
def test_an_order_pays_its_model_fees_and_less_than_one_step_more_unless_a_fill_caps_the_rebate(
    fills, precision
):
    """What is paid is the trade fees plus what the accumulator still holds: nothing is lost."""
    fees, paid, trade = OrderFees(precision), 0, 0
    for rate, price, quantity in fills:
        paid += fees.charge(rate, price, quantity)
        trade += trade_fee_up(rate, price, quantity)
    assert paid - trade == fees.carried
    assert fees.carried >= 0


@given(st.lists(st.tuples(PRICES, QUANTITIES), min_size=1, max_size=8), PRECISIONS)
def test_walking_several_levels_is_charging_them_one_after_another(fills, precision):
    fees = OrderFees(precision)
    charged = sum(fees.charge(70_000, price, quantity) for price, quantity in fills)
    expected = (sum(price * quantity for price, quantity in fills), charged)
    assert cost_of_walk(70_000, precision, fills) == expected
