"""Books of every level, down to those nobody means.

Venues that publish their whole book publish asks at ten billion dollars as well; such books have
been seen. A level beyond the contract's bounds is left out of the snapshot and of every change
alike, instead of costing the whole venue.
"""

from collections.abc import Iterable

from kalshi_assistant.venues.spot.decimals import (
    SpotNumberError,
    SpotRangeError,
    parse_spot_price,
    parse_spot_size,
)
from kalshi_assistant.venues.spot.levels import CHANGES_MAX
from kalshi_assistant.venues.spot.wire import SIZE_MAX, SpotLevel, SpotSide

SpotChange = tuple[SpotSide, int, int]
"""(side, price, size) of ``SpotMoved``."""


def read_whole_side(written: Iterable[tuple[str, str]], side: SpotSide) -> tuple[SpotLevel, ...]:
    """One side of a snapshot, best first; a level of size 0 is none. Raises SpotNumberError."""
    levels: dict[int, int] = {}
    for price_text, size_text in written:
        price = _near(price_text)
        if price is None:
            continue
        if price in levels:
            # which of the two counts is unknown, and so is everything else in such a snapshot
            raise SpotNumberError("a price stands twice in a snapshot")
        levels[price] = _size(size_text)
    return tuple(
        (price, size) for price, size in sorted(levels.items(), reverse=side == 0) if size > 0
    )


def read_changes(written: Iterable[tuple[SpotSide, str, str]]) -> tuple[SpotChange, ...]:
    """The changes of an update, in its order. Raises SpotNumberError."""
    changes: list[SpotChange] = []
    for side, price_text, size_text in written:
        price = _near(price_text)
        if price is not None:
            changes.append((side, price, _size(size_text)))
    return tuple(changes)


def bounded(count: int) -> None:
    """Refuse an update of more changes than one can have. Raises SpotNumberError."""
    if count > CHANGES_MAX:
        raise SpotNumberError(f"an update of {count} changes")


def _near(text: str) -> int | None:
    try:
        return parse_spot_price(text)
    except SpotRangeError:
        return None


def _size(text: str) -> int:
    try:
        return parse_spot_size(text)
    except SpotRangeError:
        # at a cent a bitcoin someone may well bid for more than there are
        return SIZE_MAX
