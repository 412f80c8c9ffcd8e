"""Price-time priority for one YES-priced book.

**Invariants**, held after every operation:

- The best bid is below the best ask.
- The content of a level is the sum of its orders; a level without orders has no content.
- At one price the order that came first trades first. A decrease keeps an order's place in time.
- What is added trades, rests, is cancelled or is refused, to the last hundredth of a contract.

Prices are integers on a ladder of 1/10,000 dollar, each with its content and a queue. A queue is a
dictionary of orders: it remembers the order of arrival and lets any order leave at once. One byte
per price marks the prices with content, so the next best price is found by a search of bytes.

What happened is left in ``trades`` and ``changes`` as plain numbers, which the caller empties: an
engine that made an object of every effect would spend most of its time on them.

Orders of one owner trade with each other: whoever minds keeps them apart beforehand
(``self_trade``). Prices are not held against a market's grid here; whoever lets orders in does
that.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Final, Literal

from kalshi_assistant.domain.orders import ASK, BID, BookSide
from kalshi_assistant.domain.units import PRICE_SCALE

TimeInForce = Literal["good_till_canceled", "immediate_or_cancel", "fill_or_kill", "post_only"]
GOOD_TILL_CANCELED: Final = "good_till_canceled"

REFUSED: Final = -1
"""What ``add`` answers for an order that came to nothing: it would have traded and must not, or
could not be filled whole.
"""

NO_BID: Final = 0
NO_ASK: Final = PRICE_SCALE
"""The best prices of empty sides, as the venue writes them. No order can have them."""

Trade = tuple[int, int, int, int, BookSide, int, int]
"""``(resting id, resting owner, taker id, taker owner, taker side, price, quantity)``."""
Place = tuple[int, BookSide, int]
"""``(owner, side, price)`` of a resting order."""

_MARK: Final = 1


class Matcher:
    """The book of one market, with its orders. Quantities are 1/100 contract."""

    __slots__ = (
        "_contents",
        "_marks",
        "_orders",
        "_queues",
        "best_ask",
        "best_bid",
        "changes",
        "trades",
    )

    def __init__(self) -> None:
        self.trades: list[Trade] = []
        """Trades since the caller last emptied this, in order."""
        self.changes: list[int] = []
        """Changes of levels since the caller last emptied this, in order, three numbers each: side,
        price, change of the content. ``level_changes`` reads them.
        """
        self.clear()

    def clear(self) -> None:
        """Cancel every order at once. No changes are left for it: the book is simply empty."""
        self.best_bid = NO_BID
        self.best_ask = NO_ASK
        self._orders: dict[int, Place] = {}
        self._contents = ([0] * (PRICE_SCALE + 1), [0] * (PRICE_SCALE + 1))
        self._queues: tuple[defaultdict[int, dict[int, int]], defaultdict[int, dict[int, int]]] = (
            defaultdict(dict),
            defaultdict(dict),
        )
        self._marks = (bytearray(PRICE_SCALE + 1), bytearray(PRICE_SCALE + 1))
        # These two are never taken away, so that a search always ends.
        self._marks[BID][NO_BID] = self._marks[ASK][NO_ASK] = _MARK

    # --- reading ---

    def __len__(self) -> int:
        return len(self._orders)

    def content(self, side: BookSide, price: int) -> int:
        """What rests at a price."""
        return self._contents[side][price]

    def levels(self, side: BookSide) -> Iterator[tuple[int, int]]:
        """``(price, content)`` of every level, best first."""
        contents, marks = self._contents[side], self._marks[side]
        price = self.best_bid if side == BID else self.best_ask
        while contents[price]:
            yield price, contents[price]
            price = marks.rfind(_MARK, 0, price) if side == BID else marks.find(_MARK, price + 1)

    def orders(self, side: BookSide, price: int) -> list[tuple[int, int]]:
        """``(id, left)`` of the orders at a price, the first to trade first."""
        queue = self._queues[side].get(price)
        return [] if queue is None else list(queue.items())

    def orders_of(self, owner: int) -> list[int]:
        """The ids of everything an owner has resting, oldest first."""
        return [order_id for order_id, place in self._orders.items() if place[0] == owner]

    def place(self, order_id: int) -> Place | None:
        """Where an order rests, ``None`` if it does not."""
        return self._orders.get(order_id)

    def left(self, order_id: int) -> int:
        """What of an order still rests, 0 when nothing does."""
        found = self._orders.get(order_id)
        return 0 if found is None else self._queues[found[1]][found[2]][order_id]

    def level_changes(self) -> Iterator[tuple[BookSide, int, int]]:
        """``changes`` as ``(side, price, change of the content)``."""
        numbers = iter(self.changes)
        for side, price, change in zip(numbers, numbers, numbers, strict=True):
            yield (BID if side == BID else ASK), price, change

    # --- trading ---

    def add(
        self,
        order_id: int,
        owner: int,
        side: BookSide,
        price: int,
        quantity: int,
        time_in_force: TimeInForce = GOOD_TILL_CANCELED,
    ) -> int:
        """Trade what can be traded, rest what may rest; answer what traded, or REFUSED.

        ``immediate_or_cancel`` rests nothing; ``fill_or_kill`` trades all or is refused;
        ``post_only`` is refused where it would trade. Raises ValueError for a price off the ladder,
        a quantity that is not positive and an id that already rests.
        """
        crosses = price >= self.best_ask if side == BID else price <= self.best_bid
        if crosses or time_in_force != GOOD_TILL_CANCELED:
            return self._enter(order_id, owner, side, price, quantity, time_in_force)
        orders = self._orders
        if order_id in orders or quantity <= 0 or not NO_BID < price < NO_ASK:
            raise ValueError(f"not an order: id {order_id}, price {price}, quantity {quantity}")
        orders[order_id] = (owner, side, price)
        self._queues[side][price][order_id] = quantity
        contents = self._contents[side]
        if contents[price]:
            contents[price] += quantity
        else:
            contents[price] = quantity
            self._filled(side, price)
        self.changes += (side, price, quantity)
        return 0

    def cancel(self, order_id: int) -> int:
        """Take an order out; answer what was left of it, 0 when it does not rest."""
        found = self._orders.pop(order_id, None)
        if found is None:
            return 0
        _, side, price = found
        left = self._queues[side][price].pop(order_id)
        contents = self._contents[side]
        content = contents[price] = contents[price] - left
        if not content:
            self._emptied(side, price)
        self.changes += (side, price, -left)
        return left

    def decrease(self, order_id: int, by: int) -> int:
        """Make an order smaller where it stands; answer by how much (all of it cancels it)."""
        left = self.left(order_id)
        if by >= left:
            return self.cancel(order_id)
        if by <= 0:
            return 0
        _, side, price = self._orders[order_id]
        self._queues[side][price][order_id] = left - by
        self._contents[side][price] -= by
        self.changes += (side, price, -by)
        return by

    def _enter(
        self,
        order_id: int,
        owner: int,
        side: BookSide,
        price: int,
        quantity: int,
        time_in_force: TimeInForce,
    ) -> int:
        """An order that trades, or that may not simply rest."""
        if order_id in self._orders or quantity <= 0 or not NO_BID < price < NO_ASK:
            raise ValueError(f"not an order: id {order_id}, price {price}, quantity {quantity}")
        there = self._within(side, price, quantity)
        if (time_in_force == "post_only" and there) or (
            time_in_force == "fill_or_kill" and there < quantity
        ):
            return REFUSED
        left = self._sweep(order_id, owner, side, price, quantity) if there else quantity
        if left and time_in_force in (GOOD_TILL_CANCELED, "post_only"):
            self.add(order_id, owner, side, price, left)
        return quantity - left

    def _sweep(self, taker: int, owner: int, side: BookSide, limit: int, quantity: int) -> int:
        """Trade against the other side, level by level, up to ``limit``; answer what is left."""
        other: BookSide = ASK if side == BID else BID
        contents, queues = self._contents[other], self._queues[other]
        left = quantity
        while left:
            price = self.best_ask if other == ASK else self.best_bid
            if not contents[price] or (price > limit if other == ASK else price < limit):
                break
            taken = self._meet(queues[price], taker, owner, side, price, left)
            left -= taken
            contents[price] -= taken
            self.changes += (other, price, -taken)
            if not contents[price]:
                self._emptied(other, price)
        return left

    def _meet(
        self, queue: dict[int, int], taker: int, owner: int, side: BookSide, price: int, wanted: int
    ) -> int:
        """Trade with the orders of one price in their order; answer how much."""
        left, gone = wanted, []
        for resting, there in queue.items():
            traded = min(there, left)
            left -= traded
            self.trades.append(
                (resting, self._orders[resting][0], taker, owner, side, price, traded)
            )
            if traded < there:
                queue[resting] = there - traded
            else:
                gone.append(resting)
            if not left:
                break
        for resting in gone:
            del queue[resting], self._orders[resting]
        return wanted - left

    def _within(self, side: BookSide, limit: int, enough: int) -> int:
        """How much could be traded up to ``limit``, counted no further than ``enough``."""
        found = 0
        for price, content in self.levels(ASK if side == BID else BID):
            if found >= enough or (price > limit if side == BID else price < limit):
                break
            found += content
        return found

    def _filled(self, side: BookSide, price: int) -> None:
        """A price got its first order."""
        self._marks[side][price] = _MARK
        if side == BID:
            if price > self.best_bid:
                self.best_bid = price
        elif price < self.best_ask:
            self.best_ask = price

    def _emptied(self, side: BookSide, price: int) -> None:
        """A price lost its last order: find the next best if it was the best."""
        marks = self._marks[side]
        marks[price] = 0
        if side == BID:
            if price == self.best_bid:
                self.best_bid = marks.rfind(_MARK, 0, price)
        elif price == self.best_ask:
            self.best_ask = marks.find(_MARK, price)
