"""What every event begins with."""

import msgspec

from kalshi_assistant.domain.time import Nanos


class Stamped(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    """``at`` is the source's instant (or ours where the fact is our own), ``received_at`` is ours
    and orders events.
    """

    at: Nanos
    received_at: Nanos
