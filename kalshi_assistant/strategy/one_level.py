"""``strategy.sizing.size`` for a book that shows one level, compiled: for passes over years.

The same bounds in the same order of arithmetic; the tests hold both side by side.
"""

from typing import NamedTuple

from kalshi_assistant.quant import sizing
from kalshi_assistant.quant.compiled import compiled
from kalshi_assistant.quant.ladder import fee_of_fill
from kalshi_assistant.strategy.sizing import MILLIONTHS

_kelly = compiled(sizing.kelly)
_lower_bound = compiled(sizing.lower_bound)
_scale = compiled(sizing.scale)


class OneLevel(NamedTuple):
    """The settings of ``SizingSettings`` as numbers."""

    kelly_fraction: float
    confidence: float
    min_edge: float
    target_edge: float
    min_share: float
    max_risk: float
    max_exposure: float
    most: int
    """1/100 contract."""
    unit: int
    beyond_depth: int


class Priced(NamedTuple):
    """``Pricing`` of one side, and the level it would be bought at."""

    probability: float
    slippage: float
    latency: float
    haircut: float
    deviation: float
    rate_e6: int
    precision: int
    price: int
    """Of the outcome bought."""
    there: int


@compiled
def _net(priced: Priced, quantity: int) -> tuple[float, int]:
    """(net edge per contract, micro-dollars spent) of so many."""
    cost = priced.price * quantity
    fee, _ = fee_of_fill(priced.rate_e6, priced.precision, priced.price, quantity, 0)
    contracts = quantity / 100
    average, fee_each = cost / 1_000_000 / contracts, fee / 1_000_000 / contracts
    allowances = priced.slippage + priced.latency + priced.haircut
    return priced.probability - average - fee_each - allowances, cost + fee


@compiled
def _fits(
    settings: OneLevel,
    priced: Priced,
    quantity: int,
    needed: float,
    bankroll: int,
    cash: int,
    exposure: int,
) -> bool:
    net, spent = _net(priced, quantity)
    if net < needed:
        return False
    low = _lower_bound(priced.probability, priced.deviation, settings.confidence)
    cost = spent / 1_000_000 / (quantity / 100)
    stake = settings.kelly_fraction * _kelly(low, cost) * (bankroll / 1_000_000)
    room = settings.max_exposure - exposure / 1_000_000
    share = _scale(net, settings.min_edge, settings.target_edge, settings.min_share)
    budget = min(min(settings.max_risk, max(room, 0.0)) * share, cash / 1_000_000)
    return spent / 1_000_000 <= stake and spent / 1_000_000 <= budget


@compiled
def size_one_level(
    settings: OneLevel, priced: Priced, needed: float, bankroll: int, cash: int, exposure: int
) -> int:
    """The quantity (1/100 contract) that ``strategy.sizing.size`` would buy; 0 for a veto.

    ``needed``: dollars; ``bankroll``, ``cash``, ``exposure``: micro-dollars.
    """
    if cash <= 0 or exposure >= settings.max_exposure * 1_000_000:
        return 0
    dollars = priced.price / 10_000
    fee = priced.rate_e6 * MILLIONTHS * dollars * (1.0 - dollars)
    allowances = priced.slippage + priced.latency + priced.haircut
    if priced.probability - dollars - fee - allowances < 0.0:
        return 0
    most = settings.most
    if settings.beyond_depth == 0:
        most = min(most, priced.there)
    low, high = 0, most // settings.unit
    while low < high:
        middle = (low + high + 1) // 2
        if _fits(settings, priced, middle * settings.unit, needed, bankroll, cash, exposure):
            low = middle
        else:
            high = middle - 1
    return low * settings.unit
