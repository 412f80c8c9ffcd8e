"""Signal settings that fit together, and the edge read back from the kernel."""

import pytest

from kalshi_assistant.domain.ranges import RangeError
from kalshi_assistant.quant import layout
from kalshi_assistant.quant.kernel import step
from kalshi_assistant.quant.layout import SECOND
from kalshi_assistant.strategy.edge import read_edge
from kalshi_assistant.strategy.signals import SignalSettings, fired_bit, set_question
from tests.support.kernel import CLOSE, STRIKE, index_arrays, market_array


@pytest.mark.parametrize(
    "wrong",
    [
        {"lowest_probability": 0.6, "highest_probability": 0.5},
        {"contracts": 0.005},
        {"contracts": 1.005},
        {"threshold_dollars": 1.5},
    ],
)
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(RangeError):
        SignalSettings(**wrong)


def test_size_is_in_hundredths_of_a_contract():
    assert SignalSettings(contracts=2.5).quantity == 250


def test_the_question_reaches_the_kernel():
    index, real = index_arrays()
    set_question(SignalSettings(threshold_dollars=0.07, min_seconds_to_close=30), index, real)
    assert real[layout.R_THRESHOLD] == 0.07
    assert index[layout.I_MIN_LEFT] == 30 * SECOND


def priced(asks):
    index, real = index_arrays()
    market = market_array()
    for second in range(CLOSE - 700, CLOSE - 600):
        step(
            market, index, real, layout.PRINT, second, STRIKE + second % 7 * 100, 0, second * SECOND
        )
    for price, quantity in asks:
        step(market, index, real, layout.LEVEL, 1, price, quantity, 0)
    step(market, index, real, layout.LOOK, 0, 0, 0, (CLOSE - 600) * SECOND)
    return market, real


def test_an_edge_adds_up():
    """Net is probability less average price, fee and allowances."""
    market, real = priced([(5_000, 400), (5_100, 5_000)])
    edge = read_edge(market, real, "yes")
    p_yes = float(real[layout.R_P])
    average = (5_000 * 400 + 5_100 * 600) / 1_000 / 10_000
    assert (edge.worst_price, edge.cost) == (5_100, 5_000 * 400 + 5_100 * 600)
    assert edge.raw == pytest.approx(p_yes - 0.5)
    assert edge.slippage == pytest.approx(average - 0.5 + 0.002)
    allowances = edge.slippage + edge.latency + edge.haircut
    assert edge.net == pytest.approx(edge.raw - edge.fee / 10 / 1e6 - allowances)
    assert edge.latency > 0.005
    assert edge.haircut == pytest.approx(float(real[layout.R_HAIRCUT_YES]))


def test_without_the_depth_there_is_no_edge():
    market, real = priced([(5_000, 400)])
    assert read_edge(market, real, "yes") is None
    assert read_edge(market, real, "no") is None


def test_each_side_has_a_bit_of_its_own():
    assert fired_bit("yes") & fired_bit("no") == 0
