"""One reader, as the engine's side sees it: what waits for it, and when it is given up.

At most one snapshot waits, the newest. A reader that takes nothing holds one message in the
transport and one here, and is dropped after a bound; nobody else notices.
"""

import asyncio
from collections import deque
from collections.abc import Iterator
from typing import Final

from kalshi_assistant.control.protocol import (
    REQUEST_BYTES_MAX,
    REQUESTS,
    Request,
    WrongMessage,
    receive,
)

_REPLIES_MAX: Final = 64
_FAREWELL_SECONDS: Final = 1.0


class Attachment:
    """The connection of one reader."""

    def __init__(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, stalled_seconds: float
    ) -> None:
        self._source, self._sink = source, sink
        self._stalled_seconds = stalled_seconds
        # Nothing piles up in the transport: ``drain`` waits until the reader took what was written.
        sink.transport.set_write_buffer_limits(high=0)
        self._newest: bytes | None = None
        self._replies: deque[bytes] = deque()
        self._wake = asyncio.Event()
        self._leaving = False

    def show(self, snapshot: bytes) -> None:
        """Let this snapshot be the one that waits; an older one still waiting is forgotten."""
        self._newest = snapshot
        self._wake.set()

    def answer(self, reply: bytes) -> None:
        """Queue a reply; a reader that asks without ever listening is dropped."""
        if len(self._replies) >= _REPLIES_MAX:
            self.drop()
        self._replies.append(reply)
        self._wake.set()

    def leave(self, goodbye: bytes) -> None:
        """Send what waits and ``goodbye``, then end; a reader that does not take it is dropped
        soon.
        """
        self.answer(goodbye)
        self._leaving = True
        asyncio.get_running_loop().call_later(_FAREWELL_SECONDS, self.drop)

    def drop(self) -> None:
        """End the connection now; what waits is lost."""
        self._sink.transport.abort()

    async def next_request(self) -> Request | None:
        """What the reader asks next; ``None`` where it went away or talked nonsense."""
        try:
            return await receive(self._source, REQUESTS, REQUEST_BYTES_MAX)
        except (EOFError, OSError, WrongMessage):
            return None

    async def send(self) -> None:
        """Send whatever comes to wait, until ``leave``; then, or when the reader stalls, end."""
        try:
            while not self._leaving or self._replies:
                await self._wake.wait()
                self._wake.clear()
                for data in self._waiting():
                    await self._write(data)
            self._sink.close()
        except (OSError, TimeoutError):
            self.drop()

    async def _write(self, data: bytes) -> None:
        async with asyncio.timeout(self._stalled_seconds):
            self._sink.write(data)
            await self._sink.drain()

    def _waiting(self) -> Iterator[bytes]:
        while self._replies or self._newest is not None:
            if self._replies:
                yield self._replies.popleft()
            elif self._newest is not None:
                newest, self._newest = self._newest, None
                yield newest
