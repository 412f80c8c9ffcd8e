"""The account's orders: those that rest, what becomes of them, and who is told.

Everything that happens to an order of the account goes through here: fills by anybody, cancels for
whatever reason, expiry, halts, closes, settlements, groups. What may come in is decided in
``order_entry``.

**Invariants:** an order is *resting* here exactly while the book holds it; every fill is paid for
in the account; each change is told once, after the public events it caused.
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from kalshi_assistant.domain.contract import FeeTerms, Outcome
from kalshi_assistant.domain.ids import Ticker
from kalshi_assistant.domain.orders import ASK, BID, BookSide
from kalshi_assistant.domain.time import MINUTE, Nanos
from kalshi_assistant.domain.units import Money, Price, Quantity, notional
from kalshi_assistant.market.fees import OrderFees
from kalshi_assistant.quant.rng import stream
from kalshi_assistant.sim.accounts import PRECISION, Account
from kalshi_assistant.sim.collateral import Wish, needed
from kalshi_assistant.sim.draws import Draws
from kalshi_assistant.sim.market import ACCOUNT, SimulatedMarket
from kalshi_assistant.sim.matching import Trade
from kalshi_assistant.sim.order_groups import OrderGroup, OrderGroups
from kalshi_assistant.sim.private import (
    FillRecord,
    FillTold,
    GroupChange,
    GroupTold,
    Happened,
    OrderRecord,
    OrderStatus,
    OrderTold,
    PositionTold,
    SelfTrade,
    UpdateReason,
    outcome_price,
)
from kalshi_assistant.sim.records import AccountRecords
from kalshi_assistant.sim.settings import AccountSettings

SWEEP_REACH: Final = MINUTE
"""For so long after a cancel-all it may take new orders too."""
_FIRST_NUMBER: Final = 1 << 40
"""The account's orders are numbered from here, the traders' from 1."""


class Floor(Protocol):
    """The exchange as the desk sees it."""

    def market(self, ticker: Ticker) -> SimulatedMarket | None:
        """One market."""

    def paused(self) -> bool:
        """Whether nobody may trade now."""

    def tell(self, events: Sequence[Happened]) -> None:
        """Say what happened, in order."""

    def plan(self, at: Nanos, happening: Callable[[Nanos], None]) -> None:
        """Let something happen later."""


@dataclass(slots=True, kw_only=True)
class LiveOrder:
    """An order on its way through its life."""

    number: int
    """Its id in the book."""
    order_id: str
    client_order_id: str
    ticker: Ticker
    exchange_index: int
    subaccount: int
    side: BookSide
    price: Price
    quantity: Quantity
    """Filled and still wanted."""
    self_trade: SelfTrade
    cancel_on_pause: bool
    post_only: bool
    group: OrderGroup | None
    created_at: Nanos
    expires_at: Nanos | None
    fee_terms: FeeTerms
    fees: OrderFees = field(default_factory=lambda: OrderFees(PRECISION))
    filled: int = 0
    remaining: int = 0
    taker_cost: int = 0
    maker_cost: int = 0
    taker_fees: int = 0
    maker_fees: int = 0
    yes_value: int = 0
    """Fills at their YES prices, for the average."""

    def wish(self) -> Wish:
        """What rests of it, for the collateral."""
        rate = self.fee_terms.maker_rate_e6
        return Wish(self.side, self.price, Quantity(self.remaining), rate)

    def record(self, at: Nanos, status: OrderStatus, reason: UpdateReason | None) -> OrderRecord:
        """It as it is now."""
        return OrderRecord(
            self.order_id,
            self.client_order_id,
            self.ticker,
            self.exchange_index,
            self.subaccount,
            self.side,
            self.price,
            status,
            self.quantity,
            Quantity(self.filled),
            Quantity(self.remaining),
            Money(self.taker_cost),
            Money(self.maker_cost),
            Money(self.taker_fees),
            Money(self.maker_fees),
            self.self_trade,
            self.cancel_on_pause,
            None if self.group is None else self.group.group_id,
            self.created_at,
            at,
            self.expires_at,
            reason,
        )


class Desk:
    """Where the account's orders are kept."""

    def __init__(self, settings: AccountSettings, seed: int, start: Nanos, floor: Floor) -> None:
        self.settings = settings
        self.account = Account(settings)
        self.records = AccountRecords(settings, start)
        self.groups = OrderGroups()
        self.seed = seed
        self._floor = floor
        self._resting: dict[str, LiveOrder] = {}
        self._by_number: dict[int, LiveOrder] = {}
        self._client_ids: dict[str, None] = {}
        self._transfers: dict[str, None] = {}
        self._sweeps: deque[tuple[Nanos, int | None]] = deque()
        self._chance: Draws | None = None
        self._made = self._acts = 0
        for place in self.account.places():
            self._write_cash(*place, start)

    # --- reading ---

    def market(self, ticker: Ticker) -> SimulatedMarket | None:
        """One market of the exchange."""
        return self._floor.market(ticker)

    def paused(self) -> bool:
        """Whether nobody may trade now."""
        return self._floor.paused()

    def resting(self, order_id: str) -> LiveOrder | None:
        """An order that rests."""
        return self._resting.get(order_id)

    def all_resting(self) -> list[LiveOrder]:
        """Every order that rests, the oldest first."""
        return list(self._resting.values())

    def numbers(self) -> dict[int, LiveOrder]:
        """What rests, by the ids of the book."""
        return self._by_number

    def taken(self, client_order_id: str) -> bool:
        """Whether a client order id was used before."""
        return client_order_id in self._client_ids

    def ahead(self, order: LiveOrder) -> Quantity:
        """Contracts that trade before it, by price and time."""
        market = self._floor.market(order.ticker)
        if market is None or market.trading is None:
            return Quantity(0)
        matcher, found = market.trading.matcher, 0
        for price, content in matcher.levels(order.side):
            if price == order.price:
                break
            found += content
        for number, left in matcher.orders(order.side, order.price):
            if number == order.number:
                break
            found += left
        return Quantity(found)

    def covered(self, order: LiveOrder, wish: Wish, without: Iterable[int] = ()) -> bool:
        """Whether the money is there for ``wish`` in place of ``order``, which may rest or not,
        once the orders numbered ``without`` are gone.
        """
        gone = {order.number, *without}
        before = self._collateral(order.subaccount, order.exchange_index)
        after = self._collateral(order.subaccount, order.exchange_index, gone, order.ticker, wish)
        cash = self.account.cash(order.subaccount, order.exchange_index)
        return after <= max(cash, before)

    def available(self, subaccount: int, shard: int) -> Money:
        """Cash that no resting order may need."""
        cash = self.account.cash(subaccount, shard)
        return Money(cash - self._collateral(subaccount, shard))

    def _collateral(
        self,
        subaccount: int,
        shard: int,
        gone: Iterable[int] = (),
        ticker: Ticker | None = None,
        wish: Wish | None = None,
    ) -> int:
        """What the resting orders of a place can take at most, some taken out and one put in."""
        wishes: dict[Ticker, list[Wish]] = {}
        if ticker is not None and wish is not None:
            wishes[ticker] = [wish]
        left_out = set(gone)
        for each in self._resting.values():
            here = (each.subaccount, each.exchange_index) == (subaccount, shard)
            if here and each.number not in left_out:
                wishes.setdefault(each.ticker, []).append(each.wish())
        return sum(
            needed(asked, *self._closable(subaccount, name)) for name, asked in wishes.items()
        )

    def _closable(self, subaccount: int, ticker: Ticker) -> tuple[int, int]:
        """YES and NO that an order of the other outcome would close at once."""
        held = self.account.holding(subaccount, ticker)
        if held is None or not self.account.netting(subaccount):
            return 0, 0
        return held.yes, held.no

    # --- what order entry does ---

    def number(self) -> tuple[int, str]:
        """The next order's ids: the book's and the venue's."""
        self._made += 1
        return _FIRST_NUMBER + self._made, self._uuid("9000", self._made)

    def use(self, client_order_id: str) -> None:
        """This client order id is not to be used again."""
        if client_order_id:
            _remember(self._client_ids, client_order_id, self.settings.kept)

    def enter(
        self,
        order: LiveOrder,
        market: SimulatedMarket,
        quantity: Quantity,
        *,
        rest: bool,
        at: Nanos,
    ) -> None:
        """Into the book with ``quantity`` of it: trade what can be traded, rest the rest of it if
        ``rest``. Self-trades are kept away before.
        """
        if market.trading is None:
            raise RuntimeError(f"{market.contract.ticker} does not trade")
        waits: Final = "good_till_canceled" if rest else "immediate_or_cancel"
        matcher = market.trading.matcher
        self._by_number[order.number] = order
        matcher.add(order.number, ACCOUNT, order.side, order.price, quantity, waits)
        if matcher.left(order.number):
            self._resting[order.order_id] = order
            if order.group is not None:
                order.group.orders[order.order_id] = None
        self._drain(order, market, at)
        if order.order_id not in self._resting:
            self._by_number.pop(order.number, None)

    def told(self, order: LiveOrder, at: Nanos, reason: UpdateReason | None) -> OrderRecord:
        """Write down an order that rests, and say so."""
        return self._tell_order(order, at, "resting", reason)

    def finish(self, order: LiveOrder, at: Nanos, reason: UpdateReason) -> int:
        """What is left of an order is cancelled: out of the book if it is there; answer how much
        it was.
        """
        market = self._floor.market(order.ticker)
        if order.order_id in self._resting and market is not None and market.trading is not None:
            market.trading.matcher.cancel(order.number)
            self._drain(order, market, at)
        return self._finished(order, at, "canceled", reason)

    def shrink(self, order: LiveOrder, by: int, at: Nanos) -> None:
        """Make a resting order smaller where it stands; not to nothing."""
        market = self._floor.market(order.ticker)
        if market is None or market.trading is None:
            raise RuntimeError(f"{order.ticker} does not trade")
        market.trading.matcher.decrease(order.number, by)
        order.remaining -= by
        order.quantity = Quantity(order.quantity - by)
        self._drain(order, market, at)

    def lift(self, order: LiveOrder, market: SimulatedMarket, at: Nanos) -> None:
        """Take a resting order out of the book to put it back elsewhere."""
        if market.trading is not None:
            market.trading.matcher.cancel(order.number)
            self._drain(order, market, at)
        del self._resting[order.order_id]
        if order.group is not None:
            order.group.orders.pop(order.order_id, None)

    def expire(self, order: LiveOrder) -> None:
        """Plan the end of a resting order that has one."""
        if order.expires_at is not None and order.order_id in self._resting:
            self._floor.plan(order.expires_at, lambda at: self._expired(order, at))

    def sweep(self, subaccount: int | None, at: Nanos) -> None:
        """Cancel everything, on every shard; ``None``: of every subaccount. For a minute it may
        take what comes after.
        """
        for order in self.all_resting():
            if subaccount in (None, order.subaccount) and self._may_cancel(order):
                self.finish(order, at, "Decrease")
        self._sweeps.append((at, subaccount))

    def heed_sweeps(self, order: LiveOrder, at: Nanos) -> None:
        """An order that follows a cancel-all may be taken by it."""
        while self._sweeps and self._sweeps[0][0] <= at - SWEEP_REACH:
            self._sweeps.popleft()
        ends = [s + SWEEP_REACH for s, who in self._sweeps if who in (None, order.subaccount)]
        if not ends or not self.settings.cancel_all_reach or order.order_id not in self._resting:
            return
        if self._chance is None:
            self._chance = Draws(stream(self.seed, "cancel_all"))
        if self._chance.uniform() < self.settings.cancel_all_reach:
            later = at + int((ends[-1] - at) * self._chance.uniform())
            self._floor.plan(Nanos(later), lambda then: self._swept(order, then))

    def _swept(self, order: LiveOrder, at: Nanos) -> None:
        if order.order_id in self._resting and self._may_cancel(order):
            self.finish(order, at, "Decrease")

    def _expired(self, order: LiveOrder, at: Nanos) -> None:
        due = order.expires_at is not None and order.expires_at <= at
        if due and order.order_id in self._resting and self._may_cancel(order):
            self.finish(order, at, "ExpiryCancel")

    def _may_cancel(self, order: LiveOrder) -> bool:
        """After the close nothing is cancelled but by the venue itself."""
        market = self._floor.market(order.ticker)
        return market is not None and market.status in ("active", "inactive")

    # --- what the exchange does ---

    def traded(self, market: SimulatedMarket, at: Nanos) -> None:
        """Others traded with orders that rest here."""
        own, market.own = market.own, []
        over = [group for trade, trade_id in own if (group := self._trade(trade, trade_id, at))]
        for group in over:
            if not group.triggered:
                self.trigger(group, at)

    def halted(self, market: SimulatedMarket, at: Nanos) -> None:
        """Trading stops: orders that asked for it are cancelled."""
        for order in self._of(market):
            if order.cancel_on_pause:
                self.finish(order, at, "HaltCancel")

    def cleared(self, market: SimulatedMarket, at: Nanos, reason: UpdateReason) -> None:
        """The book was emptied."""
        for order in self._of(market):
            self._finished(order, at, "canceled", reason)

    def settled(self, market: SimulatedMarket, result: Outcome, at: Nanos) -> None:
        """What is held is paid."""
        for holding, record in self.account.settle(market.contract.ticker, result, at):
            self.records.position(holding.record())
            if record is not None:
                self.records.settlement(record)
            self._write_cash(holding.subaccount, holding.exchange_index, at)

    def _of(self, market: SimulatedMarket) -> list[LiveOrder]:
        ticker = market.contract.ticker
        return [each for each in self._resting.values() if each.ticker == ticker]

    # --- groups ---

    def trigger(self, group: OrderGroup, at: Nanos) -> None:
        """Its orders are cancelled, and it takes no more."""
        group.triggered = True
        self.tell_group(group, "triggered", at)
        self.empty(group, at)

    def empty(self, group: OrderGroup, at: Nanos) -> None:
        """Cancel the orders of a group."""
        for order in [self._resting[order_id] for order_id in group.orders]:
            if self._may_cancel(order):
                self.finish(order, at, "Decrease")

    def tell_group(
        self, group: OrderGroup, change: GroupChange, at: Nanos, limit: Quantity | None = None
    ) -> None:
        """Say what became of a group."""
        self._floor.tell([GroupTold(at, group.group_id, change, limit)])

    # --- money ---

    def set_netting(self, subaccount: int, *, enabled: bool) -> bool:
        """Whether pairs close each other, from the next fill on; refused where resting orders
        would not be covered any more.
        """
        before = self.account.netting(subaccount)
        self.account.set_netting(subaccount, enabled)
        shards = [shard for number, shard in self.account.places() if number == subaccount]
        if all(self.available(subaccount, shard) >= 0 for shard in shards):
            return True
        self.account.set_netting(subaccount, before)
        return False

    def transfer(
        self, amount: Money, source: tuple[int, int], destination: tuple[int, int], at: Nanos
    ) -> str:
        """Move money between two places, which takes its time; answer the id of the transfer."""
        self._made += 1
        self.account.take(*source, amount)
        self._write_cash(*source, at)
        due = Nanos(at + self.settings.transfer_ms * 1_000_000)
        if due == at:
            self._arrived(destination, amount, at)
        else:
            self._floor.plan(due, lambda then: self._arrived(destination, amount, then))
        return self._uuid("c000", self._made)

    def first_transfer(self, client_transfer_id: str) -> bool:
        """Whether this id of a transfer is new; it is used from now on."""
        new = client_transfer_id not in self._transfers
        _remember(self._transfers, client_transfer_id, self.settings.kept)
        return new

    def _arrived(self, place: tuple[int, int], amount: Money, at: Nanos) -> None:
        self.account.put(*place, amount)
        self._write_cash(*place, at)

    def _write_cash(self, subaccount: int, shard: int, at: Nanos) -> None:
        self.records.cash(subaccount, shard, self.account.cash(subaccount, shard), at)

    # --- the inside ---

    def _drain(self, order: LiveOrder, market: SimulatedMarket, at: Nanos) -> None:
        """Say what an order did to the public book, then what it did to the account."""
        self._acts += 1
        tag = (order.client_order_id, order.subaccount)
        trade_ids = f"{self.seed % 2**32:08x}-0000-4000-b000-{self._acts:08x}"
        self._floor.tell(market.acted(at, trade_ids, tag))
        if market.own:
            self.traded(market, at)

    def _trade(self, trade: Trade, trade_id: str, at: Nanos) -> OrderGroup | None:
        """One fill of the account; answer its group where that is over its limit now."""
        resting, owner, taker, _, side, price, quantity = trade
        is_taker = owner != ACCOUNT
        order = self._by_number[taker if is_taker else resting]
        if not is_taker:
            side = ASK if side == BID else BID
        self._fill(order, Price(price), Quantity(quantity), is_taker, trade_id, at)
        if not order.remaining:
            self._finished(order, at, "executed", "Trade")
        elif order.order_id in self._resting:
            self.told(order, at, "Trade")
        group = order.group
        over = group is not None and group.count(at, Quantity(quantity))
        return group if over else None

    def _fill(
        self,
        order: LiveOrder,
        price: Price,
        quantity: Quantity,
        is_taker: bool,
        trade_id: str,
        at: Nanos,
    ) -> None:
        """Pay for a fill, write it down and tell it."""
        market = self._floor.market(order.ticker)
        if market is None:
            raise RuntimeError(f"{order.ticker} is not listed")
        terms, paid = order.fee_terms, outcome_price(order.side, price)
        rate = terms.taker_rate_e6 if is_taker else terms.maker_rate_e6
        fee, cost = order.fees.charge(rate, paid, quantity), notional(paid, quantity)
        order.filled += quantity
        order.remaining -= quantity
        order.yes_value += price * quantity
        if is_taker:
            order.taker_cost += cost
            order.taker_fees += fee
        else:
            order.maker_cost += cost
            order.maker_fees += fee
        holding = self.account.fill(
            market.contract, order.subaccount, order.side, price, quantity, fee, at
        )
        position = holding.record()
        fill = FillRecord(
            trade_id,
            order.order_id,
            order.client_order_id,
            order.ticker,
            order.exchange_index,
            order.subaccount,
            order.side,
            price,
            quantity,
            is_taker,
            fee,
            at,
            position.net,
        )
        self.records.fill(fill)
        self.records.position(position)
        self._write_cash(order.subaccount, order.exchange_index, at)
        self._floor.tell([FillTold(at, fill), PositionTold(at, position)])

    def _finished(
        self, order: LiveOrder, at: Nanos, status: OrderStatus, reason: UpdateReason
    ) -> int:
        left, order.remaining = order.remaining, 0
        self._resting.pop(order.order_id, None)
        self._by_number.pop(order.number, None)
        if order.group is not None:
            order.group.orders.pop(order.order_id, None)
        self._tell_order(order, at, status, reason)
        return left

    def _tell_order(
        self, order: LiveOrder, at: Nanos, status: OrderStatus, reason: UpdateReason | None
    ) -> OrderRecord:
        record = order.record(at, status, reason)
        self.records.order(record)
        self._floor.tell([OrderTold(at, record)])
        return record

    def _uuid(self, kind: str, number: int) -> str:
        return f"{self.seed % 2**32:08x}-0000-4000-{kind}-{number:012x}"


def _remember(used: dict[str, None], name: str, most: int) -> None:
    used[name] = None
    while len(used) > most:
        del used[next(iter(used))]
