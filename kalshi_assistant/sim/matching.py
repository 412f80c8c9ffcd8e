"""Price-time priority for one YES-priced book.

**Invariants**, held after every operation: the best bid is below the best ask; the contents of a
level are the sum of its orders; at one price the order that came first trades first; what is added
is resting, traded or cancelled, to the last hundredth of a contract.

What happened is left in ``trades`` and ``changes``, which the caller empties: a matching engine
that made a struct of every effect would spend most of its time on them.

Known limitation: an owner's orders trade with each other; the venue's self-trade prevention comes
with order entry. Prices are not held against a grid here; the venue in front does that.
"""

from collections import deque
from collections.abc import Iterator
from heapq import heappop, heappush
from typing import Final, Literal

from kalshi_assistant.domain.orders import BID, BookSide

TimeInForce = Literal["good_till_canceled", "immediate_or_cancel", "fill_or_kill", "post_only"]
LADDER: Final = 10_001

Resting = list[int]
"""``[id, owner, side, price, left]``; an order with nothing left lies dead in its queue."""
_ID, _OWNER, _SIDE, _PRICE, _LEFT = range(5)
DEAD_MAX: Final = 1_024
"""Dead orders that may lie about beyond as many as there are living ones."""


class Matcher:
    """The book of one market, with its orders."""

    __slots__ = ("_dead", "_heaps", "_levels", "_listed", "_orders", "_queues", "changes", "trades")

    def __init__(self) -> None:
        self.trades: list[tuple[int, int, int, int, int]] = []
        """(resting id, resting owner, taker id, price, quantity), in order."""
        self.changes: list[tuple[int, int, int]] = []
        """(side, price, change of the level's content), in order."""
        self._orders: dict[int, Resting] = {}
        self._dead = 0
        self._levels: tuple[list[int], list[int]] = ([0] * LADDER, [0] * LADDER)
        self._queues: tuple[dict[int, deque[Resting]], dict[int, deque[Resting]]] = ({}, {})
        # Prices with content, best first; a price stays listed until it is found empty at the top.
        self._heaps: tuple[list[int], list[int]] = ([], [])
        self._listed: tuple[set[int], set[int]] = (set(), set())

    def __len__(self) -> int:
        return len(self._orders)

    @property
    def best_bid(self) -> int:
        """The highest price somebody buys at, 0 when nobody does."""
        return self._best(0)

    @property
    def best_ask(self) -> int:
        """The lowest price somebody sells at, 10,000 when nobody does."""
        return self._best(1)

    def content(self, side: BookSide, price: int) -> int:
        """What rests on a level."""
        return self._levels[side][price]

    def levels(self, side: BookSide) -> Iterator[tuple[int, int]]:
        """(price, content) of every level with content, best first."""
        contents = self._levels[side]
        for price in sorted(self._queues[side], reverse=side == BID):
            if contents[price]:
                yield price, contents[price]

    def orders(self, side: BookSide, price: int) -> list[tuple[int, int]]:
        """(id, left) of the orders at a price, first in time first."""
        queue = self._queues[side].get(price, ())
        return [(order[_ID], order[_LEFT]) for order in queue if order[_LEFT]]

    def left(self, order_id: int) -> int:
        """What of an order still rests, 0 when nothing does."""
        order = self._orders.get(order_id)
        return 0 if order is None else order[_LEFT]

    def add(
        self,
        order_id: int,
        owner: int,
        side: BookSide,
        price: int,
        quantity: int,
        time_in_force: TimeInForce = "good_till_canceled",
    ) -> int:
        """Trade what can be traded and rest what is left (unless it may not); answers what traded.

        ``fill_or_kill`` trades all or nothing; ``post_only`` is refused where it would trade.
        """
        other = 1 - side
        best = self._best(other)
        crosses = (price >= best) if side == 0 else (price <= best)
        if crosses and (best in (0, LADDER - 1)):
            crosses = False  # the other side is empty
        left = quantity
        if crosses:
            if time_in_force == "post_only":
                return 0
            if time_in_force == "fill_or_kill" and not self._available(other, price, quantity):
                return 0
            left = self._take(order_id, other, price, quantity)
        elif time_in_force == "fill_or_kill":
            return 0
        if left and time_in_force in ("good_till_canceled", "post_only"):
            self._rest([order_id, owner, side, price, left])
        return quantity - left

    def cancel(self, order_id: int) -> int:
        """Take an order out; answers what was left of it, 0 when it was not there."""
        order = self._orders.pop(order_id, None)
        if order is None:
            return 0
        _, _, side, price, left = order
        order[_LEFT] = 0
        contents = self._levels[side]
        contents[price] -= left
        self.changes.append((side, price, -left))
        queue = self._queues[side][price]
        if queue[0] is order:
            queue.popleft()
        else:
            self._dead += 1
            if self._dead > len(self._orders) + DEAD_MAX:
                self._bury()
        return left

    def decrease(self, order_id: int, by: int) -> int:
        """Make an order smaller where it stands; answers by how much, keeping its place in time."""
        order = self._orders.get(order_id)
        if order is None or by <= 0:
            return 0
        if by >= order[_LEFT]:
            return self.cancel(order_id)
        order[_LEFT] -= by
        self._levels[order[_SIDE]][order[_PRICE]] -= by
        self.changes.append((order[_SIDE], order[_PRICE], -by))
        return by

    def clear(self) -> None:
        """Cancel every order at once, without a change for each."""
        for side in (0, 1):
            for price in self._queues[side]:
                self._levels[side][price] = 0
            self._queues[side].clear()
            self._heaps[side].clear()
            self._listed[side].clear()
        self._orders.clear()
        self._dead = 0

    def _bury(self) -> None:
        """Take the dead out of every queue; paid for by the cancels that made them."""
        for queues in self._queues:
            for price in list(queues):
                living = deque(order for order in queues[price] if order[_LEFT])
                queues[price] = living
        self._dead = 0

    def _best(self, side: int) -> int:
        heap, contents = self._heaps[side], self._levels[side]
        while heap:
            price = -heap[0] if side == 0 else heap[0]
            if contents[price]:
                return price
            heappop(heap)
            self._listed[side].discard(price)
        return 0 if side == 0 else LADDER - 1

    def _rest(self, order: Resting) -> None:
        order_id, _, side, price, left = order
        self._orders[order_id] = order
        self._levels[side][price] += left
        queue = self._queues[side].get(price)
        if queue is None:
            queue = self._queues[side][price] = deque()
        queue.append(order)
        if price not in self._listed[side]:
            self._listed[side].add(price)
            heappush(self._heaps[side], -price if side == 0 else price)
        self.changes.append((side, price, left))

    def _take(self, taker_id: int, side: int, limit: int, quantity: int) -> int:
        """Trade against ``side`` up to ``limit``; answers what is left."""
        left, contents = quantity, self._levels[side]
        while left:
            price = self._best(side)
            if price in (0, LADDER - 1) or (price > limit if side == 1 else price < limit):
                break
            before = left
            queue = self._queues[side][price]
            while left and queue:
                left -= self._trade(taker_id, queue, price, left)
            contents[price] -= before - left
            self.changes.append((side, price, left - before))
        return left

    def _trade(self, taker_id: int, queue: deque[Resting], price: int, wanted: int) -> int:
        """Trade with the first order of a queue; answers how much."""
        order = queue[0]
        there = order[_LEFT]
        if there <= wanted:
            queue.popleft()
            if not there:
                self._dead -= 1
                return 0
            del self._orders[order[_ID]]
        quantity = min(there, wanted)
        order[_LEFT] = there - quantity
        self.trades.append((order[_ID], order[_OWNER], taker_id, price, quantity))
        return quantity

    def _available(self, side: int, limit: int, quantity: int) -> bool:
        """Whether ``quantity`` can be had from ``side`` within ``limit``."""
        found = 0
        for price, content in self.levels(0 if side == 0 else 1):
            if found >= quantity or (price > limit if side == 1 else price < limit):
                break
            found += content
        return found >= quantity
