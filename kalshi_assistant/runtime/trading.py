"""Trading in this process: the store and its lease, who carries orders, and an end in order.

Paper and live differ in the gateway alone. Without this bundle a process only watches.
"""

import asyncio
import os
import socket
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from msgspec.structs import replace as with_fields

from kalshi_assistant.domain.errors import OperatorError
from kalshi_assistant.domain.events import (
    AccountSeen,
    ClockJumped,
    Event,
    KillEnded,
    OperatorHalted,
    Restored,
    TradingDisarmed,
)
from kalshi_assistant.domain.ids import ClientOrderId
from kalshi_assistant.domain.intents import EndGroup, Renew
from kalshi_assistant.domain.orders import Order
from kalshi_assistant.domain.time import Nanos
from kalshi_assistant.domain.units import Money, Quantity
from kalshi_assistant.engine.engine import Engine
from kalshi_assistant.engine.settings import EngineSettings
from kalshi_assistant.engine.snapshot import OrderView, TradingView
from kalshi_assistant.quant.rng import stream
from kalshi_assistant.risk.gate import TOO_OLD
from kalshi_assistant.runtime.clock import Clock
from kalshi_assistant.runtime.gateway_settings import GatewaySettings
from kalshi_assistant.runtime.gateways import Checks, LiveGateway
from kalshi_assistant.runtime.keeping import Account, Unready
from kalshi_assistant.runtime.kill_file import kill_path, watch_kill_file, write_kill
from kalshi_assistant.runtime.kill_result import (
    KillResult,
    begin,
    open_log,
    result_path,
    watch_result,
)
from kalshi_assistant.runtime.measured_latency import MeasuredLatency, measured_model
from kalshi_assistant.runtime.paper_desk import PaperDesk, assumptions_of, latency_of
from kalshi_assistant.runtime.ports import Gateway
from kalshi_assistant.runtime.probe import Probe
from kalshi_assistant.runtime.queue_places import QueuePlaces
from kalshi_assistant.runtime.store import Store
from kalshi_assistant.venues.kalshi.signing import Signer
from kalshi_assistant.venues.kalshi.tokens import Tokens

ARRIVALS_SECONDS: Final = 0.02
"""How often paper orders on their way are looked at."""
END_SECONDS: Final = 5.0
"""How long an orderly end waits for what rests to be gone."""
LOOK_SECONDS: Final = 0.05
LATENCIES_SECONDS: Final = 60.0
"""How often measured latencies are written down."""


@dataclass(frozen=True, slots=True)
class Funds:
    """What the venue said of the account that arming has to know; ``None``: not known."""

    cash: Money | None
    """On the shard of the market that trades."""
    netting: bool | None


MayArm = Callable[[bool, Funds | None], Unready | None]
"""Told whether the process before ended in order, and what the account holds; answers why orders
may not leave.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class TradingOptions:
    """What a trading process is set up with besides the engine's settings."""

    ledger: Path
    state: Path
    """Where the kill file is looked for."""
    gateway: GatewaySettings
    may_arm: MayArm
    seed: int
    kill_command: tuple[str, ...] = ()
    """What takes out our orders from a process of its own; none on paper."""


class Trading:
    """Everything of a process that has to do with orders leaving it."""

    def __init__(
        self,
        options: TradingOptions,
        engine: Engine,
        settings: EngineSettings,
        venue: tuple[str, Signer | None],
        wall: Clock,
        clock: Clock,
        put: Callable[[Sequence[Event]], None],
        tell: Callable[[str], None],
        probe: Probe,
        tokens: Tokens | None = None,
        speed: float = 1.0,
    ) -> None:
        """``venue`` is its REST address and our key; ``wall`` stamps leases, ``clock`` events;
        ``tokens`` are the account's, whoever else pays from them; ``speed`` is the clock's.

        Raises OperatorError where the ledger cannot be used.
        """
        self._options, self._engine, self._settings = options, engine, settings
        self._clock, self._put, self._tell, self._probe = clock, put, tell, probe
        self._wall, self._speed = wall, speed
        self._measured = MeasuredLatency(options.state)
        self._clean = self._jumping = False
        self._tokens = tokens
        self._seen: AccountSeen | None = None
        self._shard: int | None = None
        live = settings.mode == "live"
        options.ledger.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.store = Store.open(options.ledger)
        self.store.start(Money(0) if live else settings.paper.cash)
        holder = f"{socket.gethostname()}/{os.getpid()}"
        self.account = Account(
            self.store, holder, wall, clock, put, tell, venue=live, may_arm=self._may_arm
        )
        self._desk: PaperDesk | None = None
        self._places = QueuePlaces(engine, assumptions_of(settings.paper))
        self._live: LiveGateway | None = None
        self.gateway: Gateway = self._carrier(venue, wall, live=live)

    def _carrier(self, venue: tuple[str, Signer | None], wall: Clock, *, live: bool) -> Gateway:
        if not live:
            paper, seed = self._settings.paper, self._options.seed
            model = measured_model(latency_of(paper), self._options.state, self._speed)
            self._desk = PaperDesk(self._engine, paper, self._put, self._clock.now, seed, model)
            return self._desk
        url, signer = venue
        assert signer is not None, "live trading without a key"
        self._live = LiveGateway(
            url,
            signer,
            wall,
            self._clock,
            self._put,
            stream(self._options.seed, "gateway"),
            Checks(
                order=self._recheck,
                renew=self._recheck_renewal,
                account=self.account.fresh,
                sent=self._sent,
                acked=self._acked,
            ),
            self._options.gateway,
            self._tokens,
            subaccount=self._settings.account.subaccount,
        )
        return self._live

    # --- what the loop calls ---

    def see(self, event: Event) -> None:
        """Every event, after the engine handled it."""
        if self._desk is not None:
            self._desk.see(event)
        else:
            self._places.see(event)
        if isinstance(event, ClockJumped):
            self._jumping = False
        elif isinstance(event, Restored):
            self._clean = event.clean
        elif isinstance(event, AccountSeen):
            self._seen = event

    def clock_jumped(self) -> None:
        """Our clock was set or the machine slept: nothing leaves before the engine knows."""
        self._jumping = True

    def placed(self, view: TradingView) -> TradingView:
        """The same with the places of our orders in their queues."""
        ahead = self._places.ahead if self._desk is None else self._desk.ahead
        placed = tuple(_placed(order, ahead(ClientOrderId(order.id))) for order in view.orders)
        latency = None if self._desk is None else self._desk.latency.label
        return with_fields(view, orders=placed, latency=latency)

    def answered(self, delay: int) -> None:
        """An order at the venue was answered so long after what led to it, by its clock."""
        if self._live is not None:
            self._measured.add(int(delay / self._speed))

    # --- what runs beside it ---

    def work(self) -> "list[asyncio.Task[None]]":
        """Begin; the tasks run until cancelled."""
        if self._live is not None:
            self._live.start()
        watching = watch_kill_file(kill_path(self._options.state), self._killed)
        ended = watch_result(self._options.state, self._kill_ended)
        running = [self.account.run(), self.account.keep_file_small(), watching, ended]
        if self._desk is not None:
            running.append(self._arrivals(self._desk))
        else:
            running.append(self._keep_latencies())
        return [asyncio.create_task(each) for each in running]

    def kill(self, reason: str) -> str:
        """Halt durably, then have another process, with the key, take out what is ours."""
        now, state = self._clock.now(), self._options.state
        self._put([OperatorHalted(now, now, reason, "kill")])
        if self._options.kill_command:
            begin(state, self._wall.now())  # the process that waits for kill files leaves it to us
        try:
            write_kill(state, reason)
        except OperatorError as error:
            self._tell(f"{error}; the halt does not outlive this process")
        command = self._options.kill_command
        if not command:
            return "halted; what rested on paper is dropped"
        log = open_log(self._options.state)
        try:
            subprocess.Popen(  # noqa: S603  # our own program, arguments as a list
                [*command, "--reason", reason],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        except OSError as error:
            text = f"halted, but no process could be started to take our orders out: {error}"
            self._tell(text)
            return text
        finally:
            os.close(log)
        return (
            "halted; another process takes out our orders and reads that they are gone: what it "
            f"comes to is told here, and kept in {result_path(self._options.state)}"
        )

    async def wind_down(self) -> None:
        """No new orders; ours cancelled and confirmed. Raises TimeoutError where a few seconds are
        not enough.
        """
        now = self._clock.now()
        self.account.ending()
        self._put([TradingDisarmed(now, now, "the assistant is being stopped", ending=True)])
        async with asyncio.timeout(END_SECONDS):
            while not self._is_out():  # noqa: ASYNC110  # the engine tells nobody, it is asked
                await asyncio.sleep(LOOK_SECONDS)
        if self._live is not None:  # while the account is still ours: what is left is ended later
            await self._live.groups.delete_ended()

    def take_out(self, reason: str) -> None:
        """Ask for everything of ours to be taken out, without an engine to hear what comes of it;
        ``close`` waits for the answers.
        """
        for each in self._engine.cancels(reason):
            self._tell(f"taking out {each.id}: {reason}")
            self.gateway.cancel(each)
        if self._live is not None:
            for shard, name in self._live.groups.taking.items():
                self._live.end_group(EndGroup(shard, name, delete=False))

    async def close(self, *, clean: bool) -> None:
        """Give back the lease, let connections go."""
        if self._live is not None:
            await self._live.close()
        self.account.release(clean=clean)
        self.store.close()
        await self._write_latencies()

    # --- inside ---

    def _is_out(self) -> bool:
        """Whether no order of ours may still trade, and the engine knows that it is stopping."""
        return self._engine.stopped_trading

    async def _arrivals(self, desk: PaperDesk) -> None:
        while True:
            await asyncio.sleep(ARRIVALS_SECONDS)
            desk.arrivals(self._clock.now())

    async def _keep_latencies(self) -> None:
        while True:
            await asyncio.sleep(LATENCIES_SECONDS)
            await self._write_latencies()

    async def _write_latencies(self) -> None:
        """On a thread: a disk may take its time, and this is beside the path of orders."""
        delays = self._measured.taken()
        if delays is not None:
            trouble = await asyncio.to_thread(self._measured.write, delays)
            if trouble is not None:
                self._tell(trouble)

    def _killed(self, reason: str) -> None:
        """A kill file came to be: a halt, as durable as the file."""
        now = self._clock.now()
        self._tell(f"kill file: {reason}")
        self._put([OperatorHalted(now, now, f"kill file: {reason}", "kill")])

    def _kill_ended(self, result: KillResult) -> None:
        """A process has taken our orders out, whoever started it: it is told what came of it."""
        now = self._clock.now()
        text = f"kill ended: {result.text} ({result_path(self._options.state)})"
        self._put([KillEnded(now, now, result.code == 0, text)])

    def _may_arm(self) -> Unready | None:
        shard = self._engine.shard
        self._shard = self._shard if shard is None else shard
        if self._seen is None:
            return self._options.may_arm(self._clean, None)
        cash = dict(self._seen.shard_cash)
        held = None if self._shard is None else cash.get(self._shard)
        return self._options.may_arm(self._clean, Funds(held, self._seen.netting))

    def _recheck(self, order: Order) -> str | None:
        """Asked with a connection in hand: the price, and who holds the lease."""
        engine = self._engine
        return (
            self._jumped() or self.account.fresh() or engine.withdrawn(order) or engine.moved(order)
        )

    def _recheck_renewal(self, renew: Renew) -> str | None:
        return self._jumped() or self.account.fresh() or self._engine.unwanted(renew.id)

    def _jumped(self) -> str | None:
        return TOO_OLD if self._jumping else None

    def _sent(self, name: ClientOrderId, now: Nanos) -> None:
        self._probe.sent(name, now)

    def _acked(self, name: ClientOrderId, now: Nanos) -> None:
        self._probe.acked(name, now)


def _placed(order: OrderView, ahead: int | None) -> OrderView:
    return order if ahead is None else with_fields(order, ahead=Quantity(ahead))
