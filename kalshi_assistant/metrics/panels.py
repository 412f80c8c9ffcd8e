"""What the screen's panels and pages draw, as records of the document: how the number came along,
where it may go, what trading costs, and risk, decisions, evidence and trades.

Units are those of ``control/records.py``.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from kalshi_assistant.control.records import (
    Record,
    dollars,
    index_dollars,
    iso,
    net_dollars,
    probability,
    rounded,
)
from kalshi_assistant.domain.time import SECOND
from kalshi_assistant.domain.units import Money, format_money, format_price, format_quantity
from kalshi_assistant.engine.page_views import (
    DecisionView,
    EvidenceView,
    ExposureView,
    GuardView,
    LimitView,
    RiskView,
    ScoreView,
    TradeView,
)
from kalshi_assistant.engine.snapshot import BeliefView, CostView, FanView, HeldView, TrailView

TRAIL_SCALE: Final = 10_000
"""What is one in a trail."""
HUNDREDTHS: Final = 100
SECONDS_MAX: Final = (2**63 - 1) // SECOND


# --- the main page ---


def belief_record(view: BeliefView) -> Record:
    """The market's price, the blend, and every simulation with its error."""
    return {
        "market": probability(view.market),
        "blend": probability(view.blend),
        "weight": rounded(view.weight, 6),
        "simulated": [
            {"variant": name, "p_yes": probability(p), "error": probability(error)}
            for name, p, error in view.estimates
        ],
        "simulated_at": iso(view.estimated_at),
        "contradicted_by": list(view.contradicted_by),
    }


def trail_record(view: TrailView) -> Record:
    """P(YES) along the window, a point every ``step_seconds`` from ``first_at`` on."""
    return {
        "first_at": _second(view.first_second),
        "step_seconds": view.step_seconds,
        "model": _points(view.model),
        "blend": _points(view.blend),
        "market": _points(view.market),
        "simulated": _points(view.simulated),
        "low": _points(view.low),
        "high": _points(view.high),
    }


def _second(second: int) -> str | None:
    """An epoch second; ``None`` where an instant in nanoseconds could not hold it."""
    return iso(second * SECOND) if 0 <= second <= SECONDS_MAX else None


def _points(values: Iterable[int]) -> list[float | None]:
    return [None if value < 0 else value / TRAIL_SCALE for value in values]


def fan_record(view: FanView) -> list[Record]:
    """The average of sixty prints ahead: its mean and one deviation, instant by instant."""
    return [
        {"at": _second(second), "mean": index_dollars(mean), "sd": index_dollars(sd)}
        for second, mean, sd in zip(view.seconds, view.mean, view.sd, strict=False)
    ]


def costs_record(view: CostView) -> Record:
    """The cost lens; ``taker`` and ``maker`` are fees of the whole size at 1, 2, ... 99 cents."""
    return {
        "quantity": format_quantity(view.quantity),
        "account": view.account,
        "precision": format_money(view.precision),
        "taker": _amounts(view.taker),
        "maker": _amounts(view.maker),
        "one_at_half": {account: format_money(fee) for account, fee in view.one_at_half},
        "waiting_yes": _waiting(view.waiting_yes),
        "waiting_no": _waiting(view.waiting_no),
        "taking_yes": _taking(view.taking_yes),
        "taking_no": _taking(view.taking_no),
    }


def _amounts(values: Sequence[Money]) -> list[str]:
    return [format_money(value) for value in values]


def _waiting(found: tuple[int, Money] | None) -> Record | None:
    if found is None:
        return None
    price, fee = found
    return {"price": format_price(price), "fee": format_money(fee)}


def _taking(found: tuple[int, Money, Money] | None) -> Record | None:
    if found is None:
        return None
    price, cost, fee = found
    return {
        "worst_price": format_price(price),
        "cost": format_money(cost),
        "fee": format_money(fee),
    }


def held_record(view: HeldView) -> Record:
    """What is held in the market in focus under one assumption about the queue."""
    return {
        "policy": view.policy,
        "quantity": format_quantity(view.quantity),
        "cost": format_money(view.cost),
        "fees": format_money(view.fees),
        "realized": format_money(view.realized),
        "worth": None if view.worth is None else format_money(view.worth),
    }


# --- the pages beside it ---


def risk_record(view: RiskView) -> Record:
    """Every limit with its use, every breaker, the exposures and the worst that can happen."""
    return {
        "limits": [_limit(each) for each in view.limits],
        "breakers": [_guard(each) for each in view.breakers],
        "exposures": [_exposure(each) for each in view.exposures],
        "worst": format_money(view.worst),
        "canary_windows": view.canary_windows,
        "canary_share": rounded(view.canary_share, 6),
    }


def _limit(view: LimitView) -> Record:
    """Amounts in the unit they are named in: a string where that is dollars, else a number."""
    return {
        "limit": view.name,
        "about": view.about,
        "unit": view.unit,
        "now": _in_unit(view.limit, view.unit),
        "setting": _in_unit(view.setting, view.unit),
        "used": None if view.used is None else _in_unit(view.used, view.unit),
        "left": None if view.left is None else _in_unit(view.left, view.unit),
        "at_limit": view.at_limit,
    }


def _in_unit(value: int, unit: str) -> str | float:
    if unit == "dollars":
        return format_money(Money(value))
    return value / HUNDREDTHS if unit in ("percent", "cents") else value


def _guard(view: GuardView) -> Record:
    return {
        "breaker": view.name,
        "kind": view.kind,
        "state": view.state,
        "reason": view.reason,
        "since": iso(view.since),
        "until": iso(view.until),
        "opens": view.opens,
        "stops": view.stops,
        "keeps": view.keeps,
        "closes": view.closes,
    }


def _exposure(view: ExposureView) -> Record:
    return {
        "ticker": view.ticker,
        "position": format_quantity(view.position),
        "cost": format_money(view.cost),
        "orders": view.orders,
        "loss_if_yes": format_money(view.loss_if_yes),
        "loss_if_no": format_money(view.loss_if_no),
    }


def decision_record(view: DecisionView) -> Record:
    """One crossing of the threshold: what was known then, and what became of it."""
    age = None if view.index_age is None else rounded(view.index_age / SECOND, 3)
    book_age = None if view.book_age is None else rounded(view.book_age / SECOND, 3)
    return {
        "at": iso(view.at),
        "ticker": view.ticker,
        "outcome": view.outcome,
        "kind": view.kind,
        "declined": view.declined,
        "became": view.became,
        "order": view.order,
        "quantity": format_quantity(view.edge.quantity),
        "net_edge": net_dollars(view.edge),
        "threshold": dollars(view.threshold, 4),
        "p_yes": probability(view.p_yes),
        "p_market": probability(view.p_market),
        "p_blend": probability(view.p_blend),
        "strike": index_dollars(view.strike),
        "index": index_dollars(view.index),
        "index_label": view.index_label,
        "index_age_seconds": age,
        "expected": dollars(view.expected_average, 4),
        "sd": dollars(view.sd, 4),
        "prints_known": view.prints_known,
        "prints_missing": view.prints_missing,
        "seconds_left": rounded(view.seconds_left, 3),
        "bid": None if view.best_bid is None else format_price(view.best_bid),
        "ask": None if view.best_ask is None else format_price(view.best_ask),
        "book_age_seconds": book_age,
        "evidence": {name: rounded(value, 6) for name, value in view.evidence},
        "config": view.config,
    }


def evidence_record(view: EvidenceView) -> Record:
    """What one kind of signal has brought, and what may be concluded; dollars per contract."""
    return {
        "kind": view.kind,
        "verdict": view.verdict,
        "signals": view.signals,
        "windows": view.windows,
        "waiting": view.waiting,
        "days": view.days,
        "counted": view.counted,
        "policy": view.policy,
        "mean": dollars(view.mean, 6),
        "low": dollars(view.low, 6),
        "high": dollars(view.high, 6),
        "profits": {policy: format_money(profit) for policy, profit in view.profits},
        "scored": view.scored,
        "brier_model": rounded(view.brier_model, 6),
        "brier_market": rounded(view.brier_market, 6),
        "needed": view.needed,
        "planned_edge": dollars(view.planned_edge, 4),
        "configs": view.configs,
    }


def score_record(view: ScoreView) -> Record:
    """How one forecaster did at one horizon in all windows of the run."""
    return {
        "by": view.by,
        "seconds_left": view.seconds_left,
        "windows": view.windows,
        "brier": rounded(view.brier, 6),
    }


def trade_record(view: TradeView) -> Record:
    """A fill of the account of record."""
    return {
        "at": iso(view.at),
        "ticker": view.ticker,
        "outcome": view.outcome,
        "quantity": format_quantity(view.quantity),
        "price": format_price(view.price),
        "fee": format_money(view.fee),
        "is_taker": view.is_taker,
        "purpose": view.purpose,
        "kind": view.kind,
        "source": view.source,
    }
