"""Decimal texts of spot venues as exact integers."""

from typing import Final

from kalshi_assistant.venues.spot.wire import PRICE_MAX, SIZE_MAX

TEXT_MAX: Final = 40
_TENS: Final = tuple(int(10**power) for power in range(9))


class SpotNumberError(ValueError):
    """A text that is no price or size."""


class SpotRangeError(SpotNumberError):
    """A number that is well written and larger than any that can be meant."""


def parse_spot_price(text: str) -> int:
    """A dollar price above zero, at most four decimals that matter. Raises SpotNumberError."""
    value = _scaled(text, 4)
    if value <= 0:
        raise SpotNumberError(f"price out of range: {text[:TEXT_MAX]!r}")
    if value > PRICE_MAX:
        raise SpotRangeError(f"price out of range: {text[:TEXT_MAX]!r}")
    return value


def parse_spot_size(text: str) -> int:
    """A size in bitcoin, zero or more; decimals beyond the eighth are cut. Raises
    SpotNumberError.
    """
    try:
        value = _scaled(text, 8)
    except SpotNumberError:
        whole, point, decimals = text.partition(".")
        # digits are asked of all of them, also of those that are cut
        if len(decimals) <= 8 or not (decimals.isascii() and decimals.isdigit()):
            raise
        value = _scaled(f"{whole}{point}{decimals[:8]}", 8)
    if value > SIZE_MAX:
        raise SpotRangeError(f"size out of range: {text[:TEXT_MAX]!r}")
    return value


def _scaled(text: str, places: int) -> int:
    whole, _, decimals = text.partition(".")
    if len(decimals) > places:
        decimals = decimals.rstrip("0")
    digits = whole + decimals
    if (
        not (digits.isascii() and digits.isdigit())
        or not whole
        or len(decimals) > places
        or len(text) > TEXT_MAX
        or text[-1] == "."
    ):
        raise SpotNumberError(f"not a decimal of {places} places: {text[:TEXT_MAX]!r}")
    return int(digits) * _TENS[places - len(decimals)]
