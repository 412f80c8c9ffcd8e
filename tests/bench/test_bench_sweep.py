"""What a sweep over panels costs, in processor time: by windows and by settings.

pytest -n 0 -s tests/bench/test_bench_sweep.py
"""

import time
from dataclasses import replace

import pytest

from kalshi_assistant.engine.settings import EngineSettings
from kalshi_assistant.lab.fast_pass import run_pass
from kalshi_assistant.lab.panel_columns import WorldSource
from kalshi_assistant.sim.panel_world import World

pytestmark = pytest.mark.timeout(1_200)

YEAR = 35_040
DAYS = 8


def settings(count):
    """Thresholds from half a cent to four and a half, by haircuts from none to nearly all."""
    plain = EngineSettings()
    gap = replace(plain.signal.gap, believe="model")
    return [
        replace(
            plain,
            signal=replace(
                plain.signal,
                threshold_dollars=0.005 + 0.04 * (place % 10) / 9,
                haircut_share=0.1 * (place // 10 % 10),
                gap=gap,
            ),
        )
        for place in range(count)
    ]


def seconds(windows, count):
    """Processor seconds of the best of three passes."""
    found = []
    for _ in range(3):
        source = WorldSource(World(windows=windows, seed=3, edge_dollars=0.02), "")
        start = time.process_time()
        for _ in run_pass(source, settings(count), 0, windows):
            pass
        found.append(time.process_time() - start)
    return min(found)


def test_cost_is_linear_in_windows_and_in_settings(capsys):
    seconds(96, 1)  # machine code
    windows = {days: seconds(96 * days, 20) for days in (DAYS // 4, DAYS // 2, DAYS)}
    counts = {count: seconds(96 * DAYS, count) for count in (20, 60, 100)}
    each = (counts[100] - counts[20]) / 80 / (96 * DAYS)
    first = (counts[60] - counts[20]) / 40 / (96 * DAYS)
    whole = counts[100] / (96 * DAYS) * YEAR
    with capsys.disabled():
        print(  # noqa: T201  # the measurement itself
            f"\nwindows x2: {windows[DAYS // 2] / windows[DAYS // 4]:.2f}, "
            f"x4: {windows[DAYS] / windows[DAYS // 4]:.2f}; "
            f"a setting and window {1e6 * first:.1f} us (20 to 60), {1e6 * each:.1f} us (20 to "
            f"100); a year of 100 settings {whole:.0f} s of one core"
        )
    assert windows[DAYS] / windows[DAYS // 4] == pytest.approx(4.0, rel=0.35)
    assert each == pytest.approx(first, rel=0.35)
