"""Our orders, moved only by the table in ``domain.orders``.

A step the table does not know moves nothing and is answered in words: the venue may say anything,
and what it says is no exception. Fills do not move an order here: they come on a channel of their
own, may be told before or after the order's last state, and belong to the ledger.
"""

from typing import Final

from kalshi_assistant.domain.events import OrderChanged
from kalshi_assistant.domain.ids import ClientOrderId
from kalshi_assistant.domain.orders import Order, OrderState, OrderStep, advance

STEPS: Final[dict[str, OrderStep]] = {
    "resting": "accepted",
    "executed": "filled",
    "canceled": "cancelled",
    "rejected": "rejected",
}
"""The venue's word for a state, as a step. ``unknown`` is none."""
FINAL: Final[frozenset[OrderState]] = frozenset(("filled", "cancelled", "rejected"))


class Orders:
    """Orders sent and not finished, with their states."""

    __slots__ = ("_open",)

    def __init__(self) -> None:
        self._open: dict[ClientOrderId, OrderState] = {}

    def submit(self, order: Order) -> None:
        """An approved order is on its way."""
        self._open[order.id] = "submitted"

    @property
    def open(self) -> int:
        """How many are not finished."""
        return len(self._open)

    def change(self, event: OrderChanged) -> str | None:
        """Move an order; answers what was wrong, ``None`` when nothing was."""
        name = event.client_order_id
        state = None if name is None else self._open.get(name)
        if name is None or state is None:
            return f"an order that is not ours or is finished: {event.order_id} {event.status}"
        step = STEPS.get(event.status)
        after = None if step is None else advance(state, step)
        if after is None:
            return f"order {name} is {state} and cannot become {event.status}"
        if after in FINAL:
            del self._open[name]
        else:
            self._open[name] = after
        return None
