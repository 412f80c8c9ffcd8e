"""Windows tile time, whatever New York's clock does."""

from datetime import date, timedelta
from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from kalshi_assistant.domain.time import NEW_YORK, as_datetime, parse_iso
from kalshi_assistant.market.calendar import (
    QUARTER_HOUR,
    day_of,
    day_span,
    next_rest,
    rest_at,
    window_after,
    window_at,
    windows_until,
)

FIRST, LAST = parse_iso("2026-01-01T05:00:00Z"), parse_iso("2028-01-01T05:00:00Z")
CHANGES = [
    parse_iso("2026-03-08T07:00:00Z"),
    parse_iso("2026-11-01T06:00:00Z"),
    parse_iso("2027-03-14T07:00:00Z"),
    parse_iso("2027-11-07T06:00:00Z"),
]
"""The instants at which New York's clock jumps in 2026 and 2027."""
AROUND = st.sampled_from(CHANGES).flatmap(
    lambda change: st.integers(change - 48 * 4 * QUARTER_HOUR, change + 48 * 4 * QUARTER_HOUR)
)
INSTANTS = st.one_of(st.integers(FIRST, LAST - 1), AROUND)


@given(INSTANTS)
def test_every_instant_lies_in_exactly_one_window_of_fifteen_minutes(now):
    window = window_at(now)
    assert window.contains(now)
    assert window.close_time - window.open_time == QUARTER_HOUR
    assert window_at(window.open_time) == window
    assert window_at(window.open_time - 1).close_time == window.open_time
    assert window_at(window.close_time) == window_after(window)


@given(INSTANTS)
@example(CHANGES[0])
@example(CHANGES[1])
def test_every_window_opens_on_a_quarter_of_new_yorks_clock(now):
    moment = as_datetime(window_at(now).open_time, NEW_YORK)
    assert (moment.minute % 15, moment.second, moment.microsecond) == (0, 0, 0)


def test_two_years_are_tiled_without_a_gap_through_all_four_changes():
    windows = list(windows_until(FIRST, LAST))
    assert windows[0].open_time == FIRST
    assert windows[-1].close_time == LAST
    assert all(b.open_time == a.close_time for a, b in pairwise(windows))
    assert len(windows) == 730 * 96


def test_days_tile_two_years_too():
    day, span = date(2026, 1, 1), day_span(date(2026, 1, 1))
    assert span.open_time == FIRST
    for _ in range(729):
        day += timedelta(days=1)
        following = day_span(day)
        assert following.open_time == span.close_time
        span = following
    assert span.close_time == LAST


@given(INSTANTS)
def test_every_instant_lies_in_its_new_york_day(now):
    assert day_span(day_of(now)).contains(now)
    assert day_of(now) == as_datetime(now, NEW_YORK).date()


@given(INSTANTS)
def test_the_weekly_rest_is_thursday_three_to_five_by_new_yorks_clock(now):
    wall = as_datetime(now, NEW_YORK)
    assert (rest_at(now) is not None) == (wall.weekday() == 3 and 3 <= wall.hour < 5)
    assert next_rest(now).close_time > now
