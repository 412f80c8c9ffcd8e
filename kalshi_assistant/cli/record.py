"""``record``: every frame of every source to the frame journal, for later."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final

import typer

from kalshi_assistant.cli.output import ConfigFile, Json, Output
from kalshi_assistant.cli.running import ControlDir, Environment, StateDir

GIGABYTE: Final = 1_000_000_000


def record(
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder of the recording; else recordings of your data."),
    ] = None,
    minutes: Annotated[float | None, typer.Option(min=0.05, help="End after so long.")] = None,
    least_free: Annotated[
        float, typer.Option(min=0, metavar="GB", help="End when less is free on the disk.")
    ] = 2.0,
    environment: Environment = None,
    client_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="client.json of a local exchange, with --env local."),
    ] = None,
    state_dir: StateDir = None,
    no_key: Annotated[bool, typer.Option("--no-key", help="What is public only.")] = False,
    as_json: Json = False,
    config: ConfigFile = None,
    control_dir: ControlDir = None,
) -> int:
    """Record raw frames of the venue, the index and its constituents, indexed by market.

    Nothing is deleted: it ends when the disk is nearly full. `journal info` shows what came of it,
    `journal export` makes tables of it, `replay` runs it again. Places no order.
    """
    from kalshi_assistant.cli.folders import config_file, folders
    from kalshi_assistant.cli.run import flags_of, venue_of
    from kalshi_assistant.cli.running import compile_kernel, run_engine
    from kalshi_assistant.domain.time import SECOND, Nanos
    from kalshi_assistant.runtime.clock import SystemClock
    from kalshi_assistant.runtime.recorder import RecordOptions
    from kalshi_assistant.settings import load

    flags = flags_of(environment, None, client_file, state_dir)
    configuration = load(config_file(config), flags=flags)
    settings, places = configuration.settings, folders(configuration)
    venue, output = venue_of(configuration, no_key=no_key), Output(as_json=as_json)
    engine = replace(settings.engine, mode="record", polled=venue.signer is None)
    directory = out or places.data / "recordings" / engine.environment
    until = None if minutes is None else SystemClock().now() + round(minutes * 60 * SECOND)
    options = RecordOptions(
        least_free_bytes=round(least_free * GIGABYTE),
        until=None if until is None else Nanos(until),
    )
    compile_kernel(output)
    output.note(f"recording to {directory}; Ctrl-C ends it")
    return run_engine(
        venue,
        engine,
        settings,
        places,
        output,
        control_dir=control_dir or places.state / "record",  # may run beside `run`
        quiet=True,
        record=options,
        journal_dir=directory,
    )
