"""``history``: what was traded, ordered and paid out, from the ledger."""

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kalshi_assistant.cli.ledgers import (
    LIMIT,
    Limit,
    OfMode,
    aligned,
    bought,
    cents,
    reading,
    signed_money,
)
from kalshi_assistant.cli.output import ConfigFile, Json, Output
from kalshi_assistant.cli.running import Environment, StateDir
from kalshi_assistant.domain.entries import FillKept, SettlementKept
from kalshi_assistant.domain.time import format_iso
from kalshi_assistant.domain.units import format_money, format_price, format_quantity

if TYPE_CHECKING:
    from kalshi_assistant.runtime.store_reading import KeptOrder, Reading

_TRADES = ("time", "market", "what", "contracts", "at", "fee", "profit", "cash after")
_WINDOWS = ("market", "result", "profit", "edge", "slippage", "drift", "fees")
_ORDERS = ("time", "market", "what", "contracts", "limit", "filled", "state", "why")


class What(StrEnum):
    """What is listed."""

    TRADES = "trades"
    WINDOWS = "windows"
    ORDERS = "orders"


WhatOption = Annotated[
    What,
    typer.Option(help="trades: fills and payouts; windows: profit by market; orders: every order."),
]


def history(
    what: WhatOption = What.TRADES,
    limit: Limit = LIMIT,
    mode: OfMode = None,
    environment: Environment = None,
    state_dir: StateDir = None,
    as_json: Json = False,
    config: ConfigFile = None,
) -> int:
    """List what was traded, ordered and paid out: the newest, oldest first.

    Works while the assistant runs. Profit is after fees and is told apart: edge (what was believed
    at entry against the best price), slippage, and drift, which is what the outcome made of it.
    """
    output = Output(as_json=as_json)
    with reading(mode, environment, state_dir, config, output) as ledger:
        if ledger is None:
            return 0
        found, head, line = _listed(what, limit, ledger)
        for each in found:
            kind, fields = _record(each)
            output.record(kind, **fields)
        if found:
            output.say(aligned(head, [line(each) for each in found]))
        else:
            output.note(f"no {what.value} yet")
        if len(found) == limit:
            output.note(f"the newest {limit}; --limit N shows more")
    return 0


Line = Callable[[Any], Sequence[str]]


def _listed(
    what: What, limit: int, ledger: "Reading"
) -> tuple[Sequence[object], Sequence[str], Line]:
    """What to list, and as what table."""
    match what:
        case What.TRADES:
            return ledger.trades(limit), _TRADES, _trade_line
        case What.WINDOWS:
            return ledger.settlements(limit), _WINDOWS, _window_line
        case What.ORDERS:
            return ledger.orders(limit), _ORDERS, _order_line


# --- for machines --------------------------------------------------------------------------------


def _record(entry: object) -> tuple[str, dict[str, object]]:
    """The type of an object of output, and its fields."""
    if isinstance(entry, FillKept):
        return "fill", fill_fields(entry)
    if isinstance(entry, SettlementKept):
        return "settlement", settlement_fields(entry)
    from kalshi_assistant.runtime.store_reading import KeptOrder

    assert isinstance(entry, KeptOrder)
    return "order", _order_fields(entry)


def fill_fields(fill: FillKept) -> dict[str, object]:
    """A fill with prices of the outcome bought."""
    outcome, price = bought(fill.side, fill.price)
    return {
        "at": format_iso(fill.at),
        "ticker": fill.ticker,
        "buy": outcome,
        "price": format_price(price),
        "quantity": format_quantity(fill.quantity),
        "closed": format_quantity(closed(fill)),
        "fee": format_money(fill.fee),
        "taker": fill.is_taker,
        "purpose": fill.purpose,
        "signal": fill.kind,
        "source": fill.source,
        "order_id": fill.order_id,
        "client_order_id": fill.client_order_id,
        "trade_id": fill.trade_id,
        "cash": format_money(fill.cash),
        "realized": format_money(fill.realized),
        "position": format_quantity(fill.holding.quantity),
    }


def closed(fill: FillKept) -> int:
    """How much of a fill closed contracts of the other outcome."""
    signed = fill.quantity if fill.side == 0 else -fill.quantity
    before = fill.holding.quantity - signed
    return min(abs(before), fill.quantity) if before * signed < 0 else 0


def settlement_fields(end: SettlementKept) -> dict[str, object]:
    """A payout; ``pnl = edge + slippage + drift - fees``."""
    return {
        "at": format_iso(end.at),
        "ticker": end.ticker,
        "result": end.result,
        "position": format_quantity(end.quantity),
        "cost": format_money(end.cost),
        "payout": format_money(end.payout),
        "pnl": format_money(end.pnl),
        "edge": format_money(end.edge),
        "slippage": format_money(end.slippage),
        "drift": format_money(end.drift),
        "fees": format_money(end.fees),
        "cash": format_money(end.cash),
        "realized": format_money(end.realized),
        "policies": {name: format_money(pnl) for name, pnl in end.policies},
    }


def _order_fields(kept: "KeptOrder") -> dict[str, object]:
    order = kept.order
    outcome, limit = bought(order.side, order.limit)
    return {
        "made_at": format_iso(order.made_at),
        "changed_at": format_iso(kept.changed_at),
        "id": order.id,
        "order_id": kept.order_id,
        "ticker": order.ticker,
        "buy": outcome,
        "limit": format_price(limit),
        "quantity": format_quantity(order.quantity),
        "filled": format_quantity(kept.filled),
        "state": kept.state,
        "reason": kept.reason,
        "time_in_force": order.time_in_force,
        "post_only": order.post_only,
        "purpose": order.purpose,
        "signal": order.kind,
        "fair": None if order.fair is None else format_money(order.fair),
        "top": None if order.top is None else format_price(order.top),
    }


# --- for people ----------------------------------------------------------------------------------


def _trade_line(entry: FillKept | SettlementKept) -> Sequence[str]:
    when, cash = format_iso(entry.at), format_money(entry.cash)
    if isinstance(entry, SettlementKept):
        what = f"settled {entry.result.upper()}"
        held = format_quantity(abs(entry.quantity))
        return when, entry.ticker, what, held, "-", "-", signed_money(entry.pnl), cash
    outcome, price = bought(entry.side, entry.price)
    what, fee = f"buy {outcome.upper()}", format_money(entry.fee)
    if closed(entry):
        what += " to close" if closed(entry) == entry.quantity else " and turn"
    return when, entry.ticker, what, format_quantity(entry.quantity), cents(price), fee, "-", cash


def _window_line(end: SettlementKept) -> Sequence[str]:
    parts = (end.pnl, end.edge, end.slippage, end.drift)
    return (end.ticker, end.result.upper(), *map(signed_money, parts), format_money(end.fees))


def _order_line(kept: "KeptOrder") -> Sequence[str]:
    order = kept.order
    outcome, limit = bought(order.side, order.limit)
    return (
        format_iso(order.made_at),
        order.ticker,
        f"{order.purpose.replace('_', ' ')} {outcome.upper()}",
        format_quantity(order.quantity),
        cents(limit),
        format_quantity(kept.filled),
        kept.state,
        kept.reason or "-",
    )
