"""``attach``: one more screen on an engine that runs."""

from typing import Annotated

import typer

from kalshi_assistant.cli.folders import configuration_of, folders, journals
from kalshi_assistant.cli.looks import ThemeName, looks
from kalshi_assistant.cli.output import ConfigFile
from kalshi_assistant.cli.running import ControlDir, Environment, StateDir


def attach(
    read_only: Annotated[
        bool, typer.Option("--read-only", help="Only look: no key changes anything.")
    ] = False,
    environment: Environment = None,
    state_dir: StateDir = None,
    config: ConfigFile = None,
    control_dir: ControlDir = None,
    theme: ThemeName = None,
) -> int:
    """Open a screen on a running engine; closing it leaves the engine alone."""
    import asyncio

    from kalshi_assistant.cli.engine_source import EngineSource
    from kalshi_assistant.cli.engines import Which, found
    from kalshi_assistant.cli.kill_apart import kill_of
    from kalshi_assistant.control.client import attach as connect
    from kalshi_assistant.runtime.past import RebuiltPast
    from kalshi_assistant.ui.app import AssistantApp

    configuration = configuration_of(environment, state_dir, config)
    own = folders(configuration)
    directory = found(Which(environment, state_dir, None, control_dir))

    async def look() -> tuple[str, str]:
        """Say what is wrong before the screen is taken over; the engine's environment and mode."""
        client = await connect(directory)
        await client.close()
        return client.hello.environment, client.hello.mode

    settings = configuration.settings
    same = asyncio.run(look()) == (settings.environment, str(settings.mode))
    AssistantApp(
        EngineSource(directory),
        on_quit="leave",
        read_only=read_only,
        past=RebuiltPast(journals(own)),
        kill=kill_of(configuration, own.state) if same else None,
        **looks(configuration, theme, remembers=not read_only),
    ).run()
    return 0
