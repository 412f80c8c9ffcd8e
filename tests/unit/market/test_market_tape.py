"""The tape: last price, volume, flow, and how far back it can tell."""

from hypothesis import given
from hypothesis import strategies as st

from kalshi_assistant.domain.events import TradeSeen
from kalshi_assistant.domain.time import SECOND
from kalshi_assistant.market.tape import Flow, Tape


def trade(number, second, quantity=100, taker="yes", price=5_600, is_block=False):
    at = int(second * SECOND)
    return TradeSeen(at - 1, at, "T", f"id-{number}", price, quantity, taker, is_block)


def tape(*trades, keep=100):
    subject = Tape(keep)
    for each in trades:
        subject.take(each)
    return subject


def test_an_empty_tape_has_no_price_and_no_flow():
    subject = Tape()
    assert (subject.last_price, subject.count, subject.volume) == (None, 0, 0)
    assert subject.flow(10 * SECOND, SECOND) == Flow(0, 0, 0, complete=True)


def test_flow_counts_yes_up_and_no_down():
    subject = tape(trade(1, 1, 300), trade(2, 2, 100, "no"), trade(3, 3, 50, price=5_700))
    assert subject.flow(3 * SECOND, 10 * SECOND) == Flow(3, 450, 250, complete=True)
    assert (subject.last_price, subject.count, subject.volume) == (5_700, 3, 450)


def test_the_span_leaves_out_its_first_instant_and_takes_in_the_last():
    subject = tape(trade(1, 1), trade(2, 2), trade(3, 3))
    assert subject.flow(3 * SECOND, 2 * SECOND).count == 2
    assert subject.flow(3 * SECOND, 2 * SECOND + 1).count == 3


def test_a_trade_told_twice_counts_once():
    subject = tape(trade(1, 1))
    assert not subject.take(trade(1, 2))
    assert (subject.count, subject.volume) == (1, 100)


def test_a_block_trade_is_volume_but_neither_price_nor_flow():
    subject = tape(trade(1, 1), trade(2, 2, 9_000, price=100, is_block=True))
    assert (subject.last_price, subject.volume) == (5_600, 9_100)
    assert subject.flow(2 * SECOND, 10 * SECOND) == Flow(1, 100, 100, complete=True)


def test_a_span_longer_than_the_memory_says_that_it_is_not_complete():
    subject = tape(*(trade(k, k) for k in range(1, 8)), keep=4)
    assert subject.flow(7 * SECOND, 3 * SECOND) == Flow(3, 300, 300, complete=True)
    assert subject.flow(7 * SECOND, 60 * SECOND) == Flow(4, 400, 400, complete=False)
    assert (subject.count, subject.volume) == (7, 700)


STREAM = st.lists(
    st.tuples(st.integers(0, 3), st.integers(1, 500), st.sampled_from(["yes", "no"])), max_size=60
)


@given(STREAM, st.integers(1, 30), st.integers(0, 20))
def test_flow_is_the_naive_sum_and_the_memory_is_bounded(stream, keep, span):
    subject, seen, second = Tape(keep), [], 0
    for number, (pause, quantity, taker) in enumerate(stream):
        second += pause
        seen.append((second, quantity if taker == "yes" else -quantity))
        subject.take(trade(number, second, quantity, taker))
    inside = [signed for at, signed in seen if at > second - span]
    flow = subject.flow(second * SECOND, span * SECOND)
    if flow.complete:
        assert (flow.count, flow.signed) == (len(inside), sum(inside))
        assert flow.volume == sum(abs(signed) for signed in inside)
    else:
        assert flow.count == keep <= len(inside)
    assert len(subject._trades) == len(subject._ids) <= keep
