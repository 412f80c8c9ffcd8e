"""An exchange whose open market is about even, at its start and for a minute after.

The seed is looked for, not written down, so that another shape of the order flow needs none anew.
"""

from kalshi_assistant.domain.time import MINUTE
from kalshi_assistant.sim.exchange import Exchange, ExchangeSettings

SEEDS = range(200)


def even_exchange(start):
    """The first exchange that is even all along."""
    return Exchange(ExchangeSettings(), next(seed for seed in SEEDS if is_even(seed, start)), start)


def is_even(seed, start):
    exchange = Exchange(ExchangeSettings(), seed, start)
    (ticker,) = (each.contract.ticker for each in exchange.markets() if each.status == "active")
    for later in range(4):
        exchange.advance(start + later * MINUTE // 3)
        book = exchange.book(ticker)
        if not (book.bids and book.asks and 2_000 < book.bids[0][0] < book.asks[0][0] < 8_000):
            return False
    return True
