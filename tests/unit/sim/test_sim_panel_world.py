"""The world by the second: the same for a seed, chained, and worth what it says."""

import numpy as np
import pytest

from kalshi_assistant.market.fees import trade_fee_up
from kalshi_assistant.sim import panel_world
from kalshi_assistant.sim.panel_world import BLOCK_WINDOWS, LENGTH, World, block_of, blocks_of

pytestmark = pytest.mark.timeout(600)  # machine code is made at the first call


@pytest.fixture(scope="module")
def year():
    """Enough windows to see a bias of two cents."""
    return list(blocks_of(World(windows=40 * BLOCK_WINDOWS, seed=11)))


def test_a_block_is_the_same_whoever_asks_for_it_and_when():
    world = World(windows=3 * BLOCK_WINDOWS, seed=4, edge_dollars=0.01)
    in_order = list(blocks_of(world))
    alone = block_of(world, 2)
    for one, other in zip(in_order[2], alone, strict=True):
        assert np.array_equal(one, other)
    other_seed = block_of(World(windows=BLOCK_WINDOWS, seed=5), 0)
    assert not np.array_equal(other_seed.prints, in_order[0].prints)


def test_a_strike_is_what_the_window_before_settled_on(year):
    strikes = np.concatenate([block.strikes for block in year])
    settled = np.concatenate([block.settled for block in year])
    assert np.array_equal(strikes[1:], settled[:-1])


def test_results_are_those_of_the_sixty_prints_before_the_close(year):
    for block in year[:2]:
        prints = block.prints.reshape(-1, LENGTH)[:, -60:].sum(axis=1)
        assert np.array_equal(block.settled, (2 * prints + 60) // 120)
        assert np.array_equal(block.yes, block.settled >= block.strikes)


def test_the_index_has_clustered_volatility_and_jumps(year):
    moves = np.diff(np.log(np.concatenate([block.prints for block in year[:5]]).astype(float)))
    minutes = np.square(moves[: len(moves) // 60 * 60].reshape(-1, 60)).sum(axis=1)
    later = np.corrcoef(np.log(minutes[:-1]), np.log(minutes[1:]))[0, 1]
    assert later > 0.3
    assert np.abs(moves).max() > 10 * moves.std()


@pytest.mark.parametrize("at", [60, 400, 800])
def test_the_fair_price_is_what_happens(year, at):
    fair = np.concatenate([block.fair.reshape(-1, LENGTH)[:, at] for block in year])
    yes = np.concatenate([block.yes for block in year])
    surprise = yes - fair
    assert abs(surprise.mean()) < 4 * surprise.std() / np.sqrt(len(yes))
    sure = fair > 0.8
    assert abs(surprise[sure].mean()) < 4 * surprise[sure].std() / np.sqrt(sure.sum())


def _worth(block):
    """What each side was worth to its buyer after the fee, dollars, where it was offered."""
    yes, no = block.ask, 10_000 - block.bid
    fee = [[trade_fee_up(70_000, price, 100) / 1e6 for price in side] for side in (yes, no)]
    worth = np.array([block.fair - yes / 1e4, 1 - block.fair - no / 1e4]) - fee
    worth[0, yes >= 10_000] = worth[1, no >= 10_000] = -1.0
    return worth


def test_honest_quotes_cost_whoever_trades():
    worth = _worth(block_of(World(windows=BLOCK_WINDOWS, seed=2), 0))
    assert worth.max() < 0.0


def test_without_an_edge_no_purchase_is_worth_more_than_it_costs():
    worth = _worth(block_of(World(windows=BLOCK_WINDOWS, seed=2, edge_dollars=0.0), 0))
    assert worth.max() < 1e-5  # the fee is rounded up to a millionth here


def test_the_edge_that_is_planted_is_there():
    block = block_of(World(windows=BLOCK_WINDOWS, seed=2, edge_dollars=0.02), 0)
    best = _worth(block).max(axis=0)
    middle = (block.fair > 0.2) & (block.fair < 0.8)
    assert best[middle].mean() == pytest.approx(0.02, abs=0.001)
    assert best[middle].min() > 0.014


def test_quotes_lie_on_the_venues_grid():
    for edge in (None, 0.0, 0.02):
        block = block_of(World(windows=BLOCK_WINDOWS, seed=6, edge_dollars=edge), 0)
        for side in (block.bid, block.ask):
            fine = (side <= 1_000) | (side >= 9_000)
            assert (side[fine] % 10 == 0).all()
            assert (side[~fine] % 100 == 0).all()
        assert (block.bid < block.ask).all()


def test_a_world_of_hours_starts_with_an_hour_of_index():
    first, prints = panel_world.lead(World(windows=4, seed=1))
    assert first + len(prints) == panel_world.FIRST_OPEN
    assert prints.min() > 0
