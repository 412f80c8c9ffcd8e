"""What a client sends, read within bounds."""

from typing import Annotated, Final, TypeVar

from msgspec import Meta
from msgspec.json import Decoder

BYTES_MAX: Final = 1 << 16
"""A longer frame is not read."""
NAMES_MAX: Final = 100
"""So many symbols or channels one command can name."""

Number = Annotated[int, Meta(ge=-(2**62), le=2**62)]
Id = Number | Annotated[str, Meta(max_length=200)]
"""An id the client chose, repeated in the answer."""
Names = Annotated[list[str], Meta(max_length=NAMES_MAX)]

Command = TypeVar("Command")


def read(decoder: Decoder[Command], frame: bytes) -> Command | None:
    """The command in ``frame``; ``None`` where there is none."""
    if len(frame) > BYTES_MAX:
        return None
    try:
        return decoder.decode(frame)
    except (ValueError, RecursionError):
        return None
