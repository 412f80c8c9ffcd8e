"""Sums of a backtest, by hand."""

from kalshi_assistant.lab.backtest_measures import by_day, drawdown
from kalshi_assistant.runtime.backtest import IDLE, Backtest, Latency
from tests.scenario.test_simulated_windows import PAPER
from tests.support.build import CLOSE, OPEN, ns, printed


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
