"""Reads raw recordings: lines of ``{"recv_ns": int, "frame": {...}}`` in receive order."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from kalshi_assistant.domain.errors import OperatorError, PassingError
from kalshi_assistant.domain.time import Nanos

LINE_BYTES_MAX: Final = 2**23
"""A longer line is reported and skipped, so memory stays bounded."""

_PLAIN_BYTES: Final = 2**18
_PACKED_BYTES: Final = 2**14  # grows about fifteenfold, and by no more than 1,032 times
_GZIP: Final = zlib.MAX_WBITS | 16


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that is not a recorded frame; ``line`` counts from 1."""

    path: Path
    line: int
    reason: str

    @property
    def text(self) -> str:
        """What to tell a person."""
        return f"{self.path}:{self.line}: {self.reason}"


RecordedFrame = tuple[Nanos, bytes]
"""When the frame was received, and the frame as it stands in the file."""


class _Line(msgspec.Struct, frozen=True, gc=False):
    recv_ns: int
    frame: msgspec.Raw


class _Trouble(str):
    """Why a line could not be had at all."""

    __slots__ = ()


_DECODER: Final = msgspec.json.Decoder(_Line)


def read_recording(path: Path) -> Iterator[RecordedFrame | BadLine]:
    """The frames of a recording; a bad line comes as a ``BadLine``, and reading goes on.

    A file that breaks off ends in a ``BadLine``. Raises OperatorError where the file cannot be
    opened, PassingError where reading fails.
    """
    line = 1
    for lines in _whole_lines(_content(path)):
        if isinstance(lines, _Trouble):
            yield BadLine(path, line, lines)
            line += 1
            continue
        try:
            entries = _DECODER.decode_lines(lines)
        except msgspec.DecodeError:
            yield from _one_by_one(path, lines, line)
        else:
            for entry in entries:
                yield Nanos(entry.recv_ns), bytes(entry.frame)
        line += lines.count(b"\n")


def _one_by_one(path: Path, lines: bytes, first: int) -> Iterator[RecordedFrame | BadLine]:
    """The slow way, through lines of which one is bad."""
    for number, text in enumerate(lines.split(b"\n"), first):
        if not text.strip():
            continue
        try:
            entry = _DECODER.decode(text)
        except msgspec.DecodeError as error:
            yield BadLine(path, number, str(error))
        else:
            yield Nanos(entry.recv_ns), bytes(entry.frame)


def _whole_lines(pieces: Iterator[bytes | _Trouble]) -> Iterator[bytes | _Trouble]:
    """Pieces cut anew behind line ends."""
    rest, too_long = b"", False
    for piece in pieces:
        if isinstance(piece, _Trouble):
            yield piece
            return
        lines, newline, tail = piece.rpartition(b"\n")
        if not newline:
            rest, too_long = (b"", True) if too_long else _within_bounds(rest + piece)
            continue
        if too_long:
            yield _Trouble(f"the line is longer than {LINE_BYTES_MAX} bytes")
            lines = lines.partition(b"\n")[2]
        if rest or lines:
            yield rest + lines + newline
        rest, too_long = tail, False
    if rest or too_long:
        yield _Trouble(f"the line is longer than {LINE_BYTES_MAX} bytes") if too_long else rest


def _within_bounds(rest: bytes) -> tuple[bytes, bool]:
    return (b"", True) if len(rest) > LINE_BYTES_MAX else (rest, False)


def _content(path: Path) -> Iterator[bytes | _Trouble]:
    """The text of a file in pieces of bounded size."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise OperatorError(
            f"cannot read {path}: {error.strerror}; give a recording (*.jsonl or *.jsonl.gz)"
        ) from error
    with file:
        try:
            yield from _inflated(file) if path.suffix == ".gz" else _plain(file)
        except OSError as error:
            raise PassingError(f"cannot read {path}: {error.strerror}; try again") from error


def _plain(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(_PLAIN_BYTES):
        yield piece


def _inflated(file: BinaryIO) -> Iterator[bytes | _Trouble]:
    """Gzip members one after another; what stands before damage is still given."""
    inflate = zlib.decompressobj(_GZIP)
    begun = False
    try:
        while packed := file.read(_PACKED_BYTES):
            while packed:
                yield inflate.decompress(packed)
                begun = True
                packed = inflate.unused_data
                if inflate.eof:
                    inflate, begun = zlib.decompressobj(_GZIP), False
    except zlib.error as error:
        yield _Trouble(f"the compressed file is damaged from here on ({error})")
        return
    if begun:
        yield _Trouble("the compressed file breaks off here")
