"""What the number is computed with; apart from the kernel, so that reading it compiles nothing."""

from dataclasses import dataclass

from kalshi_assistant.domain.ranges import check_ranges, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberSettings:
    """What the probability is computed with, and when there is none."""

    warm_seconds: int = setting(
        120, "seconds of index the volatility needs before there is a number", ge=10, le=3_600
    )
    volatility_floor_bp: float = setting(
        0.1, "least volatility, basis points per square root of a second", gt=0, le=10
    )
    profile: float = setting(
        1.0, "how much of the day's volatility profile is applied: 0 none, 1 all", ge=0, le=1
    )
    tail_degrees: float = setting(
        4.0, "degrees of freedom of the Student t; from 200 on a Gaussian", ge=2.5, le=1_000
    )
    nowcast_sd_bp: float = setting(
        0.0,
        "error of the index we see against the true one, basis points; 0 for the venue's own",
        ge=0,
        le=100,
    )
    certainty: float = setting(
        0.998, "no claim is surer than this until certainty_seconds remain", gt=0.5, le=1
    )
    certainty_seconds: float = setting(
        10.0, "from here to the close claims may be surer", ge=0, le=900
    )
    estimates_per_second: int = setting(
        2,
        "how often the number is simulated beside the closed form; 0 only at forecasts",
        ge=0,
        le=10,
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
