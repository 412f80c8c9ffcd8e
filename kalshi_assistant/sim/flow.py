"""Who trades on the exchange that is not there: makers around a fair value, and takers.

A maker knows the fair value of some moments ago, with an error of his own that wanders. On each of
his turns he moves his ladder of quotes to where he now thinks it belongs (his innermost quote may
trade on the way) and replaces a quote or two. Takers come in bursts; most want something and take
what is shown, some come because the price shown is wrong.

Turns are random in time, faster in bursts. Rates and sizes were set beside recordings of the real
market: some seventy level changes in a median second and several hundred in the busiest, five
trades a second of ten contracts in the median with a long tail, a hundred levels on either side
with a hundred to some thousands of contracts on each, one cent between bid and ask.

Known limitation: nobody has a position he minds, so nobody leans his quotes; sizes do not depend on
prices.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np

from kalshi_assistant.domain.contract import PriceRange
from kalshi_assistant.domain.orders import ASK, BID, BookSide
from kalshi_assistant.domain.time import MICROSECOND, MILLISECOND, SECOND
from kalshi_assistant.domain.units import PRICE_SCALE
from kalshi_assistant.quant.rng import stream
from kalshi_assistant.sim.draws import Draws
from kalshi_assistant.sim.matching import Matcher, TimeInForce

KnownFair = Callable[[int], float]
"""The fair probability as it could be known so many nanoseconds ago."""


class Temper(NamedTuple):
    """How a maker quotes. Prices in 1/10,000 dollar."""

    lag: int
    """ns between the index and what he knows of it."""
    error: float
    """Standard deviation of his error about the fair probability."""
    half_spread: int
    levels: int
    """Quotes on each side, on neighbouring prices of the grid."""
    turns: float
    """Turns per second when the market is neither hurried nor calm."""
    replaces: int
    """Quotes he replaces on a turn, at most."""
    size: int
    """What his sizes are multiplied with."""


MAKERS: Final = (
    Temper(40 * MILLISECOND, 0.004, 60, 5, 7.0, 1, 1),
    Temper(120 * MILLISECOND, 0.005, 90, 6, 5.0, 1, 1),
    Temper(250 * MILLISECOND, 0.006, 120, 9, 2.5, 2, 1),
    Temper(450 * MILLISECOND, 0.008, 180, 12, 1.8, 3, 2),
    Temper(800 * MILLISECOND, 0.010, 300, 20, 0.9, 3, 2),
    Temper(1_600 * MILLISECOND, 0.012, 600, 300, 0.35, 4, 2),
)
"""From the quick and close to the slow and deep, who fills the grid to its ends."""

TAKERS: Final = len(MAKERS)
"""The owner of every order that is no maker's."""
TAKER_TURNS: Final = 3.6
INFORMED: Final = 0.45
"""Share of takers who only come when the price shown is wrong."""
INFORMED_EDGE: Final = 0.004
SWEEP_STEPS: Final = 3
"""How many steps of the grid beyond the best price a taker may go."""

SHRINK_MIN: Final = 0.25
"""How far spreads and errors shrink where the price is almost 0 or 1 dollar."""
AGGRESSIVE: Final = 0.08
"""Share of maker turns on which he takes what stands in the way of his quotes; else he waits."""

SIZES: Final = (100, 200, 500, 1_000, 2_000, 4_000, 5_000, 8_100, 10_000, 40_000, 50_000, 100_000)
SIZE_WEIGHTS: Final = (0.08, 0.06, 0.05, 0.12, 0.07, 0.10, 0.11, 0.06, 0.14, 0.12, 0.05, 0.04)
"""What makers quote, 1/100 contract."""
FRACTIONAL: Final = 0.13
"""Share of quotes and of taker orders that are not whole contracts."""
TAKER_LOG_MEDIAN: Final = math.log(1_100)
TAKER_LOG_SPREAD: Final = 1.55
TAKER_SIZE_MAX: Final = 500_000

HURRY_SECONDS: Final = 6.0
HURRY_SPREAD: Final = 0.55
"""Memory and standard deviation of the logarithm of how hurried the market is."""
_ERROR_KEPT: Final = 0.9
_SIZES_DRAWN: Final = 4_096


def grid_of(ranges: tuple[PriceRange, ...]) -> list[int]:
    """Every price an order may have, ascending."""
    prices = {price for band in ranges for price in range(band.start, band.end + 1, band.step)} - {
        0,
        PRICE_SCALE,
    }
    return sorted(prices)


@dataclass(slots=True)
class _Maker:
    owner: int
    temper: Temper
    error: float
    quotes: tuple[dict[int, int], dict[int, int]] = field(default_factory=lambda: ({}, {}))
    """By side: place on the grid -> order id."""


class Flow:
    """The traders of one market. They act on its matcher, which says what they did."""

    def __init__(
        self,
        seed: int,
        name: str,
        matcher: Matcher,
        ranges: tuple[PriceRange, ...],
        activity: float = 1.0,
    ) -> None:
        self._matcher = matcher
        self._grid = grid_of(ranges)
        self._step_at = {price: place for place, price in enumerate(self._grid)}
        self._floors = _floors(self._grid)
        rng = stream(seed, f"flow/{name}")
        self._draws = Draws(rng)
        self._sizes = _maker_sizes(rng)
        self._makers = [
            _Maker(owner, temper, self._draws.normal()) for owner, temper in enumerate(MAKERS)
        ]
        self._turns = [each.turns for each in MAKERS] + [TAKER_TURNS]
        self._turns_per_second = sum(self._turns) * activity
        self._log_hurry = 0.0
        self._next_id = 0

    def open(self, fair: KnownFair) -> None:
        """Every maker quotes, the deep one first, on a book without orders."""
        for maker in reversed(self._makers):
            maker.quotes = ({}, {})
            self._quote(maker, fair)

    def pause(self) -> int:
        """How long until somebody's next turn, in nanoseconds."""
        draws = self._draws
        gap = -math.log(1.0 - draws.uniform())
        seconds = gap / (self._turns_per_second * math.exp(self._log_hurry))
        keeps = math.exp(-seconds / HURRY_SECONDS)
        shock = HURRY_SPREAD * math.sqrt(1 - keeps * keeps) * draws.normal()
        self._log_hurry = self._log_hurry * keeps + shock
        return int(seconds * SECOND / MICROSECOND + 1) * MICROSECOND

    def turn(self, fair: KnownFair) -> None:
        """Somebody's turn."""
        who = self._draws.uniform() * sum(self._turns)
        for maker, turns in zip(self._makers, self._turns, strict=False):
            who -= turns
            if who < 0:
                self._quote(maker, fair)
                self._replace(maker)
                return
        self._take(fair(MAKERS[0].lag))

    def heed(self) -> None:
        """Somebody else traded: a maker whose quote is gone knows it."""
        self._forget_traded(0)

    # --- makers ---

    def _quote(self, maker: _Maker, fair: KnownFair) -> None:
        """Move the ladder to where it belongs: first out of the way, then in."""
        temper = maker.temper
        maker.error = (
            _ERROR_KEPT * maker.error + math.sqrt(1 - _ERROR_KEPT**2) * self._draws.normal()
        )
        ladders = self._ladders(fair(temper.lag), maker)
        for side, ladder in ladders:
            self._leave(maker.quotes[side], ladder)
        waits: TimeInForce = "post_only"
        if self._draws.uniform() < AGGRESSIVE:
            waits = "good_till_canceled"
        for side, ladder in ladders:
            quotes = maker.quotes[side]
            for place in ladder:
                if place not in quotes:
                    self._enter(maker, side, place, waits)

    def _ladders(self, fair: float, maker: _Maker) -> tuple[tuple[BookSide, range], ...]:
        """The places on the grid where he wants to bid and to ask, the best first.

        Errors and spreads shrink toward 0 and 1 dollar, as the price itself moves less there.
        """
        temper, floors, last = maker.temper, self._floors, len(self._grid) - 1
        shrink = max(2 * math.sqrt(fair * (1 - fair)), SHRINK_MIN)
        middle = (fair + temper.error * maker.error * shrink) * PRICE_SCALE
        away = temper.half_spread * shrink
        bid = floors[min(max(int(middle - away), 0), PRICE_SCALE)]
        ask = floors[min(max(int(middle + away), 0), PRICE_SCALE)] + 1
        bids = range(bid, max(bid - temper.levels, -1), -1)
        asks = range(ask, min(ask + temper.levels, last + 1))
        return (BID, bids), (ASK, asks)

    def _leave(self, quotes: dict[int, int], ladder: range) -> None:
        cancel = self._matcher.cancel
        for place in [place for place in quotes if place not in ladder]:
            cancel(quotes.pop(place))

    def _enter(self, maker: _Maker, side: BookSide, place: int, waits: TimeInForce) -> None:
        """One quote: whatever of it does not trade and is not refused rests."""
        self._next_id += 1
        size = self._sizes[self._next_id % _SIZES_DRAWN] * maker.temper.size
        before = len(self._matcher.trades)
        self._matcher.add(self._next_id, maker.owner, side, self._grid[place], size, waits)
        if len(self._matcher.trades) > before:
            self._forget_traded(before)
        if self._matcher.left(self._next_id):
            maker.quotes[side][place] = self._next_id

    def _replace(self, maker: _Maker) -> None:
        """Cancel a few quotes near the best and put others in their places."""
        draws, temper = self._draws, maker.temper
        for _ in range(int(draws.uniform() * (temper.replaces + 1))):
            side: BookSide = BID if draws.uniform() < 0.5 else ASK
            quotes = maker.quotes[side]
            if not quotes:
                continue
            nearest = max(quotes) if side == BID else min(quotes)
            away = int(draws.uniform() * draws.uniform() * temper.levels)
            place = nearest - away if side == BID else nearest + away
            if place in quotes:
                self._matcher.cancel(quotes.pop(place))
                self._enter(maker, side, place, "post_only")

    def _forget_traded(self, before: int) -> None:
        """Quotes that traded away are not quotes any more."""
        for resting, owner, _, _, taker_side, price, _ in self._matcher.trades[before:]:
            if owner < TAKERS and not self._matcher.left(resting):
                side = ASK if taker_side == BID else BID
                self._makers[owner].quotes[side].pop(self._step_at[price], None)

    # --- takers ---

    def _take(self, fair: float) -> None:
        """An order that takes what is shown, and a little beyond."""
        draws, matcher = self._draws, self._matcher
        bid, ask = matcher.best_bid, matcher.best_ask
        if draws.uniform() < INFORMED:
            if fair - ask / PRICE_SCALE > INFORMED_EDGE:
                side: BookSide = BID
            elif bid / PRICE_SCALE - fair > INFORMED_EDGE:
                side = ASK
            else:
                return
        else:
            side = BID if draws.uniform() < 0.5 else ASK
        best = self._step_at.get(ask if side == BID else bid)
        if best is None:
            return
        beyond = int(draws.uniform() * (SWEEP_STEPS + 1))
        place = best + beyond if side == BID else best - beyond
        limit = self._grid[min(max(place, 0), len(self._grid) - 1)]
        self._next_id += 1
        before = len(matcher.trades)
        matcher.add(self._next_id, TAKERS, side, limit, self._taker_size(), "immediate_or_cancel")
        self._forget_traded(before)

    def _taker_size(self) -> int:
        draws = self._draws
        size = int(math.exp(TAKER_LOG_MEDIAN + TAKER_LOG_SPREAD * draws.normal()))
        if draws.uniform() >= FRACTIONAL:
            size = size // 100 * 100 or 100
        return min(max(size, 1), TAKER_SIZE_MAX)


def _floors(grid: list[int]) -> list[int]:
    """By price: the place of the highest grid price at or below it, -1 below the grid."""
    floors, place = [], -1
    for price in range(PRICE_SCALE + 1):
        if place + 1 < len(grid) and grid[place + 1] <= price:
            place += 1
        floors.append(place)
    return floors


def _maker_sizes(rng: np.random.Generator) -> list[int]:
    """Common sizes, some of them with a fraction."""
    sizes = rng.choice(SIZES, size=_SIZES_DRAWN, p=SIZE_WEIGHTS)
    fractions = rng.integers(1, 100, _SIZES_DRAWN) * (rng.random(_SIZES_DRAWN) < FRACTIONAL)
    return [int(size) for size in sizes + fractions]
