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


@pytest.mark.recordings
def test_every_settled_market_follows_the_rule_and_chains_to_the_next():
    with gzip.open(data("settled.csv.gz"), "rt") as file:
        rows = list(csv.DictReader(file))
    checked = chained = 0
    before = None
    for row in sorted(rows, key=lambda row: row["close_time"]):
        if row["floor_strike"] and row["expiration_value"] and row["result"]:
            strike, value = parse_index(row["floor_strike"]), parse_index(row["expiration_value"])
            assert outcome(value, strike) == row["result"], row
            checked += 1
        follows = before is not None and parse_iso(before["close_time"]) == parse_iso(
            row["open_time"]
        )
        if follows and before["expiration_value"] and row["floor_strike"]:
            assert parse_index(before["expiration_value"]) == parse_index(row["floor_strike"]), row
            chained += 1
        before = row
    assert checked > 1_900
    assert chained > 1_900
