"""What the simulated exchange is like, and how often its own things go wrong."""

from dataclasses import dataclass, field

from kalshi_assistant.domain.ranges import check_ranges, setting
from kalshi_assistant.sim.constituents import ConstituentSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSettings:
    """The one account that may trade here, and how the venue treats it."""

    crypto_dollars: float = setting(
        1_000.0, "cash on the shard of crypto at the start", ge=0, le=100_000_000
    )
    default_dollars: float = setting(
        0.0, "cash on the default shard at the start", ge=0, le=100_000_000
    )
    netting: bool = setting(True, "YES and NO of one market close each other")
    reads_lag_ms: int = setting(
        0, "how old balances, orders, fills and positions are when read", ge=0, le=10_000
    )
    transfer_ms: int = setting(0, "how long money is under way between shards", ge=0, le=60_000)
    cancel_all_reach: float = setting(
        0.0, "share of orders placed within a minute of a cancel-all that it takes too", ge=0, le=1
    )
    kept: int = setting(
        10_000, "finished orders, fills, settlements and used ids remembered", ge=10, le=1_000_000
    )

    def __post_init__(self) -> None:
        check_ranges(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeSettings:
    """The exchange. Every share is a probability per window; all zero is a venue in good health."""

    start_dollars: float = setting(
        91_250.0, "the index where its path begins", ge=1_000, le=10_000_000
    )
    sigma_bp: float = setting(
        0.57, "standard deviation of one-second moves in a median hour, in bp", ge=0.01, le=50
    )
    activity: float = setting(1.0, "how busy the traders are; 1 is a usual market", ge=0.01, le=20)
    listed_hours: int = setting(4, "hours ahead of their open that markets are listed", ge=1, le=24)
    kept_hours: int = setting(4, "hours for which closed markets are remembered", ge=1, le=24)
    trades_kept: int = setting(20_000, "public trades remembered", ge=0, le=1_000_000)
    maintenance: bool = setting(False, "rest on Thursdays 03:00-05:00 New York time")
    strike_late: float = setting(0.0, "share of windows whose strike comes late", ge=0, le=1)
    strike_late_seconds: float = setting(30.0, "how late the strike is then", ge=0, le=899)
    strike_never: float = setting(0.0, "share of windows that never get a strike", ge=0, le=1)
    halt: float = setting(0.0, "share of windows in which trading is halted", ge=0, le=1)
    halt_seconds: float = setting(60.0, "how long a halt lasts", ge=1, le=899)
    prints_missing: float = setting(
        0.0, "share of index values that never reach the venue's readers", ge=0, le=0.9
    )

    spot: ConstituentSettings = field(default_factory=ConstituentSettings)
    constituents: bool = setting(
        False, "make the index from the books of eight exchanges, which can be listened to as well"
    )

    account: AccountSettings = field(default_factory=AccountSettings)

    def __post_init__(self) -> None:
        check_ranges(self)
