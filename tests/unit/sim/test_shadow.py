"""A paper taker takes what the book shows, within its limit, once."""

from kalshi_assistant.domain.contract import FeeTerms
from kalshi_assistant.domain.events import OrderChanged, OrderFilled
from kalshi_assistant.domain.orders import ASK, BID, Order
from kalshi_assistant.sim.shadow import Shadow

TERMS = FeeTerms("quadratic", 70_000, 0)


def take(shadow, levels, side=BID, limit=5_700, quantity=1_000):
    events = shadow.fill(Order("p-1-1", "T", side, limit, quantity, 0), tuple(levels), 7, TERMS)
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


def test_what_was_taken_is_not_there_again_until_the_level_changes():
    shadow = Shadow(100)
    take(shadow, [(5_600, 600)])
    fills, _ = take(shadow, [(5_600, 600)])
    assert fills == []
    fills, _ = take(shadow, [(5_600, 601)])
    assert [(price, quantity) for price, quantity, _ in fills] == [(5_600, 601)]


def test_an_empty_book_fills_nothing():
    fills, final = take(Shadow(100), [])
    assert (fills, final.status) == ([], "canceled")
