"""Money, prices, quantities and index values as integers; the only file that multiplies or rounds
them.

| unit            | one step is           | so                                             |
|-----------------|-----------------------|------------------------------------------------|
| ``Price``       | 1/10,000 dollar       | a YES price lies in 1..9,999 on the book       |
| ``Quantity``    | 1/100 contract        | fractional contracts are whole numbers         |
| ``Money``       | 1/1,000,000 dollar    | ``Price * Quantity`` is ``Money``, exactly     |
| ``IndexValue``  | 1 cent                | a sum of sixty prints is exact                 |

Every rounding names its direction. Probabilities are floats and cross into prices nowhere but in
the kernel's edge.
"""

import re
from typing import Final, NewType

Price = NewType("Price", int)
Quantity = NewType("Quantity", int)
Money = NewType("Money", int)
IndexValue = NewType("IndexValue", int)
Probability = NewType("Probability", float)

PRICE_SCALE: Final = 10_000
QUANTITY_SCALE: Final = 100
MONEY_SCALE: Final = 1_000_000
INDEX_SCALE: Final = 100

ONE_DOLLAR: Final = Price(PRICE_SCALE)
ONE_CONTRACT: Final = Quantity(QUANTITY_SCALE)

_DECIMAL = re.compile(r"(-?)(\d{1,15})(?:\.(\d{1,12}))?", re.ASCII)
_GROUPED = re.compile(r"-?\d{1,3}(,\d{3})+(\.\d+)?", re.ASCII)


class UnitError(ValueError):
    """A text that is not a number in the unit it should be in."""


def _scaled(text: str, digits: int, what: str) -> int:
    """``text`` as an integer of ``10**-digits``; digits beyond that must be zeros."""
    found = _DECIMAL.fullmatch(text)
    if found is None:
        raise UnitError(f"{what} is not a decimal number: {text[:40]!r}")
    sign, whole, fraction = found.group(1), found.group(2), found.group(3) or ""
    if fraction[digits:].strip("0"):
        raise UnitError(f"{what} is finer than {digits} decimals: {text[:40]!r}")
    value = int(whole + fraction[:digits].ljust(digits, "0"))
    return -value if sign else value


def _decimal(value: int, digits: int, least: int) -> str:
    """``value`` of ``10**-digits`` as text with at least ``least`` decimals and no other zeros."""
    sign = "-" if value < 0 else ""
    whole, fraction = divmod(abs(value), 10**digits)
    tail = f"{fraction:0{digits}d}".rstrip("0").ljust(least, "0")
    return f"{sign}{whole}.{tail}" if tail else f"{sign}{whole}"


def parse_price(text: str) -> Price:
    """A dollar string such as ``"0.5600"`` on [0, 1]. Raises UnitError."""
    value = _scaled(text, 4, "price")
    if not 0 <= value <= PRICE_SCALE:
        raise UnitError(f"price is outside 0..1 dollar: {text[:40]!r}")
    return Price(value)


def parse_quantity(text: str) -> Quantity:
    """A contract count such as ``"25.00"``, signed. Raises UnitError."""
    return Quantity(_scaled(text, 2, "quantity"))


def parse_money(text: str) -> Money:
    """A dollar amount such as ``"0.069000"``, signed. Raises UnitError."""
    return Money(_scaled(text, 6, "amount"))


def parse_index(text: str) -> IndexValue:
    """An index value such as ``"91262.18"``; thousands separators are accepted. Raises UnitError.

    The venue has published ``expiration_value`` as ``"77,362.10"``.
    """
    if "," in text and _GROUPED.fullmatch(text):
        text = text.replace(",", "")
    value = _scaled(text, 2, "index value")
    if value <= 0:
        raise UnitError(f"index value is not positive: {text[:40]!r}")
    return IndexValue(value)


def parse_average(text: str) -> int:
    """An average published with eight decimals, as an integer of 1e-8 dollar. Raises UnitError."""
    return _scaled(text, 8, "average")


def format_price(price: int) -> str:
    """``5600`` as ``"0.5600"``, the form the venue takes."""
    return f"{price // PRICE_SCALE}.{price % PRICE_SCALE:04d}"


def format_cents(price: int) -> str:
    """``5600`` as ``"56"``, ``65`` as ``"0.65"``: cents for people."""
    return _decimal(price, 2, 0)


def format_quantity(quantity: int) -> str:
    """``2500`` as ``"25.00"``."""
    return _decimal(quantity, 2, 2)


def format_money(money: int) -> str:
    """``1237500`` as ``"1.2375"``: dollars with two decimals or as many as it takes."""
    return _decimal(money, 6, 2)


def format_index(value: int) -> str:
    """``9126218`` as ``"91262.18"``."""
    return _decimal(value, 2, 2)


def complement(price: Price) -> Price:
    """The price of the other outcome: a NO bid at ``p`` is a YES ask at ``1 - p``."""
    return Price(PRICE_SCALE - price)


def notional(price: Price, quantity: Quantity) -> Money:
    """What ``quantity`` costs at ``price``: exact."""
    return Money(price * quantity)


def payoff(quantity: Quantity) -> Money:
    """What ``quantity`` winning contracts pay: one dollar each."""
    return Money(PRICE_SCALE * quantity)


def floor_to(money: Money, step: int) -> Money:
    """``money`` rounded down (toward minus infinity) to a multiple of ``step`` micro-dollars."""
    return Money(money // step * step)


def half_up_mean(total: int, count: int) -> IndexValue:
    """The mean of ``count`` index values with sum ``total``, half a cent rounded up.

    Source: settlement rule since 2026-08-21, rounding to two decimals, half up.
    """
    return IndexValue((2 * total + count) // (2 * count))


def float_round_mean(total: int, count: int) -> IndexValue:
    """The mean of ``count`` index values, rounded as before 2026-08-21: binary float, two decimals.

    Differs from ``half_up_mean`` only where the mean is exactly half a cent.
    """
    return IndexValue(round(round(total / INDEX_SCALE / count, 2) * INDEX_SCALE))
