"""How the venue words a market: titles, rules, the price steps on the wire, and the ids it gives.

Source: market objects and lifecycle frames of September 2026. The strike is in the title of the YES
side only; the NO side keeps saying that the target is to be determined.
"""

from functools import lru_cache
from typing import Any, Final
from uuid import UUID, uuid5

from kalshi_assistant.domain.contract import Contract, FeeTerms, PriceRange
from kalshi_assistant.domain.ids import BTC_15_MINUTES, Series, Ticker
from kalshi_assistant.domain.time import MINUTE, SECOND
from kalshi_assistant.domain.units import IndexValue, format_index, format_price

SERIES: Final[Series] = BTC_15_MINUTES
TITLE: Final = "BTC price up in next 15 mins?"
EVENT_TITLE: Final = "BTC 15 min"
NO_TARGET: Final = "Target price: TBD"
STRIKE_TYPE: Final = "greater_or_equal"
CATEGORY: Final = "Crypto"
FREQUENCY: Final = "fifteen_min"
SHARD: Final = 2
"""The shard of crypto, where these markets are created."""

EXPECTED_EXPIRATION: Final = 5 * MINUTE
"""The venue expects to have settled this long after the close."""

RULES_PRIMARY: Final = (
    "If the simple average of the sixty one-second BRTI prints before the close is at least the "
    "same average before the open, the market resolves to Yes."
)
RULES_SECONDARY: Final = (
    "The averages are rounded to two decimals. This market is simulated: nothing in it is money."
)

PUBLISHED_RATE_E6: Final = 70_000
"""A multiplier of 1 means 0.07 per contract at ``P * (1 - P)``, in millionths."""

_MARKET_IDS: Final = UUID("5c1f2f5e-6a51-5f0a-9d0f-8a3f6f0b7c11")
_GRIDS: Final[dict[tuple[int, ...], str]] = {(100,): "linear_cent", (10,): "deci_cent"}
"""Names of structures by the steps of their bands, in 1/10,000 dollar."""


@lru_cache(256)
def market_id(ticker: Ticker) -> str:
    """The venue's second name of a market, a UUID; the same for the same ticker."""
    return str(uuid5(_MARKET_IDS, ticker))


def target(strike: IndexValue | None) -> str:
    """The YES side's sub-title: ``Target Price: $91,250.62`` once the strike is known."""
    if strike is None:
        return NO_TARGET
    whole, cents = format_index(strike).split(".")
    return f"Target Price: ${int(whole):,}.{cents}"


def floor_strike(strike: IndexValue) -> float:
    """The strike as a JSON number of dollars, as the venue sends it."""
    return float(format_index(strike))


def grid(ranges: tuple[PriceRange, ...]) -> dict[str, Any]:
    """The fields that describe the price steps."""
    steps = tuple(band.step for band in ranges)
    return {
        "price_level_structure": _GRIDS.get(steps, "tapered_deci_cent"),
        "price_ranges": [
            {
                "start": format_price(band.start),
                "end": format_price(band.end),
                "step": format_price(band.step),
            }
            for band in ranges
        ],
    }


def wording(contract: Contract) -> dict[str, Any]:
    """The texts of a market, as REST and the ``created`` frame share them."""
    return {
        "title": TITLE,
        "yes_sub_title": target(contract.strike),
        "no_sub_title": NO_TARGET,
        "rules_primary": RULES_PRIMARY,
        "rules_secondary": RULES_SECONDARY,
        "can_close_early": True,
        "custom_strike": {"round_digits": str(contract.round_digits)},
    }


def created(contract: Contract) -> dict[str, Any]:
    """The body of a ``created`` lifecycle frame."""
    metadata = wording(contract) | {
        "name": TITLE,
        "event_ticker": contract.event_ticker,
        "expected_expiration_ts": (contract.close_time + EXPECTED_EXPIRATION) // SECOND,
    }
    return {
        "market_ticker": contract.ticker,
        "event_type": "created",
        "exchange_index": contract.exchange_index,
        "open_ts": contract.open_time // SECOND,
        "close_ts": contract.close_time // SECOND,
        "additional_metadata": metadata,
        **grid(contract.price_ranges),
    }


def event_created(contract: Contract) -> dict[str, Any]:
    """The body of the ``event_lifecycle`` frame that goes before."""
    return {
        "event_ticker": contract.event_ticker,
        "exchange_index": contract.exchange_index,
        "title": EVENT_TITLE,
        "subtitle": "",
        "collateral_return_type": "",
        "series_ticker": SERIES,
    }


def fee_override(fees: FeeTerms) -> dict[str, Any]:
    """Fee terms as an override of an event: the multiplier is against the published 7 %."""
    multiplier = fees.taker_rate_e6 / PUBLISHED_RATE_E6
    return {"fee_type_override": fees.kind, "fee_multiplier_override": multiplier}
