"""A local exchange served from a thread, whose venue time moves only when the test says so."""

import asyncio
import threading
from contextlib import contextmanager

from kalshi_assistant.domain.time import MILLISECOND, SECOND
from kalshi_assistant.runtime.clock import SystemClock
from kalshi_assistant.runtime.local_client import make_credentials
from kalshi_assistant.runtime.local_venue import (
    HOST,
    REST_PREFIX,
    WS_PATH,
    Account,
    LocalVenue,
)
from tests.support.clocks import HandClock

PATIENCE_SECONDS = 20
PAUSE_SECONDS = 0.002
STEP = 100 * MILLISECOND


class Served:
    """The address and key of a running venue, and the hand on its clock."""

    def __init__(self, exchange, start, directory, kind):
        self._time = HandClock(start)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._exchange = exchange
        credentials = make_credentials(directory, kind)
        self.key_id = credentials.key_id
        self.private_key_path = str(credentials.private_key_path)
        self._venue = self._in_loop(self._build(exchange, credentials))

    async def _build(self, exchange, credentials):
        venue = LocalVenue(exchange, Account(credentials, SystemClock()), self._time)
        self.port = await venue.listen(0)
        return venue

    def _in_loop(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(PATIENCE_SECONDS)

    @property
    def rest_url(self):
        return f"http://{HOST}:{self.port}{REST_PREFIX}"

    @property
    def ws_url(self):
        return f"ws://{HOST}:{self.port}{WS_PATH}"

    def later(self, seconds):
        """Let the exchange live so many seconds of venue time, and tell its clients."""
        self._in_loop(self._live(seconds))

    async def _live(self, seconds):
        until = self._time.at + int(seconds * SECOND)
        while self._time.at < until:
            self._time.at = min(until, self._time.at + STEP)
            self._venue.step()
            await asyncio.sleep(0)

    def stranger(self, *order):
        """Somebody else's order, now; see ``Exchange.stranger``."""
        self._in_loop(self._come(*order))

    async def _come(self, *order):
        self._exchange.stranger(*order)
        self._venue.step()

    def close(self):
        self._in_loop(self._venue.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE_SECONDS)
        self._loop.close()


@contextmanager
def served(exchange, start, directory, kind="rsa"):
    """Serve ``exchange``, which begins at ``start``, with a key of ``kind`` in ``directory``."""
    venue = Served(exchange, start, directory, kind)
    try:
        yield venue
    finally:
        venue.close()


def wait_until(condition, what):
    """Ask until ``condition`` answers with something true, and return it."""
    pause = threading.Event()
    for _ in range(int(PATIENCE_SECONDS / PAUSE_SECONDS)):
        if answer := condition():
            return answer
        pause.wait(PAUSE_SECONDS)
    raise AssertionError(f"never happened: {what}")
