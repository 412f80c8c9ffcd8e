"""``attach``: one more screen on an engine that runs."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from kalshi_assistant.cli.output import ConfigFile
from kalshi_assistant.cli.running import ControlDir, Environment, StateDir
from kalshi_assistant.domain.errors import OperatorError


def attach(
    read_only: Annotated[
        bool, typer.Option("--read-only", help="Only look: no key changes anything.")
    ] = False,
    environment: Environment = None,
    state_dir: StateDir = None,
    config: ConfigFile = None,
    control_dir: ControlDir = None,
) -> int:
    """Open a screen on a running engine; closing it leaves the engine alone."""
    import asyncio

    from kalshi_assistant.cli.engine_source import EngineSource
    from kalshi_assistant.control.client import attach as connect
    from kalshi_assistant.ui.app import AssistantApp

    directory = control_dir or _state(environment, state_dir, config)

    async def look() -> None:
        """Say what is wrong before the screen is taken over."""
        await (await connect(directory)).close()

    asyncio.run(look())
    AssistantApp(EngineSource(directory), on_quit="leave", read_only=read_only).run()
    return 0


def _state(environment: str | None, state_dir: Path | None, config: Path | None) -> Path:
    """Where the engine of an environment keeps its state; its venue need not be reachable."""
    from kalshi_assistant.cli.folders import config_file, folders
    from kalshi_assistant.settings import load

    flags = {} if state_dir is None else {"state_dir": ("--state-dir", str(state_dir))}
    configuration = load(config_file(config), flags=flags)
    settings = configuration.settings
    match environment:
        case None:
            pass
        case "local":  # its key is in the exchange's own file
            settings = replace(settings, environment="local", key_id=None)
        case "prod" | "demo":
            settings = replace(settings, environment=environment)
        case _:
            raise OperatorError(f"--env is {environment!r}; write prod, demo or local")
    return folders(replace(configuration, settings=settings)).state
