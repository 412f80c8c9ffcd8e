"""The fees of series and events, now and as announced."""

from decimal import Decimal

import msgspec

from kalshi_assistant.domain.events import Malformed
from kalshi_assistant.domain.time import Nanos
from kalshi_assistant.venues.kalshi import terms
from kalshi_assistant.venues.kalshi.answers.reading import Body, tried
from kalshi_assistant.venues.kalshi.schema import Shard
from kalshi_assistant.venues.kalshi.terms import Fees
from kalshi_assistant.venues.kalshi.texts import instant


class SeriesTerms(Body, frozen=True, gc=False):
    """What a series says of all its markets."""

    ticker: str
    exchange_index: int
    fees: Fees


class _Series(Body, frozen=True, gc=False):
    ticker: str
    exchange_index: Shard
    fee_type: str
    fee_multiplier: Decimal


class _SeriesAnswer(Body, frozen=True, gc=False):
    series: _Series


def parse_series(body: bytes, received_at: Nanos) -> SeriesTerms | Malformed:
    """Fees and shard of a series."""

    def read() -> SeriesTerms:
        found = msgspec.json.decode(body, type=_SeriesAnswer).series
        fees = terms.fees(found.fee_type, found.fee_multiplier)
        return SeriesTerms(found.ticker, found.exchange_index, fees)

    return tried(read, "series", received_at)


class FeeChange(Body, frozen=True, gc=False):
    """New fees of a series or an event from ``scheduled_at`` on; an event's can also end."""

    about: str
    scheduled_at: Nanos
    fees: Fees
    ends: bool


class _SeriesChange(Body, frozen=True, gc=False):
    series_ticker: str
    fee_type: str
    fee_multiplier: Decimal
    scheduled_ts: str


class _SeriesChanges(Body, frozen=True, gc=False):
    series_fee_change_arr: list[_SeriesChange]


def parse_series_fee_changes(body: bytes, received_at: Nanos) -> tuple[FeeChange, ...] | Malformed:
    """Fee changes of series, as listed."""

    def read() -> tuple[FeeChange, ...]:
        found = msgspec.json.decode(body, type=_SeriesChanges).series_fee_change_arr
        return tuple(
            FeeChange(
                about=each.series_ticker,
                scheduled_at=instant(each.scheduled_ts),
                fees=terms.fees(each.fee_type, each.fee_multiplier),
                ends=False,
            )
            for each in found
        )

    return tried(read, "series fee changes", received_at)


class _EventChange(Body, frozen=True, gc=False):
    event_ticker: str
    scheduled_ts: str
    fee_type_override: str | None
    fee_multiplier_override: Decimal | None


class _EventChanges(Body, frozen=True, gc=False):
    event_fee_changes: list[_EventChange]
    cursor: str | None = None


class FeeChangePage(Body, frozen=True, gc=False):
    """One page of fee changes; ``cursor`` asks for the next, ``None`` is the end."""

    changes: tuple[FeeChange, ...]
    cursor: str | None


def parse_event_fee_changes(body: bytes, received_at: Nanos) -> FeeChangePage | Malformed:
    """Fee overrides of events, as listed."""

    def read() -> FeeChangePage:
        page = msgspec.json.decode(body, type=_EventChanges)
        changes = tuple(
            FeeChange(
                about=each.event_ticker,
                scheduled_at=instant(each.scheduled_ts),
                fees=terms.fees(each.fee_type_override, each.fee_multiplier_override),
                ends=each.fee_type_override is None,
            )
            for each in page.event_fee_changes
        )
        return FeeChangePage(changes, page.cursor or None)

    return tried(read, "event fee changes", received_at)
