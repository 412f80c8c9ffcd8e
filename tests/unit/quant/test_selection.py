"""What is left of the best of many."""

import numpy as np
import pytest

from kalshi_assistant.quant.rng import stream
from kalshi_assistant.quant.selection import (
    best_by_chance,
    deflated_sharpe,
    expected_best,
    probability_above,
    sharpe,
)


def days(name, settings, count, mean=0.0):
    return stream(3, name).standard_normal((settings, count)) + mean


def test_the_expected_best_is_what_worthless_trials_show():
    table = days("expected", 4_000, 100).reshape(40, 100, 100)
    best, expected = [], []
    for trials in table:
        ratios = [sharpe(row) for row in trials]
        best.append(max(ratios))
        expected.append(expected_best(ratios))
    assert np.mean(expected) == pytest.approx(np.mean(best), rel=0.05)


def test_the_probabilistic_ratio_of_a_gaussian_is_its_t_test():
    row = days("gaussian", 1, 400)[0] + 0.1
    from statistics import NormalDist

    expected = NormalDist().cdf(sharpe(row) * np.sqrt(399) / np.sqrt(1 + sharpe(row) ** 2 / 2))
    assert probability_above(row, 0.0) == pytest.approx(expected, abs=0.01)


def test_the_best_of_many_is_deflated():
    row = days("one", 1, 250, 0.12)[0]
    alone = deflated_sharpe(row, [sharpe(row)])
    among = deflated_sharpe(row, [sharpe(row), *(sharpe(each) for each in days("many", 99, 250))])
    assert alone > 0.9
    assert among < alone - 0.3


def test_without_an_edge_the_best_by_chance_is_uniform():
    least = [min(best_by_chance(days(f"flat.{k}", 20, 60), k, 400)) for k in range(200)]
    assert np.mean(np.array(least) <= 0.1) == pytest.approx(0.1, abs=0.05)


def test_an_edge_is_found_among_worthless_ones():
    table = days("found", 20, 120)
    table[7] += 0.5
    chances = best_by_chance(table, 1)
    assert chances[7] < 0.01
    assert sorted(chances)[1] > 0.05


def test_copies_of_one_setting_are_not_punished_as_if_they_were_many():
    row = days("copied", 1, 100, 0.2)
    assert best_by_chance(np.repeat(row, 50, axis=0), 2) == best_by_chance(row, 2) * 50


def test_nothing_is_said_of_days_that_say_nothing():
    assert sharpe(np.zeros(30)) is None
    assert best_by_chance(np.zeros((2, 30)), 0) == [1.0, 1.0]
    assert best_by_chance(np.ones((1, 3)), 0) == [1.0]
