"""What an account on paper came to under each assumption: its fills entered anew.

Fills are the truth; what is held follows from those of markets not paid out yet, and profit from
the payouts. Which assumptions there are is for who trades to know: one that never filled is not
found here.
"""

from collections import defaultdict
from collections.abc import Callable
from typing import Any, Final

import msgspec

from kalshi_assistant.domain.entries import Holding, PolicyStanding
from kalshi_assistant.domain.events import OrderFilled
from kalshi_assistant.domain.ids import Ticker
from kalshi_assistant.domain.units import Money, Quantity
from kalshi_assistant.execution.ledger import RESULTS_MAX, Ledger

Rows = Callable[[str, tuple[object, ...]], list[tuple[Any, ...]]]
"""Asks the file."""

_OPEN: Final = """
    SELECT at, ticker, client_order_id, trade_id, side, price, quantity, is_taker, fee, policy
    FROM policy_fills AS fill WHERE account = ? AND number > coalesce(
        (SELECT max(fills) FROM policy_settlements AS paid WHERE paid.account = fill.account
         AND paid.ticker = fill.ticker AND paid.policy = fill.policy), 0)
    ORDER BY number"""
_PAID: Final = """
    SELECT policy, sum(pnl) FROM policy_settlements WHERE account = ? AND pnl IS NOT NULL
    GROUP BY policy"""
_PAID_OUT: Final = """
    SELECT policy, ticker, sum(CASE side WHEN 0 THEN quantity ELSE -quantity END)
    FROM policy_fills WHERE account = ?1 AND ticker IN (
        SELECT ticker FROM policy_settlements WHERE account = ?1 ORDER BY number DESC LIMIT ?2)
    GROUP BY policy, ticker ORDER BY max(number)"""
"""What bought less what sold is what was paid out in the end."""
_FEES: Final = "SELECT policy, sum(fee) FROM policy_fills WHERE account = ? GROUP BY policy"
_PAID_BEFORE: Final = """
    SELECT policies FROM settlements AS paid WHERE account = ?1 AND EXISTS (
        SELECT 1 FROM policy_settlements AS old WHERE old.account = ?1
        AND old.ticker = paid.ticker AND old.pnl IS NULL)"""


def policies_of(rows: Rows, account: int, start: Money) -> tuple[PolicyStanding, ...]:
    """Every assumption that filled anything in this account, which began with ``start``."""
    profits: defaultdict[str, int] = defaultdict(int)
    for policy, pnl in rows(_PAID, (account,)):
        profits[policy] += pnl
    for [told] in rows(_PAID_BEFORE, (account,)):  # by a version that knew of no other place
        for policy, pnl in msgspec.json.decode(told, type=dict[str, int]).items():
            profits[policy] += pnl
    held = _held(rows, account, start, profits)
    paid: defaultdict[str, list[tuple[Ticker, Quantity]]] = defaultdict(list)
    for policy, ticker, quantity in rows(_PAID_OUT, (account, RESULTS_MAX)):
        if not any(each.ticker == ticker for each in _holdings(held, policy)):
            paid[policy].append((ticker, quantity))
    found = []
    for policy, fees in rows(_FEES, (account,)):
        profit = Money(profits[policy])
        ledger = held.get(policy) or Ledger(Money(start + profit))
        found.append(
            PolicyStanding(
                policy,
                ledger.cash,
                Money(fees),
                Money(profit + ledger.realized),
                profit,
                ledger.holdings(),
                tuple(paid[policy]),
            )
        )
    return tuple(found)


def _holdings(held: dict[str, Ledger], policy: str) -> tuple[Holding, ...]:
    ledger = held.get(policy)
    return () if ledger is None else ledger.holdings()


def _held(
    rows: Rows, account: int, start: Money, profits: defaultdict[str, int]
) -> dict[str, Ledger]:
    """What is not paid out yet, entered into accounts that begin with what was before it."""
    held: dict[str, Ledger] = {}
    for *values, policy in rows(_OPEN, (account,)):
        at, ticker, name, trade, side, price, quantity, is_taker, fee = values
        fill = OrderFilled(
            at=at,
            received_at=at,
            ticker=ticker,
            order_id=name,
            client_order_id=name,
            trade_id=trade,
            side=side,
            price=price,
            quantity=quantity,
            is_taker=bool(is_taker),
            fee=fee,
            position_after=None,
            source=policy,
        )
        held.setdefault(policy, Ledger(Money(start + profits[policy]))).fill(fill, None)
    return held
