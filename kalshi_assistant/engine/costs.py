"""What trading costs at the present size, as readers see it: exact fees, rounded as they are
charged.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from kalshi_assistant.domain.contract import Contract
from kalshi_assistant.domain.events import Level
from kalshi_assistant.domain.orders import ASK, BID
from kalshi_assistant.domain.units import (
    ONE_CONTRACT,
    PRICE_SCALE,
    Money,
    Price,
    Quantity,
    complement,
)
from kalshi_assistant.engine.settings import PRECISION
from kalshi_assistant.engine.snapshot import CostView
from kalshi_assistant.market.book import Book
from kalshi_assistant.market.fees import OrderFees, cost_of_walk
from kalshi_assistant.strategy.edge import offers, take

DEPTH: Final = 40
"""Levels walked."""
ONE_CENT: Final = 100
HALF: Final = Price(PRICE_SCALE // 2)


def _fee(rate_e6: int, precision: int, price: Price, quantity: Quantity) -> Money:
    return OrderFees(precision).charge(rate_e6, price, quantity)


def _taken(
    levels: Sequence[Level], quantity: Quantity, rate_e6: int, precision: int
) -> tuple[Price, Money, Money] | None:
    """The book walked for the whole size."""
    fills = take(levels, quantity)
    if sum(filled for _, filled in fills) < quantity:
        return None
    cost, fee = cost_of_walk(rate_e6, precision, fills)
    return fills[-1][0], cost, fee


@lru_cache(maxsize=16)
def fee_curve(rate_e6: int, precision: int, quantity: Quantity) -> tuple[Money, ...]:
    """Fee of one fill of ``quantity`` at 1, 2, ... 99 cents."""
    return tuple(
        _fee(rate_e6, precision, Price(price), quantity)
        for price in range(ONE_CENT, PRICE_SCALE, ONE_CENT)
    )


def costs(contract: Contract, book: Book, quantity: Quantity, account: str) -> CostView | None:
    """``None`` while the venue has not said what a trade costs."""
    if contract.fees is None or quantity <= 0:
        return None
    taker, maker = contract.fees.taker_rate_e6, contract.fees.maker_rate_e6
    precision = PRECISION[account]
    ask = book.best_ask if book.known else None
    yes, no = book.best_bid if book.known else None, None if ask is None else complement(ask)
    asks = book.levels(ASK, DEPTH) if book.known else ()
    bids = book.levels(BID, DEPTH) if book.known else ()
    charges = (taker, precision)
    return CostView(
        quantity=quantity,
        account=account,
        precision=Money(precision),
        taker_rate_e6=taker,
        maker_rate_e6=maker,
        taker=fee_curve(taker, precision, quantity),
        maker=fee_curve(maker, precision, quantity),
        one_at_half=tuple(
            (kind, _fee(taker, steps, HALF, ONE_CONTRACT)) for kind, steps in PRECISION.items()
        ),
        waiting_yes=None if yes is None else (yes, _fee(maker, precision, yes, quantity)),
        waiting_no=None if no is None else (no, _fee(maker, precision, no, quantity)),
        taking_yes=_taken(offers(asks, "yes"), quantity, *charges),
        taking_no=_taken(offers(bids, "no"), quantity, *charges),
    )
