"""Our orders from the wish to the end: what is asked of the venue, kept and entered."""

import pytest

from kalshi_assistant.domain import events as e
from kalshi_assistant.domain.entries import FillKept, HaltKept, OrderKept, PolicyFillKept
from kalshi_assistant.domain.intents import (
    Announce,
    Cancel,
    Decrease,
    LookUp,
    Note,
    ReadAccount,
    Renew,
    Submit,
)
from kalshi_assistant.domain.orders import ASK
from kalshi_assistant.domain.time import MILLISECOND, SECOND
from kalshi_assistant.engine.orders import ENOUGH_DELAYS
from kalshi_assistant.execution.terms import OrderSettings
from kalshi_assistant.risk.gate import PRICE_MOVED, TOO_OLD
from kalshi_assistant.risk.limits import RiskSettings
from kalshi_assistant.runtime.gateways import CLOSING, NO_TOKENS
from tests.support import build
from tests.support import trading_desk as td
from tests.support.build import TICKER, ns
from tests.support.trading_desk import AT, CHEAP, changed, of_kind, ours, resting, sent, told_fill


def quiet(**more):
    """A desk on paper without signals of its own."""
    return td.opened(signal=td.QUIET, **more)


OFF_GRID = "off_grid: the price is not on the market's steps (invalid_price)"


def live(**more):
    return td.live(signal=td.QUIET, **more)


def cheap(desk, at=AT + 10):
    """Ten seconds of calm, then a price far below the number."""
    desk.tend(AT + 1, at)
    return desk.feed(build.book(at + 0.5, **CHEAP), build.timer(at + 0.5))


def texts(intents):
    return [each.text for each in of_kind(intents, Note)]


# --- leaving ---


def test_a_signal_of_full_size_passes_the_limits_it_was_sized_for():
    """A signal is made once per window: one that its own limits refuse trades nothing."""
    intents = cheap(td.opened())
    assert len(of_kind(intents, Announce)) == 1
    assert len(sent(intents)) == 1


@pytest.mark.parametrize("price", [400, 600, 1_200, 2_500, 4_000])
def test_a_signal_of_the_canary_passes_the_limits_it_was_sized_for(price):
    desk = td.opened(risk=RiskSettings())
    desk.tend(AT + 1, AT + 10)
    book = build.book(AT + 10.5, bids=((price - 100, 50_000),), asks=((price, 50_000),))
    intents = desk.feed(book, build.timer(AT + 10.5))
    assert len(of_kind(intents, Announce)) == len(sent(intents)) == 1


def test_nothing_leaves_before_trading_is_armed_or_after_it_is_disarmed():
    before, after = td.opened(armed=False, risk=RiskSettings()), td.opened(risk=RiskSettings())
    after.feed(td.disarmed(AT + 1))
    for desk in (before, after):
        assert sent(cheap(desk)) == []
        assert desk.engine.snapshot().market.veto == "risk_blocked"


def test_while_only_watching_a_signal_is_announced_and_nothing_is_sent():
    intents = cheap(td.opened(mode="watch"))
    assert len(of_kind(intents, Announce)) == 1
    assert sent(intents) == []


def test_names_count_up_within_a_start_and_differ_between_starts():
    desk = td.opened(risk=RiskSettings(), account=td.restored(epoch=7))
    (first,) = sent(cheap(desk))
    assert first.id == "n-7-1"


def test_in_the_style_of_a_maker_an_entry_rests_at_the_best_own_price():
    desk = td.opened(risk=RiskSettings(), orders=OrderSettings(style="make"))
    (order,) = sent(cheap(desk))
    assert (order.limit, order.post_only, order.time_in_force) == (
        1_000,
        True,
        "good_till_canceled",
    )
    assert order.expires_at == ns(AT + 30)


def test_the_gates_refusal_is_told_once_not_at_every_tick():
    desk = quiet(exits=td.stop_at(0.01))
    desk.feed(td.halted(AT + 1, "stop everything", "kill"))
    desk.feed(*td.bought(1_000, 8_000))
    told = desk.tend(AT + 2, AT + 8)
    assert sent(told) == []
    assert len([text for text in texts(told) if "exit refused" in text]) == 1


# --- the venue says no, or nothing ---


def test_a_rejected_order_is_over_kept_and_told():
    desk = quiet()
    order = desk.knows(ours())
    intents = desk.feed(changed("rejected", order, order_id="", reason="insufficient_balance"))
    assert desk.state_of(order) == "rejected"
    (kept,) = desk.kept(OrderKept)
    assert (kept.id, kept.state, kept.filled) == (order.id, "rejected", 0)
    assert kept.reason == "insufficient_balance"
    assert f"{TICKER}: entry rejected: insufficient_balance" in texts(intents)


def test_too_many_refusals_of_the_venue_halt_entries():
    desk = quiet()
    for number in range(1, 7):
        assert desk.kept(HaltKept) == []
        order = desk.knows(ours(number))
        desk.feed(changed("rejected", order, order_id="", reason=OFF_GRID))
    (kept,) = desk.kept(HaltKept)
    assert kept.halt.breaker == "rejects"


STAYED_HERE = [
    TOO_OLD,
    PRICE_MOVED,
    NO_TOKENS,
    CLOSING,
    "not sent: no connection",
    "the lease of ledger.sqlite ran out: not renewed for 2.5 s",
    "halted (kill): enough; a person has to clear it",
]


@pytest.mark.parametrize("why", STAYED_HERE)
def test_orders_that_stayed_here_were_not_refused_by_the_venue(why):
    """A book that moves quickly is no reason for a halt that only a person can clear."""
    desk = quiet()
    for number in range(1, 9):
        order = desk.knows(ours(number))
        desk.feed(changed("rejected", order, order_id="", reason=why))
    assert desk.kept(HaltKept) == []


def test_an_order_without_an_answer_is_looked_up_and_never_sent_again():
    desk = quiet()
    order = desk.knows(ours())
    intents = desk.feed(td.uncertain(order))
    assert of_kind(intents, LookUp) == [LookUp(order, None)]
    assert desk.state_of(order) == "uncertain"
    (kept,) = desk.kept(OrderKept)
    assert kept.state == "uncertain"
    later = desk.tend(AT + 1, AT + 30)
    assert of_kind(later, Submit) == []
    looked = of_kind(later, LookUp)
    assert 10 <= len(looked) <= 16
    assert {each.order.id for each in looked} == {order.id}


def test_an_order_without_any_word_at_all_comes_into_doubt_by_itself():
    desk = quiet()
    order = desk.knows(ours(made_at=ns(AT)))
    assert of_kind(desk.tend(AT + 1, AT + 5), LookUp) == []
    intents = desk.tend(AT + 6)
    assert of_kind(intents, LookUp) == [LookUp(order, None)]
    assert desk.state_of(order) == "uncertain"
    assert [kept.state for kept in desk.kept(OrderKept)] == ["uncertain"]


def test_what_may_have_happened_counts_as_happened_until_it_is_known():
    desk = quiet()
    before = desk.engine.snapshot().trading.worst
    order = desk.knows(ours(quantity=1_000, limit=5_600))
    desk.feed(td.uncertain(order))
    assert before == 0
    assert desk.engine.snapshot().trading.worst >= 5_600_000
    desk.feed(td.absent(order, as_of=AT + 5, at=AT + 6))
    assert desk.engine.snapshot().trading.worst == 0


def test_an_order_is_absent_only_by_records_that_are_later_than_it():
    desk = quiet()
    order = desk.knows(ours(made_at=ns(AT)))
    desk.feed(td.uncertain(order))
    assert desk.feed(td.absent(order, as_of=AT, at=AT + 3)) == []
    assert desk.state_of(order) == "uncertain"
    intents = desk.feed(td.absent(order, as_of=AT + 3, at=AT + 3))
    assert desk.state_of(order) == "absent"
    assert desk.kept(OrderKept)[-1].state == "absent"
    assert f"order {order.id} never reached the venue" in texts(intents)


@pytest.mark.parametrize("state", ["submitted", "working"])
def test_only_an_order_in_doubt_can_be_absent(state):
    desk = quiet()
    order = desk.knows(ours()) if state == "submitted" else desk.works(resting())
    desk.feed(td.absent(order, as_of=AT + 9, at=AT + 9))
    assert desk.state_of(order) == state


def test_an_order_that_filled_is_not_absent_whatever_the_records_say():
    desk = quiet()
    order = desk.knows(ours())
    desk.feed(td.uncertain(order), told_fill(order, 300))
    desk.feed(td.absent(order, as_of=AT + 9, at=AT + 9))
    assert desk.state_of(order) == "uncertain"


def test_an_order_in_doubt_that_is_found_goes_on():
    desk = quiet()
    order = desk.knows(resting())
    desk.feed(td.uncertain(order), changed("resting", order))
    assert desk.state_of(order) == "working"
    assert [kept.state for kept in desk.kept(OrderKept)] == ["uncertain", "working"]
    assert desk.kept(OrderKept)[-1].order_id == td.venue_id(order)


def test_a_step_the_table_does_not_know_is_told_and_not_kept():
    desk = quiet()
    order = desk.works(resting())
    kept = len(desk.kept(OrderKept))
    intents = desk.feed(changed("rejected", order))
    assert "cannot become rejected" in texts(intents)[0]
    assert len(desk.kept(OrderKept)) == kept
    assert desk.state_of(order) == "working"


@pytest.mark.parametrize("request_", ["cancel", "amend", "decrease"])
def test_a_change_without_an_answer_leaves_the_order_and_asks(request_):
    desk = quiet()
    order = desk.works(resting())
    intents = desk.feed(td.uncertain(order, request_))
    assert of_kind(intents, LookUp) == [LookUp(order, td.venue_id(order))]
    assert desk.state_of(order) == "working"


def test_failed_requests_of_a_minute_pause_entries_and_nothing_else():
    desk = quiet()
    desk.tend(AT + 1, AT + 8)
    order = desk.works(resting())
    for _ in range(10):
        desk.feed(td.uncertain(order, "amend"))
    assert desk.state.breakers.blocks("entry", desk.state.now) is None
    desk.feed(td.uncertain(order, "amend"))
    assert desk.state.breakers.blocks("entry", desk.state.now).breaker == "errors"
    assert desk.state.breakers.blocks("exit", desk.state.now) is None
    assert desk.kept(HaltKept) == []


# --- cancels ---


def test_a_halt_by_hand_takes_out_what_rests():
    desk = quiet()
    order = desk.works(resting())
    intents = desk.feed(td.halted(AT + 1, "lunch"))
    (cancel,) = of_kind(intents, Cancel)
    assert (cancel.id, cancel.order_id, cancel.ticker) == (order.id, td.venue_id(order), TICKER)
    assert (cancel.exchange_index, cancel.reason) == (2, "lunch")
    assert desk.state_of(order) == "cancelling"


def test_a_refused_cancel_proves_nothing_and_the_order_is_read():
    desk = quiet()
    order = desk.works(resting())
    desk.feed(td.halted(AT + 1))
    intents = desk.feed(td.cancel_refused(order, AT + 1))
    assert of_kind(intents, LookUp) == [LookUp(order, td.venue_id(order))]
    assert desk.state_of(order) == "working"
    desk.feed(changed("executed", order, at=AT + 2, filled=1_000))
    assert desk.state_of(order) == "filled"


def test_an_order_that_survived_its_cancel_is_cancelled_again():
    desk = quiet()
    order = desk.works(resting())
    desk.feed(td.halted(AT + 1), td.cancel_refused(order, AT + 1))
    intents = desk.feed(changed("resting", order, at=AT + 2))
    intents += desk.tend(AT + 2, AT + 3)
    assert [each.id for each in of_kind(intents, Cancel)] == [order.id]


def test_a_cancel_nobody_confirmed_is_looked_up_and_asked_for_again():
    desk = quiet()
    order = desk.works(resting())
    desk.feed(td.halted(AT + 1))
    early = desk.tend(AT + 2, AT + 6)
    assert (of_kind(early, LookUp), of_kind(early, Cancel)) == ([], [])
    late = desk.tend(AT + 7)
    assert of_kind(late, LookUp) == [LookUp(order, td.venue_id(order))]
    (again,) = of_kind(late, Cancel)
    assert (again.id, again.order_id) == (order.id, td.venue_id(order))
    assert desk.state_of(order) == "cancelling"
    assert of_kind(desk.tend(AT + 8, AT + 12), Cancel) == []
    assert of_kind(desk.tend(AT + 13), Cancel) == [again]  # as long as nobody confirms it


@pytest.mark.parametrize("purpose", ["entry", "take_profit"])
def test_an_order_acknowledged_after_trading_was_disarmed_is_taken_out(purpose):
    """Nothing may be left at an orderly end, and nothing of it is renewed."""
    desk = quiet()
    desk.feed(*td.bought(1_000, 5_600))
    side = ASK if purpose == "take_profit" else 0
    order = desk.knows(resting(9, side=side, limit=6_000, purpose=purpose))
    desk.feed(td.disarmed(AT + 1), changed("resting", order, at=AT + 1))
    (first,) = of_kind(desk.tend(AT + 2), Cancel)
    assert (first.id, first.order_id) == (order.id, td.venue_id(order))
    assert first.reason == desk.state.desk.why_not == "stopping"
    intents = desk.tend(AT + 3, AT + 20)
    assert {each.id for each in of_kind(intents, Cancel)} == {order.id}
    assert {each.reason for each in of_kind(intents, Cancel)} == {"asked again"}
    assert of_kind(intents, Renew) == []
    desk.feed(changed("canceled", order, at=AT + 21))
    assert of_kind(desk.tend(AT + 21, AT + 40), Cancel) == []


@pytest.mark.parametrize("purpose", ["entry", "take_profit"])
def test_what_rests_when_trading_is_disarmed_is_taken_out(purpose):
    desk = quiet()
    desk.feed(*td.bought(1_000, 5_600))
    side = ASK if purpose == "take_profit" else 0
    order = desk.works(resting(9, side=side, limit=6_000, purpose=purpose))
    intents = desk.feed(td.disarmed(AT + 1, "the lease ran out"))
    intents += desk.tend(AT + 1, AT + 3)
    (cancel,) = of_kind(intents, Cancel)
    assert (cancel.id, cancel.reason) == (order.id, "the lease ran out")


# --- fills ---


def test_a_fill_before_the_acknowledgement_is_entered():
    desk = quiet()
    order = desk.knows(ours())
    desk.feed(told_fill(order, 400, fee=7_000))
    assert desk.engine.ledger.position(TICKER).quantity == 400
    assert desk.state_of(order) == "submitted"
    desk.feed(changed("canceled", order, filled=400))
    assert desk.state_of(order) == "cancelled"
    assert desk.engine.orders_open == 0


def test_a_fill_told_twice_is_entered_once():
    desk = quiet()
    order = desk.knows(ours())
    fill = told_fill(order, 400, fee=7_000)
    first, again = desk.feed(fill), desk.feed(fill)
    assert again == []
    assert len(desk.kept(FillKept)) == 1
    assert desk.state.orders.get(order.id).filled == 400
    assert desk.engine.ledger.cash == td.CASH - 400 * 5_600 - 7_000
    (kept,) = [each.entry for each in first if hasattr(each, "entry")]
    assert (kept.purpose, kept.quantity, kept.holding.quantity) == ("entry", 400, 400)


def test_a_fill_after_the_end_is_still_ours():
    desk = quiet()
    order = desk.knows(ours())
    desk.feed(changed("executed", order, filled=1_000), told_fill(order, 1_000, at=AT + 1))
    assert desk.engine.ledger.position(TICKER).quantity == 1_000


def test_a_fill_of_an_order_long_forgotten_is_known_by_its_name():
    desk = quiet()
    desk.feed(told_fill(ours(99), 100))
    assert desk.engine.ledger.position(TICKER).quantity == 100
    assert desk.kept(HaltKept) == []


def test_fills_the_venue_counted_and_nobody_told_are_read_from_the_account():
    desk = live()
    order = desk.knows(ours())
    desk.feed(changed("executed", order, filled=1_000))
    assert of_kind(desk.tend(AT + 1, AT + 3), ReadAccount) == []
    asked = of_kind(desk.tend(AT + 4, AT + 6), ReadAccount)
    assert asked
    assert "were not told" in asked[0].reason
    assert asked[0].since <= order.made_at


def test_a_question_about_the_account_waits_for_its_answer():
    """Two seconds of reads a second are tokens that a cancel may need."""
    desk = live()
    order = desk.knows(ours())
    desk.feed(changed("executed", order, filled=1_000))
    desk.tend(AT + 1, AT + 4)
    asked = of_kind(desk.tend(AT + 5, AT + 16), ReadAccount)
    assert 3 <= len(asked) <= 5


def test_fills_under_other_assumptions_are_kept_beside_the_account():
    desk = quiet()
    order = desk.knows(ours())
    for source in ("optimistic", "conservative"):
        desk.feed(told_fill(order, 500, source=source))
    assert desk.engine.ledger.position(TICKER).quantity == 0
    assert [kept.policy for kept in desk.kept(PolicyFillKept)] == ["optimistic", "conservative"]
    assert desk.kept(FillKept) == []
    assert desk.state.orders.get(order.id).filled == 0


# --- what rests lives on ---


def test_a_renewal_names_what_was_filled_and_what_is_wanted_together():
    desk = quiet(orders=OrderSettings(rest_take_profit=True), exits=td.profit_at(0.05))
    desk.feed(*td.bought(1_000, 5_600))
    order = desk.works(resting(9, side=ASK, limit=6_300, purpose="take_profit"))
    desk.feed(told_fill(order, 300, trade="t-9"), changed("resting", order, filled=300))
    (renewed, *_) = of_kind(desk.tend(AT + 1, AT + 12), Renew)
    assert renewed.count == 1_000


def test_a_renewal_never_asks_for_more_than_was_approved_while_fills_are_on_their_way():
    desk = quiet(orders=OrderSettings(rest_take_profit=True), exits=td.profit_at(0.05))
    desk.feed(*td.bought(1_000, 5_600))
    order = desk.works(resting(9, side=ASK, limit=6_300, purpose="take_profit"))
    desk.feed(changed("resting", order, filled=300))
    (renewed, *_) = of_kind(desk.tend(AT + 1, AT + 12), Renew)
    assert renewed.count == 1_000


def test_a_decrease_that_did_not_happen_is_asked_for_again():
    """Until the venue says so, an order is as large as it was."""
    desk = quiet()
    desk.feed(*td.bought(1_000, 5_600))
    order = desk.works(resting(9, side=ASK, limit=6_000, purpose="take_profit"))
    sold = ours(2, ASK, 5_400, 400, purpose="exit")
    (asked,) = of_kind(desk.feed(told_fill(desk.knows(sold), 400, trade="t-2")), Decrease)
    assert asked.to == 600
    desk.feed(changed("executed", sold, filled=400))
    desk.feed(td.uncertain(order, "decrease", AT + 1), changed("resting", order, at=AT + 1))
    known = desk.state.orders.get(order.id)
    assert known.open_quantity == 1_000
    again = of_kind(desk.tend(AT + 2, AT + 9), Decrease)
    assert again
    assert {each.to for each in again} == {600}


# --- our own latency ---


def test_latency_is_known_once_enough_orders_were_measured():
    desk = quiet()
    for number in range(1, ENOUGH_DELAYS + 1):
        assert desk.state.own_p95 is None
        desk.feed(e.LatencyMeasured(ns(AT), ns(AT), number * MILLISECOND))
    assert desk.state.own_p95 == 19 * MILLISECOND / SECOND
