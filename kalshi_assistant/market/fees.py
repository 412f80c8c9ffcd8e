"""Fees to the micro-dollar, with the accumulator of one order.

Per fill: the model fee ``rate * C * P * (1 - P)`` rounded up to a millionth of a dollar; then the
signed change of the balance is floored to the account's precision, and the difference is a
rounding fee. Rounding fees of one order add up, and whole steps of the precision are given back,
never more than the fill's own fee. Source: the venue's fee rounding page (autumn 2026), matched
on real fills of direct accounts.
"""

from collections.abc import Iterable
from fractions import Fraction
from typing import Final

from kalshi_assistant.domain.contract import FeeKind, FeeTerms
from kalshi_assistant.domain.units import PRICE_SCALE, Money, Price, Quantity, floor_to, notional

TAKER_RATE: Final = Fraction(7, 100)
MAKER_SHARE: Final[dict[FeeKind, Fraction]] = {
    "quadratic": Fraction(0),
    "quadratic_with_maker_fees": Fraction(1, 4),
    "quadratic_with_combo_maker_fees": Fraction(1, 2),
}
MILLIONTHS: Final = 1_000_000
_SCALE: Final = MILLIONTHS * PRICE_SCALE * PRICE_SCALE * 100 // MILLIONTHS
"""rate (1e-6) * contracts (1e-2) * price (1e-4) * price (1e-4), in units of a micro-dollar."""


def fee_terms(kind: str, multiplier: str) -> FeeTerms | None:
    """The rates of a fee type; ``None`` for a type not known here or a rate finer than a
    millionth.
    """
    share = next((part for name, part in MAKER_SHARE.items() if name == kind), None)
    known = next((name for name in MAKER_SHARE if name == kind), None)
    if share is None or known is None:
        return None
    taker = TAKER_RATE * Fraction(multiplier) * MILLIONTHS
    maker = taker * share
    if taker < 0 or taker.denominator != 1 or maker.denominator != 1:
        return None
    return FeeTerms(known, int(taker), int(maker))


def trade_fee_up(rate_e6: int, price: Price, quantity: Quantity) -> Money:
    """The model fee of a fill, rounded up to a micro-dollar; the same for YES and NO prices."""
    return Money(-(-rate_e6 * quantity * price * (PRICE_SCALE - price) // _SCALE))


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
        """The net fee of a fill that buys at ``price`` (of its own outcome)."""
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
