"""Simulation: the whole of it in one process and in virtual time, from a seed.

The exchange's protocol, a line with faults, the real session, wire, inquiries and engine: only the
sockets are missing. Nothing waits, so hours pass in seconds, and the same seed gives the same
intents.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from kalshi_assistant.domain.events import Event
from kalshi_assistant.domain.intents import (
    Announce,
    Estimate,
    Forecast,
    Inquire,
    Intent,
    Note,
    Report,
    Resync,
    SetTimer,
    Submit,
    Unwatch,
    Watch,
    WindowReport,
)
from kalshi_assistant.domain.time import MILLISECOND, Nanos
from kalshi_assistant.engine.engine import Engine
from kalshi_assistant.engine.settings import EngineSettings
from kalshi_assistant.engine.tend import TEND
from kalshi_assistant.quant.rng import stream
from kalshi_assistant.runtime.paper_desk import PaperDesk
from kalshi_assistant.runtime.timers import Timers
from kalshi_assistant.sim import reads
from kalshi_assistant.sim.exchange import Exchange
from kalshi_assistant.sim.faults import Delivery, Faults, FaultSettings
from kalshi_assistant.sim.frames import Frames
from kalshi_assistant.sim.session import Session
from kalshi_assistant.sim.settings import ExchangeSettings
from kalshi_assistant.venues.kalshi.inquiries import Inquirer
from kalshi_assistant.venues.kalshi.session import KalshiSession, SessionSettings

STEP: Final = 100 * MILLISECOND
"""How finely time is cut; what happens within a step keeps its own stamps."""


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
    ) -> None:
        """``watch`` sees every event with the intents it gave."""
        self.exchange = Exchange(exchange or ExchangeSettings(), seed, start)
        self.engine = Engine(settings)
        self.result = Simulated()
        self._seed, self._now = seed, start
        self._fault_settings = faults or FaultSettings()
        self._watch = watch
        self._frames = Frames()
        self._line = Faults(self._fault_settings, seed)
        self._deliveries: list[Delivery] = []
        self._client = KalshiSession(SessionSettings(), stream(seed, "backoff"))
        self._server: Session | None = None
        self._desk = PaperDesk(self.engine, settings.paper)
        self._inquirer = Inquirer(lambda: self._now, self._handle_all)
        self._timers = Timers()
        self._timers.set(TEND, start)

    def run(self, until: Nanos) -> Simulated:
        """Live to ``until``."""
        while self._now < until:
            self._step(Nanos(min(self._now + STEP, until)))
        return self.result

    def _step(self, now: Nanos) -> None:
        self._now = now
        notices = self._frames.publish(self.exchange.advance(now))
        if self._server is not None:
            self._send(self._server.publish(notices, now))
        self._connect()
        self._deliver()
        self._handle_all(self._client.tick(now))
        self._handle_all(self._desk.arrivals(now))
        self._handle_all(self._timers.fired(now))
        self._talk()

    def _connect(self) -> None:
        if self._client.gone:
            self._server = None
            self._deliveries.clear()
        if self._client.wants_connection(self._now):
            self.result.connections += 1
            self._client.connect(self._now)
            self._server = Session(self._frames, self.exchange.book)
            # the place of each connection in the run names its own stream of faults
            name = f"line{self.result.connections}"
            self._line = Faults(self._fault_settings, self._seed, name)
            self._handle_all(self._client.opened(self._now))

    def _talk(self) -> None:
        """Commands go out whole; their answers come back over the same bad line."""
        for command in self._client.to_send():
            if self._server is not None:
                self._send(self._server.receive(command, self._now))

    def _send(self, frames: Sequence[bytes]) -> None:
        for frame in frames:
            self._deliveries += self._line.feed(frame, self._now)

    def _deliver(self) -> None:
        due = [each for each in self._deliveries if each.at <= self._now]
        self._deliveries = [each for each in self._deliveries if each.at > self._now]
        for frame, _ in due:
            if frame is None:
                self._server = None
                self._deliveries.clear()
                self._handle_all(self._client.dropped(self._now, "the line went down"))
                return
            self._handle_all(self._client.receive(frame, self._now))

    def _handle_all(self, events: Sequence[Event]) -> None:
        for event in events:
            intents = self.engine.handle(event)
            self.result.events += 1
            self.result.intents += len(intents)
            if self._watch is not None:
                self._watch(event, intents)
            for intent in intents:
                self._perform(intent)

    def _perform(self, intent: Intent) -> None:
        match intent:
            case SetTimer():
                self._timers.set(intent.key, intent.due)
            case Watch():
                self._client.watch(intent.ticker)
            case Unwatch():
                self._client.unwatch(intent.ticker)
            case Resync():
                self._client.resync(intent.ticker, intent.reason)
            case Inquire():
                self._inquire(intent)
            case Submit():
                self._handle_all(self._desk.take(intent.order, self._now))
            case Report():
                self.result.windows.append(intent.window)
            case Announce() | Note() | Forecast() | Estimate():
                pass  # seen by ``watch``; nothing here waits for a simulation of a simulation

    def _inquire(self, question: Inquire) -> None:
        """Ask the exchange itself; a refusal is silence, and the engine asks again."""
        talk = self._inquirer.talk(question)
        request = next(talk, None)
        while request is not None:
            given: dict[str, list[str]] = {}
            for name, value in request.query:
                given.setdefault(name, []).append(value)
            path = request.path.lstrip("/")
            status, body = reads.answer(self.exchange, request.method, path, given)
            if status != 200:
                return
            try:
                request = talk.send(body)
            except StopIteration:
                return
