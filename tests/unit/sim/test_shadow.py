"""A paper taker takes what the book shows, within its limit, once."""

from hypothesis import given
from hypothesis import strategies as st

from kalshi_assistant.domain.contract import FeeTerms
from kalshi_assistant.domain.events import OrderChanged, OrderFilled
from kalshi_assistant.domain.orders import ASK, BID, Order
from kalshi_assistant.market.fees import cost_of_walk
from kalshi_assistant.sim.shadow import MARKETS_KEPT, Shadow

TERMS = FeeTerms("quadratic", 70_000, 0)


def take(shadow, levels, side=BID, limit=5_700, quantity=1_000, ticker="T"):
    order = Order("p-1-1", ticker, side, limit, quantity, 0)
    events = shadow.fill(order, tuple(levels), 7, TERMS)
    fills = [(e.price, e.quantity, e.fee) for e in events if isinstance(e, OrderFilled)]
    (final,) = [e for e in events if isinstance(e, OrderChanged)]
    return fills, final


def test_the_best_price_goes_first_and_the_limit_holds():
    fills, final = take(Shadow(100), [(5_600, 400), (5_700, 300), (5_800, 9_000)])
    assert [(price, quantity) for price, quantity, _ in fills] == [(5_600, 400), (5_700, 300)]
    assert (final.status, final.filled, final.remaining) == ("canceled", 700, 300)


def test_a_full_fill_is_executed_and_pays_the_published_fee():
    fills, final = take(Shadow(100), [(5_600, 5_000)])
    assert fills == [(5_600, 1_000, 172_500)]
    assert final.status == "executed"


def test_buying_no_takes_the_bids_and_pays_the_same_fee():
    fills, _ = take(Shadow(100), [(5_600, 5_000)], side=ASK, limit=5_500)
    assert fills == [(5_600, 1_000, 172_500)]


def test_what_was_taken_is_not_there_again_and_only_growth_is_for_sale():
    shadow = Shadow(100)
    take(shadow, [(5_600, 600)])
    fills, _ = take(shadow, [(5_600, 600)])
    assert fills == []
    fills, _ = take(shadow, [(5_600, 601)])
    assert [(price, quantity) for price, quantity, _ in fills] == [(5_600, 1)]


def test_an_empty_book_fills_nothing():
    fills, final = take(Shadow(100), [])
    assert (fills, final.status) == ([], "canceled")


def test_a_level_that_was_gone_is_new_when_it_comes_back():
    shadow = Shadow(100)
    take(shadow, [(5_600, 600)])
    take(shadow, [(5_700, 1)], quantity=1)
    fills, _ = take(shadow, [(5_600, 600)])
    assert [(price, quantity) for price, quantity, _ in fills] == [(5_600, 600)]


def test_what_is_left_of_a_level_can_be_taken_by_the_next_order():
    shadow = Shadow(100)
    take(shadow, [(5_600, 1_500)])
    fills, final = take(shadow, [(5_600, 1_500)])
    assert [(price, quantity) for price, quantity, _ in fills] == [(5_600, 500)]
    assert final.status == "canceled"


def test_sides_and_markets_are_taken_from_apart():
    shadow = Shadow(100)
    take(shadow, [(5_600, 600)])
    for other in ({"ticker": "U"}, {"side": ASK, "limit": 5_600}):
        fills, _ = take(shadow, [(5_600, 600)], **other)
        assert [quantity for _, quantity, _ in fills] == [600]


def test_the_levels_of_one_order_are_charged_as_one_order():
    fills, _ = take(Shadow(100), [(5_600, 300), (5_700, 9_000)])
    assert [fee for _, _, fee in fills] == [51_800, 120_100]
    assert sum(fee for _, _, fee in fills) == 171_900


def test_events_tell_the_order_the_time_and_that_they_are_paper():
    order = Order("p-1-1", "T", BID, 5_700, 1_000, 3)
    *fills, final = Shadow(100).fill(order, ((5_600, 400), (5_700, 9_000)), 7, TERMS)
    assert [fill.trade_id for fill in fills] == ["p-1-1/0", "p-1-1/1"]
    for event in (*fills, final):
        assert (event.at, event.received_at, event.source) == (7, 7, "paper_touch")
        assert event.client_order_id == "p-1-1"


def test_markets_of_the_past_are_forgotten():
    shadow = Shadow(100)
    for number in range(5 * MARKETS_KEPT):
        take(shadow, [(5_600, 600)], ticker=f"T{number}")
    assert len(shadow._taken) == MARKETS_KEPT


LEVELS = st.dictionaries(st.integers(1, 9_999), st.integers(1, 2_000), max_size=12)


@given(LEVELS, st.sampled_from([BID, ASK]), st.integers(1, 9_999), st.integers(1, 5_000))
def test_an_order_takes_the_best_prices_inside_its_limit_and_no_more_than_is_shown(
    book, side, limit, quantity
):
    levels = sorted(book.items(), reverse=side == ASK)
    fills, final = take(Shadow(100), levels, side, limit, quantity)
    there = [(p, q) for p, q in levels if (p <= limit if side == BID else p >= limit)]
    filled = sum(taken for _, taken, _ in fills)
    assert filled == final.filled == min(quantity, sum(shown for _, shown in there))
    assert final.filled + final.remaining == quantity
    assert (final.status == "executed") == (final.remaining == 0)
    assert [price for price, _, _ in fills] == [price for price, _ in there][: len(fills)]
    assert all(0 < taken <= book[price] for price, taken, _ in fills)
    assert [taken for _, taken, _ in fills[:-1]] == [book[price] for price, _, _ in fills[:-1]]
    own = [(p if side == BID else 10_000 - p, q) for p, q, _ in fills]
    assert sum(fee for _, _, fee in fills) == cost_of_walk(70_000, 100, own)[1]


@given(LEVELS, st.lists(st.integers(1, 3_000), min_size=1, max_size=6))
def test_a_book_that_does_not_change_is_never_sold_twice(book, quantities):
    shadow, levels = Shadow(100), sorted(book.items())
    taken = 0
    for quantity in quantities:
        fills, _ = take(shadow, levels, limit=9_999, quantity=quantity)
        taken += sum(each for _, each, _ in fills)
    assert taken == min(sum(quantities), sum(book.values()))
