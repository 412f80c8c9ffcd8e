"""``pause``: no signals until ``resume``; what is held stays, and exits go on."""

from typing import Annotated

import typer

from kalshi_assistant.cli.engines import EnvironmentOf, Pid, StateDirOf, Which, ask, tell
from kalshi_assistant.cli.output import Json, Output
from kalshi_assistant.cli.running import ControlDir


def pause(
    reason: Annotated[str, typer.Option(help="Shown on every screen.")] = "by the operator",
    environment: EnvironmentOf = None,
    state_dir: StateDirOf = None,
    pid: Pid = None,
    control_dir: ControlDir = None,
    as_json: Json = False,
) -> int:
    """Have the running engine make no signals until `resume`; positions and exits go on.

    Exit code 3 where no engine runs.
    """
    which = Which(environment, state_dir, pid, control_dir)
    return tell("pause", ask(which, "pause", reason), Output(as_json=as_json))
