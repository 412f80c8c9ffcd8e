"""The rule of settlement, and the same rule against thousands of settled markets."""

import csv
import gzip
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_assistant.domain.time import SECOND, parse_iso
from kalshi_assistant.domain.units import half_up_mean, parse_index
from kalshi_assistant.market.settlement import (
    HALF_UP_SINCE,
    Mismatch,
    SelfCheck,
    SettlementWindow,
    outcome,
    rounded_mean,
)
from tests.support.recordings import data

CLOSE = 1_795_281_300
PRINT = st.integers(1_000_000, 20_000_000)


def window(prints, close=CLOSE):
    subject = SettlementWindow(close * SECOND)
    for offset, value in enumerate(prints):
        subject.add(close - 60 + offset, value)
    return subject


def test_the_rule_changed_on_the_evening_of_august_21():
    assert parse_iso("2026-08-21T21:45:00Z") == HALF_UP_SINCE


@given(st.lists(PRINT, min_size=60, max_size=60))
def test_the_mean_is_rounded_half_up_as_decimal_does(prints):
    exact = (Decimal(sum(prints)) / 60).quantize(Decimal(1), rounding=ROUND_HALF_UP)
    assert half_up_mean(sum(prints), 60) == int(exact)
    assert window(prints).average_a() == int(exact)


def test_convention_a_ends_a_second_before_the_close_and_b_with_it():
    subject = window([100_000] * 60 + [106_000])
    assert subject.average_a() == 100_000
    assert subject.average_b() == 100_100


def test_a_missing_print_leaves_no_average():
    subject = window([100_000] * 59)
    assert subject.average_a() is None
    assert subject.missing_a == (CLOSE - 1,)
    assert subject.count_a == 59


def test_the_first_value_of_a_second_stays_and_a_second_one_is_told():
    subject = window([100_000] * 60)
    assert subject.add(CLOSE - 60, 100_001) == 100_000
    assert subject.add(CLOSE - 60, 100_000) is None
    assert subject.average_a() == 100_000


def test_prints_outside_the_window_are_not_taken():
    subject = window([100_000] * 60)
    subject.add(CLOSE - 61, 1)
    subject.add(CLOSE + 1, 1)
    assert subject.count_a == 60


def test_the_half_cent_rounds_up_since_the_rule_changed_and_in_binary_before():
    """91,250.295 as a binary float lies below, so it became .29 before the change."""
    total = 9_125_029 * 60 + 30
    assert rounded_mean(total, HALF_UP_SINCE) == 9_125_030
    assert rounded_mean(total, HALF_UP_SINCE - 1) == 9_125_029


@pytest.mark.parametrize(("settled", "result"), [(100, "yes"), (101, "yes"), (99, "no")])
def test_a_tie_is_yes(settled, result):
    assert outcome(settled, 100) == result


def test_one_print_more_or_less_of_each_convention_is_counted_apart():
    subject = window([100_000] * 59)
    subject.add(CLOSE, 100_000)
    assert (subject.known_a.known, subject.known_b.known) == (59, 59)
    assert subject.missing_a == (CLOSE - 1,)


def test_a_settlement_that_agrees_is_scored_and_one_with_holes_is_not_compared():
    check = SelfCheck()
    assert check.settlement(window([100_000] * 60), 100_000) is True
    assert check.settlement(window([100_000] * 59), 100_000) is None
    assert (check.checked, check.matched, check.standing) == (1, 1, None)


def test_a_difference_stands_until_a_later_settlement_agrees():
    check = SelfCheck()
    assert check.settlement(window([100_000] * 60), 100_001) is False
    differs = Mismatch(CLOSE * SECOND, "settlement", 100_000, 100_001)
    assert check.standing == differs
    assert check.next_strike(window([5] * 60), 5) is True
    assert check.settlement(window([5] * 59), 5) is None
    assert check.standing == differs
    assert check.settlement(window([5] * 60), 5) is True
    assert (check.checked, check.matched, check.standing) == (2, 1, None)


def test_the_next_strike_tells_a_difference_seconds_earlier_and_is_not_a_settlement():
    check = SelfCheck()
    assert check.next_strike(window([100_000] * 60), 99_999) is False
    assert check.standing == Mismatch(CLOSE * SECOND, "next_strike", 100_000, 99_999)
    assert check.next_strike(window([100_000] * 3), 99_999) is None
    assert (check.checked, check.matched) == (0, 0)


def test_convention_b_is_information_and_may_differ():
    """A print at the close itself moves B and not A: nothing stops."""
    subject, check = window([100_000] * 60 + [160_000]), SelfCheck()
    assert subject.average_b() != subject.average_a()
    assert check.settlement(subject, 100_000) is True


@pytest.mark.recordings
def test_every_settled_market_follows_the_rule_and_chains_to_the_next():
    """Some markets of the recording lack strike, value or result: all that have them agree."""
    with gzip.open(data("settled.csv.gz"), "rt") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: row["close_time"])
    assert settled_by_the_rule(rows) > 1_900
    assert chained(rows) > 1_900


def settled_by_the_rule(rows):
    """How many rows have strike, value and result; every one of them must follow the rule."""
    whole = [r for r in rows if r["floor_strike"] and r["expiration_value"] and r["result"]]
    for row in whole:
        strike, value = parse_index(row["floor_strike"]), parse_index(row["expiration_value"])
        assert outcome(value, strike) == row["result"], row
    return len(whole)


def chained(rows):
    """How many neighbours have value and strike; every pair must agree."""
    values = {r["close_time"]: r["expiration_value"] for r in rows if r["expiration_value"]}
    pairs = [
        (values[row["open_time"]], row["floor_strike"])
        for row in rows
        if row["floor_strike"] and row["open_time"] in values
    ]
    for value, strike in pairs:
        assert parse_index(value) == parse_index(strike)
    return len(pairs)


@pytest.mark.recordings
def test_the_index_itself_settles_by_convention_a_and_not_by_b():
    """The recorded index is floored to whole dollars, so half a dollar is added and cents are lost:
    A comes within 15 cents of every published value, B does not.
    """
    with gzip.open(data("panels/2026-08-brti/index.csv.gz"), "rt") as file:
        prints = {int(row["ts"]): parse_index(row["value"]) + 50 for row in csv.DictReader(file)}
    with gzip.open(data("panels/2026-08-brti/markets.csv.gz"), "rt") as file:
        rows = [row for row in csv.DictReader(file) if row["expiration_value"]]
    off_a, off_b = [], []
    for row in rows:
        close, value = int(row["close_ts"]), parse_index(row["expiration_value"])
        subject = SettlementWindow(close * SECOND)
        for second in range(close - 60, close + 1):
            if second in prints:
                subject.add(second, prints[second])
        off_a += [abs(average - value) for average in [subject.average_a()] if average]
        off_b += [abs(average - value) for average in [subject.average_b()] if average]
    assert len(off_a) >= 15
    assert max(off_a) <= 15 < max(off_b)
