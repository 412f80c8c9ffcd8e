"""What every kind of signal has brought so far, window by window, and the verdict on each kind.

What a fill is worth at the end does not hang on the fills around it: bought at ``p``, it brings
the outcome less ``p`` and its fee. So every fill belongs to a kind of signal: an entry to that of
its order, an exit to that of the last entry of its window. A window is evidence where the
*conservative* assumption bought something (with an account at a venue: where the venue did); the
others give the range.

Known limitation: a fill told after its window was paid out is not evidence any more.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, get_args

from msgspec.structs import replace

from kalshi_assistant.domain.contract import Outcome
from kalshi_assistant.domain.events import OrderFilled
from kalshi_assistant.domain.evidence import EvidenceDay, EvidenceKept, PolicyTally
from kalshi_assistant.domain.ids import Ticker
from kalshi_assistant.domain.orders import BID, Order
from kalshi_assistant.domain.signals import Signal, SignalKind
from kalshi_assistant.domain.time import Nanos
from kalshi_assistant.domain.units import (
    MONEY_SCALE,
    QUANTITY_SCALE,
    Money,
    Quantity,
    notional,
    payoff,
)
from kalshi_assistant.quant.verdict import Finding, gathered, judge, most_counted

KINDS: Final[tuple[SignalKind, ...]] = get_args(SignalKind)
COUNTS_ON_PAPER: Final = "conservative"
COUNTS_AT_A_VENUE: Final = "venue"
SETTLED_MAX: Final = 200
"""Windows remembered with a result: more than a day of them."""
OPEN_MAX: Final = 64
"""Windows remembered without a result; the oldest is given up first."""


@dataclass(slots=True)
class _Tally:
    """The fields of ``PolicyTally``."""

    bought: int = 0
    position: int = 0
    cash: int = 0

    def kept(self, policy: str) -> PolicyTally:
        return PolicyTally(policy, Quantity(self.bought), Quantity(self.position), Money(self.cash))


@dataclass(slots=True)
class _Window:
    """One kind in one window, without a result."""

    ticker: Ticker
    kind: SignalKind
    day: str
    config: str
    signals: int = 0
    claims: list[tuple[float, float]] = field(default_factory=list)
    tallies: dict[str, _Tally] = field(default_factory=dict)
    entered: int = 0
    """The number of its last entry, to tell whose an exit is."""

    def kept(self, at: Nanos) -> EvidenceKept:
        return EvidenceKept(
            at,
            self.ticker,
            self.kind,
            self.day,
            self.config,
            self.signals,
            tuple(self.claims),
            tuple(tally.kept(policy) for policy, tally in self.tallies.items()),
        )


@dataclass(slots=True)
class _Day:
    """The fields of ``EvidenceDay``."""

    signals: int = 0
    windows: int = 0
    counted: int = 0
    total: float = 0.0
    policies: dict[str, int] = field(default_factory=dict)
    scored: int = 0
    model: float = 0.0
    market: float = 0.0
    configs: dict[str, None] = field(default_factory=dict)

    def add(self, window: EvidenceKept) -> None:
        """A window with a result."""
        self.signals += window.signals
        self.configs[window.config] = None
        for tally in window.tallies:
            profit = profit_of(tally, window.result)
            self.policies[tally.policy] = self.policies.get(tally.policy, 0) + profit
        happened = 1.0 if window.result == "yes" else 0.0
        for model, market in window.claims:
            self.scored += 1
            self.model += (model - happened) ** 2
            self.market += (market - happened) ** 2
        if window.gain is not None:
            self.windows += 1
        if window.gain is not None and window.counted:
            self.counted += 1
            self.total += window.gain

    def take_back(self, window: EvidenceKept) -> None:
        """A window that was added with a result that was not the last; its settings stay named."""
        self.signals -= window.signals
        for tally in window.tallies:
            self.policies[tally.policy] -= profit_of(tally, window.result)
        happened = 1.0 if window.result == "yes" else 0.0
        for model, market in window.claims:
            self.scored -= 1
            self.model -= (model - happened) ** 2
            self.market -= (market - happened) ** 2
        if window.gain is not None:
            self.windows -= 1
        if window.gain is not None and window.counted:
            self.counted -= 1
            self.total -= window.gain

    def join(self, day: EvidenceDay) -> None:
        """A day, into the sum of all."""
        self.signals += day.signals
        self.windows += day.windows
        self.counted += day.counted
        self.total += day.total
        for policy, profit in day.policies:
            self.policies[policy] = self.policies.get(policy, 0) + profit
        self.scored += day.scored
        self.model += day.model
        self.market += day.market
        self.configs |= dict.fromkeys(day.configs)

    def kept(self, kind: SignalKind, day: str) -> EvidenceDay:
        return EvidenceDay(
            kind,
            day,
            self.signals,
            self.windows,
            self.counted,
            self.total,
            tuple((policy, Money(profit)) for policy, profit in self.policies.items()),
            self.scored,
            self.model,
            self.market,
            tuple(self.configs),
        )


def profit_of(tally: PolicyTally, result: Outcome | None) -> Money:
    """What a tally came to at the end, after fees."""
    if result != "yes":
        return tally.cash
    held = payoff(Quantity(abs(tally.position)))
    return Money(tally.cash + held if tally.position > 0 else tally.cash - held)


def days_of(windows: Iterable[EvidenceKept]) -> tuple[EvidenceDay, ...]:
    """Settled windows, in the order in which they were settled, by kind and day."""
    days: dict[tuple[SignalKind, str], _Day] = {}
    for window in windows:
        days.setdefault((window.kind, window.day), _Day()).add(window)
    return tuple(day.kept(kind, name) for (kind, name), day in days.items())


class Evidence:
    """Told of signals, fills and results; answers what has to be kept."""

    __slots__ = ("_asked", "_days", "_entries", "_findings", "_open", "_settled", "_totals")

    def __init__(self) -> None:
        self._days: dict[SignalKind, dict[str, _Day]] = {kind: {} for kind in KINDS}
        self._open: dict[tuple[Ticker, SignalKind], _Window] = {}
        self._settled: dict[tuple[Ticker, SignalKind], EvidenceKept] = {}
        """Windows with a result, the newest: it may change after all."""
        self._totals: dict[SignalKind, _Day] = {kind: _Day() for kind in KINDS}
        self._findings: dict[SignalKind, tuple[tuple[str, ...], Finding]] = {}
        """By the days they were made of: to make one takes milliseconds."""
        self._asked: dict[SignalKind, str] = {}
        """The day each was asked for last, until something changes."""
        self._entries = 0

    @classmethod
    def restore(
        cls,
        days: Iterable[EvidenceDay],
        running: Iterable[EvidenceKept],
        settled: Iterable[EvidenceKept] = (),
    ) -> "Evidence":
        """The evidence that went on as if the process had never ended; ``settled`` are windows that
        are in ``days``, whose result may change.
        """
        evidence = cls()
        for window in settled:
            evidence._remember(window)
        for each in days:
            evidence._days[each.kind][each.day] = _Day(
                each.signals,
                each.windows,
                each.counted,
                each.total,
                dict(each.policies),
                each.scored,
                each.model,
                each.market,
                dict.fromkeys(each.configs),
            )
            evidence._totals[each.kind].join(each)
        for kept in running:
            evidence._take(kept)
        return evidence

    def _take(self, kept: EvidenceKept) -> None:
        self._entries += 1
        self._open[kept.ticker, kept.kind] = _Window(
            kept.ticker,
            kept.kind,
            kept.day,
            kept.config,
            kept.signals,
            list(kept.claims),
            {each.policy: _Tally(each.bought, each.position, each.cash) for each in kept.tallies},
            self._entries,
        )

    # --- what happens ---

    def signalled(self, signal: Signal, day: str, market: float | None) -> EvidenceKept:
        """A signal fired; ``market`` is P(YES) by the market at that instant."""
        key = (signal.ticker, signal.kind)
        window = self._open.get(key)
        if window is None:
            window = self._open[key] = _Window(signal.ticker, signal.kind, day, signal.config)
            if len(self._open) > OPEN_MAX:
                del self._open[next(iter(self._open))]
        self._asked.pop(signal.kind, None)
        window.signals += 1
        if market is not None:
            window.claims.append((signal.p_yes, market))
        return window.kept(signal.made_at)

    def filled(self, fill: OrderFilled, order: Order | None) -> EvidenceKept | None:
        """A fill of ours under some assumption, told once; ``None`` without a signal behind it."""
        is_entry = order is not None and order.purpose == "entry"
        window = self._of(fill.ticker, order.kind if is_entry and order is not None else None)
        if window is None:
            return None
        tally = window.tallies.setdefault(fill.source, _Tally())
        signed = 1 if fill.side == BID else -1
        tally.position += signed * fill.quantity
        tally.cash -= signed * notional(fill.price, fill.quantity) + fill.fee
        if is_entry:
            self._entries += 1
            window.entered = self._entries
            tally.bought += fill.quantity
        return window.kept(fill.received_at)

    def _of(self, ticker: Ticker, kind: str | None) -> _Window | None:
        """The window of a kind, or the one last entered in that market."""
        found = [each for each in self._open.values() if each.ticker == ticker]
        if kind is not None:
            found = [each for each in found if each.kind == kind]
        return max(found, key=lambda each: each.entered, default=None)

    def settled(
        self, ticker: Ticker, result: Outcome, at: Nanos, *, venue: bool
    ) -> tuple[EvidenceKept, ...]:
        """A market has its result; told again, nothing happens."""
        policy = COUNTS_AT_A_VENUE if venue else COUNTS_ON_PAPER
        over = [window for window in self._open.values() if window.ticker == ticker]
        return tuple(self._settle(window, result, at, policy) for window in over)

    def _settle(self, window: _Window, result: Outcome, at: Nanos, policy: str) -> EvidenceKept:
        del self._open[window.ticker, window.kind]
        running = window.kept(at)
        gain = _gain(running, result, policy)
        day = self._days[window.kind].setdefault(window.day, _Day())
        most = self._most(window.kind, window.day)[window.day]
        kept = EvidenceKept(
            running.at,
            running.ticker,
            running.kind,
            running.day,
            running.config,
            running.signals,
            running.claims,
            running.tallies,
            result,
            gain,
            counted=gain is not None and day.counted < most,
        )
        day.add(kept)
        self._totals[window.kind].add(kept)
        self._asked.pop(window.kind, None)
        self._remember(kept)
        return kept

    def _remember(self, window: EvidenceKept) -> None:
        self._settled[window.ticker, window.kind] = window
        if len(self._settled) > SETTLED_MAX:
            del self._settled[next(iter(self._settled))]

    def correct(
        self, ticker: Ticker, result: Outcome, at: Nanos, *, venue: bool
    ) -> tuple[EvidenceKept, ...]:
        """The venue changed the result of a market: its windows count anew, by the right one."""
        policy = COUNTS_AT_A_VENUE if venue else COUNTS_ON_PAPER
        wrong = [each for each in self._settled.values() if each.ticker == ticker]
        return tuple(self._correct(each, result, at, policy) for each in wrong)

    def _correct(
        self, wrong: EvidenceKept, result: Outcome, at: Nanos, policy: str
    ) -> EvidenceKept:
        gain = _gain(wrong, result, policy)
        right = replace(wrong, at=at, result=result, gain=gain)
        for day in (self._days[wrong.kind][wrong.day], self._totals[wrong.kind]):
            day.take_back(wrong)
            day.add(right)
        self._asked.pop(wrong.kind, None)
        self._findings.pop(wrong.kind, None)
        self._remember(right)
        return right

    # --- what is asked ---

    def _most(self, kind: SignalKind, until: str) -> dict[str, int]:
        """How many windows of each day, and of ``until``, the verdict counts."""
        found: dict[str, int] = {}
        before: list[int] = []
        for name, day in sorted(self._days[kind].items()):
            found[name] = most_counted(before)
            if name < until and day.windows:
                before.append(day.windows)
        return {until: most_counted(before)} | found

    def days(self, kind: SignalKind) -> Iterator[EvidenceDay]:
        """The days of a kind, the oldest first."""
        for name, day in sorted(self._days[kind].items()):
            yield day.kept(kind, name)

    def total(self, kind: SignalKind) -> EvidenceDay:
        """All days of a kind together."""
        return self._totals[kind].kept(kind, "")

    def waiting(self, kind: SignalKind) -> int:
        """Windows without a result."""
        return sum(window.kind == kind for window in self._open.values())

    def finding(self, kind: SignalKind, today: str) -> Finding:
        """The verdict by the days that are over: it moves when one ends, never in the middle."""
        known = self._findings.get(kind)
        if known is not None and self._asked.get(kind) == today:
            return known[1]
        self._asked[kind] = today
        unsettled = {window.day for window in self._open.values() if window.kind == kind}
        over = [
            (name, day)
            for name, day in sorted(self._days[kind].items())
            if day.counted and name < today and name not in unsettled
        ]
        key = tuple(f"{name} {day.counted}" for name, day in over)
        if known is not None and known[0] == key:
            return known[1]
        most = self._most(kind, today)
        days = gathered(
            [day.counted for _, day in over],
            [day.total for _, day in over],
            [most[name] for name, _ in over],
        )
        found = judge(days, most[today])
        self._findings[kind] = (key, found)
        return found


def _gain(window: EvidenceKept, result: Outcome, policy: str) -> float | None:
    """Dollars per contract bought, by the fills that are evidence."""
    for tally in window.tallies:
        if tally.policy == policy and tally.bought:
            return profit_of(tally, result) * QUANTITY_SCALE / (tally.bought * MONEY_SCALE)
    return None
