"""Entries as rows: each kind in its own table, and in the sums that a start reads.

Called inside a transaction of ``Store``. Fills and settlements share one count, so that together
they can be read in the order in which they were kept.
"""

import sqlite3
from typing import assert_never

import msgspec

from kalshi_assistant.domain.entries import (
    Entry,
    FillKept,
    GroupKept,
    HaltKept,
    OrderKept,
    PolicyFillKept,
    PolicySettlementKept,
    SettlementKept,
    StandingKept,
)
from kalshi_assistant.domain.evidence import EvidenceKept
from kalshi_assistant.runtime.store_evidence import enter_evidence

_FILL = """
    INSERT INTO fills (
        number, account, at, ticker, client_order_id, order_id, trade_id, side, price, quantity,
        is_taker, fee, source, purpose, kind, cash, realized, held_quantity, held_cost, held_fees,
        held_realized, held_edge, held_slippage, held_believed
    ) VALUES (
        1 + max((SELECT coalesce(max(number), 0) FROM fills),
                (SELECT coalesce(max(number), 0) FROM settlements)),
        (SELECT max(number) FROM accounts),
        ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_POLICY_FILL = """
    INSERT INTO policy_fills (
        account, at, ticker, client_order_id, trade_id, side, price, quantity, is_taker, fee, policy
    ) VALUES ((SELECT max(number) FROM accounts), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_SETTLEMENT = """
    INSERT INTO settlements (
        number, account, at, ticker, result, quantity, cost, payout, fees, pnl, edge, drift,
        slippage, cash, realized, policies
    ) VALUES (
        1 + max((SELECT coalesce(max(number), 0) FROM fills),
                (SELECT coalesce(max(number), 0) FROM settlements)),
        (SELECT max(number) FROM accounts),
        ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_POLICY_SETTLEMENT = """
    INSERT INTO policy_settlements (account, fills, at, ticker, policy, result, pnl)
    VALUES ((SELECT max(number) FROM accounts),
        (SELECT coalesce(max(number), 0) FROM policy_fills), ?, ?, ?, ?, ?)"""
_HOLDING = "INSERT OR REPLACE INTO holdings VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_SUMS = """
    UPDATE accounts SET cash = ?, realized = ?, fees = fees + ?
    WHERE number = (SELECT max(number) FROM accounts)"""
_STANDING = """
    UPDATE accounts SET start = ?, cash = ?, peak = ?, day = ?, day_start = ?, losses_in_a_row = ?,
        good_windows = ?, cooling_until = ?
    WHERE number = (SELECT max(number) FROM accounts)"""


def enter(connection: sqlite3.Connection, entry: Entry) -> None:
    """Write one entry. Raises sqlite3.Error."""
    match entry:
        case FillKept():
            _fill(connection, entry)
        case PolicyFillKept():
            connection.execute(_POLICY_FILL, msgspec.structs.astuple(entry))
        case SettlementKept():
            _settlement(connection, entry)
        case PolicySettlementKept():
            connection.execute(_POLICY_SETTLEMENT, msgspec.structs.astuple(entry))
        case OrderKept():
            connection.execute(
                "UPDATE orders SET state = ?, order_id = coalesce(?, order_id), filled = ?, "
                "reason = coalesce(?, reason), changed_at = ? WHERE id = ?",
                (entry.state, entry.order_id, entry.filled, entry.reason, entry.at, entry.id),
            )
        case HaltKept():
            _halt(connection, entry)
        case GroupKept():
            _group(connection, entry)
        case StandingKept():
            connection.execute(_STANDING, msgspec.structs.astuple(entry)[1:])
        case EvidenceKept():
            enter_evidence(connection, entry)
        case _:
            assert_never(entry)


def _fill(connection: sqlite3.Connection, entry: FillKept) -> None:
    holding = msgspec.structs.astuple(entry.holding)
    connection.execute(_FILL, (*msgspec.structs.astuple(entry)[:-1], *holding[1:]))
    connection.execute(_HOLDING, holding)
    connection.execute(_SUMS, (entry.cash, entry.realized, entry.fee))


def _settlement(connection: sqlite3.Connection, entry: SettlementKept) -> None:
    policies = msgspec.json.encode(dict(entry.policies)).decode()
    connection.execute(_SETTLEMENT, (*msgspec.structs.astuple(entry)[:-1], policies))
    connection.execute("DELETE FROM holdings WHERE ticker = ?", (entry.ticker,))
    connection.execute(_SUMS, (entry.cash, entry.realized, 0))


def _halt(connection: sqlite3.Connection, entry: HaltKept) -> None:
    halt = entry.halt
    if entry.cleared is not None:
        connection.execute(
            "UPDATE halts SET cleared_at = ?, cleared_because = ? "
            "WHERE breaker = ? AND since <= ? AND cleared_at IS NULL",
            (entry.at, entry.cleared, halt.breaker, halt.since),
        )
        return
    open_halt(connection, halt.breaker, halt.reason, halt.since)


def _group(connection: sqlite3.Connection, entry: GroupKept) -> None:
    if entry.state == "gone":
        connection.execute("DELETE FROM order_groups WHERE group_id = ?", (entry.group_id,))
        return
    connection.execute(
        "INSERT OR REPLACE INTO order_groups VALUES (?, ?, ?, ?)",
        (entry.group_id, entry.exchange_index, entry.state, entry.at),
    )


def open_halt(connection: sqlite3.Connection, breaker: str, reason: str, since: int) -> None:
    """Open a breaker for good; one that stands stays as it was. Raises sqlite3.Error."""
    connection.execute(
        "INSERT INTO halts (breaker, reason, since) SELECT ?1, ?2, ?3 WHERE NOT EXISTS "
        "(SELECT 1 FROM halts WHERE breaker = ?1 AND cleared_at IS NULL)",
        (breaker, reason, since),
    )
