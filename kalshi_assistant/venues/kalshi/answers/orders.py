"""What the venue answers to commands about orders, and one order as it was read.

A fill count in an answer is no fill: fills come on their own channel or list, with ids and fees.
"""

from typing import Final

import msgspec

from kalshi_assistant.domain.events import Malformed, OrderChanged, VenueOrder
from kalshi_assistant.domain.ids import ClientOrderId, Ticker
from kalshi_assistant.domain.intents import Renew
from kalshi_assistant.domain.orders import ASK, BID, BookSide, Order
from kalshi_assistant.domain.time import Nanos, from_millis
from kalshi_assistant.domain.units import Quantity
from kalshi_assistant.venues.kalshi import texts
from kalshi_assistant.venues.kalshi.answers.reading import Body, stamp_of, tried
from kalshi_assistant.venues.kalshi.schema import BookWord, Millis, Shard, Subaccount
from kalshi_assistant.venues.kalshi.texts import NonsenseError, instant

SIDES: Final[dict[BookWord, BookSide]] = {"bid": BID, "ask": ASK}


# --- what became of a command ---


class _Created(Body, frozen=True, gc=False):
    order_id: str
    fill_count: str
    remaining_count: str
    ts_ms: Millis
    client_order_id: str | None = None


def parse_created(body: bytes, order: Order, received_at: Nanos) -> OrderChanged | Malformed:
    """The order that was placed. The answer names no status: it follows from the counts."""

    def read() -> OrderChanged:
        found = msgspec.json.decode(body, type=_Created)
        _same(found.client_order_id, order.id)
        filled, remaining = texts.count(found.fill_count), texts.count(found.remaining_count)
        if filled + remaining > order.quantity:
            raise NonsenseError(f"more filled and left than the {order.quantity} that were sent")
        return OrderChanged(
            at=from_millis(found.ts_ms),
            received_at=received_at,
            ticker=order.ticker,
            order_id=texts.venue_id(found.order_id),
            client_order_id=order.id,
            side=order.side,
            price=order.limit,
            status=_standing(order, filled, remaining),
            filled=filled,
            remaining=remaining,
            reason=None,
            source="venue",
        )

    return tried(read, f"order {order.id}", received_at)


def _standing(order: Order, filled: Quantity, remaining: Quantity) -> texts.OrderWord:
    if filled == order.quantity:
        return "executed"
    if remaining == 0:
        return "unknown" if order.time_in_force == "fill_or_kill" else "canceled"
    return "resting" if order.time_in_force == "good_till_canceled" else "unknown"


class Canceled(Body, frozen=True, gc=False):
    """An order is out of the book; what it had filled before, this answer does not say."""

    at: Nanos
    order_id: str
    reduced_by: Quantity


class _Canceled(Body, frozen=True, gc=False):
    order_id: str
    reduced_by: str
    ts_ms: Millis


def parse_canceled(body: bytes, order_id: str, received_at: Nanos) -> Canceled | Malformed:
    """What a cancel took out of the book."""

    def read() -> Canceled:
        found = msgspec.json.decode(body, type=_Canceled)
        _same(found.order_id, order_id)
        return Canceled(from_millis(found.ts_ms), order_id, texts.count(found.reduced_by))

    return tried(read, f"cancel of {order_id}", received_at)


class _CanceledItem(Body, frozen=True, gc=False):
    order_id: str
    error: dict[str, object] | str | None = None


class _CanceledBatch(Body, frozen=True, gc=False):
    orders: tuple[_CanceledItem, ...]


def parse_canceled_batch(body: bytes, received_at: Nanos) -> frozenset[str] | Malformed:
    """The ids of the orders a batch of cancels took out; of the others it says why not."""

    def read() -> frozenset[str]:
        found = msgspec.json.decode(body, type=_CanceledBatch).orders
        return frozenset(each.order_id for each in found if each.error is None)

    return tried(read, "cancels", received_at)


class Decreased(Body, frozen=True, gc=False):
    """An order is smaller; what it had filled before, this answer does not say."""

    at: Nanos
    order_id: str
    remaining: Quantity


class _Decreased(Body, frozen=True, gc=False):
    order_id: str
    remaining_count: str
    ts_ms: Millis


def parse_decreased(body: bytes, order_id: str, received_at: Nanos) -> Decreased | Malformed:
    """What a decrease left."""

    def read() -> Decreased:
        found = msgspec.json.decode(body, type=_Decreased)
        _same(found.order_id, order_id)
        return Decreased(from_millis(found.ts_ms), order_id, texts.count(found.remaining_count))

    return tried(read, f"decrease of {order_id}", received_at)


class _Amended(Body, frozen=True, gc=False):
    order_id: str
    remaining_count: str
    fill_count: str
    ts_ms: Millis
    client_order_id: str | None = None


def parse_amended(body: bytes, renew: Renew, received_at: Nanos) -> OrderChanged | Malformed:
    """A resting order after its amendment; since 2026-09-03 the counts are those after it."""

    def read() -> OrderChanged:
        found = msgspec.json.decode(body, type=_Amended)
        _same(found.order_id, renew.order_id)
        _same(found.client_order_id, renew.id)
        filled, remaining = texts.count(found.fill_count), texts.count(found.remaining_count)
        if filled + remaining > renew.count:
            raise NonsenseError(f"more filled and left than the {renew.count} that were wanted")
        return OrderChanged(
            at=from_millis(found.ts_ms),
            received_at=received_at,
            ticker=renew.ticker,
            order_id=renew.order_id,
            client_order_id=renew.id,
            side=renew.side,
            price=renew.price,
            status=_amended_standing(renew, filled, remaining),
            filled=filled,
            remaining=remaining,
            reason="Amend",
            source="venue",
        )

    return tried(read, f"amendment of {renew.id}", received_at)


def _amended_standing(renew: Renew, filled: Quantity, remaining: Quantity) -> texts.OrderWord:
    if remaining:
        return "resting"
    return "executed" if filled == renew.count else "unknown"


def _same(found: str | None, expected: str) -> None:
    """An answer about another order is no answer; one that names none is ours by its request."""
    if found is not None and found != expected:
        raise NonsenseError(f"an answer about {found[:40]!r}")


# --- an order as it was read ---


class SeenOrder(Body, frozen=True, gc=False):
    """An order in the venue's records."""

    changed: OrderChanged
    initial: Quantity
    exchange_index: int | None
    created_at: Nanos | None
    subaccount: int | None = None
    """``None``: the venue did not say."""

    def in_account(self) -> VenueOrder:
        """It as a part of the account. Raises NonsenseError where its status is not understood."""
        said = self.changed
        if said.status == "unknown" or said.status == "rejected":
            raise NonsenseError(f"order {said.order_id} with a status nobody knows")
        return VenueOrder(
            ticker=said.ticker,
            order_id=said.order_id,
            client_order_id=said.client_order_id,
            side=said.side,
            price=said.price,
            status=said.status,
            initial=self.initial,
            filled=said.filled,
            remaining=said.remaining,
            exchange_index=self.exchange_index,
            created_at=self.created_at,
        )


class _Order(Body, frozen=True, gc=False):
    order_id: str
    ticker: str
    status: str
    book_side: BookWord
    yes_price_dollars: str
    fill_count_fp: str
    remaining_count_fp: str
    initial_count_fp: str
    client_order_id: str | None = None
    created_time: str | None = None
    last_update_time: str | None = None
    exchange_index: Shard | None = None
    subaccount_number: Subaccount | None = None


class _OrderAnswer(Body, frozen=True, gc=False):
    order: msgspec.Raw


def parse_order(body: bytes, received_at: Nanos) -> SeenOrder | Malformed:
    """One order asked for by its id."""

    def read() -> SeenOrder:
        return read_order(msgspec.json.decode(body, type=_OrderAnswer).order, received_at)

    return tried(read, "order", received_at)


def read_order(raw: msgspec.Raw, received_at: Nanos) -> SeenOrder:
    """One order of a list. Raises one of ``NONSENSE``."""
    found = msgspec.json.decode(raw, type=_Order)
    created = None if found.created_time is None else instant(found.created_time)
    changed = OrderChanged(
        at=stamp_of(found.last_update_time or found.created_time, received_at),
        received_at=received_at,
        ticker=Ticker(found.ticker),
        order_id=texts.venue_id(found.order_id),
        client_order_id=ClientOrderId(found.client_order_id) if found.client_order_id else None,
        side=SIDES[found.book_side],
        price=texts.book_price(found.yes_price_dollars),
        status=_status(found.status),
        filled=texts.count(found.fill_count_fp),
        remaining=texts.count(found.remaining_count_fp),
        reason=None,
        source="venue",
    )
    initial = texts.count(found.initial_count_fp)
    return SeenOrder(changed, initial, found.exchange_index, created, found.subaccount_number)


def _status(text: str) -> texts.OrderWord:
    match text:
        case "resting" | "canceled" | "executed":
            return text
        case _:
            return "unknown"


# --- the queue, and groups ---


class _QueuePosition(Body, frozen=True, gc=False):
    queue_position_fp: str


def parse_queue_position(body: bytes, received_at: Nanos) -> Quantity | Malformed:
    """Contracts before an order of ours at its price."""

    def read() -> Quantity:
        return texts.count(msgspec.json.decode(body, type=_QueuePosition).queue_position_fp)

    return tried(read, "queue position", received_at)


class _GroupCreated(Body, frozen=True, gc=False):
    order_group_id: str


def parse_group_created(body: bytes, received_at: Nanos) -> str | Malformed:
    """The id of a new order group."""

    def read() -> str:
        return texts.venue_id(msgspec.json.decode(body, type=_GroupCreated).order_group_id)

    return tried(read, "order group", received_at)


class Group(Body, frozen=True, gc=False):
    """An order group: its limit in any 15 seconds, and the ids of the orders in it. Whether it has
    triggered is not told.
    """

    limit: Quantity | None
    """``None``: the venue did not say."""
    orders: tuple[str, ...]
    cancels: bool
    """Whether it cancels anything at all."""


class _Group(Body, frozen=True, gc=False):
    is_auto_cancel_enabled: bool
    orders: tuple[str, ...] | None = None
    contracts_limit_fp: str | None = None


def parse_group(body: bytes, received_at: Nanos) -> Group | Malformed:
    """One order group."""

    def read() -> Group:
        found = msgspec.json.decode(body, type=_Group)
        limit = found.contracts_limit_fp
        return Group(
            None if limit is None else texts.count(limit),
            found.orders or (),
            found.is_auto_cancel_enabled,
        )

    return tried(read, "order group", received_at)


class _Listed(Body, frozen=True, gc=False):
    id: str
    is_auto_cancel_enabled: bool
    contracts_limit_fp: str | None = None
    exchange_index: Shard | None = None


class _Groups(Body, frozen=True, gc=False):
    order_groups: tuple[_Listed, ...] | None


def parse_groups(
    body: bytes, exchange_index: int, limit: Quantity, received_at: Nanos
) -> tuple[str, ...] | Malformed:
    """The ids of the groups that cancel past ``limit`` on this shard, as they are listed."""

    def read() -> tuple[str, ...]:
        found = msgspec.json.decode(body, type=_Groups).order_groups
        return tuple(
            texts.venue_id(each.id)
            for each in found or ()
            if each.is_auto_cancel_enabled
            and each.exchange_index in (None, exchange_index)
            and each.contracts_limit_fp is not None
            and texts.count(each.contracts_limit_fp) == limit
        )

    return tried(read, "order groups", received_at)
