"""Orders move by the table and nothing else."""

from kalshi_assistant.domain.events import OrderChanged
from kalshi_assistant.domain.orders import Order
from kalshi_assistant.execution.lifecycle import Orders

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
