"""Estimates off the loop: one worker thread simulates, its answers come back as events.

The machine code releases the interpreter lock while it runs. There is never more than one question
in work; a newer one replaces the one that waits, so a slow machine gives fewer estimates and never
late ones in a row. Before the first, a child process fills the cache of machine code: compiling
here would hold the lock for seconds.
"""

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from tempfile import TemporaryFile
from typing import IO, Final

from kalshi_assistant.domain.events import Estimated, Event
from kalshi_assistant.domain.intents import Estimate
from kalshi_assistant.engine.engine import Engine
from kalshi_assistant.quant.layout import Reals
from kalshi_assistant.quant.montecarlo import Draws, estimate, make_draws
from kalshi_assistant.quant.rng import stream
from kalshi_assistant.runtime.clock import Clock, Stopwatch

PAUSE_SECONDS: Final = 0.1
"""Real time between two simulations, however fast the venue's clock runs."""
LOOK_SECONDS: Final = 0.05
COMPILER: Final = "from kalshi_assistant.runtime.warm import warm_estimates; warm_estimates()"


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
        self, engine: Engine, seed: int, clock: Clock, put: Callable[[Sequence[Event]], None]
    ) -> None:
        self._engine, self._clock, self._put = engine, clock, put
        self._draws = make_draws(stream(seed, "montecarlo"))
        self._waiting: Estimate | None = None
        self._asked = asyncio.Event()

    def take(self, asked: Estimate) -> None:
        """Simulate this next; it replaces a question that still waits."""
        self._waiting = asked
        self._asked.set()

    async def run(self) -> None:
        """Until cancelled. Raises RuntimeError when the machine code cannot be made."""
        await _compile()
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


async def _compile() -> None:
    with _compiler() as (process, said):
        while process.poll() is None:  # noqa: ASYNC110  # a process tells nobody that it ended
            await asyncio.sleep(LOOK_SECONDS)
        if process.returncode != 0:
            said.seek(0)
            last = said.read().decode(errors="replace").strip().rpartition("\n")[2]
            text = f"the estimates could not be compiled: {last or 'no reason given'}"
            raise RuntimeError(text)


@contextmanager
def _compiler() -> Iterator[tuple["subprocess.Popen[bytes]", IO[bytes]]]:
    """The child at work and what it says; ended with the block, however that ends."""
    with TemporaryFile() as said:
        process = subprocess.Popen(  # noqa: S603  # our own code, arguments as a list
            [sys.executable, "-c", COMPILER], stdin=subprocess.DEVNULL, stderr=said
        )
        try:
            yield process, said
        finally:
            process.kill()
            process.wait()
