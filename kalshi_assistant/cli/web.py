"""``web``: the screen in a browser, read-only, behind a token."""

import asyncio
import secrets
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kalshi_assistant.cli.folders import configuration_of, folders
from kalshi_assistant.cli.output import ConfigFile, Json, Output
from kalshi_assistant.cli.running import ControlDir, Environment, StateDir, Tied
from kalshi_assistant.cli.serve import Host, Port
from kalshi_assistant.cli.stopping import Stop

if TYPE_CHECKING:
    import socket

    from kalshi_assistant.web.serving import WebScreens


def web(
    port: Port = None,
    host: Host = None,
    open_browser: Annotated[
        bool, typer.Option("--open", help="Open it in your browser as well.")
    ] = False,
    environment: Environment = None,
    state_dir: StateDir = None,
    as_json: Json = False,
    config: ConfigFile = None,
    control_dir: ControlDir = None,
    tied: Tied = False,
) -> int:
    """Show the screen of a running engine in browsers, until interrupted.

    Each browser gets a screen of its own that only looks. The printed address holds a token drawn
    for this start (or bring yours as KALSHI_ASSISTANT__HTTP_TOKEN); without it nothing is shown.
    """
    from kalshi_assistant.control.client import attach
    from kalshi_assistant.domain.secrets import Secret
    from kalshi_assistant.metrics.door import checked_token, is_loopback, listen, url_of
    from kalshi_assistant.web.screens import attach_command
    from kalshi_assistant.web.serving import WebScreens

    output = Output(as_json=as_json)
    configuration = configuration_of(environment, state_dir, config)
    settings = configuration.settings.web
    settings = replace(
        settings, host=host or settings.host, port=settings.port if port is None else port
    )
    own = configuration.http_token()
    token = checked_token(own or Secret(secrets.token_urlsafe(32)), "the browser")
    directory = control_dir or folders(configuration).state
    words = ["--control-dir", str(directory.absolute())]
    words += [] if config is None else ["--config", str(config.absolute())]

    async def probe() -> None:
        """Raises where no engine is."""
        await (await attach(directory)).close()

    listener = listen(settings.host, settings.port, "web.port")
    screens = WebScreens(attach_command(words), probe, settings, token, listener.getsockname()[1])
    if not is_loopback(settings.host):
        output.note("other machines can ask here, and nothing is encrypted: mind who listens")
    query = "THE-TOKEN-YOU-SET" if own is not None else token.reveal()
    address = f"{url_of(listener)}/?token={query}"
    opened = f"{url_of(listener)}/?token={token.reveal()}" if open_browser else None
    return asyncio.run(_until_stopped(screens, listener, output, address, opened, tied=tied))


async def _until_stopped(
    screens: "WebScreens",
    listener: "socket.socket",
    output: Output,
    address: str,
    opened: str | None,
    *,
    tied: bool,
) -> int:
    from kalshi_assistant.metrics.door import serve_until
    from kalshi_assistant.web.opening import open_in_browser

    stop = Stop(tied=tied)
    output.record("web", url=address)
    output.say(address)
    output.note("a read-only screen for each browser; Ctrl-C ends it")
    with tempfile.TemporaryDirectory(prefix="kalshi-assistant-web-") as folder:
        serving = asyncio.create_task(serve_until(screens.application(), listener, stop.event))
        if opened is not None and not await asyncio.to_thread(
            open_in_browser, opened, Path(folder)
        ):
            output.note("there is no browser here: open the address above in one")
        await serving
    return stop.exit_code
