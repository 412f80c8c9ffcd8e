"""Orders, fills and what is kept of them, with every number small enough to check by hand."""

from pathlib import Path

from kalshi_assistant.domain.entries import Entry
from kalshi_assistant.domain.events import OrderFilled
from kalshi_assistant.domain.orders import BID, Order
from kalshi_assistant.domain.time import SECOND
from kalshi_assistant.execution.ledger import Ledger
from kalshi_assistant.runtime.store import Lease, Store

NOON = 1_795_262_400 * SECOND
"""2026-11-21T12:00:00Z, 7 in the morning in New York."""
CASH = 100_000_000


def order(number=1, side=BID, limit=5_600, quantity=1_000, **more):
    """An order of ours in market T, unless told otherwise."""
    told = {"ticker": "T", "made_at": NOON, **more}
    return Order(id=f"n-1-{number}", side=side, limit=limit, quantity=quantity, **told)


def fill(number, side=BID, price=5_600, quantity=1_000, fee=0, ticker="T", at=NOON, order_id="o"):
    """A fill of ours as the venue tells it; ``number`` is its trade."""
    return OrderFilled(
        at=at,
        received_at=at,
        ticker=ticker,
        order_id=order_id,
        client_order_id=f"n-1-{number}",
        trade_id=str(number),
        side=side,
        price=price,
        quantity=quantity,
        is_taker=True,
        fee=fee,
        position_after=None,
        source="venue",
    )


def opened(path: Path, cash: int = CASH) -> tuple[Store, Lease]:
    """A store with an account and its lease, taken at noon."""
    store = Store.open(path)
    store.start(cash)
    lease = store.claim("test", NOON)
    assert lease is not None
    return store, lease


def a_morning(ledger: Ledger, begin: int = NOON) -> list[Entry]:
    """Three markets: won, sold before the end, and one still held."""
    ours = order(1, fair=620_000, top=5_500)
    entries = [
        ledger.fill(fill(1, price=5_600, quantity=1_000, fee=17_248, ticker="A", at=begin), ours),
        ledger.settle("A", "yes", begin + 900 * SECOND),
        ledger.fill(fill(2, price=4_000, quantity=500, ticker="B", at=begin), None),
        ledger.fill(fill(3, 1, 4_500, 500, fee=9_000, ticker="B", at=begin + SECOND), None),
        ledger.settle("B", "no", begin + 900 * SECOND),
        ledger.fill(fill(4, 1, 7_000, 200, fee=1_000, ticker="C", at=begin), None),
    ]
    assert all(entries)
    return entries
