"""``demo``: the assistant on a simulated exchange. No key, no network."""

import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from kalshi_assistant.cli.looks import ThemeName, looks
from kalshi_assistant.cli.output import ConfigFile, Json, Output
from kalshi_assistant.cli.running import ControlDir, NoUi, Quiet, StatusEvery, Tied, wants_screen
from kalshi_assistant.domain.errors import PassingError
from kalshi_assistant.domain.ids import SIMULATED

if TYPE_CHECKING:
    from kalshi_assistant.market.sources import SourceSettings
    from kalshi_assistant.runtime.live import Venue
    from kalshi_assistant.venues.kalshi.session import SessionSettings

OPENS_BEFORE_CLOSE: Final = 180
START_SECONDS: Final = 20.0
END_SECONDS: Final = 5.0
LOOK_SECONDS: Final = 0.02
SILENCE_MAX, REPLY_MAX, STALE_MAX, CLOCK_MAX = 3_600.0, 600.0, 60.0, 60_000.0
"""The most that the session's settings allow."""


def demo(
    seed: Annotated[int, typer.Option(min=0, help="The same seed trades the same way.")] = 1,
    speed: Annotated[
        float, typer.Option(min=0.1, max=60, help="Venue seconds per real second.")
    ] = 1.0,
    windows: Annotated[
        int | None, typer.Option(min=1, help="End after so many windows are settled.")
    ] = None,
    no_ui: NoUi = False,
    as_json: Json = False,
    config: ConfigFile = None,
    status_every: StatusEvery = None,
    quiet: Quiet = False,
    tied: Tied = False,
    control_dir: ControlDir = None,
    theme: ThemeName = None,
) -> int:
    """The assistant on a simulated exchange on this machine: no key, no network.

    It opens three minutes before a close with an hour of index history behind it, and buys on
    paper.
    """
    if wants_screen(no_ui=no_ui, as_json=as_json):
        from kalshi_assistant.cli.folders import config_file, folders, journals
        from kalshi_assistant.cli.screen import with_screen
        from kalshi_assistant.settings import load

        configuration = load(config_file(config), channels=True)
        return with_screen(
            _again(seed, speed, windows, config),
            looks=looks(configuration, theme),
            past=journals(folders(configuration)),
        )
    with tempfile.TemporaryDirectory(prefix="kalshi-assistant-demo-") as folder:
        place = Path(folder)
        exchange = _start_exchange(place, seed, speed)
        try:
            return _run(
                exchange,
                place,
                seed,
                speed,
                windows,
                Output(as_json=as_json),
                config,
                quiet=quiet,
                tied=tied,
                control_dir=control_dir,
                status_every=status_every,
            )
        finally:
            _end(exchange)


def _again(seed: int, speed: float, windows: int | None, config: Path | None) -> list[str]:
    """The same command for the process behind the screen."""
    words = ["demo", "--seed", str(seed), "--speed", str(speed)]
    if windows is not None:
        words += ["--windows", str(windows)]
    if config is not None:
        words += ["--config", str(config)]
    return words


def _start_exchange(place: Path, seed: int, speed: float) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "kalshi_assistant", "exchange", "--port", "0"]
    options = ["--client-dir", str(place), "--seed", str(seed), "--speed", str(speed)]
    options += ["--opens-before-close", str(OPENS_BEFORE_CLOSE), "--tied"]
    with (place / "exchange.log").open("wb") as said:
        return subprocess.Popen(  # noqa: S603  # our own program, arguments as a list
            [*command, *options], stdin=subprocess.PIPE, stdout=said, stderr=said
        )


def _run(
    exchange: "subprocess.Popen[bytes]",
    place: Path,
    seed: int,
    speed: float,
    windows: int | None,
    output: Output,
    config: Path | None,
    *,
    quiet: bool,
    tied: bool,
    control_dir: Path | None,
    status_every: float | None,
) -> int:
    from kalshi_assistant.cli.companions import Crew, companions
    from kalshi_assistant.cli.folders import config_file, folders
    from kalshi_assistant.cli.reloading import ConfigReloading
    from kalshi_assistant.cli.running import compile_kernel, run_engine, trading_options
    from kalshi_assistant.cli.trading import LEDGER_NAME
    from kalshi_assistant.settings import load

    configuration = load(config_file(config), channels=True)
    settings, places = configuration.settings, folders(configuration)
    settings = replace(
        settings,
        session=_patient(settings.session, speed),
        sources=_unhurried(settings.sources, speed),
    )
    engine = replace(
        settings.engine,
        mode="paper",
        environment=SIMULATED,
    )
    compile_kernel(output)
    venue = _venue(exchange, place)
    control = control_dir or place / "control"
    # beside its socket, where `status` names it and `clear --state-dir` finds it; the account of
    # a demo before it was of another world
    state = place if (control / LEDGER_NAME).exists() else control
    crew = Crew(companions(settings))
    return run_engine(
        venue,
        engine,
        settings,
        places,
        output,
        control_dir=control,
        quiet=quiet,
        seed=seed,
        windows=windows,
        tied=tied,
        trading=trading_options(settings, state / LEDGER_NAME, state, seed),
        speed=speed,
        crew=crew,
        config=configuration.file,
        reloading=ConfigReloading(config, configuration, appliers={"alerts": crew.renew_alerts}),
        status_every=status_every,
    )


def _patient(session: "SessionSettings", speed: float) -> "SessionSettings":
    """Patience in venue seconds: the processes and sockets between run in real ones."""
    if speed <= 1:
        return session
    return replace(
        session,
        silence_seconds=min(session.silence_seconds * speed, SILENCE_MAX),
        reply_seconds=min(session.reply_seconds * speed, REPLY_MAX),
    )


def _unhurried(sources: "SourceSettings", speed: float) -> "SourceSettings":
    """The same for the index: a millisecond between the processes is many of the venue's."""
    if speed <= 1:
        return sources
    return replace(
        sources,
        stale_seconds=min(sources.stale_seconds * speed, STALE_MAX),
        jump_seconds=min(sources.jump_seconds * speed, STALE_MAX),
        clock_ms=min(sources.clock_ms * speed, CLOCK_MAX),
    )


def _venue(exchange: "subprocess.Popen[bytes]", place: Path) -> "Venue":
    """Where the exchange is, once it says so."""
    from kalshi_assistant.runtime.local_client import CLIENT_FILE

    path, waited = place / CLIENT_FILE, 0.0
    while not path.exists():
        if exchange.poll() is not None or waited > START_SECONDS:
            said = (place / "exchange.log").read_text(errors="replace").strip()
            raise PassingError(f"the simulated exchange did not start: {said or 'it said nothing'}")
        time.sleep(LOOK_SECONDS)
        waited += LOOK_SECONDS
    return local_venue(path)


def local_venue(client_file: Path) -> "Venue":
    """The local exchange that wrote ``client_file``. Raises OperatorError."""
    from kalshi_assistant.runtime.clock import SystemClock
    from kalshi_assistant.runtime.live import Venue
    from kalshi_assistant.runtime.local_client import read_client_file
    from kalshi_assistant.settings.keyfile import read
    from kalshi_assistant.venues.kalshi.signing import Signer

    client = read_client_file(client_file)
    return Venue(
        rest_url=client.rest_url,
        ws_url=client.ws_url,
        signer=Signer.from_pem(client.key_id, read(Path(client.private_key_path))),
        clock=client.clock(SystemClock()),
        spot_urls=client.spot_urls,
        spot_documents=client.spot_documents,
    )


def _end(exchange: "subprocess.Popen[bytes]") -> None:
    if exchange.poll() is None:
        exchange.terminate()
    try:
        exchange.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        exchange.kill()
        exchange.wait()
