"""Levels as spot venues write them, read into integers; and the bounds every venue shares."""

from collections.abc import Iterable
from typing import Final

from kalshi_assistant.domain.time import Nanos, from_millis
from kalshi_assistant.venues.spot.decimals import (
    SpotNumberError,
    parse_spot_price,
    parse_spot_size,
)
from kalshi_assistant.venues.spot.wire import SpotLevel, SpotSide

SNAPSHOT_LEVELS_MAX: Final = 200_000
"""Levels of both sides of a snapshot; the largest book known has a tenth of that."""
CHANGES_MAX: Final = 20_000
"""Changes in one update."""
WORDS_MAX: Final = 200
"""So much of what a venue said is repeated in a reason."""
YEAR_2100_MS: Final = 4_102_444_800_000


def read_levels(written: Iterable[tuple[str, str]], side: SpotSide) -> tuple[SpotLevel, ...]:
    """One side of a snapshot, best first; a level of size 0 is none. Raises SpotNumberError."""
    levels: dict[int, int] = {}
    count = 0
    for price_text, size_text in written:
        count += 1
        levels[parse_spot_price(price_text)] = parse_spot_size(size_text)
    if len(levels) != count:
        # which of the two counts is unknown, and so is everything else in such a snapshot
        raise SpotNumberError("a price stands twice in a snapshot")
    return tuple(
        (price, size) for price, size in sorted(levels.items(), reverse=side == 0) if size > 0
    )


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
