"""Estimates off the loop: one question in work, a newer one replaces the one that waits."""

import asyncio

import numpy as np
import pytest

from kalshi_assistant.domain.intents import Estimate, Question
from kalshi_assistant.engine.engine import Engine
from kalshi_assistant.engine.settings import EngineSettings
from kalshi_assistant.quant.montecarlo import make_draws
from kalshi_assistant.quant.rng import stream
from kalshi_assistant.runtime import compiling
from kalshi_assistant.runtime.compute import Estimator, answer
from tests.support.build import TICKER
from tests.support.clocks import HandClock

pytestmark = pytest.mark.process


def asked(at, expected=100.0):
    question = Question(
        expected=expected, threshold=100.0, sigma=0.1, ahead=60, tau1=60.0, spread_seconds=0.0,
        noise_sd=0.0, spot=100.0, jump_share=0.2, log_variance_sd=0.5,
    )  # fmt: skip
    return Estimate(TICKER, at, 0.5, question)


class Heard(list):
    """Events put in, and a flag that is up once there are any."""

    def __init__(self):
        super().__init__()
        self.some = asyncio.Event()

    def put(self, events):
        self.extend(events)
        self.some.set()

    async def wait(self):
        async with asyncio.timeout(60):
            await self.some.wait()


async def test_a_question_is_answered_with_its_own_instant():
    said = Heard()
    estimator = Estimator(Engine(EngineSettings()), 0, HandClock(5_000), said.put)
    running = asyncio.create_task(estimator.run())
    estimator.take(asked(1_000))
    await said.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    (answered,) = said
    assert (answered.at, answered.received_at, answered.ticker) == (1_000, 5_000, TICKER)
    assert {name for name, _, _ in answered.estimates} == {
        "gbm", "stochastic_variance", "merton", "mixture",
    }  # fmt: skip
    assert all(p == pytest.approx(0.5, abs=0.01) for _, p, _ in answered.estimates)


async def test_a_newer_question_replaces_the_one_that_waits():
    said = Heard()
    estimator = Estimator(Engine(EngineSettings()), 0, HandClock(5_000), said.put)
    for at in (1_000, 2_000, 3_000):
        estimator.take(asked(at))
    running = asyncio.create_task(estimator.run())
    await said.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert [answered.at for answered in said] == [3_000]


async def test_code_that_cannot_be_made_is_told_with_its_reason(monkeypatch):
    monkeypatch.setattr(compiling, "COMPILER", "raise SystemExit('no room on the disk')")
    estimator = Estimator(Engine(EngineSettings()), 0, HandClock(5_000), lambda events: None)
    with pytest.raises(RuntimeError, match="no room on the disk"):
        await estimator.run()


async def test_ending_while_it_compiles_leaves_no_child(monkeypatch):
    """Whatever is left open is a warning, and warnings are errors here."""
    monkeypatch.setattr(compiling, "COMPILER", "import time; time.sleep(60)")
    estimator = Estimator(Engine(EngineSettings()), 0, HandClock(5_000), lambda events: None)
    running = asyncio.create_task(estimator.run())
    await asyncio.sleep(0)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert running.cancelled()


def test_the_same_draws_give_the_same_answer():
    draws = make_draws(stream(3, "montecarlo"), 500)
    bank = np.linspace(0.5, 1.5, 100)
    one, two = (answer(asked(1, 100.4), draws, bank) for _ in range(2))
    assert one.estimates == two.estimates
    assert "bootstrap" in {name for name, _, _ in one.estimates}
