"""Who is served before us at one price: three assumptions about the same resting order.

- *Optimistic*: nobody. Whatever trades at our price or through it is ours, and so is what is
  offered at our price.
- *Realistic*: all that rested there when we came. Trades take it from the front; of what leaves
  without a trade a share was ahead of us.
- *Conservative*: everybody, always. Only what went *through* our price (it traded, or was offered,
  at a price strictly beyond it) is ours: then everyone at our price had been served.

What went through is ours under all three, up to its size. So for one order what reaches us never
grows from the first assumption to the last.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from kalshi_assistant.domain.time import MILLISECOND

Policy = Literal["optimistic", "realistic", "conservative"]
POLICIES: Final[tuple[Policy, Policy, Policy]] = ("optimistic", "realistic", "conservative")
"""From the best case to the worst."""
OF_RECORD: Final[Policy] = "realistic"
"""The one whose fills are the account and whose changes move the order's life."""

WAITING_MAX: Final = 64
"""Changes without their trade (or trades without their change) kept apart for one order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumptions:
    """What nobody outside the venue can see."""

    exponent: float = 1.0
    """Of what leaves a level unseen, ``ahead**n / (ahead**n + behind**n)`` was ahead of us: 1 is in
    proportion, more takes it from the longer part.
    """
    share: float = 0.5
    """Conservative: the share of a shown size that is really for sale to us."""
    grace: int = 500 * MILLISECOND
    """How long a change of a level waits for the trade that explains it, and a trade for its
    change; after it the change is a cancel.
    """


class _Waiting:
    """Amounts that wait for their other half, oldest first."""

    __slots__ = ("_items", "total")

    def __init__(self) -> None:
        self._items: deque[tuple[int, int]] = deque()
        self.total = 0

    def add(self, at: int, amount: int) -> None:
        """Let ``amount`` wait; when too many do, it joins the newest."""
        if amount <= 0:
            return
        if len(self._items) >= WAITING_MAX:
            self._items.append((at, amount + self._items.pop()[1]))
        else:
            self._items.append((at, amount))
        self.total += amount

    def take(self, amount: int) -> int:
        """Answer how much of ``amount`` was waiting; that is gone."""
        wanted = amount
        while wanted and self._items:
            at, there = self._items.popleft()
            used = min(there, wanted)
            wanted -= used
            if used < there:
                self._items.appendleft((at, there - used))
        self.total -= amount - wanted
        return amount - wanted

    def overdue(self, before: int) -> Iterator[int]:
        """Take out what has waited since ``before`` or longer."""
        while self._items and self._items[0][0] <= before:
            amount = self._items.popleft()[1]
            self.total -= amount
            yield amount

    def clear(self) -> None:
        """Nothing waits."""
        self._items.clear()
        self.total = 0


class Queue:
    """Who is ahead of one of our orders at its price, by the realistic assumption.

    ``ahead`` counts contracts of others, and never more than the level shows and what left it
    lately and is not explained yet. The trade and the change of the level that it causes come on
    two channels in either order; whichever comes second is not counted again.
    """

    __slots__ = ("_assumed", "_gone", "_traded", "ahead", "level")

    def __init__(self, level: int, assumed: Assumptions) -> None:
        """``level`` is what the book shows at the price as we come."""
        self.level = level
        self.ahead = level
        self._assumed = assumed
        self._gone = _Waiting()
        """Left the level; no trade has explained it yet."""
        self._traded = _Waiting()
        """Traded; the level has not shown it yet."""

    def trade(self, quantity: int, now: int) -> int:
        """``quantity`` traded at our price: what of it got past those ahead of us."""
        self._settle(now)
        self._traded.add(now, quantity - self._gone.take(quantity))
        reached = max(0, quantity - self.ahead)
        self.ahead = max(0, self.ahead - quantity)
        self._bound()
        return reached

    def change(self, by: int, now: int) -> None:
        """The level grew (behind us) or shrank: by a trade, or because somebody left."""
        self._settle(now)
        self.level = max(0, self.level + by)
        if by < 0:
            self._gone.add(now, -by - self._traded.take(-by))
        self._bound()

    def swept(self) -> None:
        """Something went through our price: everyone at it was served."""
        self.ahead = 0
        self._gone.clear()

    def show(self, level: int) -> None:
        """A whole book came: what happened in between is not known, only what is left."""
        self.level = level
        self._gone.clear()
        self._traded.clear()
        self._bound()

    def _settle(self, now: int) -> None:
        """What waited too long for its trade was a cancel; take our share of it."""
        before = now - self._assumed.grace
        for amount in self._gone.overdue(before):
            self.ahead -= int(amount * self._share_ahead(amount))
            self._bound()
        for _ in self._traded.overdue(before):
            pass

    def _share_ahead(self, amount: int) -> float:
        """The share of a cancel that was ahead of us, as the queue was before it."""
        behind = max(0, self.level + self._gone.total + amount - self.ahead)
        power = self._assumed.exponent
        front, back = self.ahead**power, behind**power
        return front / (front + back) if front + back else 0.0

    def _bound(self) -> None:
        self.ahead = max(0, min(self.ahead, self.level + self._gone.total))
