"""A past day for one engine and one paper desk: events in, entries out, on the events' own stamps.

The engine, the gate, the desk with its three assumptions and the fees are those of a run on paper.
What is different: an order is on its way for as long as this life says, and nothing waits.

**Invariant:** what is handled at an instant was received at it or before; nothing looks ahead.
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from kalshi_assistant.domain.entries import Entry, Standing
from kalshi_assistant.domain.events import BookDelta, Event, Restored, TimerFired, TradingArmed
from kalshi_assistant.domain.ids import ClientOrderId, Ticker
from kalshi_assistant.domain.intents import (
    Announce,
    Forecast,
    Intent,
    Keep,
    Report,
    SetTimer,
    Submit,
    WindowReport,
)
from kalshi_assistant.domain.orders import Order
from kalshi_assistant.domain.signals import Signal
from kalshi_assistant.domain.time import MILLISECOND, MINUTE, Nanos
from kalshi_assistant.domain.units import Money
from kalshi_assistant.engine.clock_set import TEND
from kalshi_assistant.engine.engine import Engine
from kalshi_assistant.engine.settings import EngineSettings
from kalshi_assistant.market.deltas import Deltas
from kalshi_assistant.runtime.paper_desk import PaperDesk, latency_of
from kalshi_assistant.runtime.performing import OfOrders, carry
from kalshi_assistant.runtime.timers import Timers
from kalshi_assistant.sim.latency import LatencyModel

NEVER: Final = Nanos(2**62)
IDLE: Final = Nanos(30 * MINUTE)
"""A longer silence is skipped: between recordings lie days in which there is nothing to do."""
EPOCH: Final = 1
"""There is one start in a backtest."""
_ALWAYS_ASSUMED: Final = 2**31


@dataclass(frozen=True, slots=True)
class Latency:
    """How long orders are on their way: ``milliseconds``, always the same; ``None``: as it was
    recorded, or where nothing was as the settings assume it, drawn.
    """

    name: str
    milliseconds: int | None
    recorded: tuple[int, ...] = ()
    """Nanoseconds, measured, to draw from."""
    by_order: tuple[tuple[ClientOrderId, int], ...] = ()
    """What just these orders took, nanoseconds."""

    def model(self, settings: EngineSettings) -> LatencyModel:
        """Where the desk draws from."""
        if self.recorded:
            return LatencyModel.recorded(self.recorded, dict(self.by_order))
        if self.milliseconds is None:
            return latency_of(settings.paper)
        return LatencyModel(self.milliseconds * MILLISECOND, 0.0, _ALWAYS_ASSUMED)


@dataclass(slots=True)
class Record:
    """What came of a life, in the order in which it happened."""

    entries: list[Entry] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    """Those that left."""
    signals: list[Signal] = field(default_factory=list)
    windows: list[WindowReport] = field(default_factory=list)
    forecasts: list[Forecast] = field(default_factory=list)


class Backtest:
    """One life. ``settings`` as for a run on paper; ``seed`` decides drawn latencies.

    ``led``: the events are those of a run that traded. Its start, its halts and the instants of its
    seconds are facts among them, and are not made up again. ``timed``: so are all its timers, which
    takes its own settings. ``watch`` sees every event that is not
    a change of a book, and every one that something was asked for at.
    """

    def __init__(
        self,
        settings: EngineSettings,
        latency: Latency,
        seed: int,
        *,
        led: bool = False,
        timed: bool = False,
        watch: Callable[[Event, tuple[Intent, ...]], None] | None = None,
    ) -> None:
        self.settings = replace(settings, mode="paper", environment="backtest", polled=False)
        self.latency = latency
        self.engine = Engine(self.settings)
        self.record = Record()
        self._now = Nanos(0)
        """Nothing was handled yet at 0."""
        self._told: deque[Event] = deque()
        model = latency.model(self.settings)
        self._desk = PaperDesk(
            self.engine, self.settings.paper, self._hear, lambda: self._now, seed, model
        )
        self._timers = Timers()
        self._led = self._begun = led
        self._timed = timed
        self._watch = watch

    @property
    def now(self) -> Nanos:
        """The instant of what was handled last."""
        return self._now

    def see(self, event: Event) -> None:
        """Live up to an event, and through it. Its stamp is not before the last one's."""
        if type(event) is TimerFired and not self._is_fact(event.key):
            return
        self.until(event.received_at)
        self._handle(event)

    def see_rows(self, deltas: Deltas, first: int, last: int, before: Nanos) -> int:
        """``see`` for rows from ``first`` on, as many as need nobody; answers where to go on.

        At least one row is seen, and none that is received at ``before`` or later. What is due
        earlier (timers, orders on their way) or asked for on the way ends the stretch; a market
        in which something of ours rests goes row by row.
        """
        now = deltas.received(first)
        self.until(now)
        if self._desk.rests_in(deltas.ticker(first)):
            self._handle(deltas.event(first))
            return first + 1
        due = min(before, self._next_due(), self._now + IDLE)
        row, intents = self.engine.handle_rows(deltas, first, last, Nanos(due))
        self._now = max(self._now, deltas.received(row - 1))
        if intents and self._watch is not None:
            self._watch(deltas.event(row - 1), intents)
        for intent in intents:
            self._perform(intent)
        self._answer()
        return row

    def see_all(self, events: Iterable[Event]) -> None:
        """Several."""
        for event in events:
            self.see(event)

    def until(self, now: Nanos) -> None:
        """Let what is due by ``now`` happen: timers, and orders that arrive."""
        if not self._begun:
            self._begin(now)
        if self._now and now - self._now > IDLE:
            self._through(Nanos(self._now + IDLE))
            self._now = now  # nothing was heard for so long: timers fire once, as after a sleep
        self._through(now)

    # --- inside ---

    def _through(self, now: Nanos) -> None:
        while (due := self._next_due()) <= now:
            self._now = Nanos(max(self._now, due))
            for event in self._timers.fired(self._now):
                self._handle(event)
            self._desk.arrivals(self._now)
            self._answer()
        self._now = Nanos(max(self._now, now))

    def _begin(self, now: Nanos) -> None:
        """The account is opened with the paper cash, and orders may leave."""
        self._begun, self._now = True, now
        cash = self.settings.paper.cash
        nothing = Money(0)
        standing = Standing(
            start=cash,
            cash=cash,
            fees=nothing,
            realized=nothing,
            holdings=(),
            halts=(),
            peak=cash,
            day="",
            day_start=nothing,
            losses_in_a_row=0,
            good_windows=self.settings.risk.canary_windows,
            seen=(),
        )
        namespace = self.settings.namespace
        self._handle(Restored(now, now, namespace, EPOCH, standing, (), clean=True))
        self._handle(TradingArmed(now, now, EPOCH))
        self._handle(TimerFired(now, now, TEND))

    def _next_due(self) -> Nanos:
        timer, arrival = self._timers.next_due, self._desk.next_arrival
        return min(NEVER if timer is None else timer, NEVER if arrival is None else arrival)

    def _hear(self, events: Sequence[Event]) -> None:
        self._told.extend(events)

    def _handle(self, event: Event) -> None:
        self._take(event)
        self._answer()

    def _answer(self) -> None:
        """What the desk said comes back as events."""
        while self._told:
            self._take(self._told.popleft())

    def _take(self, event: Event) -> None:
        intents = self.engine.handle(event)
        if self._watch is not None and (intents or type(event) is not BookDelta):
            self._watch(event, intents)
        self._desk.see(event)
        for intent in intents:
            self._perform(intent)

    def _is_fact(self, timer: str) -> bool:
        """Whether the instants of a timer are those of the run."""
        return self._timed or (self._led and timer == TEND)

    def _left(self, sent: object) -> None:
        if isinstance(sent, Submit):
            self.record.orders.append(sent.order.what)

    def _perform(self, intent: Intent) -> None:
        record = self.record
        match intent:
            case SetTimer():
                if not self._is_fact(intent.key):
                    self._timers.set(intent.key, intent.due)
            case _ if isinstance(intent, OfOrders):
                carry(self._desk, intent, self._left)
            case Keep():
                record.entries.append(intent.entry)
            case Announce():
                record.signals.append(intent.signal)
            case Report():
                record.windows.append(intent.window)
            case Forecast():
                record.forecasts.append(intent)
            case _:
                pass  # nobody to ask, nothing to subscribe to: the past is all there is


def mid_of(engine: Engine, ticker: Ticker) -> float | None:
    """The middle of a market's book, dollars; ``None`` where it is not known or one-sided."""
    top = engine.top(ticker)
    if top is None or top[0] <= 0 or top[1] >= 10_000:
        return None
    return (top[0] + top[1]) / 20_000
