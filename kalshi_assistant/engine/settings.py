"""What the engine is set up with; recorded in the journal, so that a replay is set up the same."""

from dataclasses import asdict, dataclass, field
from hashlib import blake2b

import msgspec

from kalshi_assistant.domain.ids import BRTI
from kalshi_assistant.domain.ranges import check_ranges, setting
from kalshi_assistant.domain.units import MONEY_SCALE, Money
from kalshi_assistant.market.replica import ReplicaSettings
from kalshi_assistant.market.settings import NumberSettings
from kalshi_assistant.market.sources import SourceSettings
from kalshi_assistant.risk.gate import RiskSettings
from kalshi_assistant.strategy.signals import SignalSettings

PRECISION = {"direct": 100, "broker": 10_000}
"""Micro-dollars a balance is kept to, by kind of account. Source: the venue's fee rounding page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperSettings:
    """The account that trades on paper."""

    enabled: bool = setting(False, "let signals buy on paper (the demo turns it on)")
    cash_dollars: float = setting(1_000.0, "what it starts with", ge=1, le=10_000_000)
    account: str = setting(
        "direct",
        "direct (balances to $0.0001) or broker (to $0.01): how fees are rounded",
        choices=("direct", "broker"),
    )
    latency_milliseconds: int = setting(
        100, "how long an order is on its way before it meets the book", ge=0, le=5_000
    )

    def __post_init__(self) -> None:
        check_ranges(self)

    @property
    def cash(self) -> Money:
        """Starting cash."""
        return Money(round(self.cash_dollars * MONEY_SCALE))


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSettings:
    """Everything that may change what the engine answers."""

    number: NumberSettings = field(default_factory=NumberSettings)
    signal: SignalSettings = field(default_factory=SignalSettings)
    risk: RiskSettings = field(default_factory=RiskSettings)
    paper: PaperSettings = field(default_factory=PaperSettings)
    sources: SourceSettings = field(default_factory=SourceSettings)
    replica: ReplicaSettings = field(default_factory=ReplicaSettings)
    polled: bool = False
    """Without a key books are polled: signals are for information only."""
    mode: str = "watch"
    environment: str = "prod"
    index: str = BRTI
    namespace: str = "paper"

    def as_json(self) -> str:
        """The settings as JSON, keys in order of declaration."""
        return msgspec.json.encode(asdict(self)).decode()

    @property
    def digest(self) -> str:
        """Twelve hex digits that name these settings in decisions and logs."""
        return blake2b(self.as_json().encode(), digest_size=6).hexdigest()


def from_json(text: str) -> EngineSettings:
    """The settings a journal was written under. Raises msgspec.ValidationError."""
    return msgspec.json.decode(text, type=EngineSettings)
