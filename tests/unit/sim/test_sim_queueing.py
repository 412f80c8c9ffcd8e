"""Who is ahead of us at one price: trades from the front, cancels by their share."""

import pytest

from kalshi_assistant.sim.queueing import WAITING_MAX, Assumptions, Queue

GRACE = 500


def queue(level, exponent=1.0):
    return Queue(level, Assumptions(exponent=exponent, grace=GRACE))


def test_trades_eat_those_ahead_before_they_reach_us():
    subject = queue(300)
    assert [subject.trade(100, 0), subject.trade(250, 1), subject.trade(40, 2)] == [0, 50, 40]
    assert subject.ahead == 0


@pytest.mark.parametrize("trade_first", [True, False])
def test_a_trade_and_the_change_it_causes_count_once_in_either_order(trade_first):
    subject = queue(300)
    steps = [lambda: subject.trade(100, 0), lambda: subject.change(-100, 1)]
    for step in steps if trade_first else reversed(steps):
        step()
    subject.change(0, 10 * GRACE)
    assert (subject.ahead, subject.level) == (200, 200)


def test_a_change_no_trade_explains_in_time_was_a_cancel_and_our_share_of_it_is_gone():
    subject = queue(300)
    subject.change(300, 0)
    subject.change(-120, 0)
    assert subject.ahead == 300
    subject.change(0, GRACE)
    assert subject.ahead == 300 - 60


@pytest.mark.parametrize(("exponent", "left"), [(1.0, 270), (2.0, 264)])
def test_the_exponent_takes_cancels_from_the_longer_part(exponent, left):
    subject = queue(300, exponent)
    subject.change(100, 0)
    subject.change(-40, 0)
    subject.change(0, GRACE)
    assert subject.ahead == left


def test_nobody_is_ahead_where_the_level_is_gone_for_good():
    subject = queue(300)
    subject.change(-300, 0)
    assert subject.ahead == 300
    subject.change(0, GRACE)
    assert subject.ahead == 0


def test_what_joins_later_is_behind_us():
    subject = queue(100)
    subject.change(900, 0)
    assert subject.trade(150, 1) == 50


def test_what_went_through_served_everyone():
    subject = queue(100)
    subject.swept()
    assert subject.trade(10, 0) == 10


def test_a_whole_book_bounds_the_queue_and_lengthens_it_never():
    subject = queue(300)
    subject.show(120)
    assert subject.ahead == 120
    subject.show(900)
    assert subject.ahead == 120


def test_memory_is_bounded_and_nothing_of_it_is_lost():
    subject = queue(100_000)
    for now in range(10 * WAITING_MAX):
        subject.change(-10, now % GRACE)
    assert len(subject._gone._items) == WAITING_MAX
    assert subject._gone.total == 10 * 10 * WAITING_MAX
    assert subject.trade(10 * 10 * WAITING_MAX, GRACE - 1) == 0
    assert subject._traded.total == 0
