"""The index's published parameters: settings alone, which load nothing compiled."""

from dataclasses import dataclass

from kalshi_assistant.domain.ranges import RangeError, check_ranges, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaSettings:
    """The index's parameters, each with the guide version and date it is from. Shares count to a
    millionth.
    """

    spacing_btc: float = setting(
        1.0,
        "spacing of the curves, bitcoin; 1 until guide 16.7 (2026-06-08), 'dynamic' since",
        ge=0.001,
        le=100,
    )
    deviation: float = setting(
        0.005, "half spread over mid at which the curves end (guide 16.8, 2026-06-29)", gt=0, le=0.1
    )
    lambda_share: float = setting(
        0.3, "mean depth of the weights over the depth (guide 16.8, 2026-06-29)", ge=0.01, le=10
    )
    cap_band: float = setting(
        0.05, "sizes this near a side's best make the cap (guide 7.0, 2019-12-02)", ge=0, le=0.5
    )
    cap_trim: float = setting(
        0.01, "share of those cut at each end (guide 7.0, 2019-12-02)", ge=0, le=0.4
    )
    cap_multiple: float = setting(
        5.0, "deviations above the mean the cap is (guide 7.0, 2019-12-02)", ge=0, le=1_000
    )
    cap_least_orders: int = setting(
        50, "sizes of each side in the cap at least (guide 7.0, 2019-12-02)", ge=1, le=10_000
    )
    erroneous_above: float = setting(
        0.05, "a mid this far from the median is left out (guide 15.7, 2024-06-11)", gt=0, le=1
    )
    readmit_below: float = setting(
        0.025, "and is back when nearer than this (guide 11.0, 2020-09-14)", gt=0, le=1
    )
    delayed_seconds: float = setting(
        10.0, "a line silent for longer is left out (guide 16.6, 2026-05-18)", gt=0, le=3_600
    )
    cap_before_merge: bool = setting(
        True, "cap the venues' levels, not their sums (open in guide 16.8, 2026-06-29)"
    )
    uncross: bool = setting(
        False, "offset bids against asks of other venues (open in guide 16.8, 2026-06-29)"
    )
    error_half_life_seconds: float = setting(
        300.0, "half-life of what is learnt of our error against the index", ge=1, le=86_400
    )
    error_warm_prints: int = setting(
        60, "prints compared before our error counts as known", ge=2, le=100_000
    )

    def __post_init__(self) -> None:
        check_ranges(self)
        if self.readmit_below > self.erroneous_above:
            raise RangeError([("readmit_below", "is above erroneous_above; write at most that")])
