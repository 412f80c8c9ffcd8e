"""How long orders were on their way to the venue, remembered for who trades on paper.

``order_latency.json`` in the state folder: the newest delays, in nanoseconds of wall time, from the
receipt of what made us act to the venue's answer. A live process writes it; ``doctor --demo-order``
adds what its order took. A paper process reads it when it starts.
"""

from collections import deque
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from kalshi_assistant.domain.errors import AssistantError
from kalshi_assistant.runtime.kill_file import write_durably
from kalshi_assistant.sim.latency import KEEP, LONGEST, LatencyModel

LATENCY_NAME: Final = "order_latency.json"
_BYTES_MAX: Final = 1 << 16


class _Kept(msgspec.Struct, frozen=True):
    delays_ns: list[Annotated[int, Meta(gt=0, le=LONGEST)]]


class MeasuredLatency:
    """The newest delays of one account, and their file."""

    def __init__(self, folder: Path) -> None:
        """Begins with what was measured before; a file that makes no sense is none."""
        self._path = folder / LATENCY_NAME
        self._delays: deque[int] = deque(_read(self._path), maxlen=KEEP)
        self._changed = False

    @property
    def delays(self) -> tuple[int, ...]:
        """Nanoseconds of wall time, oldest first."""
        return tuple(self._delays)

    def add(self, delay: int) -> None:
        """One more; what cannot be a delay is left out."""
        if 0 < delay <= LONGEST:
            self._delays.append(delay)
            self._changed = True

    def taken(self) -> tuple[int, ...] | None:
        """All of them where there is something new to be written, once."""
        if not self._changed:
            return None
        self._changed = False
        return self.delays

    def write(self, delays: Iterable[int]) -> str | None:
        """Put them in the file; why that failed. Touches nothing else, so that a thread may."""
        kept = _Kept(list(delays))
        try:
            write_durably(self._path, msgspec.json.encode(kept) + b"\n")
        except AssistantError as error:
            return f"measured latencies are not kept: {error}"
        return None


def measured_model(assumed: LatencyModel, folder: Path, speed: float) -> LatencyModel:
    """The model with what was measured; ``speed`` is that of the venue's clock."""
    for delay in MeasuredLatency(folder).delays:
        assumed.record(int(delay * speed))
    return assumed


def _read(path: Path) -> list[int]:
    try:
        with path.open("rb") as file:
            found = msgspec.json.decode(file.read(_BYTES_MAX + 1), type=_Kept)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return []
    return found.delays_ns[-KEEP:]
