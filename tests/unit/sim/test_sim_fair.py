"""What traders think a window is worth, against the variances and the closed form of the desk."""

import math
from statistics import NormalDist

import pytest

from kalshi_assistant.domain.time import MINUTE, SECOND
from kalshi_assistant.sim.fair import FairValue, fair_probability
from kalshi_assistant.sim.index_path import STEP, IndexPath

CLOSE = 1_795_281_300
STRIKE = 9_125_000


@pytest.mark.parametrize(
    ("first_in", "left", "variance"),
    [(840, 60, 859.503), (240, 60, 259.503), (1, 60, 20.503), (1, 45, 15.504), (1, 1, 1.0)],
)
def test_the_variance_of_the_mean_to_come_is_the_published_one(first_in, left, variance):
    sd = 4.8 * math.sqrt(variance)
    assert fair_probability(100.0 + sd, 100.0, 4.8, first_in, left) == pytest.approx(
        NormalDist().cdf(1), abs=1e-5
    )


def path_and_fair(now):
    path = IndexPath(4, (CLOSE - 1_000) * SECOND, STRIKE / 100, 0.57)
    return path, FairValue(path, STRIKE, CLOSE * SECOND, now)


def test_it_is_certain_once_every_print_is_known():
    path, fair = path_and_fair((CLOSE - 1) * SECOND)
    total = sum(path.value(at * SECOND) for at in range(CLOSE - 60, CLOSE))
    assert fair.ago(0) == (1.0 if total >= 60 * STRIKE - 30 else 0.0)


def test_inside_the_window_the_known_prints_count_as_known():
    path, fair = path_and_fair((CLOSE - 20) * SECOND)
    known = sum(path.value(at * SECOND) for at in range(CLOSE - 60, CLOSE - 19)) / 100
    least = (60 * (STRIKE - 0.5) / 100 - known) / 19
    at = (CLOSE - 20) * SECOND
    expected = fair_probability(path.value(at) / 100, least, path.sigma(at), 1.0, 19)
    assert fair.ago(0) == pytest.approx(expected, rel=1e-9)


def test_followed_step_by_step_it_is_what_it_is_from_scratch():
    start = CLOSE * SECOND - 2 * MINUTE
    _, followed = path_and_fair(start)
    for at in range(start + STEP, CLOSE * SECOND, STEP):
        followed.look(at)
        followed.now = at
        if at % (7 * STEP) == 0:
            assert followed.ago(0) == pytest.approx(path_and_fair(at)[1].ago(0), rel=1e-9)


def test_a_trader_who_is_late_knows_what_was_known_then():
    start = CLOSE * SECOND - 5 * MINUTE
    _, fair = path_and_fair(start)
    seen = {start: fair.ago(0)}
    for at in range(start + STEP, start + 20 * STEP, STEP):
        fair.look(at)
        fair.now = at
        seen[at] = fair.ago(0)
    fair.now = at + STEP // 2
    assert fair.ago(0) == fair.ago(STEP // 2) == seen[at]
    assert fair.ago(STEP // 2 + 1) == seen[at - STEP]
    assert fair.ago(3 * STEP) == seen[at - 3 * STEP]
