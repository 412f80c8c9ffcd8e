"""``flatten``: cancel what rests, sell what is held, and stay out."""

import sys
from typing import Annotated

import typer

from kalshi_assistant.cli.engines import EnvironmentOf, Pid, StateDirOf, Which, ask, found, tell
from kalshi_assistant.cli.output import Json, Output
from kalshi_assistant.cli.running import ControlDir
from kalshi_assistant.domain.errors import OperatorError


def flatten(
    reason: Annotated[str, typer.Option(help="Told in the log.")] = "by the operator",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    environment: EnvironmentOf = None,
    state_dir: StateDirOf = None,
    pid: Pid = None,
    control_dir: ControlDir = None,
    as_json: Json = False,
) -> int:
    """Have the running engine cancel what rests, sell what is held at what is bid, and stay out.

    It asks first; where nobody can answer it wants --yes. New entries wait for `clear`.
    """
    which = Which(environment, state_dir, pid, control_dir)
    found(which)  # whether there is one, before anybody is asked
    if not yes and not _confirmed():
        raise typer.Abort
    return tell("flatten", ask(which, "flatten", reason), Output(as_json=as_json))


def _confirmed() -> bool:
    if not sys.stdin.isatty():
        raise OperatorError("flatten sells everything at what is bid; say --yes where nobody asks")
    return typer.confirm("sell everything at what is bid, and stay out?", err=True)
