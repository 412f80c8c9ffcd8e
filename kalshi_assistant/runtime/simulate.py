"""Simulation: the whole of it in one process and in virtual time, from a seed.

The exchange's protocol, a line with faults, the real session, wire, inquiries and engine: only the
sockets are missing. Nothing waits, so hours pass in seconds, and the same seed gives the same
intents. With a ``FeedDay`` the constituents are listened to as well, and clocks go wrong.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from kalshi_assistant.domain.events import ClockJumped, Event, TradingArmed
from kalshi_assistant.domain.intents import (
    Announce,
    Estimate,
    Forecast,
    Inquire,
    Intent,
    Keep,
    Note,
    Reconcile,
    Report,
    Resync,
    SetTimer,
    Unwatch,
    Watch,
    WindowReport,
)
from kalshi_assistant.domain.time import MILLISECOND, SECOND, Nanos
from kalshi_assistant.engine.clock_set import TEND
from kalshi_assistant.engine.engine import Engine
from kalshi_assistant.engine.settings import EngineSettings
from kalshi_assistant.quant.rng import stream
from kalshi_assistant.runtime.paper_desk import PaperDesk
from kalshi_assistant.runtime.performing import OfOrders, carry
from kalshi_assistant.runtime.simulated_spot import SimulatedSpot
from kalshi_assistant.runtime.simulated_venue import (
    SimulatedListener,
    SimulatedPolls,
    SimulatedSocket,
    answer,
)
from kalshi_assistant.runtime.timers import Timers
from kalshi_assistant.sim.exchange import Exchange
from kalshi_assistant.sim.faults import FaultSettings
from kalshi_assistant.sim.frames import Frames
from kalshi_assistant.sim.scenario import Clockwork, FeedDay
from kalshi_assistant.sim.settings import ExchangeSettings
from kalshi_assistant.venues.kalshi.inquiries import Inquirer
from kalshi_assistant.venues.spot.desk import GRID, SpotDesk
from kalshi_assistant.venues.spot.settings import SpotSettings

STEP: Final = 100 * MILLISECOND
"""How finely time is cut; what happens within a step keeps its own stamps."""
ALL_EIGHT: Final = SpotSettings(lmax=True)


@dataclass(slots=True)
class Simulated:
    """What came of a run so far."""

    events: int = 0
    intents: int = 0
    windows: list[WindowReport] = field(default_factory=list)
    connections: int = 0


class Simulation:
    """One seed's world and the assistant in it."""

    def __init__(
        self,
        seed: int,
        start: Nanos,
        settings: EngineSettings,
        exchange: ExchangeSettings | None = None,
        faults: FaultSettings | None = None,
        watch: Callable[[Event, tuple[Intent, ...]], None] | None = None,
        feeds: FeedDay | None = None,
        spot: SpotSettings = ALL_EIGHT,
    ) -> None:
        """``watch`` sees every event with the intents it gave."""
        self.exchange = Exchange(exchange or ExchangeSettings(), seed, start)
        self.engine = Engine(settings)
        self.result = Simulated()
        self._start, self._now, self._ours = start, start, start
        self._watch = watch
        self._clocks = Clockwork() if feeds is None else feeds.clocks
        self._feeds = feeds
        self.asleep = False
        """Whether the machine sleeps just now."""
        self._storm = self._slept = self._jumped = False
        self._frames = Frames()
        self.listener: SimulatedSocket | SimulatedPolls = (
            SimulatedPolls(self.exchange, seed, self._handle_all)
            if settings.polled
            else SimulatedSocket(
                self.exchange, self._frames, faults or FaultSettings(), seed, self._handle_all
            )
        )
        self.spot = None if feeds is None else self._constituents(feeds, settings, spot, seed)
        self._desk = PaperDesk(
            self.engine, settings.paper, self._handle_all, lambda: self._ours, seed
        )
        self._inquirer = Inquirer(lambda: self._ours, self._handle_all)
        self._timers = Timers()
        self._timers.set(TEND, start)
        if settings.trades:
            self._handle_all([TradingArmed(start, start, 1)])

    def run(self, until: Nanos) -> Simulated:
        """Live to ``until``."""
        while self._now < until:
            self._step(Nanos(min(self._now + STEP, until)))
        self.result.connections = self.listener.connections
        return self.result

    def _constituents(
        self, feeds: FeedDay, settings: EngineSettings, spot: SpotSettings, seed: int
    ) -> SimulatedSpot:
        chance = partial(stream, seed)
        self.desk = SpotDesk(spot, settings.replica, chance, self._now)
        return SimulatedSpot(self.exchange, self.desk, feeds.spot, seed)

    def _step(self, now: Nanos) -> None:
        self._now = now
        listener: SimulatedListener = self.listener
        self._weather(now)
        notices = self._frames.publish(self.exchange.advance(now))
        listener.publish(notices, now)
        self.asleep = self._sleeping(now)
        if self.asleep:
            return
        self._ours = ours = self._our_clock(now)
        listener.step(now, ours)
        if self.spot is not None:
            self._listen_around(self.spot, now, ours)
        self._desk.arrivals(ours)
        self._handle_all(self._timers.fired(ours))
        listener.talk(now)

    # --- the constituents, and what goes wrong around ---

    def _listen_around(self, spot: SimulatedSpot, now: Nanos, ours: Nanos) -> None:
        spot.step(now, ours)
        if ours // GRID != (ours - STEP) // GRID:
            self._handle_all([self.desk.replicate(Nanos(ours // GRID * GRID), ours)])
        if ours // SECOND != (ours - STEP) // SECOND:
            self._handle_all([self.desk.health(ours)])

    def _weather(self, now: Nanos) -> None:
        """Storms of refusals, and a source whose clock is wrong."""
        if self._feeds is None:
            return
        after, clocks = (now - self._start) / SECOND, self._clocks
        begun = self._feeds.storm_after
        self._storm = begun is not None and begun <= after < begun + self._feeds.storm_seconds
        if self.spot is not None:
            self.spot.storm = self._storm
        if isinstance(self.listener, SimulatedPolls):
            self.listener.storm = self._storm
            return
        since = clocks.source_after
        wrong = since is not None and since <= after < since + clocks.source_seconds
        self.listener.source_ms = clocks.source_ms if wrong else 0

    def _sleeping(self, now: Nanos) -> bool:
        """Whether the machine sleeps; when it wakes, what it missed is gone."""
        clocks, after = self._clocks, (now - self._start) / SECOND
        begins = clocks.sleep_after
        if begins is None or after < begins or self._slept:
            return False
        if after < begins + clocks.sleep_seconds:
            return True
        self._slept = True
        self._ours = ours = self._our_clock(now)
        self.listener.asleep(ours)
        if self.spot is not None:
            self.spot.asleep()
        self._handle_all([ClockJumped(ours, ours, int(clocks.sleep_seconds * SECOND))])
        return False

    def _our_clock(self, now: Nanos) -> Nanos:
        """What this machine's clock shows, which may have been set meanwhile."""
        clocks, after = self._clocks, now - self._start
        off = clocks.skew_ms * MILLISECOND + after * clocks.drift_ppm / 1_000_000
        if clocks.jump_after is not None and after >= clocks.jump_after * SECOND:
            off += clocks.jump_ms * MILLISECOND
            if not self._jumped:
                self._jumped = True
                ours = Nanos(now + int(off))
                self._handle_all([ClockJumped(ours, ours, int(clocks.jump_ms * MILLISECOND))])
        return Nanos(now + int(off))

    # --- the engine ---

    def _handle_all(self, events: Sequence[Event]) -> None:
        for event in events:
            intents = self.engine.handle(event)
            self.result.events += 1
            self.result.intents += len(intents)
            if self._watch is not None:
                self._watch(event, intents)
            for intent in intents:
                self._perform(intent)
            self._desk.see(event)

    def _perform(self, intent: Intent) -> None:  # one line per kind of intent
        if isinstance(intent, OfOrders):
            carry(self._desk, intent, lambda _: None)
            return
        match intent:
            case SetTimer():
                self._timers.set(intent.key, intent.due)
            case Watch():
                self.listener.watch(intent.ticker)
            case Unwatch():
                self.listener.unwatch(intent.ticker)
            case Resync():
                self.listener.resync(intent.ticker, intent.reason)
            case Reconcile():
                self.listener.check(intent.ticker)
            case Inquire():
                self._inquire(intent)
            case Report():
                self.result.windows.append(intent.window)
            case Announce() | Note() | Forecast() | Estimate() | Keep():
                pass  # seen by ``watch``; nothing here waits for a simulation of a simulation

    def _inquire(self, question: Inquire) -> None:
        """Ask the exchange itself; a refusal is silence, and the engine asks again."""
        talk = self._inquirer.talk(question)
        request = next(talk, None)
        while request is not None:
            status, body = answer(self.exchange, request, self._now, storm=self._storm)
            if status != 200:
                return
            try:
                request = talk.send(body)
            except StopIteration:
                return
