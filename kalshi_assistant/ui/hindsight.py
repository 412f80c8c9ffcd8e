"""The screen's own memory, and the instant that is shown when it is not now.

What this screen received is kept, the first snapshot of each second, for an hour; what came before
it opened is asked of a ``Past``. Both are what the engine said at that instant, never a mixture.
"""

import zlib
from bisect import bisect_right
from collections import deque
from dataclasses import dataclass, field
from typing import Final

import msgspec

from kalshi_assistant.domain.errors import AssistantError
from kalshi_assistant.domain.time import HOUR, SECOND, Nanos
from kalshi_assistant.engine.snapshot import Snapshot
from kalshi_assistant.ui.source import Past

SECONDS_KEPT: Final = HOUR // SECOND
BYTES_KEPT: Final = 64_000_000
_LEVEL: Final = 1
HEARD: Final = "as this screen heard it"
REBUILT: Final = "rebuilt from the journal"
NOTHING: Final = "nothing older is known"

_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(Snapshot)


class Memory:
    """The first snapshot of every second, packed; the oldest go when there are too many."""

    def __init__(self, seconds: int = SECONDS_KEPT, size: int = BYTES_KEPT) -> None:
        self._seconds: deque[int] = deque()
        self._packed: deque[bytes] = deque()
        self._most, self._size_most = seconds, size
        self._size = 0

    def keep(self, snapshot: Snapshot) -> None:
        """Remember it, if it is the first of its second."""
        second = snapshot.at // SECOND
        if self._seconds and second <= self._seconds[-1]:
            return
        packed = zlib.compress(_ENCODER.encode(snapshot), _LEVEL)
        self._seconds.append(second)
        self._packed.append(packed)
        self._size += len(packed)
        while second - self._seconds[0] > self._most or self._size > self._size_most:
            self._seconds.popleft()
            self._size -= len(self._packed.popleft())
            if not self._seconds:
                break

    @property
    def first(self) -> Nanos | None:
        """The oldest second there is."""
        return Nanos(self._seconds[0] * SECOND) if self._seconds else None

    def at(self, instant: Nanos) -> Snapshot | None:
        """What was known in the second of ``instant``, or in the nearest before it."""
        place = bisect_right(self._seconds, instant // SECOND) - 1
        if place < 0:
            return None
        return _DECODER.decode(zlib.decompress(self._packed[place]))


def reach(newest: Nanos) -> Nanos:
    """How far back one goes from ``newest`` while an engine runs."""
    return Nanos(newest - HOUR)


@dataclass(slots=True)
class Hindsight:
    """Now, or another instant; what is known of it and what is still looked for."""

    past: Past | None = None
    memory: Memory = field(default_factory=Memory)
    shown: Snapshot | None = None
    """The snapshot on display while the screen is frozen; ``None``: now."""
    wanted: Nanos | None = None
    """The instant looked for while it is not found yet."""
    aimed: Nanos | None = None
    """The instant last asked for, from which one steps on: there may be nothing just then."""
    note: str = ""
    """How what is shown is known, or why nothing else could be."""

    @property
    def frozen(self) -> bool:
        """Whether the screen stands still."""
        return self.shown is not None

    def freeze(self, newest: Snapshot) -> None:
        """Hold on to this one."""
        self.shown, self.wanted, self.note = newest, None, HEARD
        self.aimed = newest.at
        if self.past is not None:
            self.past.begin(newest)

    def release(self) -> None:
        """Back to now."""
        self.shown, self.wanted, self.note = None, None, ""

    def first(self, newest: Nanos) -> Nanos | None:
        """The oldest instant that can be asked for, or may yet be: an hour before ``newest``."""
        oldest = [] if self.memory.first is None else [self.memory.first]
        state = None if self.past is None else self.past.state
        if state is not None and state.first is not None:
            oldest.append(state.first)
        elif state is not None and state.share < 1 and not state.whole:
            oldest.append(reach(newest))
        if not oldest:
            return None
        return min(oldest) if state is not None and state.whole else max(min(oldest), reach(newest))

    def aim(self, instant: Nanos, newest: Nanos) -> Nanos:
        """Want another instant, within what there is; answers which it became."""
        first = self.first(newest)
        self.aimed = Nanos(max(min(instant, newest), newest if first is None else first))
        self.wanted = self.aimed
        return self.aimed

    async def look_up(self, wanted: Nanos, newest: Snapshot) -> None:
        """Find what was known at ``wanted`` and show it, unless by then another is wanted."""
        found, note = await self._found(wanted, newest)
        if self.wanted != wanted or self.shown is None:
            return
        self.wanted, self.note = None, note
        if found is not None:
            self.shown = found

    async def _found(self, wanted: Nanos, newest: Snapshot) -> tuple[Snapshot | None, str]:
        """What was known then, or the oldest there is; and how we know."""
        found, note = await self._known(wanted, newest)
        first = self.first(newest.at)
        if found is None and note == NOTHING and first is not None and first > wanted:
            return (await self._known(first, newest))[0], NOTHING
        return found, note

    async def _known(self, wanted: Nanos, newest: Snapshot) -> tuple[Snapshot | None, str]:
        """What was known then; the past is asked only where this screen has a hole."""
        second = wanted // SECOND
        if second >= newest.at // SECOND:
            return newest, HEARD
        heard = self.memory.at(wanted)
        if self.past is None or (heard is not None and heard.at // SECOND == second):
            return heard, NOTHING if heard is None else HEARD
        try:
            told = await self.past.at(wanted)
        except AssistantError as error:
            return heard, str(error)
        if told is not None and (heard is None or heard.at < told.at):
            return told, self.past.state.note or REBUILT
        return heard, NOTHING if heard is None else HEARD
