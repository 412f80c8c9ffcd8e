"""The baseline gap: the model's probability against the executable price, after every cost.

The kernel asks at each event whether an edge stands above the threshold; this file says what that
means: which settings the question is asked with, and the signal a crossing becomes. One signal
per window and side.
"""

from dataclasses import dataclass

from kalshi_assistant.domain.contract import Outcome
from kalshi_assistant.domain.ids import Ticker
from kalshi_assistant.domain.ranges import RangeError, check_ranges, setting
from kalshi_assistant.domain.signals import Edge, Signal
from kalshi_assistant.domain.time import SECOND, Nanos
from kalshi_assistant.domain.units import QUANTITY_SCALE, Quantity
from kalshi_assistant.quant.layout import (
    I_MIN_AGE,
    I_MIN_LEFT,
    R_BAND_HIGH,
    R_BAND_LOW,
    R_LATENCY,
    R_SLIPPAGE,
    R_THRESHOLD,
    Ints,
    Reals,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalSettings:
    """When the gap between number and price is called a signal."""

    contracts: float = setting(
        10.0, "size every edge is computed for, contracts (hundredths allowed)", ge=0.01, le=2_000
    )
    threshold_dollars: float = setting(
        0.03, "net edge per contract that makes a signal", ge=0, le=1
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
    lowest_probability: float = setting(0.03, "no signal while P(YES) is below this", ge=0, le=1)
    highest_probability: float = setting(0.97, "no signal while P(YES) is above this", ge=0, le=1)
    min_seconds_after_open: float = setting(10.0, "no signal sooner after the open", ge=0, le=900)
    min_seconds_to_close: float = setting(
        10.0, "no signal with less time to the close", ge=0, le=900
    )

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
    real[R_THRESHOLD] = settings.threshold_dollars
    real[R_SLIPPAGE] = settings.slippage_dollars
    real[R_LATENCY] = settings.latency_dollars
    real[R_BAND_LOW] = settings.lowest_probability
    real[R_BAND_HIGH] = settings.highest_probability


def baseline_gap(
    ticker: Ticker,
    edge: Edge,
    p_yes: float,
    threshold: float,
    index: str,
    config: str,
    now: Nanos,
    close_time: Nanos,
) -> Signal:
    """The signal that ``edge`` has become by crossing the threshold."""
    return Signal(
        kind="baseline_gap",
        ticker=ticker,
        made_at=now,
        edge=edge,
        p_yes=p_yes,
        threshold=threshold,
        seconds_left=(close_time - now) / SECOND,
        index=index,
        config=config,
    )


def fired_bit(outcome: Outcome) -> int:
    """The bit under which a side is remembered as fired in its window."""
    return 1 if outcome == "yes" else 2
