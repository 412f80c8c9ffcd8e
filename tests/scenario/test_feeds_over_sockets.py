"""Every feed against the local exchange over real sockets: the eight, and no key at all."""

import asyncio
from dataclasses import replace

import pytest

from kalshi_assistant.cli.demo import local_venue
from kalshi_assistant.control.settings import ControlSettings
from kalshi_assistant.engine.settings import EngineSettings
from kalshi_assistant.journal.retention import journal_files
from kalshi_assistant.journal.settings import JournalSettings
from kalshi_assistant.market.sources import SourceSettings
from kalshi_assistant.runtime import spot_feeds
from kalshi_assistant.runtime.inbox import InboxSettings
from kalshi_assistant.runtime.live import Live, LiveOptions
from kalshi_assistant.runtime.logs import open_logs
from kalshi_assistant.runtime.replay import JournalReplay
from kalshi_assistant.runtime.warm import warm_replica, warm_up
from kalshi_assistant.venues.brti.wire import CfSettings
from kalshi_assistant.venues.kalshi.session import SessionSettings
from kalshi_assistant.venues.spot.desk import WIRES
from kalshi_assistant.venues.spot.settings import SpotSettings
from tests.scenario.test_live_over_sockets import PATIENCE_SECONDS, Exchange

pytestmark = [pytest.mark.loopback, pytest.mark.enable_socket]

SPEED = 10.0
"""Venue seconds a second: sixty before the close, and ten to its settlement, in seven."""
UNHURRIED = SourceSettings(stale_seconds=60.0, jump_seconds=60.0, clock_ms=30_000.0)
"""Six seconds of the machine's, and three: nothing here is late because the machine is busy."""


@pytest.fixture(scope="module", autouse=True)
def compiled():
    warm_up()
    warm_replica()


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    """The machine code is there: no child has to make it."""

    async def ready(what, turn):
        return None

    monkeypatch.setattr(spot_feeds, "compile_aside", ready)


def options(folder, windows):
    return LiveOptions(
        session=SessionSettings(silence_seconds=300.0, reply_seconds=50.0),
        journal=JournalSettings(compress=False),
        inbox=InboxSettings(),
        control=ControlSettings(),
        spot=SpotSettings(lmax=True, silence_seconds=200.0),
        cf=CfSettings(),
        control_dir=folder / "control",
        journal_dir=folder / "journals",
        seed=3,
        windows=windows,
    )


async def run(folder, *, key=True, windows=1):
    """One window; what was seen before it settled, and the run."""
    async with Exchange(folder, speed=SPEED, opens_before_close=60) as exchange:
        venue = local_venue(exchange.client_file)
        if not key:
            venue = replace(venue, signer=None)
        settings = EngineSettings(
            sources=UNHURRIED,
            environment="test",
            polled=not key,
        )
        logs = open_logs(folder / "logs", venue.clock)
        live = Live(venue, settings, options(folder, windows), logs)
        running, seen = asyncio.create_task(live.run()), []
        while not running.done():
            snapshot = live.snapshot()
            if snapshot.market is not None and not snapshot.windows:
                seen.append(snapshot)
            await asyncio.wait([running], timeout=0.2)
        await asyncio.wait_for(running, PATIENCE_SECONDS)
        logs.close()
        return seen, live


async def test_eight_constituents_make_the_copy_and_the_window_settles(tmp_path):
    seen, live = await run(tmp_path)
    copies = [each.index.replica for each in seen if each.index.replica is not None]
    assert max(len(copy.used) for copy in copies) == len(WIRES)
    assert copies[-1].compared > 0
    assert seen[-1].index.label == "BRTI"
    assert not seen[-1].index.estimated
    (window, *_) = live.snapshot().windows
    assert (window.prints, window.agrees) == (60, True)
    feeds = {view.name: view for view in live.snapshot().feeds}
    assert {f"spot.{venue}" for venue in WIRES} <= feeds.keys()
    assert feeds["spot.kraken"].malformed == 0
    assert {view.policy for view in live.snapshot().queues} == {
        *("drop_oldest", "drop_newest", "raise", "block"),
    }
    replay = JournalReplay(journal_files(tmp_path / "journals", ".events"))
    for _ in replay.run():
        pass
    assert replay.result.differs_at is None


async def test_without_a_key_everything_lives_and_nothing_is_traded(tmp_path):
    seen, live = await run(tmp_path, key=False)
    last = seen[-1]
    assert last.polled
    assert last.market.strike is not None
    assert last.market.book.known
    assert last.index.estimated
    assert last.index.label == "estimate from chart"
    assert last.index.replica.value is not None
    (window, *_) = live.snapshot().windows
    assert window.result is not None
    assert (window.our_settlement, window.agrees) == (None, None)
    assert live.snapshot().paper.fills == 0
