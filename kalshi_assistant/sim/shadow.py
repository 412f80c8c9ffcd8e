"""Our orders against a book that does not know them, under three assumptions at once.

Each order lives three times (``queueing`` says who is served before us, ``depth`` what a taker
finds): optimistic, realistic, conservative. All three meet the same book at the same instant. The
realistic one is the order of record: its changes are told as ``OrderChanged``; fills are told of
all three, each naming its assumption in ``source``.

**Promised**, for one order and one arrival, on every tape, when all three hold the same position:

- *Quantity*: after every event the cumulative fill of optimistic is at least that of realistic,
  and that of realistic at least that of conservative.
- *Price*: counted in the order in which they were filled, the k-th contract of a better assumption
  never costs more than the k-th of a worse one, and none is worse than the limit.

**Not promised**: fees. A worse assumption may wait where a better one took, and then pays as a
maker. Nor is anything promised of one order among several of ours, except that they share what
trades and what is shown: nothing is sold twice (optimistic takers excepted).

A fill of a resting order is at its limit. What goes through a price fills every order of ours at
it, in order of price and time, up to its size. Exits close what their assumption holds and never
more.

Known limitations: others do not react to our orders; a trade the venue made before our order came
and told after it counts as one that met us.
"""

from collections.abc import Callable, Mapping
from typing import Final, Literal

from kalshi_assistant.domain import events as e
from kalshi_assistant.domain.contract import Contract
from kalshi_assistant.domain.events import Event
from kalshi_assistant.domain.ids import ClientOrderId, Ticker
from kalshi_assistant.domain.orders import ASK, BID, BookSide, Order
from kalshi_assistant.domain.time import Nanos
from kalshi_assistant.domain.units import Price, Quantity
from kalshi_assistant.sim.admission import Doors, Sides, crosses, nonsense, opposite
from kalshi_assistant.sim.depth import Depth, beyond, within
from kalshi_assistant.sim.paper_order import Holdings, PaperOrder, Told, ended, refused, resting
from kalshi_assistant.sim.queueing import OF_RECORD, POLICIES, Assumptions, Queue

NEVER: Final = Nanos(2**62)
TRADES_KEPT: Final = 512
"""Trades remembered as told, per market in which an order rests."""
How = Literal["traded", "shown"]
NOTHING: Final[list[Told]] = []
INSUFFICIENT: Final = "fill_or_kill_insufficient_resting_volume"
"""The venue's own word."""
_BookFact = e.BookDelta | e.BookSnapshot | e.TradeSeen
_MarketFact = (
    e.MarketListed
    | e.MarketStatusChanged
    | e.CloseTimeChanged
    | e.FeesChanged
    | e.MarketDetermined
    | e.SettlementPublished
    | e.ExchangeStatusSeen
)


class _Market:
    """A market in which an order of ours rests: its levels, and our orders by side, best first."""

    __slots__ = ("contract", "levels", "orders", "told")

    def __init__(self, contract: Contract, book: Sides) -> None:
        self.contract = contract
        self.levels: tuple[dict[Price, int], dict[Price, int]] = (dict(book[0]), dict(book[1]))
        self.orders: tuple[list[PaperOrder], list[PaperOrder]] = ([], [])
        self.told: dict[str, None] = {}

    def is_new(self, trade_id: str) -> bool:
        """Whether this trade was not told before, as far back as is remembered."""
        if trade_id in self.told:
            return False
        self.told[trade_id] = None
        if len(self.told) > TRADES_KEPT:
            del self.told[next(iter(self.told))]
        return True


class Shadow:
    """Holds and fills paper orders; ``precision`` is the account's, in micro-dollars."""

    def __init__(
        self,
        precision: int,
        contract_of: Callable[[Ticker], Contract | None],
        assumed: Assumptions | None = None,
    ) -> None:
        self._precision = precision
        self._contract_of = contract_of
        self._assumed = assumed or Assumptions()
        self._depth = Depth(self._assumed.share)
        self._doors = Doors()
        self._markets: dict[Ticker, _Market] = {}
        self._orders: dict[ClientOrderId, PaperOrder] = {}
        self._count = 0
        self.holdings = Holdings()
        self.busy = False
        """Whether anything rests, under any assumption."""
        self.next_due: Nanos = NEVER
        """When the next resting order ends by the clock."""

    # --- orders ---

    def find(self, order_id: ClientOrderId) -> PaperOrder | None:
        """An order that rests under some assumption."""
        return self._orders.get(order_id)

    def rests_in(self, ticker: Ticker) -> bool:
        """Whether any order rests in this market, under any assumption."""
        return ticker in self._markets

    def arrive(
        self, order: Order, now: Nanos, book: Sides | None, then: Mapping[Price, Quantity]
    ) -> list[Told]:
        """The order meets ``book`` (``None``: not known); ``then`` is what the side it trades with
        showed when it was decided. Answers fills, and last what became of the order of record.
        """
        contract = self._contract_of(order.ticker)
        problem = self._problem(order, contract, book, now)
        if problem is not None or contract is None or book is None:
            return [refused(order, now, problem or "market_unknown")]
        self._count += 1
        subject = PaperOrder(order, self._precision, self._count)
        told = self._take(subject, contract, book, then, now)
        rests = order.time_in_force == "good_till_canceled" and self._own_ahead(order) is None
        if rests and any(stand.left for stand in subject.stands):
            self._rest(subject, contract, book)
            return [*told, resting(subject, now)]
        return [*told, self._gone(subject, now)]

    def cancel(self, order_id: ClientOrderId, now: Nanos, reason: str) -> list[Told] | None:
        """Take an order out; ``None`` where no order of record rests under this id."""
        subject = self._orders.get(order_id)
        if subject is None:
            return None
        return self._end(subject, now, reason) or None

    def decrease(self, order_id: ClientOrderId, to: Quantity, now: Nanos) -> list[Told] | None:
        """Leave at most ``to`` of it, in its place; ``None`` as for ``cancel``."""
        subject = self._orders.get(order_id)
        if subject is None or subject.over:
            return None
        for stand in subject.stands:
            stand.left = min(stand.left, max(0, to))
        if subject.of_record.left == 0:
            return self._end(subject, now, "decreased to nothing")
        return [resting(subject, now)]

    def renew(self, order_id: ClientOrderId, until: Nanos, now: Nanos) -> list[Told] | None:
        """Move its expiry, nothing else; ``None`` as for ``cancel``, or when ``until`` is past."""
        subject = self._orders.get(order_id)
        if subject is None or subject.over or until <= now:
            return None
        subject.expires_at = until
        self._plan()
        return [resting(subject, now)]

    def tick(self, now: Nanos) -> list[Told]:
        """Take out what expired or whose market closed by ``now``."""
        if now < self.next_due:
            return []
        told: list[Told] = []
        for subject in list(self._orders.values()):
            if subject.expires_at is not None and subject.expires_at <= now:
                told += self._end(subject, now, "expired")
            elif self._markets[subject.order.ticker].contract.close_time <= now:
                told += self._end(subject, now, "market_closed")
        self._plan()
        return told

    # --- what happens ---

    def see(self, event: Event) -> list[Told]:
        """A fact the engine got as well; what it does to our orders, fills before changes."""
        if isinstance(event, _BookFact):
            return self._book_fact(event) if self._markets else NOTHING
        if isinstance(event, _MarketFact):
            return self._market_fact(event)
        if isinstance(event, e.Restored):
            self._restored(event)
        return NOTHING

    def _restored(self, event: e.Restored) -> None:
        """Each assumption goes on with what it held, or where that is not known with what the
        account of record holds.
        """
        standing = event.standing
        beside = {each.policy: each.holdings for each in standing.policies or ()}
        self.holdings = Holdings()
        for policy in POLICIES:
            of_record = policy == OF_RECORD or standing.policies is None
            held = standing.holdings if of_record else beside.get(policy, ())
            for holding in held:
                self.holdings.set(policy, holding.ticker, holding.quantity)

    def _book_fact(self, event: _BookFact) -> list[Told]:
        told, now = self.tick(event.received_at), event.received_at
        market = self._markets.get(event.ticker)
        if market is None:
            return told
        match event:
            case e.BookDelta():
                return told + self._delta(market, event, now)
            case e.BookSnapshot():
                return told + self._snapshot(market, event, now)
            case e.TradeSeen():
                if event.is_block or not market.is_new(event.trade_id):
                    return told
                met = ASK if event.taker == "yes" else BID
                return told + self._press(market, met, event.price, event.quantity, now, "traded")

    def _delta(self, market: _Market, event: e.BookDelta, now: Nanos) -> list[Told]:
        price, levels = event.price, market.levels[event.side]
        size = max(0, levels.get(price, 0) + event.change)
        if size:
            levels[price] = size
        else:
            levels.pop(price, None)
        for subject in market.orders[event.side]:
            if subject.order.limit == price and subject.queue is not None:
                subject.queue.change(event.change, now)
        ours = _other(event.side)
        if event.change > 0:
            return self._press(market, ours, price, event.change, now, "shown")
        self._depth.left((event.ticker, ours), price, size)
        return []

    def _snapshot(self, market: _Market, event: e.BookSnapshot, now: Nanos) -> list[Told]:
        """A whole book: queues can be no longer than it says, and what is new in it may be ours."""
        told: list[Told] = []
        before, sides = market.levels, (dict(event.bids), dict(event.asks))
        market.levels = (dict(event.bids), dict(event.asks))
        for side in (BID, ASK):
            for subject in market.orders[side]:
                if subject.queue is not None:
                    subject.queue.show(sides[side].get(subject.order.limit, 0))
        for side, levels in ((BID, event.bids), (ASK, event.asks)):
            for price, size in levels:
                grown = size - before[side].get(price, 0)
                if grown > 0:
                    told += self._press(market, _other(side), price, grown, now, "shown")
        return told

    def _market_fact(self, event: _MarketFact) -> list[Told]:
        """A market or shard opened, paused, closed, moved, or costs something else."""
        self._doors.see(event)
        if isinstance(event, (e.MarketDetermined, e.SettlementPublished)):
            self.holdings.forget(event.ticker)
        told: list[Told] = []
        for ticker, market in list(self._markets.items()):
            market.contract = self._contract_of(ticker) or market.contract
            shut = self._doors.shut(ticker, market.contract, event.received_at)
            if shut is not None:
                for subject in (*market.orders[BID], *market.orders[ASK]):
                    told += self._end(subject, event.received_at, shut)
        self._plan()
        return told

    # --- filling ---

    def _press(
        self, market: _Market, side: BookSide, price: Price, size: int, now: Nanos, how: How
    ) -> list[Told]:
        """``size`` came to our orders on ``side`` at ``price``: it traded, or was offered."""
        told: list[Told] = []
        terms, used = market.contract.fees, dict.fromkeys(POLICIES, 0)
        if terms is None:
            return told
        met = [each for each in market.orders[side] if within(side, each.order.limit, price)]
        for subject in met:
            before = subject.of_record.filled
            reached = _reached(subject, price, size, now, how)
            for stand, volume in zip(subject.stands, reached, strict=True):
                quantity = min(volume - used[stand.policy], self.holdings.room(subject, stand))
                if quantity <= 0:
                    continue
                used[stand.policy] += quantity
                if how == "shown":
                    self._depth.take(stand.policy, (subject.order.ticker, side), price, quantity)
                limit = subject.order.limit
                told.append(
                    self.holdings.fill(subject, stand, limit, quantity, terms, now, is_taker=False)
                )
            if subject.of_record.filled != before:
                told.append(resting(subject, now))
            self._look_after(subject)
        return told

    def _take(
        self,
        subject: PaperOrder,
        contract: Contract,
        book: Sides,
        then: Mapping[Price, Quantity],
        now: Nanos,
    ) -> list[Told]:
        """Walk the side it trades with, the best price first, under each assumption."""
        order, told, terms = subject.order, list[Told](), contract.fees
        assert terms is not None, "an order without fees was let in"
        place, levels = (order.ticker, order.side), opposite(order, book)
        self._depth.shown(order.ticker, order.side, levels)
        own, side = self._own_ahead(order), order.side
        near = [
            level
            for level in levels
            if within(side, order.limit, level[0]) and (own is None or beyond(side, own, level[0]))
        ]
        # All three look before one of them takes: what realistic takes now is not taken before.
        offers = [self._depth.offered(each.policy, place, near, then) for each in subject.stands]
        for stand, offered in zip(subject.stands, offers, strict=True):
            room = self.holdings.room(subject, stand)
            whole = order.time_in_force == "fill_or_kill"
            if whole and sum(size for _, size in offered) < room:
                continue
            for price, size in offered:
                quantity = min(size, room)
                if quantity > 0:
                    room -= quantity
                    self._depth.take(stand.policy, place, price, quantity)
                    told.append(
                        self.holdings.fill(
                            subject, stand, price, quantity, terms, now, is_taker=True
                        )
                    )
        return told

    # --- the list of orders ---

    def _problem(
        self, order: Order, contract: Contract | None, book: Sides | None, now: Nanos
    ) -> str | None:
        if contract is None:
            return "market_unknown"
        problem = self._doors.shut(order.ticker, contract, now) or nonsense(order, contract, now)
        if problem is not None:
            return problem
        if contract.fees is None:
            return "fees_unknown"
        if book is None:
            return "book_unknown"
        crossing = crosses(order, opposite(order, book)) or self._own_ahead(order) is not None
        return "post_only_cross" if order.post_only and crossing else None

    def _own_ahead(self, order: Order) -> Price | None:
        """The best price at which ``order`` would meet an order of our own; there it stops."""
        market = self._markets.get(order.ticker)
        for other in () if market is None else market.orders[_other(order.side)]:
            if not other.over:
                met = within(order.side, order.limit, other.order.limit)
                return other.order.limit if met else None
        return None

    def _rest(self, subject: PaperOrder, contract: Contract, book: Sides) -> None:
        order = subject.order
        market = self._markets.get(order.ticker)
        if market is None:
            market = self._markets[order.ticker] = _Market(contract, book)
        else:
            market.levels = (dict(book[0]), dict(book[1]))
        subject.queue = Queue(market.levels[order.side].get(order.limit, 0), self._assumed)
        ours = market.orders[order.side]
        ours.append(subject)
        ours.sort(key=lambda each: each.rank)
        self._orders[order.id] = subject
        self.busy = True
        self._look_after(subject)
        self._plan()

    def _look_after(self, subject: PaperOrder) -> None:
        """The order of record is over when it is filled; all of it is when nothing is left."""
        subject.over = subject.over or subject.of_record.left == 0
        if not any(stand.left for stand in subject.stands):
            self._drop(subject)

    def _end(self, subject: PaperOrder, now: Nanos, reason: str) -> list[Told]:
        self._drop(subject)
        return [] if subject.over else [ended(subject, now, reason)]

    def _drop(self, subject: PaperOrder) -> None:
        order = subject.order
        if self._orders.pop(order.id, None) is None:
            return
        market = self._markets[order.ticker]
        market.orders[order.side].remove(subject)
        if not market.orders[BID] and not market.orders[ASK]:
            del self._markets[order.ticker]
        self.busy = bool(self._orders)

    def _plan(self) -> None:
        """Find out when the clock next ends something."""
        due = NEVER
        for subject in self._orders.values():
            close = self._markets[subject.order.ticker].contract.close_time
            due = min(due, close, subject.expires_at or NEVER)
        self.next_due = due

    def _gone(self, subject: PaperOrder, now: Nanos) -> Told:
        """What an order that does not rest came to."""
        order, stand = subject.order, subject.of_record
        if stand.left == 0:
            return resting(subject, now)
        if subject.closing and self.holdings.room(subject, stand) == 0:
            return ended(subject, now, "nothing_to_close")
        if self._own_ahead(order) is not None:
            return ended(subject, now, "self_trade")
        if order.time_in_force == "fill_or_kill":
            return refused(order, now, INSUFFICIENT)
        return ended(subject, now, "no more within the limit")


def _other(side: BookSide) -> BookSide:
    return ASK if side == BID else BID


def _reached(
    subject: PaperOrder, price: Price, size: int, now: Nanos, how: How
) -> tuple[int, int, int]:
    """What of ``size`` at ``price`` comes to us under each assumption, in their order."""
    order, queue = subject.order, subject.queue
    assert queue is not None, "an order that does not rest"
    if beyond(order.side, order.limit, price):
        queue.swept()
        return size, size, size
    if how == "traded":
        return size, queue.trade(size, now), 0
    return size, 0, 0
