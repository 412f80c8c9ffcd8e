"""A snapshot as Prometheus families: money and market first, then feeds, queues and stages.

**Invariant:** no label value comes from outside: tickers and order ids are never labels.
``probability``, ``share`` and scores are ratios from 0 to 1; everything else names its unit.
"""

from collections.abc import Iterable
from math import isfinite
from typing import Final

from prometheus_client.core import Metric
from prometheus_client.registry import Collector
from typing_extensions import override

from kalshi_assistant.domain.signals import Edge
from kalshi_assistant.domain.time import SECOND
from kalshi_assistant.domain.units import (
    format_index,
    format_money,
    format_price,
    format_quantity,
)
from kalshi_assistant.engine.snapshot import (
    FeedView,
    FunnelCounts,
    IndexView,
    MarketView,
    PaperView,
    QueueView,
    Snapshot,
    StageView,
    TradingView,
)
from kalshi_assistant.metrics.reading import EngineReader
from kalshi_assistant.metrics.sheet import Sheet

_QUANTILES: Final = (("0.5", "p50"), ("0.95", "p95"), ("0.99", "p99"))


class EngineCollector(Collector):
    """Asked at every scrape; keeps nothing but the reader."""

    def __init__(self, reader: EngineReader) -> None:
        self._reader = reader

    @override
    def collect(self) -> Iterable[Metric]:
        """The families of the present moment; without an engine only that there is none."""
        sheet, reader = Sheet(), self._reader
        snapshot = reader.snapshot
        sheet.gauge(
            "up", "Whether an engine is attached and has shown itself.", snapshot is not None
        )
        sheet.gauge("snapshot_age_seconds", "Since the newest snapshot came.", reader.age_seconds)
        sheet.counter("attached_total", "How often an engine was attached to.", reader.attached)
        if reader.engine is not None:
            _engine(reader, sheet)
        if snapshot is not None:
            _snapshot(snapshot, sheet)
        told = "Series left out because a family had too many."
        sheet.gauge("series_left_out", told, sheet.left_out)
        return sheet.families()


def _engine(reader: EngineReader, sheet: Sheet) -> None:
    hello = reader.engine
    assert hello is not None
    about = "What runs: always 1."
    names = {"program": hello.program, "mode": hello.mode, "environment": hello.environment}
    sheet.gauge("engine_info", about, 1, **names)


def _snapshot(snapshot: Snapshot, sheet: Sheet) -> None:
    sheet.counter("events_total", "Events the engine handled.", snapshot.sequence)
    sheet.gauge("paused", "Whether a person paused signals.", snapshot.paused is not None)
    ahead = snapshot.clock.ahead_ms
    about = "How far our clock is ahead of the sources'."
    sheet.gauge("clock_ahead_seconds", about, None if ahead is None else ahead / 1_000)
    if snapshot.trading is not None:
        _trading(snapshot.trading, sheet)
    if snapshot.paper.enabled:
        _paper(snapshot.paper, sheet)
    if snapshot.market is not None:
        _market(snapshot.market, snapshot.at, sheet)
    _index(snapshot.index, snapshot.at, sheet)
    if snapshot.funnel is not None:
        _funnel(snapshot.funnel.total, sheet)
    _windows(snapshot, sheet)
    for feed in snapshot.feeds:
        _feed(feed, snapshot.at, sheet)
    for queue in snapshot.queues:
        _queue(queue, sheet)
    for stage in snapshot.stages:
        _stage(stage, sheet)


# --- money ---


def _trading(view: TradingView, sheet: Sheet) -> None:
    sheet.gauge("cash_dollars", "Cash of the account.", _money(view.cash))
    about = "Cash, and what is held at what it would fetch now."
    sheet.gauge("equity_dollars", about, _money(view.equity))
    sheet.gauge("equity_peak_dollars", "The most equity there ever was.", _money(view.peak))
    sheet.gauge("day_pnl_dollars", "Profit since New York's midnight.", _money(view.day_pnl))
    about = "The most that can still be lost on all that is held and under way."
    sheet.gauge("worst_loss_dollars", about, _money(view.worst))
    sheet.gauge("armed", "Whether orders may leave.", view.armed)
    sheet.gauge("entries_open", "Whether an entry may leave now.", view.closed_because is None)
    sheet.gauge("orders_under_way", "Orders of ours that may still trade.", len(view.orders))
    sheet.gauge("good_windows", "Windows traded cleanly so far.", view.good_windows)
    for breaker in view.breakers:
        about = "Whether a circuit breaker stops anything."
        sheet.gauge("breaker_open", about, breaker.state != "closed", breaker=breaker.name)
    for name, profit in view.policies:
        about = "Profit on paper of settled windows under an assumption about the queue."
        sheet.gauge("policy_profit_dollars", about, _money(profit), policy=name)


def _paper(view: PaperView, sheet: Sheet) -> None:
    """The account of record: of a venue or of paper, whatever its view is called."""
    sheet.gauge("realized_pnl_dollars", "Profit of what is closed.", _money(view.realized))
    sheet.counter("fees_dollars_total", "Fees paid.", _money(view.fees))
    sheet.counter("fills_total", "Fills.", view.fills)
    sheet.gauge("open_positions", "Markets in which something is held.", view.open_positions)


# --- the market and the number ---


def _market(market: MarketView, at: int, sheet: Sheet) -> None:
    number, book = market.number, market.book
    about = "P(YES) of the window that trades, by who says so."
    for by, p_yes in (
        ("model", number.p_yes),
        ("market", market.market_mid),
        ("blend", market.belief.blend),
    ):
        sheet.gauge("probability_yes", about, _finite(p_yes), by=by)
    sheet.gauge("window_left_seconds", "Until the close.", max(0, market.close_time - at) / SECOND)
    strike = None if market.strike is None else float(format_index(market.strike))
    sheet.gauge("strike_dollars", "What the settlement is compared with.", strike)
    about = "How far the expected settlement is from the strike, in deviations."
    sheet.gauge("distance_sigmas", about, _finite(number.sigmas))
    sheet.gauge("book_known", "Whether the book can be vouched for.", book.known)
    if book.known and book.bids and book.asks:
        bid, ask = book.bids[0][0], book.asks[0][0]
        sheet.gauge("bid_dollars", "Best bid for YES.", _price(bid))
        sheet.gauge("ask_dollars", "Best ask for YES.", _price(ask))
        sheet.gauge("spread_dollars", "Between best bid and best ask.", _price(ask - bid))
    about = "What is left of the edge after all costs, per contract."
    sheet.gauge("edge_net_dollars", about, _net(market.edge_yes), outcome="yes")
    sheet.gauge("edge_net_dollars", about, _net(market.edge_no), outcome="no")
    sheet.gauge("may_trade", "Whether a signal could fire now.", market.veto is None)
    held = float(format_quantity(market.position))
    sheet.gauge("position_contracts", "YES held in the window that trades; NO is negative.", held)


def _index(index: IndexView, at: int, sheet: Sheet) -> None:
    value = None if index.value is None else float(format_index(index.value))
    sheet.gauge("index_dollars", "The index.", value)
    sheet.gauge("index_estimated", "Whether its newest value is an estimate.", index.estimated)
    sheet.gauge("index_age_seconds", "Since its newest value was made.", _age(index.value_at, at))


def _funnel(total: FunnelCounts, sheet: Sheet) -> None:
    sheet.counter("windows_total", "Windows that closed.", total.windows)
    sheet.counter("evaluations_total", "How often the number met the book.", total.looks)
    sheet.counter("crossings_total", "How often an edge rose to its threshold.", total.crossings)
    sheet.counter("signals_total", "Signals.", total.signals)
    sheet.counter("orders_total", "Orders the risk gate sent on.", total.orders)
    for reason, count in total.vetoes.items():
        about = "Evaluations by the first reason for not trading."
        sheet.counter("vetoes_total", about, count, reason=reason)
    for reason, count in total.declined.items():
        about = "Crossings by why nothing came of them."
        sheet.counter("declined_total", about, count, reason=reason)


def _windows(snapshot: Snapshot, sheet: Sheet) -> None:
    about = "Windows whose settlement of ours could be compared with the venue's."
    sheet.counter("windows_checked_total", about, snapshot.checked_windows)
    about = "Of those, how many were equal."
    sheet.counter("windows_matched_total", about, snapshot.matched_windows)
    for view in snapshot.scores:
        names = {"by": view.by, "horizon_seconds": str(view.seconds_left)}
        about = "Brier score of all settled windows of this run; one half always scores 0.25."
        sheet.gauge("brier_score", about, _finite(view.brier), **names)
        about = "Windows behind a Brier score."
        sheet.gauge("brier_windows", about, view.windows, **names)


# --- the machinery ---


def _feed(view: FeedView, at: int, sheet: Sheet) -> None:
    feed = view.name
    sheet.gauge("feed_up", "Whether a source is up.", view.state == "up", feed=feed)
    age = _age(view.last_event_at, at)
    sheet.gauge("feed_age_seconds", "Since a source's last event.", age, feed=feed)
    sheet.counter("feed_events_total", "Events of a source.", view.events, feed=feed)
    sheet.counter("feed_gaps_total", "Losses of a source.", view.gaps, feed=feed)
    about = "What a source sent that made no sense."
    sheet.counter("feed_malformed_total", about, view.malformed, feed=feed)
    for part, name in _QUANTILES:
        delay = _finite(getattr(view, f"delay_{name}_ms"))
        about = "From a source's stamp to its receipt, lately."
        seconds = None if delay is None else delay / 1_000
        sheet.gauge("feed_delay_seconds", about, seconds, feed=feed, quantile=part)


def _queue(view: QueueView, sheet: Sheet) -> None:
    sheet.gauge("queue_depth_items", "What waits in a queue.", view.depth, queue=view.name)
    about = "The most that ever waited."
    sheet.gauge("queue_high_water_items", about, view.high_water, queue=view.name)
    sheet.gauge("queue_capacity_items", "What a queue holds.", view.capacity, queue=view.name)
    about = "What was overtaken or shed."
    sheet.counter("queue_dropped_total", about, view.dropped, queue=view.name)


def _stage(view: StageView, sheet: Sheet) -> None:
    """A stretch of time by its quantiles; what is no time has a family of its own."""
    match view.unit:
        case "ms":
            _quantiles("stage_seconds", "How long a stage takes, lately.", view, 1_000, sheet)
            about = "How often a stage was timed for its quantiles."
            sheet.gauge("stage_timed", about, view.count, stage=view.name)
            if view.met is not None:
                about = "Whether the slowest hundredth of a stage keeps its target."
                sheet.gauge("stage_on_target", about, view.met, stage=view.name)
        case "items":
            _quantiles("backlog_items", "What waited when a batch was taken.", view, 1, sheet)
        case "share":
            sheet.gauge("fill_share", "What part of our orders filled, on average.", view.mean)
        case "cents":
            about = "What fills cost above the best price, per contract, on average."
            sheet.gauge("slippage_dollars", about, _scaled(view.mean, 100))


def _quantiles(name: str, about: str, view: StageView, scale: float, sheet: Sheet) -> None:
    for part, field in _QUANTILES:
        value = _scaled(getattr(view, field), scale)
        sheet.gauge(name, about, value, stage=view.name, quantile=part)


def _age(then: int | None, at: int) -> float | None:
    return None if then is None else (at - then) / SECOND


def _money(amount: int) -> float:
    return float(format_money(amount))


def _price(price: int) -> float:
    return float(format_price(price))


def _net(edge: Edge | None) -> float | None:
    return None if edge is None else _finite(edge.net)


def _finite(value: float | None) -> float | None:
    return None if value is None or not isfinite(value) else value


def _scaled(value: float | None, scale: float) -> float | None:
    return None if value is None else value / scale
