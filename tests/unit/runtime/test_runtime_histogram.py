"""Quantiles of delays from buckets, beside the sorted list."""

from hypothesis import given
from hypothesis import strategies as st

from kalshi_assistant.runtime.histogram import LONGEST, Histogram

PARTS = (0.0, 0.5, 0.95, 0.99, 1.0)


def of(values):
    subject = Histogram()
    for value in values:
        subject.add(value)
    return subject


@given(st.lists(st.integers(0, LONGEST), min_size=1, max_size=200))
def test_quantiles_are_those_of_the_list_to_the_width_of_a_bucket(values):
    subject, ordered = of(values), sorted(values)
    for part, found in zip(PARTS, subject.quantiles(PARTS), strict=True):
        true = ordered[int(part * (len(ordered) - 1))]
        assert abs(found - true) <= true / 64
    assert (subject.count, subject.worst) == (len(values), max(values))
    assert subject.mean == sum(values) / len(values)


def test_small_values_are_exact():
    assert of(range(128)).quantiles((0.25, 0.75)) == (31.0, 95.0)


def test_nothing_has_no_quantiles():
    subject = of([])
    assert subject.quantiles((0.5,)) == (None,)
    assert (subject.mean, subject.worst, subject.count) == (None, None, 0)


def test_what_is_out_of_bounds_counts_at_the_bound():
    subject = of([-5, 10 * LONGEST])
    assert subject.quantiles((0.0,)) == (0.0,)
    assert subject.worst == LONGEST


def test_the_stretch_before_the_present_one_still_counts_and_older_ones_do_not():
    subject = of([5, 7])
    subject.turn()
    subject.add(9)
    assert (subject.count, subject.worst) == (3, 9)
    assert subject.quantiles((0.0, 1.0)) == (5.0, 9.0)
    subject.turn()
    assert (subject.count, subject.worst) == (1, 9)
