"""Which venues make the replica, what it answers, and what is learnt of its error."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_assistant.domain.ranges import RangeError
from kalshi_assistant.domain.time import SECOND
from kalshi_assistant.market.replica import (
    Levels,
    Replica,
    ReplicaError,
    VenueBook,
)
from kalshi_assistant.market.replica_settings import ReplicaSettings
from tests.support.replica_twin import TwinFlags, decayed_moments

AT = 1_795_280_500 * SECOND
TICKS, BITCOIN = 10_000, 100_000_000


def ints(numbers):
    return np.array(list(numbers), dtype=np.int64)


def levels(bids, asks):
    """Sides of (dollars, bitcoin), best first."""
    sides = []
    for side in (bids, asks):
        sides.append(ints(round(price * TICKS) for price, _ in side))
        sides.append(ints(round(size * BITCOIN) for _, size in side))
    return Levels(*sides)


def around(mid, half_spread=1.0, reach=500.0, size=5.0):
    """Two levels a side: at ``half_spread`` and at ``reach`` dollars from ``mid``."""
    return levels(
        [(mid - half_spread, size), (mid - reach, size)],
        [(mid + half_spread, size), (mid + reach, size)],
    )


def venue(name, mid=84_000.0, *, book=None, retrieved_at=AT, believed=True):
    return VenueBook(name, around(mid) if book is None else book, retrieved_at, believed)


def replica(**settings):
    return Replica(ReplicaSettings(**settings))


def test_the_published_book_in_two_venues_gives_the_published_value():
    bids = [(84000, 1), (83998, 2), (83990, 2), (83950, 3), (83700, 4), (83400, 10)]
    asks = [(84001, 2), (84005, 1), (84010, 3), (84100, 2), (84300, 4), (84500, 10)]
    books = [
        venue("one", book=levels(bids[::2], asks[::2])),
        venue("two", book=levels(bids[1::2], asks[1::2])),
    ]
    value = replica().calculate(AT, books)
    assert value.value == 8_400_108
    assert f"{value.exact:.8f}" == "84001.07982338"
    assert (value.at, value.failure, value.used, value.left_out) == (AT, None, ("one", "two"), ())
    assert value.depth_btc == 12.0
    assert value.cap_btc == pytest.approx(19.23664555)


# --- who is left out, and why ---


def test_a_venue_is_left_out_for_the_first_reason_that_holds():
    good = around(84_000)
    none = levels([], [])
    books = [
        venue("fine"),
        VenueBook("no_book", None, AT, True),
        venue("doubted", believed=False, retrieved_at=AT - 60 * SECOND),
        venue("never_heard", retrieved_at=None),
        venue("late", retrieved_at=AT - 10 * SECOND - 1, book=none),
        venue("just_in_time", retrieved_at=AT - 10 * SECOND),
        venue("ahead_of_us", retrieved_at=AT + SECOND),
        venue("no_bids", book=good._replace(bid_prices=ints([]), bid_sizes=ints([]))),
        venue("no_asks", book=good._replace(ask_prices=ints([]), ask_sizes=ints([]))),
        venue("empty", book=none),
        venue("locked", book=levels([(84_000, 1)], [(84_000, 1)])),
        venue("crossed", book=levels([(84_001, 1)], [(84_000, 1)])),
        venue("far", 90_000),
    ]
    value = replica().calculate(AT, books)
    assert value.used == ("fine", "just_in_time", "ahead_of_us")
    assert value.left_out == (
        ("no_book", "unknown"),
        ("doubted", "unknown"),
        ("never_heard", "unknown"),
        ("late", "delayed"),
        ("no_bids", "erroneous"),
        ("no_asks", "erroneous"),
        ("empty", "erroneous"),
        ("locked", "erroneous"),
        ("crossed", "erroneous"),
        ("far", "potentially_erroneous"),
    )
    assert value.value == 8_400_000


def test_a_venue_far_out_comes_back_only_when_well_inside():
    ours, states = replica(), []
    # exactly 5 % is not above it, exactly 2.5 % not below; the median stays at 84,000
    for off in (0.0, 0.05, 0.0500001, 0.04, 0.025, 0.0249999, 0.05, -0.06, -0.025, -0.0249):
        books = [venue("a"), venue("b"), venue("c", 84_000 * (1 + off))]
        states.append("c" in ours.calculate(AT, books).used)
    assert states == [True, True, False, False, False, True, True, False, False, True]


def test_the_mark_outlives_a_time_out_for_another_reason():
    ours = replica()
    far, near = venue("c", 90_000), venue("c", 87_000)
    others = [venue("a"), venue("b")]
    ours.calculate(AT, [*others, far])
    gone = ours.calculate(AT, [*others, near._replace(believed=False)])
    assert gone.left_out == (("c", "unknown"),)
    back = ours.calculate(AT, [*others, near])
    assert back.left_out == (("c", "potentially_erroneous"),)
    assert ours.flagged == {"c"}
    assert replica().calculate(AT, [*others, near]).used == ("a", "b", "c")


def test_an_even_number_of_mids_has_its_median_between_the_middle_two():
    # between 84,000 and 92,000 it is 88,000: both are 4.5 % off
    assert len(replica().calculate(AT, [venue("a"), venue("b", 92_000)]).used) == 2
    # between 84,000 and 93,000 it is 88,500: both are 5.08 % off, and nothing is left
    value = replica().calculate(AT, [venue("a"), venue("b", 93_000)])
    assert (value.used, value.value, value.failure) == ((), None, "no_usable_book")
    four = [venue("a", 80_000), venue("b", 84_000), venue("c", 84_200), venue("d", 88_400)]
    # 84,100: a is 4.9 % below, d 5.1 % above
    assert replica().calculate(AT, four).left_out == (("d", "potentially_erroneous"),)


def test_a_flagged_venue_still_counts_in_the_median():
    ours = replica()
    ours.calculate(AT, [venue("a"), venue("b"), venue("c", 90_000)])
    # the median of 84,000, 88,000 and 89,000 is 88,000; without c it would be 86,000
    value = ours.calculate(AT, [venue("a"), venue("b", 88_000), venue("c", 89_000)])
    assert value.used == ("a", "b", "c")


MIDS = st.lists(
    st.dictionaries(st.sampled_from("abcde"), st.integers(160, 200), min_size=1), max_size=12
)


@given(MIDS)
def test_the_marks_of_any_history_equal_the_twin(history):
    ours, twin = replica(), TwinFlags()
    for mids in history:
        twin.see({name: Fraction(mid * 500) for name, mid in mids.items()})
        value = ours.calculate(AT, [venue(name, mid * 500.0) for name, mid in mids.items()])
        assert ours.flagged == twin.flagged
        assert set(value.used) == set(mids) - twin.flagged


def test_the_same_history_gives_the_same_values():
    history = [
        [venue("a", 84_000 + step), venue("b", 84_000 * (1 + step / 100))] for step in range(12)
    ]
    one, other = replica(), replica()
    assert [one.calculate(AT, each) for each in history] == [
        other.calculate(AT, each) for each in history
    ]


# --- what it answers ---


def test_without_a_venue_there_is_no_value():
    for books in ([], [venue("a", believed=False)]):
        value = replica().calculate(AT, books)
        assert (value.value, value.exact, value.failure) == (None, None, "no_usable_book")
        assert (value.depth_btc, value.cap_btc) == (0.0, 0.0)


def test_books_of_less_than_one_spacing_have_no_mid():
    tiny = around(84_000, size=0.2)
    value = replica().calculate(AT, [venue("a", book=tiny)])
    assert (value.value, value.failure, value.used) == (None, "no_mid", ("a",))
    assert value.depth_btc == 0.0
    assert value.cap_btc == pytest.approx(0.2)
    assert replica(spacing_btc=0.1).calculate(AT, [venue("a", book=tiny)]).value == 8_400_000


def test_half_a_cent_is_rounded_up():
    book = levels([(84_000.00, 3)], [(84_000.01, 3)])
    value = replica().calculate(AT, [venue("a", book=book)])
    assert (value.value, value.exact) == (8_400_001, 84_000.005)


def test_coverage_is_what_the_shallower_side_reaches_of_the_deviation():
    books = [
        venue("full", book=around(84_000, reach=2_000)),
        venue("half", book=levels([(83_999, 1), (83_790, 1)], [(84_001, 1), (90_000, 1)])),
        venue("one_level", book=levels([(83_999, 1)], [(84_001, 1)])),
    ]
    coverage = dict(replica().calculate(AT, books).coverage)
    assert coverage == {
        "full": 1.0,
        "half": pytest.approx(0.5),
        "one_level": pytest.approx(1 / 420),
    }


def test_every_open_point_of_the_method_is_a_setting():
    books = [
        venue("a", book=levels([(84_010, 4)], [(84_030, 4)])),
        venue("b", book=levels([(83_970, 4)], [(84_000, 2), (84_020, 9)])),
    ]
    crossed = replica().calculate(AT, books)
    offset = replica(uncross=True).calculate(AT, books)
    assert (crossed.depth_btc, offset.depth_btc) == (8.0, 6.0)
    same_price = [venue("a"), venue("b")]
    apart = replica(cap_multiple=0.0).calculate(AT, same_price)
    summed = replica(cap_multiple=0.0, cap_before_merge=False).calculate(AT, same_price)
    assert (apart.cap_btc, summed.cap_btc) == (5.0, 10.0)


def test_readmission_lies_within_the_limit():
    with pytest.raises(RangeError, match="readmit_below"):
        ReplicaSettings(erroneous_above=0.02)
    with pytest.raises(RangeError, match="spacing_btc"):
        ReplicaSettings(spacing_btc=0.0)


# --- its error ---


def test_the_error_is_not_known_before_enough_prints():
    error = ReplicaError(ReplicaSettings(error_warm_prints=3))
    for second in range(2):
        assert error.observe(AT + second * SECOND, 8_400_100, 8_400_000)
        assert (error.warm, error.sd_bp(8_400_000), error.correct(8_400_000)) == (
            False,
            None,
            8_400_000,
        )
    error.observe(AT + 2 * SECOND, 8_400_100, 8_400_000)
    assert (error.warm, error.count) == (True, 3)
    assert (error.correct(8_400_000), error.sd_bp(8_400_000)) == (8_400_100, 0.0)


def test_a_print_that_comes_twice_is_learnt_once():
    error = ReplicaError(ReplicaSettings())
    assert error.observe(AT, 8_400_100, 8_400_000)
    assert not error.observe(AT, 8_400_900, 8_400_000)
    assert not error.observe(AT - SECOND, 8_400_900, 8_400_000)
    assert (error.count, error.mean_cents) == (1, 100.0)


def test_half_a_cent_of_correction_rounds_up():
    error = ReplicaError(ReplicaSettings(error_warm_prints=2, error_half_life_seconds=86_400))
    error.observe(AT, 101, 100)
    error.observe(AT + 1, 100, 100)  # a nanosecond later: the same weight but for 1e-14
    assert error.mean_cents == pytest.approx(0.5)
    below = ReplicaError(ReplicaSettings(error_warm_prints=2))
    below.observe(AT, 98, 100)
    below.observe(AT + SECOND, 98, 100)
    assert below.correct(100) == 98


@given(
    st.lists(
        st.tuples(st.integers(1, 2_000_000_000), st.integers(-3_000, 3_000)),
        min_size=2,
        max_size=60,
    ),
    st.sampled_from([1.0, 30.0, 300.0]),
)
def test_mean_and_deviation_are_those_of_weights_that_halve(steps, half_life):
    error = ReplicaError(ReplicaSettings(error_half_life_seconds=half_life, error_warm_prints=2))
    at, stamps, errors = AT, [], []
    for step, off in steps:
        at += step
        error.observe(at, 8_400_000 + off, 8_400_000)
        stamps.append((at - AT) / SECOND)
        errors.append(off)
    mean, sd = decayed_moments(stamps, errors, half_life)
    weights = 0.5 ** ((stamps[-1] - np.array(stamps)) / half_life)
    assert error.mean_cents == pytest.approx(np.average(errors, weights=weights), abs=1e-6)
    assert error.mean_cents == pytest.approx(mean, abs=1e-6)
    assert error.sd_cents == pytest.approx(sd, rel=1e-6, abs=1e-3)
    assert error.sd_bp(8_400_000) == pytest.approx(error.sd_cents / 840)
    assert error.correct(8_400_000) == 8_400_000 + math.floor(error.mean_cents + 0.5)
