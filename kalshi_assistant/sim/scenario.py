"""A seed becomes a day: when it begins, what the exchange does wrong, how bad the line is.

Half of the days have a venue in good health and half a good line, so that every trouble is also met
alone. Some begin where calendars go wrong: around the two changes of New York's clock, before a
weekly rest, just before and just after a close, at the turn of a year.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from kalshi_assistant.domain.time import DAY, SECOND, Nanos, parse_iso
from kalshi_assistant.market.calendar import QUARTER_HOUR
from kalshi_assistant.quant.rng import stream
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
