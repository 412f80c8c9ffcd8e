"""Numbers and instants as the venues write them: exact, and never through a float.

Every text has at least the decimals its venue gives, and more where the number is finer, so nothing
is lost on a book that is not on the venue's own steps.
"""

from functools import lru_cache
from typing import Final

from kalshi_assistant.domain.time import MICROSECOND, MILLISECOND, SECOND, format_iso

_COIN: Final = 100_000_000
_DOLLAR: Final = 10_000


@lru_cache(maxsize=65_536)  # a book has the same prices all the time
def price_text(price: int, decimals: int) -> str:
    """``840_000_100`` as ``"84000.01"``, with at least ``decimals`` of them."""
    whole, rest = divmod(price, _DOLLAR)
    tail = f"{rest:04d}".rstrip("0").ljust(decimals, "0")
    return f"{whole}.{tail}" if tail else str(whole)


def size_text(size: int, decimals: int = 0) -> str:
    """``35_000_000`` as ``"0.35"``, with at least ``decimals`` of them."""
    whole, rest = divmod(size, _COIN)
    tail = f"{rest:08d}".rstrip("0").ljust(decimals, "0")
    return f"{whole}.{tail}" if tail else str(whole)


def full_size_text(size: int) -> str:
    """``35_000_000`` as ``"0.35000000"``."""
    return f"{size // _COIN}.{size % _COIN:08d}"


def iso_millis(now: int) -> str:
    """``2026-09-21T14:00:00.120Z``."""
    return f"{_second(now // SECOND)}.{now % SECOND // MILLISECOND:03d}Z"


def iso_micros(now: int) -> str:
    """``2026-09-21T14:00:00.120000Z``."""
    return f"{_second(now // SECOND)}.{now % SECOND // MICROSECOND:06d}Z"


@lru_cache(maxsize=64)
def _second(second: int) -> str:
    return format_iso(second * SECOND).removesuffix("Z")
