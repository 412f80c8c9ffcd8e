"""One order, one arrival, three assumptions: what is promised of them on every tape."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from kalshi_assistant.domain import events as e
from kalshi_assistant.domain.orders import ASK, BID
from kalshi_assistant.market.fees import OrderFees
from kalshi_assistant.sim.queueing import POLICIES
from tests.support.paper_tapes import (
    ASSUMED,
    AT,
    BOTH_PAY,
    LEVELS,
    ORDERS,
    TAPES,
    by_policy,
    contracts,
    drawn,
    play,
    quantity,
    shadow,
    sides,
)

HELD = st.sampled_from([-700, 0, 400, 5_000])
BETTER_AND_WORSE = list(pairwise(POLICIES))


def lived(assumed, held, terms, bids, asks, then, tape):
    """Yield all that was told of one order so far: at its arrival and after every step."""
    subject, ours = shadow(assumed, held), drawn(terms)
    told = list(subject.arrive(ours, AT, sides(bids, asks), then))
    yield told
    for _, more in play(subject, tape):
        told += more
        yield told


def costs(fills):
    """The own price of each hundredth of a contract, in the order of the fills."""
    return [price for price, count in contracts(fills) for _ in range(count)]


@settings(max_examples=250)
@given(ASSUMED, HELD, ORDERS, LEVELS, LEVELS, LEVELS, TAPES)
def test_a_better_assumption_has_filled_at_least_as_much_at_every_instant(
    assumed, held, terms, bids, asks, then, tape
):
    for told in lived(assumed, held, terms, bids, asks, then, tape):
        filled = by_policy(told)
        for better, worse in BETTER_AND_WORSE:
            assert quantity(filled[better]) >= quantity(filled[worse])


@settings(max_examples=150)
@given(ASSUMED, HELD, ORDERS, LEVELS, LEVELS, LEVELS, TAPES)
def test_its_kth_contract_never_costs_more_and_the_limit_holds(
    assumed, held, terms, bids, asks, then, tape
):
    *_, told = lived(assumed, held, terms, bids, asks, then, tape)
    side, limit, *_ = terms
    own_limit = limit if side == BID else 10_000 - limit
    paid = {policy: costs(fills) for policy, fills in by_policy(told).items()}
    for better, worse in BETTER_AND_WORSE:
        pairs = zip(paid[better], paid[worse], strict=False)
        assert all(good <= bad for good, bad in pairs)
    assert all(price <= own_limit for prices in paid.values() for price in prices)


@settings(max_examples=150)
@given(ASSUMED, HELD, ORDERS, LEVELS, LEVELS, LEVELS, TAPES)
def test_never_more_than_the_order_nor_an_exit_past_what_is_held(
    assumed, held, terms, bids, asks, then, tape
):
    *_, told = lived(assumed, held, terms, bids, asks, then, tape)
    side, _, size, _, purpose, _ = terms
    most = size if purpose == "entry" else min(size, max(0, -held if side == BID else held))
    for fills in by_policy(told).values():
        assert quantity(fills) <= most
        assert all(fill.quantity > 0 for fill in fills)


@settings(max_examples=150)
@given(ASSUMED, ORDERS, LEVELS, LEVELS, LEVELS, TAPES)
def test_each_assumption_pays_the_published_fee_of_its_own_fills(
    assumed, terms, bids, asks, then, tape
):
    *_, told = lived(assumed, 5_000, terms, bids, asks, then, tape)
    for fills in by_policy(told).values():
        fees = OrderFees(100)
        for fill, (price, count) in zip(fills, contracts(fills), strict=True):
            rate = BOTH_PAY.taker_rate_e6 if fill.is_taker else BOTH_PAY.maker_rate_e6
            assert fill.fee == fees.charge(rate, price, count)


@settings(max_examples=150)
@given(ASSUMED, HELD, ORDERS, LEVELS, LEVELS, LEVELS, TAPES)
def test_the_order_of_record_is_told_as_it_is_and_ends_once(
    assumed, held, terms, bids, asks, then, tape
):
    *_, told = lived(assumed, held, terms, bids, asks, then, tape)
    changes = [each for each in told if isinstance(each, e.OrderChanged)]
    filled = quantity(by_policy(told)["realistic"])
    assert {change.source for change in changes} == {"realistic"}
    assert changes[-1].filled == filled
    assert all(change.status == "resting" for change in changes[:-1])
    assert (changes[-1].status == "executed") <= (filled > 0)
    after_the_end = told[told.index(changes[-1]) + 1 :]
    assert changes[-1].status == "resting" or not by_policy(after_the_end)["realistic"]


@settings(max_examples=150)
@given(ASSUMED, st.lists(ORDERS, min_size=1, max_size=4), LEVELS, LEVELS, TAPES)
def test_what_trades_or_is_offered_is_shared_by_our_orders_and_never_sold_twice(
    assumed, many, bids, asks, tape
):
    subject, book = shadow(assumed, 5_000), sides(bids, asks)
    for number, terms in enumerate(many):
        subject.arrive(drawn(terms, f"p-1-{number}"), AT, book, dict(book[0] + book[1]))
    for fact, told in play(subject, tape, "p-1-0"):
        for fills in by_policy(told).values():
            if isinstance(fact, e.TradeSeen):
                assert quantity(fills) <= fact.quantity
            elif isinstance(fact, e.BookDelta):
                assert quantity(fills) <= max(0, fact.change)
            elif isinstance(fact, e.BookSnapshot):
                bid, ask = (sum(size for _, size in side) for side in (fact.bids, fact.asks))
                assert quantity([f for f in fills if f.side == BID]) <= ask
                assert quantity([f for f in fills if f.side == ASK]) <= bid
            else:
                assert not fills


TAKERS = st.lists(
    st.tuples(
        st.sampled_from([BID, ASK]),
        st.sampled_from([5_000, 5_100, 5_200]),
        st.integers(1, 900),
        LEVELS,
    ),
    min_size=2,
    max_size=6,
)


@settings(max_examples=250)
@given(ASSUMED, TAKERS, LEVELS, LEVELS)
def test_a_book_that_does_not_change_is_never_sold_twice_and_takers_keep_their_order(
    assumed, many, bids, asks
):
    subject, book, told = shadow(assumed), sides(bids, asks), []
    for number, (side, limit, size, then) in enumerate(many):
        terms = (side, limit, size, "immediate_or_cancel", "entry", False)
        ours = drawn(terms, f"p-1-{number}")
        mine = subject.arrive(ours, AT, book, then)
        filled = by_policy(mine)
        for better, worse in BETTER_AND_WORSE:
            assert quantity(filled[better]) >= quantity(filled[worse])
        told += mine
    shown = (dict(book[1]), dict(book[0]))
    for policy in ("realistic", "conservative"):
        for fill in by_policy(told)[policy]:
            shown[fill.side].setdefault(fill.price, 0)
        for side in (BID, ASK):
            for price, size in shown[side].items():
                taken = [f for f in by_policy(told)[policy] if f.side == side and f.price == price]
                assert quantity(taken) <= size
