"""What the journal keeps and for how long."""

from dataclasses import dataclass

from kalshi_assistant.domain.ranges import check_ranges, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalSettings:
    """Sizes of files on disk; both kinds of journal together."""

    rotate_bytes: int = setting(64_000_000, "bytes after which a new file is begun", ge=4_096)
    keep_bytes: int = setting(
        2_000_000_000, "bytes of journals kept; oldest closed files go first", ge=0
    )
    keep_hours: float = setting(24.0, "hours for which closed files are kept", gt=0)
    spot_frames: bool = setting(
        False, "keep the constituents' raw frames as well: up to gigabytes an hour"
    )
    compress: bool = setting(True, "compress files that are closed (about a tenth of the size)")

    def __post_init__(self) -> None:
        check_ranges(self)
