"""The constituents of the simulated index on loopback, each over its own protocol.

Sockets and nothing else: what is said is decided in ``sim.spot``, what happens in the exchange.
Everybody may listen, as at the real venues. A reader that does not keep up is cut off.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Final, Protocol

from aiohttp import WSMsgType, web

from kalshi_assistant.domain.time import Nanos
from kalshi_assistant.runtime.clock import Clock
from kalshi_assistant.sim.constituents import SpotMove
from kalshi_assistant.sim.spot.served import (
    DOCUMENT_PATHS,
    PATHS,
    Change,
    Levels,
    SpotServer,
    document,
    serve,
)

PREFIX: Final = "/spot"
UNREAD_BYTES_MAX: Final = 16_000_000
COMMAND_BYTES_MAX: Final = 65_536
_CLOSE_SECONDS: Final = 2.0


class SpotWorld(Protocol):
    """An exchange whose index is made from books."""

    def spot_moves(self) -> Sequence[SpotMove]:
        """What changed since the last question."""

    def spot_levels(self, venue: str, side: int) -> Levels:
        """A whole side as of now, best first."""


class VenueBook:
    """One venue's book in the world."""

    def __init__(self, world: SpotWorld, venue: str) -> None:
        self._world, self._venue = world, venue

    def levels(self, side: int) -> Levels:
        """A whole side as of now, best first."""
        return self._world.spot_levels(self._venue, side)


class _Connection:
    """One client of one venue, and the frames it has not taken yet."""

    def __init__(self, venue: str, server: SpotServer, socket: web.WebSocketResponse) -> None:
        self.venue, self.server = venue, server
        self._socket = socket
        self._frames: deque[bytes] = deque()
        self._bytes = 0
        self._ready = asyncio.Event()

    @property
    def too_slow(self) -> bool:
        """Whether more is unread than is kept for anybody."""
        return self._bytes > UNREAD_BYTES_MAX

    def put(self, frames: Iterable[bytes]) -> None:
        """Queue frames."""
        for frame in frames:
            self._frames.append(frame)
            self._bytes += len(frame)
        if self._frames or self.server.closed or self.too_slow:
            self._ready.set()

    async def serve(self, now: Callable[[], Nanos]) -> None:
        """Answer commands until either side ends it."""
        self.put(self.server.opened(now()))
        writing = asyncio.create_task(self._write())
        try:
            async for message in self._socket:
                if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                    data = message.data
                    command = data.encode() if isinstance(data, str) else data
                    self.put(self.server.receive(command, now()))
        finally:
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)

    async def end(self) -> None:
        """The world ends."""
        await self._socket.close()

    async def _write(self) -> None:
        with suppress(ConnectionResetError):
            while await self._ready.wait():
                self._ready.clear()
                while self._frames and not self.too_slow:
                    frame = self._frames.popleft()
                    self._bytes -= len(frame)
                    await self._socket.send_frame(frame, WSMsgType.TEXT)
                if self.server.closed or self.too_slow:
                    await self._socket.close()
                    return


class LocalSpot:
    """All eight for any number of clients; ``step`` after each step of the world."""

    def __init__(self, world: SpotWorld, time: Clock) -> None:
        self._world = world
        self._reached = time.now()
        """Up to where the books were told; a document stamped later would hide what comes next."""
        self._connections: set[_Connection] = set()

    def routes(self) -> list[web.RouteDef]:
        """What the server has to know."""
        sockets = [web.get(PREFIX + path, self._stream) for path in PATHS.values()]
        documents = [web.get(PREFIX + path, self._document) for path in DOCUMENT_PATHS.values()]
        return [*sockets, *documents]

    def step(self, now: Nanos) -> None:
        """Tell every client what changed, and what is due."""
        self._reached = now
        moves: defaultdict[str, list[SpotMove]] = defaultdict(list)
        for move in self._world.spot_moves():
            moves[move.venue].append(move)
        for connection in self._connections:
            for move in moves[connection.venue]:
                connection.put(connection.server.publish(_changes(move), move.at))
            connection.put(connection.server.tick(now))

    def reached(self) -> Nanos:
        """The instant of the books."""
        return self._reached

    async def close(self) -> None:
        """End every connection."""
        await asyncio.gather(*(each.end() for each in self._connections))

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(timeout=_CLOSE_SECONDS, max_msg_size=COMMAND_BYTES_MAX)
        if not socket.can_prepare(request):
            return web.Response(status=426, text="this is a WebSocket")
        await socket.prepare(request)
        venue = _venue(request.path, PATHS)
        connection = _Connection(venue, serve(venue, VenueBook(self._world, venue)), socket)
        self._connections.add(connection)
        try:
            await connection.serve(self.reached)
        finally:
            self._connections.discard(connection)
        return socket

    async def _document(self, request: web.Request) -> web.Response:
        venue = _venue(request.path, DOCUMENT_PATHS)
        found = document(venue, VenueBook(self._world, venue), self._reached)
        assert found is not None, "a route stands for a document"
        status, body = found
        return web.Response(status=status, body=body, content_type="application/json")


def _changes(move: SpotMove) -> Sequence[Change]:
    return move.changes


def _venue(path: str, paths: dict[str, str]) -> str:
    return next(venue for venue, known in paths.items() if path == PREFIX + known)
