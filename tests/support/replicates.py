"""Whole lives of a strategy on simulated worlds: number, costs, fills and verdict, as a sweep runs
them.
"""

from dataclasses import replace

from kalshi_assistant.domain.time import SECOND
from kalshi_assistant.engine.settings import EngineSettings
from kalshi_assistant.lab.fast_kernel import F_AT, F_BOUGHT, F_FEE, F_NO, F_PRICE, F_WINDOW
from kalshi_assistant.lab.fast_pass import run_pass
from kalshi_assistant.lab.panel_columns import WorldSource
from kalshi_assistant.lab.sweep_folds import days_of
from kalshi_assistant.lab.sweep_jobs import by_day
from kalshi_assistant.lab.verdicts import finding_of
from kalshi_assistant.quant.verdict import PLANNED_EDGE
from kalshi_assistant.sim import panel_world
from kalshi_assistant.sim.panel_world import LENGTH, World
from tests.support.days import planned

WINDOWS_A_DAY = 96
FAIR_BLOCKS = 20


def eager(**signal):
    """A strategy that looks for half a minute after the open, while the price is near 50 cents and
    the number knows best, and wants 1.8 cents; one purchase a window.
    """
    plain = EngineSettings()
    chosen = {
        "threshold_dollars": 0.018,
        "latency_dollars": 0.0,
        "slippage_dollars": 0.0,
        "haircut_share": 0.0,
        "cool_down_seconds": 60.0,
        "lowest_probability": 0.44,
        "highest_probability": 0.56,
        "min_seconds_after_open": 5.0,
        "min_seconds_to_close": 870.0,
        "gap": replace(plain.signal.gap, believe="model"),
    }
    return replace(
        plain,
        number=replace(plain.number, tail_degrees=1_000.0),
        signal=replace(plain.signal, **(chosen | signal)),
        sizing=replace(
            plain.sizing,
            kelly_fraction=1.0,
            confidence=0.0,
            min_edge_dollars=0.0,
            min_size_share=1.0,
            max_risk_dollars=5.0,
            max_exposure_dollars=1_000.0,
        ),
        paper=replace(plain.paper, cash_dollars=1_000_000.0, latency_milliseconds=0),
    )


def planned_windows(edge_windows_a_day):
    """Panel windows in which the planner's number for two cents comes together, where so many of a
    day's windows are bought in.
    """
    needed, days = planned(PLANNED_EDGE, edge_windows_a_day)
    return needed, WINDOWS_A_DAY * days


def replicate(seed, windows, edge):
    """One history; ``edge``: dollars, None for honest quotes.

    (verdict, windows counted, mean, profit of a contract by who knows the fair price, over the
    first days)
    """
    world = World(windows=windows, seed=seed, edge_dollars=edge)
    source = WorldSource(world, "")
    passed = next(f for _, f in run_pass(source, [eager()], 0, windows) if f is not None)[0]
    closes = days_of(source.opens.tolist(), LENGTH)
    days = by_day(passed.fills, 0, passed.results, closes).days
    found = finding_of({name: day.gains for name, day in days.items()})
    worth = [
        each
        for block in range(min(FAIR_BLOCKS, world.blocks))
        for each in worths(passed.fills, panel_world.block_of(world, block))
    ]
    return found.verdict, found.windows, found.mean, sum(worth) / len(worth)


def worths(fills, block):
    """What each fill was worth to who knows the fair price, dollars per contract."""
    first, last = block.first_window, block.first_window + len(block.yes)
    for row in fills[(fills[:, F_WINDOW] >= first) & (fills[:, F_WINDOW] < last)]:
        if row[F_BOUGHT]:
            at = (row[F_AT] - 1) // SECOND - block.first
            fair = 1.0 - block.fair[at] if row[F_NO] else block.fair[at]
            yield float(fair - row[F_PRICE] / 10_000 - row[F_FEE] / row[F_BOUGHT] / 10_000)
