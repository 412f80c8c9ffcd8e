"""Frozen views for the pages beside the main one: risk, decisions, evidence, trades.

Units are those of ``engine.snapshot``, whose fields these are.
"""

from typing import Literal

import msgspec

from kalshi_assistant.domain.contract import Outcome
from kalshi_assistant.domain.ids import Ticker
from kalshi_assistant.domain.signals import Edge
from kalshi_assistant.domain.time import Nanos
from kalshi_assistant.domain.units import IndexValue, Money, Price, Quantity

Forecaster = Literal["model", "market", "blend"]


class _View(msgspec.Struct, frozen=True, gc=False, array_like=True):
    pass


class LimitView(_View, frozen=True, gc=False, array_like=True):
    """One limit, how much of it is used now and what is left.

    Units by ``unit``: ``dollars`` are micro-dollars, ``percent`` hundredths of a percent, ``cents``
    hundredths of a cent; ``count``, ``seconds`` and ``milliseconds`` are whole.
    """

    name: str
    """Of the setting."""
    about: str
    unit: Literal["dollars", "percent", "cents", "count", "seconds", "milliseconds"]
    limit: int
    """As it is now: a share of the setting in the canary."""
    setting: int
    """As it is configured."""
    used: int | None
    """``None`` where each order is looked at for itself."""
    left: int | None
    """What is still free; below zero when it is passed."""
    at_limit: str
    """What happens there, in words."""


class GuardView(_View, frozen=True, gc=False, array_like=True):
    """A circuit breaker, open or not: its state and everything it does, in words."""

    name: str
    kind: Literal["halt", "pause", "guard"]
    state: Literal["closed", "open", "cooling"]
    reason: str | None
    since: Nanos | None
    until: Nanos | None
    """When it closes by itself, where that is known."""
    opens: str
    stops: str
    keeps: str
    closes: str


class ExposureView(_View, frozen=True, gc=False, array_like=True):
    """One market in which something is held or under way."""

    ticker: Ticker
    position: Quantity
    """Positive is YES."""
    cost: Money
    orders: int
    loss_if_yes: Money
    """Every order that hurts then counted as filled; below zero is a gain."""
    loss_if_no: Money


class RiskView(_View, frozen=True, gc=False, array_like=True):
    """Every limit with its use, every breaker, and the worst that can still happen."""

    limits: tuple[LimitView, ...]
    breakers: tuple[GuardView, ...]
    exposures: tuple[ExposureView, ...]
    worst: Money
    canary_windows: int
    """Good windows after which sizes are whole; 0: no canary."""
    canary_share: float


class DecisionView(_View, frozen=True, gc=False, array_like=True):
    """One crossing of the threshold: what was known at that instant, and what became of it."""

    at: Nanos
    ticker: Ticker
    outcome: Outcome
    kind: str | None
    """Of signal; ``None`` where nothing came of it ..."""
    declined: str | None
    """... for this reason."""
    became: str
    """Of the order, in words."""
    edge: Edge
    threshold: float
    p_yes: float | None
    p_market: float | None
    p_blend: float | None
    strike: IndexValue | None
    index: IndexValue | None
    index_age: int | None
    """Nanoseconds since it was received."""
    index_label: str
    expected_average: float | None
    """Dollars."""
    sd: float | None
    """Of the settlement average, dollars."""
    prints_known: int
    prints_missing: int
    seconds_left: float
    best_bid: Price | None
    best_ask: Price | None
    book_age: int | None
    evidence: tuple[tuple[str, float], ...]
    """The numbers that its kind rests on, by name."""
    config: str
    """Digest of the settings in force."""
    order: str | None
    """Its name; ``None`` where none left."""


class EvidenceView(_View, frozen=True, gc=False, array_like=True):
    """What one kind of signal has brought, and what may be concluded; dollars per contract."""

    kind: str
    signals: int
    """In settled windows."""
    windows: int
    """Settled windows in which the fills that count bought something."""
    waiting: int
    """Windows without a result yet."""
    days: int
    """Days that are over and counted in the verdict."""
    counted: int
    """Windows of those days in the verdict."""
    policy: str
    """Whose fills count: ``conservative`` on paper, ``venue`` with an account."""
    mean: float | None
    low: float
    """The mean lies between here ..."""
    high: float
    """... and here, with 95 % for all days at once."""
    profits: tuple[tuple[str, Money], ...]
    """Profit after fees under each assumption about fills."""
    scored: int
    """Signals with a result and a market price."""
    brier_model: float | None
    brier_market: float | None
    verdict: Literal["no evidence", "promising", "refuted"]
    needed: int
    """About so many windows a verdict takes where the edge is the planned one."""
    planned_edge: float
    configs: int
    """Under how many different settings the signals were made."""


class ScoreView(_View, frozen=True, gc=False, array_like=True):
    """How one forecaster did in all windows of this run that have their result."""

    by: Forecaster
    seconds_left: int
    """When it spoke."""
    windows: int
    brier: float
    """Mean squared error of P(YES); always saying one half scores 0.25."""


class TradeView(_View, frozen=True, gc=False, array_like=True):
    """A fill of the account of record."""

    at: Nanos
    ticker: Ticker
    outcome: Outcome
    """What was bought; closing is buying the other outcome."""
    quantity: Quantity
    price: Price
    """Of that outcome."""
    fee: Money
    is_taker: bool
    purpose: str
    kind: str
    source: str
