"""The index's eight constituent exchanges, as books without a protocol.

**Invariants:**

- A book depends on the seed and the hidden price alone, never on how time is cut into steps; every
  venue has its own stream of chance.
- No book is ever crossed, locked or one-sided in itself, no price is twice on a side, and all are
  on the venue's tick.

Every venue has its own opinion of the hidden price: late by up to a step, and off by a basis that
wanders. Its levels stand in cells of an even grid, one to a cell, thinner with distance: in the
first zone in every cell, in the next in every second one, then in every fourth. When the price
moves a cell, one level changes sides and a few come, go or change size where zones meet; the rest
stays where it is. What a zone is thinner by, its levels are larger by, so that the depth up to a
distance moves with the price.

Known limitations: no trades, orders are only ever placed or cancelled. A price that leaps over a
whole side leaves that side empty between the changes of one move.
"""

import math
from dataclasses import dataclass
from itertools import accumulate
from typing import Final, NamedTuple

from kalshi_assistant.domain.ranges import check_ranges, setting
from kalshi_assistant.domain.time import SECOND, Nanos
from kalshi_assistant.domain.units import IndexValue
from kalshi_assistant.quant.rng import stream
from kalshi_assistant.sim.draws import Draws
from kalshi_assistant.sim.index_path import STEP, IndexPath
from kalshi_assistant.sim.index_twin import ASK, BID, BITCOIN, Merged, Side

CENT: Final = 100
"""A cent in the unit of prices, 1/10,000 dollar."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstituentSettings:
    """What the constituents have in common.

    As it stands, leaving three of the eight out moves the index by some $1.3 (root mean square) at
    91,000, where published books made by chance say 0.9.
    """

    activity: float = setting(
        1.0, "how often resting orders change; 1 is a usual market", ge=0, le=20
    )
    depth: float = setting(1.0, "how deep the books are; 1 is a usual market", ge=0.1, le=100)
    basis_bp: float = setting(
        0.1, "standard deviation of a venue's price about the hidden one, in bp", ge=0, le=5
    )
    basis_seconds: float = setting(120.0, "how long such a difference lasts", ge=1, le=86_400)
    large: float = setting(0.001, "share of orders that are many times as large", ge=0, le=0.2)
    spread: float = setting(
        0.25, "standard deviation of the logarithm of a level's size", ge=0, le=3
    )

    def __post_init__(self) -> None:
        check_ranges(self)


USUAL: Final = ConstituentSettings()
LIVELY: Final = ConstituentSettings(basis_bp=0.2, large=0.005, spread=0.4)
"""Large orders here and there: leaving three venues out moves the index by $3.7."""


class Profile(NamedTuple):
    """What is a venue's own."""

    tick: int
    """1/10,000 dollar."""
    cell_bp: float
    """Width of a cell, in basis points of the price at the start."""
    zones: tuple[int, ...]
    """Levels a side in each zone, the nearest first."""
    touch_btc: float
    """Median size of a level of the nearest zone."""
    deeper: float
    """The depth per dollar in a zone, over that in the zone before."""


# Bitcoin a side within 0.5 % of the price, about: 130, 60, 45, 25, 40, 45, 10, and LMAX's 15.
PROFILES: Final = {
    "coinbase": Profile(1 * CENT, 0.12, (16, 24, 30, 45), 0.15, 1.3),
    "kraken": Profile(10 * CENT, 0.22, (12, 14, 18, 40), 0.13, 1.3),
    "bitstamp": Profile(1 * CENT, 0.28, (10, 14, 16, 32), 0.11, 1.4),
    "gemini": Profile(1 * CENT, 0.33, (10, 14, 14, 28), 0.06, 1.5),
    "cryptocom": Profile(1 * CENT, 0.22, (16, 20, 20, 20), 0.08, 1.3),
    "bullish": Profile(10 * CENT, 0.17, (20, 30, 40, 35), 0.09, 1.2),
    "paxos": Profile(25 * CENT, 0.56, (8, 12, 20, 24), 0.04, 1.4),
    "lmax": Profile(1 * CENT, 0.33, (12, 12, 6), 0.20, 1.2),
}
VENUES: Final = tuple(PROFILES)

LARGE: Final = (8.0, 30.0)
"""So many times as large is a large order."""
CHANGES: Final = 1.0
"""Sizes that change at a venue in a step, of their own accord."""
NEARER: Final = 2.0
"""Of such, the power by which they are nearer the touch than evenly."""


class SpotMove(NamedTuple):
    """What changed in a venue's book at one instant; what vanished comes first."""

    venue: str
    at: Nanos
    changes: tuple[tuple[int, int, int], ...]
    """``(side, price, size)``: 0 bid or 1 ask; 1/10,000 dollar; the new total in 1e-8 bitcoin, 0
    for none.
    """


_Levels = dict[int, tuple[int, int, int]]


class Constituents:
    """The eight books from ``start`` on (rounded down to the grid of the path)."""

    def __init__(
        self,
        seed: int,
        path: IndexPath,
        start: Nanos,
        settings: ConstituentSettings = USUAL,
    ) -> None:
        self._path = path
        self._now = Nanos(start // STEP * STEP)
        cents = path.value(self._now)
        self._venues = {
            name: _Venue(profile, Draws(stream(seed, f"spot.{name}")), cents, settings)
            for name, profile in PROFILES.items()
        }
        books = [(venue.levels(BID), venue.levels(ASK)) for venue in self._venues.values()]
        self._merged = Merged(books)

    def now(self) -> Nanos:
        """The instant the books are of."""
        return self._now

    def advance(self, to: Nanos) -> list[SpotMove]:
        """Live until ``to``, inclusive: what changed, in order of time. An earlier ``to`` does
        nothing.
        """
        moves: list[SpotMove] = []
        while self._now + STEP <= to:
            self._now = Nanos(self._now + STEP)
            cents = self._path.value(self._now)
            for place, (name, venue) in enumerate(self._venues.items()):
                changes = venue.step(cents)
                if changes:
                    moves.append(SpotMove(name, self._now, changes))
                    for side, price, size in changes:
                        self._merged.change(place, side, price, size)
        return moves

    def levels(self, venue: str, side: int) -> Side:
        """The whole book of one venue as ``(price, size)``, best first. Raises KeyError."""
        return self._venues[venue].levels(side)

    def index(self) -> IndexValue:
        """The true index of the books as they stand, in cents."""
        value = self._merged.index().value
        if value is None:
            raise RuntimeError("the constituents' books are too thin to make an index")
        return value


class _Venue:
    """One venue's book.

    A bid's cell ends, and an ask's begins, at or beyond ``middle`` cells from zero: the boundary
    nearest to the venue's price. The distance of a cell is the number of cells before it.
    """

    def __init__(
        self, profile: Profile, draws: Draws, cents: int, settings: ConstituentSettings
    ) -> None:
        self._draws, self._large, self._spread = draws, settings.large, settings.spread
        self._tick = profile.tick
        price = cents * CENT
        self._ticks = max(round(price * profile.cell_bp / 10_000 / profile.tick), 1)
        """Of them is a cell."""
        self._zones = [
            zone for zone, count in enumerate(profile.zones) for _ in range(count << zone)
        ]
        """Of every distance; beyond them there is nothing."""
        self._bounds = list(
            accumulate((count << zone for zone, count in enumerate(profile.zones)), initial=0)
        )
        """Where the zones begin, and where the last ends."""
        self._medians = [
            profile.touch_btc * settings.depth * BITCOIN * (2 * profile.deeper) ** zone
            for zone in range(len(profile.zones))
        ]
        self._changes = settings.activity * CHANGES
        self._basis_keeps = math.exp(-STEP / SECOND / settings.basis_seconds)
        spread = settings.basis_bp / 10_000
        self._basis_shock = spread * math.sqrt(1 - self._basis_keeps**2)
        self._basis = spread * draws.normal()
        self._late = draws.uniform()
        """As a share of a step."""
        self._shift = int(draws.uniform() * self._ticks)
        """Of the grid of cells, in ticks: venues do not share a grid."""
        self._cents = cents
        self._changed: dict[tuple[int, int], int] = {}
        self._live: tuple[_Levels, _Levels] = ({}, {})
        """By cell: zone, price and size."""
        self._middle = self._boundary(price * (1 + self._basis))
        for distance in range(len(self._zones)):
            for side in (BID, ASK):
                self._settle(side, self._cell(side, distance))

    def levels(self, side: int) -> Side:
        """The whole side, best first."""
        cells = sorted(self._live[side].items(), reverse=side == BID)
        return [(price, size) for _, (_, price, size) in cells]

    def step(self, cents: int) -> tuple[tuple[int, int, int], ...]:
        """What changes with a hidden price of ``cents``, one step on."""
        self._changed = {}
        seen = cents + self._late * (self._cents - cents)
        self._cents = cents
        self._basis = self._basis * self._basis_keeps + self._basis_shock * self._draws.normal()
        boundary = self._boundary(seen * CENT * (1 + self._basis))
        if boundary != self._middle:
            self._move(boundary)
        changes = self._changes + self._draws.uniform()
        while changes >= 1:
            changes -= 1
            self._resize()
        changed = [(*key, size) for key, size in self._changed.items()]
        changed.sort(key=_stays)
        return tuple(changed)

    def _boundary(self, price: float) -> int:
        """The boundary of cells that is nearest to a price in 1/10,000 dollar."""
        return round((price / self._tick - self._shift) / self._ticks)

    def _cell(self, side: int, distance: int) -> int:
        return self._middle - 1 - distance if side == BID else self._middle + distance

    def _move(self, boundary: int) -> None:
        """Let the book follow to another boundary: the cells that are in another zone by that."""
        before, self._middle = self._middle, boundary
        low, high = min(before, boundary), max(before, boundary)
        for zone, bound in enumerate(self._bounds):
            # the nearer zone has no levels elsewhere
            every = 1 << max(zone - 1, 0)
            for side, away in ((BID, -bound), (ASK, bound)):
                first = -(-(low + away) // every) * every
                for cell in range(first, high + away, every):
                    self._settle(side, cell)

    def _settle(self, side: int, cell: int) -> None:
        """Make a cell what its distance says."""
        live = self._live[side]
        distance = self._middle - 1 - cell if side == BID else cell - self._middle
        known = live.get(cell)
        zone = self._zones[distance] if 0 <= distance < len(self._zones) else -1
        if zone < 0 or cell & ((1 << zone) - 1) or cell <= 0:
            if known is not None:
                del live[cell]
                self._changed[side, known[1]] = 0
        elif known is None:
            within = int(self._draws.uniform() * self._ticks)
            price = (cell * self._ticks + self._shift + within) * self._tick
            self._put(side, cell, zone, price)
        elif known[0] != zone:
            _, price, size = known
            size = max(round(size * self._medians[zone] / self._medians[known[0]]), 1)
            live[cell] = (zone, price, size)
            self._changed[side, price] = size

    def _resize(self) -> None:
        """Another size for a level somewhere, likelier near the touch."""
        side = BID if self._draws.uniform() < 0.5 else ASK
        distance = int(self._draws.uniform() ** NEARER * len(self._zones))
        cell = self._cell(side, distance)
        cell -= cell & ((1 << self._zones[distance]) - 1)
        known = self._live[side].get(cell)
        if known is not None:
            self._put(side, cell, known[0], known[1])

    def _put(self, side: int, cell: int, zone: int, price: int) -> None:
        """A level of a size of its zone."""
        draws = self._draws
        size = self._medians[zone] * math.exp(self._spread * draws.normal())
        if draws.uniform() < self._large:
            least, most = LARGE
            size *= least + (most - least) * draws.uniform()
        units = max(round(size), 1)
        self._live[side][cell] = (zone, price, units)
        self._changed[side, price] = units


def _stays(change: tuple[int, int, int]) -> bool:
    return change[2] > 0
