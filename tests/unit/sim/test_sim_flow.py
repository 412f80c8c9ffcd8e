"""The traders of one market: on the grid, never crossed, around the fair value."""

import csv
import gzip
import statistics

import pytest

from kalshi_assistant.domain.contract import PriceRange
from kalshi_assistant.domain.orders import ASK, BID
from kalshi_assistant.domain.time import SECOND
from kalshi_assistant.quant.rng import stream
from kalshi_assistant.sim.draws import Draws
from kalshi_assistant.sim.fair import MEMORY
from kalshi_assistant.sim.flow import MAKERS, TAKERS, Flow, grid_of
from kalshi_assistant.sim.index_path import STEP
from kalshi_assistant.sim.matching import Matcher
from kalshi_assistant.sim.timetable import TAPERED
from tests.support.recordings import data


class Pit:
    """A matcher and its traders, in a market whose fair value stands still."""

    def __init__(self, fair, seed=1, ranges=TAPERED, activity=1.0):
        self.fair = fair
        self.matcher = Matcher()
        self.flow = Flow(seed, "pit", self.matcher, ranges, activity)
        self.flow.open(self.known)

    def known(self, lag):
        return self.fair

    def live(self, turns):
        for _ in range(turns):
            self.flow.turn(self.known)
            yield self.matcher

    def levels(self):
        return [list(self.matcher.levels(side)) for side in (BID, ASK)]


def test_the_grid_is_fine_at_both_ends_and_coarse_between():
    grid = grid_of(TAPERED)
    assert grid[:3] == [10, 20, 30]
    assert grid[98:103] == [990, 1_000, 1_100, 1_200, 1_300]
    assert grid[-1] == 9_990
    assert len(grid) == 99 + 1 + 79 + 1 + 99


@pytest.mark.parametrize("fair", [0.003, 0.08, 0.5, 0.93, 0.9995])
def test_everybody_keeps_to_the_grid_and_the_book_never_crosses(fair):
    pit, grid = Pit(fair), set(grid_of(TAPERED))
    for matcher in pit.live(400):
        assert matcher.best_bid < matcher.best_ask
    assert all(price in grid for side in pit.levels() for price, _ in side)


def test_another_grid_is_kept_to_as_well():
    cents = (PriceRange(0, 10_000, 100),)
    pit = Pit(0.4, ranges=cents)
    for _ in pit.live(300):
        pass
    assert all(price % 100 == 0 for side in pit.levels() for price, _ in side)


@pytest.mark.parametrize("fair", [0.12, 0.5, 0.88])
def test_the_price_stays_near_the_fair_value(fair):
    pit = Pit(fair)
    middles = [(each.best_bid + each.best_ask) / 20_000 for each in pit.live(2_000)]
    assert sum(middles) / len(middles) == pytest.approx(fair, abs=0.01)
    assert max(abs(middle - fair) for middle in middles) < 0.05


def test_the_price_follows_a_jump_of_the_fair_value():
    pit = Pit(0.5)
    list(pit.live(200))
    pit.fair = 0.7
    list(pit.live(200))
    assert 6_500 < pit.matcher.best_bid < pit.matcher.best_ask < 7_500
    assert pit.matcher.trades


def test_the_book_is_deep_on_both_sides():
    pit = Pit(0.5)
    list(pit.live(500))
    for side in pit.levels():
        assert len(side) > 60
        assert sum(content for _, content in side) > 1_000_000


def test_makers_know_their_quotes_and_nothing_else_rests():
    pit = Pit(0.6)
    list(pit.live(1_500))
    for maker in pit.flow._makers:
        quoted = {order_id for side in maker.quotes for order_id in side.values()}
        assert quoted == set(pit.matcher.orders_of(maker.owner))
    assert pit.matcher.orders_of(TAKERS) == []


def test_some_sizes_are_fractions_of_a_contract_and_most_are_not():
    pit = Pit(0.5)
    list(pit.live(3_000))
    quantities = [trade[-1] for trade in pit.matcher.trades]
    fractions = sum(quantity % 100 != 0 for quantity in quantities) / len(quantities)
    assert 0.02 < fractions < 0.6
    assert min(quantities) >= 1


def test_takers_buy_and_sell():
    pit = Pit(0.5)
    list(pit.live(2_000))
    sides = {trade[4] for trade in pit.matcher.trades if trade[3] == TAKERS}
    assert sides == {BID, ASK}


def test_the_same_seed_trades_the_same_way_and_another_does_not():
    def story(seed):
        pit = Pit(0.5, seed)
        list(pit.live(300))
        return pit.matcher.changes, pit.matcher.trades, [pit.flow.pause() for _ in range(50)]

    assert story(3) == story(3)
    assert story(3) != story(4)


@pytest.mark.parametrize("activity", [0.5, 1.0, 2.0])
def test_activity_sets_how_often_somebody_acts(activity):
    pit = Pit(0.5, activity=activity)
    pauses = [pit.flow.pause() for _ in range(40_000)]
    per_second = len(pauses) / sum(pauses) * SECOND
    assert per_second == pytest.approx(activity * 23, rel=0.25)


def test_draws_never_run_out():
    draws = Draws(stream(1, "draws"))
    uniforms = [draws.uniform() for _ in range(5_000)]
    assert all(0 <= each < 1 for each in uniforms)
    assert sum(uniforms) / len(uniforms) == pytest.approx(0.5, abs=0.02)
    normals = [draws.normal() for _ in range(5_000)]
    assert sum(normals) / len(normals) == pytest.approx(0, abs=0.05)


def test_the_slowest_maker_is_remembered_for_long_enough():
    assert max(maker.lag for maker in MAKERS) < (MEMORY - 1) * STEP


@pytest.mark.recordings
def test_trades_are_as_many_and_as_large_as_in_the_recordings():
    with gzip.open(data("trades_2026-04.csv.gz"), "rt") as file:
        recorded = [float(row["count"]) for row in csv.DictReader(file)]
    markets, window = 100, 900
    pit, seconds = Pit(0.5), 0.0
    while seconds < 2 * window:
        seconds += pit.flow.pause() / SECOND
        pit.flow.turn(pit.known)
    ours = [trade[-1] / 100 for trade in pit.matcher.trades]
    assert len(ours) / seconds == pytest.approx(len(recorded) / markets / window, rel=0.5)
    assert statistics.median(ours) == pytest.approx(statistics.median(recorded), rel=0.5)
    assert statistics.mean(ours) == pytest.approx(statistics.mean(recorded), rel=0.6)
