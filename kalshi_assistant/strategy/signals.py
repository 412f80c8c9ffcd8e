"""When an edge is worth a look: the settings every signal shares, and how the kernel is asked.

The kernel asks at each event whether the edge of a side, after every cost, stands above the
threshold; ``strategy.directional`` says what a crossing is called. One signal per window and side.
"""

import math
from dataclasses import dataclass, field
from typing import Final

from kalshi_assistant.domain.contract import Outcome
from kalshi_assistant.domain.ranges import RangeError, check_ranges, setting
from kalshi_assistant.domain.time import MILLISECOND, SECOND, Nanos
from kalshi_assistant.domain.units import PRICE_SCALE, QUANTITY_SCALE, Quantity
from kalshi_assistant.quant.layout import (
    I_ASK_AGAIN,
    I_BOOK_AGE,
    I_COOL_UNTIL,
    I_MAX_SPREAD,
    I_MIN_AGE,
    I_MIN_LEFT,
    R_BAND_HIGH,
    R_BAND_LOW,
    R_CUT,
    R_FALL,
    R_LATENCY,
    R_REACH,
    R_SLIPPAGE,
    R_THRESHOLD,
    Ints,
    Reals,
)
from kalshi_assistant.strategy.delay import DelaySettings
from kalshi_assistant.strategy.gap import GapSettings
from kalshi_assistant.strategy.momentum import MomentumSettings

AGAINST_US: Final = 2.0 / math.pi
"""An order meets a book that has not moved away where the index moved against it: the mean of such
a move is sqrt(2/pi) deviations.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalSettings:
    """When the gap between number and price is called a signal."""

    contracts: float = setting(
        10.0, "size every edge is computed for, contracts (hundredths allowed)", ge=0.01, le=2_000
    )
    threshold_dollars: float = setting(
        0.03, "net edge per contract that makes a signal", ge=0, le=1
    )
    hysteresis_dollars: float = setting(
        0.01, "an edge crosses again only after falling so far below the threshold", ge=0, le=1
    )
    ask_again_seconds: float = setting(
        0.25, "a declined edge that stays above is looked at again after so long; 0: never", ge=0
    )
    cool_down_seconds: float = setting(
        5.0, "no signal so soon after another, of any side or window", ge=0, le=900
    )
    estimate_extra_dollars: float = setting(
        0.03, "more net edge than that while the index is an estimate", ge=0, le=1
    )
    on_estimates: bool = setting(True, "whether an estimate of the index may make signals at all")
    slippage_dollars: float = setting(
        0.002, "allowance per contract beyond the walked book", ge=0, le=0.5
    )
    latency_dollars: float = setting(
        0.005, "allowance per contract for the book moving before an order arrives", ge=0, le=0.5
    )
    assumed_latency_milliseconds: float = setting(
        200.0,
        "our own latency (p95) until it is measured: what the index may do in it is allowed for",
        ge=0,
        le=10_000,
    )
    haircut_share: float = setting(
        0.5,
        "how much of the way to the worse end of the probability's band is taken off",
        ge=0,
        le=4,
    )
    lowest_probability: float = setting(0.03, "no signal while P(YES) is below this", ge=0, le=1)
    highest_probability: float = setting(0.97, "no signal while P(YES) is above this", ge=0, le=1)
    max_spread_dollars: float = setting(
        0.10, "no signal while bid and ask are further apart", ge=0, le=1
    )
    max_book_age_seconds: float = setting(
        30.0, "no signal while nothing was heard of the book for longer; 0: however old", ge=0
    )
    min_seconds_after_open: float = setting(10.0, "no signal sooner after the open", ge=0, le=900)
    min_seconds_to_close: float = setting(
        10.0, "no signal with less time to the close", ge=0, le=900
    )
    maintenance_minutes: float = setting(
        20.0, "no signal so soon before the exchange plans to be down", ge=0, le=1_440
    )
    delay: DelaySettings = field(default_factory=DelaySettings)
    momentum: MomentumSettings = field(default_factory=MomentumSettings)
    gap: GapSettings = field(default_factory=GapSettings)

    def __post_init__(self) -> None:
        check_ranges(self)
        if self.lowest_probability >= self.highest_probability:
            text = f"is {self.lowest_probability:g}; write less than highest_probability"
            raise RangeError([("lowest_probability", text)])
        if round(self.contracts * QUANTITY_SCALE) != self.contracts * QUANTITY_SCALE:
            raise RangeError([("contracts", f"is {self.contracts!r}; write hundredths at most")])

    @property
    def quantity(self) -> Quantity:
        """The size in 1/100 contract."""
        return Quantity(round(self.contracts * QUANTITY_SCALE))


def set_question(settings: SignalSettings, index: Ints, real: Reals) -> None:
    """Write into the kernel's arrays what every evaluation asks."""
    index[I_MIN_AGE] = int(settings.min_seconds_after_open * SECOND)
    index[I_MIN_LEFT] = int(settings.min_seconds_to_close * SECOND)
    index[I_BOOK_AGE] = int(settings.max_book_age_seconds * SECOND)
    index[I_MAX_SPREAD] = round(settings.max_spread_dollars * PRICE_SCALE)
    index[I_ASK_AGAIN] = int(settings.ask_again_seconds * SECOND)
    real[R_THRESHOLD] = settings.threshold_dollars
    real[R_FALL] = settings.hysteresis_dollars
    real[R_SLIPPAGE] = settings.slippage_dollars
    real[R_LATENCY] = settings.latency_dollars
    real[R_CUT] = settings.haircut_share
    real[R_BAND_LOW] = settings.lowest_probability
    real[R_BAND_HIGH] = settings.highest_probability
    set_latency(settings, real, None)


def set_latency(settings: SignalSettings, real: Reals, p95_seconds: float | None) -> None:
    """Tell the kernel our own latency, from the receipt of an event to the answer to an order;
    ``None`` while it is not measured.

    The allowance is ``latency_dollars + |dP/dindex| * sigma * sqrt(2 p95 / pi)``: what the index
    does on its way against an order that is filled after all.
    """
    assumed = settings.assumed_latency_milliseconds * MILLISECOND / SECOND
    seconds = assumed if p95_seconds is None else max(p95_seconds, 0.0)
    real[R_REACH] = math.sqrt(AGAINST_US * seconds)


def cool_down(settings: SignalSettings, index: Ints, now: Nanos) -> None:
    """A signal fired at ``now``: none follows for a while."""
    index[I_COOL_UNTIL] = now + int(settings.cool_down_seconds * SECOND)


def fired_bit(outcome: Outcome) -> int:
    """The bit under which a side is remembered as fired in its window."""
    return 1 if outcome == "yes" else 2
