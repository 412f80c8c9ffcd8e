"""What others say the index of some books is: the twin of fractions, and the assistant's replica.

A book is ``(bids, asks)``, a side a list of (price in 1/10,000 dollar, size in 1e-8 bitcoin).
"""

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import numpy as np

from kalshi_assistant.domain.time import SECOND
from kalshi_assistant.market.replica import Levels, Replica, VenueBook
from kalshi_assistant.market.replica_settings import ReplicaSettings
from tests.support.replica_twin import twin_value

TICKS = 10_000
BITCOIN = 100_000_000
AT = 1_795_280_500 * SECOND


def from_twin(books):
    """``(cents, depth, cap)`` of the twin of fractions."""
    found = twin_value(
        [
            tuple(
                [(Fraction(price, TICKS), Fraction(size, BITCOIN)) for price, size in side]
                for side in book
            )
            for book in books
        ]
    )
    if found.value is None:
        return None, 0, found.cap * BITCOIN
    cents = Decimal(repr(found.value)) * 100
    return int(cents.quantize(Decimal(1), ROUND_HALF_UP)), found.depth, found.cap * BITCOIN


def from_replica(books):
    venues = []
    for place, book in enumerate(books):
        arrays = [np.array(column, dtype=np.int64) for side in book for column in columns(side)]
        venues.append(VenueBook(str(place), Levels(*arrays), AT, True))
    return Replica(ReplicaSettings()).calculate(AT, venues)


def columns(side):
    return [price for price, _ in side], [size for _, size in side]
