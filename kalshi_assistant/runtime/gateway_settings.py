"""How orders are carried to the live venue: settings alone, which load nothing."""

from dataclasses import dataclass
from typing import Final

from kalshi_assistant.domain.orders import LINGER
from kalshi_assistant.domain.ranges import check_ranges, setting
from kalshi_assistant.domain.time import SECOND

CREATE_SECONDS_MAX: Final = 5.0
"""Longest wait for an answer. Half of what a request may linger after it: another process, which
does not know when this one gives up, has to wait for both together.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewaySettings:
    """How orders are carried to the live venue."""

    create_seconds: float = setting(
        2.0,
        "an order or cancel without an answer for this long is in doubt",
        ge=0.2,
        le=CREATE_SECONDS_MAX,
    )
    read_seconds: float = setting(
        5.0, "a question without an answer for this long is asked again", ge=0.2, le=60
    )
    kept_share: float = setting(
        0.2, "share of the write tokens that new orders leave for cancels", ge=0, le=0.9
    )
    margin_seconds: float = setting(
        LINGER / SECOND,
        "records this much later than a sending prove that an order is absent",
        ge=LINGER / SECOND,
        le=60,
    )
    first_pause_milliseconds: int = setting(
        200, "first pause before a cancel or a look-up is repeated", ge=10, le=5_000
    )
    longest_pause_milliseconds: int = setting(5_000, "pauses grow up to this", ge=10, le=60_000)
    warm_seconds: float = setting(
        5.0, "connections for orders are used this often, so that they stay open", ge=1, le=25
    )
    warm_connections: int = setting(
        2, "connections for orders that are kept open; 0 keeps none", ge=0, le=8
    )
    closing_seconds: float = setting(
        5.0, "at the end, requests under way are waited for this long", ge=0.1, le=60
    )

    def __post_init__(self) -> None:
        check_ranges(self)
