"""Snapshots in, candidates out: what each rule finds worth telling.

A rule about a state (a spread, a stale feed) tells when the state begins, and again only after it
has ended; what is not known ends nothing. A rule about events (fills, signals) tells those that are
new since the snapshot before. The first snapshot is where it begins: states that hold are told,
events in it are history.

Pure, and deaf to nonsense: whatever a snapshot holds, nothing is raised.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Final, Protocol, TypeVar

from kalshi_assistant.alerts.grammar import (
    BreakerRule,
    Condition,
    CrossRule,
    EngineRule,
    FeedRule,
    FillRule,
    LogRule,
    LossRule,
    MoveRule,
    Rule,
    SignalRule,
    SpreadRule,
    WindowRule,
)
from kalshi_assistant.alerts.message import TEXT_MAX, TITLE_MAX, Candidate, cut
from kalshi_assistant.domain.intents import WindowReport
from kalshi_assistant.domain.signals import Signal
from kalshi_assistant.domain.time import SECOND, Nanos
from kalshi_assistant.domain.units import (
    INDEX_SCALE,
    MONEY_SCALE,
    PRICE_SCALE,
    format_cents,
    format_index,
    format_money,
    format_price,
    format_quantity,
)
from kalshi_assistant.engine.snapshot import FeedView, IndexView, LogLine, MarketView, Snapshot

STEADY: Final = frozenset(
    ("kalshi.socket", "kalshi.book", "kalshi.index", "kalshi.poll", "cf.index", "replica")
)
"""Feeds that are never quiet for long while they are well; others go stale only by name."""

Found = tuple[str, str, str]
"""Key, title, text."""
Item = TypeVar("Item", Signal, LogLine)


class Watcher(Protocol):
    """What one rule remembers."""

    def see(self, now: Snapshot, before: Snapshot | None, /) -> Iterator[Found]:
        """What is worth telling of ``now``, which came after ``before``."""
        ...


def newer(now: Sequence[Item], before: Sequence[Item]) -> list[Item]:
    """Items of ``now`` (newest first) that were not yet in ``before``, oldest first."""
    if not before:
        return list(reversed(now))
    newest, fresh = before[0], []
    for item in now:
        if item == newest:
            break
        fresh.append(item)
    return fresh[::-1]


def overran(now: Snapshot, before: Snapshot | None) -> bool:
    """Whether more lines came between two snapshots than one holds: some were never seen."""
    return bool(before is not None and before.log and now.log and before.log[0] not in now.log)


class _Edges:
    """Which of some states hold; a state that has begun is told once."""

    def __init__(self) -> None:
        self._held: set[str] = set()

    def begins(self, key: str, holds: bool | None) -> bool:
        """Whether ``key`` begins to hold; ``None``: not known, so nothing changes."""
        if holds is None:
            return False
        if holds:
            begun = key not in self._held
            self._held.add(key)
            return begun
        self._held.discard(key)
        return False

    def keep(self, keys: set[str]) -> None:
        """Forget states of things that are no more."""
        self._held &= keys


class _Signals:
    def __init__(self, rule: SignalRule) -> None:
        self._rule = rule

    def see(self, now: Snapshot, before: Snapshot | None) -> Iterator[Found]:
        if before is None:
            return
        for signal in newer(now.signals, before.signals):
            if self._wanted(signal):
                outcome, edge = signal.edge.outcome.upper(), signal.edge
                yield (
                    f"{signal.ticker} {signal.kind} {outcome}",
                    f"Signal: {outcome} {signal.kind}, edge {edge.net * 100:.1f}c",
                    _signal_words(signal),
                )

    def _wanted(self, signal: Signal) -> bool:
        rule = self._rule
        return (rule.kind is None or signal.kind == rule.kind) and (
            rule.edge is None or signal.edge.net > rule.edge
        )


def _signal_words(signal: Signal) -> str:
    edge = signal.edge
    return (
        f"{signal.ticker}: buy {format_quantity(edge.quantity)} {edge.outcome.upper()} up to "
        f"{format_cents(edge.worst_price)}c, P(YES) {signal.p_yes:.3f}, "
        f"{signal.seconds_left:.0f} s left, index {signal.index}"
    )


class _Crossing:
    def __init__(self, rule: CrossRule) -> None:
        self._rule = rule
        self._ticker = ""
        self._was: float | None = None

    def see(self, now: Snapshot, _: Snapshot | None) -> Iterator[Found]:
        market = now.market
        p = None if market is None else market.number.p_yes
        if market is None or p is None or math.isnan(p):
            return
        was, self._was = self._was if market.ticker == self._ticker else None, p
        self._ticker = market.ticker
        level, only = self._rule.level, self._rule.direction
        if was is None or (was < level) == (p < level):
            return
        direction = "below" if p < level else "above"
        if only in (None, direction):
            left = f"{(market.close_time - now.at) / SECOND:.0f} s left"
            text = f"{market.ticker}: P(YES) {was:.3f} -> {p:.3f}, market {_mid(market)}, {left}"
            yield f"{market.ticker} {direction}", f"P(YES) crossed {direction} {level:g}", text


def _mid(market: MarketView) -> str:
    return "unknown" if market.market_mid is None else f"{market.market_mid:.3f}"


class _Moves:
    def __init__(self, rule: MoveRule) -> None:
        self._rule = rule
        self._edges = _Edges()

    def see(self, now: Snapshot, _: Snapshot | None) -> Iterator[Found]:
        index = now.index
        recent = [cents for cents in self._tail(index) if cents > 0]
        if index.value is None or not recent or index.value <= 0:
            return
        far = max(recent, key=lambda cents: abs(index.value - cents) if index.value else 0)
        moved = index.value - far
        size = abs(moved) / far * 1e4 if self._rule.unit == "bp" else abs(moved) / INDEX_SCALE
        if self._edges.begins("", size >= self._rule.amount):
            by = f"{moved / far * 1e4:+.1f} bp (${moved / INDEX_SCALE:+,.2f})"
            said = f"{index.label} {format_index(far)} -> {format_index(index.value)}"
            estimated = ", an estimate" if index.estimated else ""
            yield "", f"Index moved {by}", f"{said} within {self._rule.seconds} s{estimated}"

    def _tail(self, index: IndexView) -> tuple[int, ...]:
        """The prints of the rule's seconds before the newest value."""
        if index.value_at is None:
            return index.tail[-self._rule.seconds :]
        first = index.value_at // SECOND - self._rule.seconds - index.first_second
        return index.tail[max(0, first) :]


class _Spreads:
    def __init__(self, rule: SpreadRule) -> None:
        self._rule = rule
        self._edges = _Edges()

    def see(self, now: Snapshot, _: Snapshot | None) -> Iterator[Found]:
        market = now.market
        if market is None or not (market.book.known and market.book.bids and market.book.asks):
            return
        self._edges.keep({market.ticker})
        bid, ask = market.book.bids[0][0], market.book.asks[0][0]
        wide = (ask - bid) / PRICE_SCALE > self._rule.above + 1e-9
        if self._edges.begins(market.ticker, wide):
            yield (
                market.ticker,
                f"Spread {(ask - bid) / PRICE_SCALE * 100:.1f}c",
                f"{market.ticker}: bid {format_price(bid)}, ask {format_price(ask)}",
            )


class _Feeds:
    def __init__(self, rule: FeedRule) -> None:
        self._rule = rule
        self._edges = _Edges()

    def see(self, now: Snapshot, _: Snapshot | None) -> Iterator[Found]:
        for feed in now.feeds:
            if not self._concerns(feed):
                continue
            if self._edges.begins(feed.name, self._bad(feed, now.at)):
                said = "down" if self._rule.seconds is None else "stale"
                yield feed.name, f"Feed {feed.name} is {said}", self._words(feed, now.at)
        self._edges.keep({feed.name for feed in now.feeds})

    def _concerns(self, feed: FeedView) -> bool:
        if self._rule.name is not None:
            return feed.name == self._rule.name
        return self._rule.seconds is None or feed.name in STEADY

    def _bad(self, feed: FeedView, at: int) -> bool | None:
        if self._rule.seconds is None:
            return feed.state == "down"
        if feed.last_event_at is None:
            return None
        return at - feed.last_event_at > self._rule.seconds * SECOND

    @staticmethod
    def _words(feed: FeedView, at: int) -> str:
        last = feed.last_event_at
        age = "nothing was heard of it" if last is None else f"last heard of {_age(at, last)}"
        return f"{feed.name} is {feed.state}, {age}{f': {feed.reason}' if feed.reason else ''}"


def _age(at: int, then: int) -> str:
    return f"{(at - then) / SECOND:.1f} s ago"


class _Breakers:
    def __init__(self, rule: BreakerRule) -> None:
        self._rule = rule
        self._edges = _Edges()

    def see(self, now: Snapshot, _: Snapshot | None) -> Iterator[Found]:
        shown = () if now.trading is None else now.trading.breakers
        for view in shown:
            if self._rule.name is not None and view.name != self._rule.name:
                continue
            if self._edges.begins(view.name, view.state == "open"):
                why = f": {view.reason}" if view.reason else ""
                yield view.name, f"Breaker {view.name} is open", f"{view.stops}{why}"
        self._edges.keep({view.name for view in shown})


class _Fills:
    def see(self, now: Snapshot, before: Snapshot | None) -> Iterator[Found]:
        if before is None:
            return
        for told in newer(now.log, before.log):
            if told.level == "fill" and told.topic == "fill":
                yield f"{told.at} {told.text}", "Fill", f"{told.text} [{now.mode}]"


class _Windows:
    def __init__(self, rule: WindowRule) -> None:
        self._rule = rule
        self._told: set[str] = set()

    def see(self, now: Snapshot, before: Snapshot | None) -> Iterator[Found]:
        for report in reversed(now.windows):
            if report.ticker in self._told or not self._wanted(report):
                continue
            self._told.add(report.ticker)
            if before is not None:
                result = "no result" if report.result is None else report.result.upper()
                yield report.ticker, f"Window settled {result}", _window_words(report)
        self._told &= {report.ticker for report in now.windows}

    def _wanted(self, report: WindowReport) -> bool:
        match self._rule.which:
            case "result":
                return report.result is not None
            case "differs":
                return report.agrees is False
            case which:
                return report.result == which


def _window_words(report: WindowReport) -> str:
    said = ["?" if each is None else format_index(each)
            for each in (report.settlement, report.our_settlement, report.strike)]  # fmt: skip
    differs = " - THEY DIFFER" if report.agrees is False else ""
    return (
        f"{report.ticker}: settled {said[0]}, ours {said[1]}{differs}, strike {said[2]}, "
        f"{report.prints} prints, {report.signals} signals, "
        f"profit ${format_money(report.paper_pnl)}"
    )


class _Losses:
    def __init__(self, rule: LossRule) -> None:
        self._rule = rule
        self._edges = _Edges()

    def see(self, now: Snapshot, _: Snapshot | None) -> Iterator[Found]:
        trading = now.trading
        if trading is None:
            return
        if self._edges.begins("", -trading.day_pnl / MONEY_SCALE > self._rule.above):
            text = (
                f"today {format_money(trading.day_pnl)}, equity {format_money(trading.equity)}, "
                f"at most {format_money(trading.worst)} more can be lost"
            )
            yield "", f"Today's loss is above ${self._rule.above:g}", text


class _Lines:
    def __init__(self, rule: LogRule) -> None:
        self._levels = ("error",) if rule.level == "error" else ("warning", "error")

    def see(self, now: Snapshot, before: Snapshot | None) -> Iterator[Found]:
        if before is None:
            return
        for told in newer(now.log, before.log):
            # what is said of the alerts themselves must not feed them
            if told.level in self._levels and told.topic != "alerts":
                yield f"{told.topic} {told.text}", f"{told.level} {told.topic}", told.text


class _Nothing:
    def see(self, _: Snapshot, __: Snapshot | None) -> Iterator[Found]:
        return iter(())


def _watcher(condition: Condition) -> Watcher:  # noqa: C901, PLR0911 - one line a kind
    match condition:
        case SignalRule():
            return _Signals(condition)
        case CrossRule():
            return _Crossing(condition)
        case MoveRule():
            return _Moves(condition)
        case SpreadRule():
            return _Spreads(condition)
        case FeedRule():
            return _Feeds(condition)
        case BreakerRule():
            return _Breakers(condition)
        case FillRule():
            return _Fills()
        case WindowRule():
            return _Windows(condition)
        case LossRule():
            return _Losses(condition)
        case LogRule():
            return _Lines(condition)
        case EngineRule():
            return _Nothing()  # no snapshot tells of it: see ``gone``


class Watching:
    """All rules over the snapshots of one engine."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = tuple(rules)
        self._watchers = [_watcher(rule.condition) for rule in rules]
        self._before: Snapshot | None = None
        self.overruns = 0
        """How often more came between two snapshots than one shows: something was not seen."""

    def see(self, now: Snapshot) -> list[Candidate]:
        """What the rules find in the next snapshot, rule by rule."""
        before, self._before = self._before, now
        self.overruns += overran(now, before)
        return [
            self._candidate(number, now.at, found)
            for number, watcher in enumerate(self._watchers)
            for found in watcher.see(now, before)
        ]

    def begin_anew(self) -> None:
        """The next snapshot is the first of another engine."""
        self._watchers = [_watcher(rule.condition) for rule in self._rules]
        self._before = None

    def gone(self, reason: str) -> list[Candidate]:
        """The engine went away, and why, as far as is known."""
        at = Nanos(0) if self._before is None else self._before.at
        held = "" if self._before is None else _held(self._before)
        return [
            self._candidate(number, at, ("", "The engine is gone", f"{reason}{held}"))
            for number, rule in enumerate(self._rules)
            if isinstance(rule.condition, EngineRule)
        ]

    @staticmethod
    def _candidate(number: int, at: Nanos, found: Found) -> Candidate:
        key, title, text = found
        return Candidate(number, key, at, cut(title, TITLE_MAX), cut(text, TEXT_MAX))


def _held(last: Snapshot) -> str:
    """What stood at the market when it was last seen."""
    orders = 0 if last.trading is None else len(last.trading.orders)
    position = last.market is not None and last.market.position
    if not (orders or position) or last.market is None:
        return ""
    held = format_quantity(last.market.position)
    return f"; when last seen it held {held} of {last.market.ticker} and {orders} orders rested"
