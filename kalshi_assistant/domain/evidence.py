"""What is kept of each kind of signal: how its windows ended, under each assumption about fills."""

import msgspec

from kalshi_assistant.domain.contract import Outcome
from kalshi_assistant.domain.ids import Ticker
from kalshi_assistant.domain.signals import SignalKind
from kalshi_assistant.domain.time import Nanos
from kalshi_assistant.domain.units import Money, Quantity


class PolicyTally(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What one kind of signal traded in one window, under one assumption about fills."""

    policy: str
    """``venue``: no assumption, the account's own fills."""
    bought: Quantity
    """By entries."""
    position: Quantity
    """Left of it all; positive is YES."""
    cash: Money
    """Received less paid, after fees."""


class EvidenceKept(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    """One window of one kind of signal as far as it has got; a later one replaces it."""

    at: Nanos
    ticker: Ticker
    kind: SignalKind
    day: str
    """New York's, of the close; ISO."""
    config: str
    """Digest of the settings of its first signal."""
    signals: int
    claims: tuple[tuple[float, float], ...]
    """P(YES) at each signal: the model's and the market's; none where the market's was unknown."""
    tallies: tuple[PolicyTally, ...]
    result: Outcome | None = None
    gain: float | None = None
    """Dollars per contract bought, by the fills that count as evidence; ``None`` before the result
    and where nothing was bought.
    """
    counted: bool = False
    """Whether it is among the windows of its day that the verdict counts."""


class EvidenceDay(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """The settled windows of one kind of signal on one day."""

    kind: SignalKind
    day: str
    signals: int
    windows: int
    """With a gain."""
    counted: int
    total: float
    """Sum of the gains of those that are counted, dollars per contract."""
    policies: tuple[tuple[str, Money], ...]
    """Profit after fees."""
    scored: int
    """Claims with a result."""
    model: float
    """Sum of their squared errors, the model's ..."""
    market: float
    """... and the market's."""
    configs: tuple[str, ...]
