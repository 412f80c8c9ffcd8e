"""What an order of the account would meet on its way into the book, so that it never trades with
itself.

**Invariant:** after the orders in ``met`` are cancelled, an order of ``there`` contracts, or one
that is not ``stopped``, meets none of the account's own.
"""

from collections.abc import Container
from typing import NamedTuple

from kalshi_assistant.domain.orders import ASK, BID, BookSide
from kalshi_assistant.domain.units import Price, Quantity
from kalshi_assistant.sim.matching import Matcher
from kalshi_assistant.sim.private import SelfTrade


class Meeting(NamedTuple):
    """What there is on the way."""

    there: Quantity
    """What others offer before the order ends or is stopped."""
    met: tuple[int, ...]
    """Own orders that give way."""
    stopped: bool
    """An own order stands in the way and the taker gives way: the rest of it is cancelled."""


def meeting(
    matcher: Matcher,
    own: Container[int],
    side: BookSide,
    limit: Price,
    quantity: Quantity,
    gives_way: SelfTrade,
) -> Meeting:
    """Walk the other side in the order in which it would trade."""
    there, met = 0, []
    for price, _ in matcher.levels(ASK if side == BID else BID):
        if there >= quantity or (price > limit if side == BID else price < limit):
            break
        for order_id, left in matcher.orders(ASK if side == BID else BID, price):
            if there >= quantity:
                break
            if order_id not in own:
                there += left
            elif gives_way == "taker_at_cross":
                return Meeting(Quantity(there), (), True)
            else:
                met.append(order_id)
    return Meeting(Quantity(min(there, quantity)), tuple(met), False)
