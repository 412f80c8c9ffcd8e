"""Trading in virtual time: the real gateway, store, leases and engine, on a bad network to the
simulated exchange; processes that are killed, frozen and started again.

Only sockets are missing. A request that has left goes on its way whatever becomes of its sender; a
process that is frozen does nothing, not even between its last look and the socket, until it wakes.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from typing_extensions import override

from kalshi_assistant.domain.entries import Entry
from kalshi_assistant.domain.events import (
    ClockJumped,
    Event,
    OrderUncertain,
    Restored,
    TradingDisarmed,
)
from kalshi_assistant.domain.intents import (
    Inquire,
    Intent,
    Reconcile,
    Report,
    Resync,
    Unwatch,
    Watch,
    WindowReport,
)
from kalshi_assistant.domain.orders import Order
from kalshi_assistant.domain.time import SECOND, Nanos
from kalshi_assistant.domain.units import Money
from kalshi_assistant.engine.engine import Engine
from kalshi_assistant.engine.settings import EngineSettings
from kalshi_assistant.quant.rng import stream
from kalshi_assistant.runtime.gateways import Checks, LiveGateway
from kalshi_assistant.runtime.http import learn_limits
from kalshi_assistant.runtime.inbox import Inbox, InboxSettings
from kalshi_assistant.runtime.keeping import RENEW_SECONDS, Account
from kalshi_assistant.runtime.loop import EngineLoop, EventSink
from kalshi_assistant.runtime.paper_desk import PaperDesk
from kalshi_assistant.runtime.performing import OfOrders, carry
from kalshi_assistant.runtime.ports import Gateway
from kalshi_assistant.runtime.sending import (
    Answer,
    Carrier,
    Check,
    NotSentError,
    UnansweredError,
)
from kalshi_assistant.runtime.simulated_venue import SimulatedSocket
from kalshi_assistant.runtime.store import Store, StoreFailedError
from kalshi_assistant.runtime.virtual_time import VirtualLoop
from kalshi_assistant.runtime.write_buckets import WriteBuckets
from kalshi_assistant.sim import writes
from kalshi_assistant.sim.exchange import Exchange
from kalshi_assistant.sim.faults import FaultSettings
from kalshi_assistant.sim.frames import Frames
from kalshi_assistant.venues.kalshi.inquiries import Inquirer
from kalshi_assistant.venues.kalshi.rest import Request
from kalshi_assistant.venues.kalshi.session import SessionSettings

END_SECONDS: Final = 5.0
STEP: Final = 0.1
"""Virtual seconds between two looks at the exchange and the socket."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkFaults:
    """What goes wrong with requests, as shares of them; 0 everywhere is a good network."""

    unreachable: float = 0.0
    """No connection: nothing left."""
    lost_before: float = 0.0
    """It left and never arrived."""
    lost_after: float = 0.0
    """The venue acted, and its answer was lost."""
    reset_before: float = 0.0
    reset_after: float = 0.0
    """The connection broke before, or after, the venue acted."""
    late: float = 0.0
    """It arrives when its sender has given up."""
    refused: float = 0.0
    """429."""
    failed_before: float = 0.0
    failed_after: float = 0.0
    """A 5xx before, or after, the venue acted."""
    kill_before: float = 0.0
    kill_after: float = 0.0
    """Of orders: the process dies between durable and sent, or between sent and answered."""
    freeze_before: float = 0.0
    """Of orders: the process sleeps between its last look and the socket."""
    group_refused: float = 0.0
    """Of requests about order groups: the venue will not, or cannot."""
    group_lost: float = 0.0
    """Of requests about order groups: the venue acted, and its answer was lost."""
    store_fails: float = 0.0
    """Of durable writes: the disk takes nothing."""


class Sent(NamedTuple):
    """One request that left."""

    at: Nanos
    by: str
    request: Request


class Network:
    """Between processes and the exchange. Every request is on record."""

    def __init__(self, exchange: Exchange, faults: NetworkFaults, seed: int, loop: VirtualLoop):
        self.faults = faults
        self.sent: list[Sent] = []
        self.written: Callable[[], None] = lambda: None
        """Told whenever a request may have changed the exchange: it is published at once."""
        self.leaving: Callable[[str, Request], None] = lambda _by, _request: None
        """Told of every request at the instant it leaves, and by whom."""
        self.heard: Callable[[str, Request, Answer], None] = lambda _by, _request, _answer: None
        """Told of every answer that its sender still waited for, at the instant it has it."""
        self._exchange, self._loop = exchange, loop
        self._buckets = WriteBuckets()
        self._chance: np.random.Generator = stream(seed, "network")
        self._under_way: set[asyncio.Task[Answer | None]] = set()

    def strikes(self, share: float) -> bool:
        """Whether a fault of this share happens now."""
        return share > 0 and bool(self._chance.random() < share)

    def leave(self, by: str, request: Request) -> "asyncio.Task[Answer | None]":
        """A request left: what comes of it is decided without its sender."""
        self.leaving(by, request)
        self.sent.append(Sent(self._loop.now(), by, request))
        task = self._loop.create_task(self._carry(request))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return task

    async def _carry(self, request: Request) -> Answer | None:
        """The answer; ``None``: the connection broke. An answer that is lost never comes."""
        faults, of_group = self.faults, "/order_groups" in request.path
        if self.strikes(faults.lost_before):
            await asyncio.sleep(3_600.0)
        if self.strikes(faults.reset_before):
            return None
        if self.strikes(faults.refused):
            return Answer(429, b'{"error": "too many requests"}')
        if self.strikes(faults.failed_before) or (of_group and self.strikes(faults.group_refused)):
            return Answer(503, b"")
        late = self.strikes(faults.late)
        await asyncio.sleep(2.0 + 4.0 * self._chance.random() if late else self._way())
        status, body = self._answer(request)
        if self.strikes(faults.lost_after) or (of_group and self.strikes(faults.group_lost)):
            await asyncio.sleep(3_600.0)
        await asyncio.sleep(self._way())
        if self.strikes(faults.reset_after):
            return None
        if self.strikes(faults.failed_after):
            return Answer(500, b'{"error": {"code": "internal", "message": "internal error"}}')
        return Answer(status, body)

    def _way(self) -> float:
        return 0.005 + 0.06 * float(self._chance.random())

    def _answer(self, request: Request) -> tuple[int, bytes]:
        given: dict[str, list[str]] = {}
        for name, value in request.query:
            given.setdefault(name, []).append(value)
        path = request.path.lstrip("/")
        now = self._loop.now()
        if request.method != "GET":
            cost = writes.charge(request.method, path, given, request.body)
            if not self._buckets.take(cost, now):
                return 429, b'{"error": "too many requests"}'
        answer = writes.answer(self._exchange, request.method, path, given, request.body, now)
        if request.method != "GET":
            self.written()
        return answer


class SimulatedCarrier(Carrier):
    """Carries one process's requests over the simulated network."""

    def __init__(self, network: Network, process: "Process", clock: VirtualLoop) -> None:
        super().__init__("http://simulated/trade-api/v2", None, clock)
        self._network, self._process = network, process

    @override
    async def send(self, request: Request, seconds: float, check: Check | None = None) -> Answer:
        """As the real one: a check at the last moment, then one request, whatever happens."""
        process, faults = self._process, self._network.faults
        is_order = request.method == "POST" and request.path.endswith("/events/orders")
        if self._network.strikes(faults.unreachable):
            raise NotSentError("not sent: no connection")
        if is_order and self._network.strikes(faults.kill_before):
            process.kill()
            await asyncio.sleep(3_600.0)
        if is_order and self._network.strikes(faults.freeze_before):
            process.freeze(6.0)
        await process.awake()
        reason = None if check is None else check()
        if reason is not None:
            raise NotSentError(reason)
        coming = self._network.leave(process.name, request)
        if is_order and self._network.strikes(faults.kill_after):
            process.kill()
            await asyncio.sleep(3_600.0)
        try:
            async with asyncio.timeout(seconds):
                answer = await asyncio.shield(coming)
        except TimeoutError as error:
            raise UnansweredError("no answer in time") from error
        await process.awake()
        if answer is None:
            raise UnansweredError("the connection was reset")
        self._network.heard(process.name, request, answer)
        return answer

    @override
    async def close(self) -> None:
        """Nothing is open."""


class _Sleepy(Inbox):
    """An inbox nothing is taken from while its process sleeps."""

    awake: Callable[[], object]

    @override
    async def take_batch(self, limit: int) -> list[Event]:
        """As usual, once awake."""
        taken = await super().take_batch(limit)
        await self.process.awake()
        return taken

    process: "Process"


class Process:
    """One engine process: everything but its sockets is the real thing."""

    def __init__(
        self,
        name: str,
        exchange: Exchange,
        frames: Frames,
        network: Network,
        settings: EngineSettings,
        ledger: Path,
        line: FaultSettings,
        seed: int,
        loop: VirtualLoop,
        deposit: Money,
        *,
        paper: bool = False,
        journal: EventSink | None = None,
    ) -> None:
        self.name, self.alive = name, True
        self.began = self.uncertain = 0
        self.windows: list[WindowReport] = []
        self.notes: list[str] = []
        self.crashed: BaseException | None = None
        self._clock, self._settings = loop, settings
        self._frozen_until = Nanos(0)
        self._exchange, self._frames = exchange, frames
        self.engine = Engine(settings)
        self.inbox = _Sleepy(InboxSettings())
        self.inbox.process = self
        self.store = Store.open(ledger)
        self.store.start(deposit)
        self._let_writes_fail(network)
        self.account = Account(
            self.store,
            name,
            loop,
            loop,
            self._put,
            self.notes.append,
            venue=not paper,
            may_arm=lambda: None,
        )
        carrier = SimulatedCarrier(network, self, loop)
        self._desk: PaperDesk | None = None
        self._gateway: LiveGateway | None = None
        if paper:
            self._desk = PaperDesk(self.engine, settings.paper, self._put, loop.now, seed)
        else:
            checks = Checks(
                order=self._recheck,
                renew=lambda renew: self.account.fresh() or self.engine.unwanted(renew.id),
                account=self.account.fresh,
            )
            self._gateway = LiveGateway(
                "http://simulated",
                None,
                loop,
                loop,
                self._put,
                stream(seed, f"{name}.gateway"),
                checks,
                carriers=(carrier, carrier),
            )
        self.loop = EngineLoop(
            self.engine, self.inbox, loop, journal, self._perform, self.account, self._desk
        )
        session = SessionSettings(private_channels=True)
        self.listener = SimulatedSocket(exchange, frames, line, seed, self._put, session, name)
        self._inquirer = Inquirer(loop.now, self._put)
        self._carrier = carrier
        self._tasks: list[asyncio.Task[None]] = []
        self._asking: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Begin to live."""
        work = (self._live(), self._hold(), self._listen(), self._learn())
        self._tasks = [self._clock.create_task(each) for each in work]

    def kill(self) -> None:
        """As by ``kill -9``: nothing more is written, sent or heard."""
        if not self.alive:
            return
        self.alive = False
        self.store.close()
        carrying = () if self._gateway is None else self._gateway.tasks
        for task in (*self._tasks, *self._asking, *carrying):
            task.cancel()

    async def stop(self) -> None:
        """The orderly end."""
        now = self._clock.now()
        self.account.ending()
        self._put([TradingDisarmed(now, now, "the soak is over", ending=True)])
        with suppress(TimeoutError):
            async with asyncio.timeout(END_SECONDS):
                while not self.engine.stopped_trading:  # noqa: ASYNC110  # it is asked, it tells nobody
                    await asyncio.sleep(STEP)
        if self._gateway is not None:
            await self._gateway.close()
        self.loop.stop()
        await asyncio.sleep(0.2)
        self.account.release(clean=True)
        self.kill()

    def freeze(self, seconds: float) -> None:
        """As by SIGSTOP, or a closed lid."""
        self._frozen_until = Nanos(self._clock.now() + int(seconds * SECOND))

    async def awake(self) -> None:
        """Go on once the process runs again."""
        if (left := self._frozen_until - self._clock.now()) > 0:
            await asyncio.sleep(left / SECOND)
            await self.awake()  # it may have been frozen again meanwhile

    # --- its parts ---

    def _let_writes_fail(self, network: Network) -> None:
        """A disk that sometimes takes nothing."""
        keep = self.store.keep

        def failing(
            epoch: int, entries: Sequence[Entry], orders: Sequence[Order], now: Nanos
        ) -> None:
            if network.strikes(network.faults.store_fails):
                raise StoreFailedError("the soak wants it")
            keep(epoch, entries, orders, now)

        self.store.keep = failing  # type: ignore[method-assign]  # the one seam of a real store

    async def _live(self) -> None:
        try:
            await self.loop.run()
        except Exception as error:  # noqa: BLE001  # whatever breaks is the finding
            self.crashed = error

    async def _learn(self) -> None:
        known, said = await learn_limits(self._carrier, self._clock.now())
        self.notes.append(f"{known}: {said}")

    async def _hold(self) -> None:
        while self.alive:
            await self.awake()
            self.account.tend()
            if self.store.is_behind():
                self.store.move_home()
            await asyncio.sleep(RENEW_SECONDS)

    async def _listen(self) -> None:
        """The socket; one that slept has lost it."""
        while self.alive:
            if self._frozen_until > self._clock.now():
                begun = self._clock.now()
                await self.awake()
                now = self._clock.now()
                self.listener.asleep(now)
                self._put([ClockJumped(now, now, now - begun)])
            now = self._clock.now()
            self.listener.step(now, now)
            self.listener.talk(now)
            if self._desk is not None:
                self._desk.arrivals(now)
            await asyncio.sleep(STEP)

    def _put(self, events: Sequence[Event]) -> None:
        if not self.alive:
            return
        for event in events:
            self.began += isinstance(event, Restored)
            self.uncertain += isinstance(event, OrderUncertain)
        for ticker in self.inbox.put_all(events):
            self.listener.resync(ticker, "the inbox was full")

    def _recheck(self, order: Order) -> str | None:
        """Asked with a connection in hand: the price, and who holds the lease."""
        engine = self.engine
        return self.account.fresh() or engine.withdrawn(order) or engine.moved(order)

    def _perform(self, intent: Intent) -> None:
        if isinstance(intent, OfOrders):
            self._trade(intent)
            return
        match intent:
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
                self.windows.append(intent.window)
            case _:
                pass  # notes, forecasts, estimates: nobody reads them here

    def _trade(self, intent: OfOrders) -> None:
        gateway: Gateway | None = self._gateway or self._desk
        if gateway is not None:
            carry(gateway, intent, lambda _: None)

    def _inquire(self, question: Inquire) -> None:
        task = self._clock.create_task(self._ask(question))
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)

    async def _ask(self, question: Inquire) -> None:
        """Silence where it fails: the engine asks again."""
        talk = self._inquirer.talk(question)
        with suppress(StopIteration, NotSentError, UnansweredError):
            request = next(talk)
            while True:
                answer = await self._carrier.send(request, 5.0)
                if not answer.good:
                    return
                request = talk.send(answer.body)
