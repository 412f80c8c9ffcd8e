"""The worst case against every way it could come: each subset of orders, each outcome, each split.

The twin fills orders one after the other into a position that nets, and pays in cash as the venue
does; it shares nothing with ``risk.exposure`` but the fees of ``market.fees``.
"""

from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from kalshi_assistant.domain.orders import ASK, BID
from kalshi_assistant.market.fees import cost_of_walk
from kalshi_assistant.risk.exposure import (
    Charges,
    Pending,
    closing_side,
    exposure,
    leaving,
    mark,
    worst_cost,
)
from tests.support.risk import exit_order, look, may_leave

RATES = st.sampled_from([0, 17_500, 70_000, 140_000])
PRECISIONS = st.sampled_from([100, 10_000])
CHARGES = st.builds(Charges, RATES, PRECISIONS)
PRICES = st.integers(1, 9_999)
ORDERS = st.lists(
    st.builds(Pending, st.sampled_from([BID, ASK]), PRICES, st.integers(1, 40), st.booleans()),
    max_size=4,
)


def paid(order, charges):
    """Cash out for an order filled a hundredth at a time, each fill an order of its own."""
    price = order.limit if order.side == BID else 10_000 - order.limit
    cost, fee = cost_of_walk(charges.rate_e6, charges.precision, [(price, 1)])
    return (cost + fee) * order.quantity


def twin_loss(held, cost, orders, charges):
    """The worst over every subset of orders and either outcome, in a netting account."""
    worst = 0
    for chosen, yes in product(product((False, True), repeat=len(orders)), (True, False)):
        quantity, cash = held, -cost
        for order, filled in zip(orders, chosen, strict=True):
            if not filled:
                continue
            signed = order.quantity if order.side == BID else -order.quantity
            pairs = min(abs(signed), abs(quantity)) if signed * quantity < 0 else 0
            cash += 10_000 * pairs - paid(order, charges)
            quantity += signed
        won = quantity if yes else -quantity
        worst = max(worst, -(cash + 10_000 * max(0, won)))
    return worst


@given(st.integers(-60, 60), st.integers(0, 600_000), ORDERS, CHARGES)
@settings(max_examples=300)
def test_the_worst_loss_is_the_worst_of_all_ways(held, cost, orders, charges):
    cost = 0 if held == 0 else cost
    assert exposure(held, cost, orders, charges).worst == twin_loss(held, cost, orders, charges)


@given(
    st.sampled_from([BID, ASK]),
    PRICES,
    st.lists(st.tuples(st.integers(0, 9_999), st.integers(1, 30)), min_size=1, max_size=8),
    CHARGES,
)
def test_no_way_of_filling_an_order_costs_more(side, limit, parts, charges):
    """At its limit or better, in fills of any sizes, with one order's fees."""
    price = limit if side == BID else 10_000 - limit
    fills = [(max(1, price - better), quantity) for better, quantity in parts]
    whole = Pending(side, limit, sum(quantity for _, quantity in fills), False)
    cost, fee = cost_of_walk(charges.rate_e6, charges.precision, fills)
    assert cost + fee <= worst_cost(whole, charges)


@given(
    st.integers(-60, 60).filter(bool),
    st.integers(0, 600_000),
    ORDERS,
    PRICES,
    st.integers(1, 80),
    CHARGES,
)
@settings(max_examples=300)
def test_an_exit_of_what_may_leave_never_adds_risk(held, cost, orders, limit, wanted, charges):
    seen = look(position=held, leaving=leaving(held, orders))
    quantity = may_leave(wanted, seen)
    before = exposure(held, cost, orders, charges)
    if quantity:
        order = exit_order(closing_side(held), limit, quantity)
        assert before.plus(order, charges).worst <= before.worst
        more = [*orders, Pending(order.side, limit, quantity, True)]
        assert twin_loss(held, cost, more, charges) <= twin_loss(held, cost, orders, charges)


LEVELS = st.lists(st.tuples(PRICES, st.integers(0, 50)), max_size=5)


@given(st.integers(-100, 100), LEVELS, CHARGES)
def test_a_mark_is_no_more_than_the_sale_brings(held, levels, charges):
    worth = mark(held, levels, charges, 0, 1)
    left, gross = abs(held), 0
    for price, there in levels:
        sold = min(left, there)
        gross += sold * (price if held > 0 else 10_000 - price)
        left -= sold
    assert 0 <= worth <= gross
    if charges.rate_e6 == 0 and gross % charges.precision == 0 and len(levels) == 1:
        assert worth == gross
