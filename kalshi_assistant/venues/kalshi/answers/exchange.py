"""Whether the exchange trades, and when it will not."""

import msgspec

from kalshi_assistant.domain.events import ExchangeStatusSeen, MaintenanceScheduled, Malformed
from kalshi_assistant.domain.time import Nanos
from kalshi_assistant.venues.kalshi.answers.reading import Body, tried
from kalshi_assistant.venues.kalshi.schema import Shard
from kalshi_assistant.venues.kalshi.texts import NonsenseError, instant


class _ShardStatus(Body, frozen=True, gc=False):
    exchange_index: Shard
    exchange_active: bool
    trading_active: bool


class _Status(Body, frozen=True, gc=False):
    exchange_index_statuses: list[_ShardStatus]
    exchange_estimated_resume_time: str | None = None


def parse_exchange_status(
    body: bytes, received_at: Nanos, exchange_index: int
) -> ExchangeStatusSeen | Malformed:
    """Whether our shard trades; the flags at the top of the answer are those of shard 0."""

    def read() -> ExchangeStatusSeen:
        status = msgspec.json.decode(body, type=_Status)
        resume = status.exchange_estimated_resume_time
        for shard in status.exchange_index_statuses:
            if shard.exchange_index == exchange_index:
                return ExchangeStatusSeen(
                    at=received_at,
                    received_at=received_at,
                    exchange_index=exchange_index,
                    exchange_active=shard.exchange_active,
                    trading_active=shard.trading_active,
                    resume_at=instant(resume) if resume else None,
                )
        raise NonsenseError(f"the status names no shard {exchange_index}")

    return tried(read, "exchange status", received_at)


class _Window(Body, frozen=True, gc=False):
    start_datetime: str
    end_datetime: str


class _Windows(Body, frozen=True, gc=False):
    maintenance_windows: list[_Window]


class _Schedule(Body, frozen=True, gc=False):
    schedule: _Windows


def parse_exchange_schedule(body: bytes, received_at: Nanos) -> MaintenanceScheduled | Malformed:
    """Planned maintenance; the series trades at all hours, so standard hours are not read."""

    def read() -> MaintenanceScheduled:
        windows = msgspec.json.decode(body, type=_Schedule).schedule.maintenance_windows
        spans = [(instant(each.start_datetime), instant(each.end_datetime)) for each in windows]
        if any(start >= end for start, end in spans):
            raise NonsenseError("a maintenance window that ends before it starts")
        return MaintenanceScheduled(received_at, received_at, tuple(sorted(spans)))

    return tried(read, "exchange schedule", received_at)
