"""Conversations with the venue from a process of their own, over HTTP, one request at a time.

A conversation is a generator: it yields requests and pauses, is sent each answer whole, whatever
it says, and returns what came of it. Nothing is retried here and no redirect is followed; what to
make of a refusal is for the conversation to say.
"""

import asyncio
from collections.abc import Generator
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeVar
from urllib.parse import urlsplit

import aiohttp
import msgspec

from kalshi_assistant.domain.time import MILLISECOND
from kalshi_assistant.runtime.clock import Clock
from kalshi_assistant.runtime.http import RefusedError, whole_body, why
from kalshi_assistant.venues.kalshi.rest import Request
from kalshi_assistant.venues.kalshi.signing import Signer

T = TypeVar("T")

NO_ANSWER: Final = 0
SECONDS_MAX: Final = 5.0
"""For one request; a person is waiting."""


class Answer(NamedTuple):
    """What came back; status 0 where nothing did, and then ``body`` says why."""

    status: int
    body: bytes
    date: str = ""
    """The venue's ``Date``."""
    sent_at: int = 0
    received_at: int = 0
    """Wall time, ns."""

    @property
    def accepted(self) -> bool:
        """Whether the venue did what it was asked."""
        return 200 <= self.status < 300


class Pause(msgspec.Struct, frozen=True):
    """Wait so long before going on; answered by nothing of interest."""

    seconds: float


Step = Request | Pause
Talk = Generator[Step, Answer, T]


@dataclass(frozen=True, slots=True)
class Access:
    """Where a venue is and who asks. Requests are signed in ``wall`` time, ``clock`` is the
    venue's.
    """

    rest_url: str
    ws_url: str
    signer: Signer | None
    wall: Clock
    clock: Clock


class Carrier:
    """Carries conversations with one venue; to be closed."""

    def __init__(self, access: Access, seconds_max: float = SECONDS_MAX) -> None:
        self._access = access
        self._url = access.rest_url.rstrip("/")
        self._root = urlsplit(self._url).path
        self._seconds_max = seconds_max
        self._session: aiohttp.ClientSession | None = None

    async def carry(self, talk: Talk[T]) -> T:
        """Carry ``talk`` to its end; what it returns."""
        try:
            step = next(talk)
            while True:
                if isinstance(step, Pause):
                    await asyncio.sleep(step.seconds)
                    step = talk.send(Answer(NO_ANSWER, b""))
                else:
                    step = talk.send(await self._ask(step))
        except StopIteration as end:
            result: T = end.value
            return result

    async def close(self) -> None:
        """Let go of the connection."""
        if self._session is not None:
            await self._session.close()

    async def _ask(self, request: Request) -> Answer:
        access = self._access
        sent_at = access.wall.now()
        headers = {}
        if request.signed:
            if access.signer is None:
                return Answer(NO_ANSWER, b"there is no key")
            stamp = sent_at // MILLISECOND
            headers = access.signer.sign(stamp, request.method, self._root + request.path)
        if request.body:
            headers["Content-Type"] = "application/json"
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=self._seconds_max)
            self._session = aiohttp.ClientSession(timeout=timeout)
        try:
            async with self._session.request(
                request.method,
                self._url + request.path,
                params=request.query,
                headers=headers,
                data=request.body or None,
                allow_redirects=False,
            ) as response:
                found = await whole_body(response.content, request.path)
                date = response.headers.get("Date", "")
                return Answer(response.status, found, date, sent_at, access.wall.now())
        except RefusedError as error:
            return Answer(NO_ANSWER, str(error).encode())
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            return Answer(NO_ANSWER, why(error).encode())
