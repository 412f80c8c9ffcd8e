"""Reads journals: lazily, one block in memory at a time, from plain or compressed files of one run.

What a crash explains (a torn last block, a missing part) is a notice, returned as a value; what it
does not explain (a damaged block in the middle) is an error that names file and offset. Offsets
count uncompressed bytes.
"""

import gzip
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, Generic, cast

from kalshi_assistant.domain.errors import OperatorError, PassingError
from kalshi_assistant.journal.codec import (
    BLOCK_HEAD_BYTES,
    COMPRESSED,
    PREAMBLE_BYTES,
    CorruptJournalError,
    Header,
    Kind,
    RecordT,
    decode_block_head,
    decode_header,
    decode_preamble,
    decode_records,
    payload_is_whole,
)

_ZEROS_CHUNK: Final = 2**16


@dataclass(frozen=True, slots=True)
class TornTail:
    """The file ends in an unfinished block: ``dropped`` bytes from ``offset`` on are ignored."""

    path: Path
    offset: int
    dropped: int

    @property
    def text(self) -> str:
        """What to tell a person."""
        return f"{self.path}: dropped {self.dropped} bytes of an unfinished block at {self.offset}"


@dataclass(frozen=True, slots=True)
class MissingRecords:
    """Records ``expected`` to ``got - 1`` are nowhere; ``predecessor`` names a missing file."""

    path: Path
    expected: int
    got: int
    predecessor: str | None

    @property
    def text(self) -> str:
        """What to tell a person."""
        hint = f"; is {self.predecessor} missing?" if self.predecessor else ""
        return f"{self.path}: begins at record {self.got} where {self.expected} was due{hint}"


Notice = TornTail | MissingRecords


class JournalReader(Generic[RecordT]):
    """The records of one run, from any number of its files, in order.

    ``notices`` grows while the records are read; the first header is known from the start.
    """

    def __init__(self, kind: Kind[RecordT], paths: Iterable[Path]) -> None:
        """Read the headers. Raises OperatorError for files of another kind or of two runs."""
        self._kind = kind
        self._parts = _in_order(kind, list(paths))
        self.header = self._parts[0][0]
        self.notices: list[Notice] = []
        self._due = self.header.first_sequence

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files in the order in which they are read."""
        return tuple(path for _, path in self._parts)

    def __iter__(self) -> Iterator[RecordT]:
        """Every record. Raises CorruptJournalError, OperatorError or PassingError (see
        ``batches``).
        """
        for batch in self.batches():
            yield from batch

    def batches(self) -> Iterator[list[RecordT]]:
        """The records as they were written together.

        Raises CorruptJournalError where a block in the middle is damaged, OperatorError where the
        words are newer than this program, PassingError where a file cannot be read.
        """
        self.notices.clear()
        first = self._parts[0][0]
        self._due = first.first_sequence if first.part == 1 else 1
        for header, path in self._parts:
            yield from self._part(header, path)

    def _part(self, header: Header, path: Path) -> Iterator[list[RecordT]]:
        self._check_due(path, header.first_sequence, header.predecessor)
        for offset, payload in _blocks(path, self.notices):
            records = decode_records(self._kind, payload, header, f"{path} at {offset}")
            self._count(path, records)
            yield records

    def _count(self, path: Path, records: list[RecordT]) -> None:
        if records and self._kind.number is not None:
            self._check_due(path, self._kind.number(records[0]), None)
        self._due += len(records)

    def _check_due(self, path: Path, got: int, predecessor: str | None) -> None:
        if got != self._due:
            self.notices.append(MissingRecords(path, self._due, got, predecessor))
            self._due = got


def read_header(path: Path) -> Header:
    """The header of one file. Raises OperatorError, CorruptJournalError or PassingError."""
    with _opened(path) as file:
        return _header(file, path)


def runs(paths: Iterable[Path]) -> dict[str, list[Path]]:
    """Files by the run they belong to, oldest run first. Raises what ``read_header`` raises."""
    found: dict[str, list[Path]] = {}
    for path in sorted(paths, key=lambda path: path.name):
        found.setdefault(read_header(path).name, []).append(path)
    return found


def _in_order(kind: Kind[RecordT], paths: list[Path]) -> list[tuple[Header, Path]]:
    """The parts of one run, each once: a crash may leave one both plain and compressed."""
    headers = [(read_header(path), path) for path in paths]
    _refuse_strangers(kind, headers)
    parts: dict[int, tuple[Header, Path]] = {}
    for header, path in headers:
        parts.setdefault(header.part, (header, path))
    return [parts[part] for part in sorted(parts)]


def _refuse_strangers(kind: Kind[RecordT], headers: list[tuple[Header, Path]]) -> None:
    for header, path in headers:
        if header.kind != kind.name:
            raise OperatorError(f"{path} holds {header.kind}; give *{kind.suffix} files")
    names = sorted({header.name for header, _ in headers})
    if not names:
        raise OperatorError(f"no journal given: name at least one *{kind.suffix} file")
    if len(names) > 1:
        raise OperatorError(
            f"these files are of {len(names)} runs ({', '.join(names)}): read one at a time"
        )


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """A file, plain or compressed, whose troubles are told in our words."""
    try:
        plain = path.open("rb")
    except OSError as error:
        raise OperatorError(f"cannot read {path}: {error.strerror}; give a journal file") from error
    with plain:
        file = cast(BinaryIO, gzip.GzipFile(fileobj=plain)) if path.suffix == COMPRESSED else plain
        try:
            yield file
        except (gzip.BadGzipFile, zlib.error, EOFError) as error:
            raise CorruptJournalError(
                f"{path}: compressed content is damaged near {file.tell()} ({error}); {_CUT_REMEDY}"
            ) from error
        except OSError as error:
            raise PassingError(f"cannot read {path}: {error.strerror}; try again") from error


_CUT_REMEDY: Final = "restore it from a copy, or leave it out"


def _header(file: BinaryIO, path: Path) -> Header:
    decode_preamble(file.read(PREAMBLE_BYTES), str(path))
    size = decode_block_head(_padded(file.read(BLOCK_HEAD_BYTES)))
    payload = file.read(size[0]) if size else b""
    if size is None or not payload_is_whole(payload, *size):
        raise CorruptJournalError(
            f"{path}: the header at {PREAMBLE_BYTES} is damaged; {_CUT_REMEDY}"
        )
    return decode_header(payload, str(path))


def _padded(head: bytes) -> bytes:
    return head.ljust(BLOCK_HEAD_BYTES, b"\0")


def _blocks(path: Path, notices: list[Notice]) -> Iterator[tuple[int, bytes]]:
    """``(offset, payload)`` of every whole block after the header."""
    with _opened(path) as file:
        _header(file, path)
        offset = file.tell()
        while head := file.read(BLOCK_HEAD_BYTES):
            size = decode_block_head(_padded(head))
            payload = file.read(size[0]) if size else b""
            if size is None or not payload_is_whole(payload, *size):
                notices.append(_torn_tail(file, path, offset, head, payload, size))
                return
            yield offset, payload
            offset += BLOCK_HEAD_BYTES + len(payload)


def _torn_tail(
    file: BinaryIO,
    path: Path,
    offset: int,
    head: bytes,
    payload: bytes,
    size: tuple[int, int] | None,
) -> TornTail:
    """What is wrong at ``offset``, where only a torn tail is harmless. Raises CorruptJournalError.

    A dying process leaves a head or payload cut short; a dying machine may leave zeros, or a last
    block of the right length with the wrong content.
    """
    seen = len(head) + len(payload)
    if size is None and len(head) == BLOCK_HEAD_BYTES:
        if any(head) or (zeros := _zeros_to_the_end(file)) is None:
            raise CorruptJournalError(f"{path}: no block stands at {offset}; {_remedy(offset)}")
        return TornTail(path, offset, seen + zeros)
    if file.read(1):
        raise CorruptJournalError(f"{path}: the block at {offset} is damaged; {_remedy(offset)}")
    return TornTail(path, offset, seen)


def _remedy(offset: int) -> str:
    return f"restore the file from a copy, or cut it to {offset} bytes to read what comes before"


def _zeros_to_the_end(file: BinaryIO) -> int | None:
    """How many zero bytes are left; ``None`` where anything else is."""
    count = 0
    while chunk := file.read(_ZEROS_CHUNK):
        if any(chunk):
            return None
        count += len(chunk)
    return count
