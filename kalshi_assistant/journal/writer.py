"""Writes a journal: one ``write`` to the system per inbox batch.

Killed in the middle, the process leaves at most a torn last block, which the reader drops. Known
limitation: nothing is forced to the disk, so a loss of power may take more than a batch; money is
kept in the durable store, not here.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Generic

from kalshi_assistant.domain.errors import PassingError
from kalshi_assistant.domain.time import Nanos, format_iso
from kalshi_assistant.journal.codec import (
    BLOCK_BYTES_MAX,
    BLOCK_HEAD_BYTES,
    Header,
    Kind,
    RecordT,
    Run,
    encode_block,
    encode_preamble,
)
from kalshi_assistant.journal.hold import take_hold
from kalshi_assistant.journal.settings import JournalSettings

# A text file of Windows would turn line ends; elsewhere there is no such flag.
_FLAGS: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | getattr(os, "O_BINARY", 0)


class JournalWriter(Generic[RecordT]):
    """Appends batches of records to the open file of a run.

    Every write error is a PassingError that says which records are missing; the same batch may be
    written again.
    """

    def __init__(
        self,
        kind: Kind[RecordT],
        directory: Path,
        run: Run,
        settings: JournalSettings,
        *,
        created_at: Nanos,
        first_sequence: int = 1,
    ) -> None:
        """Make ``directory`` where missing and begin the first file. Raises PassingError."""
        self._kind = kind
        self._directory = directory
        self._run = run
        self._settings = settings
        self._name = run_name(created_at)
        self._next = first_sequence
        self._part = 0
        self._buffer = bytearray()
        self._open_part(created_at, predecessor=None)

    @property
    def path(self) -> Path:
        """The file now written to."""
        return self._path

    @property
    def next_sequence(self) -> int:
        """The number the next record gets."""
        return self._next

    @property
    def rotate_due(self) -> bool:
        """Whether the open file is as large as it may grow."""
        return self._bytes >= self._settings.rotate_bytes

    def write(self, records: Sequence[RecordT]) -> None:
        """Append a batch with one system call. Raises PassingError: nothing of it was written."""
        if not records:
            return
        number = self._kind.number
        assert number is None or number(records[0]) == self._next, (
            "a record was skipped or repeated"
        )
        encode_block(records, self._buffer)
        data = self._buffer
        if len(data) > BLOCK_BYTES_MAX + BLOCK_HEAD_BYTES:
            data = _in_pieces(records)
        try:
            self._append(data)
        except OSError as error:
            raise self._failure(error, len(records)) from error
        self._next += len(records)

    def adopt(self, run: Run) -> None:
        """What the headers of files begun from now on say of the run."""
        self._run = run

    def rotate(self, now: Nanos) -> Path:
        """Begin the next file and return the finished one, to be compressed off the hot path.

        Raises PassingError; then the old file stays open.
        """
        finished, descriptor = self._path, self._descriptor
        self._mend()
        self._open_part(now, predecessor=finished.name)
        os.close(descriptor)
        return finished

    def close(self) -> Path:
        """End the file and return it. Raises PassingError."""
        self._mend()
        os.close(self._descriptor)
        return self._path

    def _open_part(self, created_at: Nanos, predecessor: str | None) -> None:
        part = self._part + 1
        path = self._directory / f"{self._name}-{part:04d}{self._kind.suffix}"
        header = Header(
            kind=self._kind.name,
            name=self._name,
            created_at=created_at,
            run=self._run,
            part=part,
            first_sequence=self._next,
            predecessor=predecessor,
        )
        descriptor, size = _create(path, encode_preamble(header))
        self._path, self._part = path, part
        self._descriptor, self._bytes, self._torn = descriptor, size, False

    def _append(self, data: bytearray) -> None:
        self._cut_torn()
        self._torn = True
        _write_all(self._descriptor, data)
        self._torn = False
        self._bytes += len(data)

    def _cut_torn(self) -> None:
        """Take away what a failed write left: the next block goes where a reader looks."""
        if self._torn:
            os.ftruncate(self._descriptor, self._bytes)
            self._torn = False

    def _mend(self) -> None:
        try:
            self._cut_torn()
        except OSError as error:
            raise self._failure(error, 0) from error

    def _failure(self, error: OSError, count: int) -> PassingError:
        missing = (
            f"records {self._next} to {self._next + count - 1} are not in it; " if count else ""
        )
        return PassingError(
            f"cannot write a journal: {error.strerror}, {self._path}; {missing}{_REMEDY}"
        )


_REMEDY: Final = "free space there, lower journal.keep_bytes, or give another folder"


def run_name(created_at: Nanos) -> str:
    """``20261121T170000.250Z``: how the file names of a run begin; they sort by time."""
    return format_iso(created_at).replace("-", "").replace(":", "")


def _create(path: Path, preamble: bytes) -> tuple[int, int]:
    """A new file with its preamble, for its owner only, held: ``(descriptor, bytes)``."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, _FLAGS, 0o600)
    except OSError as error:
        raise PassingError(
            f"cannot begin the journal {path}: {error.strerror}; {_REMEDY}"
        ) from error
    try:
        take_hold(descriptor)
        _write_all(descriptor, preamble)
    except OSError as error:
        os.close(descriptor)
        path.unlink()
        raise PassingError(
            f"cannot begin the journal {path}: {error.strerror}; {_REMEDY}"
        ) from error
    return descriptor, len(preamble)


def _write_all(descriptor: int, data: bytes | bytearray) -> None:
    """One system call; more only where the system took a part, which is how a full disk begins."""
    written = os.write(descriptor, data)
    while written < len(data):
        written += os.write(descriptor, data[written:])


def _in_pieces(records: Sequence[RecordT]) -> bytearray:
    """A batch too long for one block as several; still one write."""
    block = bytearray()
    encode_block(records, block)
    if len(block) <= BLOCK_BYTES_MAX + BLOCK_HEAD_BYTES:
        return block
    if len(records) == 1:
        raise ValueError(f"one record of {len(block)} bytes is more than a block may hold")
    half = len(records) // 2
    return _in_pieces(records[:half]) + _in_pieces(records[half:])
