"""Every request of the venue, without HTTP: order writes and the account's reads here, the rest in
``reads``.

``answer`` is the one way in, from a socket or in virtual time. A write first lets the exchange live
up to its time. What it does to the public book and tells the account comes out of the next
``advance``, in order: whoever serves readers takes it from there before anything else is read.

``charge`` says what a request costs and which bucket of write tokens pays for it.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, Protocol

import msgspec

from kalshi_assistant.domain.time import MICROSECOND, Nanos
from kalshi_assistant.domain.units import MONEY_SCALE, Money
from kalshi_assistant.sim import order_entry, portfolio, query, reads, refusals
from kalshi_assistant.sim import order_requests as asked
from kalshi_assistant.sim.accounts import DEFAULT_SHARD, SHARDS, SUBACCOUNTS
from kalshi_assistant.sim.order_groups import OrderGroup
from kalshi_assistant.sim.portfolio import Document, Names
from kalshi_assistant.sim.query import BadRequest, Query
from kalshi_assistant.sim.reads import DEFAULT_COST, Answer
from kalshi_assistant.sim.refusals import Refused

BODY_MAX: Final = 262_144
"""Bytes of a request body that are looked at."""
CANCEL_COST: Final = 2
CENTICENT: Final = 100
"""Transfers count in 1/10,000 dollar."""
CENT: Final = MONEY_SCALE // 100
TRANSFER_MAX: Final = 10**14
ITEMS_MAX: Final = 1_000
"""Items of a batch; the venue bounds them by the write bucket alone."""

TOO_LARGE: Final[Answer] = (413, Refused(413, "request_too_large").body())

_encode: Final = msgspec.json.Encoder().encode


class Exchange(portfolio.Exchange, Protocol):
    """An exchange that takes orders."""

    def live(self, to: Nanos) -> None:
        """Live until ``to``; what happens is kept for the next ``advance``."""


class Given(NamedTuple):
    """A request, taken apart."""

    names: Names
    query: Query
    body: bytes
    at: Nanos


class Route(NamedTuple):
    """A path and what it does: ``*`` stands for one name."""

    method: str
    path: str
    act: Callable[[Exchange, Given], Document | None]
    status: int = 200
    cost: int = DEFAULT_COST
    public: bool = False


class Found(NamedTuple):
    """What a request needs before it is answered."""

    public: bool
    cost: int
    writes: bool


class Charge(NamedTuple):
    """What a write costs: in the bucket of ``shard``, 0 being the one without a shard; ``None``
    means every one of them, as for a request that is routed by its ticker.
    """

    cost: int
    shard: int | None


def find(method: str, path: str) -> Found | None:
    """What is known of a path; ``None`` for what this venue does not know."""
    found = _route(method, path)
    if found is not None:
        route = found[0]
        return Found(route.public, route.cost, method != "GET")
    read = reads.find(method, path)
    return None if read is None else Found(read[0].public, read[0].cost, writes=False)


def answer(
    exchange: Exchange, method: str, path: str, given: Query, body: bytes, now: Nanos
) -> Answer:
    """The status and body for a request; never raises on what a client can send."""
    found = _route(method, path)
    if found is None:
        return reads.answer(exchange, method, path, given)
    if len(body) > BODY_MAX:
        return TOO_LARGE
    route, names = found
    if method != "GET":
        exchange.live(now)
    at = Nanos(exchange.now() // MICROSECOND * MICROSECOND)
    try:
        shown = route.act(exchange, Given(names, given, body, at))
    except Refused as refused:
        return refused.status, refused.body()
    except BadRequest as bad:
        return 400, refusals.invalid(str(bad)).body()
    return route.status, b"" if shown is None else _encode(shown)


def charge(method: str, path: str, given: Query, body: bytes) -> Charge:
    """What a write costs, and where; one that cannot be read costs what is usual."""
    found = _route(method, path)
    cost = DEFAULT_COST if found is None else found[0].cost
    try:
        told = msgspec.json.decode(body) if body else {}
    except (msgspec.DecodeError, UnicodeDecodeError):
        told = {}
    said: Mapping[str, Any] = told if isinstance(told, dict) else {}
    if path.strip("/").endswith("/batched"):
        items = said.get("orders")
        return Charge(cost * max(len(items) if isinstance(items, list) else 1, 1), 0)
    index = said.get("exchange_index", _first(given, "exchange_index"))
    named = "market_ticker" in said or "ticker" in said or _first(given, "market_ticker")
    shard = index if isinstance(index, int) else int(index) if _is_index(index) else None
    if shard is not None and shard in SHARDS:
        return Charge(cost, shard)
    return Charge(cost, None if named else 0)


def _first(given: Query, name: str) -> str | None:
    values = given.get(name, ())
    return values[0] if values else None


def _is_index(text: object) -> bool:
    return isinstance(text, str) and text.isascii() and text.isdecimal() and len(text) <= 3


# --- orders ---


def _create(exchange: Exchange, given: Given) -> Document:
    body = asked.decode(given.body, asked.CreateBody)
    return order_entry.create(exchange.desk, body, given.at)


def _create_batch(exchange: Exchange, given: Given) -> Document:
    items = _bounded(asked.decode(given.body, asked.CreateBatch).orders)
    work = [lambda each=each: order_entry.create(exchange.desk, each, given.at) for each in items]
    failed = [
        {"client_order_id": each.client_order_id} if each.client_order_id else {} for each in items
    ]
    return {"orders": order_entry.batch(work, failed)}


def _cancel(exchange: Exchange, given: Given) -> Document:
    item = asked.CancelItem(
        given.names[0],
        query.number(given.query, "subaccount", 0, SUBACCOUNTS - 1),
        query.number(given.query, "exchange_index", asked.AUTO, max(SHARDS)),
        query.text(given.query, "market_ticker"),
    )
    return order_entry.cancel(exchange.desk, item, given.at)


def _cancel_batch(exchange: Exchange, given: Given) -> Document:
    items = _bounded(asked.decode(given.body, asked.CancelBatch).orders)
    work = [lambda each=each: order_entry.cancel(exchange.desk, each, given.at) for each in items]
    failed = [{"order_id": each.order_id, "reduced_by": "0.00"} for each in items]
    return {"orders": order_entry.batch(work, failed)}


def _cancel_all(exchange: Exchange, given: Given) -> None:
    subaccount = query.number(given.query, "subaccount", 0, SUBACCOUNTS - 1)
    exchange.desk.sweep(subaccount, given.at)


def _amend(exchange: Exchange, given: Given) -> Document:
    body = asked.decode(given.body, asked.AmendBody)
    subaccount = query.number(given.query, "subaccount", 0, SUBACCOUNTS - 1)
    return order_entry.amend(exchange.desk, given.names[0], subaccount, body, given.at)


def _decrease(exchange: Exchange, given: Given) -> Document:
    body = asked.decode(given.body, asked.DecreaseBody)
    subaccount = query.number(given.query, "subaccount", 0, SUBACCOUNTS - 1)
    return order_entry.decrease(exchange.desk, given.names[0], subaccount, body, given.at)


def _bounded(items: list[Any]) -> list[Any]:
    if not 0 < len(items) <= ITEMS_MAX:
        raise refusals.invalid(f"orders: between 1 and {ITEMS_MAX}")
    return items


# --- groups ---


def _create_group(exchange: Exchange, given: Given) -> Document:
    body = asked.decode(given.body, asked.GroupBody)
    subaccount, shard = asked.subaccount_of(body.subaccount), asked.shard_of(body.exchange_index)
    limit, desk = asked.group_limit(body), exchange.desk
    group = desk.groups.create(subaccount, max(shard, DEFAULT_SHARD), limit, desk.seed)
    if group is None:
        raise refusals.invalid("too many order groups")
    desk.tell_group(group, "created", given.at, limit)
    return {
        "order_group_id": group.group_id,
        "subaccount": group.subaccount,
        "exchange_index": group.exchange_index,
    }


def _one_group(exchange: Exchange, given: Given) -> OrderGroup:
    """The group that is meant, on shard 0 unless another is named."""
    group = exchange.desk.groups.find(given.names[0])
    subaccount = query.number(given.query, "subaccount", 0, SUBACCOUNTS - 1) or 0
    shard = query.number(given.query, "exchange_index", 0, max(SHARDS)) or DEFAULT_SHARD
    if group is None or (group.subaccount, group.exchange_index) != (subaccount, shard):
        raise refusals.not_found()
    return group


def _limit_group(exchange: Exchange, given: Given) -> Document:
    group = _one_group(exchange, given)
    group.limit = asked.group_limit(asked.decode(given.body, asked.GroupBody))
    exchange.desk.tell_group(group, "limit_updated", given.at, group.limit)
    if group.within(given.at) > group.limit and not group.triggered:
        exchange.desk.trigger(group, given.at)
    return {}


def _trigger_group(exchange: Exchange, given: Given) -> Document:
    exchange.desk.trigger(_one_group(exchange, given), given.at)
    return {}


def _reset_group(exchange: Exchange, given: Given) -> Document:
    group = _one_group(exchange, given)
    group.reset()
    exchange.desk.tell_group(group, "reset", given.at)
    return {}


def _delete_group(exchange: Exchange, given: Given) -> Document:
    group = _one_group(exchange, given)
    exchange.desk.empty(group, given.at)
    exchange.desk.groups.delete(group.group_id)
    exchange.desk.tell_group(group, "deleted", given.at)
    return {}


# --- money and settings ---


def _transfer(exchange: Exchange, given: Given) -> Document:
    body = asked.decode(given.body, asked.TransferBody)
    if (body.source, body.destination) != ("event_contract", "event_contract"):
        raise refusals.invalid("source and destination must be event_contract")
    shards = (body.source_exchange_shard, body.destination_exchange_shard)
    if any(each not in SHARDS for each in shards) or shards[0] == shards[1]:
        raise refusals.invalid("two different shards are needed")
    if not 0 < body.amount <= TRANSFER_MAX:
        raise refusals.invalid("amount must be positive")
    places = ((0, shards[0]), (0, shards[1]))
    moved = _moved(exchange, body.amount * CENTICENT, *places, body.client_transfer_id, given.at)
    return {"transfer_id": moved}


def _transfer_between(exchange: Exchange, given: Given) -> Document:
    body = asked.decode(given.body, asked.SubaccountTransferBody)
    shard = max(asked.shard_of(body.exchange_index), DEFAULT_SHARD)
    subaccounts = (body.from_subaccount, body.to_subaccount)
    if any(not 0 <= each < SUBACCOUNTS for each in subaccounts) or len(set(subaccounts)) < 2:
        raise refusals.invalid("two different subaccounts are needed")
    if not 0 < body.amount_cents <= TRANSFER_MAX:
        raise refusals.invalid("amount_cents must be positive")
    places = ((subaccounts[0], shard), (subaccounts[1], shard))
    _moved(exchange, body.amount_cents * CENT, *places, body.client_transfer_id, given.at)
    return {}


def _moved(
    exchange: Exchange,
    amount: int,
    source: tuple[int, int],
    destination: tuple[int, int],
    client_transfer_id: str | None,
    at: Nanos,
) -> str:
    desk = exchange.desk
    if amount > desk.available(*source):
        raise refusals.insufficient()
    name = asked.name(client_transfer_id)
    if name and not desk.first_transfer(name):
        raise Refused(409, "transfer_already_exists")
    return desk.transfer(Money(amount), source, destination, at)


def _set_netting(exchange: Exchange, given: Given) -> Document:
    body = asked.decode(given.body, asked.NettingBody)
    number = asked.subaccount_of(body.subaccount_number)
    if not exchange.desk.set_netting(number, enabled=body.enabled):
        raise refusals.insufficient()
    return {}


# --- the account's limits ---


def _limits(_exchange: Exchange, _given: Given) -> Document:
    read = {"refill_rate": reads.READ_PER_SECOND, "bucket_capacity": reads.READ_CAPACITY}
    write = {"refill_rate": reads.WRITE_PER_SECOND, "bucket_capacity": reads.WRITE_CAPACITY}
    return {"usage_tier": reads.USAGE_TIER, "read": read, "write": write, "grants": []}


def _costs(_exchange: Exchange, _given: Given) -> Document:
    every = [("GET", each.path, each.cost) for each in reads.ROUTES]
    every += [(each.method, each.path, each.cost) for each in ROUTES]
    costs = [
        {"method": method, "path": f"/trade-api/v2/{path}", "cost": cost}
        for method, path, cost in every
        if cost != DEFAULT_COST
    ]
    return {"default_cost": DEFAULT_COST, "endpoint_costs": costs}


# --- routes ---

_Read = Callable[[portfolio.Exchange, Names, Query], Document]


def _reading(path: str, read: _Read, *, cost: int = DEFAULT_COST, public: bool = False) -> Route:
    def act(exchange: Exchange, given: Given) -> Document:
        return read(exchange, given.names, given.query)

    return Route("GET", path, act, cost=cost, public=public)


_ORDERS: Final = "portfolio/events/orders"
_GROUPS: Final = "portfolio/order_groups"
_TRANSFER: Final = "portfolio/intra_exchange_instance_transfer"

ROUTES: Final = (
    Route("POST", _ORDERS, _create, 201),
    Route("POST", f"{_ORDERS}/batched", _create_batch, 201),
    Route("DELETE", _ORDERS, _cancel_all, 204, CANCEL_COST),
    Route("DELETE", f"{_ORDERS}/batched", _cancel_batch, cost=CANCEL_COST),
    Route("DELETE", f"{_ORDERS}/*", _cancel, cost=CANCEL_COST),
    Route("POST", f"{_ORDERS}/*/amend", _amend),
    Route("POST", f"{_ORDERS}/*/decrease", _decrease),
    Route("POST", f"{_GROUPS}/create", _create_group, 201),
    Route("PUT", f"{_GROUPS}/*/limit", _limit_group),
    Route("PUT", f"{_GROUPS}/*/trigger", _trigger_group),
    Route("PUT", f"{_GROUPS}/*/reset", _reset_group),
    Route("DELETE", f"{_GROUPS}/*", _delete_group),
    Route("POST", _TRANSFER, _transfer),
    Route("POST", "portfolio/subaccounts/transfer", _transfer_between),
    Route("PUT", "portfolio/subaccounts/netting", _set_netting),
    Route("GET", "account/limits", _limits),
    Route("GET", "account/endpoint_costs", _costs, public=True),
    _reading("exchange/user_data_timestamp", portfolio.freshness, public=True),
    _reading("portfolio/balance", portfolio.balance),
    _reading("portfolio/positions", portfolio.positions),
    _reading("portfolio/fills", portfolio.fills),
    _reading("portfolio/settlements", portfolio.settlements),
    _reading("portfolio/orders", portfolio.orders),
    _reading("portfolio/orders/queue_positions", portfolio.queue_positions),
    _reading("portfolio/orders/*", portfolio.one_order, cost=2),
    _reading("portfolio/orders/*/queue_position", portfolio.queue_position),
    _reading("portfolio/subaccounts/netting", portfolio.netting),
    _reading("portfolio/subaccounts/balances", portfolio.subaccount_balances),
    _reading("portfolio/summary/total_resting_order_value", portfolio.resting_value),
    _reading(_GROUPS, portfolio.groups),
    _reading(f"{_GROUPS}/*", portfolio.one_group),
)
"""Every path of the account, the literal ones before those with a name in the same place."""


def _route(method: str, path: str) -> tuple[Route, list[str]] | None:
    parts = path.strip("/").split("/")
    for route in ROUTES:
        names = reads.matched(route.path, parts) if route.method == method else None
        if names is not None:
            return route, names
    return None
