"""The venue's socket: bytes in to the session, bytes out from it. All judgement is the session's.

Raw frames go to the frame journal as evidence, stamped at receipt (``frame_queue`` gathers them).

The ``websockets`` package carries it; ``socket_kind`` gives the quicker client where that is asked
for and installed. Both live the same life and say the same to the session.
"""

import asyncio
import ssl
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, runtime_checkable

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI
from websockets.frames import Close

from kalshi_assistant.domain.events import Event
from kalshi_assistant.domain.ids import Feed
from kalshi_assistant.domain.time import Nanos
from kalshi_assistant.engine.feeds import SOCKET
from kalshi_assistant.journal.codec import FrameRecord
from kalshi_assistant.runtime.clock import TOLERANCE, Clock, wait_seconds
from kalshi_assistant.venues.kalshi.session import SocketClient
from kalshi_assistant.venues.wire import Session

FRAME_BYTES_MAX = 64 * 2**20
"""The venue's own limit on a message."""
CONNECT_SECONDS = 10.0
CLOSE_SECONDS = 2.0
"""A peer that does not say goodbye back is left after this: an orderly stop waits for it."""
CLOSED_BY_US = "closed by us"
TICK_SECONDS = 0.5
"""How often the session is asked whether it has waited too long."""


@runtime_checkable
class Pinged(Protocol):
    """A session that wants to know of answers to pings."""

    def alive(self, now: Nanos) -> None:
        """One came."""


class FrameSink(Protocol):
    """Where raw frames are written down."""

    def write(self, records: Sequence[FrameRecord]) -> None:
        """Append a batch."""


class Link(Protocol):
    """An open connection, as far as one who talks needs it."""

    async def send(self, message: str, /) -> None:
        """Send a text."""

    async def close(self) -> None:
        """Say goodbye and close."""


class VenueSocket:
    """Keeps one session connected until stopped."""

    def __init__(
        self,
        url: str,
        session: Session,
        sign: Callable[[], Mapping[str, str]],
        clock: Clock,
        put: Callable[[Sequence[Event]], None],
        frames: FrameSink | None = None,
        *,
        feed: Feed = SOCKET,
        frame_bytes_max: int = FRAME_BYTES_MAX,
        ping_seconds: float | None = None,
    ) -> None:
        """``feed`` names the frames in the journal. With ``ping_seconds`` the other side is pinged,
        and its answers are told to ``session.alive``: for lines that may be quiet and live.
        """
        self._url = url
        self._session = session
        self._sign = sign
        self._clock = clock
        self._put = put
        self._frames = frames
        self._feed = feed
        self._frame_bytes_max = frame_bytes_max
        self._ping_seconds = ping_seconds
        self._wake = asyncio.Event()
        self._latest = Nanos(0)

    def nudge(self) -> None:
        """The session has something new to say."""
        self._wake.set()

    async def run(self) -> None:
        """Connect, serve, and connect again when the session wants to; until cancelled."""
        session, clock = self._session, self._clock
        while True:
            anew = self._was_set_back() and session.wake_at() is not None
            if anew or session.wants_connection(clock.now()):
                session.connect(clock.now())
                await self._once()
            else:
                await self._rest()

    def _was_set_back(self) -> bool:
        """Whether the clock was set back since last asked: what a session waits for by the old one
        would be long in coming, so it is connected anew.
        """
        latest, self._latest = self._latest, self._clock.now()
        return self._latest < latest - TOLERANCE

    async def _rest(self) -> None:
        """Wait for the session's next wish to connect."""
        due = self._session.wake_at()
        patience = TICK_SECONDS if due is None else wait_seconds(self._clock, due)
        await asyncio.sleep(max(0.02, min(patience, TICK_SECONDS)))
        self._put(self._session.tick(self._clock.now()))

    async def _once(self) -> None:
        """One connection, from handshake to its end, told to the session in its own words."""
        session, now = self._session, self._clock.now
        try:
            async with connect(
                self._url,
                additional_headers=dict(self._sign()),
                max_size=self._frame_bytes_max,
                open_timeout=CONNECT_SECONDS,
                close_timeout=CLOSE_SECONDS,
                ping_interval=None,
                compression=None,
            ) as connection:
                self._put(session.opened(now()))
                await self._serve(connection)
                self._put(session.dropped(now(), CLOSED_BY_US))
        except InvalidStatus as error:
            status = error.response.status_code
            self._put(session.refused(now(), status, f"HTTP {status}"))
        except ConnectionClosed as error:
            said = _words(error.sent), _words(error.rcvd)
            why = why_closed(*said, received_first=bool(error.rcvd_then_sent))
            self._put(session.dropped(now(), why))
        except (InvalidHandshake, InvalidURI, OSError, TimeoutError, ssl.SSLError) as error:
            self._put(session.refused(now(), None, str(error) or type(error).__name__))

    async def _serve(self, connection: ClientConnection) -> None:
        """Frames in, commands out, until the session has had enough of this connection."""
        talker = asyncio.create_task(self._talk(connection))
        pinger = asyncio.create_task(self._ping(connection))
        try:
            while not talker.done():
                # bytes as they came: a text would be decoded here and encoded again
                self._take(await connection.recv(decode=False), self._clock.now())
        finally:
            talker.cancel()
            pinger.cancel()
            await asyncio.gather(talker, pinger, return_exceptions=True)

    def _take(self, raw: bytes, received_at: Nanos) -> None:
        if self._frames is not None:
            record = FrameRecord(received_at, self._feed, "in", raw)
            self._frames.write((record,))
        self._put(self._session.receive(raw, received_at))
        self._wake.set()

    async def _talk(self, link: Link) -> None:
        """Send what the session wants to say; let it notice silence."""
        while True:
            for command in self._session.to_send():
                if self._frames is not None:
                    record = FrameRecord(self._clock.now(), self._feed, "out", command)
                    self._frames.write((record,))
                await link.send(command.decode())
            self._wake.clear()
            try:
                async with asyncio.timeout(TICK_SECONDS):
                    await self._wake.wait()
            except TimeoutError:
                self._put(self._session.tick(self._clock.now()))
            session, anew = self._session, self._was_set_back()
            if anew or session.wants_connection(self._clock.now()) or session.gone:
                await link.close()
                return

    async def _ping(self, connection: ClientConnection) -> None:
        """Ask for a sign of life now and then, where one is wanted."""
        session = self._session
        while self._ping_seconds is not None and isinstance(session, Pinged):
            await asyncio.sleep(self._ping_seconds)
            answered = await connection.ping()
            await answered
            session.alive(self._clock.now())


def socket_kind(client: SocketClient) -> type[VenueSocket]:
    """The socket that a setting names. Raises OperatorError where its package is missing."""
    if client == "websockets":
        return VenueSocket
    from kalshi_assistant.runtime.fast_socket import FastSocket, need_extra

    need_extra()
    return FastSocket


def why_closed(sent: str | None, received: str | None, *, received_first: bool) -> str:
    """Who ended a connection, from the code and reason of both goodbyes."""
    if received is not None and (received_first or sent is None):
        return f"closed by the venue with {received}"
    if sent is None:
        return "the connection broke"
    return CLOSED_BY_US if sent == "1000" else f"{CLOSED_BY_US} with {sent}"


def _words(close: Close | None) -> str | None:
    return None if close is None else f"{close.code} {close.reason}".strip()
