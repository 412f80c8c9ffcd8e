"""What the kernel computed of one side, read back as an ``Edge``."""

import math

from kalshi_assistant.domain.contract import Outcome
from kalshi_assistant.domain.signals import Edge
from kalshi_assistant.domain.units import Money, Price, Quantity
from kalshi_assistant.quant.layout import (
    FULL_PRICE,
    M_ASK,
    M_BID,
    M_COST_YES,
    M_FEE_YES,
    M_SIZE,
    M_WORST_YES,
    R_EDGE_YES,
    R_LATENCY,
    R_P,
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
        latency=float(real[R_LATENCY]),
        net=net,
    )
