"""The ledger file for who only looks: works while an engine writes, and changes nothing.

Everything is of the account in force: a paper account that was begun anew hides the one before.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from heapq import merge
from operator import itemgetter
from pathlib import Path
from typing import Any

import msgspec

from kalshi_assistant.domain.entries import FillKept, Halt, Holding, SettlementKept
from kalshi_assistant.domain.errors import OperatorError
from kalshi_assistant.domain.evidence import EvidenceKept
from kalshi_assistant.domain.orders import Order, OrderState
from kalshi_assistant.domain.time import Nanos
from kalshi_assistant.domain.units import Money, Quantity
from kalshi_assistant.runtime.store_schema import connect_to_read

_FILLS = """
    SELECT number, at, ticker, client_order_id, order_id, trade_id, side, price, quantity, is_taker,
        fee, source, purpose, kind, cash, realized, held_quantity, held_cost, held_fees,
        held_realized, held_edge, held_slippage, held_believed
    FROM fills WHERE account = (SELECT max(number) FROM accounts)"""
_SETTLEMENTS = """
    SELECT number, at, ticker, result, quantity, cost, payout, fees, pnl, edge, drift, slippage,
        cash, realized, policies
    FROM settlements WHERE account = (SELECT max(number) FROM accounts)"""
_ORDERS = """
    SELECT number, body, state, order_id, filled, reason, changed_at
    FROM orders WHERE account = (SELECT max(number) FROM accounts)"""

Numbered = tuple[int, FillKept | SettlementKept]


class Account(msgspec.Struct, frozen=True):
    """The sums of an account."""

    start: Money
    cash: Money
    fees: Money
    realized: Money


class KeptOrder(msgspec.Struct, frozen=True):
    """An order and how far it has got."""

    order: Order
    state: OrderState
    order_id: str | None
    filled: Quantity
    reason: str | None
    changed_at: Nanos


class Reading:
    """A ledger file, open for looking. Every method raises OperatorError where it cannot be read.

    Lists are the newest of their kind, the oldest of these first.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        """Call ``of``."""
        self._path = path
        self._connection = connection

    @classmethod
    @contextmanager
    def of(cls, path: Path) -> Iterator["Reading | None"]:
        """The ledger in this file as it is now; ``None`` where there is none yet.

        What is kept meanwhile is not seen. Raises OperatorError.
        """
        connection = connect_to_read(path)
        if connection is None:
            yield None
            return
        with closing(connection):
            reading = cls(path, connection)
            reading._all("BEGIN")
            yield reading

    def account(self) -> Account | None:
        """Its sums; ``None`` before the account was opened."""
        found = self._all(
            "SELECT start, cash, fees, realized FROM accounts ORDER BY number DESC LIMIT 1"
        )
        return Account(*found[0]) if found else None

    def holdings(self) -> list[Holding]:
        """Markets traded and not yet paid out."""
        return [
            Holding(*row)
            for row in self._all(
                "SELECT ticker, quantity, cost, fees, realized, edge, slippage, believed "
                "FROM holdings ORDER BY ticker"
            )
        ]

    def halts(self) -> list[Halt]:
        """Those that stand."""
        query = "SELECT breaker, reason, since FROM halts WHERE cleared_at IS NULL ORDER BY number"
        return [Halt(*row) for row in self._all(query)]

    def trades(self, limit: int) -> list[FillKept | SettlementKept]:
        """Fills and payouts, in the order in which they were kept."""
        fills = self._all(f"{_FILLS} ORDER BY number DESC LIMIT ?", limit)
        ends = self._all(f"{_SETTLEMENTS} ORDER BY number DESC LIMIT ?", limit)
        newest: list[Numbered] = [*map(_fill, fills), *map(_settlement, ends)]
        newest.sort(key=itemgetter(0))
        return [entry for _, entry in newest[-limit:]]

    def settlements(self, limit: int) -> list[SettlementKept]:
        """Markets paid out."""
        rows = self._all(f"{_SETTLEMENTS} ORDER BY number DESC LIMIT ?", limit)
        return [_settlement(row)[1] for row in reversed(rows)]

    def orders(self, limit: int) -> list[KeptOrder]:
        """Orders, in the order in which they were made."""
        rows = self._all(f"{_ORDERS} ORDER BY number DESC LIMIT ?", limit)
        decode = msgspec.json.Decoder(Order).decode
        return [KeptOrder(decode(body), *rest) for _, body, *rest in reversed(rows)]

    def entries(self) -> Iterator[FillKept | SettlementKept]:
        """Every fill and payout ever, in the order in which they were kept, a few at a time."""
        fills = map(_fill, self._rows(f"{_FILLS} ORDER BY number"))
        ends = map(_settlement, self._rows(f"{_SETTLEMENTS} ORDER BY number"))
        both: Iterator[Numbered] = merge(fills, ends, key=itemgetter(0))
        return (entry for _, entry in both)

    def all_settlements(self) -> Iterator[SettlementKept]:
        """Every market ever paid out, in the order in which they were kept, a few at a time."""
        return (_settlement(row)[1] for row in self._rows(f"{_SETTLEMENTS} ORDER BY number"))

    def evidence(self) -> list[EvidenceKept]:
        """What every kind of signal has brought, window by window, in the order of settling; those
        without a result last. It is the signals' record, whichever account is in force.
        """
        decode = msgspec.json.Decoder(EvidenceKept).decode
        query = "SELECT body FROM evidence ORDER BY settled DESC, at, number"
        return [decode(body) for (body,) in self._rows(query)]

    def _rows(self, query: str, *values: object) -> Iterator[tuple[Any, ...]]:
        try:
            yield from self._connection.execute(query, values)
        except sqlite3.Error as error:
            raise OperatorError(
                f"the ledger {self._path} cannot be read: {error}; try again, and if it stays so "
                "keep a copy of it: `run` says what is wrong with it"
            ) from error

    def _all(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        return list(self._rows(query, *values))


def _fill(row: tuple[Any, ...]) -> tuple[int, FillKept]:
    number, *values = row[:16]
    holding = Holding(row[2], *row[16:])
    is_taker = 8  # SQLite knows no flags
    values[is_taker] = bool(values[is_taker])
    whole: list[Any] = [*values, holding]
    return number, FillKept(*whole)


def _settlement(row: tuple[Any, ...]) -> tuple[int, SettlementKept]:
    number, *values, policies = row
    told = tuple(msgspec.json.decode(policies, type=dict[str, Money]).items())
    whole: list[Any] = [*values, told]
    return number, SettlementKept(*whole)
