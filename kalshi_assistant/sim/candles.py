"""Minutes of one market as candles: best prices throughout, trades where there were any.

A candle is there once its minute is over. Minutes without a change repeat the best prices.
"""

from dataclasses import dataclass

from kalshi_assistant.domain.time import MINUTE, Nanos
from kalshi_assistant.domain.units import Price, Quantity
from kalshi_assistant.sim.documents import Candle, Span


@dataclass(slots=True)
class _Range:
    """First, highest, lowest and last of a run of prices."""

    open: int
    high: int
    low: int
    close: int

    @classmethod
    def at(cls, price: int) -> "_Range":
        return cls(price, price, price, price)

    def widen(self, price: int) -> None:
        self.close = price
        if price > self.high:
            self.high = price
        elif price < self.low:
            self.low = price

    def span(self) -> Span:
        return Span(Price(self.open), Price(self.high), Price(self.low), Price(self.close))


@dataclass(slots=True)
class _Minute:
    """The minute that is not over yet."""

    end: Nanos
    bid: _Range
    ask: _Range
    price: _Range | None = None
    volume: int = 0
    turnover: int = 0


class CandleTape:
    """The candles of one market from ``start`` on."""

    def __init__(self, start: Nanos, bid: int, ask: int) -> None:
        self._done: list[Candle] = []
        self._previous: Price | None = None
        end = Nanos((start // MINUTE + 1) * MINUTE)
        self._now = _Minute(end, _Range.at(bid), _Range.at(ask))

    def quoted(self, at: Nanos, bid: int, ask: int, open_interest: int) -> None:
        """The best prices from ``at`` on."""
        self.roll(at, open_interest)
        self._now.bid.widen(bid)
        self._now.ask.widen(ask)

    def traded(self, at: Nanos, price: int, quantity: int, open_interest: int) -> None:
        """A trade."""
        self.roll(at, open_interest)
        minute = self._now
        if minute.price is None:
            minute.price = _Range.at(price)
        minute.price.widen(price)
        minute.volume += quantity
        minute.turnover += price * quantity

    def roll(self, now: Nanos, open_interest: int) -> None:
        """Finish every minute that is over by ``now``."""
        while self._now.end <= now:
            minute = self._now
            candle = _candle(minute, self._previous, open_interest)
            self._done.append(candle)
            if candle.price is not None:
                self._previous = candle.price.close
            bid, ask = _Range.at(minute.bid.close), _Range.at(minute.ask.close)
            self._now = _Minute(Nanos(minute.end + MINUTE), bid, ask)

    def between(self, start: Nanos, end: Nanos, period_minutes: int) -> list[Candle]:
        """The candles that end within [start, end], each of so many minutes, ascending."""
        period = period_minutes * MINUTE
        groups: dict[int, list[Candle]] = {}
        for candle in self._done:
            groups.setdefault(-(-candle.end // period) * period, []).append(candle)
        return [
            _merged(Nanos(last), minutes)
            for last, minutes in groups.items()
            if start <= last <= end
        ]


def _candle(minute: _Minute, previous: Price | None, open_interest: int) -> Candle:
    return Candle(
        end=minute.end,
        bid=minute.bid.span(),
        ask=minute.ask.span(),
        price=None if minute.price is None else minute.price.span(),
        mean=Price(minute.turnover // minute.volume) if minute.volume else None,
        previous=previous,
        volume=Quantity(minute.volume),
        open_interest=Quantity(open_interest),
    )


def _merged(end: Nanos, minutes: list[Candle]) -> Candle:
    """Several minutes as one candle that ends at ``end``."""
    volume = sum(each.volume for each in minutes)
    turnover = sum(each.mean * each.volume for each in minutes if each.mean is not None)
    prices = [each.price for each in minutes if each.price is not None]
    return Candle(
        end=end,
        bid=_joined([each.bid for each in minutes]),
        ask=_joined([each.ask for each in minutes]),
        price=_joined(prices) if prices else None,
        mean=Price(turnover // volume) if volume else None,
        previous=minutes[0].previous,
        volume=Quantity(volume),
        open_interest=minutes[-1].open_interest,
    )


def _joined(spans: list[Span]) -> Span:
    high, low = max(each.high for each in spans), min(each.low for each in spans)
    return Span(spans[0].open, high, low, spans[-1].close)
