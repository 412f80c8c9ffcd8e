"""Cash, positions, profit, to the micro-dollar; what goes in comes out, asserted at every entry.

A position is signed: contracts of YES, or of NO as a negative number, as the venue nets them.
Buying NO at ``1 - p`` is selling YES at ``p``. Opening costs its price, averaged over what is held;
closing pays the price; a settled winner pays one dollar.

Two roads lead to the same balance, and every entry asserts that they meet: cash as it was paid, and
profit as it was earned.

What a market brought is told apart when it is paid out: ``pnl = edge + slippage + drift - fees``.

| part     | of contracts bought to open                                                    |
|----------|--------------------------------------------------------------------------------|
| edge     | believed value less the best price when it was decided                         |
| slippage | that best price less the price paid; negative is worse                         |
| drift    | all the rest: what the way there and the outcome brought against the belief    |

Believed value is ``fair * quantity // 100``, micro-dollars per contract times hundredths of a
contract, rounded down once per fill; the part of a micro-dollar lost there is drift. An order that
said nothing believed what it paid: no edge, no slippage, all is drift.
"""

from dataclasses import dataclass, field
from typing import Final

from kalshi_assistant.domain.contract import Outcome
from kalshi_assistant.domain.entries import FillKept, Holding, SettlementKept, Standing
from kalshi_assistant.domain.events import OrderFilled
from kalshi_assistant.domain.ids import Ticker
from kalshi_assistant.domain.orders import BID, Order, Position
from kalshi_assistant.domain.time import Nanos
from kalshi_assistant.domain.units import (
    ONE_CONTRACT,
    Money,
    Quantity,
    complement,
    notional,
    payoff,
)

SEEN_MAX: Final = 100_000
"""Trades remembered as entered: years of paper. The oldest is forgotten first."""
RESULTS_MAX: Final = 400
"""Markets remembered as paid out: four days. The oldest is forgotten first."""
UNTOLD: Final = "unknown"
"""Purpose of a fill whose order is not known any more."""


@dataclass(slots=True)
class _Held:
    """One market not yet paid out; the fields are those of ``Holding``."""

    quantity: int = 0
    cost: int = 0
    fees: int = 0
    realized: int = 0
    edge: int = 0
    slippage: int = 0
    believed: int = 0

    def kept(self, ticker: Ticker) -> Holding:
        """The same, frozen."""
        return Holding(
            ticker,
            Quantity(self.quantity),
            Money(self.cost),
            Money(self.fees),
            Money(self.realized),
            Money(self.edge),
            Money(self.slippage),
            Money(self.believed),
        )


@dataclass(slots=True)
class Ledger:
    """One account on paper or at the venue."""

    start: Money
    cash: Money = field(init=False)
    """May fall below zero: what may be spent is asked before an order leaves, not here."""
    fees: Money = field(init=False, default_factory=lambda: Money(0))
    """All ever paid, net of what the venue gave back."""
    realized: Money = field(init=False, default_factory=lambda: Money(0))
    """Profit of closed and settled contracts, after every fee paid so far."""
    _held: dict[Ticker, _Held] = field(init=False, default_factory=dict)
    _seen: dict[tuple[str, str], None] = field(init=False, default_factory=dict)
    """(order, trade) of every fill entered, in their order."""
    _results: dict[Ticker, Outcome] = field(init=False, default_factory=dict)
    """Of markets settled, in their order."""
    _late: list[SettlementKept] = field(init=False, default_factory=list)
    _paid: dict[Ticker, int] = field(init=False, default_factory=dict)
    """Contracts of every market that were paid out: YES less NO."""

    def __post_init__(self) -> None:
        self.cash = self.start

    @classmethod
    def restore(cls, standing: Standing) -> "Ledger":
        """The ledger that went on from ``standing`` as if the process had never ended."""
        ledger = cls(standing.start)
        ledger.cash, ledger.fees = standing.cash, standing.fees
        ledger.realized = standing.realized
        for each in standing.holdings:
            ledger._held[each.ticker] = _Held(
                each.quantity,
                each.cost,
                each.fees,
                each.realized,
                each.edge,
                each.slippage,
                each.believed,
            )
        ledger._seen = dict.fromkeys(standing.seen)
        ledger._results, ledger._paid = dict(standing.results), dict(standing.paid)
        ledger._balance()
        return ledger

    @property
    def invested(self) -> Money:
        """Paid for what is held now, without fees."""
        return Money(sum(held.cost for held in self._held.values()))

    @property
    def open_positions(self) -> int:
        """Markets in which something is held."""
        return sum(held.quantity != 0 for held in self._held.values())

    def position(self, ticker: Ticker) -> Position:
        """What is held in one market."""
        held = self._held.get(ticker) or _Held()
        return Position(ticker, Quantity(held.quantity), Money(held.cost), Money(held.fees))

    def holdings(self) -> tuple[Holding, ...]:
        """Every market traded and not yet paid out, also where nothing is held any more."""
        return tuple(held.kept(ticker) for ticker, held in self._held.items())

    def seen(self) -> tuple[tuple[str, str], ...]:
        """(order id, trade id) of the fills entered, the oldest first."""
        return tuple(self._seen)

    def results(self) -> tuple[tuple[Ticker, Outcome], ...]:
        """Markets paid out lately and how, the oldest first."""
        return tuple(self._results.items())

    def paid_late(self) -> tuple[SettlementKept, ...]:
        """Payouts that followed from fills told after their market was settled, since last asked.

        Whoever enters fills asks after each one, and keeps these like any settlement.
        """
        late, self._late = tuple(self._late), []
        return late

    def move_cash(self, amount: Money) -> None:
        """Money put in, or taken out where negative: the start moves with the cash, so it is no
        profit.
        """
        self.start = Money(self.start + amount)
        self.cash = Money(self.cash + amount)
        self._balance()

    def fill(self, fill: OrderFilled, order: Order | None) -> FillKept | None:
        """Enter a fill once; ``None`` when this trade of this order was entered before.

        Told after its market was settled, it is entered and paid out at once (``paid_late``); what
        is answered is where it stood before that payout.
        """
        if not self._is_new(fill):
            return None
        held = self._held.setdefault(fill.ticker, _Held())
        signed = fill.quantity if fill.side == BID else -fill.quantity
        closing = min(abs(signed), abs(held.quantity)) if signed * held.quantity < 0 else 0
        self._close(held, fill, closing)
        self._open(held, fill, Quantity(abs(signed) - closing), order)
        held.fees += fill.fee
        self.cash = Money(self.cash - fill.fee)
        self.fees = Money(self.fees + fill.fee)
        self.realized = Money(self.realized - fill.fee)
        self._balance()
        kept = self._fill_kept(fill, held, order)
        result = self._results.get(fill.ticker)
        if result is not None and (late := self._pay_out(fill.ticker, result, fill.received_at)):
            self._late.append(late)
        return kept

    def settle(self, ticker: Ticker, result: Outcome, at: Nanos) -> SettlementKept | None:
        """Pay out what is held and forget it; ``None`` where nothing is left to pay out.

        The first result of a market is the one that fills told later are paid by, until it is
        corrected.
        """
        self._results.setdefault(ticker, result)
        if len(self._results) > RESULTS_MAX:
            del self._results[next(iter(self._results))]
        return self._pay_out(ticker, result, at)

    def result(self, ticker: Ticker) -> Outcome | None:
        """How a market was paid out; ``None`` where it was not, or long ago."""
        return self._results.get(ticker)

    def paid(self) -> tuple[tuple[Ticker, Quantity], ...]:
        """Contracts paid out lately, YES less NO, the oldest market first."""
        return tuple((ticker, Quantity(quantity)) for ticker, quantity in self._paid.items())

    def correct(self, ticker: Ticker, result: Outcome, at: Nanos) -> SettlementKept | None:
        """The venue changed the result of a market that was paid out: the payout is taken back and
        the right one made, in one line. ``None`` where it makes no difference, or where the market
        was paid out too long ago to be known.

        Added to the lines kept before, it gives in every column what the right result alone would
        have given.
        """
        wrong = self._results.get(ticker)
        assert wrong not in (None, result), f"{ticker} was paid as {wrong}"
        self._results[ticker] = result
        paid = self._paid.get(ticker, 0)
        if paid == 0:
            return None
        # a contract of YES is paid a dollar under yes and nothing under no, one of NO the reverse
        taken_back, right = (paid > 0) != (result == "yes"), payoff(Quantity(abs(paid)))
        change = Money(-right if taken_back else right)
        self.cash = Money(self.cash + change)
        self.realized = Money(self.realized + change)
        self._balance()
        nothing = Money(0)
        return SettlementKept(
            at=at,
            ticker=ticker,
            result=result,
            quantity=Quantity(0),
            cost=nothing,
            payout=change,
            fees=nothing,
            pnl=change,
            edge=nothing,
            drift=change,
            slippage=nothing,
            cash=self.cash,
            realized=self.realized,
        )

    def _pay_out(self, ticker: Ticker, result: Outcome, at: Nanos) -> SettlementKept | None:
        held = self._held.pop(ticker, None)
        if held is None:
            return None
        won = held.quantity > 0 if result == "yes" else held.quantity < 0
        payout = payoff(Quantity(abs(held.quantity))) if won else Money(0)
        gain = payout - held.cost
        self.cash = Money(self.cash + payout)
        self.realized = Money(self.realized + gain)
        self._balance()
        earned = held.realized + gain
        self._paid[ticker] = self._paid.pop(ticker, 0) + held.quantity
        if len(self._paid) > RESULTS_MAX:
            del self._paid[next(iter(self._paid))]
        return SettlementKept(
            at=at,
            ticker=ticker,
            result=result,
            quantity=Quantity(held.quantity),
            cost=Money(held.cost),
            payout=payout,
            fees=Money(held.fees),
            pnl=Money(earned - held.fees),
            edge=Money(held.edge),
            drift=Money(earned - held.edge - held.slippage),
            slippage=Money(held.slippage),
            cash=self.cash,
            realized=self.realized,
        )

    def _fill_kept(self, fill: OrderFilled, held: _Held, order: Order | None) -> FillKept:
        return FillKept(
            at=fill.at,
            ticker=fill.ticker,
            client_order_id=fill.client_order_id,
            order_id=fill.order_id,
            trade_id=fill.trade_id,
            side=fill.side,
            price=fill.price,
            quantity=fill.quantity,
            is_taker=fill.is_taker,
            fee=fill.fee,
            source=fill.source,
            purpose=UNTOLD if order is None else order.purpose,
            kind="" if order is None else order.kind,
            cash=self.cash,
            realized=self.realized,
            holding=held.kept(fill.ticker),
        )

    def _is_new(self, fill: OrderFilled) -> bool:
        assert fill.quantity > 0, f"a fill of {fill.quantity}: the wall let nonsense in"
        key = (fill.order_id, fill.trade_id)
        if key in self._seen:
            return False
        self._seen[key] = None
        if len(self._seen) > SEEN_MAX:
            del self._seen[next(iter(self._seen))]
        return True

    def _close(self, held: _Held, fill: OrderFilled, quantity: int) -> None:
        """Sell what is held of the other outcome; its cost leaves in proportion, rounded down, and
        the rest stays.
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

    def _open(
        self, held: _Held, fill: OrderFilled, quantity: Quantity, order: Order | None
    ) -> None:
        if quantity == 0:
            return
        paid = fill.price if fill.side == BID else complement(fill.price)
        cost = notional(paid, quantity)
        held.cost += cost
        held.quantity += quantity if fill.side == BID else -quantity
        self.cash = Money(self.cash - cost)
        if order is None or order.fair is None:
            held.believed += cost
            return
        believed = order.fair * quantity // ONE_CONTRACT
        best = cost if order.top is None else notional(order.top, quantity)
        held.believed += believed
        held.edge += believed - best
        held.slippage += best - cost

    def _balance(self) -> None:
        """Cash plus what was paid for open contracts is the start plus what was earned."""
        balanced = self.cash + self.invested == self.start + self.realized
        assert balanced, "the ledger does not balance"
