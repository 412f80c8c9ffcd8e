"""``run``: the assistant on the venue's feeds; what happens without a command."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from kalshi_assistant.cli.output import ConfigFile, Json, Output
from kalshi_assistant.cli.running import (
    ControlDir,
    Environment,
    NoUi,
    Quiet,
    StateDir,
    wants_screen,
)
from kalshi_assistant.domain.errors import OperatorError

if TYPE_CHECKING:
    from kalshi_assistant.runtime.live import Venue
    from kalshi_assistant.settings import Configuration

HOSTS: Final = {
    "prod": (
        "https://external-api.kalshi.com/trade-api/v2",
        "wss://external-api-ws.kalshi.com/trade-api/ws/v2",
    ),
    "demo": (
        "https://external-api.demo.kalshi.co/trade-api/v2",
        "wss://external-api-ws.demo.kalshi.co/trade-api/ws/v2",
    ),
}
"""REST and WebSocket of each environment, as the venue recommends them."""


def run(
    environment: Environment = None,
    mode: Annotated[
        str | None, typer.Option(metavar="watch", help="Forecasts and signals, no orders.")
    ] = None,
    client_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="client.json of a local exchange, with --env local."),
    ] = None,
    state_dir: StateDir = None,
    windows: Annotated[
        int | None, typer.Option(min=1, help="End after so many windows are settled.")
    ] = None,
    no_ui: NoUi = False,
    as_json: Json = False,
    config: ConfigFile = None,
    quiet: Quiet = False,
    control_dir: ControlDir = None,
) -> int:
    """Watch the venue: index, book, probability, edges and signals. Places no order."""
    from kalshi_assistant.cli.folders import config_file, folders
    from kalshi_assistant.cli.running import compile_kernel, run_engine
    from kalshi_assistant.settings import load

    given = (
        ("environment", "--env", environment),
        ("mode", "--mode", mode),
        ("client_file", "--client-file", None if client_file is None else str(client_file)),
        ("state_dir", "--state-dir", None if state_dir is None else str(state_dir)),
    )
    flags = {name: (flag, value) for name, flag, value in given if value is not None}
    configuration = load(config_file(config), flags=flags)
    places = folders(configuration)
    venue = _venue(configuration)
    if wants_screen(no_ui=no_ui, as_json=as_json):
        from kalshi_assistant.cli.screen import with_screen

        return with_screen(_again(flags, windows, config), control_dir or places.state)
    settings = configuration.settings
    output = Output(as_json=as_json)
    compile_kernel(output)
    return run_engine(
        venue,
        settings.engine,
        settings,
        places,
        output,
        control_dir=control_dir,
        quiet=quiet,
        windows=windows,
    )


def _again(
    flags: dict[str, tuple[str, str]], windows: int | None, config: Path | None
) -> list[str]:
    """The same command for the process behind the screen."""
    words = ["run", *(word for pair in flags.values() for word in pair)]
    if windows is not None:
        words += ["--windows", str(windows)]
    if config is not None:
        words += ["--config", str(config)]
    return words


def _venue(configuration: "Configuration") -> "Venue":
    """The venue of these settings. Raises OperatorError where the key is missing or wrong."""
    from kalshi_assistant.cli.demo import local_venue
    from kalshi_assistant.runtime.clock import SystemClock
    from kalshi_assistant.runtime.live import Venue
    from kalshi_assistant.venues.kalshi.signing import Signer

    settings = configuration.settings
    if settings.environment == "local":
        assert settings.client_file is not None  # the settings reader refuses local without it
        return local_venue(settings.client_file)
    key = configuration.private_key()
    if settings.key_id is None or key is None:
        raise OperatorError(
            "the venue wants a key: write key_id and private_key_path into the configuration, "
            "or see it all without one with `kalshi-assistant demo`"
        )
    rest_url, ws_url = HOSTS[settings.environment]
    return Venue(
        rest_url=rest_url,
        ws_url=ws_url,
        signer=Signer.from_pem(settings.key_id, key, configuration.passphrase),
        clock=SystemClock(),
    )
