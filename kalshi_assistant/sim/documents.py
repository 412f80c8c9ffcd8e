"""The venue's REST objects: markets, events, the series, trades and candles, each a dictionary.

Field names and formats are those of OpenAPI 3.34.0 as observed in September 2026: prices are dollar
strings with four decimals, counts strings with two, times ISO 8601. A market without a strike has
no ``floor_strike``; one that is not settled has an empty ``result`` and ``expiration_value``.
"""

from typing import Any, Final, Protocol

import msgspec

from kalshi_assistant.domain.contract import Contract, MarketStatus, Outcome
from kalshi_assistant.domain.events import BookSnapshot, ExchangeStatusSeen, QuoteSeen, TradeSeen
from kalshi_assistant.domain.time import DAY, SECOND, Nanos, format_iso
from kalshi_assistant.domain.units import (
    ONE_DOLLAR,
    IndexValue,
    Price,
    Quantity,
    complement,
    format_index,
    format_price,
    format_quantity,
)
from kalshi_assistant.sim import frames, listing

_LATEST_EXPIRATION: Final = 7 * DAY
_NOTHING: Final = format_price(Price(0))
_WEEKDAYS: Final = (
    *("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),
)


class Span(msgspec.Struct, frozen=True, gc=False):
    """First, highest, lowest and last price of a span of time."""

    open: Price
    high: Price
    low: Price
    close: Price


class Candle(msgspec.Struct, frozen=True, gc=False):
    """One span of a market's life; ``None`` where nothing was traded."""

    end: Nanos
    bid: Span
    ask: Span
    price: Span | None
    mean: Price | None
    previous: Price | None
    """The last price before the span."""
    volume: Quantity
    open_interest: Quantity


class MarketRecord(Protocol):
    """What the exchange knows of one market; ``None`` for what has not happened yet."""

    @property
    def contract(self) -> Contract:
        """Times, grid, fees, and the strike once it is set."""

    @property
    def status(self) -> MarketStatus:
        """Where it is in its life."""

    @property
    def created_at(self) -> Nanos:
        """When it was listed."""

    @property
    def updated_at(self) -> Nanos:
        """The last change that was not a trade."""

    @property
    def quote(self) -> QuoteSeen | None:
        """Best prices, last price and volume."""

    @property
    def result(self) -> Outcome | None:
        """The outcome that won."""

    @property
    def settlement(self) -> IndexValue | None:
        """The value it settled on."""

    @property
    def settled_at(self) -> Nanos | None:
        """When it was settled."""


def market(record: MarketRecord) -> dict[str, Any]:
    """One market as ``GET /markets/{ticker}`` shows it."""
    contract = record.contract
    return {
        "ticker": contract.ticker,
        "event_ticker": contract.event_ticker,
        "exchange_index": contract.exchange_index,
        "market_type": "binary",
        **listing.wording(contract),
        "status": record.status,
        "settlement_timer_seconds": 1,
        "notional_value_dollars": format_price(ONE_DOLLAR),
        "settlement_bounds_type": "default",
        "created_time": format_iso(record.created_at),
        "updated_time": format_iso(record.updated_at),
        **_times(contract),
        **_strike(contract.strike),
        **listing.grid(contract.price_ranges),
        **_quote(record.quote),
        **_outcome(record),
    }


def _times(contract: Contract) -> dict[str, Any]:
    close = contract.close_time
    expected = format_iso(close + listing.EXPECTED_EXPIRATION)
    latest = format_iso(close + _LATEST_EXPIRATION)
    return {
        "open_time": format_iso(contract.open_time),
        "close_time": format_iso(close),
        "expected_expiration_time": expected,
        "occurrence_datetime": expected,
        "expiration_time": latest,
        "latest_expiration_time": latest,
    }


def _strike(strike: IndexValue | None) -> dict[str, Any]:
    if strike is None:
        return {}
    return {"strike_type": listing.STRIKE_TYPE, "floor_strike": listing.floor_strike(strike)}


def _quote(quote: QuoteSeen | None) -> dict[str, Any]:
    """Best prices and volume; a side that is empty, or a market never quoted, shows 0 and 1."""
    bid, ask = (Price(0), ONE_DOLLAR) if quote is None else (quote.bid, quote.ask)
    sizes = (0, 0, 0, 0, 0)
    if quote is not None:
        interest = quote.open_interest
        sizes = (quote.bid_size, quote.ask_size, quote.volume, interest, quote.last_price)
    bid_size, ask_size, volume, open_interest, last_price = sizes
    return {
        "yes_bid_dollars": format_price(bid),
        "yes_bid_size_fp": format_quantity(bid_size),
        "yes_ask_dollars": format_price(ask),
        "yes_ask_size_fp": format_quantity(ask_size),
        "no_bid_dollars": format_price(complement(ask)),
        "no_ask_dollars": format_price(complement(bid)),
        "last_price_dollars": format_price(last_price),
        "previous_yes_bid_dollars": _NOTHING,
        "previous_yes_ask_dollars": _NOTHING,
        "previous_price_dollars": _NOTHING,
        "volume_fp": format_quantity(volume),
        "volume_24h_fp": format_quantity(volume),
        "open_interest_fp": format_quantity(open_interest),
    }


def _outcome(record: MarketRecord) -> dict[str, Any]:
    shown: dict[str, Any] = {"result": record.result or "", "expiration_value": ""}
    if record.settlement is not None:
        shown["expiration_value"] = format_index(record.settlement)
    if record.result is not None:
        won = record.result == "yes"
        shown["settlement_value_dollars"] = format_price(ONE_DOLLAR if won else 0)
    if record.settled_at is not None:
        shown["settlement_ts"] = format_iso(record.settled_at)
    return shown


def event(record: MarketRecord, *, nested: bool) -> dict[str, Any]:
    """The event of a market; each event of this series has exactly one."""
    contract = record.contract
    shown = {
        "event_ticker": contract.event_ticker,
        "series_ticker": listing.SERIES,
        "exchange_index": contract.exchange_index,
        "title": listing.EVENT_TITLE,
        "sub_title": "",
        "category": listing.CATEGORY,
        "collateral_return_type": "",
        "mutually_exclusive": False,
        "strike_date": format_iso(contract.close_time),
        "available_on_brokers": False,
        "product_metadata": {"cadence": listing.FREQUENCY},
        "last_updated_ts": format_iso(record.updated_at),
    }
    return shown | {"markets": [market(record)]} if nested else shown


def series(volume: Quantity | None) -> dict[str, Any]:
    """The one series of this venue, with its ``volume`` where that was asked for."""
    shown = {
        "ticker": listing.SERIES,
        "title": "Bitcoin price up down",
        "frequency": listing.FREQUENCY,
        "category": listing.CATEGORY,
        "categories": [listing.CATEGORY],
        "tags": ["BTC", "15 min"],
        "fee_type": "quadratic",
        "fee_multiplier": 1,
        "exchange_index": listing.SHARD,
        "settlement_sources": [{"name": "CF Benchmarks", "url": "https://www.cfbenchmarks.com"}],
        "contract_url": "",
        "contract_terms_url": "",
        "additional_prohibitions": [],
        "product_metadata": {"cadence": listing.FREQUENCY},
    }
    return shown if volume is None else shown | {"volume_fp": format_quantity(volume)}


def orderbook(book: BookSnapshot, depth: int | None) -> dict[str, Any]:
    """Bids of both outcomes, ascending, the best ``depth`` of each (all without one)."""
    sides = {"yes_dollars": frames.levels(book.bids), "no_dollars": frames.no_levels(book.asks)}
    return {name: side[-depth:] if depth else side for name, side in sides.items()}


def trade(seen: TradeSeen) -> dict[str, Any]:
    """One public trade."""
    return frames.trade_sides(seen) | {
        "trade_id": seen.trade_id,
        "ticker": seen.ticker,
        "created_time": format_iso(seen.at),
    }


def candle(shown: Candle) -> dict[str, Any]:
    """One candlestick; its prices are null where nothing was traded."""
    prices = dict.fromkeys(("open_dollars", "high_dollars", "low_dollars", "close_dollars"))
    price: dict[str, str | None] = {**prices} if shown.price is None else {**_span(shown.price)}
    for name, value in (("mean_dollars", shown.mean), ("previous_dollars", shown.previous)):
        price[name] = None if value is None else format_price(value)
    return {
        "end_period_ts": shown.end // SECOND,
        "yes_bid": _span(shown.bid),
        "yes_ask": _span(shown.ask),
        "price": price,
        "volume_fp": format_quantity(shown.volume),
        "open_interest_fp": format_quantity(shown.open_interest),
    }


def _span(prices: Span) -> dict[str, str]:
    return {
        "open_dollars": format_price(prices.open),
        "high_dollars": format_price(prices.high),
        "low_dollars": format_price(prices.low),
        "close_dollars": format_price(prices.close),
    }


def status(seen: ExchangeStatusSeen) -> dict[str, Any]:
    """Whether the shards trade; the flags at the top are those of shard 0, the same here."""
    flags = {
        "exchange_active": seen.exchange_active,
        "trading_active": seen.trading_active,
        "intra_exchange_transfers_active": seen.exchange_active,
    }
    shown: dict[str, Any] = flags | {
        "exchange_index_statuses": [
            {"exchange_index": 0, "description": "Default", **flags},
            {"exchange_index": seen.exchange_index, "description": "Crypto", **flags},
        ],
    }
    if seen.resume_at is not None:
        shown["exchange_estimated_resume_time"] = format_iso(seen.resume_at)
    return shown


def schedule(windows: tuple[tuple[Nanos, Nanos], ...], now: Nanos) -> dict[str, Any]:
    """Standard hours, which are all of them, and the maintenance ahead."""
    day = [{"open_time": "00:00", "close_time": "00:00"}]
    hours = dict.fromkeys(_WEEKDAYS, day)
    year = 365 * DAY
    return {
        "standard_hours": [
            {"start_time": format_iso(now - year), "end_time": format_iso(now + year), **hours}
        ],
        "maintenance_windows": [
            {"start_datetime": format_iso(start), "end_datetime": format_iso(end)}
            for start, end in windows
        ],
    }
