"""What the kernel computed of one side, read back as an ``Edge``, and the same at another size."""

import math
from collections.abc import Sequence

import msgspec

from kalshi_assistant.domain.contract import FeeTerms, Outcome
from kalshi_assistant.domain.events import Level
from kalshi_assistant.domain.orders import ASK, BID, BookSide
from kalshi_assistant.domain.signals import Edge
from kalshi_assistant.domain.units import (
    MONEY_SCALE,
    PRICE_SCALE,
    QUANTITY_SCALE,
    Money,
    Price,
    Quantity,
    complement,
)
from kalshi_assistant.market.fees import cost_of_walk
from kalshi_assistant.quant.layout import (
    FULL_PRICE,
    M_ASK,
    M_BID,
    M_COST_YES,
    M_FEE_YES,
    M_SIZE,
    M_WORST_YES,
    R_DELAY,
    R_EDGE_YES,
    R_HAIRCUT_YES,
    R_HIGH,
    R_LOW,
    R_P,
    R_RAW,
    R_SLIPPAGE,
    Ints,
    Reals,
)


def read_edge(market: Ints, real: Reals, outcome: Outcome) -> Edge | None:
    """The edge of the last evaluation; ``None`` without number, book, fee terms or depth."""
    side = 0 if outcome == "yes" else 1
    net = float(real[R_EDGE_YES + side])
    if math.isnan(net):
        return None
    size = int(market[M_SIZE])
    cost = int(market[M_COST_YES + side])
    top = int(market[M_ASK]) if side == 0 else FULL_PRICE - int(market[M_BID])
    p_yes = float(real[R_P])
    probability = p_yes if side == 0 else 1.0 - p_yes
    average = cost / (size * FULL_PRICE)
    return Edge(
        outcome=outcome,
        quantity=Quantity(size),
        worst_price=Price(int(market[M_WORST_YES + side])),
        cost=Money(cost),
        fee=Money(int(market[M_FEE_YES + side])),
        raw=probability - top / FULL_PRICE,
        slippage=average - top / FULL_PRICE + float(real[R_SLIPPAGE]),
        latency=float(real[R_DELAY]),
        net=net,
        haircut=float(real[R_HAIRCUT_YES + side]),
    )


class Pricing(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What an edge is computed from at any size; dollars per contract unless said otherwise."""

    outcome: Outcome
    probability: float
    """That ``outcome`` wins."""
    slippage: float
    """Allowances, as in ``Edge``."""
    latency: float
    haircut: float
    deviation: float
    """What one deviation of the volatility's own error takes from the probability."""
    rate_e6: int
    """Taker fee."""
    precision: int
    """Micro-dollars a balance is kept to."""


def read_pricing(real: Reals, outcome: Outcome, fees: FeeTerms, precision: int) -> Pricing:
    """The numbers behind the last evaluation of a side."""
    side = 0 if outcome == "yes" else 1
    p_yes, raw = float(real[R_P]), float(real[R_RAW])
    worse = raw - float(real[R_LOW]) if side == 0 else float(real[R_HIGH]) - raw
    return Pricing(
        outcome=outcome,
        probability=p_yes if side == 0 else 1.0 - p_yes,
        slippage=float(real[R_SLIPPAGE]),
        latency=float(real[R_DELAY]),
        haircut=float(real[R_HAIRCUT_YES + side]),
        deviation=max(worse, 0.0),
        rate_e6=fees.taker_rate_e6,
        precision=precision,
    )


def side_bought_from(outcome: Outcome) -> BookSide:
    """YES is bought from the asks, NO from the bids."""
    return ASK if outcome == "yes" else BID


def offers(levels: Sequence[Level], outcome: Outcome) -> tuple[Level, ...]:
    """Levels of the side an outcome is bought from, in prices of that outcome, cheapest first."""
    if outcome == "yes":
        return tuple(levels)
    return tuple((complement(price), quantity) for price, quantity in levels)


def take(levels: Sequence[Level], quantity: int) -> tuple[Level, ...]:
    """The fills of buying ``quantity`` from ``levels``; what they do not hold is not in it."""
    fills: list[Level] = []
    for price, there in levels:
        if quantity <= 0:
            break
        fills.append((price, Quantity(min(there, quantity))))
        quantity -= there
    return tuple(fills)


def edge_at(pricing: Pricing, levels: Sequence[Level], quantity: Quantity) -> Edge | None:
    """The edge of buying ``quantity`` from ``levels`` (prices of the outcome, cheapest first);
    beyond what is shown at the last price shown; ``None`` where nothing is.
    """
    fills = list(take(levels, quantity))
    if not fills or quantity <= 0:
        return None
    beyond = quantity - sum(each for _, each in fills)
    if beyond > 0:
        fills[-1] = (fills[-1][0], Quantity(fills[-1][1] + beyond))
    cost, fee = cost_of_walk(pricing.rate_e6, pricing.precision, fills)
    top = fills[0][0] / PRICE_SCALE
    contracts = quantity / QUANTITY_SCALE
    average, fee_each = cost / MONEY_SCALE / contracts, fee / MONEY_SCALE / contracts
    allowances = pricing.slippage + pricing.latency + pricing.haircut
    return Edge(
        outcome=pricing.outcome,
        quantity=quantity,
        worst_price=fills[-1][0],
        cost=cost,
        fee=fee,
        raw=pricing.probability - top,
        slippage=average - top + pricing.slippage,
        latency=pricing.latency,
        net=pricing.probability - average - fee_each - allowances,
        haircut=pricing.haircut,
    )
