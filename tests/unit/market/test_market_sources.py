"""Which source of the index is in force, and which stamps are believed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_assistant.domain.time import SECOND
from kalshi_assistant.market.sources import PREFERENCE, Sources, SourceSettings, label

NOW = 1_795_281_000 * SECOND
FAST, SLOW, COPY = "kalshi_5hz", "kalshi_1hz", "replica"


def at(seconds):
    return NOW + int(seconds * SECOND)


def feed(sources, source, start, end, step=0.2, delay=0.05):
    """``source`` speaks from ``start`` to ``end``; every change of what is in force."""
    changes, second = [], start
    while second < end:
        sources.hear(source, at(second), at(second + delay))
        if sources.choose(at(second + delay)):
            changes.append((round(second, 1), sources.current))
        second += step
    return changes


@pytest.fixture
def sources():
    return Sources(SourceSettings(stale_seconds=2.0, return_seconds=5.0, believe_seconds=10.0))


def both(sources, start, end, fast):
    """The copy all the time, the fast channel where ``fast`` says; changes with their seconds."""
    changes, tick = [], start * 5
    while tick < end * 5:
        second = tick / 5
        for source in (FAST, COPY) if fast(second) else (COPY,):
            sources.hear(source, at(second), at(second + 0.05))
        if sources.choose(at(second + 0.05)):
            changes.append((second, sources.current))
        tick += 1
    return changes


def test_the_first_to_speak_is_in_force_until_a_better_one_comes(sources):
    """One that never failed need not prove itself."""
    assert feed(sources, COPY, 0, 1) == [(0, COPY)]
    assert both(sources, 1, 10, lambda _: True) == [(1.0, FAST)]


def test_a_silent_source_is_left_within_its_two_seconds_and_taken_back_after_five(sources):
    changes = both(sources, 0, 60, lambda second: not 20 <= second < 30)
    assert changes == [(0, FAST), (22.0, COPY), (35.0, FAST)]


def test_a_source_that_comes_and_goes_is_not_taken_back_between(sources):
    """Up for four seconds, down for three, again and again: the copy stays."""
    changes = both(sources, 0, 100, lambda second: second < 20 or second % 7 < 4)
    assert changes == [(0, FAST), (27.0, COPY)]


def test_with_nobody_alive_the_last_one_stays(sources):
    feed(sources, FAST, 0, 5)
    assert not sources.choose(at(100))
    assert sources.current == FAST
    assert not sources.alive(FAST, at(100))


def test_a_line_that_dropped_silences_its_sources_at_once(sources):
    both(sources, 0, 10, lambda _: True)
    sources.lost(frozenset((FAST, SLOW)))
    assert sources.choose(at(10))
    assert sources.current == COPY
    assert both(sources, 10, 20, lambda _: True) == [(15.0, FAST)]


def test_repeated_and_older_stamps_are_late_and_keep_nobody_alive(sources):
    assert sources.hear(FAST, at(0), at(0.1)) == "new"
    assert sources.hear(FAST, at(0), at(0.2)) == "late"
    assert sources.hear(FAST, at(-1), at(0.3)) == "late"
    for step in range(20):
        assert sources.hear(FAST, at(0), at(0.3 + step)) == "late"
    assert not sources.alive(FAST, at(10))


def test_what_is_a_minute_old_at_receipt_is_history(sources):
    assert sources.hear(FAST, at(0), at(61)) == "late"
    assert not sources.alive(FAST, at(61))


def test_a_clock_that_jumped_ahead_is_refused_until_it_held(sources):
    feed(sources, FAST, 0, 10)
    heard = [sources.hear(FAST, at(20 + k + 3), at(20 + k + 0.05)) for k in range(15)]
    assert heard == ["refused"] * 10 + ["new"] * 5
    assert sources.refused(FAST) == 10


def test_one_stamp_from_the_future_moves_nothing(sources):
    feed(sources, FAST, 0, 10)
    assert sources.hear(FAST, at(3_600), at(10)) == "refused"
    assert sources.hear(FAST, at(10), at(10.05)) == "new"
    assert sources.hear(FAST, at(11), at(11.05)) == "new"


def test_a_burst_after_a_stall_is_no_jump(sources):
    """Five seconds held up on the way arrive at once: late, and then in time again."""
    feed(sources, FAST, 0, 10)
    heard = [sources.hear(FAST, at(10 + k / 5), at(15)) for k in range(25)]
    assert set(heard) == {"new"}


def test_our_own_clock_set_anew_voids_what_was_known_of_delays(sources):
    feed(sources, FAST, 0, 10)
    sources.forget_clocks()
    assert sources.hear(FAST, at(11), at(6)) == "new"


@given(
    st.lists(
        st.tuples(
            st.sampled_from(PREFERENCE), st.floats(-90, 90), st.floats(0.0, 3.0), st.booleans()
        ),
        max_size=120,
    )
)
def test_whatever_is_heard_the_one_in_force_was_heard_and_beats_all_that_lived_long(heard):
    sources, now = Sources(SourceSettings()), 0.0
    spoke = set()
    for source, ahead, wait, drops in heard:
        now += wait
        if drops:
            sources.lost(frozenset((source,)))
        elif sources.hear(source, at(now + ahead), at(now)) == "new":
            spoke.add(source)
        sources.choose(at(now))
        if sources.current is None:
            assert not spoke
        else:
            assert sources.current in spoke
            alive = [each for each in PREFERENCE if sources.alive(each, at(now))]
            assert not alive or sources.current in alive


def test_labels_say_what_a_value_is():
    assert label("kalshi_5hz", 0) == label("kalshi_1hz", 0) == "BRTI"
    assert label("kalshi_rest", 0) == "BRTI via REST"
    assert label("replica", 5) == "estimate from 5 venues"
    assert label("replica", 1) == "estimate from 1 venue"
    assert label(None, 0) == "no index yet"
