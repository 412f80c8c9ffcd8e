"""Questions to the venue over REST: asked when the engine inquires, answered as events.

Every authenticated question pays from a token bucket and waits its turn; a refusal becomes the
event ``RequestRefused`` and the engine asks again by its own pauses, so nothing is retried here.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final
from urllib.parse import urlsplit

import aiohttp

from kalshi_assistant.domain.contract import FeeTerms
from kalshi_assistant.domain.events import (
    Event,
    IndexHistoryLoaded,
    Malformed,
    RequestRefused,
)
from kalshi_assistant.domain.ids import BRTI, BTC_15_MINUTES, Feed, Ticker
from kalshi_assistant.domain.intents import Inquire
from kalshi_assistant.domain.time import HOUR, MILLISECOND, MINUTE, SECOND, Nanos
from kalshi_assistant.domain.units import IndexValue
from kalshi_assistant.runtime.clock import Clock
from kalshi_assistant.venues.bucket import TokenBucket
from kalshi_assistant.venues.kalshi import rest
from kalshi_assistant.venues.kalshi.answers.exchange import (
    parse_exchange_schedule,
    parse_exchange_status,
)
from kalshi_assistant.venues.kalshi.answers.fees import SeriesTerms, parse_series
from kalshi_assistant.venues.kalshi.answers.index import parse_index_values
from kalshi_assistant.venues.kalshi.answers.markets import parse_market, parse_markets
from kalshi_assistant.venues.kalshi.rest import Request
from kalshi_assistant.venues.kalshi.signing import Signer

REST: Final = Feed("kalshi.rest")
REFILL, CAPACITY = 200, 600
"""Read tokens of the smallest account: a second, and three seconds' worth."""
SECONDS_MAX: Final = 10.0
BODY_BYTES_MAX: Final = 16 * 2**20
PAGES_MAX: Final = 20
LISTED_AHEAD: Final = 2 * HOUR
LISTED_BEHIND: Final = 20 * MINUTE


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
        self._series: SeriesTerms | None = None
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
        try:
            async for events in self._events(question):
                self._put(events)
        except _Refused as refused:
            self._put([self._refusal(question, refused)])
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            text = str(error) or type(error).__name__
            self._put([self._refusal(question, _Refused("unreachable", text, final=False))])

    def _events(self, question: Inquire) -> AsyncIterator[Sequence[Event]]:
        match question.what:
            case "exchange_status":
                return self._status()
            case "markets":
                return self._markets()
            case "market" if question.ticker is not None:
                return self._market(question.ticker)
            case "index_history":
                return self._history(question.since)
            case "market":
                raise AssertionError("a market is asked for by its ticker")

    async def _status(self) -> AsyncIterator[Sequence[Event]]:
        shard = await self._shard()
        body = await self._get(rest.exchange_status())
        yield [parse_exchange_status(body, self._clock.now(), shard)]
        body = await self._get(rest.exchange_schedule())
        yield [parse_exchange_schedule(body, self._clock.now())]

    async def _shard(self) -> int:
        """The shard the series trades on, as the venue says. Raises _Refused where it does not."""
        if self._series is None:
            body = await self._get(rest.series(BTC_15_MINUTES))
            found = parse_series(body, self._clock.now())
            if isinstance(found, Malformed):
                raise _Refused("malformed", found.reason, final=False)
            self._series = found
        return self._series.exchange_index

    async def _fees(self) -> FeeTerms | None:
        """The series' fees; why there are none is told once, as trouble with the venue."""
        await self._shard()
        assert self._series is not None  # or _shard would have raised
        fees = self._series.fees
        if fees.problem is not None:
            now = self._clock.now()
            self._put([Malformed(now, now, REST, f"series: {fees.problem}")])
        return fees.terms

    async def _markets(self) -> AsyncIterator[Sequence[Event]]:
        self._series = None  # its terms are read anew with every listing
        fees, now, cursor = await self._fees(), self._clock.now(), None
        after, before = Nanos(now - LISTED_BEHIND), Nanos(now + LISTED_AHEAD)
        for _ in range(PAGES_MAX):
            body = await self._get(rest.markets(BTC_15_MINUTES, after, before, cursor))
            page = parse_markets(body, self._clock.now(), fees)
            yield page.events
            cursor = page.cursor
            if cursor is None:
                return

    async def _market(self, ticker: Ticker) -> AsyncIterator[Sequence[Event]]:
        fees = await self._fees()
        body = await self._get(rest.market(ticker))
        yield parse_market(body, self._clock.now(), fees)

    async def _history(self, since: Nanos | None) -> AsyncIterator[Sequence[Event]]:
        """The hours from ``since`` to now as one fact: the engine learns from all of it at once."""
        now = self._clock.now()
        start = Nanos(now - HOUR) if since is None else since
        prints: dict[int, IndexValue] = {}
        for hour in range(start // HOUR * HOUR, now + 1, HOUR):
            body = await self._get(rest.index_history(BRTI, Nanos(hour)))
            for event in parse_index_values(body, now, BRTI):
                if isinstance(event, IndexHistoryLoaded):
                    prints.update(event.prints)
                else:
                    yield [event]
        first, received_at = start // SECOND, self._clock.now()
        known = tuple((second, prints[second]) for second in sorted(prints) if second >= first)
        yield [IndexHistoryLoaded(received_at, received_at, BRTI, "kalshi_rest", known)]

    async def _get(self, request: Request) -> bytes:
        """The body of an answer. Raises _Refused where the venue says no."""
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
            body = await _whole(response.content, request.path)
            if response.status != 200:
                error = rest.parse_error(response.status, body)
                raise _Refused(error.code, error.message, final=error.kind == "final")
        return body

    async def _pay(self, cost: int) -> None:
        """Wait until the tokens are there; wall time, as the venue counts."""
        while not self._bucket.take(cost, self._wall.now()):
            ready = self._bucket.ready_at(cost, self._wall.now())
            await asyncio.sleep(max(0.001, (ready - self._wall.now()) / SECOND))

    def _refusal(self, question: Inquire, refused: "_Refused") -> RequestRefused:
        now = self._clock.now()
        what = question.what if question.ticker is None else f"{question.what} {question.ticker}"
        return RequestRefused(now, now, REST, what, refused.code, str(refused), refused.final)


async def _whole(content: aiohttp.StreamReader, path: str) -> bytes:
    """A body, bounded whatever the other side says of its length. Raises _Refused."""
    pieces, size = [], 0
    async for piece in content.iter_any():
        pieces.append(piece)
        size += len(piece)
        if size > BODY_BYTES_MAX:
            raise _Refused("too long", f"{path} answers over {BODY_BYTES_MAX} bytes", final=False)
    return b"".join(pieces)


class _Refused(Exception):  # noqa: N818 - it is caught in this file and becomes an event
    """The venue said no."""

    def __init__(self, code: str, message: str, *, final: bool) -> None:
        super().__init__(message)
        self.code = code
        self.final = final
