"""Market messages as facts: quote, trade, index, lifecycle. Each raises one of ``NONSENSE``.

A reader is a pure function of one message; it never sees a sequence number. ``at`` is the venue's
stamp of the fact, else of the sending, else our receipt.
"""

from typing import Final

from kalshi_assistant.domain.contract import Contract, MarketStatus
from kalshi_assistant.domain.events import (
    CloseTimeChanged,
    Event,
    FeesChanged,
    GridChanged,
    IndexPrinted,
    IndexTicked,
    MarketDetermined,
    MarketListed,
    MarketStatusChanged,
    QuoteSeen,
    StrikeSet,
    TradeSeen,
)
from kalshi_assistant.domain.ids import Ticker
from kalshi_assistant.domain.time import SECOND, Nanos, from_millis, from_seconds
from kalshi_assistant.domain.units import parse_price
from kalshi_assistant.venues.kalshi import schema, terms, texts
from kalshi_assistant.venues.kalshi.texts import NonsenseError

_MILLIS_IN_SECOND: Final = 1_000


def stamp(millis: int | None, received_at: Nanos) -> Nanos:
    """The venue's stamp where there is one."""
    return received_at if millis is None else from_millis(millis)


def quote(frame: schema.TickerFrame, received_at: Nanos) -> QuoteSeen:
    """The venue's best prices."""
    body = frame.msg
    return QuoteSeen(
        at=from_millis(body.ts_ms),
        received_at=received_at,
        ticker=Ticker(body.market_ticker),
        bid=parse_price(body.yes_bid_dollars),
        ask=parse_price(body.yes_ask_dollars),
        bid_size=texts.count(body.yes_bid_size_fp),
        ask_size=texts.count(body.yes_ask_size_fp),
        last_price=parse_price(body.price_dollars),
        volume=texts.count(body.volume_fp),
        open_interest=texts.count(body.open_interest_fp),
    )


def trade(frame: schema.TradeFrame, received_at: Nanos) -> TradeSeen:
    """A public trade."""
    body = frame.msg
    return TradeSeen(
        at=from_millis(body.ts_ms),
        received_at=received_at,
        ticker=Ticker(body.market_ticker),
        trade_id=body.trade_id,
        price=texts.book_price(body.yes_price_dollars),
        quantity=texts.count(body.count_fp),
        taker=body.taker_outcome_side,
        is_block=body.is_block_trade,
    )


# --- the index ---


def index_print(frame: schema.IndexFrame, received_at: Nanos) -> IndexPrinted:
    """A print of the 1 Hz channel, from the publisher's own text.

    An average over another window than ``[at - 60 s, at)`` is left out.
    """
    body = frame.msg
    value = schema.DECODE_VALUE(body.data)
    if value.id != body.index_id:
        raise NonsenseError(f"a value of {value.id[:20]!r} under {body.index_id[:20]!r}")
    if value.time % _MILLIS_IN_SECOND:
        raise NonsenseError(f"a print stamped {value.time} ms, between two seconds")
    average = body.avg_60s_data
    ends_here = average.window_end_ts_exclusive == value.time
    return IndexPrinted(
        at=from_millis(value.time),
        received_at=received_at,
        index=value.id,
        value=texts.index_value(value.value),
        source="kalshi_1hz",
        average_60s_e8=texts.average(average.value) if ends_here else None,
        average_60s_prints=average.window_size if ends_here else None,
    )


def index_tick(frame: schema.Index5HzFrame, received_at: Nanos) -> IndexPrinted | IndexTicked:
    """A value of the 5 Hz channel; the one on a whole second equals the 1 Hz print."""
    body = frame.msg
    at, value = from_millis(body.source_ts_ms), texts.index_value(body.value_usd)
    if body.data is not None:
        said = schema.DECODE_VALUE(body.data)
        same = said.id == body.index_id and said.time == body.source_ts_ms
        if not same or texts.index_value(said.value) != value:
            raise NonsenseError("a value that is not the publisher's own beside it")
    if at % SECOND:
        return IndexTicked(at, received_at, body.index_id, value, "kalshi_5hz")
    return IndexPrinted(at, received_at, body.index_id, value, "kalshi_5hz")


# --- the life of a market ---


def event_made(_frame: schema.EventFrame, _received_at: Nanos) -> None:
    """A new event is no fact of its own: its market follows in another message."""


def lifecycle(frame: schema.LifecycleFrame, received_at: Nanos) -> Event | None:
    """What happened to a market of ours; ``None`` where it says nothing the house needs."""
    body: schema.LifecycleBody = schema.DECODE_LIFECYCLE(frame.msg)
    ticker = Ticker(body.market_ticker)
    at = stamp(frame.sending_ts_ms, received_at)
    match body:
        case schema.Created():
            return _listed(body, at, received_at)
        case schema.MetadataUpdated():
            return _strike_set(body, at, received_at)
        case schema.CloseDateUpdated(close_ts=close):
            return CloseTimeChanged(at, received_at, ticker, from_seconds(close))
        case schema.PriceLevelStructureUpdated(price_ranges=bands):
            return GridChanged(at, received_at, ticker, terms.price_ranges(bands))
        case schema.Determined():
            return _determined(body, received_at)
        case schema.Activated() | schema.Deactivated() | schema.Settled():
            return _status_changed(body, at, received_at)


def _status_changed(
    body: schema.Activated | schema.Deactivated | schema.Settled, at: Nanos, received_at: Nanos
) -> MarketStatusChanged:
    status: MarketStatus = "inactive"
    if isinstance(body, schema.Activated):
        status = "active"
    elif isinstance(body, schema.Settled):
        status, at = "finalized", from_seconds(body.settled_ts)
    return MarketStatusChanged(at, received_at, Ticker(body.market_ticker), status)


def _listed(body: schema.Created, at: Nanos, received_at: Nanos) -> MarketListed | None:
    """A new market, if its terms came with it; otherwise REST will tell."""
    metadata = body.additional_metadata
    if metadata is None or metadata.custom_strike is None:
        return None
    if body.price_ranges is None or body.exchange_index is None:
        return None
    contract = Contract(
        ticker=Ticker(body.market_ticker),
        event_ticker=metadata.event_ticker,
        open_time=from_seconds(body.open_ts),
        close_time=from_seconds(body.close_ts),
        strike=None,
        price_ranges=terms.price_ranges(body.price_ranges),
        fees=None,
        exchange_index=body.exchange_index,
        round_digits=terms.round_digits(metadata.custom_strike),
    )
    if contract.open_time >= contract.close_time:
        raise NonsenseError("a market that closes before it opens")
    return MarketListed(at, received_at, contract, "initialized")


def _strike_set(body: schema.MetadataUpdated, at: Nanos, received_at: Nanos) -> StrikeSet | None:
    if body.floor_strike is None:
        return None
    value = terms.strike(body.floor_strike, body.strike_type)
    return StrikeSet(at, received_at, Ticker(body.market_ticker), value)


def _determined(body: schema.Determined, received_at: Nanos) -> MarketDetermined:
    at, ticker = from_seconds(body.determination_ts), Ticker(body.market_ticker)
    match body.result:
        case "yes" | "no":
            return MarketDetermined(at, received_at, ticker, body.result)
        case other:
            raise NonsenseError(f"result {other[:20]!r} of {ticker} is neither yes nor no")


def fees_changed(frame: schema.EventFeeFrame, received_at: Nanos) -> FeesChanged:
    """New fees of an event. An override that ends raises: the series' fees have to be asked for."""
    body = frame.msg
    found = terms.fees(body.fee_type_override, body.fee_multiplier_override)
    if found.terms is None:
        raise NonsenseError(f"fees of {body.event_ticker}: {found.problem}")
    at = stamp(frame.sending_ts_ms, received_at)
    return FeesChanged(at, received_at, body.event_ticker, found.terms)
