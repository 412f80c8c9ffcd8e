"""The HTTP interface on loopback, before an engine whose snapshot a test turns by hand."""

import asyncio
from contextlib import asynccontextmanager
from types import SimpleNamespace

from aiohttp.test_utils import TestClient, TestServer

from kalshi_assistant.control.protocol import hello
from kalshi_assistant.domain.secrets import Secret
from kalshi_assistant.metrics.reading import EngineReader
from kalshi_assistant.metrics.serving import HttpApi
from kalshi_assistant.metrics.settings import HttpSettings
from tests.support import views
from tests.support.control import Engine, serving, until

TOKEN = "a-token-of-some-length"
OURS = {"Authorization": f"Bearer {TOKEN}"}
RETRY_SECONDS = 0.01


class Shown(Engine):
    """Shows a complete snapshot as of event ``sequence``."""

    def take_snapshot(self):
        self.asked += 1
        return views.snapshot(sequence=self.sequence)


def greeting(mode="paper"):
    return hello(program="0.1.0", pid=4711, mode=mode, environment="local")


def engine_at(directory, engine=None, mode="paper", **settings):
    """A running control server in ``directory``."""
    return serving(directory, engine or Shown(), greeting=greeting(mode), **settings)


def standing(snapshot, **changes):
    """What a reader shows, without one: for the pure parts."""
    plain = {
        "snapshot": snapshot,
        "down_because": None if snapshot is not None else "no engine runs",
        "age_seconds": None if snapshot is None else 0.25,
        "last_at": None if snapshot is None else snapshot.at,
        "attached": 1,
        "changes": 1,
        "engine": None if snapshot is None else greeting(),
    }
    return SimpleNamespace(**plain | changes)


@asynccontextmanager
async def over_http(directory, token=TOKEN, **settings):
    """(client, api, reader): served on loopback, reading the engine of ``directory``."""
    reader = EngineReader(directory, RETRY_SECONDS)
    chosen = HttpSettings(**{"states_per_second": 20.0} | settings)
    api = HttpApi(reader, chosen, None if token is None else Secret(token))
    running = asyncio.create_task(api.run())
    try:
        async with TestClient(TestServer(api.application())) as client:
            yield client, api, reader
    finally:
        running.cancel()
        await asyncio.wait([running])


async def shown(reader):
    """Wait for a snapshot."""
    await until(lambda: reader.snapshot is not None)
