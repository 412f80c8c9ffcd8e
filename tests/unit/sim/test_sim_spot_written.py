"""Texts of spot servers mean exactly their numbers, and levels in sight are told exactly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_assistant.domain.time import SECOND, parse_iso
from kalshi_assistant.sim.spot.beat import Beat
from kalshi_assistant.sim.spot.ranked import Ranked
from kalshi_assistant.sim.spot.written import (
    full_size_text,
    iso_micros,
    iso_millis,
    price_text,
    size_text,
)
from kalshi_assistant.venues.spot.decimals import parse_spot_price, parse_spot_size
from kalshi_assistant.venues.spot.wire import PRICE_MAX, SIZE_MAX
from tests.support.spot_lines import NOW, ServedBook


@pytest.mark.parametrize(
    ("price", "decimals", "text"),
    [
        (840_000_100, 2, "84000.01"),
        (840_000_000, 0, "84000"),
        (840_000_000, 1, "84000.0"),
        (839_995_000, 2, "83999.50"),
        (839_995_001, 1, "83999.5001"),
        (1, 0, "0.0001"),
    ],
)
def test_prices_have_the_venues_decimals_or_as_many_as_it_takes(price, decimals, text):
    assert price_text(price, decimals) == text


@pytest.mark.parametrize(
    ("size", "decimals", "text"),
    [
        (35_000_000, 0, "0.35"),
        (0, 0, "0"),
        (0, 2, "0.00"),
        (120_000_000, 2, "1.20"),
        (1, 2, "0.00000001"),
        (500_000_000, 0, "5"),
    ],
)
def test_sizes_have_the_venues_decimals_or_as_many_as_it_takes(size, decimals, text):
    assert size_text(size, decimals) == text


def test_full_sizes_have_eight_decimals():
    assert full_size_text(40_000_000) == "0.40000000"
    assert full_size_text(0) == "0.00000000"


@given(st.integers(1, PRICE_MAX), st.integers(0, SIZE_MAX), st.integers(0, 4))
def test_the_client_reads_the_number_that_was_written(price, size, decimals):
    assert parse_spot_price(price_text(price, decimals)) == price
    assert parse_spot_size(size_text(size, decimals)) == size
    assert parse_spot_size(full_size_text(size)) == size


@given(st.integers(0, 40 * 365 * 86_400 * SECOND))
def test_stamps_are_cut_to_their_digits(after):
    now = NOW + after
    assert parse_iso(iso_micros(now)) == now // 1_000 * 1_000
    assert parse_iso(iso_millis(now)) == now // 1_000_000 * 1_000_000


def test_a_stamp_has_all_its_digits_on_a_whole_second():
    assert iso_millis(NOW) == "2026-09-21T14:13:20.000Z"
    assert iso_micros(NOW + 1_000) == "2026-09-21T14:13:20.000001Z"


def test_a_beat_is_due_once_a_period_and_makes_up_for_nothing():
    beat = Beat(10)
    assert not beat.due(1_000)
    beat.start(100)
    assert [now for now in range(100, 135) if beat.due(now)] == [110, 120, 130]
    assert [now for now in (177, 178, 180, 181, 190) if beat.due(now)] == [177, 180, 190]
    beat.stop()
    assert not beat.due(999)


moves = st.lists(
    st.lists(st.tuples(st.integers(1, 12), st.integers(0, 3)), min_size=1, max_size=6), max_size=12
)


@given(st.integers(0, 1), st.dictionaries(st.integers(1, 12), st.integers(1, 3)), moves)
def test_a_client_that_cuts_for_itself_sees_exactly_the_best(side, start, steps):
    """A client that applies what it is told and drops what lies beyond the depth."""
    depth = 4
    book = ServedBook(*((start, ()) if side == 0 else ((), start)))
    ranked = Ranked(side, book.levels(side), depth)
    client = dict(ranked.seen())
    for step in steps:
        book.move([(side, price, size) for price, size in step])
        for price, size in ranked.move(step):
            client.pop(price, None)
            if size:
                client[price] = size
        client = dict(sorted(client.items(), reverse=side == 0)[:depth])
        assert list(client.items()) == ranked.seen() == book.levels(side)[:depth]


@given(st.integers(0, 1), st.dictionaries(st.integers(1, 12), st.integers(1, 3)))
def test_what_changes_nothing_is_not_told(side, start):
    book = ServedBook(*((start, ()) if side == 0 else ((), start)))
    ranked = Ranked(side, book.levels(side), 4)
    assert ranked.move(book.levels(side)) == []
    assert ranked.move([(99, 0)]) == []


def test_a_level_beyond_the_depth_is_told_when_it_comes_into_sight():
    book = ServedBook(bids=[(price, 1) for price in range(1, 9)])
    ranked = Ranked(0, book.levels(0), 4)
    assert ranked.move([(3, 7)]) == []
    assert ranked.move([(9, 1)]) == [(9, 1)]
    assert ranked.move([(9, 0), (8, 0)]) == [(9, 0), (8, 0), (4, 1), (5, 1)]
    assert ranked.move([(7, 0)]) == [(7, 0), (3, 7)]


def test_what_goes_is_told_if_it_was_in_sight_and_not_otherwise():
    book = ServedBook(bids=[(price, 1) for price in range(1, 9)])
    ranked = Ranked(0, book.levels(0), 4)
    assert ranked.move([(8, 0), (4, 0)]) == [(8, 0), (3, 1)]
    assert ranked.move([(3, 0), (9, 1)]) == [(3, 0), (9, 1)]
