"""A replay at a pace, with readers: the events' own time, slowed to what a person can follow."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from kalshi_assistant.control.settings import ControlSettings
from kalshi_assistant.domain.time import Nanos
from kalshi_assistant.engine.engine import Engine
from kalshi_assistant.engine.settings import EngineSettings
from kalshi_assistant.runtime.clock import ScaledClock, SystemClock
from kalshi_assistant.runtime.operator import (
    Operator,
    on_closed_stdin,
    on_stop_signal,
    serve_readers,
)

BREATH = 200
"""Frames handled between two chances for the readers."""


class Replayed(Protocol):
    """A replay: an engine, and a run that yields the instant after each step."""

    engine: Engine
    settings: EngineSettings

    def run(self) -> Iterator[Nanos]:
        """Step to the end."""


def run_paced(
    subject: Replayed, pace: float | None, control_dir: Path | None, *, tied: bool
) -> None:
    """Run ``subject`` at ``pace`` (``None``: at once), serving readers in ``control_dir``.

    ``tied``: end when standard input closes.
    """
    asyncio.run(_run(subject, pace, control_dir, tied=tied))


async def _run(
    subject: Replayed, pace: float | None, control_dir: Path | None, *, tied: bool
) -> None:
    stepping = asyncio.create_task(_steps(subject, pace))

    def stop(_: str) -> None:
        stepping.cancel()

    on_stop_signal(stop)
    if tied:
        on_closed_stdin(stop)
    if control_dir is None:
        await asyncio.wait([stepping])
        return
    operator = Operator(subject.engine.handle, SystemClock(), stop)
    take = subject.engine.snapshot
    server = serve_readers(control_dir, subject.settings, take, operator, ControlSettings())
    serving = asyncio.create_task(server.run())
    await asyncio.wait([stepping, serving], return_when=asyncio.FIRST_COMPLETED)
    server.broadcast()
    server.close("the replay is over")
    await serving


async def _steps(subject: Replayed, pace: float | None) -> None:
    base, clock = SystemClock(), None
    for count, now in enumerate(subject.run()):
        if pace is not None:
            clock = clock or ScaledClock(base, base.now(), now, pace)
            if (left := clock.seconds_until(now)) > 0.002:
                await asyncio.sleep(left)
        if count % BREATH == 0:
            await asyncio.sleep(0)
