"""The process beside an engine takes orders out for a kill file that nobody else acts on."""

import os
import sys

import pytest

from kalshi_assistant.cli.kill_apart import AT_WORK_SECONDS, kill_command, screen_kill, watch
from kalshi_assistant.domain.time import SECOND
from kalshi_assistant.runtime.clock import SystemClock
from kalshi_assistant.runtime.kill_file import kill_path, remove_kill, write_kill
from kalshi_assistant.runtime.kill_result import (
    LOG_NAME,
    KillResult,
    begin,
    result_path,
    write_result,
)
from kalshi_assistant.settings import Configuration, Settings


class Steps:
    """Stands for the end of standard input: does a step whenever it is asked, and then ends."""

    def __init__(self, *steps):
        self._steps = list(steps)

    def wait(self, _seconds):
        if not self._steps:
            return True
        self._steps.pop(0)()
        return False


def watched(state, *steps):
    reasons = []
    watch(state, reasons.append, Steps(*steps, lambda: None, lambda: None))
    return reasons


def ended(state, code=0):
    now = SystemClock().now()
    write_result(state, KillResult(now, now, code, "halted"))


def older(path, seconds):
    stamp = path.stat().st_mtime_ns - seconds * SECOND
    os.utime(path, ns=(stamp, stamp))


def test_a_kill_file_made_by_hand_is_acted_on_once_and_so_is_the_next(tmp_path):
    assert watched(
        tmp_path,
        kill_path(tmp_path).touch,
        lambda: write_kill(tmp_path, "the same one, written anew"),
        lambda: remove_kill(tmp_path),
        lambda: write_kill(tmp_path, "again"),
    ) == ["a kill file without a reason", "again"]


def test_one_that_was_there_at_the_start_is_acted_on_unless_a_kill_came_after_it(tmp_path):
    write_kill(tmp_path, "before")
    assert watched(tmp_path) == ["before"]
    ended(tmp_path)
    assert watched(tmp_path) == []


def test_a_kill_at_work_is_left_to_it_until_it_ends(tmp_path):
    assert (
        watched(
            tmp_path,
            lambda: begin(tmp_path, SystemClock().now()),
            lambda: write_kill(tmp_path, "by key"),
            lambda: None,
            lambda: ended(tmp_path),
        )
        == []
    )


def test_a_kill_that_died_at_work_is_followed_by_another(tmp_path):
    long_ago = SystemClock().now() - int((AT_WORK_SECONDS + 1) * SECOND)
    begin(tmp_path, long_ago)
    assert watched(tmp_path, lambda: write_kill(tmp_path, "by key")) == ["by key"]


def test_a_result_from_before_the_kill_file_says_nothing_of_it(tmp_path):
    ended(tmp_path)
    older(result_path(tmp_path), 5)
    assert watched(tmp_path, kill_path(tmp_path).touch) == ["a kill file without a reason"]


def test_a_result_that_makes_no_sense_holds_nothing_up(tmp_path):
    result_path(tmp_path).write_text("{")
    assert watched(tmp_path, lambda: write_kill(tmp_path, "x")) == ["x"]


def test_the_command_is_for_the_same_account_and_folders(tmp_path):
    settings = Settings(environment="local", client_file=tmp_path / "c.json", state_dir=tmp_path)
    words = kill_command(
        Configuration(settings=settings, file=tmp_path / "c.yaml", origins={}, secrets={}), "paper"
    )
    assert words[1:] == (
        *("-m", "kalshi_assistant", "kill", "--mode", "paper", "--env", "local"),
        *("--client-file", f"{tmp_path}/c.json", "--state-dir", f"{tmp_path}"),
        *("--config", f"{tmp_path}/c.yaml"),
    )


@pytest.mark.process
async def test_a_screen_s_own_kill_answers_what_came_of_it(tmp_path):
    program = "import sys; print('said', sys.argv[1:]); sys.exit(0)"
    ended(tmp_path)
    answer = await screen_kill(tmp_path, (sys.executable, "-c", program))("from the screen")
    assert answer == f"kill ended with 0: halted ({result_path(tmp_path)})"
    assert "from the screen" in (tmp_path / LOG_NAME).read_text()
