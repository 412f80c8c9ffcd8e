"""What orders may cost at most, which has to be there before they are taken.

Each side of a market is looked at for itself: of all bids together as much as NO is held closes it
and needs nothing, the best prices first because they trade first; the rest costs its price and its
fee. Likewise asks and YES. Source: the venue refuses what is not covered on the shard of the
market; how it counts orders that close a position is not documented.
"""

from collections.abc import Iterable
from typing import NamedTuple

from kalshi_assistant.domain.orders import ASK, BID, BookSide
from kalshi_assistant.domain.units import Money, Price, Quantity, notional
from kalshi_assistant.market.fees import trade_fee_up
from kalshi_assistant.sim.accounts import PRECISION
from kalshi_assistant.sim.private import outcome_price


class Wish(NamedTuple):
    """An order, or what is left of one, at its YES price."""

    side: BookSide
    price: Price
    quantity: Quantity
    rate_e6: int
    """The fee rate it may have to pay."""


def needed(wishes: Iterable[Wish], yes: int, no: int) -> Money:
    """The most that the orders of one market can take, where ``yes`` and ``no`` can be closed."""
    asked = list(wishes)
    return Money(_needed(asked, BID, no) + _needed(asked, ASK, yes))


def _needed(wishes: list[Wish], side: BookSide, closes: int) -> int:
    total = 0
    mine = sorted((each for each in wishes if each.side == side), key=_costliest_first)
    for each in mine:
        closing = min(each.quantity, closes)
        closes -= closing
        total += worst_cost(each, Quantity(each.quantity - closing))
    return total


def worst_cost(wish: Wish, quantity: Quantity) -> int:
    """Price and fee of so much of it, as one fill at its limit, up to the account's precision."""
    if not quantity:
        return 0
    price = outcome_price(wish.side, wish.price)
    cost = notional(price, quantity) + trade_fee_up(wish.rate_e6, price, quantity)
    return -(-cost // PRECISION) * PRECISION


def _costliest_first(wish: Wish) -> int:
    return -outcome_price(wish.side, wish.price)
