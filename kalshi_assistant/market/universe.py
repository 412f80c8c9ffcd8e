"""Which markets exist, which is open, which to follow.

Times come from the venue's ``open_time`` and ``close_time``, never from a ticker. In the autumn
hour two windows share one ticker, and they are told apart by their ``open_time``: both are known
from their listing on, and the ticker *means* the earlier one until that has been closed for
``LINGER`` (its settlement comes under the same name), then the later one.

Answers follow from the facts taken and the times handed in; markets come in the order of their
closes. What a ticker means is judged at the latest time told, by a fact or by ``follow``.
"""

from collections.abc import Iterator

import msgspec

from kalshi_assistant.domain.contract import Contract, FeeTerms, MarketStatus
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
from kalshi_assistant.market.calendar import Window, name_repeats, windows_until

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
OVERRIDES_KEPT = 64
"""Events whose own fees are remembered."""


class _Listed(msgspec.Struct):
    contract: Contract
    status: MarketStatus
    settled: bool = False

    @property
    def window(self) -> Window:
        return Window(self.contract.open_time, self.contract.close_time)


class Universe:
    """The markets of one series."""

    def __init__(self) -> None:
        self._markets: dict[Ticker, list[_Listed]] = {}
        self._overrides: dict[str, FeeTerms] = {}
        """Windows by ticker, the earliest first: one each, two around the autumn hour."""
        self._now = Nanos(0)
        """The latest time told."""

    def take(self, fact: Fact) -> None:
        """Believe a fact; facts about markets never listed are ignored."""
        self._now = max(self._now, fact.received_at)
        if isinstance(fact, MarketListed):
            self._list(fact)
        elif isinstance(fact, FeesChanged):
            self._charge(fact)
        elif (market := self._meant(fact.ticker)) is not None:
            _change(market, fact)

    def shares_name(self, ticker: Ticker) -> bool:
        """Whether the window that is meant now has its ticker in common with another one."""
        contract = self.contract(ticker)
        return contract is not None and name_repeats(contract.close_time)

    def contract(self, ticker: Ticker) -> Contract | None:
        """What is known of a market's terms."""
        market = self._meant(ticker)
        return None if market is None else market.contract

    def status(self, ticker: Ticker) -> MarketStatus | None:
        """The venue's last word on a market."""
        market = self._meant(ticker)
        return None if market is None else market.status

    def current(self, now: Nanos) -> Contract | None:
        """The market whose window contains ``now``."""
        return next((m.contract for m in self._by_close() if m.window.contains(now)), None)

    def upcoming(self, now: Nanos) -> Contract | None:
        """The next market to open after ``now``."""
        return next((m.contract for m in self._by_close() if m.contract.open_time > now), None)

    def unlisted(self, now: Nanos, ahead: int) -> tuple[Window, ...]:
        """Quarter hours of [now, now + ahead) for which no market is known: asked for too late,
        lost from a listing, or not made (the weekly maintenance).
        """
        known = [market.window for market in self._by_close()]
        return tuple(
            window
            for window in windows_until(now, Nanos(now + ahead))
            if not any(window.overlaps(each) for each in known)
        )

    def follow(self, now: Nanos, lead: int) -> tuple[Ticker, ...]:
        """The markets to listen to: settling, open, and the next from ``lead`` ns before its
        open. Asked as time passes: it is also what lets a shared ticker roll over.
        """
        self._now = max(self._now, now)
        wanted = (
            market.contract.ticker
            for market in self._by_close()
            if market.contract.open_time - lead <= now and not _over(market, now)
        )
        return tuple(dict.fromkeys(wanted))

    def strike_due(self, now: Nanos) -> tuple[Ticker, ...]:
        """Open markets whose strike has not come: late until the close, and then it never comes."""
        return tuple(
            market.contract.ticker
            for market in self._by_close()
            if market.contract.strike is None and market.window.contains(now)
        )

    def _meant(self, ticker: Ticker) -> _Listed | None:
        windows = self._markets.get(ticker)
        if windows is None:
            return None
        lingering = (m for m in windows if self._now < m.contract.close_time + LINGER)
        return next(lingering, windows[-1])

    def _all(self) -> Iterator[_Listed]:
        return (market for windows in self._markets.values() for market in windows)

    def _by_close(self) -> list[_Listed]:
        return sorted(self._all(), key=lambda market: market.contract.close_time)

    def _list(self, fact: MarketListed) -> None:
        override = self._overrides.get(fact.contract.event_ticker)
        if override is not None:
            contract = msgspec.structs.replace(fact.contract, fees=override)
            fact = msgspec.structs.replace(fact, contract=contract)
        new = fact.contract
        windows = self._markets.setdefault(new.ticker, [])
        held = next((m for m in windows if m.contract.open_time == new.open_time), None)
        if held is None:
            windows.append(_Listed(new, fact.status))
            windows.sort(key=lambda market: market.contract.open_time)
        else:
            _describe_again(held, fact)
        self._forget()

    def _charge(self, fact: FeesChanged) -> None:
        """An event's own fees go before its series', whichever is told last."""
        self._overrides.pop(fact.event_ticker, None)
        self._overrides[fact.event_ticker] = fact.fees
        while len(self._overrides) > OVERRIDES_KEPT:
            del self._overrides[next(iter(self._overrides))]
        for market in self._all():
            if market.contract.event_ticker == fact.event_ticker:
                market.contract = msgspec.structs.replace(market.contract, fees=fact.fees)

    def _forget(self) -> None:
        oldest = self._now - MEMORY
        for ticker in list(self._markets):
            kept = [m for m in self._markets[ticker] if m.contract.close_time >= oldest]
            if kept:
                self._markets[ticker] = kept
            else:
                del self._markets[ticker]


def _describe_again(market: _Listed, fact: MarketListed) -> None:
    """A listing may lag behind the socket: strike, fees and end, once known, are not forgotten."""
    old, new = market.contract, fact.contract
    market.contract = msgspec.structs.replace(
        new,
        strike=old.strike if new.strike is None else new.strike,
        fees=old.fees if new.fees is None else new.fees,
    )
    if not market.settled:
        market.status = fact.status


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
