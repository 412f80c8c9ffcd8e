"""The ring of seconds against a dict, and the two conventions against the slices they are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_assistant.quant.averages import SecondRing, Tally, seconds_before, seconds_through

SECOND = 1_795_281_300
PUTS = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 3)), max_size=80)


def test_before_leaves_the_second_out_and_through_takes_it_in():
    assert list(seconds_before(100, 3)) == [97, 98, 99]
    assert list(seconds_through(100, 3)) == [98, 99, 100]
    assert len(seconds_before(SECOND)) == len(seconds_through(SECOND)) == 60


@given(PUTS, st.integers(1, 12))
def test_a_ring_holds_the_first_value_of_each_of_the_newest_seconds(puts, size):
    """The naive twin keeps everything; where the ring still has a second, the two agree."""
    ring, naive, newest = SecondRing(size), {}, 0
    for second, value in puts:
        newest = max(newest, second)
        ring.put(second, value)
        naive.setdefault(second, value)
    for second in range(newest - size + 1, newest + 1):
        if ring.at(second) is not None:
            assert ring.at(second) == naive[second]
    in_order = SecondRing(size)
    for second in sorted(naive):
        in_order.put(second, naive[second])
    for second in range(newest - size + 1, newest + 1):
        assert in_order.at(second) == naive.get(second)


@given(
    st.lists(st.one_of(st.none(), st.integers(1, 10**9)), min_size=61, max_size=61),
    st.permutations(range(61)),
)
def test_both_conventions_are_the_two_slices_of_sixty_one_seconds(values, order):
    """Whatever the order of arrival: [0:60] before the last second, [1:61] through it."""
    ring, first = SecondRing(61), SECOND - 60
    for place in order:
        if values[place] is not None:
            ring.put(first + place, values[place])
    for seconds, part in (
        (seconds_before(SECOND), values[:60]),
        (seconds_through(SECOND), values[1:]),
    ):
        present = [value for value in part if value is not None]
        tally = ring.tally(seconds)
        assert tally == Tally(sum(present), len(present), 60)
        assert tally.complete == (None not in part)
        assert len(ring.missing(seconds)) == part.count(None)


@given(st.lists(st.integers(1, 10**9), min_size=61, max_size=200))
def test_a_window_that_slides_over_a_ring_has_the_naive_sum_at_every_second(values):
    ring = SecondRing(61)
    for place, value in enumerate(values):
        ring.put(place, value)
        if place >= 60:
            assert ring.tally(seconds_before(place)).total == sum(values[place - 60 : place])
            assert ring.tally(seconds_through(place)).total == sum(values[place - 59 : place + 1])


def test_a_second_value_is_told_and_not_taken_and_the_same_value_is_no_news():
    ring = SecondRing(10)
    assert ring.put(5, 100) is None
    assert ring.put(5, 100) is None
    assert ring.put(5, 101) == 100
    assert ring.at(5) == 100


def test_a_second_that_made_room_does_not_come_back():
    ring = SecondRing(10)
    ring.put(15, 1)
    assert ring.put(5, 2) is None
    assert (ring.at(5), ring.at(15)) == (None, 1)


def test_zero_and_negative_values_are_values_not_holes():
    ring = SecondRing(4)
    ring.put(1, 0)
    ring.put(2, -7)
    assert ring.tally(range(1, 4)) == Tally(-7, 2, 3)
    assert ring.missing(range(1, 4)) == (3,)


def test_a_ring_of_nothing_is_a_mistake():
    with pytest.raises(AssertionError):
        SecondRing(0)
