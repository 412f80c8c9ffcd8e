"""Orders at the venue as a process sees them that is not the engine: requests and answers.

Wider than an engine's own: over every subaccount and every shard, and of an order nothing is needed
but what takes it out.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from kalshi_assistant.domain.ids import ClientOrderId, Ticker
from kalshi_assistant.domain.intents import Cancel
from kalshi_assistant.domain.units import Quantity
from kalshi_assistant.runtime.carrying import Answer
from kalshi_assistant.venues.kalshi import orders, rest
from kalshi_assistant.venues.kalshi.rest import Request, parse_error
from kalshi_assistant.venues.kalshi.schema import Shard
from kalshi_assistant.venues.kalshi.texts import NONSENSE, NonsenseError, count, instant

TEXT_MAX: Final = 200
BATCH_MAX: Final = 20
"""Cancels in one request: the whole of it has to fit a bucket at once."""
_ORDER_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")


# --- requests ---


def list_resting(exchange_index: int | None, cursor: str | None) -> Request:
    """Orders that rest, of every subaccount; of one shard where one is named."""
    fields = {
        "status": "resting",
        "exchange_index": None if exchange_index is None else str(exchange_index),
        "limit": str(rest.PAGE_MAX),
        "cursor": cursor,
    }
    query = tuple((name, value) for name, value in fields.items() if value)
    return Request("GET", "/portfolio/orders", query, signed=True)


def read_order(order_id: str) -> Request:
    """One order as it stands; ``is_order_id`` looked at the id, so that nothing raises here."""
    return Request("GET", f"/portfolio/orders/{order_id}", signed=True, cost=orders.CANCEL_COST)


def cancel_order(order: "Sighted") -> Request:
    """Take one order out. Without market and shard it would be looked for on shard 0."""
    fields = {
        "market_ticker": order.ticker,
        "exchange_index": None if order.exchange_index is None else str(order.exchange_index),
        "subaccount": None if order.subaccount is None else str(order.subaccount),
    }
    query = tuple((name, value) for name, value in fields.items() if value)
    path = f"/portfolio/events/orders/{order.order_id}"
    return Request("DELETE", path, query, signed=True, cost=orders.CANCEL_COST, bucket="write")


def cancel_together(found: "Sequence[Sighted]") -> tuple[Request, ...]:
    """Take several out with as few requests as may be: a subaccount's together, some at a time.

    One that the builder of batches would not name is left to a cancel of its own.
    """
    apart: dict[int, list[Cancel]] = {}
    for each in found:
        name, where = ClientOrderId(each.client_order_id or ""), each.subaccount or 0
        wanted = Cancel(name, each.order_id, Ticker(each.ticker), each.exchange_index, "kill")
        if 0 <= where <= orders.SUBACCOUNT_MAX and each.order_id[0].isalnum():
            apart.setdefault(where, []).append(wanted)
    return tuple(
        orders.cancel_batch(some[begin : begin + BATCH_MAX], subaccount)
        for subaccount, some in apart.items()
        for begin in range(0, len(some), BATCH_MAX)
    )


# --- answers ---


class FoundOrder(msgspec.Struct, frozen=True):
    """An order in a list or by itself."""

    order_id: str
    ticker: str
    status: str
    client_order_id: str | None = None
    fill_count_fp: str | None = None
    exchange_index: Shard | None = None
    subaccount_number: int | None = None


class FoundOrders(msgspec.Struct, frozen=True):
    """A page of a list; each order is read by itself."""

    orders: list[msgspec.Raw]
    cursor: str | None = None


class OneOrder(msgspec.Struct, frozen=True):
    """The answer about one."""

    order: FoundOrder


class _AsOf(msgspec.Struct, frozen=True):
    as_of_time: str


@dataclass(frozen=True, slots=True)
class Sighted:
    """An order seen at the venue."""

    order_id: str
    client_order_id: str | None
    ticker: str
    exchange_index: int | None
    subaccount: int | None
    filled: Quantity | None
    """``None``: the venue did not say."""


def sighted(found: FoundOrder) -> Sighted:
    """Raises NonsenseError for an id that would make another request of a cancel."""
    if not is_order_id(found.order_id):
        raise NonsenseError(f"an order with the id {found.order_id[:40]!r}")
    return Sighted(
        order_id=found.order_id,
        client_order_id=found.client_order_id or None,
        ticker=found.ticker,
        exchange_index=found.exchange_index,
        subaccount=found.subaccount_number,
        filled=None if found.fill_count_fp is None else count(found.fill_count_fp),
    )


def is_order_id(text: str) -> bool:
    """Whether this may stand in the path of a request: an empty one would cancel everything."""
    return _ORDER_ID.fullmatch(text) is not None


def as_of(answer: Answer) -> int | None:
    """Up to when the venue's records are complete; ``None`` where it did not say."""
    try:
        return instant(msgspec.json.decode(answer.body, type=_AsOf).as_of_time)
    except NONSENSE:
        return None


def said(answer: Answer) -> str:
    """A refusal, or a silence, in words."""
    if not answer.status:
        return answer.body.decode(errors="replace")[:TEXT_MAX] or "no answer"
    error = parse_error(answer.status, answer.body)
    words = error.message if error.code == str(error.status) else f"{error.code}, {error.message}"
    return f"{error.status} {words}"[:TEXT_MAX]
