"""The account's REST reads: balances, positions, fills, settlements, orders, limits.

All but queue positions, groups and settings show the account as it was some moments ago
(``reads_lag_ms``); ``exchange/user_data_timestamp`` says when. A balance is the cash there is,
whether or not resting orders may need it.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final, Protocol, TypeVar

from kalshi_assistant.domain.ids import Ticker
from kalshi_assistant.domain.time import SECOND, format_iso
from kalshi_assistant.domain.units import Money, Quantity, complement, format_quantity, notional
from kalshi_assistant.sim import order_documents as documents
from kalshi_assistant.sim import query, refusals
from kalshi_assistant.sim.accounts import CRYPTO_SHARD, DEFAULT_SHARD, SHARDS, SUBACCOUNTS
from kalshi_assistant.sim.desk import Desk
from kalshi_assistant.sim.order_groups import OrderGroup
from kalshi_assistant.sim.private import OrderRecord, PositionRecord, SettlementRecord
from kalshi_assistant.sim.query import BadRequest, Query
from kalshi_assistant.sim.reads import Records

_PAGE_MAX: Final = 1_000
_NAMES_MAX: Final = 100
_EVENTS_MAX: Final = 10
_STATUSES: Final = ("resting", "canceled", "executed")
_COUNTS: Final = ("position", "total_traded")


class Exchange(Records, Protocol):
    """An exchange with an account."""

    @property
    def desk(self) -> Desk:
        """Its orders."""


T = TypeVar("T", OrderRecord, PositionRecord, SettlementRecord)
Names = Sequence[str]
Document = dict[str, Any]


def freshness(exchange: Exchange, _names: Names, _given: Query) -> Document:
    """``GET /exchange/user_data_timestamp``."""
    return {"as_of_time": format_iso(exchange.desk.records.as_of(exchange.now()))}


# --- money ---


def balance(exchange: Exchange, _names: Names, given: Query) -> Document:
    """``GET /portfolio/balance``: all shards together unless one is named."""
    subaccount, shard = _subaccount(given) or 0, _shard(given)
    now = exchange.now()
    seen = exchange.desk.records.balances(now)
    shown = {DEFAULT_SHARD, CRYPTO_SHARD, *(place[1] for place in seen)}
    parts = [
        (index, seen.get((subaccount, index), Money(0)))
        for index in sorted(shown)
        if shard in (None, index)
    ]
    whole = sum(amount for _, amount in parts)
    return {
        "balance": documents.cents(whole),
        "balance_dollars": documents.dollars(whole, 4),
        "portfolio_value": documents.cents(_value(exchange, subaccount, shard)),
        "updated_ts": exchange.desk.records.as_of(now) // SECOND,
        "balance_breakdown": [
            {"exchange_index": index, "balance": documents.dollars(amount, 4)}
            for index, amount in parts
        ],
    }


def _value(exchange: Exchange, subaccount: int, shard: int | None) -> int:
    """What the positions are worth at their markets' last prices."""
    total = 0
    for each in exchange.desk.records.positions(exchange.now()):
        market = exchange.market(each.ticker)
        if each.subaccount != subaccount or shard not in (None, each.exchange_index):
            continue
        if market is not None and market.quote is not None:
            last = market.quote.last_price
            total += notional(last, each.yes) + notional(complement(last), each.no)
    return total


def subaccount_balances(exchange: Exchange, _names: Names, _given: Query) -> Document:
    """``GET /portfolio/subaccounts/balances``."""
    now = exchange.now()
    updated = exchange.desk.records.as_of(now) // SECOND
    seen = sorted(exchange.desk.records.balances(now).items())
    return {
        "subaccount_balances": [
            {
                "subaccount_number": subaccount,
                "exchange_index": shard,
                "balance": documents.dollars(amount, 4),
                "updated_ts": updated,
            }
            for (subaccount, shard), amount in seen
        ]
    }


def netting(exchange: Exchange, _names: Names, _given: Query) -> Document:
    """``GET /portfolio/subaccounts/netting``."""
    account = exchange.desk.account
    numbers = sorted({subaccount for subaccount, _ in account.places()})
    return {
        "netting_configs": [
            {"subaccount_number": number, "enabled": account.netting(number)} for number in numbers
        ]
    }


def resting_value(exchange: Exchange, _names: Names, _given: Query) -> Document:
    """``GET /portfolio/summary/total_resting_order_value``."""
    resting = (
        each for each in exchange.desk.records.orders(exchange.now()) if each.status == "resting"
    )
    total = sum(map(documents.resting_value, resting))
    return {
        "total_resting_order_value": documents.cents(total),
        "total_resting_order_value_dollars": documents.dollars(total, 4),
    }


# --- positions, fills, settlements ---


def positions(exchange: Exchange, _names: Names, given: Query) -> Document:
    """``GET /portfolio/positions``: those not settled unless others are asked for."""
    wanted = query.text(given, "settlement_status") or "unsettled"
    if wanted not in ("unsettled", "settled", "all"):
        raise BadRequest("settlement_status must be unsettled, settled or all")
    subaccount, shard = _subaccount(given) or 0, _shard(given)
    records = [
        each
        for each in exchange.desk.records.positions(exchange.now())
        if each.subaccount == subaccount
        and shard in (None, each.exchange_index)
        and wanted in ("all", "settled" if each.settled else "unsettled")
        and _counts(each, given)
    ]
    records = _about(exchange, records, given)
    taken, cursor = query.page(given, records, lambda each: each.ticker, usual=100, most=_PAGE_MAX)
    return {
        "cursor": cursor,
        "market_positions": [documents.position(each) for each in taken],
        "event_positions": [
            documents.event_position(_event(exchange, each.ticker), each) for each in taken
        ],
    }


def _counts(record: PositionRecord, given: Query) -> bool:
    asked = query.names(given, "count_filter", len(_COUNTS)) or []
    if any(each not in _COUNTS for each in asked):
        raise BadRequest(f"count_filter must be of {', '.join(_COUNTS)}")
    amounts = {"position": record.net, "total_traded": record.traded}
    return all(amounts[each] for each in asked)


def fills(exchange: Exchange, _names: Names, given: Query) -> Document:
    """``GET /portfolio/fills``, the newest first."""
    order_id = query.text(given, "order_id")
    tickers = query.names(given, "ticker", _NAMES_MAX)
    low, high = query.instant(given, "min_ts"), query.instant(given, "max_ts")
    subaccount, shard = _subaccount(given), _shard(given)
    records = [
        each
        for each in exchange.desk.records.fills(exchange.now())
        if order_id in (None, each.order_id)
        and (tickers is None or each.ticker in tickers)
        and query.within(each.at, low, high)
        and subaccount in (None, each.subaccount)
        and shard in (None, each.exchange_index)
    ]
    # A trade with two fills of one account cannot be: its own orders never meet.
    taken, cursor = query.page(
        given, records, lambda each: each.trade_id, usual=100, most=_PAGE_MAX
    )
    return {"cursor": cursor, "fills": [documents.fill(each) for each in taken]}


def settlements(exchange: Exchange, _names: Names, given: Query) -> Document:
    """``GET /portfolio/settlements``, the newest first."""
    low, high = query.instant(given, "min_ts"), query.instant(given, "max_ts")
    subaccount = _subaccount(given)
    records = [
        each
        for each in exchange.desk.records.settlements(exchange.now())
        if query.within(each.at, low, high) and subaccount in (None, each.subaccount)
    ]
    records = _about(exchange, records, given)
    taken, cursor = query.page(
        given, records, lambda each: f"{each.ticker}/{each.subaccount}", usual=100, most=_PAGE_MAX
    )
    shown = [documents.settlement(each, _event(exchange, each.ticker)) for each in taken]
    return {"cursor": cursor, "settlements": shown}


# --- orders ---


def orders(exchange: Exchange, _names: Names, given: Query) -> Document:
    """``GET /portfolio/orders``, the newest first."""
    status = query.text(given, "status")
    if status not in (None, *_STATUSES):
        raise BadRequest(f"status must be one of {', '.join(_STATUSES)}")
    low, high = query.instant(given, "min_ts"), query.instant(given, "max_ts")
    subaccount, shard = _subaccount(given), _shard(given)
    records = [
        each
        for each in exchange.desk.records.orders(exchange.now())
        if status in (None, each.status)
        and query.within(each.created_at, low, high)
        and subaccount in (None, each.subaccount)
        and shard in (None, each.exchange_index)
    ]
    records = _about(exchange, records, given)
    taken, cursor = query.page(
        given, records, lambda each: each.order_id, usual=100, most=_PAGE_MAX
    )
    return {"cursor": cursor, "orders": [documents.order(each) for each in taken]}


def one_order(exchange: Exchange, names: Names, _given: Query) -> Document:
    """``GET /portfolio/orders/{order_id}``."""
    record = exchange.desk.records.one_order(names[0], exchange.now())
    if record is None:
        raise refusals.not_found()
    return {"order": documents.order(record)}


def queue_position(exchange: Exchange, names: Names, _given: Query) -> Document:
    """``GET /portfolio/orders/{order_id}/queue_position``: what trades before it."""
    order = exchange.desk.resting(names[0])
    if order is None:
        raise refusals.not_found()
    return {"queue_position_fp": format_quantity(exchange.desk.ahead(order))}


def queue_positions(exchange: Exchange, _names: Names, given: Query) -> Document:
    """``GET /portfolio/orders/queue_positions``."""
    tickers = query.names(given, "market_tickers", _NAMES_MAX)
    event, subaccount = query.text(given, "event_ticker"), _subaccount(given) or 0
    return {
        "queue_positions": [
            {
                "order_id": each.order_id,
                "market_ticker": each.ticker,
                "queue_position_fp": format_quantity(exchange.desk.ahead(each)),
            }
            for each in exchange.desk.all_resting()
            if each.subaccount == subaccount
            and (tickers is None or each.ticker in tickers)
            and event in (None, _event(exchange, each.ticker))
        ]
    }


# --- groups ---


def groups(exchange: Exchange, _names: Names, given: Query) -> Document:
    """``GET /portfolio/order_groups``: of shard 0 unless another is named."""
    found = exchange.desk.groups.on(_subaccount(given) or 0, _shard(given) or DEFAULT_SHARD)
    return {"order_groups": [{"id": each.group_id, **_group(each)} for each in found]}


def one_group(exchange: Exchange, names: Names, given: Query) -> Document:
    """``GET /portfolio/order_groups/{id}``."""
    group = exchange.desk.groups.find(names[0])
    here = (_subaccount(given) or 0, _shard(given) or DEFAULT_SHARD)
    if group is None or (group.subaccount, group.exchange_index) != here:
        raise refusals.not_found()
    return _group(group) | {"orders": list(group.orders)}


def _group(group: OrderGroup) -> Document:
    return {
        "is_auto_cancel_enabled": True,
        "contracts_limit_fp": format_quantity(Quantity(group.limit)),
        "exchange_index": group.exchange_index,
    }


# --- what a read is about ---


def _about(exchange: Exchange, records: Iterable[T], given: Query) -> list[T]:
    """Those of the markets and events that are named, of all where none is."""
    ticker = query.text(given, "ticker")
    events = query.names(given, "event_ticker", _EVENTS_MAX)
    return [
        each
        for each in records
        if ticker in (None, each.ticker)
        and (events is None or _event(exchange, each.ticker) in events)
    ]


def _event(exchange: Exchange, ticker: Ticker) -> str:
    """The event of a market; of one that is forgotten, what its ticker begins with."""
    market = exchange.market(ticker)
    return ticker.rpartition("-")[0] if market is None else market.contract.event_ticker


def _subaccount(given: Query) -> int | None:
    return query.number(given, "subaccount", 0, SUBACCOUNTS - 1)


def _shard(given: Query) -> int | None:
    return query.number(given, "exchange_index", 0, max(SHARDS))
