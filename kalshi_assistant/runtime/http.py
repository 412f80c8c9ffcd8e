"""Questions to the venue over REST: asked when the engine inquires, answered as events.

Every authenticated question pays from a token bucket and waits its turn; a refusal becomes the
event ``RequestRefused`` and the engine asks again by its own pauses, so nothing is retried here.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final
from urllib.parse import urlsplit

import aiohttp

from kalshi_assistant.domain.events import (
    Event,
    RequestRefused,
)
from kalshi_assistant.domain.intents import Inquire
from kalshi_assistant.domain.time import MILLISECOND, SECOND
from kalshi_assistant.runtime.clock import Clock
from kalshi_assistant.venues.bucket import TokenBucket
from kalshi_assistant.venues.kalshi import rest
from kalshi_assistant.venues.kalshi.inquiries import REST, Inquirer
from kalshi_assistant.venues.kalshi.rest import Request
from kalshi_assistant.venues.kalshi.signing import Signer

REFILL, CAPACITY = 200, 600
"""Read tokens of the smallest account: a second, and three seconds' worth."""
SECONDS_MAX: Final = 10.0
BODY_BYTES_MAX: Final = 16 * 2**20


class RefusedError(Exception):
    """The venue said no."""

    def __init__(self, code: str, message: str, *, final: bool) -> None:
        super().__init__(message)
        self.code = code
        self.final = final


class VenueRest:
    """Answers inquiries. ``wall`` is the time requests are signed with, ``clock`` the venue's."""

    def __init__(
        self,
        url: str,
        signer: Signer | None,
        wall: Clock,
        clock: Clock,
        put: Callable[[Sequence[Event]], None],
    ) -> None:
        self._url = url.rstrip("/")
        self._root = urlsplit(self._url).path
        self._signer = signer
        self._wall = wall
        self._clock = clock
        self._put = put
        self._bucket = TokenBucket(REFILL, CAPACITY)
        self._inquirer = Inquirer(clock.now, put)
        self._session: aiohttp.ClientSession | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def inquire(self, question: Inquire) -> None:
        """Ask; the answer comes as events."""
        task = asyncio.create_task(self._answer(question))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Let go of what is under way."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    async def _answer(self, question: Inquire) -> None:
        talk = self._inquirer.talk(question)
        try:
            request = next(talk)
            while True:
                request = talk.send(await self._get(request))
        except StopIteration:
            return
        except RefusedError as refused:
            self._put([self._refusal(question, refused)])
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            text = why(error)
            self._put([self._refusal(question, RefusedError("unreachable", text, final=False))])

    async def _get(self, request: Request) -> bytes:
        """The body of an answer. Raises RefusedError where the venue says no."""
        await self._pay(request.cost)
        headers = {}
        if self._signer is not None:
            stamp = self._wall.now() // MILLISECOND
            headers = self._signer.sign(stamp, request.method, self._root + request.path)
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=SECONDS_MAX)
            self._session = aiohttp.ClientSession(timeout=timeout)
        url = self._url + request.path
        async with self._session.get(url, params=request.query, headers=headers) as response:
            body = await whole_body(response.content, request.path)
            if response.status != 200:
                error = rest.parse_error(response.status, body)
                raise RefusedError(error.code, error.message, final=error.kind == "final")
        return body

    async def _pay(self, cost: int) -> None:
        """Wait until the tokens are there; wall time, as the venue counts."""
        while not self._bucket.take(cost, self._wall.now()):
            ready = self._bucket.ready_at(cost, self._wall.now())
            await asyncio.sleep(max(0.001, (ready - self._wall.now()) / SECOND))

    def _refusal(self, question: Inquire, refused: RefusedError) -> RequestRefused:
        now = self._clock.now()
        what = question.what if question.ticker is None else f"{question.what} {question.ticker}"
        return RequestRefused(now, now, REST, what, refused.code, str(refused), refused.final)


def why(error: Exception) -> str:
    """Why there was no answer, in few words."""
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"{error.host}: {error.os_error.strerror or 'no connection'}"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return str(error) or type(error).__name__


async def whole_body(content: aiohttp.StreamReader, path: str) -> bytes:
    """A body, bounded whatever the other side says of its length. Raises RefusedError."""
    pieces, size = [], 0
    async for piece in content.iter_any():
        pieces.append(piece)
        size += len(piece)
        if size > BODY_BYTES_MAX:
            raise RefusedError(
                "too long", f"{path} answers over {BODY_BYTES_MAX} bytes", final=False
            )
    return b"".join(pieces)
