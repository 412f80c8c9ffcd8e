"""What a kill came to: ``kill.json`` in the state folder, and what it said in ``kill.log``.

Written when a kill begins and again when it ends, by the process that takes the orders out; read by
whoever wants to know, above all a running engine, which tells its screens.
"""

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import msgspec

from kalshi_assistant.domain.errors import AssistantError
from kalshi_assistant.domain.time import Nanos
from kalshi_assistant.runtime.kill_file import LOOK_SECONDS, write_durably

RESULT_NAME: Final = "kill.json"
LOG_NAME: Final = "kill.log"
_BYTES_MAX: Final = 1 << 20
_TEXT_MAX: Final = 300


class KillResult(msgspec.Struct, frozen=True):
    """How far the last kill has got. Instants are wall time."""

    began_at: Nanos
    ended_at: Nanos | None = None
    """``None``: it is at work, or it died."""
    code: int | None = None
    """Its exit code: 0 where all is confirmed gone."""
    text: str = ""
    found: dict[str, Any] = {}
    """All of it, as ``kill --json`` prints it."""


def result_path(folder: Path) -> Path:
    """Where the result stands."""
    return folder / RESULT_NAME


def write_result(folder: Path, result: KillResult) -> None:
    """Put it in the place of the one before. Raises OperatorError."""
    write_durably(result_path(folder), msgspec.json.format(msgspec.json.encode(result)) + b"\n")


def read_result(folder: Path) -> KillResult | None:
    """The last one; ``None`` where there is none that can be read."""
    with suppress(OSError, msgspec.DecodeError):
        with result_path(folder).open("rb") as file:
            found = msgspec.json.decode(file.read(_BYTES_MAX), type=KillResult)
        return msgspec.structs.replace(found, text=found.text[:_TEXT_MAX])
    return None


def begin(folder: Path, now: Nanos) -> None:
    """A kill is at work from now on; a disk that fails does not hold it up."""
    with suppress(AssistantError):
        write_result(folder, KillResult(now))


def open_log(folder: Path) -> int:
    """A descriptor for what a kill without a terminal says; nowhere where that cannot be kept."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    path = folder / LOG_NAME
    with suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if path.exists() and path.stat().st_size > _BYTES_MAX:
            flags |= os.O_TRUNC
        return os.open(path, flags, 0o600)
    return os.open(os.devnull, os.O_WRONLY)


async def watch_result(
    folder: Path, on_ended: Callable[[KillResult], object], look_seconds: float = LOOK_SECONDS
) -> None:
    """Tell ``on_ended`` of every kill that ends from now on; until cancelled."""
    before = _stamp(folder)
    known = read_result(folder)
    while True:
        stamp = _stamp(folder)
        if stamp != before:
            before, found = stamp, read_result(folder)
            if found is not None and found.ended_at is not None and found != known:
                known = found
                on_ended(found)
        await asyncio.sleep(look_seconds)


def _stamp(folder: Path) -> tuple[int, int] | None:
    try:
        found = result_path(folder).stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino
