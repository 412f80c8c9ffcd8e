"""The numbering of one subscription: ``seq`` starts at 1 and rises by 1 per sid, whatever the
message.

A number too high means that frames were lost. A number already used is a frame that came late or
twice, and is dropped. When three dropped frames follow one another without a frame in order
between them, it was the jump before them that was false (a damaged number), and counting goes on
from them: otherwise one wrong digit would silence a subscription for good.
"""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from kalshi_assistant.domain.ids import Feed

RUN: Final = 3
"""Late frames in a row that are believed instead of the number that made them late."""


class Arrival(Enum):
    """What a frame's number says."""

    IN_ORDER = auto()
    JUMP = auto()
    """Frames before this one were lost."""
    LATE = auto()
    """Seen before, or overtaken: not to be used."""
    DOUBT = auto()
    """Late, and speaks against the last jump: not to be used, nor what came with that jump."""
    RESTART = auto()
    """The number counted from was false; frames may have been lost or dropped."""


@dataclass(slots=True)
class Line:
    """One channel of a connection: its sid and how far it has been read."""

    channel: str
    feed: Feed
    sid: int | None = None
    """``None`` while not subscribed."""
    ended: bool = False
    """It had a sid that is over; what still comes on it is not used."""
    next: int | None = None
    """The number the next frame carries; ``None`` before the first of an unannounced sid."""
    _late_next: int = 0
    _late_run: int = 0
    _late_after: int = 0
    _jump_from: int = 0
    _jump_to: int = 0

    def begin(self, sid: int) -> None:
        """The venue announced this sid. Announced again, it goes on as it is."""
        if sid != self.sid:
            self._from(sid, 1)
        self.ended = False

    def end(self) -> None:
        """Nothing more comes on this sid."""
        self._from(None, None)
        self.ended = True

    def _from(self, sid: int | None, next_: int | None) -> None:
        self.sid, self.next = sid, next_
        self._late_run = self._jump_from = self._jump_to = 0

    def take(self, seq: int) -> Arrival:
        """Count a frame."""
        expected = self.next
        if expected is None or seq == expected:
            self.next = seq + 1
            return Arrival.IN_ORDER
        if seq > expected:
            self._jump_from, self._jump_to = expected, seq
            self.next = seq + 1
            return Arrival.JUMP
        return self._late(seq, expected)

    def _late(self, seq: int, expected: int) -> Arrival:
        follows = seq == self._late_next and expected == self._late_after
        self._late_run = self._late_run + 1 if follows else 1
        self._late_next, self._late_after = seq + 1, expected
        if self._late_run < RUN or seq + 1 >= expected:
            against = self._jump_from <= seq <= self._jump_to
            return Arrival.DOUBT if against else Arrival.LATE
        self._from(self.sid, seq + 1)
        return Arrival.RESTART
