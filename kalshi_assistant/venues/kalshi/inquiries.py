"""What to ask over REST for each question of the engine, and what the answers say.

A question is a conversation: a generator that yields requests, is sent the bodies of their answers,
and tells events as it goes. Whoever carries it, over HTTP or in memory, adds nothing of its own.
"""

from collections.abc import Callable, Generator, Sequence
from typing import Final

from kalshi_assistant.domain.contract import FeeTerms
from kalshi_assistant.domain.events import Event, IndexHistoryLoaded, Malformed
from kalshi_assistant.domain.ids import BRTI, BTC_15_MINUTES, Feed, Series, Ticker
from kalshi_assistant.domain.intents import Inquire
from kalshi_assistant.domain.time import HOUR, MINUTE, SECOND, Nanos
from kalshi_assistant.domain.units import IndexValue
from kalshi_assistant.venues.kalshi import rest
from kalshi_assistant.venues.kalshi.answers.exchange import (
    parse_exchange_schedule,
    parse_exchange_status,
)
from kalshi_assistant.venues.kalshi.answers.fees import SeriesTerms, parse_series
from kalshi_assistant.venues.kalshi.answers.index import parse_index_values
from kalshi_assistant.venues.kalshi.answers.markets import parse_market, parse_markets
from kalshi_assistant.venues.kalshi.rest import Request

REST: Final = Feed("kalshi.rest")
PAGES_MAX: Final = 20
LISTED_AHEAD: Final = 2 * HOUR
LISTED_BEHIND: Final = 20 * MINUTE

Conversation = Generator[Request, bytes, None]
Tell = Callable[[Sequence[Event]], None]


class Inquirer:
    """Carries on the conversations of one venue; remembers the terms of its series."""

    def __init__(
        self,
        now: Callable[[], Nanos],
        tell: Tell,
        series: Series = BTC_15_MINUTES,
        index: str = BRTI,
    ) -> None:
        """``now`` is the venue's time, ``tell`` takes events as they are learnt."""
        self._now = now
        self._tell = tell
        self._series = series
        self._index = index
        self._terms: SeriesTerms | None = None

    def talk(self, question: Inquire) -> Conversation:
        """The conversation about ``question``."""
        match question.what:
            case "exchange_status":
                return self._status()
            case "markets":
                return self._markets()
            case "index_history":
                return self._history(question.since)
            case "market":
                assert question.ticker is not None, "a market is asked for by its ticker"
                return self._market(question.ticker)

    def _status(self) -> Conversation:
        """Of the shard our series is on; the flags at the top of the answer are another's."""
        shard = yield from self._shard()
        body = yield rest.exchange_status()
        if shard is not None:
            self._tell([parse_exchange_status(body, self._now(), shard)])
        body = yield rest.exchange_schedule()
        self._tell([parse_exchange_schedule(body, self._now())])

    def _markets(self) -> Conversation:
        """Every market around now. The series' terms are read anew with each listing."""
        self._terms = None
        fees = yield from self._fees()
        now, cursor = self._now(), None
        after, before = Nanos(now - LISTED_BEHIND), Nanos(now + LISTED_AHEAD)
        for _ in range(PAGES_MAX):
            body = yield rest.markets(self._series, after, before, cursor)
            page = parse_markets(body, self._now(), fees)
            self._tell(page.events)
            cursor = page.cursor
            if cursor is None:
                return

    def _market(self, ticker: Ticker) -> Conversation:
        fees = yield from self._fees()
        body = yield rest.market(ticker)
        self._tell(parse_market(body, self._now(), fees))

    def _history(self, since: Nanos | None) -> Conversation:
        """The hours from ``since`` to now as one fact: the engine learns from all of it at once."""
        now = self._now()
        start = Nanos(now - HOUR) if since is None else since
        prints: dict[int, IndexValue] = {}
        for hour in range(start // HOUR * HOUR, now + 1, HOUR):
            body = yield rest.index_history(self._index, Nanos(hour))
            for event in parse_index_values(body, self._now(), self._index):
                if isinstance(event, IndexHistoryLoaded):
                    prints.update(event.prints)
                else:
                    self._tell([event])
        first, at = start // SECOND, self._now()
        known = tuple((second, prints[second]) for second in sorted(prints) if second >= first)
        self._tell([IndexHistoryLoaded(at, at, self._index, "kalshi_rest", known)])

    def _shard(self) -> Generator[Request, bytes, int | None]:
        """The shard of the series, ``None`` where its terms make no sense (which is told)."""
        if self._terms is None:
            body = yield rest.series(self._series)
            found = parse_series(body, self._now())
            if isinstance(found, Malformed):
                self._tell([found])
                return None
            self._terms = found
        return self._terms.exchange_index

    def _fees(self) -> Generator[Request, bytes, FeeTerms | None]:
        """The series' fees; ``None``, and told, where they are not understood."""
        shard = yield from self._shard()
        if shard is None or self._terms is None:
            return None
        fees = self._terms.fees
        if fees.problem is not None:
            now = self._now()
            self._tell([Malformed(now, now, REST, f"series: {fees.problem}")])
        return fees.terms
