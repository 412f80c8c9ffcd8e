"""What a sweep came to: every setting in and out of sample, what is left of the best one, and what
choosing by the past would have brought.

Money is a string in dollars, everything else a number; ``None`` where there is nothing to measure.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from kalshi_assistant.domain.units import MONEY_SCALE
from kalshi_assistant.lab import verdicts
from kalshi_assistant.lab.backtest_measures import dollars, drawdown
from kalshi_assistant.lab.sweep_folds import Blocks
from kalshi_assistant.lab.sweep_jobs import Day, Outcome, merged
from kalshi_assistant.quant import selection

Object = dict[str, object]
Floats = npt.NDArray[np.float64]

CHOSEN_BY: Final = "the highest Sharpe ratio of the days before"
BEYOND: Final = 1e6
NOT_OUT_OF_SAMPLE: Final = (
    "nothing is out of sample: with --folds 0 every setting is judged on the days it was chosen by"
)


@dataclass(frozen=True, slots=True)
class Tried:
    """One setting and its days."""

    name: str
    assigned: Mapping[str, str]
    days: Mapping[str, Day]

    @classmethod
    def of(cls, name: str, assigned: Mapping[str, str], outcomes: Sequence[Outcome]) -> "Tried":
        """From what came of its pieces."""
        return cls(name, assigned, merged(outcomes))

    def profits(self, days: Sequence[str]) -> Floats:
        """Dollars by day, 0 where nothing was traded."""
        nothing = Day()
        return np.array([self.days.get(day, nothing).pnl / MONEY_SCALE for day in days])


def result(tried: Sequence[Tried], blocks: Blocks, seed: int) -> Object:
    """The object that ``sweep --json`` prints; what it is of stands beside it."""
    judged = blocks.judged
    table = np.array([each.profits(judged) for each in tried])
    ratios = [selection.sharpe(row) for row in table]
    chances = selection.best_by_chance(table, seed)
    known = [ratio for ratio in ratios if ratio is not None]
    rows = [
        _row(each, judged, ratio, chance, len(tried))
        for each, ratio, chance in zip(tried, ratios, chances, strict=True)
    ]
    best = max(range(len(tried)), key=lambda place: (score(tried[place], judged), -place))
    return {
        "settings": rows,
        "best": {
            "name": tried[best].name,
            "assigned": dict(tried[best].assigned),
            "expected_best_sharpe_by_chance": round(selection.expected_best(known), 4),
            "deflated_sharpe": _rounded(selection.deflated_sharpe(table[best], known)),
            "by_chance": round(chances[best], 4),
        },
        "walk_forward": _walk(tried, blocks) if blocks.folds else None,
        "judged_from": judged[0] if judged else None,
        "judged_to": judged[-1] if judged else None,
        "judged_days": len(judged),
        "folds": blocks.folds,
        "embargo_days": blocks.embargo,
        "notices": [] if blocks.folds else [NOT_OUT_OF_SAMPLE],
    }


def _row(
    each: Tried, days: Sequence[str], ratio: float | None, chance: float, tests: int
) -> Object:
    known = [each.days[day] for day in days if day in each.days]
    before = [day for name, day in each.days.items() if name not in set(days)]
    found = verdicts.finding_of({day: each.days[day].gains for day in days if day in each.days},
                                tests)  # fmt: skip
    return {
        "name": each.name,
        "assigned": dict(each.assigned),
        "pnl": dollars(sum(day.pnl for day in known)),
        "pnl_careful": dollars(sum(day.careful for day in known)),
        "pnl_in_sample": dollars(sum(day.pnl for day in before)),
        "drawdown": dollars(drawdown(day.pnl for day in known)),
        "fees": dollars(sum(day.fees for day in known)),
        "signals": sum(day.signals for day in known),
        "fills": sum(day.fills for day in known),
        "sharpe_per_day": _rounded(ratio),
        "by_chance": round(chance, 4),
        "verdict": verdicts.said(found, tests),
    }


def _walk(tried: Sequence[Tried], blocks: Blocks) -> Object:
    """Each fold's choice by the days before it, and what all of them brought together."""
    folds: list[Object] = []
    gains: dict[str, Sequence[float]] = {}
    profits: list[float] = []
    total = 0
    for fold in range(1, blocks.folds + 1):
        chosen = _chosen(tried, blocks.chosen_by(fold))
        days = blocks.blocks[fold]
        known = {day: chosen.days[day] for day in days if day in chosen.days}
        earned = sum(day.pnl for day in known.values())
        gains |= {name: day.gains for name, day in known.items()}
        profits += chosen.profits(days).tolist()
        total += earned
        folds.append(
            {
                "from": days[0],
                "to": days[-1],
                "chosen": chosen.name,
                "assigned": dict(chosen.assigned),
                "pnl": dollars(earned),
                "windows": sum(len(day.gains) for day in known.values()),
            }
        )
    return {
        "chosen_by": CHOSEN_BY,
        "folds": folds,
        "pnl": dollars(total),
        "sharpe_per_day": _rounded(selection.sharpe(np.array(profits))),
        "verdict": verdicts.said(verdicts.finding_of(gains)),
    }


def _chosen(tried: Sequence[Tried], days: Sequence[str]) -> Tried:
    """The best of the days before; of equals the one that was tried first."""
    places = range(len(tried))
    best = max(places, key=lambda at: (score(tried[at], days), -at))
    return tried[best]


def score(each: Tried, days: Sequence[str]) -> float:
    """What settings are chosen by: the Sharpe ratio of these days. Where there is none (few days,
    or all alike) it is far above or below every other by the sign of the profit, and 0 for who
    never traded.
    """
    profits = each.profits(days)
    ratio, total = selection.sharpe(profits), float(profits.sum())
    if ratio is not None:
        return ratio
    return math.copysign(BEYOND, total) if total else 0.0


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
