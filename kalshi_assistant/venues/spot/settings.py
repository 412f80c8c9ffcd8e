"""Which constituents are listened to: settings alone, which load nothing compiled."""

from dataclasses import dataclass
from typing import Final, get_args

from kalshi_assistant.domain.ranges import check_ranges, setting
from kalshi_assistant.venues.spot.wire import SpotVenue

SPOT_VENUES: Final[tuple[SpotVenue, ...]] = get_args(SpotVenue)


@dataclass(frozen=True, slots=True, kw_only=True)
class SpotSettings:
    """Which constituents are listened to, and how."""

    enabled: bool = setting(True, "compute our own copy of the index from its constituents' books")
    coinbase: bool = setting(True, "listen to Coinbase")
    kraken: bool = setting(True, "listen to Kraken")
    bitstamp: bool = setting(True, "listen to Bitstamp")
    gemini: bool = setting(True, "listen to Gemini")
    cryptocom: bool = setting(True, "listen to Crypto.com")
    bullish: bool = setting(True, "listen to Bullish")
    paxos: bool = setting(True, "listen to Paxos (itBit)")
    lmax: bool = setting(
        False, "listen to LMAX Digital; its terms restrict display, so this is yours to allow"
    )
    silence_seconds: float = setting(
        20.0, "a constituent's connection without any frame for so long is given up", ge=2, le=600
    )
    longest_delay_seconds: float = setting(
        60.0, "longest pause before connecting to a constituent again", ge=1, le=3_600
    )
    wait_ms: int = setting(
        80, "how long the copy of an instant waits for the changes stamped before it", ge=0, le=190
    )
    reconcile_seconds: float = setting(
        300.0, "how often every constituent's book is compared with a fresh one", ge=10, le=86_400
    )

    def __post_init__(self) -> None:
        check_ranges(self)

    @property
    def venues(self) -> tuple[SpotVenue, ...]:
        """The constituents listened to."""
        return tuple(name for name in SPOT_VENUES if getattr(self, name)) if self.enabled else ()
