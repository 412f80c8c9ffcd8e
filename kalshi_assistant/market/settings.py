"""What the number is computed with; apart from the kernel, so that reading it compiles nothing."""

from dataclasses import dataclass

from kalshi_assistant.domain.ranges import check_ranges, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberSettings:
    """What the probability is computed with, and when there is none."""

    half_life_seconds: float = setting(
        600.0, "half-life of the volatility estimate", ge=30, le=86_400
    )
    warm_seconds: int = setting(
        120, "seconds of index the volatility needs before there is a number", ge=10, le=3_600
    )
    volatility_floor_bp: float = setting(
        0.1, "least volatility, basis points per square root of a second", gt=0, le=10
    )
    stale_seconds: float = setting(5.0, "an index older than this gives no number", ge=1, le=60)
    max_missing_prints: int = setting(
        15, "more holes than this in the averaging window give no number", ge=0, le=59
    )
    max_gap_seconds: int = setting(
        10, "a longer hole between two prints teaches nothing about volatility", ge=1, le=60
    )

    def __post_init__(self) -> None:
        check_ranges(self)
