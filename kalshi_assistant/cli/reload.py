"""``reload``: what changed in the configuration file, applied to the running engine."""

from typing import Annotated, Final

import typer

from kalshi_assistant.cli.engines import EnvironmentOf, Pid, StateDirOf, Which, ask, tell
from kalshi_assistant.cli.output import Json, Output
from kalshi_assistant.cli.running import ControlDir

SECONDS: Final = 20.0


def reload(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would change, and how.")
    ] = False,
    environment: EnvironmentOf = None,
    state_dir: StateDirOf = None,
    pid: Pid = None,
    control_dir: ControlDir = None,
    as_json: Json = False,
) -> int:
    """Have the running engine read its configuration anew and apply what may change at once.

    Thresholds, alert rules, and limits that get tighter; what needs a restart is named, and what
    would loosen a limit refuses the whole. A file with a mistake changes nothing (exit code 1).
    """
    which = Which(environment, state_dir, pid, control_dir)
    reply = ask(which, "reload", "dry" if dry_run else "", SECONDS)
    return tell("reload", reply, Output(as_json=as_json))
