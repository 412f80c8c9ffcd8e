"""Price-time priority the obvious way: one sorted list of orders per side. Slow and plain."""

from bisect import insort
from dataclasses import dataclass, field

BID = 0
REFUSED = -1


@dataclass(order=True)
class Resting:
    """Sorted by who trades first."""

    rank: int
    arrived: int
    id: int = field(compare=False)
    owner: int = field(compare=False)
    side: int = field(compare=False)
    price: int = field(compare=False)
    left: int = field(compare=False)


class NaiveMatcher:
    """The same operations and the same record of what happened as ``sim.matching.Matcher``."""

    def __init__(self):
        self.sides = ([], [])
        self.arrivals = 0
        self.trades = []
        self.changes = []

    def add(self, order_id, owner, side, price, quantity, time_in_force="good_till_canceled"):
        within = sum(each.left for each in self.sides[1 - side] if trades_at(side, price, each))
        if time_in_force == "post_only" and within:
            return REFUSED
        if time_in_force == "fill_or_kill" and within < quantity:
            return REFUSED
        left = self.match(order_id, owner, side, price, quantity)
        if left and time_in_force in ("good_till_canceled", "post_only"):
            self.arrivals += 1
            rank = -price if side == BID else price
            order = Resting(rank, self.arrivals, order_id, owner, side, price, left)
            insort(self.sides[side], order)
            self.changes += (side, price, left)
        return quantity - left

    def match(self, order_id, owner, side, price, quantity):
        queue, taken = self.sides[1 - side], {}
        while quantity and queue and trades_at(side, price, queue[0]):
            first = queue[0]
            traded = min(first.left, quantity)
            quantity -= traded
            first.left -= traded
            taken[first.price] = taken.get(first.price, 0) - traded
            trade = (first.id, first.owner, order_id, owner, side, first.price, traded)
            self.trades.append(trade)
            if not first.left:
                queue.pop(0)
        for level, change in taken.items():
            self.changes += (1 - side, level, change)
        return quantity

    def cancel(self, order_id):
        return self.decrease(order_id, None)

    def decrease(self, order_id, by):
        for queue in self.sides:
            for order in queue:
                if order.id == order_id:
                    return self.reduce(queue, order, order.left if by is None else by)
        return 0

    def reduce(self, queue, order, by):
        by = max(min(by, order.left), 0)
        order.left -= by
        if by:
            self.changes += (order.side, order.price, -by)
        if not order.left:
            queue.remove(order)
        return by

    def levels(self, side):
        content = {}
        for order in self.sides[side]:
            content[order.price] = content.get(order.price, 0) + order.left
        return list(content.items())

    def orders(self, side, price):
        return [(each.id, each.left) for each in self.sides[side] if each.price == price]


def trades_at(side, limit, resting):
    return resting.price <= limit if side == BID else resting.price >= limit
