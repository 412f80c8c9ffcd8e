"""What an engine and its readers say to each other: length-prefixed msgpack on a local socket.

    message = length (u32, little-endian) | payload
    reader  -> engine: Attach, then CommandRequest ...
    engine  -> reader: Hello, then SnapshotMessage, CommandReply ..., at the end Goodbye

Messages are maps, so that the greeting of any version can be told from noise; snapshots are arrays
and both sides must be of the same ``PROTOCOL_VERSION`` and ``SNAPSHOT_VERSION``.
"""

import struct
from typing import Final, Protocol, TypeVar

import msgspec

from kalshi_assistant.engine.snapshot import SNAPSHOT_VERSION, Snapshot

PROTOCOL_VERSION: Final = 1
REQUEST_BYTES_MAX: Final = 64 * 1024
"""No message of a reader is longer."""
MESSAGE_BYTES_MAX: Final = 16 * 2**20
"""No message of an engine is longer."""

_LENGTH: Final = struct.Struct("<I")
T = TypeVar("T")


class Attach(msgspec.Struct, frozen=True, tag=True):
    """A reader's first message. ``token`` is asked for where the socket has no owner (loopback
    TCP).
    """

    version: int
    token: str


class CommandRequest(msgspec.Struct, frozen=True, tag=True):
    """A wish of the operator; ``id`` comes back in the reply."""

    id: int
    name: str
    argument: str


class Hello(msgspec.Struct, frozen=True, tag=True):
    """The engine's first message: who it is."""

    version: int
    snapshot_version: int
    program: str
    pid: int
    mode: str
    environment: str


class SnapshotMessage(msgspec.Struct, frozen=True, tag=True):
    """The newest state."""

    snapshot: Snapshot


class CommandReply(msgspec.Struct, frozen=True, tag=True):
    """What became of a command, in words."""

    id: int
    ok: bool
    text: str
    data: str = ""
    """The same as JSON, of commands whose answer has parts; else empty."""


class Goodbye(msgspec.Struct, frozen=True, tag=True):
    """The engine's last message; ``reason`` is for a person."""

    reason: str


Request = Attach | CommandRequest
Message = Hello | SnapshotMessage | CommandReply | Goodbye

_ENCODER: Final = msgspec.msgpack.Encoder()
REQUESTS: Final = msgspec.msgpack.Decoder(Request)
MESSAGES: Final = msgspec.msgpack.Decoder(Message)


class WrongMessage(Exception):  # noqa: N818 - it is caught in this room and never shown
    """The other side said what the protocol does not know."""


class ByteSource(Protocol):
    """The reading half of a stream."""

    async def readexactly(self, n: int) -> bytes:
        """Exactly ``n`` bytes; raises EOFError (IncompleteReadError) at the end."""


def encode(message: Request | Message) -> bytes:
    """A message with its length before it."""
    payload = _ENCODER.encode(message)
    return _LENGTH.pack(len(payload)) + payload


async def receive(source: ByteSource, decoder: msgspec.msgpack.Decoder[T], bytes_max: int) -> T:
    """The next message, never longer than ``bytes_max``. Raises EOFError, OSError, WrongMessage."""
    (length,) = _LENGTH.unpack(await source.readexactly(_LENGTH.size))
    if length > bytes_max:
        raise WrongMessage(f"a message of {length} bytes; at most {bytes_max} are allowed")
    payload = await source.readexactly(length)
    try:
        return decoder.decode(payload)
    except msgspec.MsgspecError as error:
        raise WrongMessage(str(error)) from error


def hello(program: str, pid: int, mode: str, environment: str) -> Hello:
    """The greeting of this version."""
    return Hello(PROTOCOL_VERSION, SNAPSHOT_VERSION, program, pid, mode, environment)
