"""What is on display and how: the screen's only state."""

from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Final

from kalshi_assistant.domain.time import SECOND, Nanos
from kalshi_assistant.engine.snapshot import Snapshot
from kalshi_assistant.ui.bars import Moment
from kalshi_assistant.ui.commands import PAGES, TRADE
from kalshi_assistant.ui.hindsight import Hindsight
from kalshi_assistant.ui.panels.scene import Room, Scene
from kalshi_assistant.ui.renderables.palette import THEMES, Theme
from kalshi_assistant.ui.renderables.words import age

SILENT_AFTER_SECONDS: Final = 3.0
"""The engine publishes four times a second; this long without a word is said on the screen."""

WHOLE_SECONDS: Final = 100.0
"""From here on minutes do."""

WAITING_FOR_ENGINE: Final = (
    "waiting for the engine... its first start here compiles for some ten seconds"
)


@dataclass(slots=True)
class Look:
    """The newest snapshot, the state of the connection, and the person's choices."""

    zone: tzinfo | None = None
    ascii_only: bool = False
    with_feeds: bool = True
    with_curves: bool = False
    """Whether a low page plots P(YES) in the index's place."""
    snapshot: Snapshot | None = None
    heard_at: float | None = None
    over: str | None = None
    """Why no snapshot will come any more ..."""
    ended: str | None = None
    """... and how long ago the last one came."""
    silence: str | None = None
    theme: Theme = THEMES["dark"]
    replayed: bool = False
    """Whether even the newest snapshot is of the past."""
    page: str = TRADE
    with_keys: bool = False
    """Whether the box of keys stands over the page."""
    hindsight: Hindsight = field(default_factory=Hindsight)
    rows: dict[str, int] = field(default_factory=lambda: dict.fromkeys(PAGES, 0))
    """The chosen row of each page, 0 the newest."""
    tops: dict[str, int] = field(default_factory=lambda: dict.fromkeys(PAGES, 0))
    """How many lines of each page are scrolled away above."""

    def hear(self, snapshot: Snapshot, now: float) -> None:
        """A snapshot arrived at ``now``, in seconds of any running clock."""
        self.snapshot, self.heard_at, self.silence = snapshot, now, None
        self.hindsight.memory.keep(snapshot)

    def end(self, why: str) -> None:
        """No snapshot will come any more."""
        self.over, self.ended = why, f"{why}: q closes this screen"

    def listen(self, now: float) -> None:
        """Notice how long the engine has been silent."""
        if self.heard_at is None:
            return
        quiet = now - self.heard_at
        since = f"{quiet:.0f} s" if quiet < WHOLE_SECONDS else age(round(quiet) * SECOND)
        if self.over is not None and self.replayed:
            return  # it was old all the time
        if self.over is not None:
            self.ended = f"these numbers are {since} old, q closes: {self.over}"
        elif quiet > SILENT_AFTER_SECONDS:
            self.silence = f"no news from the engine for {since}: these numbers are old"

    @property
    def scene(self) -> Scene | None:
        """What the panels draw; ``None`` before the first snapshot."""
        if self.hindsight.shown is not None:  # the bar of time says how old it is
            return Scene(self.hindsight.shown)
        if self.snapshot is None:
            return None
        return Scene(self.snapshot, self.ended or self.silence)

    @property
    def moment(self) -> Moment | None:
        """The instant on display where it is not simply now; ``None`` where it is."""
        newest, shown = self.snapshot, self.hindsight.shown
        if newest is None or (shown is None and not self.replayed):
            return None
        note, wanted = self.hindsight.note, self.hindsight.wanted
        if wanted is not None and self.hindsight.past is not None:
            share = self.hindsight.past.state.share
            note = "looking" if share >= 1 else f"rebuilding {share:.0%}"
        return Moment(
            shown_at=newest.at if shown is None else shown.at,
            newest_at=newest.at,
            first_at=self.hindsight.first(newest.at),
            wanted_at=wanted,
            frozen=shown is not None,
            note=self.ended or self.silence or note,
        )

    @property
    def waiting(self) -> str:
        """What is said before the first snapshot."""
        return self.ended or WAITING_FOR_ENGINE

    def room(self, width: int, height: int) -> Room:
        """A page of this size."""
        return Room(width, height, self.zone, self.ascii_only)

    def step(self, seconds: int) -> Nanos | None:
        """Aim that much later, from where one is or wants to be; ``None`` before anything came."""
        newest = self.snapshot
        if newest is None:
            return None
        start = (self.hindsight.aimed if self.hindsight.frozen else None) or newest.at
        return self.go_to(Nanos(start + seconds * SECOND))

    def go_to(self, instant: Nanos) -> Nanos | None:
        """Aim at an instant, freezing first; answers what is aimed at."""
        if self.snapshot is None:
            return None
        if not self.hindsight.frozen:
            self.hindsight.freeze(self.snapshot)
        return self.hindsight.aim(instant, self.snapshot.at)
