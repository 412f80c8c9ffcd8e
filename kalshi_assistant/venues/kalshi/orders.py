"""Commands about orders and order groups as requests.

Sources: OpenAPI 3.34.0 and the pages on orders, shards and rate limits of October 2026. Only the
V2 paths exist for writes. Money goes out of the account here, so what cannot be meant raises
ValueError before anything is built: an unknown shard, a count of nothing, an expiry that is no
whole second.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from kalshi_assistant.domain.ids import ClientOrderId, Ticker
from kalshi_assistant.domain.intents import Cancel
from kalshi_assistant.domain.orders import ASK, BID, BookSide, Order
from kalshi_assistant.domain.time import SECOND, Nanos
from kalshi_assistant.domain.units import (
    ONE_CONTRACT,
    PRICE_SCALE,
    Price,
    Quantity,
    format_price,
    format_quantity,
)
from kalshi_assistant.venues.kalshi.rest import DEFAULT_COST, EVERY_SHARD, Method, Query, Request
from kalshi_assistant.venues.kalshi.texts import venue_id

CANCEL_COST: Final = 2
"""Tokens of the write bucket for a cancel, and for the cancel of everything."""
ORDER_ID_MAX: Final = 64
"""The venue's FIX side cuts our ids off here."""
SUBACCOUNT_MAX: Final = 63

_ORDERS: Final = "/portfolio/events/orders"
_GROUPS: Final = "/portfolio/order_groups"
_SIDE_WORDS: Final[dict[BookSide, str]] = {BID: "bid", ASK: "ask"}
_COUNT_MAX: Final = 10**12
_GROUP_LIMIT_MAX: Final = 1_000_000 * ONE_CONTRACT

_Fields = dict[str, object]


# --- orders ---


def create(order: Order, subaccount: int = 0, group_id: str | None = None) -> Request:
    """Place ``order``. Never twice: whether it arrived is looked up by its id."""
    fields = _new_order(order, subaccount, group_id)
    return _write("POST", _ORDERS, fields, shard=_shard(order.exchange_index))


def cancel(
    order_id: str, ticker: Ticker, exchange_index: int | None, subaccount: int = 0
) -> Request:
    """Take an order out of the book. Without a shard the venue finds it by the ticker."""
    query = _routed(exchange_index, subaccount, ticker)
    path = f"{_ORDERS}/{venue_id(order_id)}"
    return _write("DELETE", path, None, query, CANCEL_COST, _billed(exchange_index))


def cancel_batch(cancels: Sequence[Cancel], subaccount: int = 0) -> Request:
    """Take several orders out of the book."""
    _some(cancels)
    _checked_subaccount(subaccount)
    fields: _Fields = {"orders": [_to_cancel(each, subaccount) for each in cancels]}
    return _write("DELETE", f"{_ORDERS}/batched", fields, cost=CANCEL_COST * len(cancels))


def cancel_all(subaccount: int | None) -> Request:
    """Take every order of a subaccount out of the book, on every shard; ``None``: of all of them.

    It may also kill orders placed within the next minute.
    """
    query: Query = ()
    if subaccount is not None:
        query = (("subaccount", str(_checked_subaccount(subaccount))),)
    return _write("DELETE", _ORDERS, None, query, CANCEL_COST, EVERY_SHARD)


def amend(
    order_id: str,
    ticker: Ticker,
    side: BookSide,
    price: Price,
    count: Quantity,
    exchange_index: int | None,
    *,
    client_order_id: ClientOrderId | None = None,
    expires_at: Nanos | None = None,
    subaccount: int = 0,
) -> Request:
    """Change a resting order; ``count`` is what it filled already and what is still wanted.

    Its place in the queue is kept only where the count falls or nothing but the expiry moves.
    """
    shard = _shard(exchange_index)
    fields: _Fields = {
        "ticker": ticker,
        "side": _SIDE_WORDS[side],
        "price": _price_text(price),
        "count": _count_text(count),
    }
    if client_order_id is not None:
        fields["client_order_id"] = client_order_id
    if expires_at is not None:
        fields["expiration_time"] = _expiry(expires_at)
    fields["exchange_index"] = shard
    query = (("subaccount", str(_checked_subaccount(subaccount))),)
    return _write("POST", f"{_ORDERS}/{venue_id(order_id)}/amend", fields, query, shard=shard)


def decrease(
    order_id: str,
    ticker: Ticker,
    exchange_index: int | None,
    *,
    by: Quantity | None = None,
    to: Quantity | None = None,
    subaccount: int = 0,
) -> Request:
    """Make a resting order smaller, either ``by`` so much or ``to`` so much left."""
    if (by is None) == (to is None):
        raise ValueError("a decrease is either by or to a number of contracts")
    fields: _Fields = {"market_ticker": ticker}
    if by is not None:
        fields["reduce_by"] = _count_text(by)
    if to is not None:
        fields["reduce_to"] = _count_text(to)
    if exchange_index is not None:
        fields["exchange_index"] = _shard(exchange_index)
    query = (("subaccount", str(_checked_subaccount(subaccount))),)
    path = f"{_ORDERS}/{venue_id(order_id)}/decrease"
    return _write("POST", path, fields, query, shard=_billed(exchange_index))


# --- order groups: so many contracts in any 15 seconds, then everything in them is cancelled ---


def create_group(limit: Quantity, exchange_index: int | None, subaccount: int = 0) -> Request:
    """Make a group on one shard."""
    fields: _Fields = {
        "contracts_limit_fp": _group_limit(limit),
        "subaccount": _checked_subaccount(subaccount),
        "exchange_index": _shard(exchange_index),
    }
    return _write("POST", f"{_GROUPS}/create", fields, shard=exchange_index)


def limit_group(
    group_id: str, limit: Quantity, exchange_index: int | None, subaccount: int = 0
) -> Request:
    """Give a group another limit."""
    fields: _Fields = {"contracts_limit_fp": _group_limit(limit)}
    return _of_group("PUT", group_id, "/limit", fields, exchange_index, subaccount)


def trigger_group(group_id: str, exchange_index: int | None, subaccount: int = 0) -> Request:
    """Cancel everything in a group and refuse new orders in it until it is reset."""
    return _of_group("PUT", group_id, "/trigger", {}, exchange_index, subaccount)


def reset_group(group_id: str, exchange_index: int | None, subaccount: int = 0) -> Request:
    """Let a triggered group take orders again."""
    return _of_group("PUT", group_id, "/reset", {}, exchange_index, subaccount)


def delete_group(group_id: str, exchange_index: int | None, subaccount: int = 0) -> Request:
    """Remove a group; its orders are cancelled."""
    return _of_group("DELETE", group_id, "", None, exchange_index, subaccount)


def list_groups(exchange_index: int | None, subaccount: int = 0) -> Request:
    """The groups of a subaccount on one shard."""
    _shard(exchange_index)
    return Request("GET", _GROUPS, _routed(exchange_index, subaccount), signed=True)


def read_group(group_id: str, exchange_index: int | None, subaccount: int = 0) -> Request:
    """One group with the orders in it."""
    _shard(exchange_index)
    query = _routed(exchange_index, subaccount)
    return Request("GET", f"{_GROUPS}/{venue_id(group_id)}", query, signed=True)


# --- parts ---


def _new_order(order: Order, subaccount: int, group_id: str | None) -> _Fields:
    _check_flags(order)
    fields: _Fields = {
        "ticker": order.ticker,
        "client_order_id": _own_id(order.id),
        "side": _SIDE_WORDS[order.side],
        "count": _count_text(order.quantity),
        "price": _price_text(order.limit),
        "time_in_force": order.time_in_force,
        "self_trade_prevention_type": "taker_at_cross",
        "post_only": order.post_only,
    }
    if order.reduce_only:
        fields["reduce_only"] = True
    if order.time_in_force == "good_till_canceled":
        fields["cancel_order_on_pause"] = True
    if order.expires_at is not None:
        fields["expiration_time"] = _expiry(order.expires_at)
    if group_id is not None:
        fields["order_group_id"] = venue_id(group_id)
    fields["exchange_index"] = _shard(order.exchange_index)
    fields["subaccount"] = _checked_subaccount(subaccount)
    return fields


def _check_flags(order: Order) -> None:
    rests = order.time_in_force == "good_till_canceled"
    if order.reduce_only and order.time_in_force != "immediate_or_cancel":
        raise ValueError("reduce_only goes with immediate_or_cancel only")
    if order.post_only and not rests:
        raise ValueError(f"post_only does not go with {order.time_in_force}")
    if order.expires_at is not None and not rests:
        raise ValueError(f"an expiry does not go with {order.time_in_force}")


def _to_cancel(each: Cancel, subaccount: int) -> _Fields:
    fields: _Fields = {"order_id": venue_id(each.order_id), "subaccount": subaccount}
    if each.exchange_index is not None:
        fields["exchange_index"] = _shard(each.exchange_index)
    fields["market_ticker"] = each.ticker
    return fields


def _of_group(
    method: Method,
    group_id: str,
    what: str,
    fields: _Fields | None,
    exchange_index: int | None,
    subaccount: int,
) -> Request:
    shard = _shard(exchange_index)
    query = _routed(shard, subaccount)
    return _write(method, f"{_GROUPS}/{venue_id(group_id)}{what}", fields, query, shard=shard)


def _write(
    method: Method,
    path: str,
    fields: _Fields | None,
    query: Query = (),
    cost: int = DEFAULT_COST,
    shard: int | None = None,
) -> Request:
    body = b"" if fields is None else msgspec.json.encode(fields)
    return Request(method, path, query, True, cost, "write", body, shard)


def _routed(exchange_index: int | None, subaccount: int, ticker: Ticker | None = None) -> Query:
    query = [("subaccount", str(_checked_subaccount(subaccount)))]
    if exchange_index is not None:
        query.append(("exchange_index", str(_shard(exchange_index))))
    if ticker is not None:
        query.append(("market_ticker", ticker))
    return tuple(query)


def _billed(exchange_index: int | None) -> int:
    return EVERY_SHARD if exchange_index is None else _shard(exchange_index)


def _shard(exchange_index: int | None) -> int:
    if exchange_index is None or exchange_index < 0:
        raise ValueError(f"the shard is {exchange_index}: without one nothing is sent")
    return exchange_index


def _checked_subaccount(subaccount: int) -> int:
    if not 0 <= subaccount <= SUBACCOUNT_MAX:
        raise ValueError(f"there is no subaccount {subaccount}")
    return subaccount


def _own_id(text: str) -> str:
    if not 0 < len(text) <= ORDER_ID_MAX:
        raise ValueError(f"an id of ours has 1 to {ORDER_ID_MAX} characters, not {len(text)}")
    return venue_id(text)


def _price_text(price: Price) -> str:
    if not 0 < price < PRICE_SCALE:
        raise ValueError(f"{price} is no price between 0 and 1 dollar")
    return format_price(price)


def _count_text(count: Quantity) -> str:
    if not 0 < count <= _COUNT_MAX:
        raise ValueError(f"{count} is no number of hundredths of contracts to trade")
    return format_quantity(count)


def _group_limit(limit: Quantity) -> str:
    if not ONE_CONTRACT <= limit <= _GROUP_LIMIT_MAX:
        raise ValueError("a group's limit is 1 to 1,000,000 contracts")
    return format_quantity(limit)


def _expiry(at: Nanos) -> int:
    if at <= 0 or at % SECOND:
        raise ValueError("an expiry is a whole second")
    return at // SECOND


def _some(things: Sequence[object]) -> None:
    if not things:
        raise ValueError("a batch of nothing")
