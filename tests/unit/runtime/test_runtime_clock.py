"""Venue time from real time, and jumps noticed."""

from kalshi_assistant.domain.time import SECOND
from kalshi_assistant.runtime import clock as clocks
from kalshi_assistant.runtime.clock import Jumps, ScaledClock, Stopwatch, SystemClock, wait_seconds
from tests.support.clocks import HandClock


def test_a_scaled_clock_starts_where_it_was_told_and_runs_as_fast():
    base = HandClock(5 * SECOND)
    venue = ScaledClock(base, base.now(), 1_000 * SECOND, 20.0)
    assert venue.now() == 1_000 * SECOND
    base.at += SECOND
    assert venue.now() == 1_020 * SECOND
    assert venue.seconds_until(1_040 * SECOND) == 1.0
    assert wait_seconds(venue, 1_040 * SECOND) == 1.0
    assert venue.seconds_until(0) == 0.0


def test_a_plain_clock_waits_real_seconds():
    assert wait_seconds(HandClock(SECOND), 3 * SECOND) == 2.0
    assert wait_seconds(HandClock(9 * SECOND), 3 * SECOND) == 0.0


def test_system_time_never_goes_back():
    subject = SystemClock()
    seen = [subject.now() for _ in range(100)]
    assert seen == sorted(seen)


def test_a_machine_that_slept_is_noticed_once(monkeypatch):
    running = {"now": 100 * SECOND}
    monkeypatch.setattr(clocks, "_running", lambda: running["now"])
    monkeypatch.setattr(clocks.time, "monotonic_ns", lambda: 100 * SECOND)
    monkeypatch.setattr(clocks.time, "time_ns", lambda: 1_000 * SECOND + running["now"])
    jumps = Jumps(SystemClock())
    assert jumps.since_last() == 0
    running["now"] += 60 * SECOND
    assert jumps.since_last() == 60 * SECOND
    assert jumps.since_last() == 0


def test_a_clock_that_was_set_is_noticed(monkeypatch):
    wall = {"now": 1_000 * SECOND}
    monkeypatch.setattr(clocks, "_running", lambda: 5 * SECOND)
    monkeypatch.setattr(clocks.time, "monotonic_ns", lambda: 5 * SECOND)
    monkeypatch.setattr(clocks.time, "time_ns", lambda: wall["now"])
    jumps = Jumps(SystemClock())
    wall["now"] += SECOND // 10
    assert jumps.since_last() == 0
    wall["now"] -= 3 * SECOND
    assert jumps.since_last() == -3 * SECOND


def test_a_stopwatch_never_shows_zero():
    assert Stopwatch().seconds() > 0


def test_a_clock_set_back_while_the_machine_slept_is_told_as_set_back(monkeypatch):
    """What waits by the old time would wait too long; that matters more than the sleep."""
    wall, running = {"now": 1_000 * SECOND}, {"now": 5 * SECOND}
    monkeypatch.setattr(clocks, "_running", lambda: running["now"])
    monkeypatch.setattr(clocks.time, "monotonic_ns", lambda: 5 * SECOND)
    monkeypatch.setattr(clocks.time, "time_ns", lambda: wall["now"])
    jumps = Jumps(SystemClock())
    running["now"] += 60 * SECOND
    wall["now"] += 20 * SECOND
    assert jumps.since_last() == -40 * SECOND
