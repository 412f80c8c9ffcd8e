"""Settlement against exact decimals: sum, rounding, threshold, and holes that stay holes."""

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from hypothesis import example, given
from hypothesis import strategies as st

from kalshi_assistant.domain.time import SECOND
from kalshi_assistant.market.settlement import (
    HALF_UP_SINCE,
    SettlementWindow,
    least_yes_sum,
    outcome,
    rounded_mean,
)

CLOSE = 1_795_281_300
PRINT = st.integers(1, 20_000_000)
MINUTE = st.lists(PRINT, min_size=61, max_size=61)
SUMS = st.integers(60, 60 * 20_000_000)


def settled(prints, close_time=CLOSE * SECOND, order=range(61)):
    window = SettlementWindow(close_time)
    for place in order:
        if prints[place] is not None:
            window.add(close_time // SECOND - 60 + place, prints[place])
    return window


def half_up(total):
    return int((Decimal(total) / 60).quantize(Decimal(1), rounding=ROUND_HALF_UP))


@given(MINUTE, st.permutations(range(61)))
def test_both_averages_are_the_exact_means_rounded_half_up_in_any_order_of_arrival(prints, order):
    window = settled(prints, order=order)
    assert window.average_a() == half_up(sum(prints[:60]))
    assert window.average_b() == half_up(sum(prints[1:]))


@given(MINUTE, st.sets(st.integers(0, 60), max_size=61))
def test_a_hole_is_counted_and_named_and_leaves_no_average(prints, holes):
    window = settled([None if k in holes else value for k, value in enumerate(prints)])
    in_a = holes - {60}
    assert window.count_a == 60 - len(in_a)
    assert window.missing_a == tuple(CLOSE - 60 + k for k in sorted(in_a))
    assert (window.average_a() is None) == bool(in_a)
    assert (window.average_b() is None) == bool(holes - {0})


@given(MINUTE, st.lists(st.tuples(st.integers(0, 60), PRINT), max_size=80))
def test_whatever_comes_later_for_a_second_changes_nothing(prints, again):
    window = settled(prints)
    before = window.average_a(), window.average_b()
    for place, value in again:
        kept = window.add(CLOSE - 60 + place, value)
        assert kept == (None if value == prints[place] else prints[place])
    assert (window.average_a(), window.average_b()) == before


@given(MINUTE, st.integers(-10_000, 10_000), PRINT)
def test_seconds_outside_the_window_are_passed_over(prints, away, value):
    window = settled(prints)
    second = CLOSE + away
    if not CLOSE - 60 <= second <= CLOSE:
        assert window.add(second, value) is None
    assert window.average_a() == half_up(sum(prints[:60]))


@given(PRINT, st.integers(-200, 200))
@example(9_125_062, -30)
@example(9_125_062, -31)
def test_yes_is_exactly_a_sum_of_at_least_half_a_cent_a_print_below_the_strike(strike, off):
    total = 60 * strike + off
    settles = outcome(rounded_mean(total, HALF_UP_SINCE), strike)
    assert (settles == "yes") == (total >= least_yes_sum(strike))
    assert (settles == "yes") == (Fraction(total, 60) >= strike - Fraction(1, 2))


@given(SUMS)
def test_the_older_rounding_differs_at_most_at_an_exact_half_cent(total):
    new, old = rounded_mean(total, HALF_UP_SINCE), rounded_mean(total, HALF_UP_SINCE - 1)
    assert new == half_up(total)
    assert old == new or (total % 60 == 30 and old == new - 1)
