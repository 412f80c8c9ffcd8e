"""Live: real sockets, the system's clock (or a local exchange's), orders to the venue, on paper or
nowhere.

``demo`` is this same life against the local exchange in a child process.
"""

import asyncio
import dataclasses
import os
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from kalshi_assistant.control.beacons import Beacon, light, put_out
from kalshi_assistant.control.server import ControlServer
from kalshi_assistant.control.settings import ControlSettings
from kalshi_assistant.domain.errors import PassingError
from kalshi_assistant.domain.events import ClockJumped, Event, LatencyMeasured
from kalshi_assistant.domain.ids import BTC_15_MINUTES
from kalshi_assistant.domain.intents import Report
from kalshi_assistant.domain.time import MILLISECOND
from kalshi_assistant.engine.engine import Engine
from kalshi_assistant.engine.settings import EngineSettings
from kalshi_assistant.engine.snapshot import LogLine, Snapshot, StageView
from kalshi_assistant.engine.views import SlowViews
from kalshi_assistant.journal.codec import EVENTS, FRAMES
from kalshi_assistant.journal.settings import JournalSettings
from kalshi_assistant.quant.rng import stream
from kalshi_assistant.runtime.clock import Clock, Jumps, Stopwatch, SystemClock
from kalshi_assistant.runtime.compute import Estimator
from kalshi_assistant.runtime.config_versions import ConfigVersions
from kalshi_assistant.runtime.frame_queue import FrameQueue
from kalshi_assistant.runtime.heartbeat import Heartbeat
from kalshi_assistant.runtime.http import VenueRest
from kalshi_assistant.runtime.inbox import Inbox, InboxSettings
from kalshi_assistant.runtime.journals import RotatingJournal, run_of
from kalshi_assistant.runtime.listening import Listener, PolledListener, SocketListener
from kalshi_assistant.runtime.logs import Logs
from kalshi_assistant.runtime.loop import EngineLoop
from kalshi_assistant.runtime.operator import Operator, on_stop_signal, serve_readers
from kalshi_assistant.runtime.performing import Performer
from kalshi_assistant.runtime.probe import Probe
from kalshi_assistant.runtime.recorder import Recorder, RecordOptions
from kalshi_assistant.runtime.reloading import Reloader, Reloading
from kalshi_assistant.runtime.sockets import VenueSocket, socket_kind
from kalshi_assistant.runtime.spot_feeds import SpotFeeds
from kalshi_assistant.runtime.trading import Trading, TradingOptions
from kalshi_assistant.venues.brti.wire import CF_INDEX, CfBenchmarksSession, CfSettings
from kalshi_assistant.venues.brti.wire import URL as CF_URL
from kalshi_assistant.venues.kalshi.polling import PublicPoller
from kalshi_assistant.venues.kalshi.session import KalshiSession, SessionSettings
from kalshi_assistant.venues.kalshi.signing import WS_PATH, Signer
from kalshi_assistant.venues.kalshi.tokens import Tokens
from kalshi_assistant.venues.spot.desk import SpotDesk
from kalshi_assistant.venues.spot.settings import SpotSettings

JUMP_SECONDS: Final = 1.0
FOREVER_HOURS: Final = 1e6
LIMITS_PAUSES: Final = (0.0, 5.0, 60.0)
"""Seconds before each question for the account's token limits, till one is answered."""
READER_SECONDS: Final = 0.1
SLOW_SECONDS: Final = 1.0
TOLD_MAX: Final = 20
"""Lines of our own on the screen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Venue:
    """Where the venue is and how to log in. ``clock`` tells its time."""

    rest_url: str
    ws_url: str
    signer: Signer | None
    """``None``: no key. What is public is polled."""
    clock: Clock
    spot_urls: Mapping[str, str] | None = None
    """Stand-ins for the constituents' own addresses, by venue: of a local exchange."""
    spot_documents: Mapping[str, str] | None = None
    publisher: Mapping[str, str] | None = None
    """Headers of a licensed user of the index's publisher."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveOptions:
    """What a run is set up with besides the engine's settings."""

    session: SessionSettings
    journal: JournalSettings
    inbox: InboxSettings
    control: ControlSettings
    spot: SpotSettings
    cf: CfSettings
    control_dir: Path
    journal_dir: Path
    seed: int | None = None
    windows: int | None = None
    """Stop after so many windows were reported."""
    record: RecordOptions | None = None
    """Keep the frames of all sources, and everything there was."""
    trading: TradingOptions | None = None
    """``None``: watch only."""
    speed: float = 1.0
    """Of the venue's clock."""
    reloading: Reloading | None = None
    """The configuration, to be read anew on demand; kept in versions below ``versions_dir``."""
    versions_dir: Path | None = None
    running_dir: Path | None = None
    """Where running engines are told of, for commands that look for one."""


class Live:
    """One run. Make it inside the event loop, then ``run``."""

    def __init__(
        self,
        venue: Venue,
        settings: EngineSettings,
        options: LiveOptions,
        logs: Logs,
        say: Callable[[str], None] | None = None,
    ) -> None:
        """``say`` tells a person how a recording goes."""
        self._settings, self._options, self._logs = settings, options, logs
        self._clock = venue.clock
        self._wall = self._clock if isinstance(self._clock, SystemClock) else SystemClock()
        self._stopped = asyncio.Event()
        self._reason = "done"
        self._reported = 0
        self._operator: Operator | None = None
        self.inbox = Inbox(options.inbox)
        self.engine = Engine(settings)
        run, keep = run_of(settings, options.seed), options.journal
        if options.record is not None:
            keep = dataclasses.replace(keep, keep_bytes=2**62, keep_hours=FOREVER_HOURS)
        where, tell = options.journal_dir, self._tell
        self._events = RotatingJournal(EVENTS, where, run, keep, self._wall, tell)
        self._frames = RotatingJournal(FRAMES, where, run, keep, self._wall, tell)
        self._recorder = self._recording(say or self._tell)
        self._raw = FrameQueue(
            self._frames, None if self._recorder is None else self._recorder.seen
        )
        self._turn = asyncio.Lock()
        self._listener = self._listen_to(venue)
        self._spot = self._spot_feeds(venue)
        self._publisher = self._publisher_of(venue)
        self._tokens = Tokens()
        self._rest = VenueRest(
            venue.rest_url, venue.signer, self._wall, self._clock, self.put, self._tokens
        )
        self._has_key = venue.signer is not None
        self._estimates = Estimator(
            self.engine, options.seed or 0, self._clock, self.put, self._turn
        )
        self.probe = Probe(logs, self._answered, options.speed)
        self._heartbeat = Heartbeat(logs)
        self._timed: tuple[StageView, ...] = ()
        self._timed_for = Stopwatch()
        self._told: deque[LogLine] = deque(maxlen=TOLD_MAX)
        self._logs_trouble: str | None = None
        self._slow: SlowViews | None = None
        self._slow_for = Stopwatch()
        self._trading = self._trade_at(venue)
        self._performer = Performer(
            self._listener,
            self._rest,
            None if self._trading is None else self._trading.gateway,
            self._estimates,
            logs,
            self._heard,
        )
        self._loop = EngineLoop(
            self.engine,
            self.inbox,
            self._clock,
            self._events,
            self._performer.perform,
            None if self._trading is None else self._trading.account,
            self._trading,
            self.probe,
        )

    def _listen_to(self, venue: Venue) -> Listener:
        """The venue's socket, or without a key its public reads."""
        seed, signer = self._options.seed or 0, venue.signer
        if signer is None:
            poller = PublicPoller(BTC_15_MINUTES, self._settings.index, stream(seed, "polling"))
            return PolledListener(poller, venue.rest_url, self._clock, self.put, self._raw)
        subaccount = self._settings.account.subaccount
        session = KalshiSession(
            self._options.session, stream(seed, "backoff"), subaccount=subaccount
        )
        sign = partial(_handshake, signer, self._wall)
        kind = socket_kind(self._options.session.client)
        socket = kind(venue.ws_url, session, sign, self._clock, self.put, self._raw)
        return SocketListener(session, socket)

    def _trade_at(self, venue: Venue) -> Trading | None:
        """Store, lease and gateway, where orders may leave at all."""
        options = self._options.trading
        if options is None or not self._settings.trades:
            return None
        return Trading(
            options,
            self.engine,
            self._settings,
            (venue.rest_url, venue.signer),
            self._wall,
            self._clock,
            self.put,
            self._tell,
            self.probe,
            self._tokens,
            self._options.speed,
        )

    def _answered(self, delay: int) -> None:
        """An order's way from a fact to the venue's answer was measured."""
        if self._settings.mode == "live":
            now = self._clock.now()
            self.put([LatencyMeasured(now, now, delay)])
        if self._trading is not None:
            self._trading.answered(delay)

    def _spot_feeds(self, venue: Venue) -> SpotFeeds | None:
        """The constituents, where they are wanted."""
        options = self._options
        if not options.spot.venues:
            return None
        chance = partial(stream, options.seed or 0)
        desk = SpotDesk(options.spot, self._settings.replica, chance, self._clock.now())
        return SpotFeeds(
            desk,
            self._clock,
            self.put,
            self._raw if options.journal.spot_frames or options.record else None,
            venue.spot_urls,
            venue.spot_documents,
            self._turn,
        )

    def _recording(self, say: Callable[[str], None]) -> Recorder | None:
        if self._options.record is None:
            return None
        return Recorder(
            self._options.journal_dir,
            self._options.record,
            lambda: self._frames.path,
            self._wall,
            say,
            self.stop,
        )

    def _publisher_of(self, venue: Venue) -> VenueSocket | None:
        """The index from its publisher, for a licensed user."""
        if venue.publisher is None:
            return None
        chance = stream(self._options.seed or 0, "publisher")
        session = CfBenchmarksSession(self._options.cf, chance, self._settings.index)
        headers = dict(venue.publisher)
        return VenueSocket(
            CF_URL, session, lambda: headers, self._clock, self.put, self._raw, feed=CF_INDEX
        )

    def _reloads(self) -> Reloader | None:
        """What a reload of the configuration is carried through by."""
        source, folder = self._options.reloading, self._options.versions_dir
        if source is None or folder is None:
            return None
        versions = ConfigVersions(folder)
        return Reloader(
            source, self.engine, self.put, self._clock, versions, self._adopted, self._tell_run
        )

    def _announced(self) -> Path | None:
        """Let commands find this engine; one that cannot be announced runs all the same."""
        if self._options.running_dir is None:
            return None
        settings, directory = self._settings, str(self._options.control_dir.absolute())
        beacon = Beacon(os.getpid(), settings.mode, settings.environment, directory)
        try:
            return light(self._options.running_dir, beacon)
        except PassingError as error:
            self._tell_run(str(error))
            return None

    def _adopted(self, settings: EngineSettings) -> None:
        """New settings are in force: files of the journals begun from now on say so."""
        run = run_of(settings, self._options.seed)
        self._events.adopt(run)
        self._frames.adopt(run)

    def put(self, events: Sequence[Event]) -> None:
        """Let events in; a book that had to be shed is asked for again."""
        for ticker in self.inbox.put_all(events):
            self._listener.resync(ticker, "the inbox was full")

    def snapshot(self) -> Snapshot:
        """What readers see: the engine, and the queues around it."""
        alerts = () if self._operator is None else self._operator.queues()
        queues = (*self.inbox.views(), self._raw.view(), *alerts)
        self._renew_slow_parts()
        seen = self.engine.snapshot(self._slow)
        orders = seen.trading
        if orders is not None and self._trading is not None:
            orders = self._trading.placed(orders)
        log = self._with_our_own(seen.log)
        return replace(seen, queues=queues, stages=self._timed, trading=orders, log=log)

    def _with_our_own(self, log: tuple[LogLine, ...]) -> tuple[LogLine, ...]:
        """The story and what befell the process around the engine: a disk that is full cannot be
        read of in a file on it.
        """
        trouble = self._logs.trouble
        if trouble != self._logs_trouble:
            self._logs_trouble = trouble
            self._note("the logs are written again" if trouble is None else trouble)
        if not self._told:
            return log
        lines = sorted((*self._told, *log), key=lambda told: told.at, reverse=True)
        return tuple(lines[: max(len(log), TOLD_MAX)])

    def _renew_slow_parts(self) -> None:
        """What costs as much as all else in a snapshot is made anew once a second, and not all of
        it for the same snapshot: the loop waits for each as a whole.
        """
        slow, timed = self._slow_for.seconds(), self._timed_for.seconds()
        whole = self._slow is None or self._stopped.is_set()  # the first one, and the last
        due = max(slow, timed) >= SLOW_SECONDS
        if whole or (due and slow >= timed):
            self._slow, self._slow_for = self.engine.slow_views(), Stopwatch()
        if whole or (due and timed > slow):
            self._timed = (*self.probe.view(), self._heartbeat.view())
            self._timed_for = Stopwatch()

    def stop(self, reason: str) -> None:
        """End in order; the first reason counts."""
        if not self._stopped.is_set():
            self._reason = reason
            self._stopped.set()

    async def snapshots(self) -> AsyncIterator[Snapshot]:
        """A snapshot now and then, and the last one after the end: for a reader in this process."""
        while not self._stopped.is_set():
            yield self.snapshot()
            with suppress(TimeoutError):
                async with asyncio.timeout(READER_SECONDS):
                    await self._stopped.wait()
        yield self.snapshot()

    async def run(self, reader: Coroutine[None, None, int] | None = None) -> int:
        """Until stopped: serve, handle, perform. Answers the reader's exit code, else 0."""
        on_stop_signal(self.stop)
        kill = None if self._trading is None else self._trading.kill
        reloader = self._reloads()
        reload = None if reloader is None else reloader.answer
        operator = Operator(lambda event: self.put([event]), self._clock, self.stop, kill, reload)
        self._operator = operator
        server = serve_readers(
            self._options.control_dir,
            self._settings,
            self.snapshot,
            operator,
            self._options.control,
        )
        beacon = self._announced()
        if reloader is not None:
            reloader.begin()
        self._events.tidy()
        tasks: list[asyncio.Task[object]] = [
            asyncio.create_task(work)
            for work in (
                server.run(),
                self._loop.run(),
                self._listener.run(),
                self._constituents(),
                self._of_publisher(),
                self.probe.run(),
                self._simulate(),
                self._watch_recording(),
                self._watch_clock(),
                self._learn_limits(),
                self._heartbeat.run(),
                self._stopped.wait(),
            )
        ]
        if self._trading is not None:
            tasks += self._trading.work()
        reading = None if reader is None else asyncio.create_task(reader)
        ends = tasks if reading is None else [*tasks, reading]
        try:
            done, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            self.stop("the reader went away")
            if beacon is not None:
                put_out(beacon)
            await self._end(server, tasks)
        return 0 if reading is None else await _finished(reading)

    async def _end(self, server: ControlServer, tasks: Sequence["asyncio.Task[object]"]) -> None:
        """Handle what waits, say goodbye, close what is open."""
        clean = await self._stop_trading(tasks)
        self.put(self._listener.close(self._clock.now()))
        self._loop.stop()
        server.close(self._reason)
        await asyncio.wait(tasks[:2], timeout=2.0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._trading is not None:
            await self._trading.close(clean=clean)
        await self._rest.close()
        self._raw.flush()
        if self._recorder is not None:
            self._recorder.close()
        await self._events.close()
        await self._frames.close()
        self._logs.main("info", "run", f"ended: {self._reason}")

    async def _stop_trading(self, tasks: Sequence["asyncio.Task[object]"]) -> bool:
        """Ours cancelled and confirmed before anything else ends; whether nothing is left."""
        running = tasks[1]
        if self._trading is None:
            return True
        if running.done():  # a mistake of ours: nothing is handled any more, but nothing may rest
            self._trading.take_out("the engine has stopped")
            return False
        try:
            await self._trading.wind_down()
        except TimeoutError:
            self._logs.main("error", "account", "stopped with orders that were not confirmed gone")
            return False
        return True

    async def _watch_clock(self) -> None:
        """A machine that slept, or whose clock was set, makes every book old."""
        jumps = Jumps(self._wall)
        while True:
            await asyncio.sleep(JUMP_SECONDS)
            by = jumps.since_last()
            if by == 0 or (by < 0 and self._clock is not self._wall):
                continue  # a local exchange's time goes on, whatever this machine's clock is set to
            if self._trading is not None:
                self._trading.clock_jumped()
            now = self._clock.now()
            self.put([ClockJumped(now, now, by)])

    async def _learn_limits(self) -> None:
        """What this account may ask and command, before the smallest is taken for it."""
        for pause in LIMITS_PAUSES if self._has_key else ():
            await asyncio.sleep(pause)
            known, said = await self._rest.learn_limits()
            self._logs.main("info" if known else "warning", "limits", said)
            if known:
                break
        await self._stopped.wait()

    async def _watch_recording(self) -> None:
        while self._recorder is not None:
            await asyncio.sleep(JUMP_SECONDS)
            self._recorder.tend()
        await self._stopped.wait()

    async def _simulate(self) -> None:
        """Estimates inform; without them the assistant goes on, and says so."""
        try:
            await self._estimates.run()
        except RuntimeError as error:
            self._logs.main("error", "estimates", f"{error}; no simulated numbers in this run")
            await self._stopped.wait()

    async def _constituents(self) -> None:
        """Our own copy of the index; without it the assistant goes on, and says so."""
        if self._spot is None:
            await self._stopped.wait()
            return
        try:
            await self._spot.run()
        except RuntimeError as error:
            self._logs.main("error", "replica", f"{error}; no copy of the index in this run")
            await self._stopped.wait()

    async def _of_publisher(self) -> None:
        await (self._stopped.wait() if self._publisher is None else self._publisher.run())

    def _heard(self, report: Report) -> None:
        if self._trading is not None:
            self._trading.account.keep_window(report.window)
        self._reported += 1
        if self._options.windows is not None and self._reported >= self._options.windows:
            self.stop(f"{self._reported} windows are over ({report.window.ticker} the last)")

    def _tell_run(self, text: str) -> None:
        self._logs.main("warning", "run", text)

    def _tell(self, text: str) -> None:
        self._logs.main("warning", "journal", text)
        self._note(text)

    def _note(self, text: str) -> None:
        self._told.appendleft(LogLine(self._clock.now(), "warning", "disk", text))


def _handshake(signer: Signer, wall: Clock) -> Mapping[str, str]:
    """The signed headers of a connection made now."""
    return signer.sign(wall.now() // MILLISECOND, "GET", WS_PATH)


async def _finished(reading: "asyncio.Task[int]") -> int:
    """The reader's exit code, once it has said the last of it."""
    done, _ = await asyncio.wait([reading], timeout=2.0)
    if not done:
        reading.cancel()
        return 0
    return reading.result()
