"""The state of an engine as one JSON document: ``/api/v1/state``, and each event of the stream.

Units are those of ``control/records.py``: money and prices are strings in dollars, quantities
strings in contracts, probabilities numbers, times ISO 8601 UTC, and ``null`` is not known.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from kalshi_assistant.control.protocol import Hello
from kalshi_assistant.control.records import (
    Record,
    dollars,
    feed_record,
    index_dollars,
    iso,
    note_record,
    number_record,
    probability,
    rounded,
    signal_record,
    window_record,
)
from kalshi_assistant.domain.signals import Edge, NearMiss
from kalshi_assistant.domain.units import format_money, format_price, format_quantity
from kalshi_assistant.engine.snapshot import (
    BookView,
    BreakerView,
    FunnelCounts,
    MarketView,
    OrderView,
    PaperView,
    QueueView,
    SettlementView,
    Snapshot,
    StageView,
    TradingView,
)
from kalshi_assistant.metrics.panels import (
    belief_record,
    costs_record,
    decision_record,
    evidence_record,
    fan_record,
    held_record,
    risk_record,
    score_record,
    trade_record,
    trail_record,
)
from kalshi_assistant.metrics.reading import EngineReader

LINES_MAX: Final = 50
"""Signals, windows and lines of the story in a document, at most; the newest."""

_ENCODER: Final = msgspec.json.Encoder()


def state_bytes(reader: EngineReader) -> bytes:
    """The document as JSON."""
    return _ENCODER.encode(state_document(reader))


def state_document(reader: EngineReader) -> Record:
    """What is known now; without an engine, why not, and everything else ``null``."""
    snapshot, age = reader.snapshot, reader.age_seconds
    return {
        "type": "state",
        "up": snapshot is not None,
        "reason": reader.down_because,
        "age_seconds": None if age is None else round(age, 3),
        "last_at": iso(reader.last_at),
        "attached": reader.attached,
        "engine": None if reader.engine is None else _engine(reader.engine),
        "state": None if snapshot is None else snapshot_record(snapshot),
    }


def _engine(hello: Hello) -> Record:
    return {
        "program": hello.program,
        "pid": hello.pid,
        "mode": hello.mode,
        "environment": hello.environment,
    }


def snapshot_record(snapshot: Snapshot) -> Record:
    """Everything a snapshot says that a program may want."""
    trading, funnel, market = snapshot.trading, snapshot.funnel, snapshot.market
    risk = snapshot.risk
    return {
        "at": iso(snapshot.at),
        "sequence": snapshot.sequence,
        "config": snapshot.config,
        "unreachable": snapshot.unreachable,
        "number": number_record(snapshot),
        "market": None if market is None else _market(market),
        "upcoming": snapshot.upcoming,
        "upcoming_open": iso(snapshot.upcoming_open),
        "clock": {"ahead_ms": rounded(snapshot.clock.ahead_ms, 3), "wrong": snapshot.clock.wrong},
        "feeds": [feed_record(view, snapshot.at) for view in snapshot.feeds],
        "queues": [_queue(view) for view in snapshot.queues],
        "stages": [_stage(view) for view in snapshot.stages],
        "paper": _paper(snapshot.paper),
        "trading": None if trading is None else _trading(trading),
        "funnel": None
        if funnel is None
        else {
            "window": None if funnel.window is None else _counts(funnel.window),
            "total": _counts(funnel.total),
        },
        "checked_windows": snapshot.checked_windows,
        "matched_windows": snapshot.matched_windows,
        "risk": None if risk is None else risk_record(risk),
        "evidence": [evidence_record(view) for view in snapshot.evidence],
        "scores": [score_record(view) for view in snapshot.scores],
        "decisions": [decision_record(view) for view in snapshot.decisions[:LINES_MAX]],
        "trades": [trade_record(view) for view in snapshot.trades[:LINES_MAX]],
        "curve": [[iso(at), format_money(profit)] for at, profit in snapshot.curve],
        "signals": [signal_record(signal) for signal in snapshot.signals[:LINES_MAX]],
        "windows": [window_record(report) for report in snapshot.windows[:LINES_MAX]],
        "log": [note_record(line) for line in snapshot.log[:LINES_MAX]],
    }


def _market(market: MarketView) -> Record:
    return {
        "ticker": market.ticker,
        "open_time": iso(market.open_time),
        "close_time": iso(market.close_time),
        "strike": index_dollars(market.strike),
        "status": market.status,
        "last_trade": None if market.last_trade is None else format_price(market.last_trade),
        "volume": None if market.volume is None else format_quantity(market.volume),
        "book": _book(market.book),
        "edge_yes": _edge(market.edge_yes),
        "edge_no": _edge(market.edge_no),
        "veto": market.veto,
        "vetoes": dict(market.vetoes),
        "settlement": _settlement(market.settlement),
        "position": format_quantity(market.position),
        "position_cost": format_money(market.position_cost),
        "belief": belief_record(market.belief),
        "trail": None if market.trail is None else trail_record(market.trail),
        "fan": None if market.fan is None else fan_record(market.fan),
        "costs": None if market.costs is None else costs_record(market.costs),
    }


def _book(book: BookView) -> Record:
    return {
        "known": book.known,
        "stale": book.stale,
        "unknown_because": book.unknown_because,
        "changed_at": iso(book.changed_at),
        "bids": _levels(book.bids),
        "asks": _levels(book.asks),
    }


def _levels(levels: Sequence[tuple[int, int]]) -> list[list[str]]:
    return [[format_price(price), format_quantity(quantity)] for price, quantity in levels]


def _edge(edge: Edge | None) -> Record | None:
    if edge is None:
        return None
    return {
        "quantity": format_quantity(edge.quantity),
        "worst_price": format_price(edge.worst_price),
        "cost": format_money(edge.cost),
        "fee": format_money(edge.fee),
        "raw": dollars(edge.raw, 4),
        "slippage": dollars(edge.slippage, 4),
        "latency": dollars(edge.latency, 4),
        "haircut": dollars(edge.haircut, 4),
        "net": dollars(edge.net, 4),
    }


def _settlement(view: SettlementView) -> Record:
    return {
        "prints": [None if cents == 0 else index_dollars(cents) for cents in view.cells],
        "estimated": list(view.guesses),
        "average": dollars(view.average_a, 4),
        "average_b": dollars(view.average_b, 4),
        "needed": dollars(view.needed, 4),
        "lost_low": dollars(view.lost_low, 4),
        "lost_high": dollars(view.lost_high, 4),
        "lost_p_low": probability(view.lost_p_low),
        "lost_p_high": probability(view.lost_p_high),
    }


def _queue(view: QueueView) -> Record:
    return {
        "queue": view.name,
        "policy": view.policy,
        "depth": view.depth,
        "high_water": view.high_water,
        "capacity": view.capacity,
        "dropped": view.dropped,
    }


def _stage(view: StageView) -> Record:
    return {
        "stage": view.name,
        "unit": view.unit,
        "count": view.count,
        "mean": rounded(view.mean, 4),
        "p50": rounded(view.p50, 4),
        "p95": rounded(view.p95, 4),
        "p99": rounded(view.p99, 4),
        "worst": rounded(view.worst, 4),
        "target": rounded(view.target, 4),
        "met": view.met,
    }


def _paper(view: PaperView) -> Record:
    return {
        "enabled": view.enabled,
        "cash": format_money(view.cash),
        "fees": format_money(view.fees),
        "realized": format_money(view.realized),
        "open_positions": view.open_positions,
        "fills": view.fills,
    }


def _trading(view: TradingView) -> Record:
    return {
        "closed_because": view.closed_because,
        "armed": view.armed,
        "venue": view.venue,
        "agreed": view.agreed,
        "cash": format_money(view.cash),
        "equity": format_money(view.equity),
        "peak": format_money(view.peak),
        "day_pnl": format_money(view.day_pnl),
        "worst": format_money(view.worst),
        "orders": [_order(order) for order in view.orders],
        "breakers": [_breaker(breaker) for breaker in view.breakers],
        "policies": {name: format_money(profit) for name, profit in view.policies},
        "good_windows": view.good_windows,
        "canary": view.canary,
        "held": [held_record(held) for held in view.held],
    }


def _order(view: OrderView) -> Record:
    return {
        "id": view.id,
        "ticker": view.ticker,
        "outcome": view.outcome,
        "limit": format_price(view.limit),
        "quantity": format_quantity(view.quantity),
        "filled": format_quantity(view.filled),
        "state": view.state,
        "purpose": view.purpose,
        "kind": view.kind,
        "made_at": iso(view.made_at),
        "expires_at": iso(view.expires_at),
        "ahead": None if view.ahead is None else format_quantity(view.ahead),
    }


def _breaker(view: BreakerView) -> Record:
    return {
        "breaker": view.name,
        "state": view.state,
        "reason": view.reason,
        "since": iso(view.since),
        "stops": view.stops,
    }


def _counts(counts: FunnelCounts) -> Record:
    return {
        "windows": counts.windows,
        "looks": counts.looks,
        "numbers": counts.numbers,
        "candidates": counts.candidates,
        "crossings": counts.crossings,
        "vetoes": dict(counts.vetoes),
        "declined": dict(counts.declined),
        "signals": counts.signals,
        "orders": counts.orders,
        "nearest": None if counts.nearest is None else _nearest(counts.nearest),
    }


def _nearest(miss: NearMiss) -> Record:
    return {
        "over": dollars(miss.over, 4),
        "outcome": miss.outcome,
        "at": iso(miss.at),
        "because": miss.because,
    }
