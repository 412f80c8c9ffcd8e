"""One market: when it lives, what it compares, what prices it takes, what it costs."""

from typing import Literal

import msgspec

from kalshi_assistant.domain.ids import Ticker
from kalshi_assistant.domain.time import Nanos
from kalshi_assistant.domain.units import IndexValue, Price

Outcome = Literal["yes", "no"]
MarketStatus = Literal[
    "initialized", "active", "inactive", "closed", "determined", "disputed", "amended", "finalized"
]
FeeKind = Literal["quadratic", "quadratic_with_maker_fees", "quadratic_with_combo_maker_fees"]


class PriceRange(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Prices from ``start`` to ``end`` come in steps of ``step``."""

    start: Price
    end: Price
    step: Price


class FeeTerms(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """The rate per contract at ``P * (1 - P)``, in millionths: 70,000 is 0.07."""

    kind: FeeKind
    taker_rate_e6: int
    maker_rate_e6: int


class Contract(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A market as the venue lists it. ``None`` means the venue has not said, never a default."""

    ticker: Ticker
    event_ticker: str
    open_time: Nanos
    close_time: Nanos
    strike: IndexValue | None
    price_ranges: tuple[PriceRange, ...]
    fees: FeeTerms | None
    exchange_index: int
    round_digits: int

    def on_grid(self, price: Price) -> bool:
        """Whether an order may carry ``price``: strictly between 0 and 1 dollar, on a step."""
        return any(
            band.start <= price <= band.end and (price - band.start) % band.step == 0
            for band in self.price_ranges
            if 0 < price < 10_000
        )
