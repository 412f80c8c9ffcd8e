"""The venue's texts as house units, with bounds: what cannot be true raises a NonsenseError.

Prices and counts come hundreds of times a second in few spellings, so they are looked up; any other
spelling is parsed. Limits keep every number inside 64 bits.
"""

import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import cache
from typing import Final, Literal

import msgspec

from kalshi_assistant.domain.events import Level
from kalshi_assistant.domain.time import SECOND, Nanos, TimeError, parse_iso
from kalshi_assistant.domain.units import (
    INDEX_SCALE,
    PRICE_SCALE,
    IndexValue,
    Money,
    Price,
    Quantity,
    UnitError,
    complement,
    format_price,
    half_up_mean,
    parse_average,
    parse_index,
    parse_money,
    parse_price,
    parse_quantity,
)

OrderWord = Literal["resting", "canceled", "executed", "unknown"]
"""The venue's word for where an order stands."""

CACHED_COUNTS_MAX: Final = 8_192
"""Spellings of counts remembered; a day of one market has some thousands."""

_YEAR_2100: Final = 4_102_444_800 * SECOND
_COUNT_MAX: Final = 10**12
_MONEY_MAX: Final = 10**17
_INDEX_MAX: Final = 10**12
_AVERAGE_MAX: Final = _INDEX_MAX * 10**6
_DIGITS_MAX: Final = 40
_VENUE_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,99}")


class NonsenseError(ValueError):
    """A message that is well formed and cannot be true; the text says why."""


NONSENSE: Final = (
    NonsenseError,
    UnitError,
    TimeError,
    msgspec.DecodeError,
    UnicodeError,
    RecursionError,
)
"""What reading a message can raise, all of it the sender's doing."""


def book_price(text: str) -> Price:
    """A price at which something can rest or trade: strictly between 0 and 1 dollar."""
    price = parse_price(text)
    if not 0 < price < PRICE_SCALE:
        raise NonsenseError(f"price {text[:20]} is not between 0 and 1 dollar")
    return price


class _Prices(dict[str, Price]):
    """Every price in the usual spelling; others are parsed when they come and not kept."""

    def __init__(self, turn: Callable[[Price], Price] | None) -> None:
        usual = (Price(each) for each in range(1, PRICE_SCALE))
        super().__init__(
            (format_price(each), each if turn is None else turn(each)) for each in usual
        )
        self._turn = turn

    def __missing__(self, text: str) -> Price:
        price = book_price(text)
        return price if self._turn is None else self._turn(price)


class _Counts(dict[str, Quantity]):
    """Counts by their spelling; begins anew when there are too many spellings."""

    def __missing__(self, text: str) -> Quantity:
        found = signed_count(text)
        if len(self) >= CACHED_COUNTS_MAX:
            self.clear()
        self[text] = found
        return found


@cache
def yes_prices(side: str, *, in_yes_dollars: bool) -> dict[str, Price]:
    """YES prices by the text of a level on the venue's ``side``: the only turn from NO to YES.

    The venue keeps bids of YES and bids of NO. A NO bid at ``p`` is a YES ask at ``1 - p``, unless
    the subscription asked for YES dollars on both sides.
    """
    return _Prices(complement if side == "no" and not in_yes_dollars else None)


def counts() -> dict[str, Quantity]:
    """Signed contract counts by their text."""
    return _Counts()


def signed_count(text: str) -> Quantity:
    """A contract count with its sign."""
    found = parse_quantity(text)
    if abs(found) > _COUNT_MAX:
        raise NonsenseError(f"count {text[:20]} is too large to be true")
    return found


def count(text: str) -> Quantity:
    """A contract count of at least nothing."""
    found = signed_count(text)
    if found < 0:
        raise NonsenseError(f"count {text[:20]} is negative")
    return found


def money(text: str) -> Money:
    """A signed dollar amount."""
    found = parse_money(text)
    if abs(found) > _MONEY_MAX:
        raise NonsenseError(f"amount {text[:20]} is too large to be true")
    return found


def index_value(text: str) -> IndexValue:
    """A value of the index, in cents."""
    found = parse_index(text)
    if found > _INDEX_MAX:
        raise NonsenseError(f"index value {text[:20]} is too large to be true")
    return found


def index_number(number: Decimal) -> IndexValue:
    """The same from a JSON number: exact, at most two decimals."""
    if not (number.is_finite() and 0 < number < _INDEX_MAX and number.adjusted() > -3):
        raise NonsenseError(f"{str(number)[:20]} is not a value of an index")
    return index_value(f"{number:f}")


def rounded_index_number(number: Decimal) -> IndexValue:
    """The same where the number may have more decimals: half a cent is rounded up."""
    if not (number.is_finite() and 0 < number < _INDEX_MAX and number.adjusted() > -3):
        raise NonsenseError(f"{str(number)[:20]} is not a value of an index")
    if len(number.as_tuple().digits) > _DIGITS_MAX:
        raise NonsenseError(f"{str(number)[:20]}... has more digits than a number needs")
    dollars, parts = number.as_integer_ratio()
    return half_up_mean(dollars * INDEX_SCALE, parts)


def average(text: str) -> int:
    """An average with eight decimals, in 1e-8 dollar."""
    found = parse_average(text)
    if not 0 < found < _AVERAGE_MAX:
        raise NonsenseError(f"average {text[:30]} cannot be true")
    return found


def instant(text: str) -> Nanos:
    """An ISO 8601 time of this century."""
    found = parse_iso(text)
    if not 0 < found < _YEAR_2100:
        raise NonsenseError(f"time {text[:40]!r} cannot be true")
    return found


def venue_id(text: str) -> str:
    """A name the venue gave an order or a group: fit to be a part of a path."""
    if _VENUE_ID.fullmatch(text) is None:
        raise NonsenseError(f"{text[:40]!r} is not an id of the venue")
    return text


def levels(side: Sequence[tuple[str, str]], prices: dict[str, Price]) -> tuple[Level, ...]:
    """One side of a book, best level last as the venue lists it; empty levels are left out."""
    found = [(prices[price], count(size)) for price, size in side]
    if len({price for price, _ in found}) < len(found):
        raise NonsenseError("a book with two levels at one price")
    return tuple((price, size) for price, size in found if size)
