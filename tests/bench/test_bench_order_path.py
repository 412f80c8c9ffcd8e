"""From the event that crosses to the approved order, and what it takes beside one decode.

A crossing happens once per window and side, so every round has an engine of its own. The figure is
printed, not asserted: the target of ten decodes is missed by far, for everything between the
kernel's answer and the approval (naming, sizing, worst cases, breakers) is plain Python that runs a
few times a quarter hour.
"""

import time
import timeit

import msgspec

from kalshi_assistant.domain.intents import Submit
from kalshi_assistant.domain.orders import ASK
from kalshi_assistant.engine.engine import Engine
from kalshi_assistant.engine.settings import EngineSettings
from kalshi_assistant.strategy.gap import GapSettings
from kalshi_assistant.strategy.signals import SignalSettings
from tests.bench.test_bench_hot_path import _Frame, frame
from tests.support import build
from tests.support.build import OPEN, STRIKE

ENGINES = 200
FRAME = frame(2)
DECODE = msgspec.json.Decoder(_Frame).decode


def ready():
    """An engine with a number, a book without an edge, and leave to trade."""
    signal = SignalSettings(gap=GapSettings(believe="model"))
    engine = Engine(EngineSettings(signal=signal, mode="paper"))
    at = OPEN + 60
    events = (build.armed(OPEN), build.history(at), build.listed(at), build.book(at))
    for event in (*events, build.printed(int(at), STRIKE), build.timer(at)):
        engine.handle(event)
    return engine


def crossing_ns(engine):
    """How long the engine takes over the delta that makes YES cheap, up to its approved order."""
    event = build.delta(OPEN + 60.5, ASK, 4_000, 50_000)
    begun = time.perf_counter_ns()
    intents = engine.handle(event)
    took = time.perf_counter_ns() - begun
    assert any(isinstance(intent, Submit) for intent in intents)
    return took


def test_from_a_crossing_to_an_approved_order(capsys):
    taken = sorted(crossing_ns(ready()) for _ in range(ENGINES))
    decode = min(timeit.repeat(lambda: DECODE(FRAME), number=20_000, repeat=9)) / 20_000 * 1e9
    p50, p99 = taken[len(taken) // 2], taken[len(taken) * 99 // 100]
    with capsys.disabled():
        print(  # noqa: T201  # what this file is for
            f"\ncrossing to approved order: {p50 / 1e3:.0f} us, p99 {p99 / 1e3:.0f} us = "
            f"{p50 / decode:.0f} decodes of {decode:.0f} ns (wanted: 10)"
        )
