"""How many contracts a signal buys.

Four bounds, and the smallest holds: a fraction of Kelly on the fee-loaded cost, with a probability
some of its own deviations lower; the budget (risk per trade, room for open exposure, cash) scaled
between the least and the target edge; what the book shows, no deeper than where the next contract
still pays for itself; and the net edge, which has to hold at the size bought and not at the size
asked about.

Everything is recomputed from the levels with exact fees for each size tried, so a size that is
answered was checked itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from kalshi_assistant.domain.events import Level
from kalshi_assistant.domain.ranges import RangeError, check_ranges, setting
from kalshi_assistant.domain.signals import Edge
from kalshi_assistant.domain.units import (
    MONEY_SCALE,
    ONE_CONTRACT,
    PRICE_SCALE,
    QUANTITY_SCALE,
    Money,
    Quantity,
    notional,
)
from kalshi_assistant.quant.sizing import kelly, lower_bound, scale
from kalshi_assistant.strategy.edge import Pricing, edge_at
from kalshi_assistant.strategy.features import Evidence

SizeVeto = Literal["no_money", "nothing_shown", "too_small_for_a_contract"]
"""Why a signal buys nothing."""
MILLIONTHS: Final = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class SizingSettings:
    """How many contracts a signal buys."""

    kelly_fraction: float = setting(
        0.25, "share of the Kelly stake that is taken at most", gt=0, le=1
    )
    confidence: float = setting(
        1.0, "deviations by which the probability is lowered before Kelly is asked", ge=0, le=10
    )
    min_edge_dollars: float = setting(
        0.03, "net edge per contract that buys min_size_share of the budget", ge=0, le=1
    )
    target_edge_dollars: float = setting(
        0.08, "net edge per contract that buys all of the budget", gt=0, le=1
    )
    min_size_share: float = setting(0.25, "see min_edge_dollars", ge=0, le=1)
    max_risk_dollars: float = setting(
        20.0, "most that one signal may lose, fees included", gt=0, le=100_000
    )
    max_exposure_dollars: float = setting(
        60.0, "most that all open positions may lose together", gt=0, le=1_000_000
    )
    max_contracts: float = setting(500.0, "most contracts of one signal", gt=0, le=100_000)
    whole_contracts: bool = setting(
        True, "buy whole contracts only; the venue takes hundredths on this series"
    )
    beyond_depth: bool = setting(False, "ask for more than the book shows, at the last price shown")

    def __post_init__(self) -> None:
        check_ranges(self)
        if self.min_edge_dollars >= self.target_edge_dollars:
            text = f"is {self.min_edge_dollars:g}; write less than target_edge_dollars"
            raise RangeError([("min_edge_dollars", text)])


@dataclass(frozen=True, slots=True)
class Means:
    """What money there is, micro-dollars."""

    bankroll: Money
    """Cash and what is invested."""
    cash: Money
    exposure: Money
    """What open positions and orders may lose."""
    share: float = 1.0
    """Of every bound: a canary takes less."""


@dataclass(frozen=True, slots=True)
class Sized:
    """The edge at the size to buy."""

    edge: Edge
    evidence: Evidence


def risk_of(edge: Edge) -> Money:
    """The most that buying it can lose: every contract at the worst price, and the fee."""
    return Money(notional(edge.worst_price, edge.quantity) + edge.fee)


def kelly_stake(settings: SizingSettings, pricing: Pricing, edge: Edge, means: Means) -> float:
    """Dollars that the fraction of Kelly allows at this edge's fee-loaded cost."""
    low = lower_bound(pricing.probability, pricing.deviation, settings.confidence)
    cost = (edge.cost + edge.fee) / MONEY_SCALE / (edge.quantity / QUANTITY_SCALE)
    bankroll = means.bankroll / MONEY_SCALE * means.share
    return settings.kelly_fraction * kelly(low, cost) * bankroll


def budget(settings: SizingSettings, net: float, means: Means) -> float:
    """Dollars that may be put at risk at this net edge."""
    room = settings.max_exposure_dollars - means.exposure / MONEY_SCALE
    share = scale(
        net, settings.min_edge_dollars, settings.target_edge_dollars, settings.min_size_share
    )
    scaled = min(settings.max_risk_dollars, max(room, 0.0)) * share * means.share
    return min(scaled, means.cash / MONEY_SCALE)


def worth_taking(pricing: Pricing, levels: Sequence[Level]) -> tuple[Level, ...]:
    """The levels (cheapest first) whose every contract still pays for itself."""
    allowances = pricing.slippage + pricing.latency + pricing.haircut
    taken: list[Level] = []
    for price, quantity in levels:
        dollars = price / PRICE_SCALE
        fee = pricing.rate_e6 * MILLIONTHS * dollars * (1.0 - dollars)
        if pricing.probability - dollars - fee - allowances < 0.0:
            break
        taken.append((price, quantity))
    return tuple(taken)


def size(
    settings: SizingSettings,
    pricing: Pricing,
    levels: Sequence[Level],
    needed: float,
    means: Means,
) -> Sized | SizeVeto:
    """The largest size that every bound allows, or why there is none.

    ``levels``: in prices of the outcome bought, cheapest first; ``needed``: net edge per contract,
    in dollars, that has to be left at that size.
    """
    if means.cash <= 0 or means.exposure >= settings.max_exposure_dollars * MONEY_SCALE:
        return "no_money"
    shown = worth_taking(pricing, levels)
    if not shown:
        return "nothing_shown"
    unit = ONE_CONTRACT if settings.whole_contracts else Quantity(1)
    most = int(settings.max_contracts * QUANTITY_SCALE)
    if not settings.beyond_depth:
        most = min(most, sum(quantity for _, quantity in shown))

    def fitting(units: int) -> Edge | None:
        edge = edge_at(pricing, shown, Quantity(units * unit))
        if edge is None or edge.net < needed:
            return None
        stake = kelly_stake(settings, pricing, edge, means)
        spent = (edge.cost + edge.fee) / MONEY_SCALE
        within = risk_of(edge) / MONEY_SCALE <= budget(settings, edge.net, means)
        return edge if spent <= stake and within else None

    found: Edge | None = None
    low, high = 0, most // unit
    while low < high:
        middle = (low + high + 1) // 2
        if (edge := fitting(middle)) is not None:
            low, found = middle, edge
        else:
            high = middle - 1
    if found is None:
        return "too_small_for_a_contract"
    return Sized(found, _evidence(settings, pricing, found, means))


def _evidence(settings: SizingSettings, pricing: Pricing, edge: Edge, means: Means) -> Evidence:
    return (
        ("p_low", lower_bound(pricing.probability, pricing.deviation, settings.confidence)),
        ("kelly_dollars", kelly_stake(settings, pricing, edge, means)),
        ("budget_dollars", budget(settings, edge.net, means)),
    )
