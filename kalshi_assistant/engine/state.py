"""Everything that changes inside the engine. Opened only in this room."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from kalshi_assistant.domain.contract import Contract, FeeTerms, Outcome
from kalshi_assistant.domain.events import Estimated, MidSeen
from kalshi_assistant.domain.ids import OrderIds, Ticker
from kalshi_assistant.domain.intents import WindowReport
from kalshi_assistant.domain.signals import Signal
from kalshi_assistant.domain.time import Nanos, whole_second
from kalshi_assistant.domain.units import IndexValue, Money, Price, Quantity
from kalshi_assistant.engine.desk import POLICIES, Desk
from kalshi_assistant.engine.feeds import Feeds
from kalshi_assistant.engine.funnel import Funnel, Misses
from kalshi_assistant.engine.horizons import HORIZONS
from kalshi_assistant.engine.inquiries import Inquiries
from kalshi_assistant.engine.page_views import DecisionView, TradeView
from kalshi_assistant.engine.scores import Scores
from kalshi_assistant.engine.settings import PRECISION, EngineSettings
from kalshi_assistant.engine.story import Story
from kalshi_assistant.engine.trail import Trail
from kalshi_assistant.execution.evidence import Evidence
from kalshi_assistant.execution.ledger import Ledger
from kalshi_assistant.execution.lifecycle import Orders
from kalshi_assistant.market.book import Book
from kalshi_assistant.market.index import Index
from kalshi_assistant.market.settlement import WINDOW, SelfCheck, SettlementWindow
from kalshi_assistant.market.sources import Sources, label
from kalshi_assistant.market.tape import Tape
from kalshi_assistant.market.tracking import Tracking
from kalshi_assistant.market.universe import Universe
from kalshi_assistant.quant.layout import (
    M_CLOSE,
    M_FEE_RATE,
    M_FIRED,
    M_ID,
    M_OPEN,
    M_PRECISION,
    M_SIZE,
    M_STRIKE,
    R_VERSION,
)
from kalshi_assistant.quant.learners import NowcastError, Shrinkage
from kalshi_assistant.risk.breakers import Breakers
from kalshi_assistant.strategy.delay import Reaction
from kalshi_assistant.strategy.signals import fired_bit, set_question

NUMBERS_KEPT = 90
"""Seconds of numbers remembered, for prices that are means over a minute."""
NOTHING = Money(0)
BEFORE = Nanos(0)
FAR_FUTURE = 2**62
"""A close that never comes: for a book whose market was not listed."""


@dataclass(slots=True)
class MarketState:
    """One market followed: its contract, book, settlement window and what happened in it."""

    ticker: Ticker
    book: Book
    contract: Contract | None = None
    settlement: SettlementWindow | None = None
    forecasts: dict[str, float] = field(default_factory=dict)
    market_forecasts: dict[str, float] = field(default_factory=dict)
    blend_forecasts: dict[str, float] = field(default_factory=dict)
    pairs: list[tuple[int, float, float]] = field(default_factory=list)
    """(seconds left, model, market) of every horizon that had both, until the window settles."""
    numbers: deque[tuple[int, float]] = field(default_factory=lambda: deque(maxlen=NUMBERS_KEPT))
    """(epoch second, P(YES) or nan), newest last."""
    mid: MidSeen | None = None
    estimated: Estimated | None = None
    asked_at: Nanos | None = None
    asked_p: float = 0.0
    signals: int = 0
    orders: int = 0
    """Sent on by the risk gate."""
    misses: Misses = field(default_factory=Misses)
    reconcile_at: int = 0
    """When the book is compared with a whole one next; 0: not planned."""
    reconciling: bool = False
    """Whether a whole book was asked for to compare with."""
    drifted: int = 0
    """Levels that differed at such comparisons so far."""
    tape: Tape = field(default_factory=Tape)
    trail: Trail = field(default_factory=Trail)
    """For readers."""
    last_trade: Price | None = None
    volume: Quantity | None = None
    result: Outcome | None = None
    published: IndexValue | None = None
    reported: bool = False
    pnl: Money = NOTHING

    def forget_forecasts(self) -> None:
        """Nothing that was forecast so far counts."""
        for kept in (self.forecasts, self.market_forecasts, self.blend_forecasts):
            kept.clear()
        self.pairs.clear()


@dataclass(slots=True)
class State:
    """The whole of it."""

    settings: EngineSettings
    config: str
    index: Index
    universe: Universe
    feeds: Feeds
    story: Story
    inquiries: Inquiries
    ledger: Ledger
    orders: Orders
    order_ids: OrderIds
    shrinkage: Shrinkage
    nowcast: NowcastError | None
    """Learns how far an index that is an estimate is off; ``None`` where the index is the index."""
    sources: Sources
    tracking: Tracking
    """Our own copy of the index, beside the index."""
    breakers: Breakers
    desk: Desk
    reaction: Reaction
    """How long the venue's book takes to follow the index."""
    now: Nanos = BEFORE
    started_at: Nanos = BEFORE
    """When this process began to trade."""
    sequence: int = 0
    newest_print: int = 0
    """Epoch second of the newest true print."""
    estimate_error_bp: float = 0.0
    """Of the estimate last in force."""
    answered_at: Nanos | None = None
    """When the venue was last found reachable; before that, the first look."""
    unreachable: str | None = None
    disagreements: int = 0
    """Prints of which a second source said otherwise."""
    clock_off: int = 0
    """Nanoseconds by which our clock is believed to be ahead; 0 while it is believed right."""
    markets: dict[Ticker, MarketState] = field(default_factory=dict)
    fired: dict[Ticker, int] = field(default_factory=dict)
    """Sides of markets not followed yet that had their signal in a process before."""
    focus: MarketState | None = None
    watched: tuple[Ticker, ...] = ()
    fees: FeeTerms | None = None
    paused: str | None = None
    risk_block: str | None = None
    """Why no entry may leave, in words; ``None`` when one may."""
    own_p95: float | None = None
    """Seconds from receiving an event to the venue's answer to an order, 95 of 100 times; ``None``
    while not measured.
    """
    exchange_trades: bool = True
    resume_at: Nanos | None = None
    exchange_says: str | None = None
    maintenance: tuple[tuple[Nanos, Nanos], ...] = ()
    order_count: int = 0
    market_count: int = 0
    fills: int = 0
    status_due: int = 0
    history_asked: bool = False
    deep_history_asked: bool = False
    check: SelfCheck = field(default_factory=SelfCheck)
    funnel: Funnel = field(default_factory=Funnel)
    signals: deque[Signal] = field(default_factory=lambda: deque(maxlen=50))
    windows: deque[WindowReport] = field(default_factory=lambda: deque(maxlen=50))
    evidence: Evidence = field(default_factory=Evidence)
    decisions: deque[DecisionView] = field(default_factory=lambda: deque(maxlen=50))
    """Newest first."""
    trades: deque[TradeView] = field(default_factory=lambda: deque(maxlen=50))
    """Newest first."""
    curve: deque[tuple[Nanos, Money]] = field(default_factory=lambda: deque(maxlen=200))
    scores: Scores = field(default_factory=Scores)

    @property
    def label(self) -> str:
        """What the index in force is, in words."""
        return label(self.index.source, self.tracking.venues)

    @property
    def threshold(self) -> float:
        """The net edge a signal needs, dollars per contract: more where the index is an
        estimate.
        """
        signal = self.settings.signal
        extra = signal.estimate_extra_dollars if self.on_estimate else 0.0
        return signal.threshold_dollars + extra

    @property
    def on_estimate(self) -> bool:
        """Whether a live index is only estimated now."""
        return self.sources.current in ("kalshi_chart", "replica")

    @property
    def precision(self) -> int:
        """What the account's balance is kept to, micro-dollars: on paper as it is set, at a venue
        what its balances have shown. Until they have, the coarser one: fees are dearer by it.
        """
        paper = self.settings.paper
        if not self.desk.venue and paper.account != "shown":
            return paper.precision
        return PRECISION["direct" if self.desk.direct else "broker"]

    def cash_shown(self, *amounts: Money) -> None:
        """The venue's balances: one with a part of a cent is of an account kept that finely."""
        desk = self.desk
        if not desk.direct and any(amount % PRECISION["broker"] for amount in amounts):
            desk.direct = True
        for market in self.markets.values():
            market.book.array[M_PRECISION] = self.precision

    def settlements(self) -> Iterator[SettlementWindow]:
        """The settlement windows of all markets followed."""
        return (each.settlement for each in self.markets.values() if each.settlement is not None)

    def market(self, ticker: Ticker) -> MarketState:
        """The state of one market, made at its first mention."""
        found = self.markets.get(ticker)
        if found is None:
            found = MarketState(ticker, Book(self.index.array, self.index.real))
            self.market_count += 1
            array = found.book.array
            array[M_ID] = self.market_count
            array[M_CLOSE] = FAR_FUTURE
            array[M_SIZE] = self.settings.signal.quantity
            array[M_PRECISION] = self.precision
            array[M_FIRED] = self.fired.pop(ticker, 0)
            self.markets[ticker] = found
        return found

    def fired_before(self, ticker: Ticker, outcome: Outcome) -> None:
        """A side of a market had its signal in a process before this one."""
        known, bit = self.markets.get(ticker), fired_bit(outcome)
        if known is not None:
            known.book.array[M_FIRED] |= bit
        else:
            self.fired[ticker] = self.fired.get(ticker, 0) | bit

    def describe(self, market: MarketState, contract: Contract) -> None:
        """Write a contract (new or changed) into the kernel's array and open its settlement
        window.
        """
        window = market.settlement
        if window is None or window.close_time != contract.close_time:
            market.settlement = self._settlement_of(contract)
            if window is not None:
                market.forget_forecasts()  # they were made for another close
        market.contract = contract
        array = market.book.array
        array[M_OPEN], array[M_CLOSE] = contract.open_time, contract.close_time
        array[M_STRIKE] = contract.strike or 0
        array[M_FEE_RATE] = -1 if contract.fees is None else contract.fees.taker_rate_e6
        self.index.real[R_VERSION] = -1.0

    def _settlement_of(self, contract: Contract) -> SettlementWindow:
        """A settlement window with the prints that came before it was opened or moved."""
        window = SettlementWindow(contract.close_time)
        last = whole_second(contract.close_time)
        for second in range(last - WINDOW, last + 1):
            if (value := self.index.true_print_of(second)) is not None:
                window.add(second, value)
        return window


def new_state(settings: EngineSettings) -> State:
    """The state before the first event."""
    index = Index(settings.index, settings.number)
    error_bp = settings.number.nowcast_sd_bp
    set_question(settings.signal, index.array, index.real)
    return State(
        settings=settings,
        config=settings.digest,
        index=index,
        universe=Universe(),
        feeds=Feeds(),
        story=Story(),
        inquiries=Inquiries(),
        ledger=Ledger(settings.paper.cash),
        orders=Orders(),
        order_ids=OrderIds(settings.namespace, 1),
        shrinkage=Shrinkage(HORIZONS),
        nowcast=None if error_bp == 0 else NowcastError(error_bp),
        sources=Sources(settings.sources),
        tracking=Tracking(settings.replica),
        breakers=Breakers(settings.risk),
        desk=Desk(policies={name: Ledger(settings.paper.cash) for name in POLICIES}),
        reaction=Reaction(settings.signal.delay),
    )
