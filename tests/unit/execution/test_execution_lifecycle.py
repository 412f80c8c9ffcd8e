"""Orders move by the table and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_assistant.domain.entries import OpenOrder
from kalshi_assistant.domain.orders import FINISHED, ORDER_LIFE
from kalshi_assistant.execution.lifecycle import REMEMBERED, STEPS, Orders
from tests.support.trading_desk import changed, ours, told_fill

ORDER = ours(quantity=1_000)
NAME = ORDER.id


def submitted(order=ORDER):
    orders = Orders()
    orders.submit(order, 0)
    return orders


def tell(orders, status, **more):
    return orders.change(changed(status, order=ORDER, **more), 5)


def before(state):
    """Orders with one in this state that is not finished."""
    orders = submitted()
    if state == "uncertain":
        orders.step(NAME, "timed_out", 1)
    if state in ("working", "cancelling"):
        tell(orders, "resting")
    if state == "cancelling":
        orders.step(NAME, "cancel_asked", 2)
    assert orders.get(NAME).state == state
    return orders


def test_an_order_ends_once_and_another_end_is_told_and_not_taken():
    orders = submitted()
    assert tell(orders, "resting") is None
    assert tell(orders, "executed", filled=1_000) is None
    assert orders.open == 0
    assert "is filled" in tell(orders, "canceled")
    assert orders.get(NAME).state == "filled"


def test_a_step_the_table_does_not_know_is_told_and_not_taken():
    orders = submitted()
    tell(orders, "resting")
    assert "cannot become rejected" in tell(orders, "rejected")
    assert "cannot become unknown" in tell(orders, "unknown")
    assert orders.open == 1


def test_somebody_elses_order_is_not_ours():
    assert "not ours" in Orders().change(changed("executed", name="x-9-9", order_id="x"), 0)


def test_an_order_without_our_id_is_not_ours():
    assert "not ours" in Orders().change(changed("executed", name=None, order_id="x"), 0)


def test_an_order_is_found_by_the_venues_name_once_that_was_told():
    orders = submitted()
    assert orders.get(None, "v-1") is None
    tell(orders, "resting", order_id="v-1")
    assert orders.get(None, "v-1").order is ORDER
    assert orders.change(changed("executed", name=None, order_id="v-1", filled=1_000), 0) is None
    assert orders.get(NAME).state == "filled"


def test_only_states_without_a_way_on_are_finished():
    assert set(ORDER_LIFE.values()) - {state for state, _ in ORDER_LIFE} == FINISHED


STATUSES = ["resting", "canceled", "executed", "rejected", "unknown"]


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("state", ["submitted", "uncertain", "working", "cancelling"])
def test_every_status_in_every_state_does_what_the_table_says(state, status):
    orders = before(state)
    after = ORDER_LIFE.get((state, STEPS.get(status)))
    problem = tell(orders, status)
    assert (problem is None) == (after is not None)
    assert orders.get(NAME).state == (after or state)
    assert orders.open == (0 if after in FINISHED else 1)


@given(st.lists(st.sampled_from(STATUSES), max_size=8))
def test_whatever_the_venue_says_an_order_is_open_or_finished_and_never_comes_back(words):
    orders, end = submitted(), None
    for status in words:
        tell(orders, status)
        state = orders.get(NAME).state
        assert end is None or state == end
        end = state if state in FINISHED else None
        assert orders.open == (1 if end is None else 0)


@pytest.mark.parametrize("status", ["executed", "canceled", "rejected"])
def test_an_end_told_twice_is_one_end(status):
    orders = submitted()
    assert tell(orders, status) is None
    assert tell(orders, status) is None


@pytest.mark.parametrize("status", ["executed", "canceled"])
def test_older_news_of_an_order_that_is_over_is_none(status):
    orders = submitted()
    tell(orders, status)
    assert tell(orders, "resting") is None
    assert orders.open == 0


@pytest.mark.parametrize("end", ["rejected", "absent"])
def test_an_order_that_never_rested_and_is_told_as_resting_is_a_problem(end):
    orders = before("uncertain")
    orders.step(NAME, end, 1)
    assert tell(orders, "resting") is not None


def test_steps_of_an_unknown_order_are_told():
    assert "not known" in Orders().step("n-1-9", "cancel_asked", 0)
    assert "is submitted" in submitted().step(NAME, "cancel_asked", 0)


# --- what may still come of it ---


def test_what_is_open_shrinks_with_fills_and_outlives_the_end_while_fills_are_owed():
    orders = submitted()
    known = orders.get(NAME)
    assert known.open_quantity == 1_000
    tell(orders, "resting", filled=300)
    assert known.open_quantity == 1_000  # the venue counted 300, nobody told them
    orders.fill(told_fill(ORDER, 300))
    assert known.open_quantity == 700
    tell(orders, "canceled", filled=500)
    assert (orders.open, known.open_quantity) == (0, 200)
    assert list(orders.owing()) == [known]
    orders.fill(told_fill(ORDER, 200, trade="t-2"))
    assert list(orders.owing()) == []


def test_a_fill_before_the_acknowledgement_names_the_order():
    orders = submitted()
    assert orders.fill(told_fill(ORDER, 400, order_id="v-1")) is orders.get(NAME)
    assert orders.get(None, "v-1").filled == 400
    assert orders.get(NAME).state == "submitted"


def test_a_decrease_shows_in_what_the_venue_says_is_left():
    orders = submitted()
    tell(orders, "resting", filled=100, remaining=400)
    orders.fill(told_fill(ORDER, 100))
    assert orders.get(NAME).open_quantity == 400


def test_older_news_does_not_make_a_decreased_order_larger():
    orders = submitted()
    tell(orders, "resting", filled=100, remaining=400)
    tell(orders, "resting", filled=0, remaining=1_000)
    assert orders.get(NAME).open_quantity == 500


# --- starts and memory ---


@pytest.mark.parametrize(
    ("kept", "state"),
    [
        ("submitted", "uncertain"),
        ("uncertain", "uncertain"),
        ("working", "working"),
        ("cancelling", "cancelling"),
    ],
)
def test_after_a_restart_an_order_without_an_answer_is_in_doubt(kept, state):
    orders = Orders()
    orders.restore(OpenOrder(ORDER, kept, "v-1", 300), 7)
    known = orders.get(None, "v-1")
    assert (known.state, known.since, known.open_quantity) == (state, 7, 700)
    assert orders.kept(NAME) == OpenOrder(ORDER, state, "v-1", 300)


def test_when_a_state_was_entered_is_kept_while_it_lasts():
    orders = submitted()
    orders.step(NAME, "timed_out", 3)
    orders.step(NAME, "timed_out", 9)
    assert orders.get(NAME).since == 3


def test_finished_orders_are_remembered_within_bounds_and_open_ones_always():
    orders = submitted()
    for number in range(2, REMEMBERED + 12):
        each = ours(number)
        orders.submit(each, 0)
        orders.change(changed("canceled", order=each, order_id=f"v-{number}"), 0)
    assert orders.get(NAME) is not None
    assert orders.get(ours(2).id) is None
    assert orders.get(None, "v-2") is None
    assert orders.get(ours(REMEMBERED + 11).id) is not None
    assert [each.order.id for each in orders.unfinished()] == [NAME]
