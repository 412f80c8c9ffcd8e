"""What ``doctor`` says of the channels of alerts: whether they could deliver, short of sending.

The channels themselves are another room's: it is asked by a function (``ChannelCheck``). Without
one only what every channel needs of this machine is looked at.
"""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Collection, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from kalshi_assistant.runtime.doctor import Line, failed, passed, skipped

ChannelCheck = Callable[[str], Awaitable[str | None]]
"""Told a channel's name: what keeps it from delivering, with the remedy; ``None``: nothing."""

LINES: Final = {"desktop": "notifier", "telegram": "telegram"}
"""Each channel and the line about it; others that are switched on have a line of their own name."""
SECONDS_MAX: Final = 20.0
PACKAGES: Final = {"desktop": "plyer", "telegram": "telegram"}
_DISPLAYS: Final = ("DISPLAY", "WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS")
_REMEDY: Final = "`kalshi-assistant alert test CHANNEL` sends one; see the section alerts"


async def alert_lines(
    enabled: Collection[str], check: ChannelCheck | None, seconds: float = SECONDS_MAX
) -> tuple[Line, ...]:
    """A line for each channel; one that is off is skipped, ``seconds`` at most for each."""
    names = [*LINES, *(name for name in enabled if name not in LINES)]
    return tuple([await _line(name, name in enabled, check, seconds) for name in names])


async def _line(name: str, wanted: bool, check: ChannelCheck | None, seconds: float) -> Line:
    title = LINES.get(name, name)
    if not wanted:
        return skipped(title, f"alerts through {name} are off")
    wrong = missing(name, os.environ, sys.platform)
    if wrong is None and check is not None:
        try:
            async with asyncio.timeout(seconds):
                wrong = await check(name)
        except TimeoutError:
            say = f"{name} did not answer in {seconds:g} s"
            return failed(title, say, "see whether this machine has a network", outside=True)
    if wrong is not None:
        return failed(title, wrong, _REMEDY)
    return passed(title, f"{name} could deliver, as far as is known without sending")


def missing(name: str, environ: Mapping[str, str], platform: str) -> str | None:
    """What this machine lacks for a channel, with the remedy; ``None``: nothing that is known."""
    package = PACKAGES.get(name)
    if package is not None and find_spec(package) is None:
        return f"{name} needs a package: pip install 'kalshi-assistant[alerts]'"
    on_its_own = platform in ("darwin", "win32", "cygwin")
    if name == "desktop" and not on_its_own and not any(environ.get(each) for each in _DISPLAYS):
        return "there is no desktop here to notify; switch it off, or start within a session"
    return None


def config_line(file: Path | None) -> Line:
    """The configuration that was read: there, in order, and nobody else's to write."""
    if file is None:
        return passed("config", "no file, so the defaults of `config.example.yaml`")
    try:
        mode = file.stat().st_mode
    except OSError as error:
        return failed("config", f"{file}: {error.strerror}", "mend its permissions")
    if os.name == "posix" and mode & 0o022:
        return failed("config", f"others may write {file}", f"run: chmod 600 {file}")
    return passed("config", f"{file}, in order")
