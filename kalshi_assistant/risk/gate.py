"""The only maker of ``Approved``: an order that passed every limit, for a quarter of a second.

Paper only so far: the limits bound what one order and one window may spend.
"""

from dataclasses import dataclass

from kalshi_assistant.domain.intents import Approved
from kalshi_assistant.domain.orders import ASK, Order
from kalshi_assistant.domain.ranges import check_ranges, setting
from kalshi_assistant.domain.time import MILLISECOND, Nanos
from kalshi_assistant.domain.units import MONEY_SCALE, Money, complement, notional


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskSettings:
    """What an order and a window may cost."""

    max_order_dollars: float = setting(20.0, "most that one order may cost", gt=0, le=100_000)
    max_window_dollars: float = setting(
        40.0, "most that one window's orders may cost together", gt=0, le=100_000
    )
    approval_milliseconds: int = setting(
        250, "an approved order not sent within this is refused", ge=1, le=10_000
    )

    def __post_init__(self) -> None:
        check_ranges(self)


@dataclass(frozen=True, slots=True)
class Refused:
    """Why an order may not leave."""

    reason: str


def worst_cost(order: Order) -> Money:
    """The most an order can cost without fees: every contract at its limit."""
    price = complement(order.limit) if order.side == ASK else order.limit
    return notional(price, order.quantity)


def approve(
    order: Order, spent: Money, cash: Money, settings: RiskSettings, now: Nanos
) -> Approved[Order] | Refused:
    """Let ``order`` through or say why not; ``spent`` is what this window's orders may already
    cost.
    """
    cost = worst_cost(order)
    if cost > settings.max_order_dollars * MONEY_SCALE:
        return Refused("the order would cost more than risk.max_order_dollars")
    if spent + cost > settings.max_window_dollars * MONEY_SCALE:
        return Refused("the window's orders would cost more than risk.max_window_dollars")
    if cost > cash:
        return Refused("the account does not hold that much cash")
    valid_until = Nanos(now + settings.approval_milliseconds * MILLISECOND)
    return Approved(what=order, valid_until=valid_until)
