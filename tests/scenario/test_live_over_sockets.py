"""The live life against the local exchange over real sockets: a window from before its close on."""

import asyncio
import dataclasses
from pathlib import Path

import pytest

from kalshi_assistant.cli.demo import local_venue
from kalshi_assistant.control.client import attach
from kalshi_assistant.control.settings import ControlSettings
from kalshi_assistant.domain.events import (
    BookDelta,
    BookSnapshot,
    IndexPrinted,
    MarketDetermined,
    StrikeSet,
    TradeSeen,
)
from kalshi_assistant.engine.settings import EngineSettings
from kalshi_assistant.journal.codec import EVENTS, FRAMES
from kalshi_assistant.journal.reader import JournalReader
from kalshi_assistant.journal.retention import journal_files
from kalshi_assistant.journal.settings import JournalSettings
from kalshi_assistant.runtime.clock import SystemClock
from kalshi_assistant.runtime.inbox import InboxSettings
from kalshi_assistant.runtime.live import Live, LiveOptions
from kalshi_assistant.runtime.local_client import CLIENT_FILE
from kalshi_assistant.runtime.local_exchange import LocalExchangeOptions, serve
from kalshi_assistant.runtime.logs import open_logs
from kalshi_assistant.runtime.replay import JournalReplay
from kalshi_assistant.runtime.warm import warm_up
from kalshi_assistant.venues.brti.wire import CfSettings
from kalshi_assistant.venues.kalshi.session import SessionSettings
from kalshi_assistant.venues.kalshi.wire import KalshiWire
from kalshi_assistant.venues.spot.settings import SpotSettings

pytestmark = [pytest.mark.loopback, pytest.mark.enable_socket]


@pytest.fixture(scope="module", autouse=True)
def compiled():
    """Machine code before the first exchange starts its clock: a window lasts a second here."""
    warm_up()


PAPER = EngineSettings(mode="paper", environment="test")
PATIENCE_SECONDS = 100


class Exchange:
    """A local exchange in this process; by default a minute in three seconds, and five of the
    machine's to connect in before a close: a busy one needs them.
    """

    def __init__(self, folder, key="ed25519", speed=20.0, opens_before_close=100):
        self._stop, self._ready = asyncio.Event(), asyncio.Event()
        options = LocalExchangeOptions(
            client_dir=folder,
            seed=3,
            speed=speed,
            key=key,
            opens_before_close=opens_before_close,
        )
        ready = lambda _: self._ready.set()  # noqa: E731  # a callback of one word
        self._serving = asyncio.create_task(serve(options, SystemClock(), self._stop, ready))
        self.client_file = folder / CLIENT_FILE

    async def ready(self):
        await asyncio.wait_for(self._ready.wait(), PATIENCE_SECONDS)

    async def __aenter__(self):
        await self.ready()
        return self

    async def __aexit__(self, *_):
        self._stop.set()
        await asyncio.wait_for(self._serving, PATIENCE_SECONDS)


def options(folder, **session):
    return LiveOptions(
        session=SessionSettings(silence_seconds=300.0, reply_seconds=50.0, **session),
        journal=JournalSettings(compress=False),
        inbox=InboxSettings(),
        control=ControlSettings(),
        spot=SpotSettings(enabled=False),
        cf=CfSettings(),
        control_dir=folder / "control",
        journal_dir=folder / "journals",
        seed=3,
    )


def new_live(folder, exchange, **session):
    venue = local_venue(exchange.client_file)
    logs = open_logs(folder / "logs", venue.clock)
    return Live(venue, PAPER, options(folder, **session), logs), logs


async def test_the_time_of_events_follows_the_systems_clock_when_that_is_set(tmp_path):
    """Whatever notices that it was set has to move the very clock that stamps events; a local
    exchange's time is its own.
    """
    async with Exchange(tmp_path) as exchange:
        venue = local_venue(exchange.client_file)
    logs = open_logs(tmp_path / "logs", venue.clock)
    real = Live(dataclasses.replace(venue, clock=SystemClock()), PAPER, options(tmp_path), logs)
    assert real._wall is real._clock
    local = Live(venue, PAPER, options(tmp_path), logs)
    assert local._wall is not local._clock
    logs.close()


async def run_while(folder, exchange, meanwhile, **session):
    """Until ``meanwhile`` is over."""
    live, logs = new_live(folder, exchange, **session)
    running = asyncio.create_task(live.run())
    await meanwhile(live)
    live.stop("enough")
    await asyncio.wait_for(running, PATIENCE_SECONDS)
    logs.close()
    return live


async def run_window(folder, exchange, **session):
    """Until a window was seen whole and settled: the next, where a busy machine joined late."""

    async def settled(live):
        await until(lambda: any(each.prints == 60 for each in live.snapshot().windows))

    return await run_while(folder, exchange, settled, **session)


@pytest.mark.parametrize(("key", "client"), [("ed25519", "websockets"), ("rsa", "picows")])
async def test_a_window_settles_as_the_venue_says_and_its_journal_replays_the_same(
    tmp_path, key, client
):
    async with Exchange(tmp_path, key) as exchange:
        live = await run_window(tmp_path, exchange, client=client)
    window = next(each for each in live.snapshot().windows if each.prints == 60)
    assert window.agrees is True
    replay = JournalReplay(journal_files(tmp_path / "journals", ".events"))
    for _ in replay.run():
        pass
    assert replay.result.differs_at is None
    assert replay.engine.fingerprint() == live.engine.fingerprint()


DECODED = (BookSnapshot, BookDelta, TradeSeen, IndexPrinted, StrikeSet, MarketDetermined)
"""Kinds that come from frames alone and that the inbox never lets one overtake another."""


async def test_decoding_the_frame_journal_again_gives_the_events_that_were_handled(tmp_path):
    async with Exchange(tmp_path) as exchange:
        await run_window(tmp_path, exchange)
    frames = JournalReader(FRAMES, journal_files(tmp_path / "journals", ".frames"))
    events = JournalReader(EVENTS, journal_files(tmp_path / "journals", ".events"))
    wire = KalshiWire()
    again = [
        event
        for record in frames
        if record.direction == "in"
        for event in wire.receive(record.frame, record.received_at)
        if isinstance(event, DECODED)
    ]
    handled = [record.event for record in events if isinstance(record.event, DECODED)]
    assert len(handled) > 100
    assert again[: len(handled)] == handled


async def test_a_reader_sees_snapshots_pauses_signals_and_stops_the_engine(tmp_path):
    seen = []

    async def read(live):
        client = await attach_when_there(tmp_path / "control")
        assert client.hello.mode == "paper"
        assert (await client.command("pause", "test")).ok
        async for snapshot in client.snapshots():
            seen.append(snapshot)
            if snapshot.paused == "test":
                break
        assert not (await client.command("dance")).ok
        assert (await client.command("quit")).ok
        await client.close()

    async with Exchange(tmp_path, speed=1.0) as exchange:
        await run_while(tmp_path, exchange, read)
    assert seen[-1].paused == "test"


async def attach_when_there(folder: Path):
    await until((folder / "engine.sock").exists)
    return await attach(folder)


async def test_an_exchange_that_goes_away_is_told_and_the_engine_goes_on(tmp_path):
    exchange, told = Exchange(tmp_path, speed=1.0), []

    async def watch(live):
        async with exchange:
            await until(lambda: live.snapshot().market is not None)
            await until(lambda: live.snapshot().market.book.known)
        await until(lambda: not live.snapshot().market.book.known)
        told.append(live.snapshot())

    await exchange.ready()
    await run_while(tmp_path, exchange, watch)
    (snapshot,) = told
    states = {feed.name: feed.state for feed in snapshot.feeds}
    assert states["kalshi.socket"] == "down"
    assert "lost" in snapshot.market.book.unknown_because


async def until(condition):
    loop = asyncio.get_running_loop()
    deadline, never = loop.time() + PATIENCE_SECONDS, loop.create_future()
    while not condition():
        assert loop.time() < deadline
        await asyncio.wait([never], timeout=0.02)
