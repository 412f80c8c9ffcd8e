"""Levels as spot venues write them, read into integers; and the bounds every venue shares."""

from collections.abc import Sequence
from itertools import islice
from operator import gt, lt
from typing import Final

from kalshi_assistant.domain.time import Nanos, from_millis
from kalshi_assistant.venues.spot.decimals import (
    SpotNumberError,
    price_of,
    size_of,
)
from kalshi_assistant.venues.spot.wire import SpotLevel, SpotSide

SNAPSHOT_LEVELS_MAX: Final = 200_000
"""Levels of both sides of a snapshot; the largest book known has a tenth of that."""
CHANGES_MAX: Final = 20_000
"""Changes in one update."""
WORDS_MAX: Final = 200
"""So much of what a venue said is repeated in a reason."""
YEAR_2100_MS: Final = 4_102_444_800_000


def read_levels(
    prices: Sequence[str], sizes: Sequence[str], side: SpotSide
) -> tuple[SpotLevel, ...]:
    """One side of a snapshot, best first; a level of size 0 is none. Raises SpotNumberError."""
    return best_first(list(map(price_of, prices)), list(map(size_of, sizes)), side)


def best_first(prices: list[int], sizes: list[int], side: SpotSide) -> tuple[SpotLevel, ...]:
    """Levels in order, without those of size 0. Raises SpotNumberError for a price that stands
    twice.
    """
    in_order = all(map(gt if side == 0 else lt, prices, islice(prices, 1, None)))
    levels = list(zip(prices, sizes, strict=True))
    if not in_order:
        if len(set(prices)) != len(prices):
            # which of the two counts is unknown, and so is everything else in such a snapshot
            raise SpotNumberError("a price stands twice in a snapshot")
        levels.sort(reverse=side == 0)
    return tuple(levels if all(sizes) else [level for level in levels if level[1] > 0])


def stamp_of(millis: int | str | None) -> Nanos | None:
    """A venue's stamp in epoch milliseconds; what is none gives ``None``, for no book hangs on
    it.
    """
    if isinstance(millis, str):
        millis = (
            int(millis) if len(millis) <= 13 and millis.isascii() and millis.isdigit() else None
        )
    if millis is None or not 0 <= millis < YEAR_2100_MS:
        return None
    return from_millis(millis)


def words(said: str) -> str:
    """A venue's own words, cut."""
    return said[:WORDS_MAX]
