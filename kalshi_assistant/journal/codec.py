"""The form of a journal file: a preamble, a header, then one block per inbox batch.

    file    = magic (6 bytes) | format version (u16) | block(header) | block(records) ...
    block   = length (u32) | crc32 of the payload (u32) | crc32 of these eight bytes (u32) | payload
    payload = msgpack: the header as a map, records as an array of arrays

Little-endian. Two kinds of journal share the form: *events* (what the engine handled, in order, and
what it answered) and *frames* (raw bytes on the wires, as evidence). The third word of a block lets
a reader tell a tail that was being written when the process died (the block says truly how long it
would be) from a damaged length. A header is a map and events are append-only arrays, so an older
file stays readable; ``FORMAT_VERSION`` rises only when this form changes.
"""

import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, Literal, TypeVar

import msgspec

from kalshi_assistant.domain.errors import OperatorError
from kalshi_assistant.domain.events import Event
from kalshi_assistant.domain.ids import Feed
from kalshi_assistant.domain.intents import Intent
from kalshi_assistant.domain.time import Nanos

MAGIC: Final = b"KAJRNL"
FORMAT_VERSION: Final = 1
PREAMBLE_BYTES: Final = 8
BLOCK_HEAD_BYTES: Final = 12
BLOCK_BYTES_MAX: Final = 16 * 2**20
"""No payload is longer; a reader allocates no more than this on the word of a file."""

_PREAMBLE: Final = struct.Struct("<6sH")
_SIZES: Final = struct.Struct("<II")
_CHECK: Final = struct.Struct("<I")

KindName = Literal["events", "frames"]


class CorruptJournalError(OperatorError):
    """A journal file is damaged in the middle; the message names file and offset."""


class EventRecord(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One event as the engine handled it, and what the engine asked for."""

    sequence: int
    event: Event
    intents: tuple[Intent, ...]


class FrameRecord(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One frame as it came in or went out."""

    received_at: Nanos
    source: Feed
    direction: Literal["in", "out"]
    frame: bytes


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """What a reader must know to repeat a run. ``settings`` is JSON text without secrets."""

    program: str
    mode: str
    environment: str
    seed: int | None
    settings: str


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """The first block of every file."""

    kind: KindName
    name: str
    """The run, as the names of its files begin."""
    created_at: Nanos
    run: Run
    part: int
    """1 for the first file of a run."""
    first_sequence: int
    """The number of the first record here; for frames, a plain count."""
    predecessor: str | None
    """File name of the part before this one, as it was called while open."""


RecordT = TypeVar("RecordT", bound=EventRecord | FrameRecord)


@dataclass(frozen=True, slots=True)
class Kind(Generic[RecordT]):
    """One kind of journal: its file suffix, how its blocks decode, how its records are numbered."""

    name: KindName
    suffix: str
    decoder: msgspec.msgpack.Decoder[list[RecordT]]
    number: Callable[[RecordT], int] | None
    """The record's own number; ``None`` where records are merely counted."""


def _sequence(record: EventRecord) -> int:
    return record.sequence


EVENTS: Final[Kind[EventRecord]] = Kind(
    "events", ".events", msgspec.msgpack.Decoder(list[EventRecord]), _sequence
)
FRAMES: Final[Kind[FrameRecord]] = Kind(
    "frames", ".frames", msgspec.msgpack.Decoder(list[FrameRecord]), None
)
COMPRESSED: Final = ".gz"
PARTIAL: Final = ".partial"
"""Suffix of a compressed file that is not complete yet."""

_ENCODER: Final = msgspec.msgpack.Encoder()
_HEADER_DECODER: Final = msgspec.msgpack.Decoder(Header)
_BLANK: Final = bytes(BLOCK_HEAD_BYTES)


def encode_preamble(header: Header) -> bytes:
    """What stands at the start of a file: magic, format version and the header block."""
    block = bytearray()
    encode_block(header, block)
    return _PREAMBLE.pack(MAGIC, FORMAT_VERSION) + block


def encode_block(content: object, buffer: bytearray) -> None:
    """Replace what ``buffer`` holds with one block."""
    buffer[:] = _BLANK
    _ENCODER.encode_into(content, buffer, BLOCK_HEAD_BYTES)
    with memoryview(buffer) as view:
        crc = zlib.crc32(view[BLOCK_HEAD_BYTES:])
    _SIZES.pack_into(buffer, 0, len(buffer) - BLOCK_HEAD_BYTES, crc)
    _CHECK.pack_into(buffer, _SIZES.size, zlib.crc32(buffer[: _SIZES.size]))


def decode_block_head(head: bytes) -> tuple[int, int] | None:
    """``(length, crc)`` of a payload; ``None`` where these bytes never were a block's head."""
    length, crc = _SIZES.unpack_from(head)
    if _CHECK.unpack_from(head, _SIZES.size)[0] != zlib.crc32(head[: _SIZES.size]):
        return None
    return (length, crc) if length <= BLOCK_BYTES_MAX else None


def payload_is_whole(payload: bytes, length: int, crc: int) -> bool:
    """Whether ``payload`` is what its block head promised."""
    return len(payload) == length and zlib.crc32(payload) == crc


def decode_preamble(preamble: bytes, where: str) -> None:
    """Check magic and version. Raises OperatorError with the remedy; ``where`` names the file."""
    if len(preamble) < PREAMBLE_BYTES or not preamble.startswith(MAGIC):
        raise OperatorError(
            f"{where} is not a journal of this program: "
            f"give *{EVENTS.suffix} or *{FRAMES.suffix} files"
        )
    version = _PREAMBLE.unpack(preamble)[1]
    if version > FORMAT_VERSION:
        raise OperatorError(
            f"{where} has journal format {version}, this program reads up to {FORMAT_VERSION}: "
            "update kalshi-assistant"
        )


def decode_header(payload: bytes, where: str) -> Header:
    """The header block. Raises OperatorError where this version cannot read it."""
    try:
        return _HEADER_DECODER.decode(payload)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise OperatorError(
            f"{where} has a header this version cannot read ({error}): "
            "read it with the version that wrote it"
        ) from error


def decode_records(
    kind: Kind[RecordT], payload: bytes, header: Header, where: str
) -> list[RecordT]:
    """The records of one block. Raises OperatorError where this version does not know them."""
    try:
        return kind.decoder.decode(payload)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise OperatorError(
            f"{where} holds a record this version cannot read ({error}): "
            f"read it with kalshi-assistant {header.run.program}, which wrote it"
        ) from error


def encode_intents(intents: Sequence[Intent]) -> bytes:
    """Intents as bytes: two runs agree where these are equal."""
    return _ENCODER.encode(intents)
