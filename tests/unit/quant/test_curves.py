"""The published vectors of the index, and the compiled curves against a twin of fractions."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from kalshi_assistant.quant.curves import (
    BITCOIN,
    MILLION,
    NO_BOOK,
    NO_MID,
    VALUE,
    VENUES_MAX,
    Rules,
    index_value,
    limits,
    mid_curve,
    open_side,
    size_cap,
    take,
)
from kalshi_assistant.quant.rng import stream
from tests.support.replica_twin import (
    PLAIN,
    TwinRules,
    cap_of_sizes,
    marginal_price,
    merged,
    near_sizes,
    twin_value,
)

TICKS = 10_000
GOLDEN_ASKS = [(84001, 2), (84005, 1), (84010, 3), (84100, 2), (84300, 4), (84500, 10)]
GOLDEN_BIDS = [(84000, 1), (83998, 2), (83990, 2), (83950, 3), (83700, 4), (83400, 10)]
GOLDEN_MIDS = [
    *(84000.5, 83999.5, 84001.5, 84000, 84000, 83980),
    *(84025, 84025, 84000, 84000, 84000, 84000),
]


def rules_of(twin):
    return Rules(
        spacing=int(twin.spacing * BITCOIN),
        deviation=int(twin.deviation * MILLION),
        lambda_share=float(twin.lambda_share),
        cap_band=int(twin.band * MILLION),
        cap_trim=int(twin.trim * MILLION),
        cap_multiple=float(twin.multiple),
        cap_least=twin.least,
        cap_first=twin.cap_first,
        uncross=twin.uncross,
    )


RULES = rules_of(PLAIN)


def side_arrays(sides):
    """Prices, sizes and starts of one side of every venue, given in dollars and bitcoin."""
    levels = [level for side in sides for level in side]
    starts = np.cumsum([0, *(len(side) for side in sides)])
    return (
        np.array([int(price * TICKS) for price, _ in levels], dtype=np.int64),
        np.array([int(size * BITCOIN) for _, size in levels], dtype=np.int64),
        starts.astype(np.int64),
    )


def ours(books, rules=RULES):
    """The compiled value of ``[(bids, asks), ...]``."""
    return index_value(
        *side_arrays([asks for _, asks in books]), *side_arrays([bids for bids, _ in books]), rules
    )


def in_fractions(levels):
    return [(Fraction(price), Fraction(size)) for price, size in levels]


GOLDEN = [(in_fractions(GOLDEN_BIDS), in_fractions(GOLDEN_ASKS))]


def test_the_published_book_gives_the_published_value():
    curve = ours(GOLDEN)
    assert curve.code == VALUE
    assert f"{curve.value:.8f}" == "84001.07982338"
    assert (curve.cents, curve.depth) == (8_400_108, 12 * BITCOIN)


def test_the_published_book_gives_the_published_mid_curve():
    asks = open_side(1, *side_arrays([GOLDEN_ASKS]))
    bids = open_side(-1, *side_arrays([GOLDEN_BIDS]))
    twice_mids, lasts = np.zeros(12, dtype=np.int64), np.zeros(12, dtype=np.int64)
    runs = mid_curve(asks, bids, 100 * BITCOIN, RULES, twice_mids, lasts)
    counts = np.diff(lasts[:runs], prepend=0)
    assert np.repeat(twice_mids[:runs], counts).tolist() == [mid * 2 * TICKS for mid in GOLDEN_MIDS]


def test_the_twin_agrees_with_the_published_book():
    twin = twin_value(GOLDEN)
    assert f"{twin.value:.8f}" == "84001.07982338"
    assert twin.depth == 12
    asks, bids = GOLDEN[0][1], GOLDEN[0][0]
    wide = (marginal_price(asks, 13) - marginal_price(bids, 13)) / Fraction(
        marginal_price(asks, 13) + marginal_price(bids, 13)
    )
    assert f"{float(wide) * 1e4:.1f}" == "65.5"


def test_the_published_sample_gives_the_published_cap():
    sizes = [Fraction(place % 10 + 1, 10) for place in range(198)] + [Fraction(50), Fraction(80)]
    units = np.array([int(size * BITCOIN) for size in sizes], dtype=np.int64)
    assert f"{size_cap(units, 10_000, 0.0) / BITCOIN:.8f}" == "0.55051020"
    deviation = size_cap(units, 10_000, 1.0) - size_cap(units, 10_000, 0.0)
    assert f"{deviation / BITCOIN:.8f}" == "0.28864569"
    assert f"{size_cap(units, 10_000, 5.0) / BITCOIN:.8f}" == "1.99373863"
    assert f"{float(cap_of_sizes(sizes, PLAIN.trim, PLAIN.multiple)):.8f}" == "1.99373863"


@given(
    st.lists(st.integers(1, 20) | st.integers(1, 10**15), min_size=2, max_size=300),
    st.sampled_from([0, 10_000, 100_000, 400_000]),
)
def test_the_cap_of_any_sizes_equals_the_twin(sizes, trim):
    expected = cap_of_sizes([Fraction(size) for size in sizes], Fraction(trim, MILLION), 5)
    got = size_cap(np.array(sizes, dtype=np.int64), trim, 5.0)
    assert got == pytest.approx(float(expected), rel=1e-12)


@given(st.lists(st.integers(0, 9) | st.integers(0, 10**15), min_size=1, max_size=200), st.data())
def test_the_limits_are_those_of_a_sorted_list(sizes, data):
    cut = data.draw(st.integers(0, (len(sizes) - 1) // 2))
    ordered = sorted(sizes)
    assert limits(np.array(sizes, dtype=np.int64), cut) == (ordered[cut], ordered[-cut - 1])


# --- the merge ---


@given(st.lists(st.lists(st.integers(1, 30), unique=True, max_size=12), min_size=1, max_size=9))
def test_levels_come_in_order_of_price_then_venue(venues):
    for sign in (1, -1):
        sides = [
            [(p, venue + 1) for p in sorted(each)[::sign]] for venue, each in enumerate(venues)
        ]
        prices, sizes, starts = side_arrays(sides)
        side = open_side(sign, prices, sizes, starts)
        slots = []
        while (slot := take(side)) >= 0:
            slots.append(slot)
        got = [(prices[slot] // TICKS, sizes[slot] // BITCOIN) for slot in slots]
        assert got == merged(sides, sign, False)
        assert take(side) == -1


def test_as_many_venues_as_a_key_can_name():
    sides = [[(100 - venue % 7, 1)] for venue in range(VENUES_MAX)]
    prices, _, _ = arrays = side_arrays(sides)
    side = open_side(-1, *arrays)
    taken = [int(take(side)) for _ in range(VENUES_MAX)]
    assert taken == sorted(range(VENUES_MAX), key=lambda venue: -prices[venue])


# --- against the twin ---

SIZES = st.sampled_from([Fraction(1, 2), Fraction(1), Fraction(2), Fraction(9)]) | st.integers(
    1, 40 * BITCOIN
).map(lambda units: Fraction(units, BITCOIN))


@st.composite
def venue_books(draw):
    """A few venues around nearby mids: ties, crossings between venues, one-sided, tiny, empty."""
    books = []
    tick = draw(st.sampled_from([Fraction(1, 100), Fraction(1), Fraction(25)]))
    for _ in range(draw(st.integers(1, 5))):
        mid = 84_000 + draw(st.integers(-3, 3)) * tick
        sides = []
        for sign in (-1, 1):
            steps = draw(st.lists(st.integers(1, 12), unique=True, max_size=10))
            sides.append([(mid + sign * step * tick, draw(SIZES)) for step in sorted(steps)])
        books.append(tuple(sides))
    return books


TWINS = st.builds(
    TwinRules,
    spacing=st.sampled_from([Fraction(1), Fraction(1, 10), Fraction(3), Fraction(7, 3000)]).map(
        lambda spacing: Fraction(int(spacing * BITCOIN), BITCOIN)
    ),
    deviation=st.sampled_from([Fraction(1, 1000), Fraction(5, 1000)]),
    lambda_share=st.sampled_from([Fraction(3, 10), Fraction(1, 100), Fraction(10)]),
    band=st.sampled_from([Fraction(0), Fraction(1, 1000), Fraction(5, 100)]),
    trim=st.sampled_from([Fraction(1, 100), Fraction(2, 10)]),
    multiple=st.sampled_from([Fraction(0), Fraction(1), Fraction(5)]),
    least=st.sampled_from([1, 5, 50]),
    cap_first=st.booleans(),
    uncross=st.booleans(),
)


@settings(max_examples=300, deadline=None)
@given(venue_books(), TWINS)
def test_the_value_of_any_books_equals_the_twin(books, twin_rules):
    total = sum((size for book in books for side in book for _, size in side), Fraction(0))
    assume(total / twin_rules.spacing < 5_000)
    twin, curve = twin_value(books, twin_rules), ours(books, rules_of(twin_rules))
    assert abs(curve.cap - twin.cap * BITCOIN) <= 1  # of a square root
    if abs(curve.cap - twin.cap * BITCOIN) > 0:
        return
    if twin.value is None:
        assert curve.code == (NO_MID if twin.cap else NO_BOOK)
        assert math.isnan(curve.value)
        return
    assert curve.code == VALUE
    assert curve.depth == twin.depth * BITCOIN
    assert curve.value == pytest.approx(twin.value, abs=1e-8)
    assert (
        curve.cents == math.floor(curve.value * 100 + 0.5)
        or abs(curve.value * 100 % 1 - 0.5) < 1e-6
    )


def deep_books(seed, venues, levels):
    """Books with more levels a side than the cap's sample needs, some beyond its band."""
    rng = stream(seed, "curves")
    books = []
    for _ in range(venues):
        sides = []
        for sign in (-1, 1):
            away = np.cumsum(rng.integers(1, 240_000, levels)) + 5_000
            sizes = np.maximum(rng.lognormal(-2.0, 1.8, levels) * BITCOIN, 1.0).astype(np.int64)
            sides.append(
                [
                    (84_000 + sign * Fraction(int(step), TICKS), Fraction(int(size), BITCOIN))
                    for step, size in zip(away, sizes, strict=True)
                ]
            )
        books.append(tuple(sides))
    return books


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("cap_first", [True, False])
def test_the_value_of_deep_books_equals_the_twin(seed, cap_first):
    books = deep_books(seed, 4, 500)
    twin_rules = PLAIN._replace(cap_first=cap_first)
    asks = merged([asks for _, asks in books], 1, not cap_first)
    assert 50 < len(near_sizes(asks, PLAIN.band, PLAIN.least)) < len(asks)
    twin, curve = twin_value(books, twin_rules), ours(books, rules_of(twin_rules))
    assert (curve.depth, curve.cap) == (twin.depth * BITCOIN, twin.cap * BITCOIN)
    assert curve.value == pytest.approx(twin.value, abs=1e-8)


# --- single rules ---


def both_sides(apart, *sizes):
    """One venue, bids and asks mirrored at 84,000, levels ``apart`` dollars apart."""
    return [
        (
            [(84_000 - apart * (place + 1), Fraction(size)) for place, size in enumerate(sizes)],
            [(84_000 + apart * (place + 1), Fraction(size)) for place, size in enumerate(sizes)],
        )
    ]


def test_the_cap_binds_an_order_that_stands_alone():
    sizes = [1] * 120 + [10_000]
    capped = ours(both_sides(1, *sizes))
    free = ours(both_sides(1, *sizes), RULES._replace(cap_trim=0, cap_multiple=100.0))
    # the two big ones are the hundredth that is cut, so the rest say what an order is
    assert capped.cap == BITCOIN
    assert (capped.depth, free.depth) == (121 * BITCOIN, 10_120 * BITCOIN)


def test_the_deviation_itself_still_belongs_to_the_curve():
    # 84,000 * 0.005 = 420
    assert ours(both_sides(420, 3)).depth == 3 * BITCOIN
    assert ours(both_sides(Fraction(4_200_001, TICKS), 3)).depth == BITCOIN


def test_a_book_too_wide_from_the_start_counts_for_one_spacing():
    curve = ours(both_sides(1_000, 5))
    assert (curve.code, curve.depth, curve.cents) == (VALUE, BITCOIN, 8_400_000)


def test_less_than_a_spacing_is_a_failure_and_a_missing_side_another():
    assert ours(both_sides(1, Fraction(99, 100))).code == NO_MID
    assert (
        ours(both_sides(1, Fraction(99, 100)), RULES._replace(spacing=BITCOIN // 2)).code == VALUE
    )
    assert ours([([], in_fractions(GOLDEN_ASKS))]).code == NO_BOOK
    assert ours([(in_fractions(GOLDEN_BIDS), [])]).code == NO_BOOK
    assert ours([([], [])]).code == NO_BOOK


def test_a_side_that_trades_away_entirely_leaves_no_mid():
    crossed = [
        ([(Fraction(84_010), Fraction(5))], [(Fraction(84_020), Fraction(2))]),
        ([(Fraction(83_990), Fraction(1))], [(Fraction(84_000), Fraction(9))]),
    ]
    assert ours(crossed, RULES._replace(uncross=True)).code == VALUE
    all_gone = [
        ([(Fraction(84_010), Fraction(5))], [(Fraction(84_000), Fraction(5))]),
        ([], []),
    ]
    assert ours(all_gone, RULES._replace(uncross=True)).code == NO_MID
    assert ours(all_gone).code == VALUE


@pytest.mark.parametrize(
    ("half_tick", "cents"), [(0, 8_400_000), (50, 8_400_001), (49, 8_400_000), (51, 8_400_001)]
)
def test_half_a_cent_rounds_up_and_a_level_curve_is_exact(half_tick, cents):
    mid = 84_000 + Fraction(half_tick, TICKS)
    bids = [(mid - step, Fraction(1, 3) * step) for step in range(1, 9)]
    asks = [(mid + step, Fraction(1, 3) * step) for step in range(1, 9)]
    curve = ours([(bids, asks)])
    assert curve.cents == cents
    assert curve.value == float(mid)


def test_nothing_given_is_changed():
    arrays = [*side_arrays([GOLDEN_ASKS]), *side_arrays([GOLDEN_BIDS])]
    before = [each.copy() for each in arrays]
    for rules in (RULES, RULES._replace(cap_first=False, uncross=True)):
        index_value(*arrays, rules)
    assert all((old == new).all() for old, new in zip(before, arrays, strict=True))
