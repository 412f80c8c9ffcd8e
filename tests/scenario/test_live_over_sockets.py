"""The live life against the local exchange over real sockets: a window from before its close on."""

import asyncio
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
from kalshi_assistant.venues.spot.desk import SpotSettings

pytestmark = [pytest.mark.loopback, pytest.mark.enable_socket]


@pytest.fixture(scope="module", autouse=True)
def compiled():
    """Machine code before the first exchange starts its clock: a window lasts a second here."""
    warm_up()


PAPER = EngineSettings(mode="paper", environment="test")
PATIENCE_SECONDS = 60


class Exchange:
    """A local exchange in this process, forty seconds before a close, a minute a second."""

    def __init__(self, folder, key="ed25519", speed=60.0):
        self._stop, self._ready = asyncio.Event(), asyncio.Event()
        options = LocalExchangeOptions(
            client_dir=folder, seed=3, speed=speed, key=key, opens_before_close=40
        )
        ready = lambda _: self._ready.set()  # noqa: E731  # a callback of one word
        self._serving = asyncio.create_task(serve(options, SystemClock(), self._stop, ready))
        self.client_file = folder / CLIENT_FILE

    async def __aenter__(self):
        await asyncio.wait_for(self._ready.wait(), PATIENCE_SECONDS)
        return self

    async def __aexit__(self, *_):
        self._stop.set()
        await asyncio.wait_for(self._serving, PATIENCE_SECONDS)


def options(folder, windows, **session):
    return LiveOptions(
        session=SessionSettings(**session),
        journal=JournalSettings(compress=False),
        inbox=InboxSettings(),
        control=ControlSettings(),
        spot=SpotSettings(enabled=False),
        cf=CfSettings(),
        control_dir=folder / "control",
        journal_dir=folder / "journals",
        seed=3,
        windows=windows,
    )


async def run_windows(folder, exchange, windows=1, meanwhile=None, **session):
    venue = local_venue(exchange.client_file)
    logs = open_logs(folder / "logs", venue.clock)
    live = Live(venue, PAPER, options(folder, windows, **session), logs)
    running = asyncio.create_task(live.run())
    if meanwhile is not None:
        await meanwhile(live)
    await asyncio.wait_for(running, PATIENCE_SECONDS)
    logs.close()
    return live


@pytest.mark.parametrize(("key", "client"), [("ed25519", "websockets"), ("rsa", "picows")])
async def test_a_window_settles_as_the_venue_says_and_its_journal_replays_the_same(
    tmp_path, key, client
):
    async with Exchange(tmp_path, key) as exchange:
        live = await run_windows(tmp_path, exchange, client=client)
    (window, *_) = live.snapshot().windows
    assert (window.prints, window.agrees) == (60, True)
    replay = JournalReplay(journal_files(tmp_path / "journals", ".events"))
    for _ in replay.run():
        pass
    assert replay.result.differs_at is None
    assert replay.engine.fingerprint() == live.engine.fingerprint()


DECODED = (BookSnapshot, BookDelta, TradeSeen, IndexPrinted, StrikeSet, MarketDetermined)
"""Kinds that come from frames alone and that the inbox never lets one overtake another."""


async def test_decoding_the_frame_journal_again_gives_the_events_that_were_handled(tmp_path):
    async with Exchange(tmp_path) as exchange:
        await run_windows(tmp_path, exchange)
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
    assert len(handled) > 200  # a busy machine connects late into a window that lasts a second
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
        await run_windows(tmp_path, exchange, windows=None, meanwhile=read)
    assert seen[-1].paused == "test"


async def attach_when_there(folder: Path):
    loop = asyncio.get_running_loop()
    deadline = loop.time() + PATIENCE_SECONDS
    while not (folder / "engine.sock").exists():
        assert loop.time() < deadline
        await asyncio.sleep(0)
    return await attach(folder)


async def test_an_exchange_that_goes_away_is_told_and_the_engine_goes_on(tmp_path):
    async with Exchange(tmp_path, speed=1.0) as exchange:
        venue = local_venue(exchange.client_file)
        logs = open_logs(tmp_path / "logs", venue.clock)
        live = Live(venue, PAPER, options(tmp_path, None), logs)
        running = asyncio.create_task(live.run())
        await until(lambda: live.snapshot().market is not None)
        await until(lambda: live.snapshot().market.book.known)
    await until(lambda: not live.snapshot().market.book.known)
    snapshot = live.snapshot()
    states = {feed.name: feed.state for feed in snapshot.feeds}
    live.stop("enough")
    await asyncio.wait_for(running, PATIENCE_SECONDS)
    logs.close()
    assert states["kalshi.socket"] == "down"
    assert "lost" in snapshot.market.book.unknown_because


async def until(condition):
    loop = asyncio.get_running_loop()
    deadline = loop.time() + PATIENCE_SECONDS
    while not condition():
        assert loop.time() < deadline
        await asyncio.sleep(0)
