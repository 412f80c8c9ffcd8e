"""``attach``: one more screen on an engine that runs."""

from pathlib import Path
from typing import Annotated

import typer

from kalshi_assistant.cli.output import ConfigFile


def attach(
    read_only: Annotated[
        bool, typer.Option("--read-only", help="Only look: no key changes anything.")
    ] = False,
    config: ConfigFile = None,
    control_dir: Annotated[
        Path | None,
        typer.Option("--control-dir", metavar="DIR", help="Where the engine is, if not by config."),
    ] = None,
) -> int:
    """Open a screen on a running engine; closing it leaves the engine alone."""
    import asyncio

    from kalshi_assistant.cli.engine_source import EngineSource
    from kalshi_assistant.cli.folders import config_file, folders
    from kalshi_assistant.control.client import attach as connect
    from kalshi_assistant.settings import load
    from kalshi_assistant.ui.app import AssistantApp

    directory = control_dir or folders(load(config_file(config))).state

    async def look() -> None:
        """Say what is wrong before the screen is taken over."""
        await (await connect(directory)).close()

    asyncio.run(look())
    AssistantApp(EngineSource(directory), on_quit="leave", read_only=read_only).run()
    return 0
