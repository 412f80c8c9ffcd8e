"""A run beside the backtest of its journal: every signal and every fill, and why they differ.

The backtest has the run's own settings, its facts, its timers and the latency of each of its
orders. What is left to differ is who stood before us at the venue, and whatever follows from that.
Signals have to be the same: they hang on nothing else.

Known limitation: an account that differs by an earlier fill can size a later signal differently;
that is told as a difference of the signal, for it is one.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path
from typing import Final, Literal

from kalshi_assistant.domain.contract import Outcome
from kalshi_assistant.domain.entries import FillKept
from kalshi_assistant.domain.ids import ClientOrderId, Ticker
from kalshi_assistant.domain.orders import BID, Order
from kalshi_assistant.domain.signals import Signal
from kalshi_assistant.domain.time import MILLISECOND, Nanos, format_iso
from kalshi_assistant.domain.units import format_cents, format_quantity
from kalshi_assistant.engine.settings import EngineSettings, from_json
from kalshi_assistant.journal.codec import EVENTS
from kalshi_assistant.journal.reader import JournalReader, read_header
from kalshi_assistant.journal.tape import Stretch, parts
from kalshi_assistant.lab.backtest_input import Material
from kalshi_assistant.lab.backtesting import recorded
from kalshi_assistant.lab.told import Told
from kalshi_assistant.runtime.backtest import Backtest

Subject = Literal["signal", "order", "fill"]
NOT_THERE: Final = "-"


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened in the run, in its backtest, or in both."""

    what: Subject
    name: str
    """Of a signal the market, of the others the order."""
    run: str
    backtest: str
    """What it was, in words; a dash where it did not happen."""
    reason: str | None
    """Why they differ; ``None`` where they do not."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Every line, in order."""

    lines: tuple[Line, ...]

    @property
    def signals_agree(self) -> bool:
        """Whether every signal is in both, and the same."""
        return all(each.reason is None for each in self.lines if each.what == "signal")

    def count(self, what: Subject, *, same: bool) -> int:
        """How many lines of a kind do or do not agree."""
        return sum(each.what == what and (each.reason is None) == same for each in self.lines)


def settings_of_run(parts_of_run: Sequence[Path], run: Told) -> EngineSettings:
    """Those the run began with; of one at a venue the account on paper charges fees as finely as
    the venue's did. Raises OperatorError.
    """
    settings = from_json(read_header(parts_of_run[0]).run.settings)
    if settings.mode != "live":
        return settings
    return replace(settings, paper=replace(settings.paper, account=run.account))


def told_by_run(parts_of_run: Sequence[Path]) -> Told:
    """What the journal of a run says. Raises OperatorError where it cannot be read."""
    told = Told()
    for record in JournalReader(EVENTS, parts_of_run):
        told.take(record.event, record.intents)
    return told


def told_by_backtest(material: Material, settings: EngineSettings, seed: int) -> Told:
    """Live through the run's facts, at the latency of its own orders."""
    told = Told()
    led = material.led
    life = Backtest(settings, recorded(material), seed, led=led, timed=led, watch=told.take)
    for part in parts(material.events):
        if isinstance(part, Stretch):
            row = part.first
            while row < part.last:
                row = life.see_rows(part.deltas, row, part.last, Nanos(2**62))
        else:
            life.see(part)
    return told


def compare(run: Told, back: Told) -> Comparison:
    """Both, line by line."""
    lines = [*_signals(run, back)]
    for name in dict.fromkeys((*run.orders, *back.orders)):
        lines += _order(name, run, back)
    return Comparison(tuple(lines))


# --- signals ---


def _signals(run: Told, back: Told) -> Iterator[Line]:
    """Paired by market, outcome and how many there were of both before."""
    ours, theirs = _numbered(run.signals), _numbered(back.signals)
    keys = sorted({*ours, *theirs}, key=lambda key: min(_at(ours.get(key)), _at(theirs.get(key))))
    for key in keys:
        one, other = ours.get(key), theirs.get(key)
        yield Line("signal", key[0], _signal(one), _signal(other), _why_signals(one, other))


def _numbered(signals: Sequence[Signal]) -> dict[tuple[Ticker, Outcome, int], Signal]:
    seen: Counter[tuple[Ticker, Outcome]] = Counter()
    found = {}
    for each in signals:
        key = (each.ticker, each.edge.outcome)
        found[*key, seen[key]] = each
        seen[key] += 1
    return found


def _at(signal: Signal | None) -> int:
    return 2**62 if signal is None else signal.made_at


def _signal(signal: Signal | None) -> str:
    if signal is None:
        return NOT_THERE
    edge = signal.edge
    return (
        f"{format_iso(signal.made_at)} {signal.kind}: {edge.outcome.upper()} "
        f"{format_quantity(edge.quantity)} up to {format_cents(edge.worst_price)}c, "
        f"net {edge.net * 100:+.2f}c"
    )


def _why_signals(run: Signal | None, back: Signal | None) -> str | None:
    if run is None or back is None:
        return "only in the " + ("backtest" if run is None else "run")
    names = {
        "its kind": run.kind == back.kind,
        "its instant": run.made_at == back.made_at,
        "its number": run.p_yes == back.p_yes,
        "its size": run.edge.quantity == back.edge.quantity,
        "its edge": run.edge == back.edge,
    }
    differs = [name for name, same in names.items() if not same]
    return f"differs in {', '.join(differs)}" if differs else None


# --- orders and fills ---


def _order(name: ClientOrderId, run: Told, back: Told) -> Iterator[Line]:
    """An order that is in one of them only, or every fill of it."""
    ours, theirs = run.orders.get(name), back.orders.get(name)
    if ours is None or theirs is None or _terms(ours) != _terms(theirs):
        yield Line("order", name, _words(ours), _words(theirs), _why_orders(ours, theirs))
    filled = zip_longest(run.fills.get(name, ()), back.fills.get(name, ()))
    for one, other in filled:
        same = one is not None and other is not None and _what(one) == _what(other)
        why = None if same else _why_fills(name, run, back, one, other)
        yield Line("fill", name, _fill(one, name, run), _fill(other, name, back), why)


def _terms(order: Order) -> tuple[object, ...]:
    return (order.ticker, order.side, order.limit, order.quantity, order.purpose)


def _words(order: Order | None) -> str:
    if order is None:
        return NOT_THERE
    side = "buy" if order.side == BID else "sell"
    size, limit = format_quantity(order.quantity), format_cents(order.limit)
    return f"{order.purpose}: {side} {size} at {limit}c"


def _why_orders(run: Order | None, back: Order | None) -> str:
    if run is None or back is None:
        where = "backtest" if run is None else "run"
        return f"only in the {where}: what is held, paid and allowed differs by then"
    return "other terms: what is held, paid and allowed differs by then"


def _what(fill: FillKept) -> tuple[object, ...]:
    return (fill.side, fill.price, fill.quantity, fill.is_taker)


def _fill(fill: FillKept | None, name: ClientOrderId, told: Told) -> str:
    if fill is None:
        end = told.ends.get(name)
        return NOT_THERE if end is None else f"{NOT_THERE} ({end.status}: {end.reason})"
    side = "bought" if fill.side == BID else "sold"
    how = "taking" if fill.is_taker else "resting"
    return (
        f"{format_iso(fill.at)} {side} {format_quantity(fill.quantity)} at "
        f"{format_cents(fill.price)}c {how}"
    )


def _why_fills(
    name: ClientOrderId, run: Told, back: Told, one: FillKept | None, other: FillKept | None
) -> str:
    """The first reason that is there, of those that can be."""
    why = _why_ways(name, run, back)
    if why is not None:
        return why
    rested = any(each is not None and not each.is_taker for each in (one, other))
    if rested:
        who = "the venue's queue" if run.at_venue else "the realistic queue"
        return f"other queue: {who} in the run, the realistic one in the backtest"
    if run.at_venue:
        return "the book it met: the venue's own in the run, the one we were told in the backtest"
    return "the book it met: that after the batch in the run, that of its instant in the backtest"


def _why_ways(name: ClientOrderId, run: Told, back: Told) -> str | None:
    """What went another way with an order before any book decided; ``None``: nothing."""
    ours, theirs = run.orders.get(name), back.orders.get(name)
    if ours is None or theirs is None:
        return "the order is only in the " + ("backtest" if ours is None else "run")
    if _terms(ours) != _terms(theirs):
        return "the order has other terms"
    late, lately = run.delays.get(name), back.delays.get(name)
    if late is not None and lately is not None and abs(late - lately) >= MILLISECOND:
        return f"other latency: {_ms(late)} in the run, {_ms(lately)} in the backtest"
    if run.renewed[name] != back.renewed[name]:
        return f"renewed {run.renewed[name]} times in the run, {back.renewed[name]} in the backtest"
    if (run.cancelled.get(name) is None) != (back.cancelled.get(name) is None):
        asked, told = ("run", run) if name in run.cancelled else ("backtest", back)
        return f"taken out in the {asked} only: {told.cancelled[name]}"
    return None


def _ms(nanoseconds: int) -> str:
    return f"{nanoseconds / MILLISECOND:.1f} ms"
