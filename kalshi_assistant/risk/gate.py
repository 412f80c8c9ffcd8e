"""The only maker of ``Approved``: an order that passed every limit, for a quarter of a second.

Unarmed and tripped breakers are asked before anything is computed; the limits follow in their
order (``limits.py``), and the first that says no is the answer.
"""

from typing import Final

from kalshi_assistant.domain.intents import Approved
from kalshi_assistant.domain.orders import Order
from kalshi_assistant.domain.time import MILLISECOND, Nanos
from kalshi_assistant.domain.units import Price
from kalshi_assistant.risk.breakers import Breakers, in_words
from kalshi_assistant.risk.limits import (
    ENTRY,
    EXIT,
    FIRST,
    Case,
    Look,
    Refused,
    RiskSettings,
    first_failing,
    past_collar,
)

TOO_OLD: Final = "too_old"
PRICE_MOVED: Final = "price_moved"


def approve(
    order: Order, look: Look, breakers: Breakers, settings: RiskSettings, now: Nanos
) -> Approved[Order] | Refused:
    """Let ``order`` through, or say what stops it; ``now`` is the time of the event behind it."""
    case = Case(order, look, settings, now)
    refused = first_failing(FIRST, case)
    if refused is not None:
        return refused
    halt = breakers.blocks(order.purpose, now)
    if halt is not None:
        return Refused(halt.breaker, in_words(halt, settings))
    refused = first_failing(ENTRY if order.purpose == "entry" else EXIT, case)
    if refused is not None:
        return refused
    return Approved(what=order, valid_until=Nanos(now + _lifetime(settings)))


def too_late(
    approved: Approved[Order], best: Price | None, settings: RiskSettings, now: Nanos
) -> str | None:
    """Why an approved order may not be sent after all, asked right before it is; else ``None``.

    ``best`` is as in ``Look``. A clock that has gone back by more than an approval's life is as bad
    as one that has gone on. Exits are held to their age alone.
    """
    span = _lifetime(settings)
    if not approved.valid_until - 2 * span <= now <= approved.valid_until:
        return TOO_OLD
    return moved(approved.what, best, settings)


def moved(order: Order, best: Price | None, settings: RiskSettings) -> str | None:
    """Why an entry's price is no longer what it was approved at; ``None`` for an exit."""
    if order.purpose == "entry" and (best is None or past_collar(order, best, settings)):
        return PRICE_MOVED
    return None


def _lifetime(settings: RiskSettings) -> int:
    return settings.approval_milliseconds * MILLISECOND
