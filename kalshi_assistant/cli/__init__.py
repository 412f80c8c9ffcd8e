"""The command line: one file per command, and the only place where rooms are joined.

**Invariant:** importing this package, and any file of it, loads neither numba nor Textual; a
command imports what it needs when it runs. Every way out of the program passes ``main``, which
turns it into an exit code:

| code | meaning                                                       |
|------|---------------------------------------------------------------|
| 0    | done (or the reader of our output went away)                  |
| 1    | the thing asked about is not so                               |
| 2    | wrong use or configuration                                    |
| 3    | the outside is missing: network, venue, key refused           |
| 4    | halted by risk                                                |
| 130  | interrupted                                                   |
"""

import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Annotated, Final

import typer

from kalshi_assistant import __version__
from kalshi_assistant.cli import folders
from kalshi_assistant.cli.output import ReaderGone, discard_output
from kalshi_assistant.domain.errors import AssistantError

PROGRAM: Final = "kalshi-assistant"
INTERRUPTED: Final = 130

COMMANDS: Final = {
    "run": "The assistant on the venue's feeds; what happens without a command.",
    "demo": "The same on a simulated exchange: no key, no network.",
    "exchange": "The simulated exchange alone, for any client.",
    "replay": "Event journals or raw recordings, run through again.",
    "evaluate": "How good the number is, on recorded markets.",
    "explain": "One window again: what was known, decided, traded, and why.",
    "backtest": "What trading the signals would have come to, on recordings, journals, panels.",
    "sweep": "Many settings on one past, and what is left of the best one.",
    "panel": "Recorded markets to evaluate, from your own journals.",
    "record": "Every frame of every source to disk, for later.",
    "data": "The past, brought in and looked after: list, fetch, import, verify, synthesize.",
    "history": "What was traded, ordered and paid out.",
    "positions": "What is held, and the cash beside it.",
    "pnl": "Profit by day, and what it came from.",
    "paper": "The account on paper: reset.",
    "report": "A period: profit by day, evidence, verdicts, calibration, worst windows.",
    "export": "The ledger as a table: everything, or for taxes.",
    "risk": "Every limit and breaker, and what they come to: explain.",
    "kill": "Halt for good, cancel our orders, read that they are gone.",
    "clear": "Lift the halts: a person, at the machine, by typing.",
    "arm": "Grant a day of live trading to processes that nobody watches.",
    "init": "A first configuration from a few answers.",
    "doctor": "Is everything fit to trade, and how to mend what is not.",
    "journal": "What is in journals: info, verify, export.",
    "sql": "Queries over windows, forecasts, signals, orders, fills.",
    "soak": "Seeded days of bad feeds, and what must hold on each.",
    "alert": "Tell who is not looking: run, test a channel, show the rules.",
    "attach": "One more screen on a running engine.",
    "status": "How the running engine stands, once.",
    "pause": "No signals until resume; what is held stays.",
    "resume": "Signals again after pause.",
    "flatten": "Cancel what rests, sell what is held, stay out.",
    "reload": "Apply what changed in the configuration file.",
    "tail": "What the running engine tells, line by line.",
    "serve": "A running engine over HTTP: metrics, state, a stream.",
    "web": "The screen in a browser, read-only, behind a token.",
    "config": "Check, show or describe the settings.",
}
"""Every command with its line in ``--help``; ``cli/NAME.py`` holds it under its own name."""

_ROOT_FLAGS: Final = ("--help", "--version", "--install-completion", "--show-completion")
_COMPLETING: Final = "_KALSHI_ASSISTANT_COMPLETE"


def with_command(arguments: Sequence[str]) -> list[str]:
    """The arguments with ``run`` in front where no command was named."""
    if not arguments or (arguments[0].startswith("-") and arguments[0] not in _ROOT_FLAGS):
        return ["run", *arguments]
    return list(arguments)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"{PROGRAM} {__version__}")
        raise typer.Exit


def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """A measuring instrument for Kalshi's 15-minute BTC markets, in a terminal."""


def _not_chosen() -> None:
    """Stands for a command that this call does not run, so that its file is not read."""


def _body(name: str) -> Callable[..., object] | typer.Typer:
    """The command itself, from its file."""
    body: Callable[..., object] | typer.Typer = getattr(
        import_module(f"kalshi_assistant.cli.{name}"), name
    )
    return body


def application(chosen: Sequence[str]) -> typer.Typer:
    """The command line with the ``chosen`` commands read from their files, the others named."""
    app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)
    app.callback()(_root)
    for name, summary in COMMANDS.items():
        body = _body(name) if name in chosen else _not_chosen
        if isinstance(body, typer.Typer):
            app.add_typer(body, name=name, help=summary)
        else:
            app.command(name, short_help=summary)(body)
    return app


def _perform(arguments: list[str]) -> int:
    """Run the command named first. What it returns, if a number, is the exit code."""
    chosen = list(COMMANDS) if _COMPLETING in os.environ else arguments[:1]
    command = typer.main.get_command(application(chosen))
    try:
        result = command.main(args=arguments, prog_name=PROGRAM, standalone_mode=False)
    except typer.TyperException as error:
        sys.stderr.write(f"{PROGRAM}: {error.format_message()}\n")
        sys.stderr.write(f"`{PROGRAM} --help` lists the commands, each takes --help as well\n")
        return error.exit_code
    except SystemExit as stop:
        # typer leaves with 1 on a closed pipe; to us that is no failure
        if isinstance(stop.__context__, BrokenPipeError):
            raise ReaderGone from stop
        raise
    sys.stdout.flush()
    return result if isinstance(result, int) else 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program and return its exit code."""
    given = with_command(sys.argv[1:] if arguments is None else arguments)
    os.environ.setdefault("NUMBA_CACHE_DIR", str(folders.compiled_code()))
    try:
        return _perform(given)
    except (ReaderGone, BrokenPipeError):
        discard_output()
        return 0
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except AssistantError as error:
        sys.stderr.write(f"{PROGRAM}: {error}\n")
        return error.exit_code
