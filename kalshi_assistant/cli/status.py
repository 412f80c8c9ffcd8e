"""``status``: how the running engine stands, once."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kalshi_assistant.cli.engines import EnvironmentOf, Pid, StateDirOf, Which, found
from kalshi_assistant.cli.output import Json, Output
from kalshi_assistant.cli.running import ControlDir
from kalshi_assistant.domain.errors import PassingError

if TYPE_CHECKING:
    from kalshi_assistant.control.protocol import Hello
    from kalshi_assistant.engine.snapshot import Snapshot

HALTED: Final = 4
SECONDS: Final = 10.0


def status(
    environment: EnvironmentOf = None,
    state_dir: StateDirOf = None,
    pid: Pid = None,
    control_dir: ControlDir = None,
    as_json: Json = False,
) -> int:
    """How the running engine stands: market, number, money, feeds, and what stops it.

    Exit code 0 while it runs, 3 where none does, 4 while a halt stands that a person has to clear.
    """
    from kalshi_assistant.control import standing
    from kalshi_assistant.risk.breakers import stays

    output = Output(as_json=as_json)
    directory = found(Which(environment, state_dir, pid, control_dir))
    hello, snapshot = asyncio.run(_look(directory))
    halted = any(stays(each.name) for each in standing.open_breakers(snapshot))
    output.record(
        "status",
        pid=hello.pid,
        program=hello.program,
        mode=hello.mode,
        environment=hello.environment,
        directory=str(directory),
        halted=halted,
        **standing.record(snapshot),
    )
    output.say(f"{hello.mode} on {hello.environment}, process {hello.pid}, in {directory}")
    for line in standing.lines(snapshot):
        output.say(line)
    return HALTED if halted else 0


async def _look(directory: Path) -> "tuple[Hello, Snapshot]":
    """Who answers, and its first snapshot. Raises AssistantError."""
    from kalshi_assistant.control.client import attach

    client = await attach(directory)
    try:
        async with asyncio.timeout(SECONDS):
            async for snapshot in client.snapshots():
                return client.hello, snapshot
    except TimeoutError as error:
        raise PassingError(f"the engine of {directory} shows nothing: it may hang") from error
    finally:
        await client.close()
    raise PassingError(f"the engine has ended: {client.goodbye}")
