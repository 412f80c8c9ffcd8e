"""Cash, positions, profit, to the micro-dollar; what goes in comes out, asserted at every entry.

A position is signed: contracts of YES, or of NO as a negative number, as the venue nets them.
Buying NO at ``1 - p`` is selling YES at ``p``. Opening costs its price; closing pays the price; a
settled winner pays one dollar.

Two roads lead to the same balance, and every entry asserts that they meet: cash as it was paid, and
profit as it was earned.

Known limitation: a market is paid out once. A fill told only after the payout opens a holding that
nothing settles; on paper that cannot be, because no order is filled after the close.
"""

from dataclasses import dataclass, field
from typing import Final

from kalshi_assistant.domain.contract import Outcome
from kalshi_assistant.domain.events import OrderFilled
from kalshi_assistant.domain.ids import Ticker
from kalshi_assistant.domain.orders import BID, Position
from kalshi_assistant.domain.units import Money, Quantity, complement, notional, payoff

SEEN_MAX: Final = 100_000
"""Trades remembered as entered: years of paper. The oldest is forgotten first."""


@dataclass(slots=True)
class _Holding:
    quantity: int = 0
    cost: int = 0
    """Paid for what is held now, without fees."""
    fees: int = 0
    """Paid in this market so far."""
    realized: int = 0
    """Profit of closed and settled contracts, before fees."""


@dataclass(slots=True)
class Ledger:
    """One account on paper or at the venue."""

    start: Money
    cash: Money = field(init=False)
    """May fall below zero: what may be spent is asked before an order leaves, not here."""
    fees: Money = field(init=False, default_factory=lambda: Money(0))
    realized: Money = field(init=False, default_factory=lambda: Money(0))
    """Profit of closed and settled contracts, after every fee paid so far."""
    _held: dict[Ticker, _Holding] = field(init=False, default_factory=dict)
    _seen: dict[tuple[str, str], None] = field(init=False, default_factory=dict)
    """(order, trade) of every fill entered, in their order."""

    def __post_init__(self) -> None:
        self.cash = self.start

    @property
    def open_positions(self) -> int:
        """Markets in which something is held."""
        return sum(holding.quantity != 0 for holding in self._held.values())

    def position(self, ticker: Ticker) -> Position:
        """What is held in one market."""
        held = self._held.get(ticker) or _Holding()
        return Position(ticker, Quantity(held.quantity), Money(held.cost), Money(held.fees))

    def fill(self, fill: OrderFilled) -> bool:
        """Enter a fill once; ``False`` when this trade of this order was entered before."""
        if not self._is_new(fill):
            return False
        held = self._held.setdefault(fill.ticker, _Holding())
        signed = fill.quantity if fill.side == BID else -fill.quantity
        closing = min(abs(signed), abs(held.quantity)) if signed * held.quantity < 0 else 0
        self._close(held, fill, closing)
        self._open(held, fill, abs(signed) - closing)
        held.fees += fill.fee
        self._pay(fill.fee)
        self.fees = Money(self.fees + fill.fee)
        self.realized = Money(self.realized - fill.fee)
        self._balance()
        return True

    def settle(self, ticker: Ticker, result: Outcome) -> Money:
        """Pay out what is held and forget it; answers the market's whole profit after fees."""
        held = self._held.pop(ticker, None)
        if held is None:
            return Money(0)
        won = held.quantity > 0 if result == "yes" else held.quantity < 0
        paid = payoff(Quantity(abs(held.quantity))) if won else Money(0)
        self.cash = Money(self.cash + paid)
        gain = paid - held.cost
        self.realized = Money(self.realized + gain)
        self._balance()
        return Money(held.realized + gain - held.fees)

    def _is_new(self, fill: OrderFilled) -> bool:
        assert fill.quantity > 0, f"a fill of {fill.quantity}: the wall let nonsense in"
        key = (fill.order_id, fill.trade_id)
        if key in self._seen:
            return False
        self._seen[key] = None
        if len(self._seen) > SEEN_MAX:
            del self._seen[next(iter(self._seen))]
        return True

    def _pay(self, amount: int) -> None:
        self.cash = Money(self.cash - amount)

    def _close(self, held: _Holding, fill: OrderFilled, quantity: int) -> None:
        """Sell what is held of the other outcome; its cost leaves in proportion, the rest stays
        exact.
        """
        if quantity == 0:
            return
        cost = held.cost * quantity // abs(held.quantity)
        price = fill.price if held.quantity > 0 else complement(fill.price)
        received = notional(price, Quantity(quantity))
        held.cost -= cost
        held.quantity += quantity if held.quantity < 0 else -quantity
        held.realized += received - cost
        self.cash = Money(self.cash + received)
        self.realized = Money(self.realized + received - cost)

    def _open(self, held: _Holding, fill: OrderFilled, quantity: int) -> None:
        if quantity == 0:
            return
        price = fill.price if fill.side == BID else complement(fill.price)
        cost = notional(price, Quantity(quantity))
        held.cost += cost
        held.quantity += quantity if fill.side == BID else -quantity
        self._pay(cost)

    def _balance(self) -> None:
        """Cash plus what was paid for open contracts is the start plus what was earned."""
        invested = sum(holding.cost for holding in self._held.values())
        assert self.cash + invested == self.start + self.realized, "the ledger does not balance"
