"""A paper order in three lives: taken, resting, changed, ended, refused."""

import pytest

from kalshi_assistant.domain import events as e
from kalshi_assistant.domain.contract import FeeTerms
from kalshi_assistant.domain.entries import Holding, Standing
from kalshi_assistant.domain.orders import ASK, BID
from kalshi_assistant.domain.time import SECOND
from kalshi_assistant.sim.admission import BARRED_MAX
from kalshi_assistant.sim.depth import MARKETS_KEPT
from kalshi_assistant.sim.queueing import Assumptions
from kalshi_assistant.sim.shadow import NEVER, TRADES_KEPT
from tests.support import build
from tests.support.build import CLOSE, OPEN, TICKER, ns
from tests.support.paper_tapes import AT, by_policy, contracts, order, quantity, shadow, trade

BOOK = (((4_900, 300), (4_800, 500)), ((5_100, 400), (5_200, 600)))
IOC = {"time_in_force": "immediate_or_cancel"}


def arrive(subject, ours, book=BOOK, then=None, now=AT):
    seen = dict(book[0] + book[1]) if then is None else then
    told = subject.arrive(ours, now, book, seen)
    assert isinstance(told[-1], e.OrderChanged)
    return by_policy(told), told[-1]


def filled(told):
    return {policy: quantity(fills) for policy, fills in by_policy(told).items()}


def same(count):
    return {"optimistic": count, "realistic": count, "conservative": count}


def delta(side, price, change, at=AT):
    return e.BookDelta(at, at, TICKER, side, price, change)


# --- takers ---


def test_a_taker_walks_the_best_price_first_and_the_rest_is_cancelled():
    fills, end = arrive(shadow(), order(BID, 5_200, 1_500, **IOC))
    assert contracts(fills["realistic"]) == [(5_100, 400), (5_200, 600)]
    assert (end.status, end.filled, end.remaining) == ("canceled", 1_000, 0)
    assert end.reason == "no more within the limit"


def test_buying_no_takes_the_bids_and_pays_the_published_fee():
    fills, end = arrive(shadow(), order(ASK, 4_800, 300, **IOC))
    assert contracts(fills["realistic"]) == [(5_100, 300)]
    assert fills["realistic"][0].fee == 52_500
    assert end.status == "executed"


def test_conservative_counts_a_share_of_what_survived_the_latency():
    then = {5_100: 100, 5_200: 10_000}
    fills, _ = arrive(shadow(Assumptions(share=0.5)), order(BID, 5_200, 900, **IOC), then=then)
    assert contracts(fills["conservative"]) == [(5_100, 50), (5_200, 300)]
    assert quantity(fills["realistic"]) == quantity(fills["optimistic"]) == 900


def test_what_was_taken_is_not_there_again_except_for_the_optimist():
    subject = shadow()
    arrive(subject, order(BID, 5_100, 300, "p-1-1", **IOC))
    fills, _ = arrive(subject, order(BID, 5_100, 300, "p-1-2", **IOC))
    assert {p: quantity(f) for p, f in fills.items()} == {
        "optimistic": 300,
        "realistic": 100,
        "conservative": 0,
    }
    gone = (BOOK[0], ())
    arrive(subject, order(BID, 5_100, 300, "p-1-3", **IOC), gone)
    fills, _ = arrive(subject, order(BID, 5_100, 300, "p-1-4", **IOC))
    assert quantity(fills["realistic"]) == 300


def test_fill_or_kill_is_whole_or_nothing_under_each_assumption():
    ours = order(BID, 5_100, 300, time_in_force="fill_or_kill")
    fills, end = arrive(shadow(Assumptions(share=0.5)), ours)
    assert [quantity(f) for f in fills.values()] == [300, 300, 0]
    assert end.status == "executed"
    fills, end = arrive(shadow(), order(BID, 5_100, 500, time_in_force="fill_or_kill"))
    assert not any(fills.values())
    assert (end.status, end.reason) == ("rejected", "fill_or_kill_insufficient_resting_volume")


def test_the_fills_of_one_order_share_one_account_of_rounding():
    fills, _ = arrive(shadow(), order(BID, 5_200, 600, **IOC))
    assert [f.trade_id for f in fills["realistic"]] == ["p-1-1/realistic/1", "p-1-1/realistic/2"]
    assert all(f.is_taker for f in fills["realistic"])


def test_memory_of_what_was_taken_is_bounded():
    subject = shadow()
    subject._contract_of = build.contract
    for number in range(3 * MARKETS_KEPT):
        ours = order(BID, 5_100, 100, f"p-1-{number}", **IOC)
        arrive(subject, type(ours)(ours.id, f"T{number}", *_rest_of(ours)))
    assert len(subject._depth._taken) == MARKETS_KEPT


def _rest_of(ours):
    return [getattr(ours, name) for name in ours.__struct_fields__[2:]]


# --- resting ---


def test_a_trade_at_our_price_serves_the_queue_first_and_the_last_one_never():
    subject = shadow()
    _, state = arrive(subject, order(BID, 4_900, 200))
    assert (state.status, state.remaining) == ("resting", 200)
    told = subject.see(trade(AT, "no", 4_900, 350, "a"))
    assert filled(told) == {"optimistic": 200, "realistic": 50, "conservative": 0}
    assert (told[-1].status, told[-1].filled, told[-1].remaining) == ("resting", 50, 150)
    told = subject.see(trade(AT, "no", 4_800, 120, "b"))
    assert filled(told) == {"optimistic": 0, "realistic": 120, "conservative": 120}
    assert {f.price for f in told if isinstance(f, e.OrderFilled)} == {4_900}
    assert not any(f.is_taker for f in told if isinstance(f, e.OrderFilled))


def test_a_trade_that_lifts_asks_block_trades_and_repetitions_are_not_for_our_bid():
    subject = shadow()
    arrive(subject, order(BID, 4_900, 200))
    assert subject.see(trade(AT, "yes", 4_900, 900, "a")) == []
    assert subject.see(e.TradeSeen(AT, AT, TICKER, "b", 4_800, 50, "no", True)) == []
    assert filled(subject.see(trade(AT, "no", 4_800, 50, "c"))) == same(50)
    assert subject.see(trade(AT, "no", 4_800, 50, "c")) == []


def test_what_is_offered_through_our_price_would_have_met_us_at_it_only_for_the_optimist():
    subject = shadow()
    arrive(subject, order(BID, 5_000, 300))
    told = subject.see(delta(ASK, 5_000, 100))
    assert filled(told) == {"optimistic": 100, "realistic": 0, "conservative": 0}
    told = subject.see(delta(ASK, 4_900, 100))
    assert filled(told) == same(100)


def test_what_filled_us_from_the_book_is_not_for_sale_to_our_takers():
    subject = shadow()
    arrive(subject, order(BID, 5_000, 100))
    subject.see(delta(ASK, 4_900, 100))
    book = (((4_800, 500),), ((4_900, 100),))
    fills, _ = arrive(subject, order(BID, 4_900, 100, "p-1-2", **IOC), book)
    assert quantity(fills["realistic"]) == 0


def test_a_snapshot_fills_by_what_is_new_in_it_and_shortens_the_queue():
    subject = shadow()
    arrive(subject, order(BID, 4_900, 200))
    asks = ((4_800, 80), (5_100, 400))
    told = subject.see(e.BookSnapshot(AT, AT, TICKER, (), asks))
    assert filled(told) == same(80)
    assert subject.see(e.BookSnapshot(AT, AT, TICKER, (), asks)) == []


def test_an_order_that_crosses_takes_and_rests_with_what_is_left():
    subject = shadow(Assumptions(share=0.5), fees=FeeTerms("quadratic", 70_000, 0))
    fills, state = arrive(subject, order(BID, 5_100, 600))
    assert [quantity(f) for f in fills.values()] == [400, 400, 200]
    assert (state.status, state.filled, state.remaining) == ("resting", 400, 200)
    told = subject.see(trade(AT, "no", 5_000, 200, "a"))
    assert filled(told) == same(200)
    makers = by_policy(told)["realistic"]
    assert (makers[0].price, makers[0].is_taker, makers[0].fee) == (5_100, False, 0)
    assert told[-1].status == "executed"
    assert filled(subject.see(trade(AT, "no", 5_000, 900, "b"))) == same(0) | {"conservative": 200}
    assert not subject.busy


def test_when_the_order_of_record_is_filled_another_assumption_waits_untold():
    subject = shadow()
    arrive(subject, order(BID, 4_900, 100, expires_at=AT + SECOND))
    told = subject.see(trade(AT, "no", 4_900, 500, "a"))
    assert told[-1].status == "executed"
    assert subject.busy
    assert subject.cancel("p-1-1", AT, "asked") is None
    arrive(subject, order(BID, 4_900, 100, "p-1-2", expires_at=AT + SECOND))
    assert [each.client_order_id for each in subject.tick(AT + SECOND)] == ["p-1-2"]
    assert not subject.busy


def test_our_own_orders_are_served_by_price_and_time():
    subject = shadow()
    for name, limit in (("p-1-1", 4_800), ("p-1-2", 4_900), ("p-1-3", 4_900)):
        arrive(subject, order(BID, limit, 100, name))
    told = subject.see(trade(AT, "no", 4_700, 150, "a"))
    conservative = by_policy(told)["conservative"]
    assert [(f.order_id, f.quantity) for f in conservative] == [("p-1-2", 100), ("p-1-3", 50)]


def test_trades_told_before_are_remembered_within_bounds():
    subject = shadow()
    arrive(subject, order(BID, 4_000, 100))
    for number in range(2 * TRADES_KEPT):
        subject.see(trade(AT, "no", 4_900, 1, f"t{number}"))
    assert len(subject._markets[TICKER].told) == TRADES_KEPT


# --- exits ---


def test_an_exit_closes_what_its_assumption_holds_and_never_more():
    subject = shadow()
    subject.holdings.set("conservative", TICKER, 50)
    subject.holdings.set("realistic", TICKER, 120)
    subject.holdings.set("optimistic", TICKER, 900)
    fills, end = arrive(subject, order(ASK, 4_900, 200, reduce_only=True, purpose="exit", **IOC))
    assert [quantity(f) for f in fills.values()] == [200, 120, 50]
    assert (end.status, end.reason) == ("canceled", "nothing_to_close")
    assert subject.holdings.position("realistic", TICKER) == 0


def test_a_take_profit_rests_and_stops_at_what_is_held():
    subject = shadow(held=60)
    arrive(subject, order(ASK, 5_500, 200, purpose="take_profit"))
    assert filled(subject.see(trade(AT, "yes", 5_600, 500, "a"))) == same(60)
    assert filled(subject.see(trade(AT, "yes", 5_600, 500, "b"))) == same(0)


def test_what_was_held_before_comes_with_the_restart_and_goes_with_the_result():
    subject = shadow()
    holding = Holding(TICKER, -300, 1, 1, 0, 0, 0, 0)
    standing = Standing(0, 0, 0, 0, (holding,), (), 0, "2026-11-21", 0, 0, 0, ())
    subject.see(e.Restored(AT, AT, "p", 2, standing, (), True))
    assert subject.holdings.position("conservative", TICKER) == -300
    subject.see(build.determined(CLOSE + 1, "no"))
    assert subject.holdings.position("realistic", TICKER) == 0


# --- changes and ends ---


def test_a_decrease_keeps_the_place_and_to_nothing_is_the_end():
    subject = shadow()
    arrive(subject, order(BID, 4_900, 200))
    subject.see(trade(AT, "no", 4_900, 250, "a"))
    (state,) = subject.decrease("p-1-1", 40, AT)
    assert (state.status, state.remaining) == ("resting", 40)
    told = subject.see(trade(AT, "no", 4_900, 90, "b"))
    assert filled(told) == {"optimistic": 0, "realistic": 40, "conservative": 0}
    other = shadow()
    arrive(other, order(BID, 4_900, 200))
    (end,) = other.decrease("p-1-1", 0, AT)
    assert end.status == "canceled"
    assert other.decrease("p-1-1", 0, AT) is None


def test_a_renewal_moves_the_expiry_only():
    subject = shadow()
    arrive(subject, order(BID, 4_900, 200, expires_at=AT + SECOND))
    subject.see(trade(AT, "no", 4_900, 250, "a"))
    (state,) = subject.renew("p-1-1", AT + 3 * SECOND, AT)
    assert state.status == "resting"
    assert subject.tick(AT + 2 * SECOND) == []
    assert filled(subject.see(trade(AT, "no", 4_900, 90, "b")))["realistic"] == 40
    assert subject.renew("p-1-1", AT, AT) is None
    (end,) = subject.tick(AT + 3 * SECOND)
    assert (end.status, end.reason, end.filled) == ("canceled", "expired", 40)


def test_what_comes_after_the_expiry_or_the_close_fills_nothing():
    late = AT + SECOND
    subject = shadow()
    arrive(subject, order(BID, 4_900, 200, expires_at=late))
    (end,) = subject.see(trade(late, "no", 4_000, 900, "a"))
    assert end.reason == "expired"
    arrive(subject, order(BID, 4_900, 200, "p-1-2"))
    (end,) = subject.see(trade(ns(CLOSE), "no", 4_000, 900, "b"))
    assert end.reason == "market_closed"
    assert (subject.busy, subject.next_due) == (False, NEVER)


@pytest.mark.parametrize(
    ("fact", "reason"),
    [
        (e.MarketStatusChanged(AT, AT, TICKER, "inactive"), "market_paused"),
        (e.MarketStatusChanged(AT, AT, TICKER, "closed"), "market_closed"),
        (e.ExchangeStatusSeen(AT, AT, 2, True, False, None), "exchange_paused"),
        (e.MarketDetermined(AT, AT, TICKER, "yes"), "market_closed"),
    ],
)
def test_a_pause_or_the_close_takes_resting_orders_out_and_lets_none_in(fact, reason):
    subject = shadow()
    arrive(subject, order(BID, 4_900, 200))
    (end,) = subject.see(fact)
    assert (end.status, end.reason) == ("canceled", reason)
    _, refused = arrive(subject, order(BID, 4_900, 200, "p-1-2"))
    assert (refused.status, refused.reason) == ("rejected", reason)


def test_after_a_pause_orders_are_let_in_again():
    subject = shadow()
    subject.see(e.MarketStatusChanged(AT, AT, TICKER, "inactive"))
    subject.see(e.ExchangeStatusSeen(AT, AT, 2, True, False, None))
    subject.see(e.MarketStatusChanged(AT, AT, TICKER, "active"))
    subject.see(e.ExchangeStatusSeen(AT, AT, 2, True, True, None))
    _, state = arrive(subject, order(BID, 4_900, 200))
    assert state.status == "resting"


def test_markets_that_were_barred_are_forgotten_within_bounds():
    subject = shadow()
    for number in range(2 * BARRED_MAX):
        subject.see(e.MarketStatusChanged(AT, AT, f"T{number}", "closed"))
    assert len(subject._doors._barred) == BARRED_MAX


# --- refusals ---


@pytest.mark.parametrize(
    ("ours", "reason"),
    [
        (order(quantity=0), "size_zero"),
        (order(limit=4_950), "off_grid"),
        (order(limit=10_000), "off_grid"),
        (order(reduce_only=True), "reduce_only_not_immediate"),
        (order(post_only=True, **IOC), "does_not_rest"),
        (order(expires_at=AT + 1, **IOC), "does_not_rest"),
        (order(expires_at=AT), "expired"),
        (order(limit=5_100, post_only=True), "post_only_cross"),
    ],
)
def test_what_the_venue_would_refuse_is_refused_by_name(ours, reason):
    fills, end = arrive(shadow(), ours)
    assert not any(fills.values())
    assert (end.status, end.reason, end.filled) == ("rejected", reason, 0)


def test_post_only_rests_where_it_does_not_cross():
    _, state = arrive(shadow(), order(BID, 5_000, 100, post_only=True))
    assert state.status == "resting"


@pytest.mark.parametrize(
    ("subject", "book", "now", "reason"),
    [
        (shadow(), None, AT, "book_unknown"),
        (shadow(fees=None), BOOK, AT, "fees_unknown"),
        (shadow(), BOOK, ns(OPEN) - 1, "not_open"),
        (shadow(), BOOK, ns(CLOSE), "market_closed"),
    ],
)
def test_what_is_not_known_or_not_open_fills_nothing(subject, book, now, reason):
    (end,) = subject.arrive(order(**IOC), now, book, {})
    assert (end.status, end.reason) == ("rejected", reason)


def test_a_market_nobody_listed_fills_nothing():
    subject = shadow()
    subject._contract_of = lambda ticker: None
    (end,) = subject.arrive(order(**IOC), AT, BOOK, {})
    assert end.reason == "market_unknown"


def test_fees_that_change_apply_from_then_on():
    subject = shadow(fees=FeeTerms("quadratic", 70_000, 0))
    arrive(subject, order(BID, 4_900, 200))
    dearer = build.contract(fees=FeeTerms("quadratic_with_maker_fees", 70_000, 17_500))
    subject._contract_of = lambda ticker: dearer
    subject.see(e.FeesChanged(AT, AT, dearer.event_ticker, dearer.fees))
    (fill,) = by_policy(subject.see(trade(AT, "no", 4_800, 100, "a")))["realistic"]
    assert fill.fee == 4_400


def test_our_orders_do_not_trade_with_one_another():
    subject = shadow(held=1_000)
    arrive(subject, order(ASK, 5_100, 100, "p-1-1", purpose="take_profit"))
    fills, end = arrive(subject, order(BID, 5_200, 100, "p-1-2", **IOC))
    assert not any(fills.values())
    assert (end.status, end.reason) == ("canceled", "self_trade")
    _, refused = arrive(subject, order(BID, 5_100, 100, "p-1-3", post_only=True))
    assert refused.reason == "post_only_cross"
