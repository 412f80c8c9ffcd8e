"""What the engine is set up with; recorded in the journal, so that a replay is set up the same."""

from dataclasses import asdict, dataclass, field
from hashlib import blake2b

import msgspec

from kalshi_assistant.domain.ids import BRTI
from kalshi_assistant.domain.ranges import check_ranges, setting
from kalshi_assistant.domain.units import MONEY_SCALE, Money
from kalshi_assistant.execution.terms import OrderSettings
from kalshi_assistant.market.replica_settings import ReplicaSettings
from kalshi_assistant.market.settings import NumberSettings
from kalshi_assistant.market.sources import SourceSettings
from kalshi_assistant.risk.limits import RiskSettings
from kalshi_assistant.strategy.exits import ExitSettings
from kalshi_assistant.strategy.signals import SignalSettings
from kalshi_assistant.strategy.sizing import SizingSettings

PRECISION = {"direct": 100, "broker": 10_000}
"""Micro-dollars a balance is kept to, by kind of account. Source: the venue's fee rounding page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperSettings:
    """The account that trades on paper."""

    cash_dollars: float = setting(1_000.0, "what it starts with", ge=1, le=10_000_000)
    account: str = setting(
        "direct",
        "direct (balances to $0.0001) or broker (to $0.01): how fees are rounded; shown: direct, "
        "but taken for broker until a balance shows it, as at a venue",
        choices=("direct", "broker", "shown"),
    )
    latency_milliseconds: int = setting(
        100,
        "how long an order is on its way before it meets the book: the median, until measured",
        ge=0,
        le=5_000,
    )
    latency_spread: float = setting(
        0.35, "deviation of the logarithm of that assumed latency (0: always the same)", ge=0, le=2
    )
    latency_samples: int = setting(
        50, "orders measured before their latencies replace the assumed ones", ge=1, le=1_000
    )
    queue_exponent: float = setting(
        1.0,
        "cancels ahead of a resting order: 1 in proportion, more from the longer part of the queue",
        ge=0.1,
        le=10,
    )
    conservative_share: float = setting(
        0.5, "share of a shown size the conservative account counts on", ge=0, le=1
    )
    cancel_grace_milliseconds: int = setting(
        500, "how long a shrinking level waits for its trade before it is a cancel", ge=0, le=10_000
    )

    def __post_init__(self) -> None:
        check_ranges(self)

    @property
    def kind(self) -> str:
        """What the account is, whatever is taken for it at first."""
        return "direct" if self.account == "shown" else self.account

    @property
    def precision(self) -> int:
        """Micro-dollars its balance is kept to."""
        return PRECISION[self.kind]

    @property
    def cash(self) -> Money:
        """Starting cash."""
        return Money(round(self.cash_dollars * MONEY_SCALE))


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSettings:
    """The account at the venue."""

    subaccount: int = setting(0, "which subaccount of the venue is traded", ge=0, le=63)
    exclusive: bool = setting(
        True,
        "nothing else moves its cash: any difference stops trading. False: used for more than this",
    )

    def __post_init__(self) -> None:
        check_ranges(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSettings:
    """Everything that may change what the engine answers."""

    number: NumberSettings = field(default_factory=NumberSettings)
    signal: SignalSettings = field(default_factory=SignalSettings)
    sizing: SizingSettings = field(default_factory=SizingSettings)
    exits: ExitSettings = field(default_factory=ExitSettings)
    risk: RiskSettings = field(default_factory=RiskSettings)
    orders: OrderSettings = field(default_factory=OrderSettings)
    account: AccountSettings = field(default_factory=AccountSettings)
    paper: PaperSettings = field(default_factory=PaperSettings)
    sources: SourceSettings = field(default_factory=SourceSettings)
    replica: ReplicaSettings = field(default_factory=ReplicaSettings)
    polled: bool = False
    """Without a key books are polled: signals are for information only."""
    mode: str = "watch"
    environment: str = "prod"
    index: str = BRTI
    namespace: str = "paper"

    @property
    def trades(self) -> bool:
        """Whether signals become orders, on paper or for real."""
        return not self.polled and self.mode in ("paper", "live")

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
