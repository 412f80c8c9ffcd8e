"""What readers are told of a snapshot, as plain records for JSON: one conversion for all of them.

Fields of a record are part of the promise to whoever reads them: money and prices are strings in
dollars, probabilities are numbers, times ISO 8601 UTC with ``Z``, and what is not known is
``null``.
"""

from collections.abc import Sequence
from math import isfinite
from typing import Final

from kalshi_assistant.domain.intents import WindowReport
from kalshi_assistant.domain.signals import Edge, Signal
from kalshi_assistant.domain.time import SECOND, format_iso
from kalshi_assistant.domain.units import (
    format_index,
    format_money,
    format_price,
    format_quantity,
)
from kalshi_assistant.engine.snapshot import FeedView, LogLine, MarketView, ReplicaView, Snapshot

Record = dict[str, object]

MARKET_FIELDS: Final = (
    "seconds_left", "strike", "p_yes", "no_number", "market_mid", "p_blend", "band", "simulated",
    "contradicted_by", "bid", "ask", "book_known", "edge_yes", "edge_no", "veto", "expected", "sd",
    "distance", "sigmas", "prints_known", "prints_missing", "prints_left", "warnings", "position",
)  # fmt: skip
"""Fields of a number that are ``null`` while there is no market."""


def iso(at: int | None) -> str | None:
    """An instant as ISO 8601 in UTC."""
    return None if at is None else format_iso(at)


def index_dollars(cents: int | None) -> str | None:
    """An index value, exact."""
    return None if cents is None else format_index(cents)


def dollars(value: float | None, decimals: int) -> str | None:
    """A dollar amount that is an estimate, rounded to ``decimals``."""
    return None if value is None or not isfinite(value) else f"{value:.{decimals}f}"


def rounded(value: float | None, decimals: int) -> float | None:
    """A number for JSON, which has no word for infinity."""
    return None if value is None or not isfinite(value) else round(value, decimals)


def probability(value: float | None) -> float | None:
    """A probability to six decimals."""
    return rounded(value, 6)


def number_record(snapshot: Snapshot) -> Record:
    """The number, the market beside it, and why nothing is traded."""
    market, index = snapshot.market, snapshot.index
    record: Record = {
        "type": "number",
        "at": format_iso(snapshot.at),
        "ticker": None if market is None else market.ticker,
        "index": index_dollars(index.value),
        "index_label": index.label,
        "index_estimated": index.estimated,
        "index_error_bp": rounded(index.error_bp, 4),
        "index_at": iso(index.value_at),
        "replica": None if index.replica is None else _replica(index.replica),
        "information_only": snapshot.polled,
        "average_60s": dollars(index.average_60, 4),
        "paused": snapshot.paused,
        "exchange": snapshot.exchange_says,
    }
    known = dict.fromkeys(MARKET_FIELDS) if market is None else market_record(market, snapshot.at)
    return record | known


def _replica(view: ReplicaView) -> Record:
    return {
        "value": index_dollars(view.value),
        "corrected": index_dollars(view.corrected),
        "venues": list(view.used),
        "left_out": dict(view.left_out),
        "coverage": rounded(view.coverage, 3),
        "compared": view.compared,
        "error_mean": dollars(view.error_mean, 4),
        "error_sd": dollars(view.error_sd, 4),
    }


def seconds_left(market: MarketView, at: int) -> float:
    """Until the close; 0 behind it."""
    return round(max(0, market.close_time - at) / SECOND, 3)


def market_record(market: MarketView, at: int) -> Record:
    """The fields ``MARKET_FIELDS``."""
    number = market.number
    return {
        "seconds_left": seconds_left(market, at),
        "strike": index_dollars(market.strike),
        "p_yes": probability(number.p_yes),
        "no_number": number.no_number,
        "market_mid": probability(market.market_mid),
        "p_blend": probability(market.belief.blend),
        "band": [probability(number.band_low), probability(number.band_high)],
        "simulated": {name: probability(p) for name, p, _ in market.belief.estimates},
        "contradicted_by": list(market.belief.contradicted_by),
        "bid": _best(market.book.bids),
        "ask": _best(market.book.asks),
        "book_known": market.book.known,
        "edge_yes": net_dollars(market.edge_yes),
        "edge_no": net_dollars(market.edge_no),
        "veto": market.veto,
        "expected": dollars(number.expected_average, 4),
        "sd": dollars(number.sd, 4),
        "distance": dollars(number.distance, 4),
        "sigmas": rounded(number.sigmas, 4),
        "prints_known": number.prints_known,
        "prints_missing": number.prints_missing,
        "prints_left": number.prints_left,
        "warnings": list(number.warnings),
        "position": format_quantity(market.position),
    }


def _best(levels: Sequence[tuple[int, int]]) -> str | None:
    return format_price(levels[0][0]) if levels else None


def net_dollars(edge: Edge | None) -> str | None:
    """What is left of an edge after all costs, dollars per contract."""
    return None if edge is None else dollars(edge.net, 4)


def signal_record(signal: Signal) -> Record:
    """A reason to buy, when it was made."""
    edge = signal.edge
    return {
        "type": "signal",
        "at": format_iso(signal.made_at),
        "ticker": signal.ticker,
        "kind": signal.kind,
        "outcome": edge.outcome,
        "quantity": format_quantity(edge.quantity),
        "worst_price": format_price(edge.worst_price),
        "cost": format_money(edge.cost),
        "fee": format_money(edge.fee),
        "net_edge": dollars(edge.net, 4),
        "threshold": dollars(signal.threshold, 4),
        "p_yes": probability(signal.p_yes),
        "seconds_left": rounded(signal.seconds_left, 3),
        "config": signal.config,
    }


def window_record(report: WindowReport) -> Record:
    """One window after its close."""
    return {
        "type": "window",
        "ticker": report.ticker,
        "strike": index_dollars(report.strike),
        "settlement": index_dollars(report.settlement),
        "our_settlement": index_dollars(report.our_settlement),
        "result": report.result,
        "prints": report.prints,
        "p_yes": {left: probability(p_yes) for left, p_yes in report.p_yes.items()},
        "p_market": {left: probability(p_yes) for left, p_yes in report.p_market.items()},
        "p_blend": {left: probability(p_yes) for left, p_yes in report.p_blend.items()},
        "signals": report.signals,
        "vetoes": report.vetoes,
        "paper_pnl": format_money(report.paper_pnl),
    }


def feed_record(view: FeedView, at: int) -> Record:
    """One source as of ``at``: its state, its age in seconds, its trouble, its delays."""
    age = None if view.last_event_at is None else round((at - view.last_event_at) / SECOND, 3)
    return {
        "type": "feed",
        "at": format_iso(at),
        "feed": view.name,
        "state": view.state,
        "reason": view.reason,
        "age_seconds": age,
        "gaps": view.gaps,
        "malformed": view.malformed,
        "delay_least_ms": rounded(view.delay_least_ms, 3),
        "delay_p50_ms": rounded(view.delay_p50_ms, 3),
        "delay_p95_ms": rounded(view.delay_p95_ms, 3),
        "delay_p99_ms": rounded(view.delay_p99_ms, 3),
    }


def note_record(told: LogLine) -> Record:
    """One line of the story."""
    return {
        "type": "note",
        "at": format_iso(told.at),
        "level": told.level,
        "topic": told.topic,
        "text": told.text,
    }
