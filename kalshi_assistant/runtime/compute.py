"""Estimates off the loop: one worker thread simulates, its answers come back as events.

The machine code releases the interpreter lock while it runs. There is never more than one question
in work; a newer one replaces the one that waits, so a slow machine gives fewer estimates and never
late ones in a row. Before the first, a child process fills the cache of machine code
(``runtime.compiling``).
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from kalshi_assistant.domain.events import Estimated, Event
from kalshi_assistant.domain.intents import Estimate
from kalshi_assistant.engine.engine import Engine
from kalshi_assistant.quant.layout import Reals
from kalshi_assistant.quant.montecarlo import Draws, estimate, make_draws
from kalshi_assistant.quant.rng import stream
from kalshi_assistant.runtime.clock import Clock, Stopwatch
from kalshi_assistant.runtime.compiling import compile_aside

PAUSE_SECONDS: Final = 0.1
"""Real time between two simulations, however fast the venue's clock runs."""


def answer(asked: Estimate, draws: Draws, bank: Reals) -> Estimated:
    """Simulate one question; the answer is stamped as received when it was asked."""
    watch = Stopwatch()
    found = estimate(asked.question, draws, bank)
    took = round(watch.seconds() * 1e6)
    return Estimated(
        at=asked.asked_at,
        received_at=asked.asked_at,
        ticker=asked.ticker,
        p_model=asked.p_model,
        estimates=tuple((name, each.p, each.se) for name, each in found.items()),
        microseconds=took,
    )


class Estimator:
    """Performs ``Estimate``. Make it inside the event loop, then ``run`` it beside the engine."""

    def __init__(
        self,
        engine: Engine,
        seed: int,
        clock: Clock,
        put: Callable[[Sequence[Event]], None],
        turn: asyncio.Lock | None = None,
    ) -> None:
        """``turn`` is whose turn it is to compile."""
        self._engine, self._clock, self._put = engine, clock, put
        self._draws = make_draws(stream(seed, "montecarlo"))
        self._turn = turn or asyncio.Lock()
        self._waiting: Estimate | None = None
        self._asked = asyncio.Event()

    def take(self, asked: Estimate) -> None:
        """Simulate this next; it replaces a question that still waits."""
        self._waiting = asked
        self._asked.set()

    async def run(self) -> None:
        """Until cancelled. Raises RuntimeError when the machine code cannot be made."""
        await compile_aside("warm_estimates", self._turn)
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(1, "estimates") as worker:
            while True:
                await self._asked.wait()
                self._asked.clear()
                asked, self._waiting = self._waiting, None
                if asked is None:
                    continue
                bank = self._engine.standardised_blocks()
                said = await loop.run_in_executor(worker, answer, asked, self._draws, bank)
                self._put([_received(said, self._clock)])
                await asyncio.sleep(PAUSE_SECONDS)


def _received(said: Estimated, clock: Clock) -> Estimated:
    now = clock.now()
    return Estimated(said.at, now, said.ticker, said.p_model, said.estimates, said.microseconds)
