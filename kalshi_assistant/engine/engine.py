"""``Engine.handle(event) -> intents``: the one door into the state.

Synchronous, without clock, I/O or chance of its own; "now" is the ``received_at`` of the last
event. The same events under the same settings give the same intents, byte for byte.
"""

from typing import assert_never

from kalshi_assistant.domain import events as e
from kalshi_assistant.domain.contract import Contract
from kalshi_assistant.domain.events import BookDelta, Event, IndexSource, Level
from kalshi_assistant.domain.ids import Ticker
from kalshi_assistant.domain.intents import Intent
from kalshi_assistant.domain.orders import BookSide
from kalshi_assistant.engine import (
    forecasts,
    markets,
    prints,
    reconciliation,
    tend,
    trade,
    trouble,
    windows,
)
from kalshi_assistant.engine.feeds import POLL
from kalshi_assistant.engine.settings import EngineSettings
from kalshi_assistant.engine.snapshot import Snapshot
from kalshi_assistant.engine.state import State, new_state
from kalshi_assistant.engine.views import view
from kalshi_assistant.market.tracking import Tracking
from kalshi_assistant.quant.layout import M_NUMBERS, M_SUM, R_P, TOP_MOVED, Reals
from kalshi_assistant.quant.volatility import blocks


class Engine:
    """The state machine. Make one, feed it events, perform what it asks for."""

    __slots__ = ("_state",)

    def __init__(self, settings: EngineSettings) -> None:
        self._state: State = new_state(settings)

    def handle(self, event: Event) -> tuple[Intent, ...]:
        """Take one fact; answer what should be done about it."""
        state = self._state
        state.sequence += 1
        state.now = max(state.now, event.received_at)
        if type(event) is BookDelta:
            return _delta(state, event)
        return _dispatch(state, event)

    def snapshot(self) -> Snapshot:
        """A frozen view of everything, as of the last event."""
        return view(self._state)

    @property
    def sequence(self) -> int:
        """How many events were handled."""
        return self._state.sequence

    def contract(self, ticker: Ticker) -> Contract | None:
        """A market as the engine knows it."""
        return self._state.universe.contract(ticker)

    def levels(self, ticker: Ticker, side: BookSide, depth: int) -> tuple[Level, ...] | None:
        """The best levels of a book, ``None`` while it is not known."""
        market = self._state.markets.get(ticker)
        if market is None or not market.book.known:
            return None
        return market.book.levels(side, depth)

    def top(self, ticker: Ticker) -> tuple[int, int] | None:
        """Best bid (0 when none) and best ask (10,000 when none); ``None`` while the book is not
        known.
        """
        market = self._state.markets.get(ticker)
        if market is None or not market.book.known:
            return None
        return market.book.best_bid or 0, market.book.best_ask or 10_000

    @property
    def tracking(self) -> Tracking:
        """Our own copy of the index beside the index."""
        return self._state.tracking

    def doubted(self, ticker: Ticker) -> frozenset[int]:
        """Seconds of a market's averaging window of which two sources said different things."""
        market = self._state.markets.get(ticker)
        if market is None or market.settlement is None:
            return frozenset()
        return market.settlement.doubted

    @property
    def index_source(self) -> tuple[IndexSource | None, bool]:
        """What gives the newest values of the index, and whether they are estimates."""
        return self._state.index.source, self._state.index.estimated

    @property
    def has_number(self) -> bool:
        """Whether the market in focus had a probability at the last evaluation."""
        focus = self._state.focus
        return focus is not None and focus.book.has_number

    def standardised_blocks(self) -> Reals:
        """Mean squares of the standardised one-second changes of the index by blocks of fifteen
        seconds, newest last, for a simulation that draws from history; empty while it is cold.
        """
        return blocks(self._state.index.array, self._state.index.real)

    def fingerprint(self) -> bytes:
        """Every number that later answers hang on: two runs that agree here go on agreeing.

        Results of the last evaluation are left out; taking a snapshot evaluates once more.
        """
        state = self._state
        arrays = [state.index.array, state.index.real[:R_P]]
        error = state.tracking.error
        learnt: list[object] = [state.shrinkage.evidence, state.sources.current]
        learnt += [error.count, error.mean_cents, error.sd_cents]
        if state.nowcast is not None:
            learnt.append(state.nowcast.evidence)
        for market in state.markets.values():
            arrays += [market.book.array[:M_SUM], market.book.array[M_NUMBERS:]]
            learnt += [market.pairs, list(market.numbers), market.mid, market.asked_at]
        return b"".join([*(array.tobytes() for array in arrays), repr(learnt).encode()])


def _delta(state: State, event: BookDelta) -> tuple[Intent, ...]:
    """The hot path: one compiled call moves the level and evaluates number and both edges."""
    market = state.markets.get(event.ticker)
    if market is None:
        return ()
    received_at = event.received_at
    state.feeds.book.saw(event.at, received_at)
    bits = market.book.change(event.side, event.price, event.change, received_at)
    return trade.react(state, market, bits) if bits > TOP_MOVED else ()


def _snapshot(state: State, event: e.BookSnapshot) -> tuple[Intent, ...]:
    feed = state.feeds.named(POLL) if state.settings.polled else state.feeds.book
    feed.saw(event.at, event.received_at)
    market = state.market(event.ticker)
    markets.refresh(state, event.ticker)
    if market.book.known:
        reconciliation.compare(state, market, event)
    market.book.load(event.bids, event.asks, state.now)
    return ()


def _group_changed(state: State, event: e.OrderGroupChanged) -> tuple[Intent, ...]:
    state.story.tell(state.now, "info", "order", f"order group {event.group_id}: {event.change}")
    return ()


def _position_reported(state: State, event: e.PositionReported) -> tuple[Intent, ...]:
    state.feeds.account.saw(event.at, event.received_at)
    return ()


def _dispatch(  # noqa: C901, PLR0911, PLR0912 - one line per kind of fact; mypy proves none is missing
    state: State, event: Event
) -> tuple[Intent, ...]:
    match event:
        case e.IndexTicked():
            return prints.ticked(state, event)
        case e.IndexPrinted():
            return prints.printed(state, event)
        case e.TradeSeen():
            return markets.traded(state, event)
        case e.QuoteSeen():
            return markets.quoted(state, event)
        case e.TimerFired():
            return tend.tend(state, event)
        case e.MidSeen():
            return forecasts.mid_seen(state, event)
        case e.Estimated():
            return forecasts.estimated(state, event)
        case e.BookDelta():
            return _delta(state, event)
        case e.BookSnapshot():
            return _snapshot(state, event)
        case e.IndexHistoryLoaded():
            return prints.history_loaded(state, event)
        case e.IndexReplicated():
            return prints.replicated(state, event)
        case e.SourcesSeen():
            return trouble.sources_seen(state, event)
        case e.MarketListed():
            return markets.listed(state, event)
        case e.StrikeSet() | e.MarketStatusChanged() | e.CloseTimeChanged():
            return markets.lifecycle(state, event)
        case e.GridChanged() | e.FeesChanged():
            return markets.lifecycle(state, event)
        case e.MarketDetermined():
            return windows.determined(state, event)
        case e.SettlementPublished():
            return windows.published(state, event)
        case e.ExchangeStatusSeen():
            return markets.exchange_status(state, event)
        case e.MaintenanceScheduled():
            return markets.maintenance(state, event)
        case e.FeedLost():
            return trouble.lost(state, event)
        case e.FeedBack():
            return trouble.back(state, event)
        case e.Gap():
            return trouble.gap(state, event)
        case e.Malformed():
            return trouble.malformed(state, event)
        case e.RequestRefused():
            return trouble.refused(state, event)
        case e.OrderFilled():
            return trade.filled(state, event)
        case e.OrderChanged():
            return trade.order_changed(state, event)
        case e.PositionReported():
            return _position_reported(state, event)
        case e.OrderGroupChanged():
            return _group_changed(state, event)
        case e.ClockJumped():
            return trouble.clock_jumped(state, event)
        case e.OperatorPaused():
            return trouble.paused(state, event)
        case e.OperatorResumed():
            return trouble.resumed(state, event)
        case _:
            assert_never(event)
