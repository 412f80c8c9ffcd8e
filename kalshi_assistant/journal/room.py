"""Room on the disk for a recording: when it must stop, and how long the room will last."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kalshi_assistant.domain.time import HOUR, SECOND

LEAST_SPAN: Final = 10 * SECOND
"""From less than this no rate is told: a recording begins with snapshots."""


@dataclass(frozen=True, slots=True)
class DiskGuard:
    """Watches that ``folder`` keeps ``least_free_bytes`` free; the folder need not exist yet."""

    folder: Path
    least_free_bytes: int

    def check(self) -> str | None:
        """Why recording must stop, with the remedy; ``None`` while there is room."""
        try:
            free = free_bytes(self.folder)
        except OSError as error:
            return (
                f"cannot tell how much is free in {self.folder} ({error.strerror}); "
                "record to another folder"
            )
        if free >= self.least_free_bytes:
            return None
        return (
            f"{free:,} bytes are free in {self.folder}, and {self.least_free_bytes:,} must stay "
            "free; delete what is not needed there, or record to another folder"
        )


def free_bytes(folder: Path) -> int:
    """What an ordinary user may still write in ``folder``, or where it would be made. Raises
    OSError.
    """
    there = next((each for each in (folder, *folder.absolute().parents) if each.exists()), folder)
    return shutil.disk_usage(there).free


@dataclass(frozen=True, slots=True)
class SizeEstimate:
    """How fast a recording grows: ``written_bytes`` in ``span`` nanoseconds.

    Bytes are what lies on the disk; a part that was compressed meanwhile counts what it takes now.
    """

    written_bytes: int
    span: int

    @property
    def bytes_per_hour(self) -> int | None:
        """The mean so far; ``None`` while too little is known."""
        if self.span < LEAST_SPAN or self.written_bytes <= 0:
            return None
        return self.written_bytes * HOUR // self.span

    def hours_left(self, free: int) -> float | None:
        """How long ``free`` bytes last at the mean so far, not below 0; ``None`` while unknown."""
        rate = self.bytes_per_hour
        return max(0, free) / rate if rate else None
