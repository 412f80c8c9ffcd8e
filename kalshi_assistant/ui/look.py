"""What is on display and how: the screen's only state."""

from dataclasses import dataclass
from datetime import tzinfo
from typing import Final

from kalshi_assistant.engine.snapshot import Snapshot
from kalshi_assistant.ui.panels.scene import Room, Scene

SILENT_AFTER_SECONDS: Final = 3.0
"""The engine publishes four times a second; this long without a word is said on the screen."""

WAITING_FOR_ENGINE: Final = (
    "waiting for the engine... its first start here compiles for some ten seconds"
)


@dataclass(slots=True)
class Look:
    """The newest snapshot, the state of the connection, and the person's choices."""

    zone: tzinfo | None = None
    ascii_only: bool = False
    with_feeds: bool = True
    snapshot: Snapshot | None = None
    heard_at: float | None = None
    ended: str | None = None
    silence: str | None = None

    def hear(self, snapshot: Snapshot, now: float) -> None:
        """A snapshot arrived at ``now``, in seconds of any running clock."""
        self.snapshot, self.heard_at, self.silence = snapshot, now, None

    def end(self, why: str) -> None:
        """No snapshot will come any more."""
        self.ended = f"{why}: q closes this screen"

    def listen(self, now: float) -> None:
        """Notice how long the engine has been silent."""
        quiet = 0.0 if self.heard_at is None else now - self.heard_at
        if quiet > SILENT_AFTER_SECONDS:
            self.silence = f"no news from the engine for {quiet:.0f} s: these numbers are old"

    @property
    def scene(self) -> Scene | None:
        """What the panels draw; ``None`` before the first snapshot."""
        if self.snapshot is None:
            return None
        return Scene(self.snapshot, self.ended or self.silence)

    @property
    def waiting(self) -> str:
        """What is said before the first snapshot."""
        return self.ended or WAITING_FOR_ENGINE

    def room(self, width: int, height: int) -> Room:
        """A page of this size."""
        return Room(width, height, self.zone, self.ascii_only)
