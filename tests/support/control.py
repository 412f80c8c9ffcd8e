"""An engine to attach to: a control server whose snapshot a test turns by hand."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from kalshi_assistant.control.endpoint import claim
from kalshi_assistant.control.protocol import CommandReply, CommandRequest, Hello, hello
from kalshi_assistant.control.server import Answer, ControlServer
from kalshi_assistant.control.settings import ControlSettings
from kalshi_assistant.domain.time import Nanos
from kalshi_assistant.domain.units import Money
from kalshi_assistant.engine.snapshot import (
    SNAPSHOT_VERSION,
    ClockView,
    IndexView,
    PaperView,
    Snapshot,
)

HELLO = hello(program="0.1.0", pid=4711, mode="demo", environment="local")
BARE = Snapshot(
    version=SNAPSHOT_VERSION,
    at=Nanos(0),
    sequence=0,
    mode="demo",
    environment="local",
    config="",
    paused=None,
    exchange_says=None,
    unreachable=None,
    market=None,
    upcoming=None,
    upcoming_open=None,
    polled=False,
    index=IndexView(
        name="BRTI",
        label="no index yet",
        estimated=False,
        error_bp=0.0,
        disagreements=0,
        replica=None,
        source=None,
        value=None,
        value_at=None,
        received_at=None,
        average_60=None,
        first_second=0,
        tail=(),
    ),
    clock=ClockView(None, None),
    feeds=(),
    paper=PaperView(False, Money(0), Money(0), Money(0), 0, 0),
    signals=(),
    windows=(),
    checked_windows=0,
    matched_windows=0,
    log=(),
)


def snapshot(sequence: int, padding: int = 0) -> Snapshot:
    """A snapshot as of event ``sequence``, made ``padding`` bytes larger."""
    return msgspec.structs.replace(BARE, sequence=sequence, config="x" * padding)


class Engine:
    """Shows ``snapshot(sequence)``, counts how often it was asked."""

    def __init__(self) -> None:
        self.sequence = 1
        self.padding = 0
        self.asked = 0
        self.commands: list[CommandRequest] = []

    def take_snapshot(self) -> Snapshot:
        self.asked += 1
        return snapshot(self.sequence, self.padding)

    def answer(self, request: CommandRequest) -> CommandReply:
        self.commands.append(request)
        return CommandReply(request.id, ok=True, text=f"{request.name} done")


@asynccontextmanager
async def serving(
    directory: Path,
    engine: Engine,
    answer: Answer | None = None,
    greeting: Hello = HELLO,
    **settings: float,
) -> AsyncIterator[ControlServer]:
    """A running server; by default it broadcasts only when told to."""
    chosen = ControlSettings(**({"snapshots_per_second": 0.001} | settings))
    server = ControlServer(
        claim(directory), greeting, engine.take_snapshot, answer or engine.answer, chosen
    )
    running = asyncio.create_task(server.run())
    try:
        yield server
    finally:
        server.close("the test is over")
        await running


async def until(condition: Callable[[], bool]) -> None:
    """Let the loop turn until ``condition`` holds."""
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - what is waited for tells nobody when it is so
            await asyncio.sleep(0.001)
