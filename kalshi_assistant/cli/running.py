"""What ``run`` and ``demo`` share: the engine in this process, with lines or quiet."""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from kalshi_assistant.cli.output import Output

if TYPE_CHECKING:
    from kalshi_assistant.cli.companions import Crew
    from kalshi_assistant.cli.folders import Folders
    from kalshi_assistant.engine.settings import EngineSettings
    from kalshi_assistant.runtime.live import Live, LiveOptions, Venue
    from kalshi_assistant.runtime.logs import Logs
    from kalshi_assistant.runtime.recorder import RecordOptions
    from kalshi_assistant.runtime.reloading import Reloading
    from kalshi_assistant.runtime.trading import MayArm, TradingOptions
    from kalshi_assistant.settings import Settings

VERSIONS: Final = "config-versions"
"""Folder of the last settings that were in force, below the state folder."""
NoUi = Annotated[bool, typer.Option("--no-ui", help="No screen: lines of text, or JSON lines.")]
StatusEvery = Annotated[
    float | None,
    typer.Option(
        "--status-every",
        metavar="SECONDS",
        min=0,
        help="Without a screen: a line of status on standard error; 0: none.",
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", hidden=True, help="Not even lines.")]
Tied = Annotated[bool, typer.Option("--tied", hidden=True, help="End when standard input closes.")]
Environment = Annotated[
    str | None, typer.Option("--env", metavar="prod|demo|local", help="Which venue.")
]
StateDir = Annotated[
    Path | None, typer.Option("--state-dir", metavar="DIR", help="Another folder for state.")
]
ControlDir = Annotated[
    Path | None, typer.Option("--control-dir", hidden=True, help="Folder of the control socket.")
]


def wants_screen(*, no_ui: bool, as_json: bool) -> bool:
    """Whether to open the screen: not where nobody could see it, which is told."""
    if no_ui or as_json:
        return False
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        sys.stderr.write("no terminal here: lines of text instead of the screen\n")
        return False
    return True


def run_engine(
    venue: "Venue",
    engine: "EngineSettings",
    settings: "Settings",
    places: "Folders",
    output: Output,
    *,
    control_dir: Path | None,
    quiet: bool,
    seed: int | None = None,
    windows: int | None = None,
    tied: bool = False,
    record: "RecordOptions | None" = None,
    journal_dir: Path | None = None,
    trading: "TradingOptions | None" = None,
    speed: float = 1.0,
    crew: "Crew | None" = None,
    config: Path | None = None,
    reloading: "Reloading | None" = None,
    status_every: float | None = None,
) -> int:
    """Run an engine here until it is stopped, with its ``crew`` (which reads ``config``);
    answers the exit code.
    """
    from kalshi_assistant.cli.companions import Crew
    from kalshi_assistant.cli.engines import running_dir
    from kalshi_assistant.cli.folders import journals
    from kalshi_assistant.runtime.live import LiveOptions
    from kalshi_assistant.runtime.logs import open_logs

    options = LiveOptions(
        session=replace(settings.session, private_channels=engine.mode == "live"),
        journal=settings.journal,
        inbox=settings.inbox,
        control=settings.control,
        spot=settings.spot,
        cf=settings.cf,
        control_dir=control_dir or places.state,
        journal_dir=journal_dir or journals(places) / engine.environment,
        record=record,
        seed=seed,
        windows=windows,
        trading=trading,
        speed=speed,
        reloading=reloading,
        versions_dir=(control_dir or places.state) / VERSIONS,
        running_dir=running_dir(),
    )
    logs = open_logs(places.logs, venue.clock)
    try:
        every = settings.headless.status_seconds if status_every is None else status_every
        lines = None if quiet else partial(_lines, as_json=output.as_json, status_seconds=every)
        with (crew or Crew(())).beside(options.control_dir, config, places.logs, output.note):
            return asyncio.run(_live(venue, engine, options, logs, output, lines, tied=tied))
    finally:
        logs.close()


def trading_options(
    settings: "Settings",
    ledger: Path,
    state: Path,
    seed: int | None,
    may_arm: "MayArm | None" = None,
    kill_command: tuple[str, ...] = (),
) -> "TradingOptions":
    """How a process trades; without ``may_arm`` nothing stands in its way but risk."""
    from kalshi_assistant.runtime.trading import TradingOptions

    return TradingOptions(
        ledger=ledger,
        state=state,
        gateway=settings.gateway,
        may_arm=may_arm or (lambda _clean, _funds: None),
        seed=seed or 0,
        kill_command=kill_command,
    )


async def _live(
    venue: "Venue",
    engine: "EngineSettings",
    options: "LiveOptions",
    logs: "Logs",
    output: Output,
    lines: "Callable[[Live], Coroutine[None, None, int]] | None",
    *,
    tied: bool,
) -> int:
    from kalshi_assistant.runtime.live import Live
    from kalshi_assistant.runtime.operator import on_closed_stdin

    live = Live(venue, engine, options, logs, output.note)
    if tied:
        on_closed_stdin(live.stop)
    return await live.run(None if lines is None else lines(live))


async def _lines(live: "Live", *, as_json: bool, status_seconds: float) -> int:
    """What a run without a screen prints."""
    from kalshi_assistant import headless

    return await headless.run(live, as_json=as_json, status_seconds=status_seconds)


def compile_kernel(output: Output) -> None:
    """Have the machine code ready; say so when it has to be made first."""
    from kalshi_assistant.runtime.compiling import compile_both
    from kalshi_assistant.runtime.warm import is_compiled, warm_learning, warm_up

    if not is_compiled():
        output.note("compiling the number for this machine, once: some ten seconds")
        compile_both("warm_number", warm_learning)
    warm_up()
