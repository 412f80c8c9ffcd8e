"""Event by event and in compiled stretches: one past, one outcome."""

from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kalshi_assistant.domain.events import BookDelta, BookSnapshot, IndexPrinted, TimerFired
from kalshi_assistant.domain.intents import Announce
from kalshi_assistant.domain.time import MILLISECOND
from kalshi_assistant.engine.settings import EngineSettings
from kalshi_assistant.execution.terms import OrderSettings
from kalshi_assistant.lab.backtest_input import Material, from_outside
from kalshi_assistant.lab.backtesting import ASSUMED
from kalshi_assistant.quant.rng import stream
from kalshi_assistant.runtime.backtest import Latency
from kalshi_assistant.runtime.simulate import Simulation
from kalshi_assistant.strategy.gap import GapSettings
from kalshi_assistant.strategy.signals import SignalSettings
from tests.support import tapes
from tests.support.build import CLOSE, OPEN, TICKER, ns
from tests.support.even_lives import in_stretches, same

TAKING = EngineSettings(signal=SignalSettings(gap=GapSettings(believe="model")), mode="paper")
MAKING = replace(TAKING, orders=OrderSettings(style="make"))
GRID = (Latency("0 ms", 0), Latency("100 ms", 100), Latency(ASSUMED, None))


def material(events, led):
    return Material(
        name="a tape",
        files=(),
        begins=events[0].received_at,
        ends=events[-1].received_at,
        markets=(),
        events=iter(()),
        led=led,
    )


@cache
def simulated(seed):
    """What a simulated run on paper heard from outside around a close."""
    heard, told = [], []

    def watch(event, intents):
        heard.append(event)
        told.extend(each for each in intents if isinstance(each, Announce))

    Simulation(seed, ns(CLOSE - 150), TAKING, watch=watch).run(ns(CLOSE + 60))
    return tuple(heard), len(told)


def busier(events, chance, factor):
    """More changes of the book between the events there are, mostly away from the touch; in some
    tapes a few of them are absurd, which ends what is known of the book.
    """
    made, absurd = [], 0.0005 if chance.random() < 0.3 else 0.0
    for event in events:
        made.append(event)
        if isinstance(event, IndexPrinted | BookDelta | BookSnapshot):
            count = int(chance.integers(0, factor))
            made += [_delta(event.received_at, chance, absurd) for _ in range(count)]
    return sorted(made, key=lambda each: each.received_at)


def _delta(after, chance, absurd):
    side = int(chance.integers(2))
    deep = int(chance.integers(1, 8)) * 100
    price = deep if side == 0 else 10_000 - deep
    change = int(chance.integers(1, 1_200))
    roll = chance.random()
    if roll < absurd:
        price, change = int(chance.choice([0, 10_000, price])), -(10**9)
    elif roll < 0.002:
        price = int(chance.integers(30, 60)) * 100
    at = after + int(chance.integers(0, 900)) * MILLISECOND
    ticker = TICKER if chance.random() < 0.97 else "KXBTC15M-UNKNOWN"
    return BookDelta(at - 5 * MILLISECOND, at, ticker, side, price, change)


@pytest.mark.long
@settings(max_examples=8)
@given(
    st.sampled_from([1, 2, 3, 5]),
    st.booleans(),
    st.sampled_from([TAKING, MAKING]),
    st.integers(0, 2**32),
    st.sampled_from([0, 2, 12]),
)
def test_a_simulated_past_has_one_outcome(seed, led, chosen, chance, factor):
    heard, _ = simulated(seed)
    events = [each for each in heard if from_outside(each, led=led)]
    if factor:
        events = busier(events, stream(chance, "busier"), factor)
    same(material(events, led), events, chosen, seed, GRID)


@settings(max_examples=8)
@given(
    st.integers(0, 2**32),
    st.sampled_from([3, 12, 40]),
    st.sampled_from([tapes.SETTINGS, replace(tapes.SETTINGS, orders=OrderSettings(style="make"))]),
)
def test_a_window_made_up_with_a_book_that_moves_has_one_outcome(chance, factor, chosen):
    window = [each for each in tapes.one_window() if not isinstance(each, TimerFired)]
    window = [each for each in window if each.received_at < ns(OPEN + 240)] + window[-2:]
    events = busier(window, stream(chance, "busier"), factor)
    same(material(events, led=False), events, chosen, 0, GRID[1:])


@pytest.mark.long
def test_the_tapes_are_worth_it():
    """They trade, and most of their changes go in stretches."""
    heard, signals = simulated(3)
    events = [each for each in heard if from_outside(each, led=True)]
    assert signals
    made = busier(events, stream(7, "busier"), 12)
    assert in_stretches(made) > 0.5 * sum(isinstance(each, BookDelta) for each in made)
    work = same(material(events, led=True), events, TAKING, 3, GRID[:2])
    assert all(life.backtest.record.orders for life in work.lives)
    assert any(life.marks.found for life in work.lives)
