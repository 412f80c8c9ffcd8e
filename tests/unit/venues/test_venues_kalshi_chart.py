"""Points of the public chart become facts about the index, each stamp once, ascending."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_assistant.domain.events import (
    IndexHistoryLoaded,
    IndexPrinted,
    IndexTicked,
    Malformed,
)
from kalshi_assistant.domain.time import MILLISECOND, SECOND
from kalshi_assistant.venues.kalshi.answers.index import LivePoint
from kalshi_assistant.venues.kalshi.chart import Chart

NOW = 1_795_280_600 * SECOND


def point(seconds, value="91262.18"):
    """A point so many seconds after ``NOW``."""
    return LivePoint(NOW + round(seconds * 1_000) * MILLISECOND, Decimal(value))


def printed(seconds, cents=9_126_218):
    at = NOW + seconds * SECOND
    return IndexPrinted(at, NOW, "BRTI", cents, "kalshi_chart")


def test_a_whole_second_is_a_print_and_any_other_stamp_a_tick():
    tick = IndexTicked(NOW - 2_500 * MILLISECOND, NOW, "BRTI", 9_126_218, "kalshi_chart")
    assert Chart("BRTI").take([point(-3), point(-2.5), point(-2)], NOW) == (
        printed(-3),
        tick,
        printed(-2),
    )


@pytest.mark.parametrize(
    ("value", "cents"),
    [
        ("91262.18", 9_126_218),
        ("91262.1800000", 9_126_218),
        ("91262", 9_126_200),
        ("91262.184999", 9_126_218),
        ("91262.185", 9_126_219),
        ("91262.1849999999999999999999999", 9_126_218),
        ("91262.195", 9_126_220),
        ("9.12621850E4", 9_126_219),
        ("0.01", 1),
    ],
)
def test_more_decimals_than_two_are_rounded_half_up(value, cents):
    assert Chart("BRTI").take([point(0, value)], NOW) == (printed(0, cents),)


@pytest.mark.parametrize(
    "value", ["0.001", "1E+30", "1E-400", "NaN", "Infinity", "-1", "0." + "1" * 60]
)
def test_a_value_that_cannot_be_true_is_told_and_leaves_a_hole(value):
    chart = Chart("BRTI")
    first, second, told = chart.take([point(-2), point(-1, value), point(0)], NOW)
    assert (first, second) == (printed(-2), printed(0))
    assert isinstance(told, Malformed)
    assert len(told.reason) <= 200


def test_a_point_of_the_future_is_told_and_hides_nothing_that_follows():
    chart = Chart("BRTI")
    (told,) = chart.take([point(61)], NOW)
    assert "61 s ahead" in told.reason
    assert chart.take([point(0), point(61)], NOW)[0] == printed(0)
    assert chart.take([point(60)], NOW) == (printed(60),)


def test_no_stamp_comes_twice_and_none_after_a_newer_one():
    chart = Chart("BRTI")
    assert chart.take([point(-2), point(-2, "1"), point(-1)], NOW) == (printed(-2), printed(-1))
    assert chart.take([point(-2), point(-1, "1"), point(-1.5)], NOW) == ()
    assert chart.take([point(-1), point(0)], NOW) == (printed(0),)


def test_the_order_of_the_list_does_not_matter():
    assert Chart("BRTI").take([point(0), point(-2), point(-1)], NOW) == (
        *(printed(-2), printed(-1), printed(0)),
    )


def test_what_was_missed_comes_as_history_without_its_ticks():
    points = [point(-seconds / 2) for seconds in range(40)]
    loaded, *news = Chart("BRTI").take(points, NOW)
    past = tuple((NOW // SECOND + second, 9_126_218) for second in range(-19, -5))
    assert loaded == IndexHistoryLoaded(NOW, NOW, "BRTI", "kalshi_chart", past)
    assert [event.at for event in news] == [
        NOW + half * 500 * MILLISECOND for half in range(-10, 1)
    ]


def test_a_chart_without_whole_seconds_has_no_history_and_gives_ticks():
    points = [point(second + 0.021) for second in range(-20, 0)]
    events = Chart("BRTI").take(points, NOW)
    assert [type(event) for event in events] == [IndexTicked] * 6
    assert Chart("BRTI").take([], NOW) == ()


stamps = st.integers(-40, 4).map(lambda half: half / 2)


@given(st.lists(st.lists(stamps, max_size=12), max_size=8))
def test_everything_told_rises_over_all_answers(answers):
    chart, told = Chart("BRTI"), []
    for answer in answers:
        before = max(told, default=0)
        seen = {NOW + round(each * 1_000) * MILLISECOND for each in answer}
        fresh = {at for at in seen if at > before}
        for event in chart.take([point(each) for each in answer], NOW):
            if isinstance(event, IndexHistoryLoaded):
                told += [second * SECOND for second, _ in event.prints]
            else:
                assert isinstance(event, IndexTicked) == (event.at % SECOND > 0)
                told.append(event.at)
        whole = {at for at in fresh if at % SECOND == 0}
        assert whole <= set(told)
        assert {at for at in told if at > before} <= fresh
    assert told == sorted(set(told))
