"""``serve``: metrics, the newest state and a stream of states over HTTP, from a running engine."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from kalshi_assistant.cli.folders import configuration_of, folders
from kalshi_assistant.cli.output import ConfigFile, Json, Output
from kalshi_assistant.cli.running import ControlDir, Environment, StateDir, Tied
from kalshi_assistant.cli.stopping import Stop

if TYPE_CHECKING:
    import socket

    from kalshi_assistant.metrics.serving import HttpApi

Host = Annotated[
    str | None, typer.Option("--host", metavar="ADDRESS", help="Where to listen; 127.0.0.1.")
]
Port = Annotated[int | None, typer.Option("--port", min=0, max=65_535, help="0 takes a free one.")]


def serve(
    port: Port = None,
    host: Host = None,
    environment: Environment = None,
    state_dir: StateDir = None,
    as_json: Json = False,
    config: ConfigFile = None,
    control_dir: ControlDir = None,
    tied: Tied = False,
) -> int:
    """Show a running engine over HTTP until interrupted; it may come later, end and come again.

    /metrics for Prometheus, /api/v1/state and /api/v1/stream as JSON; POST
    /api/v1/trading/start and stop, for who has the token, in watch and paper.
    """
    from dataclasses import replace

    from kalshi_assistant.metrics.door import checked_token, listen
    from kalshi_assistant.metrics.reading import EngineReader
    from kalshi_assistant.metrics.serving import HttpApi

    configuration = configuration_of(environment, state_dir, config)
    http = configuration.settings.http
    http = replace(http, host=host or http.host, port=http.port if port is None else port)
    token = configuration.http_token()
    if token is not None:
        token = checked_token(token, "the HTTP interface")
    reader = EngineReader(control_dir or folders(configuration).state)
    api = HttpApi(reader, http, token)
    listener = listen(http.host, http.port, "http.port")
    return asyncio.run(_until_stopped(api, listener, Output(as_json=as_json), tied=tied))


async def _until_stopped(
    api: "HttpApi", listener: "socket.socket", output: Output, *, tied: bool
) -> int:
    from kalshi_assistant.metrics.door import serve_until, url_of

    stop = Stop(tied=tied)
    reading = asyncio.create_task(api.run())
    reading.add_done_callback(lambda _: stop.event.set())  # it ends only by a mistake of ours
    url = url_of(listener)
    output.record("serve", url=url)
    output.note(f"metrics at {url}/metrics, state at {url}/api/v1/state; Ctrl-C ends it")
    try:
        await serve_until(api.application(), listener, stop.event)
    finally:
        reading.cancel()
    if not reading.cancelled() and reading.done():
        reading.result()
    return stop.exit_code
