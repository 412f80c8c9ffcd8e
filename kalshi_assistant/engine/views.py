"""The engine's state as frozen views. Costs a few hundred microseconds, so it is asked a few
times a second.
"""

import math
from typing import NamedTuple

from kalshi_assistant.domain.contract import Contract
from kalshi_assistant.domain.ids import BRTI, Ticker
from kalshi_assistant.domain.orders import ASK, BID
from kalshi_assistant.domain.signals import VETOES, Veto
from kalshi_assistant.domain.time import SECOND, Nanos
from kalshi_assistant.domain.units import INDEX_SCALE, PRICE_SCALE, Quantity
from kalshi_assistant.engine.beliefs import around, belief, fan, highest_claim
from kalshi_assistant.engine.clocks import clock_view
from kalshi_assistant.engine.costs import costs
from kalshi_assistant.engine.decisions import decisions_view
from kalshi_assistant.engine.funnel import counts_of, funnel_view, veto_counts
from kalshi_assistant.engine.page_views import EvidenceView, RiskView
from kalshi_assistant.engine.record import evidence_view
from kalshi_assistant.engine.risk_view import risk_view
from kalshi_assistant.engine.sensitivities import Sensitivities, WithoutOne, without_one
from kalshi_assistant.engine.settings import PRECISION
from kalshi_assistant.engine.snapshot import (
    SNAPSHOT_VERSION,
    BookView,
    FanView,
    FunnelCounts,
    FunnelView,
    IndexView,
    MarketView,
    NumberView,
    PaperView,
    ReplicaView,
    SettlementView,
    Snapshot,
)
from kalshi_assistant.engine.state import MarketState, State
from kalshi_assistant.engine.trading_view import trading_view
from kalshi_assistant.quant.closed_form import WINDOW
from kalshi_assistant.quant.kernel import step
from kalshi_assistant.quant.layout import (
    I_BOOK_AGE,
    I_WATCH,
    LOOK,
    M_AHEAD,
    M_FIXED,
    M_FLIGHT,
    M_GUESSED,
    M_MISSING,
    M_NO_NUMBER,
    M_NUMBERS,
    M_SEEN,
    M_SIZE,
    M_SUM,
    M_TOUCHED,
    M_VETO,
    R_EXPECTED,
    R_P,
    R_SD,
    R_SIGMA,
    R_THRESHOLD_AT,
)
from kalshi_assistant.quant.ring import print_at
from kalshi_assistant.strategy.edge import read_edge

DEPTH = 40
"""Levels a side in the view."""
TAIL_SECONDS = 900


class SlowViews(NamedTuple):
    """What costs half of a snapshot and changes once a second or less."""

    ticker: Ticker | None
    """Of the market in focus, whose fan it is."""
    fan: FanView | None
    funnel: FunnelView
    risk: RiskView | None
    evidence: tuple[EvidenceView, ...]


def slow_views(state: State) -> SlowViews:
    """They as they are now."""
    focus = state.focus
    followed = None if focus is None or focus.contract is None else focus
    if followed is not None:
        _look_again(state, followed)
    return SlowViews(
        ticker=None if followed is None else followed.ticker,
        fan=None if followed is None else fan(state, followed),
        funnel=_funnel(state),
        risk=risk_view(state),
        evidence=evidence_view(state),
    )


def view(state: State, slow: SlowViews | None = None) -> Snapshot:
    """All a reader may see. ``slow`` may be a second old: readers are many a second, and the engine
    keeps nobody else waiting for what hardly changes.
    """
    focus = state.focus
    if slow is None or (focus is not None and slow.ticker != focus.ticker):
        slow = slow_views(state)
    upcoming = state.universe.upcoming(state.now)
    return Snapshot(
        version=SNAPSHOT_VERSION,
        at=state.now,
        sequence=state.sequence,
        mode=state.settings.mode,
        environment=state.settings.environment,
        config=state.config,
        paused=state.paused,
        exchange_says=state.exchange_says,
        unreachable=state.unreachable,
        market=None if focus is None or focus.contract is None else _market(state, focus, slow.fan),
        upcoming=None if upcoming is None else upcoming.ticker,
        upcoming_open=None if upcoming is None else upcoming.open_time,
        polled=state.settings.polled,
        index=_index(state),
        clock=clock_view(state),
        feeds=state.feeds.views(polled=state.settings.polled),
        paper=_paper(state),
        signals=tuple(state.signals),
        windows=tuple(state.windows),
        checked_windows=state.check.checked,
        matched_windows=state.check.matched,
        log=state.story.newest(100),
        trading=trading_view(state),
        funnel=slow.funnel,
        risk=slow.risk,
        decisions=decisions_view(state),
        evidence=slow.evidence,
        trades=tuple(state.trades),
        curve=tuple(state.curve),
        scores=state.scores.view(),
    )


def _look_again(state: State, market: MarketState) -> None:
    """Evaluate at the present instant, so that a view never shows another market's numbers;
    counts nothing.
    """
    array, index = market.book.array, state.index.array
    counted, awaited = array[M_NUMBERS:].copy(), index[I_WATCH]
    step(array, index, state.index.real, LOOK, 0, 0, 0, state.now)
    array[M_NUMBERS:], index[I_WATCH] = counted, awaited


def _market(state: State, market: MarketState, ahead: FanView | None) -> MarketView:
    contract, array, real = market.contract, market.book.array, state.index.real
    assert contract is not None
    _look_again(state, market)
    seen = around(state, market)
    position = state.ledger.position(market.ticker)
    return MarketView(
        ticker=market.ticker,
        open_time=contract.open_time,
        close_time=contract.close_time,
        strike=contract.strike,
        status=state.universe.status(market.ticker) or "unknown",
        book=_book(state, market),
        number=_number(state, market, seen),
        settlement=_settlement(state, market),
        belief=belief(state, market, seen),
        market_mid=_mid(market),
        last_trade=market.last_trade,
        volume=market.volume,
        edge_yes=read_edge(array, real, "yes"),
        edge_no=read_edge(array, real, "no"),
        veto=_veto(int(array[M_VETO])),
        vetoes=veto_counts(array),
        position=position.quantity,
        position_cost=position.cost,
        trail=market.trail.view(),
        fan=ahead,
        costs=costs(contract, market.book, Quantity(int(array[M_SIZE])), _kept_as(state)),
    )


def _kept_as(state: State) -> str:
    """The kind of account that fees are charged by now."""
    return next(kind for kind, steps in PRECISION.items() if steps == state.precision)


def _funnel(state: State) -> FunnelView:
    running = [_counts(each) for each in state.markets.values() if not each.reported]
    return funnel_view(state.funnel, running, None if state.focus is None else _counts(state.focus))


def _counts(market: MarketState) -> FunnelCounts:
    return counts_of(market.book.array, market.misses, market.signals, market.orders)


def _veto(code: int) -> Veto | None:
    return VETOES[code - 1] if code else None


def _book(state: State, market: MarketState) -> BookView:
    book = market.book
    return BookView(
        known=book.known,
        unknown_because=book.unknown_because,
        bids=book.levels(BID, DEPTH) if book.known else (),
        asks=book.levels(ASK, DEPTH) if book.known else (),
        changed_at=None if book.changed_at is None else Nanos(book.changed_at),
        stale=bool(0 < state.index.array[I_BOOK_AGE] < state.now - book.array[M_TOUCHED]),
    )


def _mid(market: MarketState) -> float | None:
    bid, ask = market.book.best_bid, market.book.best_ask
    if not market.book.known or bid is None or ask is None:
        return None
    return (bid + ask) / (2 * PRICE_SCALE)


def _number(state: State, market: MarketState, seen: Sensitivities | None) -> NumberView:
    array, real = market.book.array, state.index.real
    contract, index = market.contract, state.index
    p_yes = float(real[R_P])
    sd, expected = float(real[R_SD]), float(real[R_EXPECTED])
    some = index.value is not None
    struck = some and contract is not None and contract.strike is not None
    distance = expected - float(real[R_THRESHOLD_AT]) if struck else None
    return NumberView(
        p_yes=None if math.isnan(p_yes) else p_yes,
        no_number=_veto(int(array[M_NO_NUMBER])),
        outcome_fixed=bool(array[M_FIXED]),
        expected_average=expected if some else None,
        sd=sd if some else None,
        distance=distance,
        sigmas=distance / sd if distance is not None and sd > 0 else None,
        sigma_per_sqrt_second=float(real[R_SIGMA]) if some else None,
        volatility_seconds=index.volatility_seconds,
        prints_known=int(array[M_SEEN]),
        prints_missing=int(array[M_MISSING]),
        prints_left=int(array[M_AHEAD]) + int(array[M_FLIGHT]),
        warnings=_warnings(state, market),
        delta=None if seen is None else seen.delta,
        theta=None if seen is None else seen.theta,
        band_low=None if seen is None else seen.low,
        band_high=None if seen is None else seen.high,
    )


def _warnings(state: State, market: MarketState) -> tuple[str, ...]:
    array = market.book.array
    found: list[str] = []
    if missing := int(array[M_MISSING]):
        found.append(f"{missing} prints missing: bridged in the forecast, never in the settlement")
    if flight := int(array[M_FLIGHT]):
        found.append(f"{flight} prints due but not received")
    if state.check.standing is not None:
        found.append("settlement self-check failed")
    if guessed := int(array[M_GUESSED]):
        found.append(f"{guessed} prints known as estimates only: they settle nothing")
    if state.index.source is not None and not state.label.startswith(BRTI):
        found.append(f"index: {state.label}")
    return tuple(found)


def _settlement(state: State, market: MarketState) -> SettlementView:
    contract, array = market.contract, market.book.array
    assert contract is not None
    close = contract.close_time // SECOND
    if state.index.last_second < close - WINDOW:
        return _not_begun(contract, int(array[M_SUM]))
    cells = tuple(int(print_at(state.index.array, s)) for s in range(close - WINDOW, close))
    at_close = int(print_at(state.index.array, close))
    shifted = [value for value in (*cells[1:], at_close) if value]
    present = [value for value in cells if value]
    left = WINDOW - int(array[M_SEEN])
    needed = None
    if contract.strike is not None and left:
        needed = (WINDOW * (contract.strike - 0.5) - int(array[M_SUM])) / left / INDEX_SCALE
    guesses = tuple(state.index.is_estimate(s) for s in range(close - WINDOW, close))
    lost = _lost(state, market, present)
    return SettlementView(
        cells=cells,
        guesses=guesses,
        average_a=_mean(present),
        average_b=_mean(shifted),
        needed=needed,
        lost_low=None if lost is None else lost.low,
        lost_high=None if lost is None else lost.high,
        lost_p_low=None if lost is None else lost.p_low,
        lost_p_high=None if lost is None else lost.p_high,
    )


def _not_begun(contract: Contract, total: int) -> SettlementView:
    """The last minute while no print of it can have come."""
    needed = None
    if contract.strike is not None:
        needed = (WINDOW * (contract.strike - 0.5) - total) / WINDOW / INDEX_SCALE
    return SettlementView(
        cells=(0,) * WINDOW,
        guesses=(False,) * WINDOW,
        average_a=None,
        average_b=None,
        needed=needed,
    )


def _lost(state: State, market: MarketState, present: list[int]) -> WithoutOne | None:
    """What one print less would do; ``None`` before the first, and where no doubt is left."""
    real = state.index.real
    if not present or math.isnan(real[R_P]) or market.book.array[M_FIXED]:
        return None
    return without_one(
        (min(present) / INDEX_SCALE, max(present) / INDEX_SCALE),
        float(real[R_EXPECTED]),
        float(real[R_THRESHOLD_AT]),
        float(real[R_SD]),
        state.settings.number.tail_degrees,
        highest_claim(state, market),
    )


def _mean(values: list[int]) -> float | None:
    return sum(values) / len(values) / INDEX_SCALE if values else None


def _index(state: State) -> IndexView:
    index = state.index
    first, tail = index.tail(TAIL_SECONDS)
    return IndexView(
        name=index.name,
        label=state.label,
        estimated=index.estimated,
        error_bp=state.estimate_error_bp if index.estimated else 0.0,
        disagreements=state.disagreements,
        replica=_replica(state),
        source=index.source,
        value=index.value,
        value_at=None if index.value_at is None else Nanos(index.value_at),
        received_at=None if index.received_at is None else Nanos(index.received_at),
        average_60=index.average(WINDOW),
        first_second=first,
        tail=tail,
    )


def _replica(state: State) -> ReplicaView | None:
    newest, error = state.tracking.newest, state.tracking.error
    if newest is None:
        return None
    value = newest.value
    return ReplicaView(
        at=newest.at,
        value=value,
        corrected=None if value is None else state.tracking.corrected(value),
        used=newest.used,
        left_out=newest.left_out,
        coverage=newest.coverage,
        compared=error.count,
        error_mean=error.mean_cents / INDEX_SCALE if error.warm else None,
        error_sd=error.sd_cents / INDEX_SCALE if error.warm else None,
    )


def _paper(state: State) -> PaperView:
    ledger = state.ledger
    return PaperView(
        enabled=state.settings.trades,
        cash=ledger.cash,
        fees=ledger.fees,
        realized=ledger.realized,
        open_positions=ledger.open_positions,
        fills=state.fills,
    )
