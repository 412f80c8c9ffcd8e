"""Leaving a position before its settlement: take profit, stop, time, or the edge turned round.

Holding to settlement costs no second fee and no second spread, so every exit is off unless asked
for. Each is judged by what the position would bring *now*: walked down the bids for its outcome,
after the fee, never by a middle or a last price; without such bids there is no exit. An exit never
sells more than is held, nor more than somebody bids for.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from kalshi_assistant.domain.contract import FeeTerms, Outcome
from kalshi_assistant.domain.events import Level
from kalshi_assistant.domain.orders import ASK, BID, BookSide, Position
from kalshi_assistant.domain.ranges import check_ranges, setting
from kalshi_assistant.domain.units import (
    MONEY_SCALE,
    QUANTITY_SCALE,
    Money,
    Price,
    Quantity,
    complement,
)
from kalshi_assistant.market.fees import cost_of_walk
from kalshi_assistant.strategy.edge import take

ExitReason = Literal["time", "stop", "take_profit", "flip"]
"""In the order in which they are asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitSettings:
    """Leaving a position before its settlement; all off: what is bought is held."""

    take_profit_dollars: float = setting(
        0.0, "sell once a contract would bring so much more than it cost; 0: never", ge=0, le=1
    )
    stop_dollars: float = setting(
        0.0, "sell once a contract would bring so much less than it cost; 0: never", ge=0, le=1
    )
    seconds_before_close: float = setting(
        0.0, "sell whatever is held with so little time left; 0: never", ge=0, le=900
    )
    flip: bool = setting(False, "sell once the price is above the number by flip_dollars")
    flip_dollars: float = setting(0.03, "see flip; per contract, after the fee", ge=0, le=1)

    def __post_init__(self) -> None:
        check_ranges(self)

    @property
    def any_on(self) -> bool:
        """Whether anything may ever be sold."""
        wanted = self.take_profit_dollars, self.stop_dollars, self.seconds_before_close
        return self.flip or any(wanted)


@dataclass(frozen=True, slots=True)
class Exit:
    """What to sell and why; ``limit`` is the lowest price of ``outcome`` taken."""

    reason: ExitReason
    outcome: Outcome
    quantity: Quantity
    limit: Price
    brings: float
    """Dollars per contract after the fee."""
    gain: float
    """The same less what was paid."""

    @property
    def order(self) -> tuple[BookSide, Price]:
        """Side and limit of the order that does it, in YES prices."""
        return (ASK, self.limit) if self.outcome == "yes" else (BID, complement(self.limit))


def proceeds(
    fees: FeeTerms, precision: int, bids: Sequence[Level], quantity: Quantity
) -> tuple[Quantity, Price, Money] | None:
    """(quantity, lowest price, money after fees) of selling down ``bids`` (prices of the outcome
    held, highest first), at most ``quantity``; ``None`` where nobody bids.
    """
    fills = take(bids, quantity)
    if not fills:
        return None
    # selling an outcome at p is buying the other at 1 - p: the fees are the same
    bought = [(complement(price), each) for price, each in fills]
    _, fee = cost_of_walk(fees.taker_rate_e6, precision, bought)
    received = sum(price * each for price, each in fills)
    return Quantity(sum(each for _, each in fills)), fills[-1][0], Money(received - fee)


def leave(
    settings: ExitSettings,
    position: Position,
    bids: Sequence[Level],
    p_yes: float | None,
    seconds_left: float,
    fees: FeeTerms,
    precision: int,
) -> Exit | None:
    """Whether to leave ``position`` now, and how; ``None``: hold it.

    ``bids``: for the outcome held, in its prices, highest first; ``p_yes``: ``None`` without a
    number, and then nothing is called a flip; after the close (``seconds_left`` 0 or less) nothing
    is sold.
    """
    if position.quantity == 0 or seconds_left <= 0.0 or not settings.any_on:
        return None
    held = Quantity(abs(position.quantity))
    sold = proceeds(fees, precision, bids, held)
    if sold is None:
        return None
    quantity, limit, money = sold
    outcome: Outcome = "yes" if position.quantity > 0 else "no"
    brings = money / MONEY_SCALE / (quantity / QUANTITY_SCALE)
    paid = (position.cost + position.fees) / MONEY_SCALE / (held / QUANTITY_SCALE)
    win = None
    if p_yes is not None:
        win = p_yes if outcome == "yes" else 1.0 - p_yes
    reason = _reason(settings, brings, brings - paid, win, seconds_left)
    if reason is None:
        return None
    return Exit(reason, outcome, quantity, limit, brings, brings - paid)


def _reason(
    settings: ExitSettings, brings: float, gain: float, win: float | None, seconds_left: float
) -> ExitReason | None:
    if seconds_left <= settings.seconds_before_close:
        return "time"
    if settings.stop_dollars > 0.0 and -gain >= settings.stop_dollars:
        return "stop"
    if 0.0 < settings.take_profit_dollars <= gain:
        return "take_profit"
    if settings.flip and win is not None and brings - win >= settings.flip_dollars:
        return "flip"
    return None
