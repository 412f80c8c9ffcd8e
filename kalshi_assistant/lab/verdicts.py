"""What settled windows of a backtest prove, by strategy, in the words a person reads.

The test is ``quant.verdict``, the fills are those of the careful assumption, as on the screen's
evidence page (decision 13). Here the past is over, so every day counts, the last one as well.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from kalshi_assistant.domain.entries import Entry
from kalshi_assistant.domain.evidence import EvidenceKept
from kalshi_assistant.execution.evidence import KINDS
from kalshi_assistant.quant.verdict import PLANNED_EDGE, Finding, gathered, judge, most_counted

Object = dict[str, object]
GainsByDay = Mapping[str, Sequence[float]]
"""Dollars per contract of each window that was bought in, in order, by New York's day."""

PLANNED: Final = f"{100 * PLANNED_EDGE:g}c"


def finding_of(gains: GainsByDay, tests: int = 1) -> Finding:
    """The verdict on one history; ``tests``: how many are judged together."""
    windows: list[int] = []
    totals: list[float] = []
    most: list[int] = []
    before: list[int] = []
    for _, day in sorted(gains.items()):
        if not day:
            continue
        limit = most_counted(before)
        counted = day[:limit]
        windows.append(len(counted))
        totals.append(sum(counted))
        most.append(limit)
        before.append(len(day))
    return judge(gathered(windows, totals, most), most_counted(before), tests=tests)


def gains_by_kind(entries: Iterable[Entry]) -> dict[str, dict[str, list[float]]]:
    """By kind of signal and day: what a contract brought in each settled window."""
    found: dict[str, dict[str, list[float]]] = {kind: {} for kind in KINDS}
    for entry in entries:
        if isinstance(entry, EvidenceKept) and entry.result is not None and entry.gain is not None:
            found[entry.kind].setdefault(entry.day, []).append(entry.gain)
    return found


def verdicts(entries: Iterable[Entry]) -> dict[str, Object]:
    """For each strategy that bought something and for those that did not: verdict, planner's
    number, sentence.
    """
    return {kind: said(finding_of(gains)) for kind, gains in gains_by_kind(entries).items()}


def said(found: Finding, tests: int = 1) -> Object:
    """A finding as JSON has it; dollars per contract."""
    return {
        "verdict": found.verdict,
        "windows": found.windows,
        "days": found.days,
        "mean": None if found.mean is None else round(found.mean, 6),
        "low": round(found.low, 6),
        "high": round(found.high, 6),
        "needed": found.needed,
        "planned_edge": PLANNED_EDGE,
        "tests": tests,
        "sentence": sentence(found, tests),
    }


def sentence(found: Finding, tests: int = 1) -> str:
    """The verdict in one sentence, of less than eighty letters."""
    among = f", one of {tests:,} tried" if tests > 1 else ""
    if found.verdict == "promising":
        earns = f"earns {_cents(found.low)} to {_cents(found.high)} a contract"
        return f"promising ({found.windows:,} windows{among}): {earns}"
    if found.verdict == "refuted":
        loses = f"loses {_cents(-found.high)} to {_cents(-found.low)} a contract"
        return f"refuted ({found.windows:,} windows{among}): {loses}"
    if not found.windows:
        return f"no evidence (nothing bought; {found.needed:,} windows for {PLANNED}{among})"
    about = f"{found.windows:,} of about {found.needed:,} windows for {PLANNED}{among}"
    if found.windows >= found.needed:
        return f"no evidence ({about}: it would have shown)"
    return f"no evidence ({about})"


def _cents(dollars: float) -> str:
    return f"{100 * dollars:.2f}c"
