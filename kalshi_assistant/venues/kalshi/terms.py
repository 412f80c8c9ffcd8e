"""The terms of a market as the venue words them: price steps, strike rule, fees.

Frames and REST answers share these words, so they are read in one place.
"""

from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Final

import msgspec

from kalshi_assistant.domain.contract import FeeTerms, PriceRange
from kalshi_assistant.domain.units import IndexValue, parse_price
from kalshi_assistant.market.fees import fee_terms
from kalshi_assistant.venues.kalshi.schema import CustomStrike, PriceBand
from kalshi_assistant.venues.kalshi.texts import NonsenseError, index_number

STRIKE_TYPE: Final = "greater_or_equal"
"""YES at or above the strike: the only rule the house knows how to settle."""

_MULTIPLIER_MAX: Final = 100
_DIGITS_MAX: Final = 8


class Fees(msgspec.Struct, frozen=True, gc=False):
    """Fee terms, or why there are none that could be computed with: never a guess."""

    terms: FeeTerms | None
    problem: str | None


def fees(kind: str | None, multiplier: Decimal | None) -> Fees:
    """The terms of a series or of an event's override."""
    if kind is None or multiplier is None:
        return Fees(None, "the venue names no fees")
    if not (multiplier.is_finite() and 0 <= multiplier <= _MULTIPLIER_MAX):
        return Fees(None, f"fee multiplier {str(multiplier)[:20]} cannot be true")
    found = fee_terms(kind, str(multiplier))
    if found is None:
        return Fees(None, f"fees {kind[:40]!r} times {str(multiplier)[:20]} are not understood")
    return Fees(found, None)


def price_ranges(bands: Sequence[PriceBand]) -> tuple[PriceRange, ...]:
    """The price steps, ascending and without overlap."""
    found = tuple(
        PriceRange(parse_price(band.start), parse_price(band.end), parse_price(band.step))
        for band in bands
    )
    if not found or any(band.step <= 0 or band.start >= band.end for band in found):
        raise NonsenseError("price ranges without room or steps")
    if any(left.end > right.start for left, right in pairwise(found)):
        raise NonsenseError("price ranges that overlap")
    return found


def strike(number: Decimal, strike_type: str | None) -> IndexValue:
    """``floor_strike`` in cents. ``strike_type`` may come apart from it."""
    if strike_type not in (None, STRIKE_TYPE):
        raise NonsenseError(f"strike type {strike_type!r:.40} is not {STRIKE_TYPE}")
    return index_number(number)


def round_digits(custom: CustomStrike) -> int:
    """To how many decimals the settlement value is rounded."""
    text = custom.round_digits
    if not (text.isascii() and text.isdecimal() and int(text[:3]) <= _DIGITS_MAX):
        raise NonsenseError(f"round_digits is {text[:20]!r}")
    return int(text)
