"""The hours in which only the severe is told."""

import re
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from kalshi_assistant.domain.time import Nanos, as_datetime

LOCAL: Final = "local"
_CLOCK: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")


def minute_of(text: str) -> int | None:
    """``"22:30"`` as minutes after midnight; ``None`` where it is no time of day."""
    found = _CLOCK.fullmatch(text)
    return None if found is None else 60 * int(found[1]) + int(found[2])


def zone_of(name: str) -> ZoneInfo | None:
    """The zone called ``name``; ``None`` for the machine's own. Raises ValueError."""
    if name == LOCAL:
        return None
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError) as error:  # its own error is a KeyError
        raise ValueError(f"no zone is called {name[:40]!r}") from error


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From one minute of the day to another, over midnight where the second is the earlier."""

    begin: int
    end: int
    zone: ZoneInfo | None

    def hold(self, at: Nanos) -> bool:
        """Whether ``at`` lies in them; the beginning does, the end does not."""
        moment = as_datetime(at).astimezone(self.zone)
        minute = 60 * moment.hour + moment.minute
        if self.begin <= self.end:
            return self.begin <= minute < self.end
        return minute >= self.begin or minute < self.end
