"""Order groups: a limit on the contracts that the orders of a group trade within fifteen seconds.

Over its limit a group triggers: its orders are to be cancelled, and it takes no new ones until it
is reset. A group lives on one shard and in one subaccount. It limits neither positions nor losses.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from kalshi_assistant.domain.time import SECOND, Nanos
from kalshi_assistant.domain.units import QUANTITY_SCALE, Quantity

WINDOW: Final = 15 * SECOND
LIMIT_LEAST: Final = Quantity(QUANTITY_SCALE)
LIMIT_MOST: Final = Quantity(1_000_000 * QUANTITY_SCALE)
GROUPS_MAX: Final = 100_000


@dataclass(slots=True)
class OrderGroup:
    """One group and the orders of it that rest."""

    group_id: str
    subaccount: int
    exchange_index: int
    limit: Quantity
    triggered: bool = False
    orders: dict[str, None] = field(default_factory=dict)
    _traded: deque[tuple[Nanos, int]] = field(default_factory=deque)
    _within: int = 0

    def count(self, at: Nanos, quantity: Quantity) -> bool:
        """So much was traded; answer whether that is too much within the window."""
        self._traded.append((at, quantity))
        self._within += quantity
        while self._traded[0][0] <= at - WINDOW:
            self._within -= self._traded.popleft()[1]
        return self._within > self.limit

    def within(self, at: Nanos) -> Quantity:
        """What was traded in the window that ends at ``at``."""
        return Quantity(sum(size for stamp, size in self._traded if stamp > at - WINDOW))

    def reset(self) -> None:
        """Start over: nothing counted, orders taken again."""
        self.triggered = False
        self._traded.clear()
        self._within = 0


class OrderGroups:
    """Every group of the account, by id."""

    def __init__(self) -> None:
        self._groups: dict[str, OrderGroup] = {}
        self._made = 0

    def create(self, subaccount: int, shard: int, limit: Quantity, seed: int) -> OrderGroup | None:
        """A new group; ``None`` where there are as many as one may have."""
        if len(self._groups) >= GROUPS_MAX:
            return None
        self._made += 1
        group_id = f"{seed % 2**32:08x}-0000-4000-a000-{self._made:012x}"
        made = self._groups[group_id] = OrderGroup(group_id, subaccount, shard, limit)
        return made

    @property
    def made(self) -> int:
        """How many there have ever been."""
        return self._made

    def find(self, group_id: str) -> OrderGroup | None:
        """One of them."""
        return self._groups.get(group_id)

    def on(self, subaccount: int, shard: int) -> Iterator[OrderGroup]:
        """Those of a subaccount on a shard, in the order they were made."""
        for group in self._groups.values():
            if (group.subaccount, group.exchange_index) == (subaccount, shard):
                yield group

    def delete(self, group_id: str) -> None:
        """It is gone."""
        self._groups.pop(group_id, None)
