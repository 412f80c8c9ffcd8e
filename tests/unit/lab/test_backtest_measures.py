"""Sums of a backtest, by hand."""

from dataclasses import replace

import pytest

from kalshi_assistant.domain.events import TimerFired
from kalshi_assistant.engine.clock_set import TEND
from kalshi_assistant.engine.tend import ESTIMATE
from kalshi_assistant.lab.backtest_measures import by_day, drawdown
from kalshi_assistant.runtime.backtest import IDLE, Backtest, Latency
from tests.scenario.test_simulated_windows import PAPER
from tests.support.build import (
    CLOSE,
    OPEN,
    STRIKE,
    armed,
    book,
    history,
    listed,
    ns,
    printed,
    timer,
)


def test_the_drawdown_is_the_deepest_fall_below_the_peak_so_far():
    assert drawdown([5, -3, -4, 10, -1]) == 7
    assert drawdown([]) == 0
    assert drawdown([1, 2, 3]) == 0
    assert drawdown([-2, -2]) == 4


def test_days_are_new_yorks():
    midnight = 1_795_323_600  # 2026-11-22 00:00 in New York
    assert by_day([(ns(midnight - 1), 5), (ns(midnight), -2), (ns(midnight + 1), 1)]) == {
        "2026-11-21": 5,
        "2026-11-22": -1,
    }


def test_days_between_recordings_are_skipped_not_lived():
    life = Backtest(PAPER, Latency("0 ms", 0), 0)
    life.see(printed(OPEN, 9_125_000))
    before = life.engine.sequence
    life.see(printed(CLOSE + 30 * 86_400, 9_125_000))
    assert life.engine.sequence - before <= IDLE // ns(1) + 5
    assert life.now == ns(CLOSE + 30 * 86_400)


@pytest.mark.parametrize("timed", [False, True])
def test_the_timers_of_a_run_fire_when_they_did_in_it(timed):
    """A busy run's estimates came late, and its signals hang on when it looked."""
    fired = []

    def seen(event, _intents):
        if isinstance(event, TimerFired):
            fired.append((event.key, event.received_at))

    life = Backtest(
        replace(PAPER, number=replace(PAPER.number, estimates_per_second=2)),
        Latency("0 ms", 0),
        0,
        led=True,
        timed=timed,
        watch=seen,
    )
    due, late = ns(OPEN + 60.5), ns(OPEN + 60.6)
    for event in (
        *(armed(OPEN), history(OPEN + 60), listed(OPEN + 60), book(OPEN + 60)),
        *(printed(OPEN + 60, STRIKE), timer(OPEN + 60)),
        TimerFired(due, late, ESTIMATE),
        printed(OPEN + 61, STRIKE),
    ):
        life.see(event)
    assert fired == [(TEND, ns(OPEN + 60)), (ESTIMATE, late if timed else due)]
