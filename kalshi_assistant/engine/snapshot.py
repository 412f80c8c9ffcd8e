"""Frozen views of the engine for screen, log and metrics: values only, nothing that points back.

Units are those of ``domain.units`` (prices 1/10,000 dollar, quantities 1/100 contract, money
micro-dollars, index cents, instants nanoseconds). ``None`` means not known; why is in
``no_number`` or ``veto``.
"""

from typing import Literal

import msgspec

from kalshi_assistant.domain.ids import Ticker
from kalshi_assistant.domain.intents import WindowReport
from kalshi_assistant.domain.signals import Edge, NearMiss, Signal, Veto
from kalshi_assistant.domain.time import Nanos
from kalshi_assistant.domain.units import IndexValue, Money, Price, Quantity
from kalshi_assistant.engine.page_views import (
    DecisionView,
    EvidenceView,
    RiskView,
    ScoreView,
    TradeView,
)


class _View(msgspec.Struct, frozen=True, gc=False, array_like=True):
    pass


class BookView(_View, frozen=True, gc=False, array_like=True):
    """The book, best level first on each side, cut to a depth."""

    known: bool
    unknown_because: str | None
    bids: tuple[tuple[Price, Quantity], ...]
    asks: tuple[tuple[Price, Quantity], ...]
    changed_at: Nanos | None
    stale: bool = False
    """Whether nothing was heard of it for longer than signals allow."""


class NumberView(_View, frozen=True, gc=False, array_like=True):
    """P(YES) with what it was computed from; ``no_number`` names why there is none."""

    p_yes: float | None
    no_number: Veto | None
    outcome_fixed: bool
    expected_average: float | None
    """Dollars."""
    sd: float | None
    """Standard deviation of the settlement average, dollars."""
    distance: float | None
    """Expected average minus effective threshold (strike less half a cent), dollars."""
    sigmas: float | None
    sigma_per_sqrt_second: float | None
    """Dollars per square root of a second."""
    volatility_seconds: float
    """Seconds of index the volatility has seen (it is warm from a setting on)."""
    prints_known: int
    prints_missing: int
    prints_left: int
    warnings: tuple[str, ...]
    delta: float | None
    """Change of P(YES) by one dollar of index."""
    theta: float | None
    """Change of P(YES) by one second in which the index does not move."""
    band_low: float | None
    """P(YES) between here ..."""
    band_high: float | None
    """... and here, for a volatility one deviation of its own error lower or higher."""


class BeliefView(_View, frozen=True, gc=False, array_like=True):
    """The number beside others: the market's price, the blend of both, the simulations."""

    market: float | None
    """P(YES) by the middle of the book."""
    blend: float | None
    """The model shrunk toward the market."""
    weight: float
    """How much of the model's distance from the market is believed at this time to close."""
    estimates: tuple[tuple[str, float, float], ...]
    """(variant, P(YES), its standard error)."""
    estimated_at: Nanos | None
    contradicted_by: tuple[str, ...]
    """Variants that differ from the number by more than their errors and its band allow."""


class ReplicaView(_View, frozen=True, gc=False, array_like=True):
    """Our own copy of the index, and how far it was off."""

    at: Nanos
    value: IndexValue | None
    """As computed."""
    corrected: IndexValue | None
    """With the mean error taken out, once that is known."""
    used: tuple[str, ...]
    left_out: tuple[tuple[str, str], ...]
    """(venue, why)."""
    coverage: float
    """How much of the depth the index looks at the venues show, 0 to 1."""
    compared: int
    """Prints it was compared with."""
    error_mean: float | None
    """Dollars the index was above it, the recent weighing most; ``None`` until known."""
    error_sd: float | None


class IndexView(_View, frozen=True, gc=False, array_like=True):
    """The index: newest value and the tail of one-second prints."""

    name: str
    label: str
    """What it is: the index itself, or what stands for it."""
    estimated: bool
    """Whether the newest value is an estimate."""
    error_bp: float
    """One standard deviation of such an estimate, basis points; 0 for the index itself."""
    disagreements: int
    """Prints of which two sources said different things."""
    replica: ReplicaView | None
    source: str | None
    value: IndexValue | None
    value_at: Nanos | None
    received_at: Nanos | None
    average_60: float | None
    """Dollars: mean of the prints of the last sixty seconds, present ones only."""
    first_second: int
    """Epoch second of ``tail[0]``."""
    tail: tuple[int, ...]
    """Prints in cents, one per second; 0 where one is missing."""


class SettlementView(_View, frozen=True, gc=False, array_like=True):
    """The last minute: both conventions side by side."""

    cells: tuple[int, ...]
    """Sixty prints of [T-60, T) in cents, 0 where not (yet) received."""
    guesses: tuple[bool, ...]
    """Which of them are estimates."""
    average_a: float | None
    """Dollars, over the prints received so far, [T-60, T)."""
    average_b: float | None
    """Dollars, over the prints received so far, (T-60, T]."""
    needed: float | None
    """Dollars the remaining prints must average for YES; ``None`` without strike or when none
    remain.
    """
    lost_low: float | None = None
    """Dollars by which the average would move at the lowest ..."""
    lost_high: float | None = None
    """... and at the highest, were one of the prints received so far missing."""
    lost_p_low: float | None = None
    """P(YES) would then lie between here ..."""
    lost_p_high: float | None = None
    """... and here."""


class TrailView(_View, frozen=True, gc=False, array_like=True):
    """What was believed along the window, one point every ``step_seconds``; in ten-thousandths, -1
    where it was not known. Its newest points are in the other views.
    """

    first_second: int
    """Epoch second of the first point."""
    step_seconds: int
    model: tuple[int, ...]
    blend: tuple[int, ...]
    market: tuple[int, ...]
    simulated: tuple[int, ...]
    """The middle one of the simulations."""
    low: tuple[int, ...]
    """The band of the model from here ..."""
    high: tuple[int, ...]
    """... to here."""


class FanView(_View, frozen=True, gc=False, array_like=True):
    """What the average of sixty prints that settles will be between now and the close: its mean and
    deviation at some instants ahead. At the last one, the close, it is the settlement average.
    """

    seconds: tuple[int, ...]
    """Epoch seconds at which the sixty prints end, ascending."""
    mean: tuple[IndexValue, ...]
    sd: tuple[IndexValue, ...]


class CostView(_View, frozen=True, gc=False, array_like=True):
    """What trading costs at the size the edges are of."""

    quantity: Quantity
    account: str
    """How balances are rounded: ``direct`` or ``broker``."""
    precision: Money
    """What a balance is rounded to."""
    taker_rate_e6: int
    maker_rate_e6: int
    taker: tuple[Money, ...]
    """Fee of the whole size at 1, 2, ... 99 cents, when it is taken ..."""
    maker: tuple[Money, ...]
    """... and when it waited."""
    one_at_half: tuple[tuple[str, Money], ...]
    """Fee of one contract taken at 50 cents, by kind of account."""
    waiting_yes: tuple[Price, Money] | None
    """Where buyers of YES wait now (the best bid), and the fee of the whole size there ..."""
    waiting_no: tuple[Price, Money] | None
    """... and of NO, in its prices; ``None`` where the book is not known or nobody does."""
    taking_yes: tuple[Price, Money, Money] | None
    """The last price touched, cost and fee of taking the whole size of YES now ..."""
    taking_no: tuple[Price, Money, Money] | None
    """... and of NO; ``None`` where the book does not show so much."""


class MarketView(_View, frozen=True, gc=False, array_like=True):
    """One market with everything that is believed of it."""

    ticker: Ticker
    open_time: Nanos
    close_time: Nanos
    strike: IndexValue | None
    status: str
    book: BookView
    number: NumberView
    settlement: SettlementView
    belief: BeliefView
    market_mid: float | None
    """Probability: middle of best bid and ask."""
    last_trade: Price | None
    volume: Quantity | None
    edge_yes: Edge | None
    edge_no: Edge | None
    veto: Veto | None
    """The first reason for not trading right now; ``None`` while a signal could fire."""
    vetoes: dict[str, int]
    position: Quantity
    position_cost: Money
    trail: TrailView | None = None
    fan: FanView | None = None
    """``None`` without a number, and once the outcome is fixed."""
    costs: CostView | None = None
    """``None`` while the venue has not said what a trade costs."""


class FeedView(_View, frozen=True, gc=False, array_like=True):
    """One source: its state, its age, its trouble."""

    name: str
    state: Literal["waiting", "up", "down"]
    reason: str | None
    last_event_at: Nanos | None
    events: int
    gaps: int
    malformed: int
    delay_least_ms: float | None
    """Source stamp to receipt, over the last few hundred events: the least, ..."""
    delay_p50_ms: float | None
    delay_p95_ms: float | None
    delay_p99_ms: float | None
    drift_levels: int | None
    """Levels in which its books differed from fresh ones when they were last laid side by side."""
    reconciled_at: Nanos | None


class ClockView(_View, frozen=True, gc=False, array_like=True):
    """Our clock against those of the sources."""

    ahead_ms: float | None
    """How far ours is ahead of theirs, less at least the way here; ``None`` before enough is known.
    """
    wrong: str | None
    """What is wrong with it and what helps; ``None`` while nothing is."""


class QueueView(_View, frozen=True, gc=False, array_like=True):
    """One bounded queue of the engine process."""

    name: str
    policy: str
    """What happens when it is full."""
    depth: int
    high_water: int
    capacity: int
    dropped: int
    """Items that were overtaken or shed so far."""


class StageView(_View, frozen=True, gc=False, array_like=True):
    """One stretch of the way from a fact to a fill, or a measure of how orders fared, lately.

    ``unit`` is that of every number but ``count``: milliseconds, items (of a queue), share (0 to 1)
    or cents (per contract). ``None``: nothing was measured.
    """

    name: str
    unit: Literal["ms", "items", "share", "cents"]
    count: int
    mean: float | None
    p50: float | None
    p95: float | None
    p99: float | None
    worst: float | None
    target: float | None
    """What p99 should stay below; ``None``: no target."""
    met: bool | None
    """Whether it does; ``None`` without a target or a measurement."""


class PaperView(_View, frozen=True, gc=False, array_like=True):
    """The paper account."""

    enabled: bool
    cash: Money
    fees: Money
    realized: Money
    open_positions: int
    fills: int


class OrderView(_View, frozen=True, gc=False, array_like=True):
    """An order of ours that may still trade."""

    id: str
    ticker: Ticker
    outcome: Literal["yes", "no"]
    """What it buys."""
    limit: Price
    """Of that outcome."""
    quantity: Quantity
    filled: Quantity
    state: str
    purpose: str
    kind: str
    made_at: Nanos
    expires_at: Nanos | None
    ahead: Quantity | None = None
    """Contracts of others believed to be served before it at its price, filled in by the process
    around the engine; ``None``: nobody knows, or it does not rest.
    """


class HeldView(_View, frozen=True, gc=False, array_like=True):
    """What is held in the market in focus under one assumption about the queue."""

    policy: str
    quantity: Quantity
    """Positive is YES."""
    cost: Money
    fees: Money
    realized: Money
    """Profit of contracts of this market that were closed, before fees."""
    worth: Money | None
    """What it would fetch now, after the fee; ``None`` where that is not known."""


class BreakerView(_View, frozen=True, gc=False, array_like=True):
    """A circuit breaker, and what it does in plain words."""

    name: str
    state: str
    reason: str | None
    since: Nanos | None
    stops: str


class TradingView(_View, frozen=True, gc=False, array_like=True):
    """Whether orders may leave, what is at stake, and what is under way."""

    closed_because: str | None
    """Why no entry may leave; ``None`` when one may."""
    armed: bool
    venue: bool
    """Whether an account at a venue stands behind it."""
    agreed: bool
    """Whether ledger and venue agreed when they were last compared."""
    cash: Money
    equity: Money
    """Cash, and what is held at what it would fetch now."""
    peak: Money
    day_pnl: Money
    """Since New York's midnight, with what is held at what it would fetch."""
    worst: Money
    """The most that can still be lost on all that is held and under way."""
    orders: tuple[OrderView, ...]
    breakers: tuple[BreakerView, ...]
    policies: tuple[tuple[str, Money], ...]
    """Profit of settled windows under each assumption about the queue, on paper."""
    good_windows: int
    canary: bool
    """Whether sizes are still cut to the canary's share."""
    held: tuple[HeldView, ...] = ()
    """The account of record first; beside it, on paper, the other assumptions about the queue."""
    latency: str | None = None
    """How long an order on paper is on its way, and whether that was measured; told by the process
    around the engine, ``None`` at a venue.
    """


class FunnelCounts(_View, frozen=True, gc=False, array_like=True):
    """From evaluations to orders, of one window or of all; the commonest reasons first."""

    windows: int
    looks: int
    """Evaluations."""
    numbers: int
    """Those that had a probability."""
    candidates: int
    """Those of an open window that had an edge on either side."""
    crossings: int
    """How often a side's edge rose to the threshold."""
    vetoes: dict[str, int]
    """Evaluations by the veto that stood."""
    declined: dict[str, int]
    """Crossings looked at by why nothing came of them."""
    signals: int
    orders: int
    """Sent on by the risk gate."""
    nearest: NearMiss | None


class FunnelView(_View, frozen=True, gc=False, array_like=True):
    """Why did nothing trade?"""

    window: FunnelCounts | None
    """The market in focus."""
    total: FunnelCounts


class LogLine(_View, frozen=True, gc=False, array_like=True):
    """One line of the story."""

    at: Nanos
    level: Literal["info", "warning", "error", "signal", "fill", "window"]
    topic: str
    text: str


class Snapshot(_View, frozen=True, gc=False, array_like=True):
    """All a reader may see, at one instant."""

    version: int
    at: Nanos
    sequence: int
    """How many events were handled."""
    mode: str
    environment: str
    config: str
    paused: str | None
    """Why signals are paused by a person; ``None`` when they are not."""
    exchange_says: str | None
    """Pause or maintenance in words; ``None`` when it trades."""
    unreachable: str | None
    """What cannot be reached and what still works; ``None`` while the venue answers."""
    market: MarketView | None
    """The market now trading (or the next to open)."""
    upcoming: Ticker | None
    upcoming_open: Nanos | None
    polled: bool
    """Without a key: books are polled, signals are for information only."""
    index: IndexView
    clock: ClockView
    feeds: tuple[FeedView, ...]
    paper: PaperView
    signals: tuple[Signal, ...]
    """Newest first."""
    windows: tuple[WindowReport, ...]
    """Newest first."""
    checked_windows: int
    matched_windows: int
    """Of those, how many of our settlement values equalled the venue's."""
    log: tuple[LogLine, ...]
    """Newest first."""
    queues: tuple[QueueView, ...] = ()
    """Filled in by the process around the engine."""
    trading: TradingView | None = None
    """``None`` while only watching."""
    stages: tuple[StageView, ...] = ()
    """Filled in by the process around the engine: latencies and how orders fared."""
    funnel: FunnelView | None = None
    risk: RiskView | None = None
    """``None`` while only watching."""
    decisions: tuple[DecisionView, ...] = ()
    """Newest first."""
    evidence: tuple[EvidenceView, ...] = ()
    trades: tuple[TradeView, ...] = ()
    """Newest first, those of this process."""
    curve: tuple[tuple[Nanos, Money], ...] = ()
    """(when a market was paid out, profit of the account so far), oldest first."""
    scores: tuple[ScoreView, ...] = ()
    """Over all windows of this run, also those that are no longer in ``windows``."""


SNAPSHOT_VERSION = 7
