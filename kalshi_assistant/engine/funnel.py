"""Why did nothing trade? Windows, candidates, crossings, what stopped them, and the nearest miss.

The kernel counts at every evaluation; a window's counts are added to the totals when it is
reported.
"""

from collections import Counter
from dataclasses import dataclass, field

from kalshi_assistant.domain.contract import Outcome
from kalshi_assistant.domain.signals import VETO_CODE, VETOES, Edge, NearMiss
from kalshi_assistant.domain.time import Nanos
from kalshi_assistant.domain.units import MONEY_SCALE
from kalshi_assistant.engine.snapshot import FunnelCounts, FunnelView
from kalshi_assistant.quant.layout import (
    M_CANDIDATES,
    M_CROSSINGS,
    M_LOOKS,
    M_NEAR,
    M_NEAR_AT,
    M_NEAR_SIDE,
    M_NEAR_VETO,
    M_NUMBERS,
    M_VETOES,
    Ints,
)


@dataclass(slots=True)
class Misses:
    """The crossings of one window that nothing came of."""

    reasons: Counter[str] = field(default_factory=Counter)
    nearest: NearMiss | None = None
    last: dict[Outcome, str] = field(default_factory=dict)
    """Why each side was declined last."""

    def add(self, edge: Edge, threshold: float, reason: str, now: Nanos) -> bool:
        """A crossing of ``edge`` was declined; whether for the first time with this reason."""
        is_new = reason not in self.reasons
        self.reasons[reason] += 1
        self.last[edge.outcome] = reason
        miss = NearMiss(edge.net - threshold, edge.outcome, now, reason)
        self.nearest = nearer(self.nearest, miss)
        return is_new


@dataclass(slots=True)
class Funnel:
    """The totals of the windows reported so far."""

    windows: int = 0
    looks: int = 0
    numbers: int = 0
    candidates: int = 0
    crossings: int = 0
    signals: int = 0
    orders: int = 0
    vetoes: Counter[str] = field(default_factory=Counter)
    declined: Counter[str] = field(default_factory=Counter)
    nearest: NearMiss | None = None

    def add(self, counts: FunnelCounts) -> None:
        """A window, or several."""
        self.windows += counts.windows
        self.looks += counts.looks
        self.numbers += counts.numbers
        self.candidates += counts.candidates
        self.crossings += counts.crossings
        self.signals += counts.signals
        self.orders += counts.orders
        self.vetoes.update(counts.vetoes)
        self.declined.update(counts.declined)
        self.nearest = nearer(self.nearest, counts.nearest)

    def counts(self) -> FunnelCounts:
        """The totals, frozen."""
        return FunnelCounts(
            windows=self.windows,
            looks=self.looks,
            numbers=self.numbers,
            candidates=self.candidates,
            crossings=self.crossings,
            vetoes=_by_count(self.vetoes),
            declined=_by_count(self.declined),
            signals=self.signals,
            orders=self.orders,
            nearest=self.nearest,
        )


def nearer(one: NearMiss | None, other: NearMiss | None) -> NearMiss | None:
    """The one that came nearer; the earlier of two equals."""
    if one is None or other is None:
        return other if one is None else one
    return other if other.over > one.over else one


def counts_of(array: Ints, misses: Misses, signals: int, orders: int) -> FunnelCounts:
    """The counts of one window by the kernel's array of its market."""
    return FunnelCounts(
        windows=1 if array[M_LOOKS] else 0,
        looks=int(array[M_LOOKS]),
        numbers=int(array[M_NUMBERS]),
        candidates=int(array[M_CANDIDATES]),
        crossings=int(array[M_CROSSINGS]),
        vetoes=veto_counts(array),
        declined=_by_count(misses.reasons),
        signals=signals,
        orders=orders,
        nearest=nearest_miss(array, misses),
    )


def nearest_miss(array: Ints, misses: Misses) -> NearMiss | None:
    """The evaluation of a window that came nearest to a signal; ``None`` where none had an edge."""
    if array[M_NEAR_AT] == 0:
        return misses.nearest
    outcome: Outcome = "no" if array[M_NEAR_SIDE] else "yes"
    code = int(array[M_NEAR_VETO])
    because: str = VETOES[code - 1]
    if code == VETO_CODE["not_fallen_back"]:
        because = misses.last.get(outcome, because)
    over = int(array[M_NEAR]) / MONEY_SCALE
    return nearer(misses.nearest, NearMiss(over, outcome, Nanos(int(array[M_NEAR_AT])), because))


def veto_counts(array: Ints) -> dict[str, int]:
    """How often each veto was the reason, the commonest first."""
    counts = array[M_VETOES : M_VETOES + len(VETOES) + 1].tolist()
    return _by_count({VETOES[code - 1]: n for code, n in enumerate(counts) if code and n})


def funnel_view(
    total: Funnel, running: list[FunnelCounts], window: FunnelCounts | None
) -> FunnelView:
    """For readers: the window in focus, and all windows, those not yet reported among them."""
    everything = Funnel()
    for counts in (total.counts(), *running):
        everything.add(counts)
    return FunnelView(window=window, total=everything.counts())


def _by_count(counts: "Counter[str] | dict[str, int]") -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda pair: -pair[1]))
