"""The simulated world by the second, without books and without sockets: an index, a chain of
quarter hours on it, and quotes whose worth is known exactly.

The volatility is that of ``index_path`` (two walks, jumps) under the day's profile. Whoever makes
the quotes knows the volatility of every second to come, nothing of its direction, and each print a
second before it is told: given the volatilities the average is a Gaussian, so the fair price is
exact, and whoever reads index and quotes finds no edge in fair ones, however fast the order. What
is planted is planted on top of it:

- ``edge_dollars`` ``None``: both sides at least half a cent away from fair. Trading costs.
- a number: in every window one side, drawn by lot, is cheap. Who buys it keeps so much a contract
  after the taker's fee, by expectation, to the nearest tick; at 0 the tick is rounded against the
  buyer, so that no purchase is ever worth more than it costs.

**Invariants:** a block is a function of seed and place, so blocks can be made in any order and in
any process; a strike is the average that the window before it settled on; a result is what sixty
prints say, rounded as the venue rounds.

Known limitation: quotes know neither the model nor our orders, and never lag or flicker. The
volatility given, moves of a block are those of an arithmetic walk from its first value.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from kalshi_assistant.domain.ranges import check_ranges, setting
from kalshi_assistant.domain.units import INDEX_SCALE, PRICE_SCALE
from kalshi_assistant.market.calendar import zone_offset
from kalshi_assistant.quant.closed_form import WINDOW, normal_cdf
from kalshi_assistant.quant.compiled import compiled
from kalshi_assistant.quant.rng import stream
from kalshi_assistant.quant.volatility import season
from kalshi_assistant.sim.index_path import (
    BURST_SECONDS,
    BURST_SPREAD,
    DAY_SECONDS,
    DAY_SPREAD,
    JUMP_EXCITES,
    JUMP_SIGMAS,
    JUMPS_PER_SECOND,
    MEDIAN_HOUR,
)

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

VERSION: Final = 1
"""Of what a recipe means: the same recipe gives the same world under the same version."""
LENGTH: Final = 900
"""Seconds of a window."""
BLOCK_WINDOWS: Final = 96
BLOCK: Final = BLOCK_WINDOWS * LENGTH
"""Seconds made at once: a day."""
LEAD: Final = 3_600
"""Seconds of index before the first window."""
FIRST_OPEN: Final = 1_767_243_600
"""A midnight of New York: 2026-01-01."""
HOUR: Final = 3_600
HALF_SPREAD: Final = 0.005
"""Dollars that an honest side stands away from fair, before it is put on the grid."""
OTHER_SIDE: Final = 200
"""How far the dear side of a planted quote stands away, prices."""
FEE: Final = 0.07
FINE_TICK: Final = 10
TICK: Final = 100
FINE_BELOW: Final = 1_000
"""The venue's tapered grid: a tenth of a cent below ten cents and above ninety."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A recipe: the same one gives the same panel."""

    windows: int = setting(96, "quarter hours, one after another", ge=1, le=1_000_000)
    seed: int = setting(0, "of everything", ge=0)
    edge_dollars: float | None = setting(
        None, "what a buyer of the cheap side keeps; none: honest quotes", ge=0, le=0.3
    )
    start_dollars: float = setting(100_000.0, "the index before the first window", ge=1_000, le=1e7)
    sigma_bp: float = setting(
        0.6, "deviation of moves of a second in a median hour, basis points", gt=0, le=20
    )
    version: int = setting(VERSION, "of the generator")

    def __post_init__(self) -> None:
        check_ranges(self)

    @property
    def blocks(self) -> int:
        """Blocks of which its windows are made."""
        return -(-self.windows // BLOCK_WINDOWS)


class Block(NamedTuple):
    """A stretch of whole windows and what is known of them."""

    first_window: int
    first: int
    """Epoch second of the first window's open."""
    prints: Ints
    """Cents, by second."""
    bid: Ints
    """YES prices by second, 1/10,000 dollar; 0 where nobody bids."""
    ask: Ints
    """10,000 where nobody offers."""
    fair: Floats
    """P(YES) by who makes that second's quote: with the print of the next, and the volatility."""
    strikes: Ints
    settled: Ints
    """Cents, by window."""
    yes: npt.NDArray[np.bool_]
    """Results."""


# --- the index ---


@compiled
def _sigmas(
    first: int, zone: int, walks: Floats, jumps: npt.NDArray[np.bool_], start: Floats
) -> Floats:
    """The logarithm of each second's deviation less the constant, profile and jumps in it."""
    day_keeps, burst_keeps = math.exp(-1.0 / DAY_SECONDS), math.exp(-1.0 / BURST_SECONDS)
    day_shock = DAY_SPREAD * math.sqrt(1.0 - day_keeps * day_keeps)
    burst_shock = BURST_SPREAD * math.sqrt(1.0 - burst_keeps * burst_keeps)
    day, burst = start[0] * DAY_SPREAD, start[1] * BURST_SPREAD
    found = np.empty(jumps.shape[0], dtype=np.float64)
    for at in range(jumps.shape[0]):
        day = day * day_keeps + walks[0, at] * day_shock
        burst = burst * burst_keeps + walks[1, at] * burst_shock
        sigma = math.exp(day + burst) * season(first + at, zone, 1.0)
        if jumps[at]:
            sigma *= math.sqrt(1.0 + JUMP_SIGMAS * JUMP_SIGMAS)
            burst += JUMP_EXCITES
        found[at] = sigma
    return found


def _moves(world: World, block: int) -> tuple[Floats, Floats]:
    """(relative deviation, relative distance from the level before the block) by second."""
    chance = stream(world.seed, f"panel.index.{block}")
    walks = chance.standard_normal((2, BLOCK))
    jumps = chance.random(BLOCK) < JUMPS_PER_SECOND
    first = FIRST_OPEN + block * BLOCK
    sigmas = _sigmas(first, zone_offset(first), walks, jumps, chance.standard_normal(2))
    sigmas *= world.sigma_bp / MEDIAN_HOUR / 10_000
    return sigmas, np.cumsum(sigmas * chance.standard_normal(BLOCK))


@lru_cache(maxsize=8)
def _levels(world: World) -> tuple[float, ...]:
    """The index in dollars before each block, from the one before the first on."""
    before = world.start_dollars / (1.0 + float(_moves(world, -1)[1][-1]))
    found = [before, world.start_dollars]
    for block in range(world.blocks - 1):
        found.append(found[-1] * (1.0 + float(_moves(world, block)[1][-1])))
    return tuple(found)


@lru_cache(maxsize=2)
def _prints(world: World, block: int) -> tuple[Floats, Ints]:
    """(deviation in cents, print in cents) by second; not to be written to."""
    sigmas, path = _moves(world, block)
    level = _levels(world)[block + 1] * INDEX_SCALE
    return sigmas * level, np.rint(level * (1.0 + path)).astype(np.int64)


def lead(world: World) -> tuple[int, Ints]:
    """(first epoch second, prints) of the hour before the first window."""
    return FIRST_OPEN - LEAD, _prints(world, -1)[1][-LEAD:]


def rounded_mean(total: int) -> int:
    """Cents of sixty prints together as the venue rounds their mean: half up."""
    return (2 * total + WINDOW) // (2 * WINDOW)


# --- quotes ---


@compiled
def _on_grid(price: float, way: int) -> int:
    """The price on the venue's grid next to ``price``: below (-1), nearest (0), above (1)."""
    fine = price < FINE_BELOW or price > PRICE_SCALE - FINE_BELOW
    tick = FINE_TICK if fine else TICK
    steps = price / tick
    if way < 0:
        return math.floor(steps + 1e-9) * tick
    if way > 0:
        return math.ceil(steps - 1e-9) * tick
    return math.floor(steps + 0.5) * tick


@compiled
def _cheap(worth: float, edge: float) -> int:
    """The price of an outcome at which its buyer keeps ``edge`` after the fee; 0 where none is."""
    price = worth - edge
    for _ in range(4):
        price = worth - edge - FEE * price * (1.0 - price)
    return max(0, _on_grid(price * PRICE_SCALE, 1 if edge == 0.0 else 0))


@compiled
def _honest(fair: float) -> tuple[int, int]:
    bid = _on_grid((fair - HALF_SPREAD) * PRICE_SCALE, -1)
    ask = _on_grid((fair + HALF_SPREAD) * PRICE_SCALE, 1)
    return max(bid, 0), min(ask, PRICE_SCALE)


@compiled
def _quote(fair: float, edge: float, cheap: int) -> tuple[int, int]:
    """(bid, ask); ``edge`` below 0: honest; ``cheap``: the side that is, 0 YES, 1 NO."""
    if edge < 0.0:
        return _honest(fair)
    worth = fair if cheap == 0 else 1.0 - fair
    price = _cheap(worth, edge)
    if price < FINE_TICK or price >= PRICE_SCALE:
        return _honest(fair)
    if cheap == 0:
        return max(_on_grid(price - OTHER_SIDE, -1), 0), price
    bid = PRICE_SCALE - price
    return bid, min(_on_grid(bid + OTHER_SIDE, 1), PRICE_SCALE)


@compiled
def _quote_window(
    prints: Ints,
    sigmas: Floats,
    strike: int,
    edge: float,
    cheap: int,
    bid: Ints,
    ask: Ints,
    fair: Floats,
) -> int:
    """Fill one window's quotes; answers the sum of its sixty prints."""
    variance = np.zeros(LENGTH + 1, dtype=np.float64)
    for at in range(LENGTH - 1, -1, -1):  # what of the sum's variance comes at ``at`` and later
        weight = float(min(WINDOW, LENGTH - at))
        variance[at] = variance[at + 1] + weight * weight * sigmas[at] * sigmas[at]
    known, total = 0, 0
    needed = WINDOW * strike - WINDOW / 2
    for at in range(LENGTH):
        ahead = min(at + 1, LENGTH - 1)
        if ahead >= LENGTH - WINDOW and at < LENGTH - 1:
            total += prints[ahead]
            known += 1
        expected = total + (WINDOW - known) * float(prints[ahead])
        sd = math.sqrt(variance[ahead + 1])
        if sd > 0.0:
            fair[at] = normal_cdf((expected - needed) / sd)
        else:
            fair[at] = 1.0 if expected >= needed else 0.0
        bid[at], ask[at] = _quote(fair[at], edge, cheap)
    return total


def block_of(world: World, block: int) -> Block:
    """One block; the last one holds fewer windows where that is what was asked for."""
    windows = min(BLOCK_WINDOWS, world.windows - block * BLOCK_WINDOWS)
    assert windows > 0, "a block beyond the world"
    sigmas, prints = _prints(world, block)
    before = int(_prints(world, block - 1)[1][-WINDOW:].sum())
    cheap = stream(world.seed, f"panel.cheap.{block}").integers(0, 2, BLOCK_WINDOWS)
    edge = -1.0 if world.edge_dollars is None else world.edge_dollars
    size = windows * LENGTH
    bid, ask = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64)
    fair = np.zeros(size, dtype=np.float64)
    strikes, settled = np.zeros((2, windows), dtype=np.int64)
    strike = rounded_mean(before)
    for window in range(windows):
        at = slice(window * LENGTH, (window + 1) * LENGTH)
        side = int(cheap[window])
        total = _quote_window(
            prints[at], sigmas[at], strike, edge, side, bid[at], ask[at], fair[at]
        )
        strikes[window] = strike
        settled[window] = strike = rounded_mean(int(total))
    return Block(
        block * BLOCK_WINDOWS,
        FIRST_OPEN + block * BLOCK,
        prints[:size],
        bid,
        ask,
        fair,
        strikes,
        settled,
        settled >= strikes,
    )


def blocks_of(world: World) -> Iterator[Block]:
    """All of them, in order."""
    for block in range(world.blocks):
        yield block_of(world, block)
