"""The money and the positions of the one account, by subaccount and shard.

**Invariants**, which ``balanced`` states and every change keeps:

- cash, money under way between shards, what was paid for what is held, and the fees paid, less what
  was realised, are the deposits, to the micro-dollar;
- with netting a market holds YES or NO, never both; a pair pays its dollar at once. Without it both
  are held and pay at the settlement.

Buying YES at ``p`` and selling NO at ``1 - p`` are the same order, so every fill buys an outcome.
Closing part of a holding takes its share of what was paid, rounded down.
"""

from dataclasses import dataclass
from typing import Final

from kalshi_assistant.domain.contract import Contract, Outcome
from kalshi_assistant.domain.ids import Ticker
from kalshi_assistant.domain.orders import BID, BookSide
from kalshi_assistant.domain.time import Nanos
from kalshi_assistant.domain.units import (
    MONEY_SCALE,
    Money,
    Price,
    Quantity,
    notional,
    payoff,
)
from kalshi_assistant.sim.private import PositionRecord, SettlementRecord, outcome_price
from kalshi_assistant.sim.settings import AccountSettings

SUBACCOUNTS: Final = 64
DEFAULT_SHARD: Final = 0
CRYPTO_SHARD: Final = 2
SHARDS: Final = (0, 1, 2, 3)
"""Default, combos, crypto and commodities, sports."""
PRECISION: Final = 100
"""Balances of a direct account are kept to a hundredth of a cent, in micro-dollars."""


@dataclass(slots=True)
class Holding:
    """What a subaccount has in one market."""

    ticker: Ticker
    exchange_index: int
    subaccount: int
    yes: int = 0
    no: int = 0
    yes_cost: int = 0
    no_cost: int = 0
    realized: int = 0
    fees: int = 0
    traded: int = 0
    volume: int = 0
    updated_at: int = 0
    settled: bool = False

    def record(self) -> PositionRecord:
        """It as it is now."""
        return PositionRecord(
            self.ticker,
            self.exchange_index,
            self.subaccount,
            Quantity(self.yes),
            Quantity(self.no),
            Money(self.yes_cost),
            Money(self.no_cost),
            Money(self.realized),
            Money(self.fees),
            Money(self.traded),
            Quantity(self.volume),
            Nanos(self.updated_at),
            self.settled,
        )

    def buy(self, side: BookSide, cost: int, quantity: int) -> None:
        """More of the outcome that ``side`` buys."""
        if side == BID:
            self.yes += quantity
            self.yes_cost += cost
        else:
            self.no += quantity
            self.no_cost += cost
        self.traded += cost
        self.volume += quantity

    def net(self) -> int:
        """Close every pair; answer what the pairs pay."""
        pairs = min(self.yes, self.no)
        if not pairs:
            return 0
        yes_basis = self.yes_cost * pairs // self.yes
        no_basis = self.no_cost * pairs // self.no
        self.yes -= pairs
        self.no -= pairs
        self.yes_cost -= yes_basis
        self.no_cost -= no_basis
        paid = payoff(Quantity(pairs))
        self.realized += paid - yes_basis - no_basis
        return paid


class Account:
    """Cash by subaccount and shard, holdings by subaccount and market."""

    def __init__(self, settings: AccountSettings) -> None:
        self._cash = {
            (0, DEFAULT_SHARD): round(settings.default_dollars * MONEY_SCALE),
            (0, CRYPTO_SHARD): round(settings.crypto_dollars * MONEY_SCALE),
        }
        self._deposits = sum(self._cash.values())
        self._under_way = 0
        self._usual_netting = settings.netting
        self._netting: dict[int, bool] = {}
        self._holdings: dict[tuple[int, Ticker], Holding] = {}
        self._fees = self._realized = 0

    # --- reading ---

    def cash(self, subaccount: int, shard: int) -> Money:
        """What is there, resting orders or not."""
        return Money(self._cash.get((subaccount, shard), 0))

    def places(self) -> tuple[tuple[int, int], ...]:
        """Every ``(subaccount, shard)`` that ever had money."""
        return tuple(self._cash)

    def netting(self, subaccount: int) -> bool:
        """Whether YES and NO of one market close each other."""
        return self._netting.get(subaccount, self._usual_netting)

    def set_netting(self, subaccount: int, enabled: bool) -> None:
        """It holds from the next fill on."""
        self._netting[subaccount] = enabled

    def holding(self, subaccount: int, ticker: Ticker) -> Holding | None:
        """What is held of a market that is not settled, if anything was ever traded there."""
        return self._holdings.get((subaccount, ticker))

    def holdings(self) -> tuple[Holding, ...]:
        """Every market traded and not yet settled."""
        return tuple(self._holdings.values())

    def balanced(self) -> bool:
        """Whether no micro-dollar appeared or went."""
        held = sum(each.yes_cost + each.no_cost for each in self._holdings.values())
        there = sum(self._cash.values()) + self._under_way + held
        return there + self._fees - self._realized == self._deposits

    # --- changing ---

    def fill(
        self,
        contract: Contract,
        subaccount: int,
        side: BookSide,
        price: Price,
        quantity: Quantity,
        fee: Money,
        at: Nanos,
    ) -> Holding:
        """Pay for an outcome at a YES price, and net where that is on."""
        key = (subaccount, contract.ticker)
        holding = self._holdings.get(key)
        if holding is None:
            holding = Holding(contract.ticker, contract.exchange_index, subaccount)
            self._holdings[key] = holding
        cost = notional(outcome_price(side, price), quantity)
        before = holding.realized
        holding.buy(side, cost, quantity)
        back = holding.net() if self.netting(subaccount) else 0
        holding.fees += fee
        holding.updated_at = at
        self._fees += fee
        self._realized += holding.realized - before
        self._add(subaccount, contract.exchange_index, back - cost - fee)
        return holding

    def settle(
        self, ticker: Ticker, result: Outcome, at: Nanos
    ) -> list[tuple[Holding, SettlementRecord | None]]:
        """Pay what is held of a market, in every subaccount, and let go of it.

        A holding that was closed before has no settlement.
        """
        told = []
        for key in [key for key in self._holdings if key[1] == ticker]:
            holding = self._holdings.pop(key)
            told.append((holding, self._pay(holding, result, at)))
        return told

    def _pay(self, holding: Holding, result: Outcome, at: Nanos) -> SettlementRecord | None:
        revenue = payoff(Quantity(holding.yes if result == "yes" else holding.no))
        record = SettlementRecord(
            holding.ticker,
            holding.exchange_index,
            holding.subaccount,
            result,
            Quantity(holding.yes),
            Quantity(holding.no),
            Money(holding.yes_cost),
            Money(holding.no_cost),
            revenue,
            Money(holding.fees),
            at,
        )
        made = revenue - holding.yes_cost - holding.no_cost
        holding.realized += made
        self._realized += made
        self._add(holding.subaccount, holding.exchange_index, revenue)
        had = holding.yes or holding.no
        holding.yes = holding.no = holding.yes_cost = holding.no_cost = 0
        holding.updated_at, holding.settled = at, True
        return record if had else None

    def take(self, subaccount: int, shard: int, amount: Money) -> None:
        """Money leaves a place; it is under way until it is put somewhere."""
        self._add(subaccount, shard, -amount)
        self._under_way += amount

    def put(self, subaccount: int, shard: int, amount: Money) -> None:
        """Money that was under way arrives."""
        self._under_way -= amount
        self._add(subaccount, shard, amount)

    def _add(self, subaccount: int, shard: int, amount: int) -> None:
        key = (subaccount, shard)
        self._cash[key] = self._cash.get(key, 0) + amount
