"""The kill as a process of its own: how it is started, and who starts it for a kill file.

The engine starts one for the key K and one more process beside itself, which waits for a kill file
and needs nothing of the engine: one that hangs has its orders taken out all the same. A screen
whose engine does not answer starts one itself.
"""

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kalshi_assistant.cli import trading
from kalshi_assistant.cli.companions import Companion
from kalshi_assistant.domain.time import SECOND

if TYPE_CHECKING:
    from kalshi_assistant.settings import Configuration
    from kalshi_assistant.ui.app import Kill

AT_WORK_SECONDS: Final = 60.0
"""A kill that began so long ago and has not ended is not waited for."""
LOOK_SECONDS: Final = 0.25
SCREEN_SECONDS: Final = 90.0
"""So long a screen waits for the kill it started."""


def kill_words(configuration: "Configuration", mode: str = trading.LIVE) -> tuple[str, ...]:
    """``kill`` for the same account and folders as these settings, as words for this program."""
    settings = configuration.settings
    words = ["kill", "--mode", mode, "--env", settings.environment]
    for flag, value in (
        ("--client-file", settings.client_file),
        ("--state-dir", settings.state_dir),
        ("--config", configuration.file),
    ):
        words += [] if value is None else [flag, str(value)]
    return tuple(words)


def kill_command(configuration: "Configuration", mode: str = trading.LIVE) -> tuple[str, ...]:
    """The whole command."""
    return (sys.executable, "-m", "kalshi_assistant", *kill_words(configuration, mode))


def watcher(configuration: "Configuration") -> Companion:
    """The process beside an engine that takes orders out for a kill file."""
    words = kill_words(configuration)
    if "--config" in words:  # which every companion is told anyway
        words = words[: words.index("--config")]
    return Companion("kill-file", (*words, "--watch"), by_stdin=True)


def screen_kill(state: Path, command: Sequence[str]) -> "Kill":
    """What a screen kills with by itself: answers in words what came of it."""

    async def kill(reason: str) -> str:
        from kalshi_assistant.runtime.kill_result import open_log, read_result, result_path

        log = open_log(state)
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                "--reason",
                reason,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # it outlives this screen
            )
        finally:
            os.close(log)
        with suppress(TimeoutError):
            async with asyncio.timeout(SCREEN_SECONDS):
                await process.wait()
        found = read_result(state)
        if process.returncode is None or found is None or not found.text:
            return f"kill: not over yet; see {result_path(state)}"
        return f"kill ended with {process.returncode}: {found.text} ({result_path(state)})"

    return kill


def kill_of(configuration: "Configuration", state: Path) -> "Kill | None":
    """How a screen on an engine of these settings kills by itself; ``None`` where none trades."""
    mode = str(configuration.settings.mode)
    if mode == trading.WATCH:
        return None
    return screen_kill(state, kill_command(configuration, mode))


def watch(state: Path, kill: Callable[[str], object], closed: threading.Event) -> None:
    """Call ``kill`` with the reason whenever a kill file comes to be that no kill is at work on or
    has been; until ``closed``.
    """
    from kalshi_assistant.runtime.kill_file import kill_path, read_kill

    seen = False
    while not closed.wait(LOOK_SECONDS):
        reason = read_kill(kill_path(state))
        if reason is None:
            seen = False
        elif not seen and _is_for_us(state):
            kill(reason)
            seen = True


def _is_for_us(state: Path) -> bool:
    """Whether nobody takes our orders out because of this kill file, or did."""
    from kalshi_assistant.runtime.clock import SystemClock
    from kalshi_assistant.runtime.kill_file import kill_path
    from kalshi_assistant.runtime.kill_result import read_result, result_path

    result = read_result(state)
    if result is None:
        return True
    if result.ended_at is None:
        return SystemClock().now() - result.began_at > AT_WORK_SECONDS * SECOND
    try:
        return result_path(state).stat().st_mtime_ns < kill_path(state).stat().st_mtime_ns
    except OSError:  # one of them has gone this moment
        return False


def until_closed() -> threading.Event:
    """Set once standard input closes: the engine beside which this runs is gone."""
    closed = threading.Event()

    def wait() -> None:
        with suppress(OSError):
            while os.read(0, 1_024):
                pass
        closed.set()

    threading.Thread(target=wait, name="stdin", daemon=True).start()
    return closed
