"""The simulated exchange on loopback, over the venue's own protocol.

This file adds sockets and nothing else: what is said is decided in ``sim.writes``, ``sim.reads``
and ``sim.session``, what happens in ``sim.exchange``. Venue time may run fast and start anywhere;
signatures, request limits and pings live in wall time.

**Invariants:**

- An event reaches the sessions in the same step in which it changed the book, so a snapshot taken
  between two steps and the deltas after it fit. The same holds for what a write did.
- A slow reader costs memory up to a limit, then error 25 and its connection; it never holds up
  the others.
"""

import asyncio
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Protocol

from aiohttp import WSCloseCode, WSMsgType, web

from kalshi_assistant.domain.errors import OperatorError
from kalshi_assistant.domain.ranges import check_ranges, setting
from kalshi_assistant.domain.time import MILLISECOND, SECOND, Nanos
from kalshi_assistant.runtime.clock import Clock
from kalshi_assistant.runtime.local_client import Credentials
from kalshi_assistant.runtime.local_spot import LocalSpot
from kalshi_assistant.runtime.write_buckets import WriteBuckets
from kalshi_assistant.sim import reads, writes
from kalshi_assistant.sim.frames import Frames
from kalshi_assistant.sim.private import Happened
from kalshi_assistant.sim.session import Session
from kalshi_assistant.venues.bucket import TokenBucket
from kalshi_assistant.venues.kalshi.signing import (
    KEY_HEADER,
    SIGNATURE_HEADER,
    TIMESTAMP_HEADER,
    verify,
)

HOST: Final = "127.0.0.1"
REST_PREFIX: Final = "/trade-api/v2"
WS_PATH: Final = "/trade-api/ws/v2"

SIGNATURE_TOLERANCE: Final = 30 * SECOND
"""How far a signature's time may be off. The venue does not say; its FIX gateway allows as much."""

HEARTBEAT: Final = b"heartbeat"
_MESSAGE_BYTES_MAX: Final = 64 * 1024 * 1024
_CLOSE_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalVenueSettings:
    """How the server treats its clients."""

    step_ms: int = setting(20, "wall time between two steps of the exchange", ge=1, le=1_000)
    slice_seconds: int = setting(5, "most venue time in one step while catching up", ge=1, le=900)
    ping_seconds: float = setting(10.0, "wall time between two pings", gt=0, le=600)
    outbound_bytes_max: int = setting(
        8_000_000, "unread bytes after which a connection is cut off", ge=1_000, le=1_000_000_000
    )

    def __post_init__(self) -> None:
        check_ranges(self)


class Market(writes.Exchange, Protocol):
    """An exchange that can be read, traded on and moved on."""

    def advance(self, to: Nanos) -> Sequence[Happened]:
        """Live until ``to``; what happened, in order."""


class Account:
    """Who may ask, and how often: one key pair, its read tokens and its write tokens, in wall
    time.
    """

    def __init__(self, credentials: Credentials, wall: Clock) -> None:
        self._credentials = credentials
        self._wall = wall
        self._tokens = TokenBucket(reads.READ_PER_SECOND, reads.READ_CAPACITY)
        self._writes = WriteBuckets()

    def signed(self, request: web.Request) -> bool:
        """Whether ``request`` carries a good signature of this account, made just now."""
        stamp = request.headers.get(TIMESTAMP_HEADER, "")
        if request.headers.get(KEY_HEADER) != self._credentials.key_id or not _is_number(stamp):
            return False
        if abs(int(stamp) * MILLISECOND - self._wall.now()) > SIGNATURE_TOLERANCE:
            return False
        path = request.raw_path.partition("?")[0]
        signature = request.headers.get(SIGNATURE_HEADER, "")
        return verify(self._credentials.public_key, stamp, request.method, path, signature)

    def may_spend(self, tokens: int) -> bool:
        """Take ``tokens`` if they are there."""
        return self._tokens.take(tokens, self._wall.now())

    def may_write(self, charge: writes.Charge) -> bool:
        """Take what a write costs if it is there, in every bucket that pays."""
        return self._writes.take(charge, self._wall.now())


class _Connection:
    """One WebSocket client: its session, and the frames it has not taken yet."""

    def __init__(
        self,
        socket: web.WebSocketResponse,
        transport: asyncio.Transport | None,
        session: Session,
        settings: LocalVenueSettings,
    ) -> None:
        self.session = session
        self._socket = socket
        self._transport = transport
        self._settings = settings
        self._frames: deque[bytes] = deque()
        self._bytes = 0
        self._ready = asyncio.Event()
        self._ending = False

    def put(self, frames: Iterable[bytes], now: Nanos) -> None:
        """Queue ``frames``; too many unread ones are replaced by the error that ends it."""
        if self._ending:
            return
        for frame in frames:
            self._frames.append(frame)
            self._bytes += len(frame)
        if self._bytes > self._settings.outbound_bytes_max:
            self._cut_off(now)
        if self._frames:
            self._ready.set()

    def _cut_off(self, now: Nanos) -> None:
        """One last frame for a client that reads again soon; else the line goes dead."""
        self._ending = True
        self._frames.clear()
        self._frames.append(self.session.overflow(now))
        if self._transport is not None:
            asyncio.get_running_loop().call_later(_CLOSE_SECONDS, self._transport.abort)

    async def serve(self, time: Clock) -> None:
        """Answer commands until the client goes; write and ping beside that."""
        async with asyncio.TaskGroup() as group:
            beside = [group.create_task(self._write()), group.create_task(self._beat())]
            async for message in self._socket:
                if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                    data = message.data
                    command = data.encode() if isinstance(data, str) else data
                    self.put(self.session.receive(command, time.now()), time.now())
            for task in beside:
                task.cancel()

    async def close(self) -> None:
        """End the connection because the exchange ends."""
        self._ending = True
        await self._socket.close(code=WSCloseCode.GOING_AWAY, message=b"exchange is closing")

    async def _write(self) -> None:
        with suppress(ConnectionResetError):
            while await self._ready.wait():
                self._ready.clear()
                while self._frames:
                    frame = self._frames.popleft()
                    self._bytes -= len(frame)
                    await self._socket.send_frame(frame, WSMsgType.TEXT)
                if self._ending:
                    await self._socket.close(code=WSCloseCode.TRY_AGAIN_LATER)

    async def _beat(self) -> None:
        with suppress(ConnectionResetError):
            while True:
                await asyncio.sleep(self._settings.ping_seconds)
                await self._socket.ping(HEARTBEAT)


class LocalVenue:
    """The server. ``time`` is the exchange's clock, ``wall`` the one signatures are checked by."""

    def __init__(
        self,
        exchange: Market,
        account: Account,
        time: Clock,
        settings: LocalVenueSettings | None = None,
        spot: LocalSpot | None = None,
    ) -> None:
        """``spot`` serves the constituents of the index beside the venue itself."""
        self._exchange = exchange
        self._spot = spot
        self._account = account
        self._time = time
        self._settings = settings or LocalVenueSettings()
        self._frames = Frames()
        self._connections: set[_Connection] = set()
        self._runner = web.AppRunner(
            self._application(), access_log=None, shutdown_timeout=_CLOSE_SECONDS
        )
        self._reached = time.now()

    async def listen(self, port: int) -> int:
        """Open ``port`` on loopback (0: any free one) and return it. Raises OperatorError."""
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, HOST, port).start()
        except OSError as error:
            raise OperatorError(f"cannot listen on port {port}: {error.strerror}") from error
        return int(self._runner.addresses[0][1])

    async def run(self) -> None:
        """Let the exchange live, until cancelled."""
        while True:
            self.step()
            behind = self._time.now() - self._reached > self._settings.slice_seconds * SECOND
            await asyncio.sleep(0 if behind else self._settings.step_ms / 1_000)

    def step(self) -> None:
        """Advance to now, or by one slice where that is far, and tell every connection."""
        furthest = self._reached + self._settings.slice_seconds * SECOND
        self._reached = min(self._time.now(), Nanos(furthest))
        self._publish()
        if self._spot is not None:
            self._spot.step(self._reached)

    def _publish(self) -> None:
        notices = self._frames.publish(self._exchange.advance(self._reached))
        for connection in self._connections:
            connection.put(connection.session.publish(notices, self._reached), self._reached)

    async def close(self) -> None:
        """Close every connection and the port."""
        await asyncio.gather(*(each.close() for each in self._connections))
        if self._spot is not None:
            await self._spot.close()
        await self._runner.cleanup()

    def _application(self) -> web.Application:
        application = web.Application(client_max_size=writes.BODY_MAX)
        application.router.add_get(WS_PATH, self._stream)
        if self._spot is not None:
            application.router.add_routes(self._spot.routes())
        application.router.add_route("*", "/{path:.*}", self._answer)
        return application

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        path = request.path
        if path.startswith(f"{REST_PREFIX}/") and path.endswith("/"):
            query = f"?{request.query_string}" if request.query_string else ""
            raise web.HTTPMovedPermanently(path.rstrip("/") + query)
        below = path.removeprefix(f"{REST_PREFIX}/")
        found = writes.find(request.method, below) if below != path else None
        if found is None:
            return _response(reads.NOT_FOUND)
        signs = SIGNATURE_HEADER in request.headers or not found.public
        if signs and not self._account.signed(request):
            return _response(reads.UNAUTHORIZED)
        given = {name: request.query.getall(name) for name in request.query}
        if found.writes:
            return await self._write(request, below, given)
        if signs and not self._account.may_spend(found.cost):
            return _response(reads.TOO_MANY)
        return _response(
            writes.answer(self._exchange, request.method, below, given, b"", self._reached)
        )

    async def _write(
        self, request: web.Request, below: str, given: Mapping[str, Sequence[str]]
    ) -> web.StreamResponse:
        """Do it now, and tell every connection before anything else is read."""
        try:
            body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            return _response(writes.TOO_LARGE)
        if not self._account.may_write(writes.charge(request.method, below, given, body)):
            return _response(reads.TOO_MANY)
        self.step()
        done = writes.answer(self._exchange, request.method, below, given, body, self._reached)
        self._publish()
        return _response(done)

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        if not self._account.signed(request):
            return _response(reads.UNAUTHORIZED)
        socket = web.WebSocketResponse(timeout=_CLOSE_SECONDS, max_msg_size=_MESSAGE_BYTES_MAX)
        if not socket.can_prepare(request):
            return _response(reads.NOT_FOUND)
        await socket.prepare(request)
        session = Session(self._frames, self._exchange.book)
        connection = _Connection(socket, request.transport, session, self._settings)
        self._connections.add(connection)
        try:
            await connection.serve(self._time)
        finally:
            self._connections.discard(connection)
        return socket


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 20


def _response(answer: reads.Answer) -> web.Response:
    status, body = answer
    if not body:
        return web.Response(status=status)
    return web.Response(status=status, body=body, content_type="application/json")
