"""What ``run`` and ``demo`` share: the engine in this process, with lines or quiet."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kalshi_assistant.cli.output import Output

if TYPE_CHECKING:
    from kalshi_assistant.cli.folders import Folders
    from kalshi_assistant.engine.settings import EngineSettings
    from kalshi_assistant.runtime.live import LiveOptions, Venue
    from kalshi_assistant.runtime.logs import Logs
    from kalshi_assistant.settings import Settings

NoUi = Annotated[bool, typer.Option("--no-ui", help="No screen: lines of text, or JSON lines.")]
Quiet = Annotated[bool, typer.Option("--quiet", hidden=True, help="Not even lines.")]
Environment = Annotated[
    str | None, typer.Option("--env", metavar="prod|demo|local", help="Which venue.")
]
StateDir = Annotated[
    Path | None, typer.Option("--state-dir", metavar="DIR", help="Another folder for state.")
]
ControlDir = Annotated[
    Path | None, typer.Option("--control-dir", hidden=True, help="Folder of the control socket.")
]


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
) -> int:
    """Run an engine here until it is stopped; answers the exit code."""
    from kalshi_assistant.runtime.live import LiveOptions
    from kalshi_assistant.runtime.logs import open_logs

    compile_kernel(output)

    options = LiveOptions(
        session=settings.session,
        journal=settings.journal,
        inbox=settings.inbox,
        control=settings.control,
        control_dir=control_dir or places.state,
        journal_dir=places.data / "journals" / engine.environment,
        seed=seed,
        windows=windows,
    )
    logs = open_logs(places.logs, venue.clock)
    try:
        return asyncio.run(_live(venue, engine, options, logs, output, quiet=quiet))
    finally:
        logs.close()


async def _live(
    venue: "Venue",
    engine: "EngineSettings",
    options: "LiveOptions",
    logs: "Logs",
    output: Output,
    *,
    quiet: bool,
) -> int:
    from kalshi_assistant import headless
    from kalshi_assistant.runtime.live import Live

    live = Live(venue, engine, options, logs)
    return await live.run(None if quiet else headless.run(live, as_json=output.as_json))


def compile_kernel(output: Output) -> None:
    """Have the machine code ready; say so when it has to be made first."""
    from kalshi_assistant.runtime.warm import is_compiled, warm_up

    if not is_compiled():
        output.note("compiling the number for this machine, once: some ten seconds")
    warm_up()
