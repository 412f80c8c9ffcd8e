"""The path of the index: the same from the same seed, in cents, clustered, of flat memory."""

import numpy as np
import pytest

from kalshi_assistant.domain.time import HOUR, MINUTE, SECOND
from kalshi_assistant.sim.index_path import CHUNK, STEP, IndexPath

FIRST = 1_795_280_400 * SECOND


def path(seed=1, sigma_bp=0.57):
    return IndexPath(seed, FIRST, 91_250.0, sigma_bp)


def second_moves(seed, hours):
    """Changes of the logarithm from second to second, in basis points."""
    values = [value for _, value in path(seed).values(FIRST, FIRST + hours * HOUR)]
    return np.diff(np.log(values[::5])) * 1e4


def test_values_lie_on_a_grid_of_five_a_second_and_are_whole_cents():
    values = path().values(FIRST, FIRST + MINUTE)
    assert [at for at, _ in values] == list(range(FIRST, FIRST + MINUTE + 1, STEP))
    assert all(isinstance(value, int) and value > 0 for _, value in values)


def test_the_path_does_not_depend_on_how_it_is_asked_for():
    asked_late, asked_step_by_step = path(), path()
    late = asked_late.value(FIRST + HOUR)
    for at in range(FIRST, FIRST + HOUR, 17 * SECOND):
        asked_step_by_step.value(at)
    assert asked_step_by_step.value(FIRST + HOUR) == late


def test_another_seed_is_another_path():
    assert path(1).values(FIRST, FIRST + MINUTE) != path(2).values(FIRST, FIRST + MINUTE)


def test_between_two_stamps_the_earlier_value_holds():
    one = path()
    assert one.value(FIRST + STEP - 1) == one.value(FIRST)


def test_a_median_hour_has_the_volatility_of_the_settings():
    hours = [second_moves(seed, 1).std() for seed in range(40)]
    assert np.median(hours) == pytest.approx(0.57, rel=0.15)


def test_large_moves_come_together_and_there_are_jumps():
    moves = np.abs(second_moves(3, 12))
    for lag in (1, 10, 60):
        assert np.corrcoef(moves[:-lag], moves[lag:])[0, 1] > 0.05
    assert moves.max() > 10 * moves.std()


def test_sigma_is_what_the_next_moves_are_like():
    one = path(5)
    steps = range(FIRST, FIRST + 6 * HOUR, STEP)
    moves = np.diff([one.value(at) for at in steps]) / 100
    expected = np.array([one.sigma(at + STEP) for at in steps[:-1]]) * np.sqrt(STEP / SECOND)
    assert np.median(np.abs(moves / expected)) == pytest.approx(0.6745, rel=0.05)


def test_what_is_forgotten_is_gone_and_memory_stays_flat():
    one = path()
    for at in range(FIRST, FIRST + 6 * HOUR, MINUTE):
        one.value(at)
        one.forget(at - HOUR)
        assert len(one) <= HOUR // STEP + 2 * CHUNK
    with pytest.raises(ValueError, match="forgotten"):
        one.value(FIRST)
    assert one.values(FIRST, FIRST + MINUTE) == []


def test_forgetting_moves_nothing():
    one, other = path(), path()
    one.value(FIRST + HOUR)
    one.forget(FIRST + HOUR)
    assert one.value(FIRST + 2 * HOUR) == other.value(FIRST + 2 * HOUR)
