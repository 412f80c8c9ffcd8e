"""Whole windows in virtual time through the real session, wire and engine; on bad lines too."""

import pytest

from kalshi_assistant.domain.orders import ASK, BID
from kalshi_assistant.domain.time import SECOND
from kalshi_assistant.engine.settings import EngineSettings
from kalshi_assistant.journal.codec import encode_intents
from kalshi_assistant.runtime.simulate import STEP, Simulation
from kalshi_assistant.sim.faults import FaultSettings
from kalshi_assistant.sim.settings import ExchangeSettings
from kalshi_assistant.strategy.gap import GapSettings
from kalshi_assistant.strategy.signals import SignalSettings
from tests.support.build import CLOSE, ns

pytestmark = pytest.mark.long

START = ns(CLOSE - 180)
PAPER = EngineSettings(signal=SignalSettings(gap=GapSettings(believe="model")), mode="paper")
BAD_LINE = FaultSettings(drop=0.001, duplicate=0.001, reorder=0.001, cut=0.0005, disconnect=0.00005)


def simulate(seed, **options):
    return Simulation(seed, START, PAPER, **options)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_good_line_loses_nothing_and_every_settlement_agrees(seed):
    result = simulate(seed).run(ns(CLOSE + 930))
    assert result.connections == 1
    assert [window.agrees for window in result.windows] == [True, True]
    assert [window.prints for window in result.windows] == [60, 60]


@pytest.mark.parametrize("seed", range(4))
def test_a_bad_line_never_settles_wrongly_and_never_crashes(seed):
    result = simulate(seed, faults=BAD_LINE).run(ns(CLOSE + 30))
    (window,) = result.windows
    assert window.agrees in (True, None)
    assert window.agrees is True or window.prints < 60


def mismatch(simulation):
    """Whether the engine believes in a book that is not the exchange's."""
    market = simulation.engine.snapshot().market
    if market is None or not market.book.known:
        return False
    true = simulation.exchange.book(market.ticker)
    mine = [simulation.engine.levels(market.ticker, side, 10_000) for side in (BID, ASK)]
    return mine != [true.bids, true.asks]


@pytest.mark.parametrize("seed", range(3))
def test_a_wrong_book_is_never_believed_for_longer_than_it_takes_to_notice(seed):
    """Frames lost, doubled, swapped, cut, lines dropping: doubt comes with the next frame."""
    simulation = simulate(seed, faults=BAD_LINE)
    wrong, worst, known = 0, 0, 0
    for step in range(1, 90 * SECOND // STEP):
        simulation.run(START + step * STEP)
        wrong = wrong + 1 if mismatch(simulation) else 0
        worst = max(worst, wrong)
        known += wrong == 0
    assert worst * STEP <= SECOND
    assert known > 100


def test_a_known_book_is_the_exchanges_book_on_a_good_line():
    simulation = simulate(5)
    simulation.run(START + 20 * SECOND)
    assert not mismatch(simulation)
    assert simulation.engine.snapshot().market.book.known


@pytest.mark.parametrize("line", [None, BAD_LINE])
def test_the_same_seed_gives_the_same_intents_byte_for_byte(line):
    def story():
        told = []

        def watch(event, intents):
            told.append(encode_intents(intents))

        simulation = simulate(11, faults=line, watch=watch)
        simulation.run(ns(CLOSE + 20))
        return told, simulation.engine.fingerprint()

    assert story() == story()


def test_a_strike_that_never_comes_gives_no_number_and_says_so():
    simulation = simulate(3, exchange=ExchangeSettings(strike_never=1.0))
    simulation.run(ns(CLOSE + 60))
    market = simulation.engine.snapshot().market
    assert market.strike is None
    assert (market.number.p_yes, market.number.no_number) == (None, "strike_unknown")


def test_a_late_strike_is_there_when_it_comes():
    late = ExchangeSettings(strike_late=1.0, strike_late_seconds=40.0)
    simulation = simulate(3, exchange=late)
    simulation.run(ns(CLOSE + 20))
    assert simulation.engine.snapshot().market.strike is None
    simulation.run(ns(CLOSE + 60))
    assert simulation.engine.snapshot().market.number.p_yes is not None


def test_prints_that_never_came_leave_the_settlement_uncompared():
    simulation = simulate(4, exchange=ExchangeSettings(prints_missing=0.05))
    result = simulation.run(ns(CLOSE + 30))
    (window,) = result.windows
    assert window.prints < 60
    assert (window.our_settlement, window.agrees) == (None, None)


def test_the_ledger_holds_what_the_windows_earned():
    simulation = simulate(3)
    result = simulation.run(ns(CLOSE + 930))
    paper = simulation.engine.snapshot().paper
    earned = sum(window.paper_pnl for window in result.windows)
    assert paper.fills > 0
    if paper.open_positions == 0:
        assert paper.cash == PAPER.paper.cash + earned
