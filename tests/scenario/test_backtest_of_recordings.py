"""Recorded markets through the backtest: in compiled stretches as event by event."""

from dataclasses import replace
from functools import partial

import pytest

from kalshi_assistant.engine.settings import EngineSettings
from kalshi_assistant.execution.terms import OrderSettings
from kalshi_assistant.lab.backtest_cache import Shelf, Wanted, of_panel_beside
from kalshi_assistant.lab.backtest_input import Notices, recordings
from kalshi_assistant.lab.backtesting import LATENCIES
from kalshi_assistant.strategy.gap import GapSettings
from kalshi_assistant.strategy.signals import SignalSettings
from tests.support.even_lives import in_stretches, same
from tests.support.recordings import data

pytestmark = [pytest.mark.long, pytest.mark.recordings, pytest.mark.timeout(600)]

TAKING = EngineSettings(
    signal=SignalSettings(gap=GapSettings(believe="model"), threshold_dollars=0.005)
)
MAKING = replace(TAKING, orders=OrderSettings(style="make"))
TRADED = ("26MAY131145-45__2", "26MAY131200-00__1")


@pytest.fixture(scope="module")
def reopened(tmp_path_factory):
    """Two recordings with their index, from a tape."""
    files = [data(f"frames/KXBTC15M-{name}.jsonl.gz") for name in TRADED]
    index = data("panels/2026-05-coinbase/index.csv.gz")
    markets = data("panels/2026-05-coinbase/markets.csv.gz")
    shelf = Shelf(tmp_path_factory.mktemp("cache"), pytest.fail)
    build = partial(recordings, files, index, markets)
    wanted = Wanted("recordings", (*files, *of_panel_beside(index)), build)
    return lambda: shelf.material(wanted, Notices())


@pytest.mark.parametrize("chosen", [TAKING, MAKING], ids=["taking", "making"])
def test_recordings_have_one_outcome(reopened, chosen):
    events = list(reopened().events)
    work = same(reopened(), events, chosen, 1, (LATENCIES[2], LATENCIES[-1]))
    assert work.lives[0].backtest.record.orders
    assert in_stretches(events) > 0.9 * len(events)
