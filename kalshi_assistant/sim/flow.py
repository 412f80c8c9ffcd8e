"""Who trades on the exchange that is not there: makers around a fair value, takers at random.

Makers see the index a little late and a little wrong, quote a ladder around their own idea of the
fair price and move it now and then; one of them is slow and deep. Takers come in bursts; some know
the fair value, most do not. Rates and sizes are those of the recordings: a median of some eighty
book changes a second, five trades a second of ten contracts in the median with a long tail.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from kalshi_assistant.domain.contract import PriceRange
from kalshi_assistant.domain.orders import ASK, BID, BookSide
from kalshi_assistant.quant.rng import stream
from kalshi_assistant.sim.matching import Matcher

SIZES: Final = (100, 200, 1_000, 4_000, 7_500, 8_100, 10_000, 40_000, 100_000)
"""Quantities makers quote, 1/100 contract: what is commonest in the recordings."""
SIZE_WEIGHTS: Final = (0.17, 0.11, 0.17, 0.09, 0.10, 0.07, 0.13, 0.10, 0.06)
FRACTIONAL: Final = 0.12
"""Share of quotes and trades that are not whole contracts."""
TRADES_PER_SECOND: Final = 5.3
TRADE_LOG_MEDIAN: Final = math.log(1_000)
TRADE_LOG_SPREAD: Final = 1.6
INFORMED: Final = 0.12
WINDOW: Final = 60


@dataclass(frozen=True, slots=True)
class Temper:
    """How a maker quotes; prices in 1/10,000 dollar."""

    lag: int
    """ns between the index and what the maker knows of it."""
    noise: float
    """Standard deviation of his error about the fair probability."""
    half_spread: int
    levels: int
    requotes_per_second: float
    deep: bool
    """Sizes ten times as large, on every second step of the grid."""


TEMPERS: Final = (
    Temper(80_000_000, 0.004, 60, 10, 3.0, False),
    Temper(150_000_000, 0.006, 90, 12, 2.5, False),
    Temper(250_000_000, 0.008, 120, 10, 2.0, False),
    Temper(400_000_000, 0.010, 150, 14, 1.5, False),
    Temper(700_000_000, 0.012, 250, 10, 1.0, False),
    Temper(1_500_000_000, 0.015, 500, 40, 0.25, True),
)


def fair_probability(spot: float, strike: float, sigma: float, seconds_left: float) -> float:
    """P(mean of the last sixty one-second prints >= strike), Gaussian, in plain Python.

    An independent twin of the assistant's own: before the averaging minute the effective time is
    the time to the close less 40.5 s; inside it the variance falls with the cube of what is left.
    ``spot`` stands for the expected average.
    """
    if seconds_left > WINDOW:
        effective = seconds_left - 40.497
    else:
        left = max(seconds_left, 0.0)
        effective = left * (left + 1) * (2 * left + 1) / 21_600
    sd = sigma * math.sqrt(max(effective, 1e-9))
    return 0.5 * math.erfc((strike - 0.005 - spot) / sd / math.sqrt(2.0))


def on_grid(price: float, ranges: tuple[PriceRange, ...], side: BookSide) -> int:
    """The nearest price of the grid at or behind ``price``: down for bids, up for asks."""
    for band in ranges:
        if price <= band.end:
            steps = (price - band.start) / band.step
            whole = math.floor(steps) if side == BID else math.ceil(steps)
            return max(band.start, band.start + whole * band.step)
    return ranges[-1].end


class Flow:
    """The traders of one market: acts on its matcher and says what they did through it."""

    def __init__(
        self, seed: int, name: str, matcher: Matcher, ranges: tuple[PriceRange, ...]
    ) -> None:
        self._rng = stream(seed, f"flow/{name}")
        self._matcher = matcher
        self._ranges = ranges
        self._orders = 0
        self._quotes: list[dict[tuple[int, int], int]] = [{} for _ in TEMPERS]
        """By maker: (side, price) -> order id."""
        self._errors = self._rng.standard_normal(len(TEMPERS))
        self._burst = 1.0

    def open(self, fair: float) -> None:
        """Everybody quotes at once."""
        for maker in range(len(TEMPERS)):
            self._requote(maker, fair)

    def actions(self, seconds: float) -> list[tuple[float, int]]:
        """(part of the step, who) of what happens within ``seconds``; who is -1 for a taker."""
        rng = self._rng
        self._burst += (1.0 - self._burst) * seconds / 5 + 0.35 * math.sqrt(seconds) * float(
            rng.standard_normal()
        )
        self._burst = min(max(self._burst, 0.15), 6.0)
        found = [
            (float(u), -1)
            for u in rng.random(rng.poisson(TRADES_PER_SECOND * seconds * self._burst))
        ]
        for maker, temper in enumerate(TEMPERS):
            times = rng.poisson(temper.requotes_per_second * seconds * self._burst)
            found += [(float(part), maker) for part in rng.random(times)]
        return sorted(found)

    def lag(self, who: int) -> int:
        """How late somebody sees the index, ns; a taker sees it as it is."""
        return 0 if who < 0 else TEMPERS[who].lag

    def act(self, who: int, fair: float) -> None:
        """Let one of them act on what he knows."""
        if who < 0:
            self._trade(fair)
        else:
            self._requote(who, fair)

    def _requote(self, maker: int, fair: float) -> None:
        """Cancel what no longer belongs to the ladder and add what is missing."""
        temper, rng = TEMPERS[maker], self._rng
        self._errors[maker] = 0.9 * self._errors[maker] + 0.436 * rng.standard_normal()
        mine = min(max(fair + temper.noise * float(self._errors[maker]), 0.001), 0.999) * 10_000
        wanted = self._ladder(mine, temper)
        held = self._quotes[maker]
        keep = rng.random(len(held)) < 0.93
        for (key, order_id), stays in zip(list(held.items()), keep, strict=True):
            if key not in wanted or not stays:
                self._matcher.cancel(order_id)
                del held[key]
            elif not self._matcher.left(order_id):
                del held[key]
        missing = [key for key in wanted if key not in held]
        for key, quantity in zip(missing, self._sizes(len(missing), temper.deep), strict=True):
            self._orders += 1
            side: BookSide = BID if key[0] == BID else ASK
            self._matcher.add(self._orders, maker, side, key[1], quantity, "post_only")
            if self._matcher.left(self._orders):
                held[key] = self._orders

    def _ladder(self, mine: float, temper: Temper) -> dict[tuple[int, int], None]:
        wanted: dict[tuple[int, int], None] = {}
        sides: tuple[tuple[BookSide, int], ...] = ((BID, -1), (ASK, 1))
        for side, away in sides:
            price = mine + away * temper.half_spread
            for _ in range(temper.levels):
                quote = on_grid(price, self._ranges, side)
                if not 0 < quote < 10_000:
                    break
                wanted[int(side), quote] = None
                step = next(b.step for b in self._ranges if quote <= b.end)
                price = quote + away * step * (2 if temper.deep else 1)
        return wanted

    def _sizes(self, count: int, deep: bool) -> list[int]:
        rng = self._rng
        sizes = rng.choice(SIZES, size=count, p=SIZE_WEIGHTS) * (10 if deep else 1)
        odd = np.where(rng.random(count) < FRACTIONAL, rng.integers(1, 100, count), 0)
        return [int(size) for size in sizes + odd]

    def _trade(self, fair: float) -> None:
        rng, matcher = self._rng, self._matcher
        bid, ask = matcher.best_bid, matcher.best_ask
        if rng.random() < INFORMED:
            if ask / 10_000 < fair:
                side: BookSide = BID
            elif bid / 10_000 > fair:
                side = ASK
            else:
                return
        else:
            side = BID if rng.random() < 0.5 else ASK
        quantity = int(math.exp(TRADE_LOG_MEDIAN + TRADE_LOG_SPREAD * rng.standard_normal()))
        if rng.random() > FRACTIONAL:
            quantity = quantity // 100 * 100
        limit = ask if side == BID else bid
        if not 0 < limit < 10_000:
            return
        self._orders += 1
        matcher.add(
            self._orders, -1, side, limit, min(max(quantity, 1), 500_000), "immediate_or_cancel"
        )
