"""How an engine serves its readers."""

from dataclasses import dataclass

from kalshi_assistant.domain.ranges import check_ranges, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlSettings:
    """The local control socket."""

    snapshots_per_second: float = setting(
        5.0, "snapshots sent to each screen, at most; it draws four", gt=0, le=50
    )
    stalled_seconds: float = setting(
        10.0, "a reader that takes nothing for so long is dropped", gt=0
    )
    attach_seconds: float = setting(5.0, "a reader that does not introduce itself is dropped", gt=0)
    readers_max: int = setting(32, "readers at once", ge=1)

    def __post_init__(self) -> None:
        check_ranges(self)
