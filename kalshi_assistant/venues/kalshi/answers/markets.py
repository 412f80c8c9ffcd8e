"""Markets and their events: terms, status, settlement."""

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from kalshi_assistant.domain.contract import Contract, FeeTerms, MarketStatus, Outcome
from kalshi_assistant.domain.events import Event, Malformed, MarketListed, SettlementPublished
from kalshi_assistant.domain.ids import Ticker
from kalshi_assistant.domain.time import Nanos
from kalshi_assistant.venues.kalshi import terms, texts
from kalshi_assistant.venues.kalshi.answers.reading import (
    Body,
    EventPage,
    each_tried,
    flat,
    stamp_of,
    tried,
)
from kalshi_assistant.venues.kalshi.schema import CustomStrike, PriceBand, Shard
from kalshi_assistant.venues.kalshi.terms import Fees
from kalshi_assistant.venues.kalshi.texts import NonsenseError, instant


class _Market(Body, frozen=True, gc=False):
    ticker: str
    event_ticker: str
    status: MarketStatus
    open_time: str
    close_time: str
    price_ranges: list[PriceBand]
    exchange_index: Shard
    custom_strike: CustomStrike
    floor_strike: Decimal | None = None
    strike_type: str | None = None
    result: str = ""
    expiration_value: str = ""
    updated_time: str | None = None
    settlement_ts: str | None = None


class _MarketAnswer(Body, frozen=True, gc=False):
    market: msgspec.Raw


class _MarketsAnswer(Body, frozen=True, gc=False):
    markets: list[msgspec.Raw]
    cursor: str | None = None


def parse_market(body: bytes, received_at: Nanos, fees: FeeTerms | None) -> tuple[Event, ...]:
    """A market as it is, and its settlement once published; ``fees`` are its series'."""

    def read() -> tuple[Event, ...]:
        raw = msgspec.json.decode(body, type=_MarketAnswer).market
        return _market_events((raw,), received_at, fees)

    return flat(tried(read, "market", received_at))


def parse_markets(body: bytes, received_at: Nanos, fees: FeeTerms | None) -> EventPage:
    """A page of markets, as ``parse_market``."""

    def read() -> EventPage:
        page = msgspec.json.decode(body, type=_MarketsAnswer)
        return EventPage(_market_events(page.markets, received_at, fees), page.cursor or None)

    found = tried(read, "markets", received_at)
    return EventPage((found,), None, readable=False) if isinstance(found, Malformed) else found


class EventListing(Body, frozen=True, gc=False):
    """An event with what was said of its markets; ``override`` where its fees are its own."""

    event_ticker: str
    series_ticker: str
    override: Fees | None
    events: tuple[Event, ...]


class ListingPage(Body, frozen=True, gc=False):
    """One page of events; ``cursor`` asks for the next, ``None`` is the end."""

    listings: tuple[EventListing, ...]
    malformed: tuple[Malformed, ...]
    cursor: str | None


class _Event(Body, frozen=True, gc=False):
    event_ticker: str
    series_ticker: str
    fee_type_override: str | None = None
    fee_multiplier_override: Decimal | None = None
    markets: tuple[msgspec.Raw, ...] = ()


class _EventAnswer(Body, frozen=True, gc=False):
    event: _Event
    markets: tuple[msgspec.Raw, ...] = ()
    """Where they stand unless asked for inside the event."""


class _EventsAnswer(Body, frozen=True, gc=False):
    events: list[msgspec.Raw]
    cursor: str | None = None


def parse_event(body: bytes, received_at: Nanos, fees: FeeTerms | None) -> EventListing | Malformed:
    """One event; ``fees`` are its series'."""

    def read() -> EventListing:
        found = msgspec.json.decode(body, type=_EventAnswer)
        return _listing(found.event, found.event.markets or found.markets, received_at, fees)

    return tried(read, "event", received_at)


def parse_events(body: bytes, received_at: Nanos, fees: FeeTerms | None) -> ListingPage:
    """A page of events, as ``parse_event``."""

    def one(raw: msgspec.Raw) -> EventListing:
        found = msgspec.json.decode(raw, type=_Event)
        return _listing(found, found.markets, received_at, fees)

    def read() -> ListingPage:
        page = msgspec.json.decode(body, type=_EventsAnswer)
        read_ones = each_tried(one, page.events, "event", received_at)
        return ListingPage(
            tuple(each for each in read_ones if isinstance(each, EventListing)),
            tuple(each for each in read_ones if isinstance(each, Malformed)),
            page.cursor or None,
        )

    found = tried(read, "events", received_at)
    return ListingPage((), (found,), None) if isinstance(found, Malformed) else found


def _listing(
    found: _Event, markets: Sequence[msgspec.Raw], received_at: Nanos, fees: FeeTerms | None
) -> EventListing:
    override: Fees | None = None
    if found.fee_type_override is not None:
        override = terms.fees(found.fee_type_override, found.fee_multiplier_override)
        fees = override.terms
    events = _market_events(markets, received_at, fees)
    return EventListing(found.event_ticker, found.series_ticker, override, events)


def _market_events(
    raws: Sequence[msgspec.Raw], received_at: Nanos, fees: FeeTerms | None
) -> tuple[Event, ...]:
    def one(raw: msgspec.Raw) -> tuple[Event, ...]:
        return _described(raw, received_at, fees)

    described = each_tried(one, raws, "market", received_at)
    return tuple(event for found in described for event in flat(found))


def _described(raw: msgspec.Raw, received_at: Nanos, fees: FeeTerms | None) -> tuple[Event, ...]:
    """A market as it is now, and its settlement where both halves of it are published."""
    market = msgspec.json.decode(raw, type=_Market)
    contract = _contract(market, fees)
    at = stamp_of(market.updated_time, received_at)
    listed = MarketListed(at, received_at, contract, market.status)
    result = _result(market.result)
    if result is None or not market.expiration_value:
        return (listed,)
    value = texts.index_value(market.expiration_value)
    settled_at = stamp_of(market.settlement_ts, received_at)
    return listed, SettlementPublished(settled_at, received_at, contract.ticker, value, result)


def _contract(market: _Market, fees: FeeTerms | None) -> Contract:
    strike = market.floor_strike
    contract = Contract(
        ticker=Ticker(market.ticker),
        event_ticker=market.event_ticker,
        open_time=instant(market.open_time),
        close_time=instant(market.close_time),
        strike=None if strike is None else terms.strike(strike, market.strike_type),
        price_ranges=terms.price_ranges(market.price_ranges),
        fees=fees,
        exchange_index=market.exchange_index,
        round_digits=terms.round_digits(market.custom_strike),
    )
    if contract.open_time >= contract.close_time:
        raise NonsenseError("a market that closes before it opens")
    return contract


def _result(text: str) -> Outcome | None:
    match text:
        case "yes" | "no":
            return text
        case "":
            return None
        case _:
            raise NonsenseError(f"result {text[:20]!r} is neither yes nor no")
