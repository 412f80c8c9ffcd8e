"""What was given up, piece by piece: each sale and each payout with what it had cost.

Contracts of one market and outcome are one thing with one average cost, as in the ledger. What a
fill cost in fees goes with the contracts it opened, and leaves with them in proportion; of a fill
that turns a position over, the closing part bears its share. All exact: the gains of a market add
up to its profit.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

import msgspec

from kalshi_assistant.domain.contract import Outcome
from kalshi_assistant.domain.entries import FillKept, SettlementKept
from kalshi_assistant.domain.ids import Ticker
from kalshi_assistant.domain.orders import BID
from kalshi_assistant.domain.time import Nanos
from kalshi_assistant.domain.units import Money, Quantity, complement, notional

_NEVER: Final = Nanos(0)


class Disposal(msgspec.Struct, frozen=True):
    """Contracts given up at once; ``gain = proceeds - cost - fees``."""

    ticker: Ticker
    outcome: Outcome
    quantity: Quantity
    acquired: Nanos
    """When the first contract of the position was bought."""
    sold: Nanos
    how: Literal["sold", "settled"]
    proceeds: Money
    cost: Money
    """Paid for them, without fees."""
    fees: Money
    """Of buying and of selling them."""
    gain: Money


@dataclass(slots=True)
class _Lot:
    quantity: int = 0
    cost: int = 0
    fees: int = 0
    acquired: Nanos = _NEVER

    @property
    def outcome(self) -> Outcome:
        return "yes" if self.quantity > 0 else "no"

    def take(self, quantity: int) -> tuple[int, int]:
        """Give up a part; answers what it had cost, and in fees."""
        held = abs(self.quantity)
        cost, fees = self.cost * quantity // held, self.fees * quantity // held
        self.cost -= cost
        self.fees -= fees
        self.quantity += quantity if self.quantity < 0 else -quantity
        return cost, fees


def disposals(entries: Iterable[FillKept | SettlementKept]) -> Iterator[Disposal]:
    """Every sale and payout among ``entries``, which are all of an account in their order."""
    lots: dict[Ticker, _Lot] = {}
    for entry in entries:
        if isinstance(entry, FillKept):
            yield from _filled(lots.setdefault(entry.ticker, _Lot()), entry)
        elif (lot := lots.pop(entry.ticker, None)) is not None and lot.quantity:
            yield _given_up(lot, entry, "settled", abs(lot.quantity), entry.payout, 0)
        elif entry.payout:  # the venue changed the result of what was given up before
            yield _made_good(entry)


def _filled(lot: _Lot, fill: FillKept) -> Iterator[Disposal]:
    signed = fill.quantity if fill.side == BID else -fill.quantity
    closing = min(fill.quantity, abs(lot.quantity)) if signed * lot.quantity < 0 else 0
    fee = fill.fee * closing // fill.quantity
    if closing:
        price = fill.price if lot.quantity > 0 else complement(fill.price)
        yield _given_up(lot, fill, "sold", closing, notional(price, Quantity(closing)), fee)
    opening = Quantity(fill.quantity - closing)
    if opening == 0:
        return
    if lot.quantity == 0:
        lot.acquired = fill.at
    lot.cost += notional(fill.price if fill.side == BID else complement(fill.price), opening)
    lot.quantity += opening if fill.side == BID else -opening
    lot.fees += fill.fee - fee


def _given_up(
    lot: _Lot,
    entry: FillKept | SettlementKept,
    how: Literal["sold", "settled"],
    quantity: int,
    proceeds: Money,
    fee: int,
) -> Disposal:
    outcome = lot.outcome
    cost, fees = lot.take(quantity)
    return Disposal(
        ticker=entry.ticker,
        outcome=outcome,
        quantity=Quantity(quantity),
        acquired=lot.acquired,
        sold=entry.at,
        how=how,
        proceeds=proceeds,
        cost=Money(cost),
        fees=Money(fees + fee),
        gain=Money(proceeds - cost - fees - fee),
    )


def _made_good(entry: SettlementKept) -> Disposal:
    """What a changed result moved: no contracts, all gain or loss."""
    nothing = Money(0)
    return Disposal(
        ticker=entry.ticker,
        outcome=entry.result,
        quantity=Quantity(0),
        acquired=entry.at,
        sold=entry.at,
        how="settled",
        proceeds=entry.payout,
        cost=nothing,
        fees=nothing,
        gain=entry.payout,
    )
