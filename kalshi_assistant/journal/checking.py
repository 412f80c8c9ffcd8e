"""Checks a journal file block by block: every flaw is a value, and what can be read behind it is.

The reader (``journal/reader.py``) stops at damage, because who replays must not leave anything out.
Whoever asks what is in a file wants to know all of it. Both agree on what is a torn tail and what
is damage (``tests/unit/journal``). Offsets count uncompressed bytes.
"""

import gzip
import zlib
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, Literal, cast

from kalshi_assistant.domain.errors import OperatorError, PassingError
from kalshi_assistant.journal.codec import (
    BLOCK_HEAD_BYTES,
    COMPRESSED,
    PREAMBLE_BYTES,
    Header,
    decode_block_head,
    decode_header,
    decode_preamble,
    payload_is_whole,
)

FlawName = Literal["damaged", "torn", "unreadable"]
_CHUNK: Final = 2**16
_COPY: Final = "restore the file from a copy"


@dataclass(frozen=True, slots=True)
class Block:
    """A block whose checksum is right."""

    offset: int
    payload: bytes

    @property
    def end(self) -> int:
        """Where the next block begins."""
        return self.offset + BLOCK_HEAD_BYTES + len(self.payload)


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong at ``offset``. ``torn`` is what a crash leaves at the end of a file and costs
    no whole block; ``unreadable`` is whole, but not for this program.
    """

    what: FlawName
    offset: int
    text: str
    remedy: str


def walk(path: Path) -> Generator[Header | Block | Flaw, None, None]:
    """The header of a file, then its blocks and flaws in order; one block in memory at a time.

    Raises OperatorError where the file cannot be opened, PassingError where reading fails.
    """
    try:
        plain = path.open("rb")
    except OSError as error:
        raise OperatorError(f"cannot read {path}: {error.strerror}; give a journal file") from error
    with plain:
        file = cast(BinaryIO, gzip.GzipFile(fileobj=plain)) if path.suffix == COMPRESSED else plain
        reached = 0
        try:
            for found in _content(file):
                reached = found.end if isinstance(found, Block) else reached
                yield found
        except (gzip.BadGzipFile, zlib.error, EOFError) as error:
            text = f"compressed content is damaged in or behind the block there ({error})"
            yield Flaw("damaged", reached, text, f"{_COPY}, or unpack what there is with gzip -dc")
        except OSError as error:
            raise PassingError(f"cannot read {path}: {error.strerror}; try again") from error


def _content(file: BinaryIO) -> Iterator[Header | Block | Flaw]:
    preamble = file.read(PREAMBLE_BYTES)
    if not preamble:
        yield Flaw("torn", 0, "the file is empty: a crash stopped it at its beginning", "delete it")
        return
    try:
        decode_preamble(preamble, "the file")
        head = file.read(BLOCK_HEAD_BYTES)
        size = _size(head)
        payload = file.read(size[0]) if size else b""
        if size is None or not payload_is_whole(payload, *size):
            yield Flaw("damaged", PREAMBLE_BYTES, "the header is damaged", _COPY)
            return
        yield decode_header(payload, "the file")
    except OperatorError as error:
        text, _, remedy = str(error).rpartition(": ")
        yield Flaw("unreadable", 0, text or str(error), remedy)
        return
    yield from _blocks(file, PREAMBLE_BYTES + BLOCK_HEAD_BYTES + len(payload))


def _blocks(file: BinaryIO, offset: int) -> Iterator[Block | Flaw]:
    head = file.read(BLOCK_HEAD_BYTES)
    while head:
        size = _size(head)
        if size is None:
            yield _no_head(file, offset, head)
            return
        payload = file.read(size[0])
        following = file.read(BLOCK_HEAD_BYTES)
        if payload_is_whole(payload, *size):
            yield Block(offset, payload)
        elif following:
            yield Flaw(
                "damaged",
                offset,
                f"the block of {len(payload):,} bytes is damaged",
                f"{_COPY}, or cut it to {offset} bytes to read what comes before",
            )
        else:
            yield _torn(offset, len(head) + len(payload))
        offset += BLOCK_HEAD_BYTES + len(payload)
        head = following


def _size(head: bytes) -> tuple[int, int] | None:
    return decode_block_head(head) if len(head) == BLOCK_HEAD_BYTES else None


def _no_head(file: BinaryIO, offset: int, head: bytes) -> Flaw:
    """No block begins here: an unfinished head, zeros a dying machine left, or damage."""
    rest, zeros = len(head), not any(head)
    while chunk := file.read(_CHUNK):
        rest += len(chunk)
        zeros = zeros and not any(chunk)
    if len(head) < BLOCK_HEAD_BYTES or zeros:
        return _torn(offset, rest)
    return Flaw(
        "damaged",
        offset,
        f"no block stands here; {rest:,} bytes to the end cannot be read",
        f"{_COPY}, or cut it to {offset} bytes to read what comes before",
    )


def _torn(offset: int, size: int) -> Flaw:
    text = f"{size:,} bytes of an unfinished block at the end are ignored"
    return Flaw("torn", offset, text, "nothing: a crash leaves this")
