"""What recording does beside writing frames: an index by market, room on the disk, how it goes."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kalshi_assistant.domain.errors import PassingError
from kalshi_assistant.domain.ids import Ticker
from kalshi_assistant.domain.time import MINUTE, SECOND, Nanos
from kalshi_assistant.journal.codec import FRAMES, FrameRecord
from kalshi_assistant.journal.market_index import MarketIndex
from kalshi_assistant.journal.retention import journal_files
from kalshi_assistant.journal.room import DiskGuard, SizeEstimate, free_bytes
from kalshi_assistant.runtime.clock import Clock

_TICKER: Final = re.compile(rb'"(?:market_)?ticker":\s*"([A-Z0-9.-]{1,64})"')
_LOOKED_AT: Final = 512
"""A frame names its market near its beginning."""
GUARD_EVERY: Final = 5 * SECOND
TELL_EVERY: Final = MINUTE
MEGABYTE: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordOptions:
    """How a recording is kept."""

    least_free_bytes: int
    """It ends when less than this is free on its disk."""
    until: Nanos | None = None
    """And at this instant of wall time, where one was given."""


class Recorder:
    """Hears of every frame before it is written; ``tend`` is called about once a second."""

    def __init__(
        self,
        directory: Path,
        options: RecordOptions,
        part: Callable[[], Path],
        wall: Clock,
        tell: Callable[[str], None],
        stop: Callable[[str], None],
    ) -> None:
        """``part`` is the file that frames go to now."""
        self._directory, self._options = directory, options
        self._part, self._wall, self._tell, self._stop = part, wall, tell, stop
        self._guard = DiskGuard(directory, options.least_free_bytes)
        self._run = part().name.rpartition("-")[0]
        self._index = MarketIndex(directory, self._run)
        self._begun = wall.now()
        self._guard_at, self._tell_at = self._begun, Nanos(self._begun + TELL_EVERY)
        self._failing = False
        self.frames = self.bytes = 0

    def seen(self, batch: Sequence[FrameRecord]) -> None:
        """Frames that are about to be written."""
        part, saw = self._part().name, self._index.saw
        for record in batch:
            size = len(record.frame)
            self.frames += 1
            self.bytes += size
            saw(record.source, ticker_in(record.frame), record.received_at, part, size)

    def tend(self) -> None:
        """Watch the room, write the index, say how it goes."""
        now = self._wall.now()
        if now >= self._guard_at:
            self._guard_at = Nanos(now + GUARD_EVERY)
            if (why := self._guard.check()) is not None:
                self._stop(f"recording ended: {why}")
        if self._options.until is not None and now >= self._options.until:
            self._stop("recorded as long as asked")
        if self._index.due(now):
            self._write()
        if now >= self._tell_at:
            self._tell_at = Nanos(now + TELL_EVERY)
            self._tell(self.progress(now))

    def progress(self, now: Nanos) -> str:
        """How much so far, how fast it grows, how long there is room."""
        files = journal_files(self._directory, FRAMES.suffix)
        size = sum(path.stat().st_size for path in files if path.name.startswith(self._run))
        estimate = SizeEstimate(size, now - self._begun)
        said = f"{self.frames:,} frames, {self.bytes / MEGABYTE:,.1f} MB received"
        per_hour = estimate.bytes_per_hour
        if per_hour is None:
            return said
        said += f"; on disk {size / MEGABYTE:,.1f} MB, {per_hour / MEGABYTE:,.0f} MB an hour"
        room = free_bytes(self._directory) - self._options.least_free_bytes
        hours = estimate.hours_left(max(room, 0))
        return said if hours is None else f"{said}, room for {hours:,.1f} hours"

    def close(self) -> None:
        """Write the index a last time."""
        self._write()
        self._tell(self.progress(self._wall.now()))

    def _write(self) -> None:
        """A failure is told once; frames go on being recorded."""
        try:
            self._index.write()
            self._failing = False
        except PassingError as error:
            if not self._failing:
                self._tell(str(error))
            self._failing = True


def ticker_in(frame: bytes) -> Ticker | None:
    """The market that a frame names first; ``None`` where it names none."""
    found = _TICKER.search(frame, 0, _LOOKED_AT)
    return None if found is None else Ticker(found[1].decode())
