"""An account's period: profit by day, what each kind of signal has brought, and how good the
numbers were that it traded on. Days are New York's, as the account's and the verdict's are.

The verdict looks at all days up to the last of the period, not at the period alone: who chose a
period after seeing it could choose a verdict.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

from kalshi_assistant.domain.entries import SettlementKept
from kalshi_assistant.domain.evidence import EvidenceKept
from kalshi_assistant.domain.signals import SignalKind
from kalshi_assistant.domain.units import Money, format_money
from kalshi_assistant.execution.evidence import KINDS, Evidence, days_of, profit_of
from kalshi_assistant.market.calendar import day_of
from kalshi_assistant.quant import scores
from kalshi_assistant.quant.verdict import PLANNED_EDGE, Finding

Object = dict[str, object]
WORST: Final = 5
"""Windows that are named."""


@dataclass(frozen=True, slots=True)
class Period:
    """Days of New York, both included; ``None``: from the first, or up to the last."""

    first: date | None = None
    last: date | None = None

    def holds(self, day: date) -> bool:
        """Whether a day is of it."""
        after = self.first is None or self.first <= day
        return after and (self.last is None or day <= self.last)


@dataclass(slots=True)
class Sum:
    """Markets paid out, added up."""

    markets: int = 0
    won: int = 0
    parts: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("pnl", "edge", "slippage", "drift", "fees"), 0)
    )
    policies: dict[str, int] = field(default_factory=dict)

    def add(self, end: SettlementKept) -> None:
        """Take a market in."""
        self.markets += 1
        self.won += end.pnl > 0
        for name in self.parts:
            self.parts[name] += getattr(end, name)
        for name, pnl in end.policies:
            self.policies[name] = self.policies.get(name, 0) + pnl

    def fields(self) -> Object:
        """As an object of output."""
        bounds = (min, max) if self.policies else ()
        return {
            "markets": self.markets,
            "won": self.won,
            **{name: format_money(money) for name, money in self.parts.items()},
            "policies": {name: format_money(money) for name, money in self.policies.items()},
            "range": [format_money(of(self.policies.values())) for of in bounds] or None,
        }


def report(
    ends: Iterable[SettlementKept], evidence: Sequence[EvidenceKept], period: Period, today: date
) -> Object:
    """Everything of a period, as the object of ``report --json``."""
    total, days = Sum(), dict[str, Sum]()
    inside: list[SettlementKept] = []
    for end in ends:
        day = day_of(end.at)
        if period.holds(day):
            inside.append(end)
            total.add(end)
            days.setdefault(day.isoformat(), Sum()).add(end)
    names = sorted(days)
    return {
        "from": str(period.first or (names[0] if names else "")) or None,
        "to": str(period.last or (names[-1] if names else "")) or None,
        "total": total.fields(),
        "days": [{"day": name, **days[name].fields()} for name in names],
        "strategies": _strategies(evidence, period, today),
        "calibration": _calibration(evidence, period),
        "worst": [
            {"ticker": end.ticker, "pnl": format_money(end.pnl), "result": end.result}
            for end in sorted(inside, key=lambda end: (end.pnl, end.at))[:WORST]
            if end.pnl < 0
        ],
    }


# --- strategies ----------------------------------------------------------------------------------


def _strategies(evidence: Sequence[EvidenceKept], period: Period, today: date) -> list[Object]:
    """Each kind of signal: what it brought in the period, and the verdict as of its end."""
    until = today if period.last is None else min(today, period.last + timedelta(1))
    known = [each for each in evidence if each.day < until.isoformat()]
    settled = [each for each in known if each.result is not None]
    whole = Evidence.restore(days_of(settled), [each for each in known if each.result is None])
    mine = [each for each in evidence if period.holds(date.fromisoformat(each.day))]
    return [
        _strategy(kind, whole.finding(kind, until.isoformat()), [e for e in mine if e.kind == kind])
        for kind in KINDS
    ]


def _strategy(kind: SignalKind, found: Finding, mine: Sequence[EvidenceKept]) -> Object:
    profits: dict[str, int] = {}
    over = [each for each in mine if each.result is not None]
    for window in over:
        for tally in window.tallies:
            profit = profit_of(tally, window.result)
            profits[tally.policy] = profits.get(tally.policy, 0) + profit
    return {
        "kind": kind,
        "signals": sum(each.signals for each in over),
        "windows": sum(each.gain is not None for each in over),
        "waiting": len(mine) - len(over),
        "profit": {name: format_money(Money(money)) for name, money in sorted(profits.items())},
        "verdict": found.verdict,
        "sentence": sentence(found),
        "counted": found.windows,
        "counted_days": found.days,
        "mean": found.mean,
        "low": found.low,
        "high": found.high,
        "needed": found.needed,
    }


def sentence(found: Finding) -> str:
    """The verdict in the words a person reads."""
    counted = f"{found.windows:,} windows on {found.days:,} days"
    between = f"{100 * found.low:+.1f}c and {100 * found.high:+.1f}c a contract"
    if found.verdict == "promising":
        return f"promising: by {counted} it earns between {between}, with 95 %"
    if found.verdict == "refuted":
        return f"refuted: by {counted} it brings between {between}, with 95 %"
    about = f"about {found.needed:,} windows"
    if found.windows >= found.needed:
        edge = f"{100 * PLANNED_EDGE:g}c"
        return f"no evidence: {counted}; an edge of {edge} would most likely have shown in {about}"
    return (
        f"no evidence: {counted}; a verdict takes {about} where the edge is {100 * PLANNED_EDGE:g}c"
    )


# --- the numbers it traded on --------------------------------------------------------------------


def _calibration(evidence: Sequence[EvidenceKept], period: Period) -> Object:
    """Claims at the signals against what happened; errors by day, whose windows hang together."""
    rows = [
        (model, market, float(each.result == "yes"), each.day)
        for each in evidence
        if each.result is not None and period.holds(date.fromisoformat(each.day))
        for model, market in each.claims
    ]
    if not rows:
        return {"n": 0, "bins": []}
    models, markets, happened, days = zip(*rows, strict=True)
    gains = scores.brier_of(markets, happened) - scores.brier_of(models, happened)
    gain, error = scores.clustered_mean(gains, days)
    return {
        "n": len(rows),
        "days": len(set(days)),
        "brier_model": scores.brier(models, happened),
        "brier_market": scores.brier(markets, happened),
        "gain": gain,
        "se": error,
        "bins": [_bin(each) for each in scores.reliability(models, happened)],
    }


def _bin(each: scores.Bin) -> Object:
    return {
        "low": each.low,
        "high": each.high,
        "n": each.n,
        "claimed": round(each.claimed, 4),
        "happened": round(each.happened, 4),
        "band": list(each.band),
    }
