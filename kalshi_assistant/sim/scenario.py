"""A seed becomes a day: when it begins, what the exchange does wrong, how bad the line is.

Half of the days have a venue in good health and half a good line, so that every trouble is also met
alone. Some begin where calendars go wrong: around the two changes of New York's clock, before a
weekly rest, just before and just after a close, at the turn of a year.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from kalshi_assistant.domain.time import DAY, SECOND, Nanos, parse_iso
from kalshi_assistant.market.calendar import QUARTER_HOUR
from kalshi_assistant.quant.rng import stream
from kalshi_assistant.sim.constituents import LIVELY, VENUES
from kalshi_assistant.sim.faults import FaultSettings
from kalshi_assistant.sim.settings import ExchangeSettings

FIRST_DAY: Final = parse_iso("2026-10-01T00:00:00Z")
DAYS: Final = 365

SPECIAL: Final = {
    "autumn": parse_iso("2026-11-01T05:20:00Z"),
    "spring": parse_iso("2027-03-14T06:20:00Z"),
    "rest": parse_iso("2026-11-19T07:40:00Z"),
    "year": parse_iso("2026-12-31T23:40:00Z"),
}
"""Shortly before the hour that comes twice, the hour that is missing, a weekly rest, a new year."""
SPECIAL_SHARE: Final = 0.3
NEAR_A_CLOSE_SHARE: Final = 0.2
WELL_SHARE: Final = 0.5

LINE_WORST: Final = FaultSettings(
    drop=2e-3,
    delay=2e-3,
    duplicate=2e-3,
    reorder=1e-3,
    corrupt=1e-3,
    cut=5e-4,
    disconnect=1e-4,
    skew_ms=1_300.0,
    drift_ppm=50.0,
)
"""As bad as a line gets: every share of frames is drawn up to these, the clock to either side."""


SPOT_WORST: Final = FaultSettings(
    delay=2e-3,
    cut=5e-4,
    garble=5e-4,
    disconnect=2e-4,
    silence=1e-4,
    slow=1e-4,
)
"""A constituent's line. TCP loses no single frame, so none is lost where nothing numbers them."""
SPOT_NUMBERED: Final = FaultSettings(drop=1e-3, duplicate=1e-3, reorder=5e-4)
"""More of it for venues that number all their frames; Kraken's checksum sees ten levels only."""
NUMBERED: Final = ("coinbase", "gemini", "cryptocom")
STORM_SHARE: Final = 0.3
"""Of bad days: those on which REST answers with 429 and 5xx for a while."""
KEYLESS_SHARE: Final = 0.1
CALM: Final = 0.4


@dataclass(frozen=True, slots=True, kw_only=True)
class Clockwork:
    """What is wrong with clocks on a day, and the machine's sleep; seconds after the start."""

    skew_ms: float = 0.0
    drift_ppm: float = 0.0
    jump_after: float | None = None
    jump_ms: float = 0.0
    sleep_after: float | None = None
    sleep_seconds: float = 0.0
    source_after: float | None = None
    """From here on, for a while, the five-a-second channel is stamped wrongly."""
    source_ms: int = 0
    source_seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedDay:
    """One day of all feeds. ``day`` is the venue's own part; its line has no skew of its own."""

    day: "Scenario"
    spot: dict[str, FaultSettings]
    clocks: Clockwork
    storm_after: float | None
    storm_seconds: float
    keyless: bool
    damaged: bool
    """Whether single bits flip: what is then well-formed and wrong cannot be told from true."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One day to be lived through. ``seed`` makes the exchange, and the faults of the line."""

    seed: int
    start: Nanos
    name: str
    """What is special about the start, ``plain`` when nothing is."""
    exchange: ExchangeSettings
    line: FaultSettings


def scenario(seed: int) -> Scenario:
    """The day of a seed: always the same one."""
    rng = stream(seed, "scenario")
    name, start = _start(rng)
    return Scenario(
        seed=seed,
        start=start,
        name=name,
        exchange=_exchange(rng, rests=name == "rest"),
        line=_line(rng),
    )


def feed_day(seed: int, *, well: bool = False) -> FeedDay:
    """The day of a seed with everything that feeds the index: always the same one. ``well``: with
    good lines and clocks, and a venue in good health.
    """
    plain, rng = scenario(seed), stream(seed, "feeds")
    if well:
        healthy = ExchangeSettings(
            constituents=True,
            start_dollars=plain.exchange.start_dollars,
            sigma_bp=plain.exchange.sigma_bp,
        )
        day = replace(plain, exchange=healthy, line=FaultSettings())
        return FeedDay(
            day=day,
            spot={},
            clocks=Clockwork(),
            storm_after=None,
            storm_seconds=0.0,
            keyless=False,
            damaged=False,
        )
    well = rng.random() < WELL_SHARE
    clocks = Clockwork() if well else _clocks(rng)
    storm = not well and rng.random() < STORM_SHARE
    keyless = bool(rng.random() < KEYLESS_SHARE)
    line = replace(plain.line, skew_ms=0.0, drift_ppm=0.0)
    # fewer traders than elsewhere: what is looked at here are the feeds
    activity = plain.exchange.activity * CALM
    exchange = replace(plain.exchange, constituents=True, activity=activity, spot=LIVELY)
    day = replace(plain, exchange=exchange, line=line)
    return FeedDay(
        day=day,
        spot={venue: _spot_line(rng, venue, well=well) for venue in VENUES},
        clocks=clocks,
        storm_after=float(rng.uniform(0, 600)) if storm else None,
        storm_seconds=float(rng.uniform(5, 120)),
        keyless=keyless,
        damaged=line.corrupt > 0,
    )


def _spot_line(rng: np.random.Generator, venue: str, *, well: bool) -> FaultSettings:
    """A good line, or each fault at some share up to its worst."""
    part = [float(each) for each in rng.random(9)]
    if well:
        return FaultSettings()
    numbered = venue in NUMBERED
    return FaultSettings(
        delay=part[0] * SPOT_WORST.delay,
        cut=part[1] * SPOT_WORST.cut,
        garble=part[2] * SPOT_WORST.garble,
        disconnect=part[3] * SPOT_WORST.disconnect,
        silence=part[4] * SPOT_WORST.silence,
        slow=part[5] * SPOT_WORST.slow,
        drop=part[6] * SPOT_NUMBERED.drop if numbered else 0.0,
        duplicate=part[7] * SPOT_NUMBERED.duplicate if numbered else 0.0,
        reorder=part[8] * SPOT_NUMBERED.reorder if numbered else 0.0,
    )


def _clocks(rng: np.random.Generator) -> Clockwork:
    """Skew and drift always; a jump, a sleep, a source with a wrong clock now and then."""
    chance, when = rng.random(3), rng.uniform(30, 800, 3)
    return Clockwork(
        skew_ms=float(rng.uniform(-1_300, 1_300)),
        drift_ppm=float(rng.uniform(-50, 50)),
        jump_after=float(when[0]) if chance[0] < 0.3 else None,
        jump_ms=float(rng.uniform(-5_000, 5_000)),
        sleep_after=float(when[1]) if chance[1] < 0.2 else None,
        sleep_seconds=float(rng.uniform(2, 120)),
        source_after=float(when[2]) if chance[2] < 0.3 else None,
        source_ms=int(rng.integers(-30, 31)) * 200,
        source_seconds=float(rng.uniform(1, 60)),
    )


def _start(rng: np.random.Generator) -> tuple[str, Nanos]:
    if rng.random() < SPECIAL_SHARE:
        name = list(SPECIAL)[int(rng.integers(len(SPECIAL)))]
        return name, Nanos(SPECIAL[name] + int(rng.integers(15 * 60)) * SECOND)
    within_day = int(rng.integers(DAY // SECOND)) * SECOND
    start = FIRST_DAY + int(rng.integers(DAYS)) * DAY + within_day
    if rng.random() < NEAR_A_CLOSE_SHARE:
        # Up to 20 seconds before or after a quarter hour, to the nanosecond.
        start = start // QUARTER_HOUR * QUARTER_HOUR + int((rng.random() - 0.5) * 40 * SECOND)
        return "close", Nanos(start)
    return "plain", Nanos(start)


def _exchange(rng: np.random.Generator, *, rests: bool) -> ExchangeSettings:
    """A lively market, and in half of the days a venue with troubles."""
    start_dollars, sigma_bp = float(rng.uniform(40_000, 160_000)), float(rng.uniform(0.3, 1.5))
    activity = float(rng.uniform(0.3, 1.5))
    well = rng.random() < WELL_SHARE
    share = rng.random(4) * (0.0 if well else 1.0)
    return ExchangeSettings(
        start_dollars=start_dollars,
        sigma_bp=sigma_bp,
        activity=activity,
        maintenance=rests or not well,
        strike_late=float(share[0]) * 0.3,
        strike_late_seconds=float(rng.uniform(1, 400)),
        strike_never=float(share[1]) * 0.1,
        halt=float(share[2]) * 0.3,
        halt_seconds=float(rng.uniform(5, 300)),
        prints_missing=float(share[3]) * 0.02,
    )


def _line(rng: np.random.Generator) -> FaultSettings:
    """A good line, or one that does each thing at some share up to its worst."""
    well = rng.random() < WELL_SHARE
    part = [float(each) for each in rng.random(7)]
    skew, drift = (float(each) for each in rng.uniform(-1, 1, 2))
    if well:
        return FaultSettings()
    return FaultSettings(
        drop=part[0] * LINE_WORST.drop,
        delay=part[1] * LINE_WORST.delay,
        duplicate=part[2] * LINE_WORST.duplicate,
        reorder=part[3] * LINE_WORST.reorder,
        corrupt=part[4] * LINE_WORST.corrupt,
        cut=part[5] * LINE_WORST.cut,
        disconnect=part[6] * LINE_WORST.disconnect,
        skew_ms=skew * LINE_WORST.skew_ms,
        drift_ppm=drift * LINE_WORST.drift_ppm,
    )
