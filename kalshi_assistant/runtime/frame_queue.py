"""Frames on their way to the frame journal: gathered while the loop is busy, written in one go.

Policy ``block``: a full queue is written out at once, so nothing is lost and whoever puts pays.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from kalshi_assistant.engine.snapshot import QueueView
from kalshi_assistant.journal.codec import FrameRecord
from kalshi_assistant.runtime.sockets import FrameSink

CAPACITY: Final = 4_096
BYTES_MAX: Final = 4 * 2**20
"""More bytes than that are not kept waiting either."""


class FrameQueue:
    """Takes frames one by one. ``seen`` hears of each before it is written."""

    def __init__(
        self, sink: FrameSink, seen: Callable[[Sequence[FrameRecord]], None] | None = None
    ) -> None:
        self._sink, self._seen = sink, seen
        self._waiting: list[FrameRecord] = []
        self._bytes = 0
        self._high_water = 0

    def write(self, records: Sequence[FrameRecord]) -> None:
        """Put a few frames; they are written when the loop comes round."""
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self.flush)
        self._waiting += records
        self._bytes += sum(len(record.frame) for record in records)
        self._high_water = max(self._high_water, len(self._waiting))
        if len(self._waiting) >= CAPACITY or self._bytes >= BYTES_MAX:
            self.flush()

    def flush(self) -> None:
        """Write what waits."""
        if not self._waiting:
            return
        batch, self._waiting, self._bytes = self._waiting, [], 0
        if self._seen is not None:
            self._seen(batch)
        self._sink.write(batch)

    def view(self) -> QueueView:
        """For readers."""
        return QueueView("frames", "block", len(self._waiting), self._high_water, CAPACITY, 0)
