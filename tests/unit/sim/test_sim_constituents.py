"""The constituents' books: sound at every instant, repeatable, near the hidden price; and the index
made of them.
"""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kalshi_assistant.domain.ranges import RangeError
from kalshi_assistant.domain.time import MINUTE, SECOND
from kalshi_assistant.sim.constituents import (
    PROFILES,
    VENUES,
    Constituents,
    ConstituentSettings,
    SpotMove,
)
from kalshi_assistant.sim.index_path import STEP, IndexPath
from kalshi_assistant.sim.index_twin import ASK, BID, BITCOIN, index_of
from tests.support.index_answers import from_replica, from_twin

START = 1_795_280_400 * SECOND
DOLLAR = 10_000


def world(seed=1, *, dollars=90_000.0, sigma_bp=0.57, **chosen):
    path = IndexPath(seed, START, dollars, sigma_bp)
    return path, Constituents(seed, path, START, ConstituentSettings(**chosen))


def books(live):
    return [(live.levels(venue, BID), live.levels(venue, ASK)) for venue in VENUES]


def apply(held, moves):
    """Follow ``moves`` in ``held``, by venue and side: price and size."""
    for venue, _, changes in moves:
        for side, price, size in changes:
            if size:
                held[venue, side][price] = size
            else:
                del held[venue, side][price]


def held(live):
    return {(venue, side): dict(live.levels(venue, side)) for venue in VENUES for side in (0, 1)}


def assert_sound(live):
    for venue in VENUES:
        bids, asks = live.levels(venue, BID), live.levels(venue, ASK)
        assert bids
        assert asks
        assert bids[0][0] < asks[0][0]
        assert all(one[0] > other[0] for one, other in pairwise(bids))
        assert all(one[0] < other[0] for one, other in pairwise(asks))
        for price, size in bids + asks:
            assert price > 0
            assert price % PROFILES[venue].tick == 0
            assert size > 0


# --- the books ---


@settings(max_examples=12, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    dollars=st.sampled_from([1_000.0, 16_000.0, 91_250.0, 1_000_000.0]),
    sigma_bp=st.sampled_from([0.05, 0.57, 5.0, 50.0]),
    activity=st.sampled_from([0.0, 1.0, 20.0]),
    basis_bp=st.sampled_from([0.0, 0.2, 5.0]),
)
def test_no_book_is_ever_crossed_or_one_sided_and_prices_are_on_the_tick(
    seed, dollars, sigma_bp, activity, basis_bp
):
    _, live = world(seed, dollars=dollars, sigma_bp=sigma_bp, activity=activity, basis_bp=basis_bp)
    assert_sound(live)
    for step in range(1, 41):
        live.advance(START + step * STEP)
        assert_sound(live)
        assert live.index() == index_of(books(live))


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(0, 3 * SECOND), min_size=1, max_size=12), st.integers(0, 100))
def test_what_changes_does_not_depend_on_how_time_is_cut(cuts, seed):
    _, at_once = world(seed)
    _, bit_by_bit = world(seed)
    moves, now = [], START
    for cut in cuts:
        now += cut
        moves += bit_by_bit.advance(now)
        bit_by_bit.index()
    assert at_once.advance(now) == moves
    assert books(at_once) == books(bit_by_bit)
    assert at_once.index() == bit_by_bit.index()


def test_the_moves_lead_from_the_first_books_to_the_last():
    _, live = world(7, sigma_bp=2.0)
    followed = held(live)
    for second in range(1, 61):
        apply(followed, live.advance(START + second * SECOND))
        assert followed == held(live)


def test_moves_are_in_order_on_the_grid_and_never_say_a_price_twice():
    _, live = world(3)
    moves = live.advance(START + MINUTE)
    stamps = [(move.at, VENUES.index(move.venue)) for move in moves]
    assert stamps == sorted(set(stamps))
    assert {at % STEP for at, _ in stamps} == {0}
    assert (stamps[0][0], stamps[-1][0]) == (START + STEP, START + MINUTE)
    for move in moves:
        assert isinstance(move, SpotMove)
        assert len({change[:2] for change in move.changes}) == len(move.changes) > 0


def test_followed_change_by_change_no_book_is_crossed_on_the_way():
    """What vanishes comes first, for wires that carry one change at a time."""
    _, live = world(5, sigma_bp=2.0)
    followed = held(live)
    for venue, at, changes in live.advance(START + MINUTE):
        for change in changes:
            apply(followed, [SpotMove(venue, at, (change,))])
            bids, asks = followed[venue, BID], followed[venue, ASK]
            assert max(bids, default=0) < min(asks, default=10**12)


def test_an_earlier_instant_does_nothing():
    _, live = world()
    live.advance(START + SECOND)
    before = books(live)
    assert live.advance(START) == []
    assert live.advance(START + SECOND + STEP - 1) == []
    assert (books(live), live.now()) == (before, START + SECOND)


def test_a_start_between_two_instants_is_the_earlier():
    path = IndexPath(1, START, 90_000.0, 0.57)
    late = Constituents(1, path, START + STEP - 1)
    assert late.now() == START
    assert books(late) == books(Constituents(1, path, START))


def test_another_seed_gives_other_books():
    assert books(world(1)[1]) != books(world(2)[1])


def test_a_venue_has_chance_of_its_own(monkeypatch):
    _, usual = world(4)
    usual.advance(START + 10 * SECOND)
    busy = PROFILES["kraken"]._replace(zones=(20, 20, 20), touch_btc=2.0)
    monkeypatch.setitem(PROFILES, "kraken", busy)
    _, other = world(4)
    other.advance(START + 10 * SECOND)
    same = [v for v in VENUES if usual.levels(v, BID) == other.levels(v, BID)]
    assert same == [venue for venue in VENUES if venue != "kraken"]


# --- what they are like ---


def test_books_are_as_deep_as_their_feeds_need():
    _, live = world(2)
    live.advance(START + 5 * MINUTE)
    for venue, (bids, asks) in zip(VENUES, books(live), strict=True):
        mid = (bids[0][0] + asks[0][0]) / 2
        reach = min(mid - bids[-1][0], asks[-1][0] - mid) / mid
        fewest = min(len(bids), len(asks))
        assert max(len(bids), len(asks)) <= 140
        if venue in ("coinbase", "kraken", "bitstamp", "gemini", "paxos"):
            assert reach > 0.006
            assert fewest >= 60
        assert (asks[0][0] - bids[0][0]) / mid < 0.0002
    assert 60 < len(live.levels("cryptocom", BID)) < 100
    assert len(live.levels("bullish", ASK)) > 110
    assert 25 <= len(live.levels("lmax", BID)) <= 40


def test_depth_grows_with_distance_and_the_cap_binds():
    _, live = world(2, large=0.01)
    live.advance(START + MINUTE)
    near, far, sizes = 0, 0, []
    for bids, _ in books(live):
        best = bids[0][0]
        near += sum(size for price, size in bids if best - price <= 20 * DOLLAR)
        far += sum(size for price, size in bids if 280 * DOLLAR < best - price <= 300 * DOLLAR)
        sizes += [size for _, size in bids]
    found = live._merged.index()
    assert far > near > 0
    assert any(size > found.cap for size in sizes)
    assert 100 < found.depth < 1_000
    assert found.cap > 2 * BITCOIN


def test_a_step_changes_few_levels_and_more_when_more_is_going_on():
    def per_step(**chosen):
        counts = []
        for seed in range(3):
            _, live = world(seed, **chosen)
            moves = live.advance(START + 2 * MINUTE)
            counts.append(sum(len(move.changes) for move in moves) / (2 * MINUTE / STEP))
        return np.mean(counts)

    usual = per_step()
    assert 20 < usual < 60
    assert per_step(activity=3.0) == pytest.approx(usual + 2 * len(VENUES), rel=0.1)
    assert per_step(sigma_bp=1.5) > 1.5 * usual


class Still:
    """A hidden price that does not move."""

    def value(self, at):
        return 9_000_000


def test_books_that_nothing_disturbs_do_not_change():
    chosen = ConstituentSettings(activity=0.0, basis_bp=0.0)
    assert Constituents(1, Still(), START, chosen).advance(START + MINUTE) == []
    chosen = ConstituentSettings(activity=0.5, basis_bp=0.0)
    moves = Constituents(1, Still(), START, chosen).advance(START + MINUTE)
    assert 0.4 < len(moves) / (MINUTE // STEP * len(VENUES)) < 0.6


def test_deeper_and_larger_are_as_the_settings_say():
    def depth(**chosen):
        return sum(size for bids, _ in books(world(1, **chosen)[1]) for _, size in bids)

    assert depth(depth=3.0) == pytest.approx(3 * depth(), rel=1e-6)
    assert depth(large=0.1) > 1.3 * depth(large=0.0)


@pytest.mark.parametrize("wrong", [{"depth": 0.0}, {"basis_bp": -1}, {"large": 1.0}])
def test_settings_out_of_range_are_refused(wrong):
    with pytest.raises(RangeError):
        ConstituentSettings(**wrong)


# --- near the hidden price ---


def test_every_venue_has_a_small_opinion_of_its_own():
    path, live = world(6)
    off = {venue: [] for venue in VENUES}
    for second in range(1, 601):
        now = START + second * SECOND
        live.advance(now)
        for venue in VENUES:
            mid = (live.levels(venue, BID)[0][0] + live.levels(venue, ASK)[0][0]) / 2
            off[venue].append(mid / DOLLAR - path.value(now) / 100)
    spreads = [np.std(each) for each in off.values()]
    assert all(0.5 < each < 6.0 for each in spreads)
    assert all(abs(np.mean(each)) < 9.0 for each in off.values())
    together = np.corrcoef(list(off.values()))[np.triu_indices(len(VENUES), 1)]
    assert together.max() < 0.9


def test_the_index_follows_the_hidden_price_without_much_noise():
    apart, ratios = [], []
    for seed in range(3):
        path, live = world(seed)
        made, hidden = [], []
        for second in range(1, 241):
            live.advance(START + second * SECOND)
            made.append(live.index() / 100)
            hidden.append(path.value(START + second * SECOND) / 100)
        apart += [one - other for one, other in zip(made, hidden, strict=True)]
        ratios.append(np.diff(made).std() / np.diff(hidden).std())
        assert np.corrcoef(np.diff(made), np.diff(hidden))[0, 1] > 0.8
    assert np.sqrt(np.mean(np.square(apart))) < 8.0
    assert all(0.8 < ratio < 1.25 for ratio in ratios)


@pytest.mark.parametrize(("seed", "dollars"), [(1, 91_250.0), (2, 91_250.0), (3, 1_000.0)])
def test_the_index_of_these_books_is_the_twins_and_the_replicas(seed, dollars):
    """At 1,000 dollars some levels are too far away for the cap."""
    _, live = world(seed, dollars=dollars)
    for step in range(4):
        live.advance(START + step * 20 * SECOND)
        cents, depth, cap = from_twin(books(live))
        found, replica = live._merged.index(), from_replica(books(live))
        assert (live.index(), found.depth, found.cap) == (cents, depth, cap)
        assert (replica.value, replica.depth_btc) == (cents, depth)
