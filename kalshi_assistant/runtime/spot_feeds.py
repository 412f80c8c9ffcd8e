"""The constituents on real sockets: one for each line, the documents some want, and the grid on
which the index is computed from their books.

All judgement is in ``venues.spot``; here are sockets, HTTP and the clock.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import aiohttp

from kalshi_assistant.domain.events import Event
from kalshi_assistant.domain.ids import Feed
from kalshi_assistant.domain.time import Nanos
from kalshi_assistant.journal.codec import FrameRecord
from kalshi_assistant.runtime.clock import Clock, wait_seconds
from kalshi_assistant.runtime.compiling import compile_aside
from kalshi_assistant.runtime.sockets import FrameSink, VenueSocket
from kalshi_assistant.runtime.warm import warm_replica
from kalshi_assistant.venues.spot.desk import GRID, SpotDesk
from kalshi_assistant.venues.spot.line import SpotLine

DOCUMENT_SECONDS: Final = 10.0
LOOK_SECONDS: Final = 0.2
"""How often lines are asked whether they want a document, real time."""
HEALTH_EVERY: Final = 5
"""Of the grid's instants: once a second."""
PING_SECONDS: Final = {"paxos": 4.0}
"""Lines that may be quiet for long and have no heartbeat of their own."""


class SpotFeeds:
    """Serves a desk until cancelled. ``urls`` and ``documents`` stand in for the venues' own
    addresses, by venue: for a local exchange.
    """

    def __init__(
        self,
        desk: SpotDesk,
        clock: Clock,
        put: Callable[[Sequence[Event]], None],
        frames: FrameSink | None,
        urls: Mapping[str, str] | None = None,
        documents: Mapping[str, str] | None = None,
        turn: asyncio.Lock | None = None,
    ) -> None:
        """``turn`` is whose turn it is to compile."""
        self._desk, self._clock, self._put, self._frames = desk, clock, put, frames
        self._urls, self._documents = urls, documents
        self._turn = turn or asyncio.Lock()
        self._served: dict[SpotLine, asyncio.Task[None]] = {}
        self._http: aiohttp.ClientSession | None = None

    async def run(self) -> None:
        """Until cancelled. Raises RuntimeError when the replica's machine code cannot be made."""
        compiling = asyncio.create_task(compile_aside("warm_replica", self._turn))
        try:
            for line in self._desk.lines.values():
                self._serve(line)
            await self._until(compiling)
            warm_replica()
            await self._on_the_grid()
        finally:
            ending = (compiling, *self._served.values())
            for task in ending:
                task.cancel()
            await asyncio.gather(*ending, return_exceptions=True)
            if self._http is not None:
                await self._http.close()

    async def _until(self, compiled: "asyncio.Task[None]") -> None:
        """Say how the lines are doing while there is no index from them yet."""
        while not compiled.done():
            await asyncio.wait([compiled], timeout=1.0)
            self._put([self._desk.health(self._clock.now())])
        compiled.result()

    async def _on_the_grid(self) -> None:
        clock, desk, last = self._clock, self._desk, 0
        while True:
            at = (clock.now() - desk.wait) // GRID * GRID
            if at != last:  # also before it, where the clock was set back
                last = at
                self._put([desk.replicate(Nanos(at), clock.now())])
                if at // GRID % HEALTH_EVERY == 0:
                    self._reconcile()
                    self._put([desk.health(clock.now())])
            await asyncio.sleep(max(wait_seconds(clock, at + GRID + desk.wait), 0.002))

    def _reconcile(self) -> None:
        for served in self._served.values():
            if served.done():
                served.result()  # what breaks in a line breaks the run, as anywhere else
        begun, over = self._desk.reconcile(self._clock.now())
        if begun is not None:
            self._serve(begun)
        if over is not None and (task := self._served.pop(over, None)) is not None:
            task.cancel()

    def _serve(self, line: SpotLine) -> None:
        self._served[line] = asyncio.create_task(self._line(line))

    async def _line(self, line: SpotLine) -> None:
        venue = line.wire.venue
        socket = VenueSocket(
            line.wire.url if self._urls is None else self._urls[venue],
            line,
            dict,
            self._clock,
            _nothing,
            self._frames,
            feed=line.feed,
            frame_bytes_max=line.wire.frame_bytes_max,
            ping_seconds=PING_SECONDS.get(venue),
        )
        async with asyncio.TaskGroup() as group:
            group.create_task(socket.run())
            group.create_task(self._serve_documents(line, socket))

    async def _serve_documents(self, line: SpotLine, socket: VenueSocket) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            url = line.document_wanted(self._clock.now())
            if url is not None:
                status, body = await self._fetch(line, url)
                now = self._clock.now()
                if self._frames is not None:
                    self._frames.write((FrameRecord(now, Feed(f"{line.feed}.rest"), "in", body),))
                line.take_document(status, body, now)
                socket.nudge()

    async def _fetch(self, line: SpotLine, url: str) -> tuple[int, bytes]:
        """Status and body; 0 and the reason where nothing was answered."""
        if self._http is None:
            self._http = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=DOCUMENT_SECONDS)
            )
        if self._documents is not None:
            url = self._documents[line.wire.venue]
        try:
            async with self._http.get(url) as answer:
                limit = line.wire.frame_bytes_max
                body = bytearray()
                async for piece in answer.content.iter_any():
                    body += piece
                    if len(body) > limit:
                        return 0, b"longer than a document may be"
                return answer.status, bytes(body)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            return 0, (str(error) or type(error).__name__).encode()


def _nothing(events: Sequence[Event]) -> None:
    """Lines give no events: what they hear becomes books."""
    assert not events, "a line gave events"
