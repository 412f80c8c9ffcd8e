"""When a subscription is sent, and sent again."""

from typing import Final

from kalshi_assistant.domain.time import SECOND

ANSWER_WITHIN: Final = 10 * SECOND
"""A subscription without a snapshot after this is sent again."""
WAIT_MIN: Final = SECOND
WAIT_MAX: Final = 60 * SECOND


class Asking:
    """One subscription: sent when due, then ever more rarely until a snapshot came.

    The waits begin anew only when the venue has proved well (``worked``): a venue whose every
    snapshot is followed by a gap is not asked each second for hours.
    """

    __slots__ = ("_due_at", "_wait", "asked_before")

    def __init__(self) -> None:
        self._due_at: int | None = None
        self._wait = WAIT_MIN
        self.asked_before = False

    def opened(self, at: int) -> None:
        """A connection opened; ask first at this instant."""
        self._due_at = at
        self._wait = WAIT_MIN
        self.asked_before = False

    def lost(self, now: int) -> None:
        """A book that was known is lost: ask after the wait."""
        self._due_at = now + self._wait

    def answered(self) -> None:
        """A snapshot came."""
        self._due_at = None

    def worked(self) -> None:
        """What was subscribed works."""
        self._wait = WAIT_MIN

    def due(self, now: int) -> bool:
        """Whether to ask now; a yes counts as asked."""
        if self._due_at is None or now < self._due_at:
            return False
        self._due_at = now + max(self._wait, ANSWER_WITHIN)
        self._wait = min(2 * self._wait, WAIT_MAX)
        return True
