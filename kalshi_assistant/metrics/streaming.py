"""States to whoever stays on the line, as server-sent events.

A document is made once for all of them. **Invariant:** nobody waits for a slow one: what waits for
each is bounded, and who does not take it is dropped and counted.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from aiohttp import web

ALIVE_SECONDS: Final = 15.0
"""A comment is sent after so long without anything else."""
_ALIVE: Final = b": still here\n\n"
_BUFFER_BYTES: Final = 64 * 1024


class _Line:
    """What waits for one client; ``None`` at the end of it lets the client go."""

    def __init__(self, waiting_max: int) -> None:
        self.waiting: asyncio.Queue[bytes | None] = asyncio.Queue(waiting_max)
        self.transport: asyncio.Transport | None = None


class Streams:
    """Everyone who listens. ``run`` it beside the server."""

    def __init__(
        self,
        document: Callable[[], bytes],
        changes: Callable[[], int],
        clients_max: int,
        waiting_max: int,
        period_seconds: float,
    ) -> None:
        """``document`` makes what is sent; ``changes`` counts up when it would be another."""
        self._document, self._changes = document, changes
        self._clients_max, self._waiting_max = clients_max, waiting_max
        self._period_seconds = period_seconds
        self._lines: set[_Line] = set()
        self._somebody = asyncio.Event()
        self._sent = 0
        self.dropped: dict[str, int] = {"slow": 0, "gone": 0}
        """Who was let go, by why."""

    @property
    def clients(self) -> int:
        """How many listen."""
        return len(self._lines)

    @property
    def full(self) -> bool:
        """Whether nobody more may come."""
        return self.clients >= self._clients_max

    async def run(self) -> None:
        """Send what is new, not more often than agreed, until cancelled."""
        while True:
            await self._somebody.wait()
            self.send()
            await asyncio.sleep(self._period_seconds)

    def send(self) -> None:
        """Queue the present state for everybody, unless they have it."""
        if self._lines and self._changes() != self._sent:
            self._sent = self._changes()
            event = b"event: state\ndata: " + self._document() + b"\n\n"
            for line in list(self._lines):
                self._put(line, event)

    def close(self) -> None:
        """Let everybody go."""
        for line in list(self._lines):
            self._end(line)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """One client, from its request until it goes or is let go."""
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        )
        line = _Line(self._waiting_max)
        if not self._lines:
            self._sent = self._changes()
        line.waiting.put_nowait(b"event: state\ndata: " + self._document() + b"\n\n")
        self._lines.add(line)
        self._somebody.set()
        try:
            await response.prepare(request)
            line.transport = request.transport
            if line.transport is not None:
                line.transport.set_write_buffer_limits(high=_BUFFER_BYTES)
            await self._tell(line, response)
        except ConnectionError:
            if line in self._lines:  # it went, and was not let go
                self.dropped["gone"] += 1
        finally:
            self._forget(line)
        return response

    async def _tell(self, line: _Line, response: web.StreamResponse) -> None:
        while True:
            event: bytes | None = _ALIVE
            with suppress(TimeoutError):
                async with asyncio.timeout(ALIVE_SECONDS):
                    event = await line.waiting.get()
            if event is None:
                return
            await response.write(event)

    def _put(self, line: _Line, event: bytes) -> None:
        try:
            line.waiting.put_nowait(event)
        except asyncio.QueueFull:
            self.dropped["slow"] += 1
            self._forget(line)
            if line.transport is not None:
                line.transport.abort()

    def _end(self, line: _Line) -> None:
        with suppress(asyncio.QueueFull):
            line.waiting.put_nowait(None)
        self._forget(line)

    def _forget(self, line: _Line) -> None:
        self._lines.discard(line)
        if not self._lines:
            self._somebody.clear()
