"""The constituents' sockets end with everything they began."""

import asyncio
import gc

import pytest

from kalshi_assistant.domain.time import SECOND, Nanos
from kalshi_assistant.market.replica_settings import ReplicaSettings
from kalshi_assistant.quant.rng import stream
from kalshi_assistant.runtime import spot_feeds as module
from kalshi_assistant.runtime.clock import SystemClock
from kalshi_assistant.runtime.spot_feeds import SpotFeeds
from kalshi_assistant.venues.spot.desk import SpotDesk
from kalshi_assistant.venues.spot.settings import SpotSettings

NAMES = ("coinbase", "kraken", "bitstamp", "gemini", "cryptocom", "bullish", "paxos", "lmax")
NONE = SpotSettings(**dict.fromkeys(NAMES, False))


async def test_a_compiler_that_dies_while_all_ends_is_no_error(monkeypatch):
    died, told = asyncio.Event(), []

    async def compile_aside(what, _turn):
        await died.wait()
        raise RuntimeError(f"{what} could not be compiled: no reason given")

    monkeypatch.setattr(module, "compile_aside", compile_aside)
    asyncio.get_running_loop().set_exception_handler(lambda _, about: told.append(about))
    desk = SpotDesk(NONE, ReplicaSettings(), lambda name: stream(1, name), Nanos(SECOND))
    running = asyncio.create_task(SpotFeeds(desk, SystemClock(), lambda _: None, None).run())
    for _ in range(5):
        await asyncio.sleep(0)
    running.cancel()
    died.set()
    with pytest.raises(asyncio.CancelledError):
        await running
    for _ in range(5):
        await asyncio.sleep(0)
    del running
    gc.collect()
    assert told == []
