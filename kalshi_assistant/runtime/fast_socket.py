"""The venue's socket by the picows package: the same life, a fraction of the time for each frame.

Its frames come by a call from inside the read of the socket, without a queue and a task switch.
What it leaves to its user is done here: fragments are put together, a goodbye is answered, and
compressed frames, which nobody asked for, are refused. Its own reports go nowhere: what happened is
said to the session.

Known differences to the other client: no proxy is taken from the environment, redirections are
refused, and a text is not checked to be UTF-8, which the decoder of frames does.
"""

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from typing_extensions import override

from kalshi_assistant.domain.errors import OperatorError
from kalshi_assistant.runtime.sockets import CLOSE_SECONDS, CONNECT_SECONDS, VenueSocket, why_closed

if TYPE_CHECKING:
    from picows import WSFrame, WSListener, WSMsgType, WSTransport

RECEIVE_BYTES = 1 << 18
"""What the system holds for us. All of it is taken in one step of the event loop, so in a flood
this bounds how long the loop is held and how many events come at once: some 2,000 deltas. Without
it the package's buffer grew until one read brought sixty thousand.
"""

_REPORTS: Final = logging.getLogger("kalshi_assistant.picows")
_REPORTS.addHandler(logging.NullHandler())
_REPORTS.propagate = False
_NO_CODE: Final = 1005
"""What a goodbye without a code counts as. Source: RFC 6455, section 7.1.5."""


def need_extra() -> None:
    """Raise OperatorError when the package is missing."""
    try:
        import picows  # noqa: F401  # asked for here, used below
    except ImportError as error:
        raise OperatorError(
            "session.client: picows needs the picows package: "
            "pip install 'kalshi-assistant[fast]', or write websockets"
        ) from error


class FastSocket(VenueSocket):
    """Keeps one session connected until stopped."""

    @override
    async def _once(self) -> None:
        """One connection, from handshake to its end, told to the session in its own words."""
        from picows import WSError, WSHandshakeError

        session, now = self._session, self._clock.now
        receiver = _Receiver(
            lambda: self._put(session.opened(now())),
            lambda raw: self._take(raw, now()),
            self._frame_bytes_max,
        )
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                transport = await self._connect(receiver)
        except WSHandshakeError as error:
            status = None if error.response is None else int(error.response.status)
            reason = str(error) if status in (None, 101) else f"HTTP {status}"
            self._put(session.refused(now(), status, reason))
        except (WSError, OSError, TimeoutError, ssl.SSLError) as error:
            self._put(session.refused(now(), None, str(error) or type(error).__name__))
        else:
            if not receiver.opened:
                self._put(session.refused(now(), None, "closed during the handshake"))
                return
            await self._follow(transport)
            self._put(session.dropped(now(), _why(transport)))

    async def _connect(self, receiver: "_Receiver") -> "WSTransport":
        from picows import ws_connect

        transport, _ = await ws_connect(
            lambda: _listener(receiver),
            self._url,
            extra_headers=dict(self._sign()),
            max_frame_size=self._frame_bytes_max,
            websocket_handshake_timeout=CONNECT_SECONDS,
            max_redirects=0,
            use_aiofastnet=False,  # as quick here, and TLS stays the standard library's
            logger_name=_REPORTS,
        )
        return transport

    async def _follow(self, transport: "WSTransport") -> None:
        """Talk until the connection has ended; what was raised on a frame is raised here."""
        from picows import WSProtocolError

        talker = asyncio.create_task(self._talk(_Link(transport)))
        # one that cannot talk any more need not listen
        talker.add_done_callback(lambda _: transport.disconnect())
        try:
            await transport.wait_disconnected()
        except WSProtocolError:
            pass  # both goodbyes are remembered
        finally:
            talker.cancel()
            await asyncio.gather(talker, return_exceptions=True)
            transport.disconnect(graceful=False)


class _Receiver:
    """Whole messages from frames."""

    def __init__(
        self, on_open: Callable[[], None], take: Callable[[bytes], None], bytes_max: int
    ) -> None:
        from picows import WSCloseCode, WSMsgType, WSProtocolError

        self.opened = False
        self._on_open, self._take, self._bytes_max = on_open, take, bytes_max
        self._kinds, self._codes, self._error = WSMsgType, WSCloseCode, WSProtocolError
        self._text = WSMsgType.TEXT
        self._parts: list[bytes] | None = None
        """Of an unfinished message."""
        self._bytes = 0

    def begin(self, transport: "WSTransport") -> None:
        """The handshake succeeded."""
        kernel = transport.underlying_transport.get_extra_info("socket")
        kernel.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)
        self.opened = True
        self._on_open()

    def receive(self, transport: "WSTransport", frame: "WSFrame") -> None:
        """Take a frame; one that comes after a goodbye is nobody's."""
        kind, kinds = frame.msg_type, self._kinds
        if transport.is_close_frame_sent and kind != kinds.CLOSE:
            return
        if frame.rsv1 or frame.rsv2 or frame.rsv3:
            raise self._error(self._codes.PROTOCOL_ERROR, "a frame with reserved bits")
        if kind == self._text and frame.fin and self._parts is None:
            self._take(frame.get_payload_as_bytes())
        elif kind == kinds.CLOSE:
            if not transport.is_close_frame_sent:
                transport.send_close(self._codes.OK)
            transport.disconnect()
        elif kind in (kinds.TEXT, kinds.BINARY, kinds.CONTINUATION):
            self._part(kind, frame)

    def _part(self, kind: "WSMsgType", frame: "WSFrame") -> None:
        if (kind == self._kinds.CONTINUATION) != (self._parts is not None):
            raise self._error(self._codes.PROTOCOL_ERROR, "fragments out of order")
        if self._parts is None:
            self._parts, self._bytes = [], 0
        self._parts.append(frame.get_payload_as_bytes())
        self._bytes += frame.payload_size
        if self._bytes > self._bytes_max:
            raise self._error(self._codes.MESSAGE_TOO_BIG, f"over {self._bytes_max} bytes")
        if frame.fin:
            whole, self._parts = b"".join(self._parts), None
            self._take(whole)


def _listener(receiver: _Receiver) -> "WSListener":
    """What the package calls; a class of the package's own has to be its base."""
    from picows import WSListener

    class Listener(WSListener):
        @override
        def on_ws_connected(self, transport: "WSTransport") -> None:
            receiver.begin(transport)

        @override
        def on_ws_frame(self, transport: "WSTransport", frame: "WSFrame") -> None:
            receiver.receive(transport, frame)

    return Listener()


class _Link:
    def __init__(self, transport: "WSTransport") -> None:
        self._transport = transport

    async def send(self, message: str, /) -> None:
        from picows import WSMsgType

        self._transport.send(WSMsgType.TEXT, message)

    async def close(self) -> None:
        from picows import WSCloseCode

        self._transport.send_close(WSCloseCode.OK)
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._transport.wait_disconnected()
        except TimeoutError:
            self._transport.disconnect(graceful=False)


def _why(transport: "WSTransport") -> str:
    """Who ended it."""
    both = transport.close_handshake
    if both is None:
        return why_closed(None, None, received_first=False)
    sent, received = (
        None if each is None else f"{each.code.value or _NO_CODE} {each.reason or ''}".strip()
        for each in (both.sent, both.recv)
    )
    return why_closed(sent, received, received_first=both.recv_then_sent)
