"""Candles of one market, by the minute, merged into longer ones on request."""

from dataclasses import dataclass, field

import msgspec

from kalshi_assistant.domain.time import MINUTE, Nanos
from kalshi_assistant.domain.units import Price, Quantity


class Span(msgspec.Struct, frozen=True, gc=False):
    """First, highest, lowest and last price of a span of time."""

    open: Price
    high: Price
    low: Price
    close: Price


class Candle(msgspec.Struct, frozen=True, gc=False):
    """One span of a market's life; ``None`` where nothing was traded."""

    end: Nanos
    bid: Span
    ask: Span
    price: Span | None
    mean: Price | None
    previous: Price | None
    """The last price before the span."""
    volume: Quantity
    open_interest: Quantity


@dataclass(slots=True)
class _Minute:
    bids: list[int] = field(default_factory=list)
    asks: list[int] = field(default_factory=list)
    prices: list[int] = field(default_factory=list)
    paid: int = 0
    volume: int = 0
    open_interest: int = 0


class Candles:
    """What happened to a market, by minute."""

    __slots__ = ("_minutes",)

    def __init__(self) -> None:
        self._minutes: dict[int, _Minute] = {}

    def trade(self, at: Nanos, price: int, quantity: int) -> None:
        """A trade."""
        minute = self._minute(at)
        minute.prices.append(price)
        minute.paid += price * quantity
        minute.volume += quantity

    def quote(self, at: Nanos, bid: int, ask: int, open_interest: int) -> None:
        """Best prices at an instant."""
        minute = self._minute(at)
        minute.bids.append(bid)
        minute.asks.append(ask)
        minute.open_interest = open_interest

    def within(self, start: Nanos, end: Nanos, period_minutes: int) -> list[Candle]:
        """Candles of so many minutes that end within [start, end], ascending."""
        period = period_minutes * MINUTE
        groups: dict[int, list[_Minute]] = {}
        for number in sorted(self._minutes):
            closes = -(-((number + 1) * MINUTE) // period) * period
            groups.setdefault(closes, []).append(self._minutes[number])
        found: list[Candle] = []
        previous: int | None = None
        for closes, minutes in groups.items():
            candle = _candle(Nanos(closes), minutes, previous)
            if candle is not None and start <= closes <= end:
                found.append(candle)
            previous = next((m.prices[-1] for m in reversed(minutes) if m.prices), previous)
        return found

    def _minute(self, at: Nanos) -> _Minute:
        return self._minutes.setdefault(at // MINUTE, _Minute())


def _candle(end: Nanos, minutes: list[_Minute], previous: int | None) -> Candle | None:
    bids = [price for minute in minutes for price in minute.bids]
    asks = [price for minute in minutes for price in minute.asks]
    prices = [price for minute in minutes for price in minute.prices]
    volume = sum(minute.volume for minute in minutes)
    if not bids:
        return None
    return Candle(
        end=end,
        bid=_span(bids),
        ask=_span(asks),
        price=_span(prices) if prices else None,
        mean=Price(sum(minute.paid for minute in minutes) // volume) if volume else None,
        previous=None if previous is None else Price(previous),
        volume=Quantity(volume),
        open_interest=Quantity(minutes[-1].open_interest),
    )


def _span(prices: list[int]) -> Span:
    return Span(Price(prices[0]), Price(max(prices)), Price(min(prices)), Price(prices[-1]))
