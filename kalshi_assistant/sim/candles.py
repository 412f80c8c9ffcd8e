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

    def widen(self, price: int) -> None:
        self.close = price
        if price > self.high:
            self.high = price
        elif price < self.low:
            self.low = price

    def span(self) -> Span:
        return Span(Price(self.open), Price(self.high), Price(self.low), Price(self.close))


class CandleTape:
    """The candles of one market from ``start`` on."""

    def __init__(self, start: Nanos, bid: int, ask: int) -> None:
        self._done: list[Candle] = []
        self._previous: Price | None = None
        self._begin(Nanos((start // MINUTE + 1) * MINUTE), bid, ask)

    def quoted(self, at: Nanos, bid: int, ask: int, open_interest: int) -> None:
        """The best prices from ``at`` on."""
        if at >= self._end:
            self.roll(at, open_interest)
        if bid != self._bid.close:
            self._bid.widen(bid)
        if ask != self._ask.close:
            self._ask.widen(ask)

    def traded(self, at: Nanos, price: int, quantity: int, open_interest: int) -> None:
        """A trade."""
        if at >= self._end:
            self.roll(at, open_interest)
        if self._price is None:
            self._price = _Range(price, price, price, price)
        self._price.widen(price)
        self._volume += quantity
        self._turnover += price * quantity

    def roll(self, now: Nanos, open_interest: int) -> None:
        """Finish every minute that is over by ``now``."""
        while self._end <= now:
            mean = self._turnover // self._volume if self._volume else None
            price = None if self._price is None else self._price.span()
            self._done.append(
                Candle(
                    end=self._end,
                    bid=self._bid.span(),
                    ask=self._ask.span(),
                    price=price,
                    mean=None if mean is None else Price(mean),
                    previous=self._previous,
                    volume=Quantity(self._volume),
                    open_interest=Quantity(open_interest),
                )
            )
            self._previous = self._previous if price is None else price.close
            self._begin(Nanos(self._end + MINUTE), self._bid.close, self._ask.close)

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

    def _begin(self, end: Nanos, bid: int, ask: int) -> None:
        self._end = end
        self._bid = _Range(bid, bid, bid, bid)
        self._ask = _Range(ask, ask, ask, ask)
        self._price: _Range | None = None
        self._volume = self._turnover = 0


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
