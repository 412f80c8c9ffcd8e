"""Orders move by the table and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_assistant.domain.events import OrderChanged
from kalshi_assistant.domain.orders import ORDER_LIFE, Order
from kalshi_assistant.execution.lifecycle import FINAL, STEPS, Orders

ORDER = Order("p-1-1", "T", 0, 5_600, 1_000, 0)


def changed(status, name="p-1-1"):
    return OrderChanged(0, 0, "T", name, name, 0, 5_600, status, 0, 1_000, None, "paper_touch")


def test_an_order_ends_once_and_is_forgotten():
    orders = Orders()
    orders.submit(ORDER)
    assert orders.change(changed("resting")) is None
    assert orders.change(changed("executed")) is None
    assert orders.open == 0
    assert "is finished" in orders.change(changed("canceled"))


def test_a_step_the_table_does_not_know_is_told_and_not_taken():
    orders = Orders()
    orders.submit(ORDER)
    orders.change(changed("resting"))
    assert "cannot become rejected" in orders.change(changed("rejected"))
    assert "cannot become unknown" in orders.change(changed("unknown"))
    assert orders.open == 1


def test_somebody_elses_order_is_not_ours():
    assert "not ours" in Orders().change(changed("executed", "x-9-9"))


def test_an_order_without_our_id_is_not_ours():
    assert "not ours" in Orders().change(changed("executed", None))


def test_only_states_without_a_way_on_are_final():
    assert set(ORDER_LIFE.values()) - {state for state, _ in ORDER_LIFE} == FINAL


STATUSES = ["resting", "canceled", "executed", "rejected", "unknown"]


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("before", ["submitted", "working"])
def test_every_status_in_every_state_does_what_the_table_says(before, status):
    orders = Orders()
    orders.submit(ORDER)
    if before == "working":
        orders.change(changed("resting"))
    after = ORDER_LIFE.get((before, STEPS.get(status)))
    problem = orders.change(changed(status))
    assert (problem is None) == (after is not None)
    assert orders.open == (0 if after in FINAL else 1)


@given(st.lists(st.sampled_from(STATUSES), max_size=8))
def test_whatever_the_venue_says_an_order_is_open_or_finished_and_never_comes_back(words):
    orders, finished = Orders(), False
    orders.submit(ORDER)
    for status in words:
        problem = orders.change(changed(status))
        assert not (finished and problem is None)
        finished = finished or orders.open == 0
        assert orders.open == (0 if finished else 1)
