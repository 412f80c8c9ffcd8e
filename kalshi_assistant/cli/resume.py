"""``resume``: signals again after ``pause``."""

from kalshi_assistant.cli.engines import EnvironmentOf, Pid, StateDirOf, Which, ask, tell
from kalshi_assistant.cli.output import Json, Output
from kalshi_assistant.cli.running import ControlDir


def resume(
    environment: EnvironmentOf = None,
    state_dir: StateDirOf = None,
    pid: Pid = None,
    control_dir: ControlDir = None,
    as_json: Json = False,
) -> int:
    """Have the running engine make signals again after `pause`. It lifts no halt: see `clear`.

    Exit code 3 where no engine runs.
    """
    which = Which(environment, state_dir, pid, control_dir)
    return tell("resume", ask(which, "resume"), Output(as_json=as_json))
