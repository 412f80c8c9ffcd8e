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


class Oracle:
    """The rule of the fee page in fractions of a dollar, written from its words."""

    def __init__(self, precision):
        self.unit = Fraction(precision, 10**6)
        self.accumulator = Fraction(0)

    def charge(self, rate, price, quantity):
        micro = Fraction(1, 10**6)
        trade = math.ceil(exact(rate, price, quantity)) * micro
        change = -Fraction(price, 10_000) * Fraction(quantity, 100) - trade
        rounding = change - math.floor(change / self.unit) * self.unit
        self.accumulator += rounding
        units = math.floor(self.accumulator / self.unit)
        while units * self.unit > trade + rounding:
            units -= 1
        self.accumulator -= units * self.unit
        return trade + rounding - units * self.unit


@given(FILLS, PRECISIONS)
def test_every_fill_pays_what_the_rule_says_in_fractions(fills, precision):
    fees, oracle = OrderFees(precision), Oracle(precision)
    for fill in fills:
        assert Fraction(fees.charge(*fill), 10**6) == oracle.charge(*fill)
        assert Fraction(fees.carried, 10**6) == oracle.accumulator


@given(FILLS, PRECISIONS)
def test_nothing_is_lost_an_order_pays_its_trade_fees_and_what_the_accumulator_holds(
    fills, precision
):
    fees, paid, trade = OrderFees(precision), 0, 0
    for fill in fills:
        paid += fees.charge(*fill)
        trade += trade_fee_up(*fill)
        assert paid - trade == fees.carried >= 0


@given(FILLS, PRECISIONS)
def test_a_fill_never_pays_a_whole_step_above_its_own_trade_fee(fills, precision):
    """So an order of n fills pays less than n steps above its trade fees, however it is split."""
    fees = OrderFees(precision)
    for fill in fills:
        assert fees.charge(*fill) - trade_fee_up(*fill) < precision


@given(FILLS, PRECISIONS)
def test_fills_of_at_least_a_step_of_fee_cost_together_less_than_one_step_of_rounding(
    fills, precision
):
    """Then the cap never bites and the accumulator stays below a step: splitting is nearly free."""
    fees = OrderFees(precision)
    for fill in fills:
        if trade_fee_up(*fill) >= precision:
            fees.charge(*fill)
            assert fees.carried < precision


@given(RATES, PRICES, st.lists(QUANTITIES, min_size=1, max_size=12), PRECISIONS)
def test_splitting_an_order_costs_less_than_a_step_and_a_micro_dollar_per_fill(
    rate, price, parts, precision
):
    """Against the same order filled at once; it may even cost less, by less than a step."""
    split = cost_of_walk(rate, precision, [(price, part) for part in parts])
    whole = cost_of_walk(rate, precision, [(price, sum(parts))])
    assert split[0] == whole[0]
    assert -precision < split[1] - whole[1] < len(parts) * (precision + 1)


@given(RATES, PRICES, QUANTITIES, PRECISIONS)
def test_opening_one_outcome_and_closing_the_other_round_alike(rate, price, quantity, precision):
    """Selling NO held at 1 - p brings in what buying YES at p takes out, whole dollars apart."""
    trade = trade_fee_up(rate, price, quantity)
    received = (10_000 - price) * quantity - trade
    rounding = received - received // precision * precision
    assert OrderFees(precision).charge(rate, price, quantity) == trade + rounding


@given(st.lists(st.tuples(PRICES, QUANTITIES), min_size=1, max_size=8), PRECISIONS)
def test_walking_several_levels_is_charging_them_one_after_another(fills, precision):
    fees = OrderFees(precision)
    charged = sum(fees.charge(70_000, price, quantity) for price, quantity in fills)
    expected = (sum(price * quantity for price, quantity in fills), charged)
    assert cost_of_walk(70_000, precision, fills) == expected
