"""A seed is a day, always the same one; days differ, and the special ones come up."""

from collections import Counter

import pytest

from kalshi_assistant.domain.time import MINUTE, SECOND
from kalshi_assistant.market.calendar import QUARTER_HOUR
from kalshi_assistant.sim.exchange import Exchange
from kalshi_assistant.sim.faults import FaultSettings
from kalshi_assistant.sim.scenario import FIRST_DAY, scenario

SEEDS = range(300)


def test_the_same_seed_is_the_same_day():
    assert [scenario(seed) for seed in range(30)] == [scenario(seed) for seed in range(30)]


def test_days_differ():
    assert len({scenario(seed).start for seed in SEEDS}) == len(SEEDS)


def test_every_kind_of_start_comes_up():
    names = Counter(scenario(seed).name for seed in SEEDS)
    assert set(names) == {"plain", "close", "autumn", "spring", "rest", "year"}
    assert names["plain"] > 100
    assert all(scenario(seed).start > FIRST_DAY for seed in SEEDS)


def test_a_start_near_a_close_is_near_a_close():
    for day in map(scenario, SEEDS):
        if day.name == "close":
            since = day.start % QUARTER_HOUR
            assert min(since, QUARTER_HOUR - since) <= 20 * SECOND


def test_good_lines_and_good_venues_come_in_every_combination():
    def well(day):
        return day.line == FaultSettings(), day.exchange.halt == 0

    combinations = Counter(well(scenario(seed)) for seed in SEEDS)
    assert len(combinations) == 4
    assert min(combinations.values()) > 30


@pytest.mark.parametrize("seed", range(12))
def test_every_day_can_be_lived(seed):
    day = scenario(seed)
    exchange = Exchange(day.exchange, day.seed, day.start)
    events = exchange.advance(day.start + 3 * MINUTE)
    assert exchange.now() == day.start + 3 * MINUTE
    assert events
