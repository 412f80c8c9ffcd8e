"""Markets that are over, as history wants them: when, what strike, what value, what result.

Less is asked of them than of a market to trade: the archive may leave out what an order would need,
and a settled market can be without its strike or its value.
"""

from decimal import Decimal

import msgspec

from kalshi_assistant.domain.contract import Outcome
from kalshi_assistant.domain.events import Malformed
from kalshi_assistant.domain.ids import Ticker
from kalshi_assistant.domain.time import Nanos
from kalshi_assistant.domain.units import IndexValue
from kalshi_assistant.venues.kalshi import terms, texts
from kalshi_assistant.venues.kalshi.answers.reading import Body, each_tried, tried
from kalshi_assistant.venues.kalshi.texts import NonsenseError, instant


class PastMarket(Body, frozen=True, gc=False):
    """One market; ``None`` where the venue does not say."""

    ticker: Ticker
    event_ticker: str
    open_time: Nanos
    close_time: Nanos
    status: str
    strike: IndexValue | None
    settlement: IndexValue | None
    result: Outcome | None


class PastPage(Body, frozen=True, gc=False):
    """A page of them; ``cursor`` asks for the next, ``None`` is the end."""

    markets: tuple[PastMarket, ...]
    malformed: tuple[Malformed, ...]
    cursor: str | None


class Cutoff(Body, frozen=True, gc=False):
    """What settled, or was traded, before these instants is in the archive."""

    markets: Nanos
    trades: Nanos


class _Market(Body, frozen=True, gc=False):
    ticker: str
    event_ticker: str
    status: str
    open_time: str
    close_time: str
    floor_strike: Decimal | None = None
    strike_type: str | None = None
    result: str = ""
    expiration_value: str = ""


class _MarketsAnswer(Body, frozen=True, gc=False):
    markets: list[msgspec.Raw]
    cursor: str | None = None


class _CutoffAnswer(Body, frozen=True, gc=False):
    market_settled_ts: str
    trades_created_ts: str


def parse_cutoff(body: bytes, received_at: Nanos) -> Cutoff | Malformed:
    """Where the archive ends."""

    def read() -> Cutoff:
        found = msgspec.json.decode(body, type=_CutoffAnswer)
        return Cutoff(instant(found.market_settled_ts), instant(found.trades_created_ts))

    return tried(read, "cutoff", received_at)


def parse_past_markets(body: bytes, received_at: Nanos) -> PastPage | Malformed:
    """A page of markets; one that makes no sense does not spoil the others."""

    def read() -> PastPage:
        page = msgspec.json.decode(body, type=_MarketsAnswer)
        found = each_tried(_past, page.markets, "market", received_at)
        return PastPage(
            tuple(each for each in found if isinstance(each, PastMarket)),
            tuple(each for each in found if isinstance(each, Malformed)),
            page.cursor or None,
        )

    return tried(read, "markets", received_at)


def _past(raw: msgspec.Raw) -> PastMarket:
    found = msgspec.json.decode(raw, type=_Market)
    opens, closes = instant(found.open_time), instant(found.close_time)
    if opens >= closes:
        raise NonsenseError("a market that closes before it opens")
    strike, value = found.floor_strike, found.expiration_value
    return PastMarket(
        ticker=Ticker(texts.venue_id(found.ticker)),
        event_ticker=found.event_ticker,
        open_time=opens,
        close_time=closes,
        status=found.status[:20],
        strike=None if strike is None else terms.strike(strike, found.strike_type),
        settlement=texts.index_value(value) if value else None,
        result=_result(found.result),
    )


def _result(text: str) -> Outcome | None:
    match text:
        case "yes" | "no":
            return text
        case "":
            return None
        case _:
            raise NonsenseError(f"result {text[:20]!r} is neither yes nor no")
