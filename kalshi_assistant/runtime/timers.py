"""Timers the engine asked for: one per key, given back as events when they are due."""

from kalshi_assistant.domain.events import TimerFired
from kalshi_assistant.domain.time import Nanos


class Timers:
    """What is due when. Time is an argument."""

    def __init__(self) -> None:
        self._due: dict[str, Nanos] = {}

    def set(self, key: str, due: Nanos) -> None:
        """Wake at ``due``; replaces an earlier timer of the same key."""
        self._due[key] = due

    @property
    def next_due(self) -> Nanos | None:
        """When the earliest is due."""
        return min(self._due.values(), default=None)

    def fired(self, now: Nanos) -> list[TimerFired]:
        """Those that are due at ``now``, earliest first; they are forgotten."""
        due = sorted((at, key) for key, at in self._due.items() if at <= now)
        for _, key in due:
            del self._due[key]
        return [TimerFired(at=at, received_at=now, key=key) for at, key in due]
