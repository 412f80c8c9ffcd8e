"""Quarter hours, days and the weekly rest, on ordinary days and on the two odd ones."""

from datetime import date

import pytest

from kalshi_assistant.domain.time import HOUR, MINUTE, NEW_YORK, SECOND, as_datetime, parse_iso
from kalshi_assistant.market.calendar import (
    Window,
    day_of,
    day_span,
    name_repeats,
    next_rest,
    rest_at,
    window_after,
    window_at,
    windows_until,
)


def window(open_, close):
    return Window(parse_iso(open_), parse_iso(close))


NOON = window("2026-11-21T17:00:00Z", "2026-11-21T17:15:00Z")


def test_a_window_holds_its_open_and_not_its_close():
    assert window_at(NOON.open_time) == NOON
    assert window_at(NOON.close_time - 1) == NOON
    assert window_at(NOON.close_time) == window_after(NOON)
    assert NOON.contains(NOON.open_time)
    assert not NOON.contains(NOON.close_time)


def test_what_is_left_of_a_window_never_falls_below_zero():
    assert NOON.left(NOON.close_time - 90 * SECOND) == 90 * SECOND
    assert NOON.left(NOON.close_time) == 0
    assert NOON.left(NOON.close_time + HOUR) == 0


def test_windows_that_touch_share_nothing():
    assert not NOON.overlaps(window_after(NOON))
    assert NOON.overlaps(Window(NOON.close_time - 1, NOON.close_time + 1))


def test_the_windows_ahead_begin_with_the_open_one_and_end_before_the_instant():
    now = NOON.open_time + 10 * MINUTE
    after = window_after(NOON)
    assert list(windows_until(now, now)) == [NOON]
    assert list(windows_until(now, NOON.close_time)) == [NOON]
    assert list(windows_until(now, NOON.close_time + 1)) == [NOON, after]


def wall(instant):
    return as_datetime(instant, NEW_YORK).strftime("%m-%d %H:%M")


@pytest.mark.parametrize(
    ("day", "hours"),
    [
        (date(2026, 3, 8), 23),
        (date(2026, 11, 1), 25),
        (date(2027, 3, 14), 23),
        (date(2027, 11, 7), 25),
        (date(2026, 11, 21), 24),
    ],
)
def test_a_new_york_day_has_as_many_hours_as_it_has(day, hours):
    span = day_span(day)
    assert span.close_time - span.open_time == hours * HOUR
    assert (day_of(span.open_time), day_of(span.close_time - 1)) == (day, day)
    assert day_of(span.open_time - 1) < day < day_of(span.close_time)
    assert len(list(windows_until(span.open_time, span.close_time))) == 4 * hours


def test_in_the_autumn_hour_names_repeat_and_windows_do_not():
    span = day_span(date(2026, 11, 1))
    closes = [w.close_time for w in windows_until(span.open_time, span.close_time)]
    assert len(set(closes)) == len(closes) == 100
    names = [wall(close) for close in closes]
    twice = sorted({name for name in names if names.count(name) == 2})
    assert twice == ["11-01 01:00", "11-01 01:15", "11-01 01:30", "11-01 01:45"]
    assert [wall(each) for each in closes if name_repeats(each)] == twice * 2


@pytest.mark.parametrize("day", [date(2026, 11, 2), date(2027, 3, 14), date(2026, 10, 31)])
def test_on_every_other_day_no_name_repeats(day):
    span = day_span(day)
    closes = [w.close_time for w in windows_until(span.open_time, span.close_time)]
    assert not any(name_repeats(close) for close in closes)


def test_in_the_spring_hour_names_are_missing_and_windows_are_not():
    span = day_span(date(2027, 3, 14))
    names = [wall(w.open_time) for w in windows_until(span.open_time, span.close_time)]
    assert "03-14 01:45" in names
    assert not any(name.startswith("03-14 02:") for name in names)
    assert names.index("03-14 03:00") == names.index("03-14 01:45") + 1


def test_the_venue_rests_on_thursday_from_three_to_five_in_new_york():
    summer = window("2026-09-24T07:00:00Z", "2026-09-24T09:00:00Z")
    winter = window("2026-11-26T08:00:00Z", "2026-11-26T10:00:00Z")
    for rest in (summer, winter):
        assert rest_at(rest.open_time) == rest_at(rest.close_time - 1) == rest
        assert rest_at(rest.open_time - 1) is rest_at(rest.close_time) is None
        assert next_rest(rest.open_time - 1) == rest


def test_the_next_rest_is_a_week_later_once_one_is_over():
    over = window("2026-11-26T08:00:00Z", "2026-11-26T10:00:00Z")
    assert next_rest(over.close_time) == window("2026-12-03T08:00:00Z", "2026-12-03T10:00:00Z")


def test_a_week_with_a_change_of_the_clock_is_an_hour_longer_or_shorter():
    before = next_rest(parse_iso("2026-10-29T00:00:00Z"))
    assert next_rest(before.close_time).open_time - before.open_time == 7 * 24 * HOUR + HOUR
