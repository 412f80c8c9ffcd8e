"""A bounded record of why: newest last, old lines fall off."""

from collections import deque
from typing import Literal

from kalshi_assistant.domain.time import Nanos
from kalshi_assistant.engine.snapshot import LogLine

LINES = 200

LineLevel = Literal["info", "warning", "error", "signal", "fill", "window"]


class Story:
    """The last ``LINES`` lines."""

    __slots__ = ("_lines",)

    def __init__(self) -> None:
        self._lines: deque[LogLine] = deque(maxlen=LINES)

    def tell(self, at: Nanos, level: LineLevel, topic: str, text: str) -> None:
        """Add a line; a repetition of the newest line is dropped."""
        newest = self._lines[-1] if self._lines else None
        if newest is not None and (newest.topic, newest.text) == (topic, text):
            return
        self._lines.append(LogLine(at=at, level=level, topic=topic, text=text))

    def newest(self, count: int) -> tuple[LogLine, ...]:
        """Up to ``count`` lines, newest first."""
        return tuple(self._lines[-1 - back] for back in range(min(count, len(self._lines))))
