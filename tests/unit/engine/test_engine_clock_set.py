"""Our clock was set back: what waits comes in due time, and nothing from before it leaves."""

import pytest

from kalshi_assistant.domain.entries import HaltKept
from kalshi_assistant.domain.events import ClockJumped
from kalshi_assistant.domain.intents import (
    Approved,
    Inquire,
    LookUp,
    ReadAccount,
    Renew,
    SetTimer,
)
from kalshi_assistant.domain.time import SECOND, Nanos
from kalshi_assistant.engine.positions import RENEW_SHARE
from kalshi_assistant.execution.terms import OrderSettings
from kalshi_assistant.quant.layout import I_COOL_UNTIL, M_NO_NUMBER, V_INDEX_STALE
from kalshi_assistant.risk.gate import TOO_OLD
from kalshi_assistant.risk.limits import RiskSettings
from tests.support import build
from tests.support import trading_desk as td
from tests.support.build import OPEN, STRIKE, ns
from tests.support.trading_desk import AT, of_kind, ours, sent

BACK = 40
"""Seconds the clock is set back by."""


def quiet(**more):
    return td.opened(signal=td.QUIET, **more)


def live(**more):
    return td.live(signal=td.QUIET, **more)


def jumped(at, by=-BACK):
    """The clock showed ``at`` and shows ``by`` seconds more now."""
    return ClockJumped(ns(at + by), ns(at + by), by * SECOND)


def set_back(desk, at):
    """The clock is set back when it shows ``at``; the book comes anew. Answers what was asked."""
    return desk.feed(jumped(at), build.book(at - BACK))


def test_now_is_what_the_clock_shows_and_the_housekeeping_goes_on_at_once():
    desk = quiet()
    desk.tend(AT + 1, AT + 9)
    (timer,) = of_kind(set_back(desk, AT + 9), SetTimer)
    assert (timer.key, timer.due) == ("tend", ns(AT + 9 - BACK))
    assert desk.engine.snapshot().at == ns(AT + 9 - BACK)


def test_a_machine_that_slept_has_its_timers_where_they_were():
    desk = quiet()
    desk.tend(AT + 1, AT + 9)
    assert of_kind(desk.feed(jumped(AT + 9, by=30)), SetTimer) == []
    assert desk.engine.snapshot().at == ns(AT + 39)


def test_what_rests_is_renewed_as_soon_as_it_would_have_been():
    desk = quiet(orders=OrderSettings(rest_seconds=20), exits=td.profit_at(0.5))
    desk.feed(*td.bought(1_000, 5_000))
    order = desk.works(td.resting(3, side=1, purpose="take_profit", expires_at=ns(AT + 20)))
    desk.tend(AT + 1, AT + 2)
    set_back(desk, AT + 2)
    renewed = of_kind(desk.tend(AT + 3 - BACK, AT + 12 - BACK), Renew)
    assert renewed
    assert renewed[0].id == order.id
    assert ns(AT + 12 - BACK) < renewed[0].expires_at <= ns(AT + 33 - BACK)
    assert RENEW_SHARE == 2


def test_an_order_in_doubt_is_looked_up_as_often_as_ever():
    desk = live()
    order = desk.knows(ours(made_at=ns(AT + 3)))
    desk.feed(td.uncertain(order, at=AT + 5))
    set_back(desk, AT + 5)
    looked = of_kind(desk.tend(AT + 6 - BACK, AT + 12 - BACK), LookUp)
    assert len(looked) >= 3


def test_the_account_is_read_anew_and_questions_go_on():
    desk = live()
    desk.tend(AT + 1, AT + 9)
    asked = set_back(desk, AT + 9) + desk.tend(AT + 10 - BACK, AT + 12 - BACK)
    assert of_kind(asked, ReadAccount)
    status = Inquire(what="exchange_status")
    late = desk.tend(AT + 13 - BACK, AT + 75 - BACK)
    assert status in late


def test_an_order_approved_before_it_leaves_no_more():
    desk = quiet()
    order = desk.knows(ours(limit=5_600, made_at=ns(AT + 9)))
    assert desk.engine.moved(order) is None
    set_back(desk, AT + 9)
    assert desk.engine.moved(order) == TOO_OLD
    approved = Approved(order, Nanos(order.made_at + SECOND // 4))
    assert desk.engine.too_late(approved, ns(AT + 9)) == TOO_OLD


def test_what_is_approved_after_it_is_good_for_a_quarter_of_a_second_of_the_new_time():
    desk = td.opened()
    desk.tend(AT + 1, AT + 9)
    at = AT + 9 - BACK
    set_back(desk, AT + 9)
    desk.tend(at + 1, at + 15)
    intents = desk.feed(build.book(at + 15.5, **td.CHEAP), build.timer(at + 15.5))
    (order,) = sent(intents)
    (submit,) = [each for each in intents if hasattr(each, "order")]
    assert submit.order.valid_until == ns(at + 15.5) + SECOND // 4
    assert desk.engine.moved(order) is None


def test_a_pause_lasts_as_long_as_it_had_left():
    desk = quiet(risk=RiskSettings(max_errors_per_minute=1, error_pause_minutes=1.0))
    for _ in range(2):
        desk.feed(td.uncertain(ours(9), at=AT + 5))
    set_back(desk, AT + 10)
    desk.tend(AT + 11 - BACK, AT + 63 - BACK)
    assert desk.state.risk_block.startswith("errors")
    desk.tend(AT + 64 - BACK, AT + 70 - BACK)
    assert desk.state.risk_block is None


def test_orders_of_the_last_minute_count_for_a_minute():
    desk = quiet()
    desk.state.desk.sent.extend([ns(AT), ns(AT + 9)])
    set_back(desk, AT + 9)
    assert desk.state.desk.sent_lately(ns(AT + 10 - BACK)) == 2
    assert desk.state.desk.sent_lately(ns(AT + 61 - BACK)) == 1
    assert desk.state.desk.sent_lately(ns(AT + 70 - BACK)) == 0


def test_an_index_that_fell_silent_is_old_as_soon_as_it_would_have_been():
    desk = quiet()
    desk.tend(AT + 1, AT + 9)
    set_back(desk, AT + 9)
    desk.feed(*(build.timer(AT - BACK + second) for second in range(10, 20)))
    assert desk.state.focus.book.array[M_NO_NUMBER] == V_INDEX_STALE


def test_a_cool_down_lasts_as_long_as_it_had_left():
    desk = td.opened()
    desk.tend(AT + 1, AT + 9)
    cheap = desk.feed(build.book(AT + 9.5, **td.CHEAP), build.timer(AT + 9.5))
    assert len(sent(cheap)) == 1
    set_back(desk, AT + 10)
    left = desk.state.index.array[I_COOL_UNTIL] - desk.state.now
    assert 0 < left <= 5 * SECOND


def test_no_day_begins_when_the_clock_goes_back_over_midnight():
    """The loss of the day goes on counting: New York's midnight is at five in the morning UTC."""
    desk = quiet()
    desk.state.desk.day, desk.state.desk.day_start = "2026-11-22", -50
    desk.tend(AT + 1)
    assert (desk.state.desk.day, desk.state.desk.day_start) == ("2026-11-22", -50)
    desk.feed(td.cleared(AT + 2))
    assert desk.state.desk.day == "2026-11-21"


def test_a_pause_that_a_clock_ahead_wrote_down_is_no_longer_than_a_pause():
    account = td.restored(cooling_until=ns(OPEN + 100_000))
    desk = quiet(account=account)
    assert desk.state.breakers.cooling_until == ns(OPEN + 3_600)


# --- absence ---


def absent_now(desk, order, as_of, at):
    desk.feed(td.absent(order, as_of, at=at))
    return desk.state_of(order) == "absent"


def test_records_that_are_late_prove_nothing_to_a_clock_that_was_behind():
    """It was set right since: by the venue's time the order left later than its own stamp."""
    desk = live()
    order = desk.knows(ours(made_at=ns(AT + 3)))
    desk.feed(td.uncertain(order, at=AT + 5))
    desk.feed(jumped(AT + 5, by=BACK))
    assert not absent_now(desk, order, as_of=AT + BACK, at=AT + 6 + BACK)
    assert absent_now(desk, order, as_of=AT + 8 + BACK, at=AT + 8 + BACK)


def test_records_prove_nothing_while_our_clock_is_known_to_be_behind():
    desk = live()
    order = desk.knows(ours(made_at=ns(AT + 3)))
    desk.feed(td.uncertain(order, at=AT + 5))
    desk.state.clock_off = -10 * SECOND
    assert not absent_now(desk, order, as_of=AT + 14, at=AT + 8)
    assert absent_now(desk, order, as_of=AT + 18, at=AT + 9)


@pytest.mark.parametrize("by", [-BACK, BACK])
def test_no_halt_comes_of_a_clock_that_was_set(by):
    desk = live()
    desk.tend(AT + 1, AT + 9)
    desk.feed(jumped(AT + 9, by=by), build.book(AT + 9 + by))
    desk.tend(AT + 10 + by, AT + 30 + by, value=STRIKE)
    assert desk.kept(HaltKept) == []
