"""The venue's socket: bytes in to the session, bytes out from it. All judgement is the session's.

Raw frames go to the frame journal as evidence, stamped at receipt, one write per burst.
"""

import asyncio
import ssl
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI

from kalshi_assistant.domain.events import Event
from kalshi_assistant.domain.ids import Feed
from kalshi_assistant.domain.time import Nanos
from kalshi_assistant.journal.codec import FrameRecord
from kalshi_assistant.runtime.clock import Clock, wait_seconds
from kalshi_assistant.venues.wire import Session

FRAME_BYTES_MAX = 64 * 2**20
"""The venue's own limit on a message."""
CONNECT_SECONDS = 10.0
TICK_SECONDS = 0.5
"""How often the session is asked whether it has waited too long."""


class FrameSink(Protocol):
    """Where raw frames are written down."""

    def write(self, records: Sequence[FrameRecord]) -> None:
        """Append a batch."""


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
    ) -> None:
        self._url = url
        self._session = session
        self._sign = sign
        self._clock = clock
        self._put = put
        self._frames = frames
        self._wake = asyncio.Event()

    def nudge(self) -> None:
        """The session has something new to say."""
        self._wake.set()

    async def run(self) -> None:
        """Connect, serve, and connect again when the session wants to; until cancelled."""
        session, clock = self._session, self._clock
        while True:
            if session.wants_connection(clock.now()):
                session.connect(clock.now())
                await self._once()
            else:
                await self._rest()

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
                max_size=FRAME_BYTES_MAX,
                open_timeout=CONNECT_SECONDS,
                ping_interval=None,
                compression=None,
            ) as connection:
                self._put(session.opened(now()))
                await self._serve(connection)
                self._put(session.dropped(now(), "closed by us"))
        except InvalidStatus as error:
            status = error.response.status_code
            self._put(session.refused(now(), status, f"HTTP {status}"))
        except ConnectionClosed as error:
            self._put(session.dropped(now(), _why_closed(error)))
        except (InvalidHandshake, InvalidURI, OSError, TimeoutError, ssl.SSLError) as error:
            self._put(session.refused(now(), None, str(error) or type(error).__name__))

    async def _serve(self, connection: ClientConnection) -> None:
        """Frames in, commands out, until the session has had enough of this connection."""
        talker = asyncio.create_task(self._talk(connection))
        try:
            async for frame in connection:
                raw = frame.encode() if isinstance(frame, str) else frame
                self._take(raw, self._clock.now())
                if talker.done():
                    break
        finally:
            talker.cancel()
            await asyncio.gather(talker, return_exceptions=True)

    def _take(self, raw: bytes, received_at: Nanos) -> None:
        if self._frames is not None:
            record = FrameRecord(received_at, Feed("kalshi.socket"), "in", raw)
            self._frames.write((record,))
        self._put(self._session.receive(raw, received_at))
        self._wake.set()

    async def _talk(self, connection: ClientConnection) -> None:
        """Send what the session wants to say; let it notice silence."""
        while True:
            for command in self._session.to_send():
                if self._frames is not None:
                    now = self._clock.now()
                    self._frames.write((FrameRecord(now, Feed("kalshi.socket"), "out", command),))
                await connection.send(command.decode())
            self._wake.clear()
            try:
                async with asyncio.timeout(TICK_SECONDS):
                    await self._wake.wait()
            except TimeoutError:
                self._put(self._session.tick(self._clock.now()))
            if self._session.wants_connection(self._clock.now()) or self._session.gone:
                await connection.close()
                return


def _why_closed(error: ConnectionClosed) -> str:
    received = error.rcvd
    if received is None:
        return "the connection broke"
    return f"closed by the venue with {received.code} {received.reason}".strip()
