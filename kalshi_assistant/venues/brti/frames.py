"""Frames of the publisher's WebSocket v4: what is sent, and what is read.

Source: CF Benchmarks WebSocket API v4, streams ``value``. ``value`` is documented as a text and
read exactly whether it comes as a text or as a number; stamps are UTC milliseconds. An error is the
command it answers with ``success`` false and a reason; which field holds the reason is not
documented, so every likely one is read.
"""

from typing import Annotated, Final, NamedTuple

import msgspec
from msgspec import Meta, Raw, Struct

from kalshi_assistant.domain.time import SECOND, Nanos, from_millis
from kalshi_assistant.domain.units import IndexValue, UnitError, parse_index

FRAME_BYTES_MAX: Final = 1 << 16
"""A value takes some hundred bytes."""
WORDS_MAX: Final = 200
INDEX_MAX: Final = 10**12
"""Cents; a higher value is damage."""

_YEAR_2100_MS: Final = 4_102_444_800 * SECOND // 1_000_000
_Millis = Annotated[int, Meta(ge=1, lt=_YEAR_2100_MS)]

_DENIALS: Final = (
    *("entitle", "permission", "permitted", "not allowed", "access", "licen"),
    *("authori", "authenti", "forbidden", "credential", "unknown id"),
)
"""In the reason of a refusal that trying again cannot mend. ``Unknown id`` is what the publisher
answers to whoever is not entitled to an index.
"""


class Value(NamedTuple):
    """A value of the index asked for."""

    at: Nanos
    value: IndexValue
    repeats: bool
    """No value could be calculated for this stamp: the one before it stands again."""
    amended: bool
    """This stamp had another value before."""


class Refusal(NamedTuple):
    """A command of ours that was refused; ``final``: for want of a right to it."""

    command: str
    reason: str
    final: bool


class Nonsense(NamedTuple):
    """A frame that cannot be read."""

    reason: str


class _Frame(Struct, frozen=True, gc=False):
    type: str = ""
    id: str = ""
    stream: str = ""
    success: bool = True
    value: Raw = Raw()
    time: _Millis | None = None
    amended: int | None = msgspec.field(name="amendTime", default=None)
    repeats: bool = msgspec.field(name="repeatOfPreviousValue", default=False)
    reason: Raw = Raw()
    error: Raw = Raw()
    message: Raw = Raw()


_FRAMES: Final = msgspec.json.Decoder(_Frame)
_TEXT: Final = msgspec.json.Decoder(str)


def subscribe(index: str) -> bytes:
    """The command that asks for the values of ``index``."""
    return msgspec.json.encode({"type": "subscribe", "id": index, "stream": "value"})


def read(frame: bytes, index: str) -> Value | Refusal | Nonsense | None:
    """What a frame says; ``None``: nothing about ``index``. Never raises."""
    if len(frame) > FRAME_BYTES_MAX:
        return Nonsense(f"a frame of {len(frame)} bytes")
    try:
        said = _FRAMES.decode(frame)
        if not said.success:
            return _refusal(said)
        if said.type != "value" or said.id != index:
            return None
        return _value(said)
    except (msgspec.DecodeError, UnitError, UnicodeError, RecursionError) as error:
        return Nonsense(str(error)[:WORDS_MAX])


def _value(said: _Frame) -> Value | Nonsense:
    if said.time is None:
        return Nonsense("a value without its time")
    found = parse_index(_text(said.value))
    if found > INDEX_MAX:
        return Nonsense(f"index value {found} cents is too large to be true")
    # an amendment is later than what it amends; a field that is always there must cost no value
    amended = said.amended is not None and said.amended > said.time
    return Value(from_millis(said.time), found, said.repeats, amended)


def _refusal(said: _Frame) -> Refusal:
    texts = (_text(each) for each in (said.reason, said.error, said.message))
    reason = next((text for text in texts if text), "no reason given")[:WORDS_MAX]
    command = " ".join(each for each in (said.type, said.id, said.stream) if each)
    return Refusal(
        command=command[:WORDS_MAX] or "command",
        reason=reason,
        final=any(word in reason.lower() for word in _DENIALS),
    )


def _text(raw: Raw) -> str:
    """A text as it is, anything else as it is written, nothing as nothing."""
    written = bytes(raw)
    if written == b"null":
        return ""
    return _TEXT.decode(written) if written.startswith(b'"') else written.decode()
