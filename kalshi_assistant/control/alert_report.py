"""What the process that delivers alerts tells the engine about its channels.

Sent as the argument of the operator command ``alerts``; both ends check it, because it ends up in
the journal and on the screen.
"""

from typing import Annotated, Final

import msgspec

COMMAND: Final = "alerts"
CHANNELS_MAX: Final = 16
NOTICE_MAX: Final = 300

_Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]


class ChannelReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One channel: its queue, what it has delivered, and what it could not."""

    channel: Annotated[str, msgspec.Meta(min_length=1, max_length=40, pattern=r"^[a-z_]+$")]
    waiting: _Count
    high_water: _Count
    capacity: _Count
    delivered: _Count
    dropped: _Count
    notice: Annotated[str, msgspec.Meta(max_length=NOTICE_MAX)] = ""
    """What has to be told about it now; empty: nothing."""


Reports = Annotated[tuple[ChannelReport, ...], msgspec.Meta(max_length=CHANNELS_MAX)]

_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder(Reports)


def encode_reports(reports: tuple[ChannelReport, ...]) -> str:
    """The argument of the command."""
    return _ENCODER.encode(reports).decode()


def decode_reports(argument: str) -> tuple[ChannelReport, ...]:
    """The reports of an argument. Raises msgspec.MsgspecError where it is none."""
    return _DECODER.decode(argument)
