"""What a backtest came to, as plain objects: the same for people, JSON, CSV and the report.

Money is a string in dollars, times are ISO 8601, shares and probabilities numbers; ``None`` where
there is nothing to measure. Three assumptions about the queue stand side by side; the split of the
profit, mark-outs and delays are those of the account of record (realistic).
"""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import accumulate
from statistics import fmean, median, stdev
from typing import Final

from kalshi_assistant.domain.entries import FillKept, PolicyFillKept, SettlementKept
from kalshi_assistant.domain.intents import WindowReport
from kalshi_assistant.domain.time import MILLISECOND, Nanos, format_iso
from kalshi_assistant.domain.units import Money, format_money
from kalshi_assistant.lab.evaluation import JUDGED, scored_bin
from kalshi_assistant.lab.markouts import AFTER, MarkOut
from kalshi_assistant.market.calendar import day_of
from kalshi_assistant.quant import scores
from kalshi_assistant.runtime.backtest import Record
from kalshi_assistant.sim.queueing import POLICIES

RECORD: Final = "realistic"
"""The assumption the account of record is kept under."""
SECONDS_LEFT: Final = (900, 600, 300, 120, 60, 0)
"""Edges of the classes by time to close."""
MICRO: Final = 1_000_000

Object = dict[str, object]


def measured(record: Record, marks: Sequence[MarkOut], cash: Money) -> Object:
    """Everything about one life that began with ``cash``."""
    settled = [entry for entry in record.entries if isinstance(entry, SettlementKept)]
    fills = [entry for entry in record.entries if isinstance(entry, FillKept)]
    return {
        "policies": {policy: _policy(policy, record, cash) for policy in POLICIES},
        "split": _split(settled),
        "signals": dict(Counter(signal.kind for signal in record.signals)),
        "orders": len(record.orders),
        "fill_rate": _fill_rate(record, fills),
        "order_to_fill_ms": _delays(record, fills),
        "markouts_cents": _markouts(marks),
        "by_hour": _by(settled, lambda each: f"{format_iso(each.at)[11:13]}:00"),
        "by_seconds_left": _by_seconds_left(record, settled, fills),
        "vetoes": dict(_vetoes(record.windows)),
    }


def dollars(amount: int) -> str:
    """Micro-dollars as a string."""
    return format_money(Money(amount))


# --- profit under each assumption ---


def _policy(policy: str, record: Record, cash: Money) -> Object:
    """One assumption's account, over settled windows in which it held something."""
    profits = profits_of(record, policy)
    won = [pnl for _, pnl in profits if pnl > 0]
    lost = [pnl for _, pnl in profits if pnl < 0]
    total = sum(pnl for _, pnl in profits)
    fills = _fills(record, policy)
    days = by_day(profits)
    return {
        "pnl": dollars(total),
        "return": round(total / cash, 6),
        "windows": len(profits),
        "per_window": dollars(round(total / len(profits))) if profits else None,
        "hit_rate": round(len(won) / len(profits), 4) if profits else None,
        "profit_factor": round(sum(won) / -sum(lost), 4) if lost else None,
        "drawdown": dollars(drawdown(pnl for _, pnl in profits)),
        "sharpe_per_window": _sharpe([pnl for _, pnl in profits]),
        "sharpe_per_day": _sharpe(list(days.values())),
        "days": {day: dollars(pnl) for day, pnl in days.items()},
        "fills": len(fills),
        "contracts": sum(each.quantity for each in fills) / 100,
        "fees": dollars(sum(each.fee for each in fills)),
    }


def _fills(record: Record, policy: str) -> "Sequence[FillKept | PolicyFillKept]":
    if policy == RECORD:
        return [each for each in record.entries if isinstance(each, FillKept)]
    others = (each for each in record.entries if isinstance(each, PolicyFillKept))
    return [each for each in others if each.policy == policy]


def profits_of(record: Record, policy: str) -> list[tuple[Nanos, int]]:
    """(settled at, micro-dollars) of every window in which this assumption was filled."""
    traded = {each.ticker for each in _fills(record, policy)}
    return [
        (each.at, each.pnl if policy == RECORD else dict(each.policies).get(policy, Money(0)))
        for each in record.entries
        if isinstance(each, SettlementKept) and each.ticker in traded
    ]


def by_day(profits: Iterable[tuple[Nanos, int]]) -> dict[str, int]:
    """Micro-dollars by New York's day."""
    days: defaultdict[str, int] = defaultdict(int)
    for at, pnl in profits:
        days[day_of(at).isoformat()] += pnl
    return dict(days)


def drawdown(profits: Iterable[int]) -> int:
    """The deepest fall of the running sum below its peak so far, micro-dollars, at least 0."""
    total = peak = deepest = 0
    for pnl in profits:
        total += pnl
        peak = max(peak, total)
        deepest = max(deepest, peak - total)
    return deepest


def _sharpe(values: Sequence[int]) -> float | None:
    """Mean over deviation, of one period each; not annualised, for a year of this is not known."""
    if len(values) < 2:
        return None
    deviation = stdev(values)
    return None if deviation == 0 else round(fmean(values) / deviation, 4)


def equity(record: Record, policy: str) -> list[tuple[Nanos, int]]:
    """Running profit after each such window, micro-dollars."""
    profits = profits_of(record, policy)
    totals = accumulate(pnl for _, pnl in profits)
    return [(at, total) for (at, _), total in zip(profits, totals, strict=True)]


# --- where it came from ---


def _split(settled: Sequence[SettlementKept]) -> Object:
    """``pnl = edge + slippage + drift - fees``, to the micro-dollar."""
    names = ("edge", "slippage", "drift", "fees", "pnl")
    return {name: dollars(sum(getattr(each, name) for each in settled)) for name in names}


def _by(settled: Sequence[SettlementKept], label: Callable[[SettlementKept], str]) -> Object:
    sums: defaultdict[str, int] = defaultdict(int)
    for each in settled:
        sums[label(each)] += each.pnl
    return {key: dollars(sums[key]) for key in sorted(sums)}


def _by_seconds_left(
    record: Record, settled: Sequence[SettlementKept], fills: Sequence[FillKept]
) -> Object:
    """Profit of windows by the time left when they were entered first."""
    closes = {each.ticker: each.close_time for each in record.windows}
    entered: dict[str, Nanos] = {}
    for fill in fills:
        entered.setdefault(fill.ticker, fill.at)
    sums: defaultdict[str, int] = defaultdict(int)
    for each in settled:
        if each.ticker in closes and each.ticker in entered:
            left = (closes[each.ticker] - entered[each.ticker]) / 1e9
            sums[_class_of(left)] += each.pnl
    names = [_class_of(edge) for edge in SECONDS_LEFT]
    return {name: dollars(sums[name]) for name in dict.fromkeys(names) if name in sums}


def _class_of(seconds: float) -> str:
    low = next((edge for edge in SECONDS_LEFT if seconds >= edge), 0)
    higher = [edge for edge in SECONDS_LEFT if edge > low]
    return f"{low} s or more" if not higher else f"{low} to {min(higher)} s"


# --- how orders fared ---


def _fill_rate(record: Record, fills: Sequence[FillKept]) -> float | None:
    ordered = sum(order.quantity for order in record.orders)
    return round(sum(fill.quantity for fill in fills) / ordered, 4) if ordered else None


def _delays(record: Record, fills: Sequence[FillKept]) -> Object | None:
    made = {order.id: order.made_at for order in record.orders}
    delays = sorted(
        (fill.at - made[fill.client_order_id]) / MILLISECOND
        for fill in fills
        if fill.client_order_id in made
    )
    if not delays:
        return None
    return {
        "count": len(delays),
        "median": round(median(delays), 3),
        "p95": round(delays[min(len(delays) - 1, math.ceil(0.95 * len(delays)) - 1)], 3),
    }


def _markouts(marks: Sequence[MarkOut]) -> Object:
    """Mean by seconds after the fill, weighed by contracts, with how many fills it is over."""
    said: Object = {}
    for seconds in AFTER:
        known = [
            (gain, mark.fill.quantity)
            for mark in marks
            if (gain := mark.gained[seconds]) is not None
        ]
        weight = sum(quantity for _, quantity in known)
        mean = sum(gain * quantity for gain, quantity in known) / weight if weight else None
        said[str(seconds)] = {
            "cents": None if mean is None else round(100 * mean, 4),
            "fills": len(known),
        }
    return said


def _vetoes(windows: Sequence[WindowReport]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for window in windows:
        counts.update(window.vetoes)
    return counts


# --- the forecasts behind it ---


def forecasts(windows: Sequence[WindowReport]) -> Object:
    """Brier score and log loss of model, market and blend, where all three and a result are
    known, by seconds left.
    """
    said: Object = {}
    horizons = dict.fromkeys(key for each in windows for key in each.p_yes)
    for horizon in horizons:
        rows = [
            (each.p_yes[horizon], each.p_market[horizon], each.p_blend[horizon], each.result)
            for each in windows
            if each.result is not None
            and all(horizon in told for told in (each.p_yes, each.p_market, each.p_blend))
        ]
        if rows:
            said[horizon] = {"n": len(rows), **_scored(rows)}
    return said


def _scored(rows: Sequence[tuple[float, float, float, str]]) -> Mapping[str, object]:
    happened = [float(result == "yes") for *_, result in rows]
    said: Object = {}
    for place, name in enumerate(("model", "market", "blend")):
        claims = [float(row[place]) for row in rows]
        said[name] = {
            "brier": round(scores.brier(claims, happened), 6),
            "log_loss": round(scores.log_loss(claims, happened), 6),
        }
    return said


def calibration(record: Record) -> Object:
    """Claims of the model from ten minutes to one before the close against what happened."""
    results = {each.ticker: each.result for each in record.windows if each.result is not None}
    rows = [
        (each.p_model, float(results[each.ticker] == "yes"))
        for each in record.forecasts
        if each.p_model is not None and each.ticker in results and each.seconds_left in JUDGED
    ]
    if not rows:
        return {"n": 0, "bins": []}
    claims, happened = zip(*rows, strict=True)
    return {
        "n": len(rows),
        "bins": [scored_bin(each) for each in scores.reliability(claims, happened)],
    }
