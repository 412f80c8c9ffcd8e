"""One pass over a panel against the engine on the same panel: signals, fills and profit."""

from dataclasses import replace

import numpy as np
import pytest

from kalshi_assistant.domain.entries import FillKept, PolicyFillKept
from kalshi_assistant.domain.errors import OperatorError
from kalshi_assistant.domain.units import Quantity
from kalshi_assistant.engine.settings import EngineSettings
from kalshi_assistant.lab.backtest_input import Notices, panel
from kalshi_assistant.lab.backtesting import Backtesting
from kalshi_assistant.lab.fast_kernel import (
    F_AT,
    F_BOUGHT,
    F_FEE,
    F_LIMIT,
    F_NO,
    F_PRICE,
    F_SURE,
    F_SURE_FEE,
    F_WANTED,
    F_WINDOW,
)
from kalshi_assistant.lab.fast_pass import DEPTH, check, groups, named_once, run_pass
from kalshi_assistant.lab.panel_columns import WorldSource, source_of
from kalshi_assistant.lab.synthetic import write_world
from kalshi_assistant.runtime.backtest import Latency
from kalshi_assistant.sim.panel_world import LENGTH, World

pytestmark = pytest.mark.timeout(600)  # machine code is made at the first call

OPEN_WIDE = {
    "max_order_dollars": 100_000.0,
    "max_window_dollars": 100_000.0,
    "max_open_dollars": 1_000_000.0,
    "max_day_loss_dollars": 1_000_000.0,
    "max_drawdown_percent": 100.0,
    "min_cash_dollars": 0.0,
    "max_losses_in_a_row": 1_000,
    "max_orders_per_minute": 600,
    "collar_cents": 99.0,
}
PLAIN = {"threshold_dollars": 0.01, "latency_dollars": 0.0, "slippage_dollars": 0.0}
CASES = {
    "model": ({}, "model", 100),
    "both": ({"threshold_dollars": 0.005}, "both", 100),
    "blend_at_once": ({"threshold_dollars": 0.0, "haircut_share": 0.0}, "blend", 0),
    "to_the_ends": (
        {
            "threshold_dollars": 0.015,
            "cool_down_seconds": 2.0,
            "min_seconds_after_open": 0.0,
            "min_seconds_to_close": 0.0,
            "lowest_probability": 0.0,
            "highest_probability": 1.0,
        },
        "model",
        1_500,
    ),
    "asked_once": ({"hysteresis_dollars": 0.0, "ask_again_seconds": 0.0}, "model", 100),
    "a_part": ({"min_seconds_after_open": 300.0, "min_seconds_to_close": 400.0}, "model", 50),
}


def settings_of(signal, believe, milliseconds):
    plain = EngineSettings()
    gap = replace(plain.signal.gap, believe=believe)
    return replace(
        plain,
        risk=replace(plain.risk, **OPEN_WIDE),
        signal=replace(plain.signal, gap=gap, **(PLAIN | signal)),
        sizing=replace(plain.sizing, min_edge_dollars=0.0),
        paper=replace(plain.paper, latency_milliseconds=milliseconds, latency_spread=0.0),
    )


def of_engine(folder, settings):
    """(signals, fills of record, careful fills, profit) of the engine."""
    material = panel(folder, Quantity(DEPTH), Notices())
    latency = Latency("fixed", settings.paper.latency_milliseconds)
    work = Backtesting(material, settings, grid=(latency,))
    for _ in work.run():
        pass
    life = work.lives[0].backtest
    signals = [
        (e.ticker, e.made_at, e.edge.outcome, e.edge.worst_price, e.edge.quantity)
        for e in life.record.signals
    ]
    fills = [_fill(e) for e in life.record.entries if isinstance(e, FillKept)]
    careful = [
        _fill(e)
        for e in life.record.entries
        if isinstance(e, PolicyFillKept) and e.policy == "conservative"
    ]
    return signals, fills, careful, life.engine.ledger.cash - life.engine.ledger.start


def _fill(entry):
    price = entry.price if entry.side == 0 else 10_000 - entry.price
    return entry.ticker, entry.quantity, price, entry.fee


def of_pass(folder, settings):
    """The same of a pass."""
    source = source_of(folder)
    passes = run_pass(source, [settings], 0, len(source.opens))
    (passed,) = next(found for _, found in passes if found is not None)
    rows = [(source.ticker(int(row[F_WINDOW])), row.tolist()) for row in passed.fills]
    signals = [
        (name, row[F_AT], "no" if row[F_NO] else "yes", row[F_LIMIT], row[F_WANTED])
        for name, row in rows
    ]
    fills = [(name, r[F_BOUGHT], r[F_PRICE], r[F_FEE]) for name, r in rows if r[F_BOUGHT]]
    careful = [(name, r[F_SURE], r[F_PRICE], r[F_SURE_FEE]) for name, r in rows if r[F_SURE]]
    return signals, fills, careful, passed.cash - passed.start


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world") / "few"
    write_world(World(windows=5, seed=5, edge_dollars=0.02), folder, recipe_only=False)
    return folder


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world") / "many"
    write_world(World(windows=100, seed=8, edge_dollars=0.02), folder, recipe_only=False)
    return folder


def test_a_pass_signals_buys_and_earns_what_the_engine_does(few):
    settings = settings_of(*CASES["model"])
    found = of_pass(few, settings)
    assert found == of_engine(few, settings)
    assert found[1], "a test in which nothing is bought shows nothing"


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("case", CASES)
def test_the_same_over_a_day_under_other_settings(many, case):
    settings = settings_of(*CASES[case])
    assert of_pass(many, settings) == of_engine(many, settings)


def test_tables_and_recipe_are_the_same_panel(few):
    made, read = WorldSource(World(windows=5, seed=5, edge_dollars=0.02), ""), source_of(few)
    (one,), (other,) = list(made.columns(0, 5)), list(read.columns(0, 5))
    assert one.first == other.first
    for name in ("prints", "opens", "strikes", "results", "bid", "ask", "quoted"):
        assert np.array_equal(getattr(one, name), getattr(other, name)), name
    assert [made.ticker(at) for at in range(5)] == [read.ticker(at) for at in range(5)]


def test_settings_do_not_see_one_another():
    source = WorldSource(World(windows=40, seed=3, edge_dollars=0.02), "")
    each = [settings_of(*CASES[case]) for case in ("model", "both", "asked_once", "a_part")]
    together = next(f for _, f in run_pass(source, each, 0, 40) if f is not None)
    for settings, passed in zip(each, together, strict=True):
        (alone,) = next(f for _, f in run_pass(source, [settings], 0, 40) if f is not None)
        assert np.array_equal(alone.fills, passed.fills)
        assert alone.cash == passed.cash


def test_only_the_windows_asked_for_are_traded():
    source = WorldSource(World(windows=200, seed=3, edge_dollars=0.02), "")
    settings = settings_of(*CASES["model"])
    passes = run_pass(source, [settings], 90, 130, warm=50)
    (passed,) = next(found for _, found in passes if found is not None)
    assert len(passed.results) == 40
    assert passed.fills[:, F_WINDOW].min() >= 90
    assert passed.fills[:, F_WINDOW].max() < 130


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"exits": {"stop_dollars": 0.1}}, "exits are on"),
        ({"orders": {"style": "make"}}, "orders.style is make"),
        ({"paper": {"latency_milliseconds": 5_000}}, "latency_milliseconds is not below"),
        ({"number": {"nowcast_sd_bp": 1.0}}, "nowcast_sd_bp is set"),
    ],
)
def test_what_a_pass_cannot_follow_is_refused(changed, text):
    plain = EngineSettings()
    parts = {name: replace(getattr(plain, name), **part) for name, part in changed.items()}
    with pytest.raises(OperatorError, match=text):
        check(replace(plain, **parts))


def test_settings_share_a_number_where_only_the_decision_differs():
    plain = EngineSettings()
    other = replace(plain, number=replace(plain.number, tail_degrees=8.0))
    rarer = replace(plain, number=replace(plain.number, estimates_per_second=1))
    threshold = replace(plain, signal=replace(plain.signal, threshold_dollars=0.05))
    assert list(groups([plain, other, threshold, rarer])) == [[0, 2, 3], [1]]


def test_windows_that_share_a_name_are_passed_over_as_the_engine_does():
    night = 1_793_509_200 - LENGTH  # closes at 1:00 in New York, for the first time
    opens = night + LENGTH * np.arange(-1, 10)
    assert named_once(opens).tolist() == [True, *[False] * 8, True, True]
