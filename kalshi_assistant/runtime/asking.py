"""Asks for much of the past: paced by the account's tokens, again after a pause where that helps.

An engine's questions are asked once and its own pauses follow (``runtime.http``); whoever copies
months has to come through an evening of refusals instead, and to give up in words when there is no
network at all. Only reads are asked here, so asking again never does anything twice.
"""

import asyncio
from collections.abc import Callable, Iterator
from typing import Final

import aiohttp

from kalshi_assistant.domain.errors import FinalError, PassingError
from kalshi_assistant.domain.time import MILLISECOND, SECOND, Nanos
from kalshi_assistant.quant.rng import stream
from kalshi_assistant.runtime.sending import Carrier, NotSentError, UnansweredError, why
from kalshi_assistant.venues.backoff import delays
from kalshi_assistant.venues.kalshi.rest import Request, parse_error

ANSWER_SECONDS: Final = 30.0
TRIES: Final = 9
"""Of one request, first to last some two minutes."""
UNREACHED_TRIES: Final = 4
"""Where nothing even left: there is no network, and waiting longer will not make one."""
PAUSES: Final = (Nanos(500 * MILLISECOND), Nanos(30 * SECOND))
"""The longest first pause, and the longest of all."""
PIECE: Final = 2**16
_GIVE_UP: Final = "call it again: what was fetched is kept, and it goes on from there"

Pauses = Callable[[], Iterator[Nanos]]


def usual_pauses() -> Iterator[Nanos]:
    """Growing, jittered, without end."""
    return delays(stream(0, "asking"), *PAUSES)


class MissingThere(Exception):  # noqa: N818  # not an error: the other side says it has none
    """The other side answered that there is no such thing."""


class TooLong(Exception):  # noqa: N818  # what came is refused, nothing went wrong here
    """More bytes came than such a thing can have."""


class _Patience:
    """How often one thing was tried."""

    def __init__(self, pauses: Iterator[Nanos], told: Callable[[str], None]) -> None:
        self._pauses = pauses
        self._told = told
        self._tries = 0
        self._unreached = 0

    async def again(self, what: str, because: str, *, reached: bool) -> None:
        """Wait before the next try. Raises PassingError where there is none."""
        self._tries += 1
        self._unreached = 0 if reached else self._unreached + 1
        if self._tries >= TRIES or self._unreached >= UNREACHED_TRIES:
            raise PassingError(f"{what}: {because}; {_GIVE_UP}")
        pause = next(self._pauses)
        self._told(f"{what}: {because}; again in {pause / SECOND:.1f} s")
        await asyncio.sleep(pause / SECOND)


class Asker:
    """Questions to the venue over a carrier; ``told`` hears of every pause."""

    def __init__(
        self, carrier: Carrier, told: Callable[[str], None], pauses: Pauses = usual_pauses
    ) -> None:
        self._carrier = carrier
        self._told = told
        self._pauses = pauses
        self.requests = 0
        """How many left, those that had to be repeated included."""

    async def ask(self, request: Request) -> bytes:
        """The body of a good answer. Raises MissingThere for 404, FinalError where asking again
        cannot help, PassingError where it did not.
        """
        patience = _Patience(self._pauses(), self._told)
        while True:
            await self._carrier.pay(request)
            self.requests += 1
            try:
                answer = await self._carrier.send(request, ANSWER_SECONDS)
            except NotSentError as error:
                await patience.again(request.path, str(error), reached=False)
                continue
            except UnansweredError as error:
                await patience.again(request.path, str(error), reached=True)
                continue
            if answer.good:
                return answer.body
            if answer.status == 404:
                raise MissingThere(request.path)
            refused = parse_error(answer.status, answer.body)
            said = f"HTTP {answer.status} {refused.code}: {refused.message}"
            if refused.kind == "final":
                raise FinalError(f"{request.path}: {said}")
            await patience.again(request.path, said, reached=True)


class Downloader:
    """Files from a public archive, bounded; redirects are followed as archives use them."""

    def __init__(self, told: Callable[[str], None], pauses: Pauses = usual_pauses) -> None:
        self._told = told
        self._pauses = pauses
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Let the connections go."""
        if self._session is not None:
            await self._session.close()

    async def get(self, url: str, bytes_max: int) -> bytes:
        """The whole file. Raises MissingThere for 404, TooLong, FinalError, PassingError."""
        patience = _Patience(self._pauses(), self._told)
        while True:
            reached = False
            try:
                async with self._opened().get(url) as response:
                    reached = True
                    status = response.status
                    if status == 200:
                        return await _bounded(response, bytes_max)
            except (aiohttp.ClientError, OSError, TimeoutError) as error:
                await patience.again(url, why(error), reached=reached)
                continue
            if status == 404:
                raise MissingThere(url)
            refused = parse_error(status, b"")
            if refused.kind == "final":
                raise FinalError(f"{url}: HTTP {status}")
            await patience.again(url, f"HTTP {status}", reached=True)

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=10 * ANSWER_SECONDS, sock_read=ANSWER_SECONDS)
            self._session = aiohttp.ClientSession(
                timeout=timeout, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False
            )
        return self._session


async def _bounded(response: aiohttp.ClientResponse, bytes_max: int) -> bytes:
    """The body as it is. Raises TooLong before more than that is held."""
    pieces, size = [], 0
    async for piece in response.content.iter_chunked(PIECE):
        size += len(piece)
        if size > bytes_max:
            raise TooLong(f"{response.url} gives more than {bytes_max:,} bytes")
        pieces.append(piece)
    return b"".join(pieces)
