"""One paper order in its three lives, what each of them holds, and the events that tell of it."""

from typing import Final, Literal

from kalshi_assistant.domain.contract import FeeTerms
from kalshi_assistant.domain.events import OrderChanged, OrderFilled
from kalshi_assistant.domain.ids import Ticker
from kalshi_assistant.domain.orders import BID, Order
from kalshi_assistant.domain.time import Nanos
from kalshi_assistant.domain.units import Price, Quantity, complement
from kalshi_assistant.market.fees import OrderFees
from kalshi_assistant.sim.queueing import OF_RECORD, POLICIES, Policy, Queue

Told = OrderFilled | OrderChanged
Status = Literal["resting", "canceled", "executed", "rejected"]
RECORD_AT: Final = POLICIES.index(OF_RECORD)


class Stand:
    """An order under one assumption: what is left of it, and its fees."""

    __slots__ = ("fees", "filled", "left", "number", "policy")

    def __init__(self, policy: Policy, quantity: int, precision: int) -> None:
        self.policy: Policy = policy
        self.left = quantity
        self.filled = 0
        self.number = 0
        """Fills so far."""
        self.fees = OrderFees(precision)


class PaperOrder:
    """An order and how it stands under every assumption."""

    __slots__ = ("expires_at", "order", "over", "place", "queue", "stands")

    def __init__(self, order: Order, precision: int, place: int) -> None:
        """``place`` counts our orders in the order of their coming."""
        self.order = order
        self.place = place
        self.expires_at = order.expires_at
        self.stands = tuple(Stand(policy, order.quantity, precision) for policy in POLICIES)
        self.queue: Queue | None = None
        """Who is ahead of it, once it rests."""
        self.over = False
        """Whether the order of record is finished; another assumption may still wait."""

    @property
    def of_record(self) -> Stand:
        """The stand that moves the order's life."""
        return self.stands[RECORD_AT]

    @property
    def closing(self) -> bool:
        """Whether it may only close what is held."""
        return self.order.reduce_only or self.order.purpose != "entry"

    @property
    def rank(self) -> tuple[int, int]:
        """Who is served first among our own: the better price, then the earlier."""
        limit = self.order.limit
        return (-limit if self.order.side == BID else limit, self.place)


class Holdings:
    """What each assumption holds in each market: positive is YES."""

    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held: dict[tuple[Policy, Ticker], int] = {}

    def position(self, policy: Policy, ticker: Ticker) -> int:
        """Contracts held, signed."""
        return self._held.get((policy, ticker), 0)

    def set(self, policy: Policy, ticker: Ticker, quantity: int) -> None:
        """Hold exactly this from here on."""
        if quantity:
            self._held[policy, ticker] = quantity
        else:
            self._held.pop((policy, ticker), None)

    def room(self, subject: PaperOrder, stand: Stand) -> int:
        """How much of what is left may trade now: an exit stops at what is held."""
        if not subject.closing:
            return stand.left
        held = self.position(stand.policy, subject.order.ticker)
        return min(stand.left, max(0, -held if subject.order.side == BID else held))

    def forget(self, ticker: Ticker) -> None:
        """The market paid out."""
        for policy in POLICIES:
            self._held.pop((policy, ticker), None)

    def fill(
        self,
        subject: PaperOrder,
        stand: Stand,
        price: Price,
        quantity: int,
        terms: FeeTerms,
        now: Nanos,
        *,
        is_taker: bool,
    ) -> OrderFilled:
        """``quantity`` of the order trades at ``price``: enter and tell it."""
        order, policy = subject.order, stand.policy
        rate = terms.taker_rate_e6 if is_taker else terms.maker_rate_e6
        own = price if order.side == BID else complement(price)
        stand.left -= quantity
        stand.filled += quantity
        stand.number += 1
        signed = quantity if order.side == BID else -quantity
        self.set(policy, order.ticker, self.position(policy, order.ticker) + signed)
        return OrderFilled(
            at=now,
            received_at=now,
            ticker=order.ticker,
            order_id=order.id,
            client_order_id=order.id,
            trade_id=f"{order.id}/{policy}/{stand.number}",
            side=order.side,
            price=price,
            quantity=Quantity(quantity),
            is_taker=is_taker,
            fee=stand.fees.charge(rate, own, Quantity(quantity)),
            position_after=None,
            source=policy,
        )


def resting(subject: PaperOrder, now: Nanos) -> OrderChanged:
    """The order of record waits, or is filled."""
    left = subject.of_record.left
    return _changed(subject, "resting" if left else "executed", left, None, now)


def ended(subject: PaperOrder, now: Nanos, reason: str) -> OrderChanged:
    """The order of record is out of the book; nothing of it remains there."""
    return _changed(subject, "canceled", 0, reason, now)


def refused(order: Order, now: Nanos, reason: str) -> OrderChanged:
    """The order never was in the book."""
    return _changed(PaperOrder(order, 1, 0), "rejected", 0, reason, now)


def _changed(
    subject: PaperOrder, status: Status, remaining: int, reason: str | None, now: Nanos
) -> OrderChanged:
    order = subject.order
    return OrderChanged(
        at=now,
        received_at=now,
        ticker=order.ticker,
        order_id=order.id,
        client_order_id=order.id,
        side=order.side,
        price=order.limit,
        status=status,
        filled=Quantity(subject.of_record.filled),
        remaining=Quantity(remaining),
        reason=reason,
        source=OF_RECORD,
    )
