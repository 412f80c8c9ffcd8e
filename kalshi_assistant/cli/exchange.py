"""``kalshi-assistant exchange``: the simulated exchange alone, for any client of the real one."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kalshi_assistant.cli.output import Json, Output
from kalshi_assistant.cli.running import Tied
from kalshi_assistant.cli.stopping import Stop
from kalshi_assistant.domain.time import format_iso

if TYPE_CHECKING:
    from kalshi_assistant.runtime.local_client import ClientFile
    from kalshi_assistant.runtime.local_exchange import LocalExchangeOptions


def exchange(
    port: Annotated[
        int, typer.Option(min=0, max=65_535, help="Port on 127.0.0.1; 0 takes a free one.")
    ],
    client_dir: Annotated[
        Path, typer.Option(metavar="DIR", help="Where client.json and the private key go.")
    ],
    seed: Annotated[int, typer.Option(min=0, help="The same seed trades the same way.")] = 0,
    speed: Annotated[
        float, typer.Option(min=0.01, max=1_000, help="Venue seconds per real second.")
    ] = 1.0,
    rsa: Annotated[
        bool, typer.Option("--rsa", help="Make an RSA key, for clients without Ed25519.")
    ] = False,
    opens_before_close: Annotated[
        int | None,
        typer.Option(min=1, max=900, help="Start so many seconds before a quarter hour, not now."),
    ] = None,
    tied: Tied = False,
    as_json: Json = False,
) -> int:
    """Serve the simulated exchange on this machine until interrupted."""
    from kalshi_assistant.runtime.local_exchange import LocalExchangeOptions

    options = LocalExchangeOptions(
        client_dir=client_dir,
        port=port,
        seed=seed,
        speed=speed,
        key="rsa" if rsa else "ed25519",
        opens_before_close=opens_before_close,
    )
    return asyncio.run(_until_stopped(options, Output(as_json=as_json), tied=tied))


async def _until_stopped(options: "LocalExchangeOptions", output: Output, *, tied: bool) -> int:
    """Serve until a signal, or until what started it is gone."""
    from kalshi_assistant.runtime.clock import SystemClock
    from kalshi_assistant.runtime.local_exchange import serve

    stop = Stop(tied=tied)
    await serve(
        options, SystemClock(), stop.event, lambda client: _announce(client, options, output)
    )
    return stop.exit_code


def _announce(client: "ClientFile", options: "LocalExchangeOptions", output: Output) -> None:
    from kalshi_assistant.runtime.local_client import CLIENT_FILE

    path = options.client_dir.absolute() / CLIENT_FILE
    started = format_iso(client.venue_time_at_start)
    output.record(
        "exchange",
        rest_url=client.rest_url,
        ws_url=client.ws_url,
        client_file=str(path),
        speed=client.speed,
        venue_time=started,
    )
    output.note(f"exchange at {client.rest_url}, venue time {started}, speed {client.speed:g}")
    output.note(f"clients read {path}; Ctrl-C ends it")
