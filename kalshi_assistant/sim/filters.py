"""Which markets a list read means: series, status word, and the span of one family of times."""

from collections.abc import Callable, Sequence
from typing import Final

from kalshi_assistant.domain.contract import MarketStatus
from kalshi_assistant.domain.time import Nanos
from kalshi_assistant.sim import listing, query
from kalshi_assistant.sim.documents import MarketRecord
from kalshi_assistant.sim.query import BadRequest, Query

_STATUSES: Final[dict[str, tuple[MarketStatus, ...]]] = {
    "unopened": ("initialized",),
    "open": ("active",),
    "paused": ("inactive",),
    "closed": ("closed", "determined", "disputed", "amended"),
    "settled": ("finalized",),
}
"""The words of the ``status`` filter and the statuses they mean."""

_STAMPS: Final[dict[str, Callable[[MarketRecord], Nanos | None]]] = {
    "created": lambda each: each.created_at,
    "close": lambda each: each.contract.close_time,
    "settled": lambda each: each.settled_at,
    "updated": lambda each: each.updated_at,
}


def newest_first(
    records: Sequence[MarketRecord], given: Query, families: Sequence[str]
) -> list[MarketRecord]:
    """The markets that ``given`` asks for; ``families`` are the times it may filter by.

    Raises BadRequest.
    """
    word = query.text(given, "status")
    if word is not None and word not in _STATUSES:
        raise BadRequest(f"status must be one of {', '.join(_STATUSES)}")
    series = query.text(given, "series_ticker")
    low, high, stamp = _span(given, families)
    kept = [
        each
        for each in records
        if series in (None, listing.SERIES)
        and (word is None or each.status in _STATUSES[word])
        and (stamp is None or query.within(_STAMPS[stamp](each), low, high))
    ]
    return sorted(kept, key=lambda each: each.contract.close_time, reverse=True)


def _span(given: Query, families: Sequence[str]) -> tuple[Nanos | None, Nanos | None, str | None]:
    """The bounds of the one family of times that is asked about; they exclude one another."""
    asked = [
        (query.instant(given, f"min_{name}_ts"), query.instant(given, f"max_{name}_ts"), name)
        for name in families
    ]
    used = [each for each in asked if each[0] is not None or each[1] is not None]
    if len(used) > 1:
        raise BadRequest("timestamp filters are mutually exclusive")
    return used[0] if used else (None, None, None)
