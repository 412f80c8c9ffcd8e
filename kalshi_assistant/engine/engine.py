"""``Engine.handle(event) -> intents``: the one door into the state.

Synchronous, without clock, I/O or chance of its own; "now" is the ``received_at`` of the last
event. The same events under the same settings give the same intents, byte for byte.
"""

from typing import assert_never

from kalshi_assistant.domain import events as e
from kalshi_assistant.domain.contract import Contract
from kalshi_assistant.domain.events import BookDelta, Event, IndexSource, Level
from kalshi_assistant.domain.ids import ClientOrderId, Ticker
from kalshi_assistant.domain.intents import Approved, Cancel, Intent
from kalshi_assistant.domain.orders import BookSide, Order, OrderState
from kalshi_assistant.domain.time import Nanos
from kalshi_assistant.engine import (
    account,
    adopting,
    forecasts,
    groups,
    guard,
    markets,
    orders,
    positions,
    prints,
    reconciliation,
    stretches,
    tend,
    trade,
    trouble,
    windows,
)
from kalshi_assistant.engine.feeds import POLL
from kalshi_assistant.engine.settings import EngineSettings
from kalshi_assistant.engine.snapshot import Snapshot
from kalshi_assistant.engine.state import State, new_state
from kalshi_assistant.engine.views import SlowViews, slow_views, view
from kalshi_assistant.execution.ledger import Ledger
from kalshi_assistant.market.deltas import Deltas
from kalshi_assistant.market.tracking import Tracking
from kalshi_assistant.quant.layout import M_FIRED, M_NUMBERS, M_SUM, R_P, TOP_MOVED, Reals
from kalshi_assistant.quant.volatility import blocks
from kalshi_assistant.risk import gate


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

    def handle_rows(
        self, deltas: Deltas, first: int, last: int, before: Nanos
    ) -> tuple[int, tuple[Intent, ...]]:
        """``handle`` for the rows from ``first`` on, one after the other in one compiled call, with
        the same outcome: up to ``last``, to a row received at ``before`` or later, to one of
        another market, or to one that asks for something.

        At least one row is handled. Answers the row to go on from, and the intents of the last one.
        """
        return stretches.handle_rows(self._state, deltas, first, last, before)

    def snapshot(self, slow: SlowViews | None = None) -> Snapshot:
        """A frozen view of everything, as of the last event; ``slow`` may be a little older."""
        return view(self._state, slow)

    def slow_views(self) -> SlowViews:
        """The part of a snapshot that may be used for a few more of them."""
        return slow_views(self._state)

    @property
    def settings(self) -> EngineSettings:
        """The settings in force."""
        return self._state.settings

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
    def ledger(self) -> Ledger:
        """The account of record, to be read."""
        return self._state.ledger

    @property
    def shard(self) -> int | None:
        """Where the collateral of the market in focus is taken."""
        return guard.shard(self._state)

    @property
    def orders_open(self) -> int:
        """Orders of ours that may still trade."""
        return self._state.orders.open

    def forget_signals(self) -> None:
        """Let every side of every window fire again: for a laboratory that wants many orders."""
        for market in self._state.markets.values():
            market.book.array[M_FIRED] = 0

    def known_as(self, name: str) -> OrderState | None:
        """How an order of ours stands for us; ``None`` where it is not known or long over."""
        found = self._state.orders.get(ClientOrderId(name))
        return None if found is None else found.state

    @property
    def trading_stopped_because(self) -> str | None:
        """Why no entry may leave, as far as account and process are concerned."""
        return self._state.desk.no_entries_on(guard.shard(self._state))

    def cancels(self, reason: str) -> tuple[Cancel, ...]:
        """What takes out everything of ours that may rest; for when nothing is handled any more."""
        return tuple(
            Cancel(
                each.order.id,
                each.order_id,
                each.order.ticker,
                each.order.exchange_index,
                reason,
            )
            for each in self._state.orders.unfinished()
            if each.order_id is not None
        )

    @property
    def stopped_trading(self) -> bool:
        """Whether trading is disarmed and nothing of ours may still trade."""
        state = self._state
        return not state.desk.armed and state.orders.open == 0

    def moved(self, order: Order) -> str | None:
        """Asked again just before an order leaves: whether our clock was set back since it was
        approved, or an entry's price has gone; ``None``: neither.
        """
        known = self._state.orders.get(order.id)
        if known is not None and known.outdated:
            return gate.TOO_OLD
        best = guard.best_price(self._state, order.ticker, order.side)
        return gate.moved(order, best, self._state.settings.risk)

    def withdrawn(self, order: Order) -> str | None:
        """Asked again just before an order leaves: what forbids it by now; ``None``: nothing."""
        return guard.withdrawn(self._state, order)

    def unwanted(self, name: ClientOrderId) -> str | None:
        """Asked again just before a renewal leaves: what forbids its order by now; ``None``:
        nothing.
        """
        known = self._state.orders.get(name)
        return None if known is None else guard.withdrawn(self._state, known.order)

    def too_late(self, approved: Approved[Order], now: Nanos) -> str | None:
        """Asked again just before an order leaves at ``now``: ``moved``, or its approval is too
        old.
        """
        order = approved.what
        best = guard.best_price(self._state, order.ticker, order.side)
        return self.moved(order) or gate.too_late(approved, best, self._state.settings.risk, now)

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
    def focused(self) -> Contract | None:
        """The market looked at now, as far as it is described."""
        focus = self._state.focus
        return None if focus is None else focus.contract

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
        learnt.append(state.reaction.samples)
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


_OfOrders = (
    e.OrderFilled
    | e.OrderChanged
    | e.OrderUncertain
    | e.OrderAbsent
    | e.CancelRefused
    | e.LatencyMeasured
)
_OfGroups = e.OrderGroupChanged | e.GroupReady | e.GroupNotReady | e.GroupGone
_OfAccount = (
    e.PositionReported
    | e.AccountSeen
    | e.Restored
    | e.TradingArmed
    | e.TradingDisarmed
    | e.OperatorHalted
    | e.OperatorCleared
    | e.OperatorFlattened
)


def _of_orders(state: State, event: _OfOrders) -> tuple[Intent, ...]:
    match event:
        case e.OrderFilled():
            return orders.filled(state, event)
        case e.OrderChanged():
            return orders.changed(state, event)
        case e.OrderUncertain():
            return orders.uncertain(state, event)
        case e.OrderAbsent():
            return orders.order_absent(state, event)
        case e.CancelRefused():
            return orders.cancel_refused(state, event)
        case e.LatencyMeasured():
            return orders.latency_measured(state, event)


def _of_groups(state: State, event: _OfGroups) -> tuple[Intent, ...]:
    match event:
        case e.OrderGroupChanged():
            return groups.changed(state, event)
        case e.GroupReady():
            return groups.ready(state, event)
        case e.GroupNotReady():
            return groups.not_ready(state, event)
        case e.GroupGone():
            return groups.gone(state, event)


def _of_account(  # noqa: PLR0911 - one line per kind of fact
    state: State, event: _OfAccount
) -> tuple[Intent, ...]:
    match event:
        case e.PositionReported():
            return account.position_reported(state, event)
        case e.AccountSeen():
            return account.account_seen(state, event)
        case e.Restored():
            return account.restored(state, event)
        case e.TradingArmed():
            return account.armed(state, event)
        case e.TradingDisarmed():
            return account.disarmed(state, event)
        case e.OperatorHalted():
            return positions.halted(state, event)
        case e.OperatorCleared():
            return guard.cleared(state, event)
        case e.OperatorFlattened():
            return positions.flattened(state, event)


def _told(
    state: State,
    event: e.OperatorPaused | e.OperatorResumed | e.SettingsChanged | e.AlertFailed | e.KillEnded,
) -> tuple[Intent, ...]:
    match event:
        case e.OperatorPaused():
            return trouble.paused(state, event)
        case e.OperatorResumed():
            return trouble.resumed(state, event)
        case e.SettingsChanged():
            return adopting.settings_changed(state, event)
        case e.AlertFailed():
            return trouble.alert_failed(state, event)
        case e.KillEnded():
            return trouble.kill_ended(state, event)


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
        case e.StrikeSet():
            return windows.strike_set(state, event)
        case e.MarketStatusChanged() | e.CloseTimeChanged() | e.GridChanged() | e.FeesChanged():
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
        case e.OrderFilled() | e.OrderChanged() | e.OrderUncertain() | e.OrderAbsent():
            return _of_orders(state, event)
        case e.CancelRefused() | e.LatencyMeasured():
            return _of_orders(state, event)
        case e.OrderGroupChanged() | e.GroupReady() | e.GroupNotReady() | e.GroupGone():
            return _of_groups(state, event)
        case e.PositionReported() | e.AccountSeen() | e.Restored() | e.TradingArmed():
            return _of_account(state, event)
        case e.TradingDisarmed() | e.OperatorHalted() | e.OperatorCleared() | e.OperatorFlattened():
            return _of_account(state, event)
        case e.ClockJumped():
            return trouble.clock_jumped(state, event)
        case e.OperatorPaused() | e.OperatorResumed() | e.SettingsChanged() | e.AlertFailed():
            return _told(state, event)
        case e.KillEnded():
            return _told(state, event)
        case _:
            assert_never(event)
