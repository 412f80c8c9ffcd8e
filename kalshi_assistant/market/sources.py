"""Which source of the index is believed at an instant, and which of its stamps.

Several sources run at once. The best one that is alive is in force; one that fell silent is left at
once, one that comes back is taken again only after it has been alive for a while. Whatever is in
force, a print of a true source is a print: only estimates wait for their turn.

A source is judged by its own clock as well. Its stamps run behind ours by a delay that has a least
value; a stamp far below that delay comes from a clock that jumped, and would put a value on a
second it does not belong to. Such stamps are refused until the new clock has held for a while.

Source of the order: the index's two channels and its REST history carry the same prints, the
five-a-second channel sooner than the other.
"""

from dataclasses import dataclass
from typing import Final, Literal

from kalshi_assistant.domain.events import IndexSource
from kalshi_assistant.domain.ranges import check_ranges, setting
from kalshi_assistant.domain.time import SECOND, Nanos

Hearing = Literal["new", "late", "refused"]
"""``new``: newer than all before it of this source. ``late``: a repetition, or out of order.
``refused``: its stamp cannot be.
"""

PREFERENCE: Final[tuple[IndexSource, ...]] = (
    "kalshi_5hz",
    "kalshi_1hz",
    "cf_direct",
    "panel",
    "kalshi_chart",
    "replica",
    "proxy",
)
"""Live sources, the best first. History is no live source."""
TRUE: Final = frozenset(("kalshi_5hz", "kalshi_1hz", "cf_direct", "kalshi_rest", "panel"))
"""Sources whose prints are the index's own; what the others give fixes no outcome."""

LABELS: Final[dict[IndexSource, str]] = {
    "kalshi_5hz": "BRTI",
    "kalshi_1hz": "BRTI",
    "cf_direct": "BRTI from CF Benchmarks",
    "kalshi_rest": "BRTI via REST",
    "panel": "BRTI as recorded",
    "kalshi_chart": "estimate from chart",
    "proxy": "stand-in for BRTI",
}


def label(source: IndexSource | None, venues: int) -> str:
    """How a value of this source is called wherever it is shown; ``venues`` made the replica."""
    if source is None:
        return "no index yet"
    if source == "replica":
        return f"estimate from {venues} venue{'' if venues == 1 else 's'}"
    return LABELS[source]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSettings:
    """When a source of the index is left, and when it is taken again."""

    stale_seconds: float = setting(
        2.0, "a source of the index silent for longer is left for the next best", ge=0.5, le=60
    )
    return_seconds: float = setting(
        5.0, "a better source is taken again after it lived for so long", ge=0, le=600
    )
    jump_seconds: float = setting(
        1.0, "a stamp ahead of its source's own clock by more is refused", ge=0.1, le=60
    )
    believe_seconds: float = setting(
        10.0, "a source's clock that jumped is believed after holding for so long", ge=1, le=600
    )
    delay_max_seconds: float = setting(
        60.0, "values older than this at receipt are history, not news", ge=1, le=3_600
    )
    clock_ms: float = setting(
        250.0, "this machine's clock is reported when it is off by more", ge=50, le=60_000
    )
    reconcile_seconds: float = setting(
        300.0, "how often a book that is believed is compared with a whole one", ge=5, le=86_400
    )
    replica_sd_bp: float = setting(
        1.0, "error of the replica before prints have told it, basis points", ge=0.01, le=100
    )
    chart_sd_bp: float = setting(
        0.3, "error of the public chart against the prints, basis points", ge=0.01, le=100
    )

    def __post_init__(self) -> None:
        check_ranges(self)


LONG_AGO: Final = -(2**62)


@dataclass(slots=True)
class _Heard:
    """What one source said so far."""

    newest_at: int
    newest_received: int
    alive_since: int
    """Receipt of the first value of the uninterrupted run that ends with the newest."""
    least_delay: int | None
    """``None`` right after its line dropped: the next connection may take another way."""
    refused_since: int | None = None
    refused: int = 0


class Sources:
    """All live sources of one index, and the one in force."""

    __slots__ = ("_believe", "_heard", "_jump", "_old", "_return", "_stale", "current")

    def __init__(self, settings: SourceSettings) -> None:
        self._stale = int(settings.stale_seconds * SECOND)
        self._return = int(settings.return_seconds * SECOND)
        self._jump = int(settings.jump_seconds * SECOND)
        self._believe = int(settings.believe_seconds * SECOND)
        self._old = int(settings.delay_max_seconds * SECOND)
        self._heard: dict[IndexSource, _Heard] = {}
        self.current: IndexSource | None = None

    def hear(self, source: IndexSource, at: Nanos, received_at: Nanos) -> Hearing:
        """A value of ``source`` stamped ``at`` arrived."""
        heard, delay = self._heard.get(source), received_at - at
        if delay > self._old:
            return "late"
        if heard is None:  # it never failed: it need not prove itself
            self._heard[source] = _Heard(at, received_at, received_at - self._return, delay)
            return "new"
        least = delay if heard.least_delay is None else heard.least_delay
        if delay < least - self._jump and not self._held_long(heard, received_at):
            heard.refused += 1
            return "refused"
        heard.refused_since = None
        if at <= heard.newest_at:
            return "late"
        if received_at - heard.newest_received > self._stale:
            heard.alive_since = received_at
        heard.least_delay = min(least, delay)
        heard.newest_at, heard.newest_received = at, received_at
        return "new"

    def choose(self, now: Nanos) -> bool:
        """Put the best source in force; whether that is another than before.

        With none alive, the one in force stays: its last value grows old, which is for others to
        notice.
        """
        alive = [source for source in PREFERENCE if self.alive(source, now)]
        before = self.current
        if alive and before not in alive:
            self.current = alive[0]
        elif before is not None:
            for source in alive[: alive.index(before)] if alive else ():
                heard = self._heard[source]
                if heard.newest_received - heard.alive_since >= self._return:
                    self.current = source
                    break
        return self.current != before

    def alive(self, source: IndexSource, now: Nanos) -> bool:
        """Whether ``source`` gave something new not long ago."""
        heard = self._heard.get(source)
        return heard is not None and now - heard.newest_received <= self._stale

    def refused(self, source: IndexSource) -> int:
        """How many stamps of ``source`` were refused."""
        heard = self._heard.get(source)
        return 0 if heard is None else heard.refused

    def lost(self, sources: frozenset[IndexSource]) -> None:
        """Their line dropped: they are silent from here on, and their clocks are met anew."""
        for source in sources:
            if (heard := self._heard.get(source)) is not None:
                heard.newest_received, heard.least_delay = LONG_AGO, None

    def forget_clocks(self) -> None:
        """Our own clock was set, or the machine slept: every delay known is void."""
        self._heard.clear()

    @property
    def offset(self) -> int:
        """The least delay of the source in force, nanoseconds: our clock ahead of its, and the way
        here. 0 while nothing is known.
        """
        heard = None if self.current is None else self._heard.get(self.current)
        return 0 if heard is None or heard.least_delay is None else heard.least_delay

    @property
    def is_true(self) -> bool:
        """Whether the source in force gives the index's own prints."""
        return self.current in TRUE

    def _held_long(self, heard: _Heard, received_at: int) -> bool:
        if heard.refused_since is None:
            heard.refused_since = received_at
        return received_at - heard.refused_since >= self._believe
