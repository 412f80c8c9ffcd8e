"""Which running engine a command is for, and asking it: shared by all that talk to one."""

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, NamedTuple

import typer

from kalshi_assistant.cli.output import Output
from kalshi_assistant.domain.errors import AssistantError, FinalError, OperatorError

if TYPE_CHECKING:
    from kalshi_assistant.control.beacons import Beacon
    from kalshi_assistant.control.client import ControlClient
    from kalshi_assistant.control.protocol import CommandReply

NOT_SO: Final = 1
RUNNING: Final = "running"
START: Final = "start one with `kalshi-assistant run`, or `kalshi-assistant demo`"

EnvironmentOf = Annotated[
    str | None,
    typer.Option("--env", metavar="prod|demo|local|simulated", help="Of the engine that is meant."),
]
StateDirOf = Annotated[
    Path | None, typer.Option("--state-dir", metavar="DIR", help="Of the engine that is meant.")
]
Pid = Annotated[int | None, typer.Option("--pid", help="Process of the engine that is meant.")]


class Which(NamedTuple):
    """What the command line says of the engine that is meant."""

    environment: str | None = None
    state_dir: Path | None = None
    pid: int | None = None
    control_dir: Path | None = None


def running_dir() -> Path:
    """Where running engines announce themselves."""
    from kalshi_assistant.cli.folders import state_root

    return state_root() / RUNNING


def found(which: Which) -> Path:
    """The folder of the one engine that is meant.

    Raises FinalError where none runs, OperatorError where it may be several. Needs no
    configuration: an engine is found also while its file is broken.
    """
    from kalshi_assistant.control.beacons import beacons
    from kalshi_assistant.control.endpoint import answers

    if which.control_dir is not None:
        return which.control_dir
    known = [each for each in beacons(running_dir()) if _is_meant(each, which)]
    alive = [each for each in known if answers(Path(each.directory))]
    if not alive:
        alive = [each for each in _own() if _is_meant(each, which)]
    if len(alive) == 1:
        return Path(alive[0].directory)
    if alive:
        lines = "\n".join(f"  --pid {each.pid:<8} {each.in_words()}" for each in alive)
        raise OperatorError(f"{len(alive)} engines run; say which is meant:\n{lines}")
    if known:
        said = "; ".join(each.in_words() for each in known)
        raise FinalError(
            f"no engine runs: the last one died without a goodbye ({said}); its log says why, "
            f"{START}"
        )
    narrowed = any(value is not None for value in which)
    raise FinalError(f"no {'such ' if narrowed else ''}engine runs here; {START}")


def _is_meant(beacon: "Beacon", which: Which) -> bool:
    if which.pid is not None and beacon.pid != which.pid:
        return False
    if which.environment is not None and beacon.environment != which.environment:
        return False
    if which.state_dir is None:
        return True
    below = which.state_dir.expanduser().absolute()
    return Path(beacon.directory).absolute().is_relative_to(below)


def _own() -> "list[Beacon]":
    """The engine of the user's own configuration, should it not have announced itself."""
    from kalshi_assistant.cli.folders import config_file, folders
    from kalshi_assistant.control.beacons import Beacon
    from kalshi_assistant.control.endpoint import answers, holder
    from kalshi_assistant.settings import load

    try:
        configuration = load(config_file(None))
        state = folders(configuration).state
        if not answers(state):
            return []
    except (AssistantError, OSError):
        return []  # a broken file hides only an engine that could not announce itself
    settings = configuration.settings
    return [Beacon(holder(state), str(settings.mode), settings.environment, str(state))]


def beside(state: Path) -> "list[Beacon]":
    """Engines that run with a state other than this one: what is written here is not theirs."""
    from kalshi_assistant.control.beacons import beacons
    from kalshi_assistant.control.endpoint import answers

    return [
        each
        for each in beacons(running_dir())
        if Path(each.directory).absolute() != state.absolute() and answers(Path(each.directory))
    ]


def ask(which: Which, name: str, argument: str = "", seconds: float = 10.0) -> "CommandReply":
    """Send one command to the engine that is meant. Raises AssistantError."""
    directory = found(which)
    return asyncio.run(_ask(directory, name, argument, seconds))


async def _ask(directory: Path, name: str, argument: str, seconds: float) -> "CommandReply":
    client = await _attached(directory)
    try:
        return await client.command(name, argument, seconds)
    finally:
        await client.close()


async def _attached(directory: Path) -> "ControlClient":
    from kalshi_assistant.control.client import attach

    return await attach(directory)


def tell(name: str, reply: "CommandReply", output: Output) -> int:
    """Say what became of a command; the exit code, which the engine may have named."""
    data: dict[str, Any] = {"ok": reply.ok, "text": reply.text}
    if reply.data:
        data |= json.loads(reply.data)
    code: int = data.pop("exit_code", NOT_SO)
    output.record(name, **data)
    if reply.ok:
        output.say(reply.text)
    elif not output.as_json:
        output.note(reply.text)
    return 0 if reply.ok else code
