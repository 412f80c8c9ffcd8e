"""``tail``: what the running engine tells, line by line as it comes."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from kalshi_assistant.cli.engines import EnvironmentOf, Pid, StateDirOf, Which, found
from kalshi_assistant.cli.output import Json, Output
from kalshi_assistant.cli.running import ControlDir
from kalshi_assistant.domain.errors import OperatorError, OutsideError

if TYPE_CHECKING:
    from kalshi_assistant.engine.snapshot import Snapshot
    from kalshi_assistant.headless import Lines

KINDS: Final = ("note", "feed", "signal", "window", "number")
USUAL: Final = "note,feed,signal,window"
AGAIN_SECONDS: Final = 0.5


def tail(
    kinds: Annotated[
        str, typer.Option("--kinds", metavar="KIND,...", help=f"Of {', '.join(KINDS)}.")
    ] = USUAL,
    count: Annotated[
        int, typer.Option("--lines", "-n", min=0, help="Lines of before to begin with.")
    ] = 10,
    retry: Annotated[
        bool, typer.Option("--retry", help="Wait for an engine, and for the next when one ends.")
    ] = False,
    environment: EnvironmentOf = None,
    state_dir: StateDirOf = None,
    pid: Pid = None,
    control_dir: ControlDir = None,
    as_json: Json = False,
) -> int:
    """Follow log, feeds, signals and settled windows of the running engine; `number` on demand.

    Ends with the engine: exit code 0 after its goodbye, 3 where it died. With --retry it waits for
    the next one instead.
    """
    from kalshi_assistant.headless import Lines

    wanted = _kinds(kinds)
    output, lines = Output(as_json=as_json), Lines()
    which = Which(environment, state_dir, pid, control_dir)
    follow = _Follower(lambda: found(which), lines, wanted, count, output)
    with contextlib.suppress(KeyboardInterrupt):  # how a person ends it
        asyncio.run(follow.until_interrupted() if retry else follow.once())
    return 0


def _kinds(text: str) -> frozenset[str]:
    wanted = frozenset(part.strip() for part in text.split(",") if part.strip())
    if not wanted or wanted - set(KINDS):
        raise OperatorError(f"--kinds is {text[:60]!r}; write some of {','.join(KINDS)}")
    return wanted


class _Follower:
    """Prints what is new in an engine's snapshots, and remembers what it has printed."""

    def __init__(
        self,
        find: Callable[[], Path],
        lines: "Lines",
        wanted: Collection[str],
        count: int,
        output: Output,
    ) -> None:
        self._find, self._lines, self._wanted = find, lines, wanted
        self._first: int | None = count
        self._output = output

    async def once(self) -> None:
        """Until the engine ends. Raises OutsideError where it is not there or dies."""
        directory = self._find()
        async with contextlib.aclosing(self._snapshots(directory)) as snapshots:
            async for snapshot in snapshots:
                self._print(snapshot)

    async def until_interrupted(self) -> None:
        """One engine after the other; what keeps it waiting is told once."""
        said = ""
        while True:
            try:
                await self.once()
                said = ""
            except OutsideError as error:
                if str(error) != said:
                    said = str(error)
                    self._output.note(f"{said}; waiting for the next")
            await asyncio.sleep(AGAIN_SECONDS)

    async def _snapshots(self, directory: Path) -> "AsyncGenerator[Snapshot]":
        from kalshi_assistant.control.client import attach

        client = await attach(directory)
        hello = client.hello
        self._output.note(f"following process {hello.pid}, {hello.mode} on {hello.environment}")
        try:
            async for snapshot in client.snapshots():
                yield snapshot
            self._output.note(f"the engine has ended: {client.goodbye}")
        finally:
            await client.close()

    def _print(self, snapshot: "Snapshot") -> None:
        from kalshi_assistant.headless import as_text

        records = [each for each in self._lines.feed(snapshot) if each["type"] in self._wanted]
        if self._first is not None:
            records, self._first = records[len(records) - self._first :], None
        for each in records:
            fields = {name: value for name, value in each.items() if name != "type"}
            self._output.record(str(each["type"]), **fields)
            self._output.say(as_text(each))
