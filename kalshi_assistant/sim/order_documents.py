"""Orders, fills, positions and settlements as the venue writes them, on REST and on the socket.

Direction is said twice, as the venue still does: by ``outcome_side`` and ``book_side``, and by the
older words. Buying NO is written as ``buy`` of ``no``. Costs of fills are those of the outcome
bought.
"""

from typing import Any

from kalshi_assistant.domain.orders import BID
from kalshi_assistant.domain.time import MILLISECOND, SECOND, format_iso
from kalshi_assistant.domain.units import (
    MONEY_SCALE,
    complement,
    format_price,
    format_quantity,
    notional,
)
from kalshi_assistant.sim.private import (
    SIDE_WORDS,
    USER_ID,
    FillRecord,
    GroupTold,
    OrderRecord,
    PositionRecord,
    SettlementRecord,
    outcome_of,
    outcome_price,
)

_CENT = MONEY_SCALE // 100


def dollars(money: int, decimals: int) -> str:
    """Micro-dollars as dollars with so many decimals, the rest cut off toward zero."""
    whole, part = divmod(abs(money), MONEY_SCALE)
    text = f"{whole}.{part:06d}"
    return f"-{text[: len(text) - 6 + decimals]}" if money < 0 else text[: len(text) - 6 + decimals]


def cents(money: int) -> int:
    """Whole cents, the rest cut off toward zero."""
    return money // _CENT if money >= 0 else -(-money // _CENT)


def _direction(side: int, *, bought: str = "side") -> dict[str, Any]:
    outcome = "yes" if side == BID else "no"
    book = "bid" if side == BID else "ask"
    return {bought: outcome, "action": "buy", "outcome_side": outcome, "book_side": book}


def _amounts(record: OrderRecord) -> dict[str, Any]:
    return {
        "fill_count_fp": format_quantity(record.filled),
        "remaining_count_fp": format_quantity(record.remaining),
        "initial_count_fp": format_quantity(record.initial),
        "taker_fill_cost_dollars": dollars(record.taker_cost, 6),
        "maker_fill_cost_dollars": dollars(record.maker_cost, 6),
        "taker_fees_dollars": dollars(record.taker_fees, 6),
        "maker_fees_dollars": dollars(record.maker_fees, 6),
    }


def order(record: OrderRecord) -> dict[str, Any]:
    """An order as REST shows it."""
    shown = {
        "order_id": record.order_id,
        "user_id": USER_ID,
        "client_order_id": record.client_order_id,
        "ticker": record.ticker,
        **_direction(record.side),
        "type": "limit",
        "status": record.status,
        "yes_price_dollars": format_price(record.price),
        "no_price_dollars": format_price(complement(record.price)),
        **_amounts(record),
        "created_time": format_iso(record.created_at),
        "last_update_time": format_iso(record.updated_at),
        "self_trade_prevention_type": record.self_trade,
        "cancel_order_on_pause": record.cancel_on_pause,
        "subaccount_number": record.subaccount,
        "exchange_index": record.exchange_index,
    }
    if record.group_id is not None:
        shown["order_group_id"] = record.group_id
    if record.expires_at is not None:
        shown["expiration_time"] = format_iso(record.expires_at)
    return shown


def user_order(record: OrderRecord) -> dict[str, Any]:
    """The body of a ``user_order`` message."""
    shown = {
        "order_id": record.order_id,
        "user_id": USER_ID,
        "ticker": record.ticker,
        "exchange_index": record.exchange_index,
        "status": record.status,
        "side": outcome_of(record.side),
        "is_yes": record.side == BID,
        "outcome_side": outcome_of(record.side),
        "book_side": SIDE_WORDS[record.side],
        "yes_price_dollars": format_price(record.price),
        **_amounts(record),
        "client_order_id": record.client_order_id,
        "self_trade_prevention_type": record.self_trade,
        "created_time": format_iso(record.created_at),
        "created_ts_ms": record.created_at // MILLISECOND,
        "last_updated_ts_ms": record.updated_at // MILLISECOND,
        "subaccount_number": record.subaccount,
    }
    if record.reason is not None:
        shown["last_update_reason"] = record.reason
    if record.group_id is not None:
        shown["order_group_id"] = record.group_id
    if record.expires_at is not None:
        shown["expiration_ts_ms"] = record.expires_at // MILLISECOND
    return shown


def fill(record: FillRecord) -> dict[str, Any]:
    """A fill as REST shows it: without the client's own id."""
    return {
        "fill_id": record.trade_id,
        "trade_id": record.trade_id,
        "order_id": record.order_id,
        "ticker": record.ticker,
        "market_ticker": record.ticker,
        "exchange_index": record.exchange_index,
        **_direction(record.side),
        "count_fp": format_quantity(record.quantity),
        "yes_price_dollars": format_price(record.price),
        "no_price_dollars": format_price(complement(record.price)),
        "is_taker": record.is_taker,
        "fee_cost": dollars(record.fee, 6),
        "created_time": format_iso(record.at),
        "subaccount_number": record.subaccount,
        "ts": record.at // SECOND,
    }


def fill_message(record: FillRecord) -> dict[str, Any]:
    """The body of a ``fill`` message."""
    return {
        "trade_id": record.trade_id,
        "order_id": record.order_id,
        "client_order_id": record.client_order_id,
        "market_ticker": record.ticker,
        "exchange_index": record.exchange_index,
        "is_taker": record.is_taker,
        **_direction(record.side),
        "purchased_side": outcome_of(record.side),
        "yes_price_dollars": format_price(record.price),
        "count_fp": format_quantity(record.quantity),
        "fee_cost": dollars(record.fee, 6),
        "ts": record.at // SECOND,
        "ts_ms": record.at // MILLISECOND,
        "post_position_fp": format_quantity(record.position_after),
        "subaccount": record.subaccount,
    }


def position(record: PositionRecord) -> dict[str, Any]:
    """A position as REST shows it."""
    return {
        "ticker": record.ticker,
        "exchange_index": record.exchange_index,
        "total_traded_dollars": dollars(record.traded, 4),
        "position_fp": format_quantity(record.net),
        "market_exposure_dollars": dollars(record.cost, 4),
        "realized_pnl_dollars": dollars(record.realized, 4),
        "fees_paid_dollars": dollars(record.fees, 4),
        "last_updated_ts": format_iso(record.updated_at),
    }


def event_position(event_ticker: str, record: PositionRecord) -> dict[str, Any]:
    """The same as a position in its event, which has one market."""
    return {
        "event_ticker": event_ticker,
        "total_cost_dollars": dollars(record.traded, 4),
        "total_cost_shares_fp": format_quantity(record.volume),
        "event_exposure_dollars": dollars(record.cost, 4),
        "realized_pnl_dollars": dollars(record.realized, 4),
        "fees_paid_dollars": dollars(record.fees, 4),
    }


def position_message(record: PositionRecord) -> dict[str, Any]:
    """The body of a ``market_position`` message."""
    return {
        "user_id": USER_ID,
        "market_ticker": record.ticker,
        "position_fp": format_quantity(record.net),
        "position_cost_dollars": dollars(record.cost, 4),
        "realized_pnl_dollars": dollars(record.realized, 4),
        "fees_paid_dollars": dollars(record.fees, 4),
        "position_fee_cost_dollars": dollars(record.fees, 4),
        "volume_fp": format_quantity(record.volume),
        "subaccount": record.subaccount,
    }


def settlement(record: SettlementRecord, event_ticker: str) -> dict[str, Any]:
    """A settlement; ``value`` and ``revenue`` are whole cents."""
    return {
        "ticker": record.ticker,
        "exchange_index": record.exchange_index,
        "event_ticker": event_ticker,
        "market_result": record.result,
        "yes_count_fp": format_quantity(record.yes),
        "yes_total_cost_dollars": dollars(record.yes_cost, 6),
        "no_count_fp": format_quantity(record.no),
        "no_total_cost_dollars": dollars(record.no_cost, 6),
        "revenue": cents(record.revenue),
        "settled_time": format_iso(record.at),
        "fee_cost": dollars(record.fees, 6),
        "value": 100 if record.result == "yes" else 0,
    }


def order_group_message(told: GroupTold) -> dict[str, Any]:
    """The body of an ``order_group_updates`` message."""
    limit = {} if told.limit is None else {"contracts_limit_fp": format_quantity(told.limit)}
    return {
        "event_type": told.change,
        "order_group_id": told.group_id,
        **limit,
        "ts_ms": told.at // MILLISECOND,
    }


def resting_value(record: OrderRecord) -> int:
    """What the rest of an order would cost."""
    return notional(outcome_price(record.side, record.price), record.remaining)
