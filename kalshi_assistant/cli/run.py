"""``run``: the assistant on the venue's feeds; what happens without a command."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from kalshi_assistant.cli.looks import ThemeName, looks
from kalshi_assistant.cli.output import ConfigFile, Json, Output
from kalshi_assistant.cli.running import (
    ControlDir,
    Environment,
    NoUi,
    Quiet,
    StateDir,
    StatusEvery,
    wants_screen,
)
from kalshi_assistant.cli.trading import LIVE, ClientFile

if TYPE_CHECKING:
    from kalshi_assistant.cli.companions import Crew
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


Mode = Annotated[
    str | None,
    typer.Option(metavar="watch|paper|live", help="No orders, on paper, or real ones."),
]
Windows = Annotated[int | None, typer.Option(min=1, help="End after so many windows are settled.")]
NoKey = Annotated[bool, typer.Option("--no-key", help="As without a key: what is public, polled.")]


def run(
    environment: Environment = None,
    mode: Mode = None,
    client_file: ClientFile = None,
    state_dir: StateDir = None,
    windows: Windows = None,
    no_key: NoKey = False,
    no_ui: NoUi = False,
    as_json: Json = False,
    config: ConfigFile = None,
    status_every: StatusEvery = None,
    quiet: Quiet = False,
    control_dir: ControlDir = None,
    theme: ThemeName = None,
) -> int:
    """The assistant on the venue: index, book, probability, edges, signals; orders if you say so.

    Without a key it polls what is public and estimates the index from the exchanges it is made of;
    signals are then for information only. Real orders in production need all that `doctor` and
    `arm` ask for.
    """
    from kalshi_assistant.cli.folders import config_file, folders, journals
    from kalshi_assistant.cli.kill_apart import kill_of
    from kalshi_assistant.cli.live_trading import consented, trading_of
    from kalshi_assistant.cli.reloading import ConfigReloading
    from kalshi_assistant.cli.running import compile_kernel, run_engine
    from kalshi_assistant.settings import load

    flags = flags_of(environment, mode, client_file, state_dir)
    configuration = load(config_file(config), flags=flags, channels=True)
    places = folders(configuration)
    venue = venue_of(configuration, no_key=no_key)
    trading = trading_of(configuration, places, with_key=venue.signer is not None)
    consent = consented(configuration)
    if wants_screen(no_ui=no_ui, as_json=as_json):
        from kalshi_assistant.cli.screen import with_screen

        again = _again(flags, windows, config, no_key=no_key)
        return with_screen(
            again,
            control_dir or places.state,
            looks=looks(configuration, theme),
            past=journals(places),
            kill=kill_of(configuration, places.state),
            consent=consent,
        )
    settings = configuration.settings
    output = Output(as_json=as_json)
    compile_kernel(output)
    if venue.signer is None:
        output.note("no key: books are polled, signals are for information only")
    crew = _crew(configuration)
    return run_engine(
        venue,
        replace(settings.engine, polled=venue.signer is None),
        settings,
        places,
        output,
        control_dir=control_dir,
        quiet=quiet,
        windows=windows,
        trading=None if trading is None else trading(consent is not None),
        crew=crew,
        config=configuration.file,
        reloading=ConfigReloading(
            config, configuration, flags, appliers={"alerts": crew.renew_alerts}
        ),
        status_every=status_every,
    )


def _crew(configuration: "Configuration") -> "Crew":
    """The processes beside this engine: one that trades for real has one that waits for kill
    files.
    """
    from kalshi_assistant.cli.companions import Crew, companions
    from kalshi_assistant.cli.kill_apart import watcher

    wanted = companions(configuration.settings)
    if configuration.settings.mode == LIVE:
        wanted += (watcher(configuration),)
    return Crew(wanted)


def flags_of(
    environment: str | None, mode: str | None, client_file: Path | None, state_dir: Path | None
) -> dict[str, tuple[str, str]]:
    """What the command line says, as the settings reader takes it."""
    given = (
        ("environment", "--env", environment),
        ("mode", "--mode", mode),
        ("client_file", "--client-file", None if client_file is None else str(client_file)),
        ("state_dir", "--state-dir", None if state_dir is None else str(state_dir)),
    )
    return {name: (flag, value) for name, flag, value in given if value is not None}


def _again(
    flags: dict[str, tuple[str, str]], windows: int | None, config: Path | None, *, no_key: bool
) -> list[str]:
    """The same command for the process behind the screen."""
    words = ["run", *(word for pair in flags.values() for word in pair)]
    if windows is not None:
        words += ["--windows", str(windows)]
    if config is not None:
        words += ["--config", str(config)]
    return [*words, "--no-key"] if no_key else words


def venue_of(configuration: "Configuration", *, no_key: bool) -> "Venue":
    """The venue of these settings. Raises OperatorError where a key is wrong."""
    from kalshi_assistant.cli.demo import local_venue
    from kalshi_assistant.runtime.clock import SystemClock
    from kalshi_assistant.runtime.live import Venue
    from kalshi_assistant.venues.brti.auth import basic_authorization
    from kalshi_assistant.venues.kalshi.signing import Signer

    settings = configuration.settings
    if settings.environment == "local":
        assert settings.client_file is not None  # the settings reader refuses local without it
        local = local_venue(settings.client_file)
        return replace(local, signer=None) if no_key else local
    key = None if no_key else configuration.private_key()
    signer = None
    if settings.key_id is not None and key is not None:
        signer = Signer.from_pem(settings.key_id, key, configuration.passphrase)
    licence = configuration.publisher
    rest_url, ws_url = HOSTS[settings.environment]
    return Venue(
        rest_url=rest_url,
        ws_url=ws_url,
        signer=signer,
        clock=SystemClock(),
        publisher=None if licence is None else basic_authorization(*licence),
    )
