"""What of a shown side is for sale to a paper taker, under each assumption.

What it took stays taken for as long as the level stands: of a level that grows only the growth is
for sale to us, so the same shown size is never sold twice. Optimistic knows no such memory.

Conservative counts a share of what was shown both when the order was decided and when it arrived,
less what conservative *and* realistic took there. So at every price optimistic offers at least what
realistic does, and realistic at least what conservative does.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from kalshi_assistant.domain.events import Level
from kalshi_assistant.domain.ids import Ticker
from kalshi_assistant.domain.orders import BID, BookSide
from kalshi_assistant.domain.units import Price, Quantity
from kalshi_assistant.sim.queueing import Policy

MARKETS_KEPT: Final = 16
"""Sides of markets whose taken levels are remembered: the open, the next and the settling ones."""

_Place = tuple[Ticker, BookSide]
_Taken = dict[Price, int]


class Depth:
    """Remembers what was taken, by market and side of our orders."""

    __slots__ = ("_share", "_taken")

    def __init__(self, share: float) -> None:
        """``share`` is how much of a shown size conservative counts on."""
        self._share = share
        self._taken: dict[_Place, dict[Policy, _Taken]] = {}

    def shown(self, ticker: Ticker, side: BookSide, levels: Sequence[Level]) -> None:
        """Forget what was taken of levels that are gone; an order on ``side`` comes to these."""
        place = (ticker, side)
        before = self._taken.pop(place, {})
        sizes = dict(levels)
        kept = {
            policy: {at: min(size, sizes[at]) for at, size in taken.items() if at in sizes}
            for policy, taken in before.items()
        }
        self._keep(place, kept)

    def offered(
        self,
        policy: Policy,
        place: _Place,
        levels: Sequence[Level],
        then: Mapping[Price, Quantity],
    ) -> list[Level]:
        """Price and size of what may be taken of ``levels``; ``then`` was shown at the decision."""
        if policy == "optimistic":
            return list(levels)
        memory = self._taken.get(place, {})
        taken = memory.get("realistic", {})
        if policy == "realistic":
            return [(at, Quantity(max(0, size - taken.get(at, 0)))) for at, size in levels]
        own, share = memory.get("conservative", {}), self._share
        return [
            (at, Quantity(max(0, int(share * min(size, then.get(at, 0))) - _most(taken, own, at))))
            for at, size in levels
        ]

    def take(self, policy: Policy, place: _Place, price: Price, quantity: int) -> None:
        """``quantity`` at ``price`` is ours and not there again."""
        if place not in self._taken:
            self._keep(place, {})
        taken = self._taken[place].setdefault(policy, {})
        taken[price] = taken.get(price, 0) + quantity

    def left(self, place: _Place, price: Price, size: int) -> None:
        """The level shrank to ``size``: no more of it than that can be taken already."""
        for taken in self._taken.get(place, {}).values():
            if taken.get(price, 0) > size:
                taken[price] = size

    def _keep(self, place: _Place, taken: dict[Policy, _Taken]) -> None:
        while len(self._taken) >= MARKETS_KEPT:
            del self._taken[next(iter(self._taken))]
        self._taken[place] = taken


def _most(one: _Taken, other: _Taken, at: Price) -> int:
    return max(one.get(at, 0), other.get(at, 0))


def within(side: BookSide, limit: int, price: int) -> bool:
    """Whether an order on ``side`` with ``limit`` may trade at ``price``."""
    return price <= limit if side == BID else price >= limit


def beyond(side: BookSide, limit: int, price: int) -> bool:
    """Whether ``price`` is strictly better than ``limit`` for an order on ``side``."""
    return price < limit if side == BID else price > limit
