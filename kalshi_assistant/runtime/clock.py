"""The only file that reads the time.

Wall time is read once and then moved by a clock that keeps counting while the machine is
suspended, so that a step of the system clock never moves "now" backwards; ``Jumps`` says when the
two part or the machine has slept.
"""

import time
from typing import Protocol

from kalshi_assistant.domain.time import MILLISECOND, Nanos

TOLERANCE = 250 * MILLISECOND
"""A smaller difference between the clocks is drift, not a jump."""


class Clock(Protocol):
    """Something that knows what time it is."""

    def now(self) -> Nanos:
        """The present instant."""


def _running() -> int:
    """Nanoseconds of a clock that is never set and counts in suspend where the system has one."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic_ns() if boot is None else time.clock_gettime_ns(boot)


class SystemClock:
    """The true time."""

    def __init__(self) -> None:
        self._anchor = time.time_ns() - _running()

    def now(self) -> Nanos:
        """Wall time as of the last anchoring, moved by the running clock."""
        return Nanos(self._anchor + _running())

    def reanchor(self) -> int:
        """Take the system's wall time again; answers by how much "now" moved, in ns."""
        anchor = time.time_ns() - _running()
        moved, self._anchor = anchor - self._anchor, anchor
        return moved


class ScaledClock:
    """A venue's own time: it started at ``venue_start`` when ``base`` read ``base_start``, and
    runs ``speed`` fast.
    """

    def __init__(self, base: Clock, base_start: Nanos, venue_start: Nanos, speed: float) -> None:
        self._base, self._speed = base, speed
        self._base_start, self._venue_start = base_start, venue_start

    def now(self) -> Nanos:
        """The venue's present instant."""
        elapsed = self._base.now() - self._base_start
        return Nanos(self._venue_start + int(elapsed * self._speed))

    def seconds_until(self, instant: int) -> float:
        """Real seconds until ``instant`` of the venue, at least 0."""
        return max(0.0, (instant - self.now()) / 1e9 / self._speed)


class Jumps:
    """Notices that the machine slept or that its clock was set. Ask about once a second."""

    def __init__(self, clock: SystemClock) -> None:
        self._clock = clock
        self._asleep = _running() - time.monotonic_ns()

    def since_last(self) -> int:
        """Nanoseconds by which the time jumped since the last question, 0 for none."""
        asleep = _running() - time.monotonic_ns()
        slept, self._asleep = asleep - self._asleep, asleep
        moved = self._clock.reanchor()
        if slept > TOLERANCE and moved >= -TOLERANCE:
            return slept
        return moved if abs(moved) > TOLERANCE else 0


def wait_seconds(clock: Clock, instant: int) -> float:
    """Real seconds until ``instant`` on ``clock``."""
    if isinstance(clock, ScaledClock):
        return clock.seconds_until(instant)
    return max(0.0, (instant - clock.now()) / 1e9)


class Stopwatch:
    """Real seconds since it was made."""

    def __init__(self) -> None:
        self._started = time.perf_counter_ns()

    def seconds(self) -> float:
        """Elapsed so far; never zero, so a rate can be taken."""
        return max(1, time.perf_counter_ns() - self._started) / 1e9
