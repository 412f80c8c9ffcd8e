"""Carries requests to the venue: signs them, pays their tokens, sends each once.

A request that did not leave and one whose answer did not come are different errors: the second may
have happened. The difference is made at the last moment before the socket is written, and there
the sender may still change its mind.
"""

import asyncio
from collections.abc import Callable, Generator
from types import SimpleNamespace
from typing import Final, NamedTuple, TypeVar
from urllib.parse import urlsplit

import aiohttp

from kalshi_assistant.domain.time import MILLISECOND, SECOND
from kalshi_assistant.runtime.clock import Clock
from kalshi_assistant.venues.kalshi.rest import RefusalError, Request, parse_error
from kalshi_assistant.venues.kalshi.signing import Signer
from kalshi_assistant.venues.kalshi.tokens import Tokens

BODY_BYTES_MAX: Final = 16 * 2**20
KEPT_OPEN_SECONDS: Final = 30.0
"""So long a connection is kept without a request."""

T = TypeVar("T")
Check = Callable[[], str | None]
"""Asked immediately before bytes leave: a reason means that none do."""


class RefusedError(Exception):
    """The answer is not to be had, or is not to be read."""

    def __init__(self, code: str, message: str, *, final: bool) -> None:
        super().__init__(message)
        self.code = code
        self.final = final


class NotSentError(Exception):
    """Nothing left for the venue."""


class UnansweredError(Exception):
    """The request may have left, and no answer came that could be read."""


class Answer(NamedTuple):
    """What came back."""

    status: int
    body: bytes

    @property
    def good(self) -> bool:
        """Whether the venue did what was asked."""
        return 200 <= self.status < 300


class _Passage:
    """One request on its way; knows whether it left."""

    def __init__(self, check: Check | None) -> None:
        self._check = check
        self.left = False

    def leave(self) -> None:
        """Raises NotSentError where the sender changed its mind."""
        reason = None if self._check is None else self._check()
        if reason is not None:
            raise NotSentError(reason)
        self.left = True


class Carrier:
    """One connection pool to the venue. ``wall`` is the time requests are signed with."""

    def __init__(
        self, url: str, signer: Signer | None, wall: Clock, tokens: Tokens | None = None
    ) -> None:
        """Without ``tokens`` it pays from buckets of its own, of the smallest account."""
        self._url = url.rstrip("/")
        self._root = urlsplit(self._url).path
        self._signer = signer
        self._wall = wall
        self.tokens = Tokens() if tokens is None else tokens
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Let the connections go."""
        if self._session is not None:
            await self._session.close()

    async def pay(self, request: Request) -> None:
        """Wait until the tokens are there; wall time, as the venue counts."""
        while not self.tokens.take(request, self._wall.now()):
            ready = self.tokens.ready_at(request, self._wall.now())
            await asyncio.sleep(max(0.001, (ready - self._wall.now()) / SECOND))

    def pay_now(self, request: Request, kept_share: float) -> bool:
        """Pay if the tokens are there and a share of the bucket stays behind; never waits."""
        return self.tokens.take(request, self._wall.now(), kept_share)

    async def send(self, request: Request, seconds: float, check: Check | None = None) -> Answer:
        """Send ``request``, paid or not, and never again. Redirects are answers like others.

        ``check`` is asked when nothing but the writing is left to do. Raises NotSentError,
        UnansweredError.
        """
        passage = _Passage(check)
        try:
            async with self._opened().request(
                request.method,
                self._url + request.path,
                params=request.query,
                data=request.body or None,
                headers=self._headers(request),
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=seconds),
                trace_request_ctx=passage,
            ) as response:
                return Answer(response.status, await whole_body(response.content, request.path))
        except (aiohttp.ClientError, OSError, TimeoutError, RefusedError) as error:
            if passage.left:
                raise UnansweredError(why(error)) from error
            raise NotSentError(f"not sent: {why(error)}") from error

    async def hold(
        self, talk: Generator[Request, bytes, T], seconds: float, check: Check | None = None
    ) -> T:
        """Carry a conversation to its end, and give what it ends with; ``check`` is asked before
        each of its requests leaves.

        Raises RefusalError, NotSentError, UnansweredError.
        """
        try:
            request = next(talk)
            while True:
                await self.pay(request)
                answer = await self.send(request, seconds, check)
                if answer.good:
                    request = talk.send(answer.body)
                else:
                    request = talk.throw(RefusalError(parse_error(answer.status, answer.body)))
        except StopIteration as done:
            value: T = done.value
            return value

    def _headers(self, request: Request) -> dict[str, str]:
        headers = {"Content-Type": "application/json"} if request.body else {}
        if self._signer is not None:
            stamp = self._wall.now() // MILLISECOND
            headers |= self._signer.sign(stamp, request.method, self._root + request.path)
        return headers

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            watch = aiohttp.TraceConfig()
            watch.on_request_headers_sent.append(_before_writing)
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(keepalive_timeout=KEPT_OPEN_SECONDS),
                cookie_jar=aiohttp.DummyCookieJar(),
                trace_configs=[watch],
            )
        return self._session


async def _before_writing(
    _session: aiohttp.ClientSession,
    context: SimpleNamespace,
    _params: aiohttp.TraceRequestHeadersSentParams,
) -> None:
    """The library calls this with a connection in hand and before it writes the first byte."""
    passage = context.trace_request_ctx
    if isinstance(passage, _Passage):
        passage.leave()


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
