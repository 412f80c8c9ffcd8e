"""The two journals of a run: written in the loop, rotated, compressed and pruned beside it."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Generic

from kalshi_assistant import __version__
from kalshi_assistant.domain.errors import PassingError
from kalshi_assistant.engine.settings import EngineSettings
from kalshi_assistant.journal.codec import Kind, RecordT, Run
from kalshi_assistant.journal.retention import tidy
from kalshi_assistant.journal.settings import JournalSettings
from kalshi_assistant.journal.writer import JournalWriter
from kalshi_assistant.runtime.clock import Clock


def run_of(settings: EngineSettings, seed: int | None) -> Run:
    """What a replay must know of this run."""
    return Run(
        program=__version__,
        mode=settings.mode,
        environment=settings.environment,
        seed=seed,
        settings=settings.as_json(),
    )


class RotatingJournal(Generic[RecordT]):
    """One journal that begins a new file when one is full.

    ``wall`` is true time, which the age of files is told by. A write that fails is told once and
    tried again with the next batch; when too much waits for it, this run's recording ends, and that
    is told as well: a full disk must not stop the engine.
    """

    def __init__(
        self,
        kind: Kind[RecordT],
        directory: Path,
        run: Run,
        settings: JournalSettings,
        wall: Clock,
        tell: Callable[[str], None],
    ) -> None:
        self._directory = directory
        self._settings = settings
        self._wall = wall
        self._tell = tell
        self._unwritten: list[RecordT] = []
        self._ended = False
        self._tidying: asyncio.Task[None] | None = None
        self._writer = JournalWriter(kind, directory, run, settings, created_at=wall.now())

    @property
    def path(self) -> Path:
        """The file now written to."""
        return self._writer.path

    def adopt(self, run: Run) -> None:
        """Begin the next file with this: settings have changed, and the change is in the file."""
        self._writer.adopt(run)

    def write(self, records: Sequence[RecordT]) -> None:
        """Append a batch with one write."""
        if self._ended:
            return
        batch = [*self._unwritten, *records] if self._unwritten else records
        try:
            self._writer.write(batch)
            self._unwritten = []
            if self._writer.rotate_due:
                self._writer.rotate(self._wall.now())
                self.tidy()
        except PassingError as error:
            if not self._unwritten:
                self._tell(str(error))
            self._unwritten = list(batch)
            if len(batch) > UNWRITTEN_MAX:
                self._ended, self._unwritten = True, []
                self._tell(f"recording to {self._writer.path} ends here; the engine goes on")

    def tidy(self) -> None:
        """Compress and prune closed files in a thread; one at a time."""
        if self._tidying is None or self._tidying.done():
            self._tidying = asyncio.create_task(self._tidy())

    async def _tidy(self) -> None:
        try:
            await asyncio.to_thread(tidy, self._directory, self._settings, self._wall.now())
        except OSError as error:
            self._tell(f"cannot tidy the journals in {self._directory}: {error.strerror}")

    async def close(self) -> None:
        """End the file."""
        if self._tidying is not None:
            await asyncio.wait([self._tidying])
        self._writer.close()


UNWRITTEN_MAX = 100_000
"""Records kept in memory while the disk refuses them."""
