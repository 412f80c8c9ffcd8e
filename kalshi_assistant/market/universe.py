"""Which markets exist, which is open, which to follow.

Times come from the venue's ``open_time`` and ``close_time``, never from a ticker: in the autumn
hour two windows share one. The later listing of such a ticker replaces the earlier one once that
is over.
"""

import msgspec

from kalshi_assistant.domain.contract import Contract, MarketStatus
from kalshi_assistant.domain.events import (
    CloseTimeChanged,
    FeesChanged,
    GridChanged,
    MarketDetermined,
    MarketListed,
    MarketStatusChanged,
    SettlementPublished,
    StrikeSet,
)
from kalshi_assistant.domain.ids import Ticker
from kalshi_assistant.domain.time import HOUR, MINUTE, Nanos

Fact = (
    MarketListed
    | StrikeSet
    | MarketStatusChanged
    | CloseTimeChanged
    | GridChanged
    | FeesChanged
    | MarketDetermined
    | SettlementPublished
)

LINGER = 20 * MINUTE
"""A closed market is followed until its settlement is published, at most this long."""
MEMORY = 2 * HOUR
"""A market that closed longer ago is forgotten."""


class _Listed(msgspec.Struct):
    contract: Contract
    status: MarketStatus
    settled: bool = False


class Universe:
    """The markets of one series, by ticker."""

    def __init__(self) -> None:
        self._markets: dict[Ticker, _Listed] = {}

    def take(self, fact: Fact) -> None:
        """Believe a fact; facts about markets never listed are ignored."""
        if isinstance(fact, MarketListed):
            self._list(fact)
        elif isinstance(fact, FeesChanged):
            self._charge(fact)
        elif (market := self._markets.get(fact.ticker)) is not None:
            _change(market, fact)

    def contract(self, ticker: Ticker) -> Contract | None:
        """What is known of a market's terms."""
        market = self._markets.get(ticker)
        return None if market is None else market.contract

    def status(self, ticker: Ticker) -> MarketStatus | None:
        """The venue's last word on a market."""
        market = self._markets.get(ticker)
        return None if market is None else market.status

    def current(self, now: Nanos) -> Contract | None:
        """The market whose window contains ``now``."""
        held = (m.contract for m in self._by_close())
        return next((c for c in held if c.open_time <= now < c.close_time), None)

    def upcoming(self, now: Nanos) -> Contract | None:
        """The next market to open after ``now``."""
        return next((m.contract for m in self._by_close() if m.contract.open_time > now), None)

    def follow(self, now: Nanos, lead: int) -> tuple[Ticker, ...]:
        """The markets to listen to: settling, open, and the next from ``lead`` ns before its
        open.
        """
        return tuple(
            market.contract.ticker
            for market in self._by_close()
            if market.contract.open_time - lead <= now and not _over(market, now)
        )

    def strike_due(self, now: Nanos) -> tuple[Ticker, ...]:
        """Open markets whose strike has not come."""
        return tuple(
            market.contract.ticker
            for market in self._by_close()
            if market.contract.open_time <= now < market.contract.close_time
            and market.contract.strike is None
        )

    def _by_close(self) -> list[_Listed]:
        return sorted(self._markets.values(), key=lambda market: market.contract.close_time)

    def _list(self, fact: MarketListed) -> None:
        new = fact.contract
        before = self._markets.get(new.ticker)
        same = before is not None and before.contract.close_time == new.close_time
        if before is not None and not same and fact.received_at < before.contract.close_time:
            return
        if before is not None and same:
            # A listing may lag behind the socket: what is known is not forgotten.
            strike = before.contract.strike if new.strike is None else new.strike
            fees = before.contract.fees if new.fees is None else new.fees
            new = msgspec.structs.replace(new, strike=strike, fees=fees)
        settled = before is not None and same and before.settled
        self._markets[new.ticker] = _Listed(new, fact.status, settled)
        self._forget(fact.received_at)

    def _charge(self, fact: FeesChanged) -> None:
        for market in self._markets.values():
            if market.contract.event_ticker == fact.event_ticker:
                market.contract = msgspec.structs.replace(market.contract, fees=fact.fees)

    def _forget(self, now: Nanos) -> None:
        old = [t for t, m in self._markets.items() if m.contract.close_time < now - MEMORY]
        for ticker in old:
            del self._markets[ticker]


def _over(market: _Listed, now: Nanos) -> bool:
    since = now - market.contract.close_time
    return since >= LINGER or (since >= 0 and market.settled)


def _change(
    market: _Listed,
    fact: StrikeSet
    | MarketStatusChanged
    | CloseTimeChanged
    | GridChanged
    | MarketDetermined
    | SettlementPublished,
) -> None:
    replace = msgspec.structs.replace
    match fact:
        case StrikeSet(strike=strike):
            market.contract = replace(market.contract, strike=strike)
        case MarketStatusChanged(status=status):
            market.status = status
        case CloseTimeChanged(close_time=close_time):
            market.contract = replace(market.contract, close_time=close_time)
        case GridChanged(price_ranges=price_ranges):
            market.contract = replace(market.contract, price_ranges=price_ranges)
        case MarketDetermined():
            market.status = "determined"
        case SettlementPublished():
            market.status, market.settled = "finalized", True
