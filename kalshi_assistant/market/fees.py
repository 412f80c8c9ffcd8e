"""Fees to the micro-dollar, with the accumulator of one order.

Per fill: the model fee ``rate * C * P * (1 - P)`` rounded up to a millionth of a dollar; then the
signed change of the balance is floored to the account's precision, and the difference is a
rounding fee. Rounding fees of one order add up, and whole steps of the precision are given back,
never more than the fill's own fee. Source: the venue's fee rounding page (autumn 2026), matched
on real fills of direct accounts.

Buying an outcome at ``p`` and selling the other at ``1 - p`` change the balance by amounts a whole
dollar per contract apart, a whole number of steps of either precision: so they round alike, and one
function serves opening and closing fills.

What splitting costs: a fill pays less than one step above its own trade fee, and an order of fills
whose trade fees are each at least a step pays less than one step above *all* its trade fees. Fills
smaller than that gather rounding fees which are never given back: 100 fills of 0.01 contracts at
50c cost a broker account 50c for 1.75c of model fee. (The tests prove the bounds.)
"""

import re
from collections.abc import Iterable
from fractions import Fraction
from typing import Final

from kalshi_assistant.domain.contract import FeeKind, FeeTerms
from kalshi_assistant.domain.units import (
    PRICE_SCALE,
    QUANTITY_SCALE,
    Money,
    Price,
    Quantity,
    floor_to,
    notional,
)

TAKER_RATE: Final = Fraction(7, 100)
MAKER_SHARE: Final[dict[FeeKind, Fraction]] = {
    "quadratic": Fraction(0),
    "quadratic_with_maker_fees": Fraction(1, 4),
    "quadratic_with_combo_maker_fees": Fraction(1, 2),
}
MILLIONTHS: Final = 1_000_000
_MULTIPLIER = re.compile(r"\d{1,6}(\.\d{1,12})?", re.ASCII)
_PER_MICRO: Final = QUANTITY_SCALE * PRICE_SCALE * PRICE_SCALE
"""``rate_e6 * quantity * price * (1 - price)``, all integers, in one micro-dollar: 1e10."""


def fee_terms(kind: str, multiplier: str) -> FeeTerms | None:
    """The rates of a fee type; ``None`` for what is not understood, never a guess: a type not
    known here, a multiplier that is not a plain decimal, a rate finer than a millionth.
    """
    if _MULTIPLIER.fullmatch(multiplier) is None:
        return None
    for known, share in MAKER_SHARE.items():
        if known == kind:
            taker = TAKER_RATE * Fraction(multiplier) * MILLIONTHS
            maker = taker * share
            exact = taker.denominator == maker.denominator == 1
            return FeeTerms(known, int(taker), int(maker)) if exact else None
    return None


def trade_fee_up(rate_e6: int, price: Price, quantity: Quantity) -> Money:
    """The model fee of a fill, rounded up to a micro-dollar; the same for YES and NO prices."""
    exact = rate_e6 * quantity * price * (PRICE_SCALE - price)
    return Money(-(-exact // _PER_MICRO))


class OrderFees:
    """The fees of one order's fills, taker and maker alike; ``precision`` in micro-dollars."""

    __slots__ = ("_carried", "_precision")

    def __init__(self, precision: int) -> None:
        self._precision = precision
        self._carried = 0

    @property
    def carried(self) -> Money:
        """Rounding fees not yet given back."""
        return Money(self._carried)

    def charge(self, rate_e6: int, price: Price, quantity: Quantity) -> Money:
        """The net fee of a fill that buys at ``price`` (of the outcome it buys, also when that
        closes the other); never negative.
        """
        trade = trade_fee_up(rate_e6, price, quantity)
        change = Money(-notional(price, quantity) - trade)
        rounding = change - floor_to(change, self._precision)
        self._carried += rounding
        rebate = min(
            floor_to(Money(self._carried), self._precision),
            floor_to(Money(trade + rounding), self._precision),
        )
        self._carried -= rebate
        return Money(trade + rounding - rebate)


def cost_of_walk(
    rate_e6: int, precision: int, fills: Iterable[tuple[Price, Quantity]]
) -> tuple[Money, Money]:
    """(cost, net fees) of one order filled at several prices, in order."""
    fees, cost, paid = OrderFees(precision), 0, 0
    for price, quantity in fills:
        cost += notional(price, quantity)
        paid += fees.charge(rate_e6, price, quantity)
    return Money(cost), Money(paid)
