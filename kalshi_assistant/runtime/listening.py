"""How the venue's markets are listened to: over its socket with a key, by asking without one."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, Protocol

import aiohttp

from kalshi_assistant.domain.events import Event
from kalshi_assistant.domain.ids import Ticker
from kalshi_assistant.domain.time import Nanos
from kalshi_assistant.journal.codec import FrameRecord
from kalshi_assistant.runtime.clock import Clock, wait_seconds
from kalshi_assistant.runtime.http import RefusedError, whole_body, why
from kalshi_assistant.runtime.sockets import FrameSink, VenueSocket
from kalshi_assistant.venues.kalshi.polling import POLL, PublicPoller
from kalshi_assistant.venues.kalshi.rest import Request
from kalshi_assistant.venues.kalshi.session import KalshiSession

ANSWER_SECONDS: Final = 4.0
"""A public read without an answer after so long has failed: the next one is due already."""
LOOK_SECONDS: Final = 0.5
LEAST_SECONDS: Final = 0.02


class Listener(Protocol):
    """Follows markets and lets their events in."""

    def watch(self, ticker: Ticker) -> None:
        """Follow a market."""

    def unwatch(self, ticker: Ticker) -> None:
        """Let go of it."""

    def resync(self, ticker: Ticker, reason: str) -> None:
        """Its book is not believed any more: get a whole one."""

    def check(self, ticker: Ticker) -> None:
        """Its book is believed: get a whole one to compare with."""

    def close(self, now: Nanos) -> Sequence[Event]:
        """No more; what is to be told of the end."""

    async def run(self) -> None:
        """Listen until cancelled."""


class SocketListener:
    """The venue's socket."""

    def __init__(self, session: KalshiSession, socket: VenueSocket) -> None:
        self._session, self._socket = session, socket

    def watch(self, ticker: Ticker) -> None:
        """Subscribe."""
        self._session.watch(ticker)
        self._socket.nudge()

    def unwatch(self, ticker: Ticker) -> None:
        """Unsubscribe."""
        self._session.unwatch(ticker)
        self._socket.nudge()

    def resync(self, ticker: Ticker, reason: str) -> None:
        """Ask for a snapshot."""
        self._session.resync(ticker, reason)
        self._socket.nudge()

    def check(self, ticker: Ticker) -> None:
        """Ask for a snapshot without doubting."""
        self._session.check(ticker)
        self._socket.nudge()

    def close(self, now: Nanos) -> Sequence[Event]:
        """Close the session."""
        return self._session.close(now)

    async def run(self) -> None:
        """Keep the session connected."""
        await self._socket.run()


class PolledListener:
    """Public reads, over and over."""

    def __init__(
        self,
        poller: PublicPoller,
        rest_url: str,
        clock: Clock,
        put: Callable[[Sequence[Event]], None],
        frames: FrameSink | None = None,
    ) -> None:
        self._frames = frames
        self._poller, self._url = poller, rest_url.rstrip("/")
        self._clock, self._put = clock, put
        self._reads: set[asyncio.Task[None]] = set()

    def watch(self, ticker: Ticker) -> None:
        """Ask for this market from now on."""
        self._poller.watch(ticker)

    def unwatch(self, ticker: Ticker) -> None:
        """Stop asking."""
        self._poller.unwatch(ticker)

    def resync(self, ticker: Ticker, reason: str) -> None:
        """Every answer is a whole book: the next one mends it."""

    def check(self, ticker: Ticker) -> None:
        """The next answer is a whole book anyway."""

    def close(self, now: Nanos) -> Sequence[Event]:  # noqa: ARG002  # the contract's signature
        """Nothing was held open."""
        return ()

    async def run(self) -> None:
        """Ask what is due until cancelled."""
        timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
        async with aiohttp.ClientSession(timeout=timeout) as http:
            try:
                while True:
                    now = self._clock.now()
                    for request in self._poller.due(now):
                        read = asyncio.create_task(self._read(http, request))
                        self._reads.add(read)
                        read.add_done_callback(self._reads.discard)
                    self._put(self._poller.tick(now))
                    await asyncio.sleep(self._patience(now))
            finally:
                for read in list(self._reads):
                    read.cancel()
                await asyncio.gather(*self._reads, return_exceptions=True)

    def _patience(self, now: Nanos) -> float:
        due = self._poller.wake_at(now)
        wait = LOOK_SECONDS if due is None else wait_seconds(self._clock, due)
        return min(max(wait, LEAST_SECONDS), LOOK_SECONDS)

    async def _read(self, http: aiohttp.ClientSession, request: Request) -> None:
        poller, now = self._poller, self._clock.now
        try:
            url = self._url + request.path
            async with http.get(url, params=request.query) as response:
                body = await whole_body(response.content, request.path)
                if self._frames is not None:
                    self._frames.write((FrameRecord(now(), POLL, "in", body),))
                self._put(poller.answered(request, response.status, body, now()))
        except RefusedError as refused:
            self._put(poller.failed(request, str(refused), now()))
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            self._put(poller.failed(request, why(error), now()))
