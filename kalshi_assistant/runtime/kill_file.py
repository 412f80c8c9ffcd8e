"""The kill file: ``KILL`` in the state folder is a halt while it is there, its text the reason.

Anybody who may write in the folder can stop an engine with ``touch KILL``; the kill command writes
it before it does anything else. Beside it ``CANCEL_ALL`` holds when the whole account was last told
to cancel: the venue may cancel what is placed within the minute after, so nothing re-arms before.
"""

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from kalshi_assistant.domain.errors import OperatorError
from kalshi_assistant.domain.time import MINUTE, Nanos, TimeError, format_iso, parse_iso

KILL_NAME: Final = "KILL"
CANCEL_ALL_NAME: Final = "CANCEL_ALL"
REASON_MAX: Final = 200
CANCEL_ALL_LASTS: Final = MINUTE
"""Source: cancel-all "may also kill orders placed within the next minute"."""
LOOK_SECONDS: Final = 0.25

_BYTES_MAX: Final = 4_096
_OWNER_ONLY: Final = 0o600
_OWNER_ONLY_DIR: Final = 0o700


def kill_path(folder: Path) -> Path:
    """Where the kill file of a state folder stands."""
    return folder / KILL_NAME


def write_durably(path: Path, content: bytes) -> None:
    """Write beside, to the disk, and rename over; for the owner only. Raises OperatorError."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(mode=_OWNER_ONLY_DIR, parents=True, exist_ok=True)
        beside.unlink(missing_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        with os.fdopen(os.open(beside, flags, _OWNER_ONLY), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        with suppress(OSError):  # a full disk begins a file and cannot fill it
            beside.unlink(missing_ok=True)
        raise OperatorError(f"cannot write {path}: {error.strerror or error}") from error


def write_kill(folder: Path, reason: str) -> None:
    """Put the kill file there, on the disk when this returns. Raises OperatorError."""
    write_durably(kill_path(folder), f"{_plain(reason)}\n".encode())


def read_kill(path: Path) -> str | None:
    """The reason in the kill file at ``path``; ``None`` only where there certainly is none."""
    try:
        with path.open("rb") as file:
            text = file.read(_BYTES_MAX).decode("utf-8", errors="replace")
    except FileNotFoundError:
        return None
    except OSError as error:
        return f"a kill file that cannot be read: {error.strerror or error}"
    return _plain(text) or "a kill file without a reason"


def remove_kill(folder: Path) -> None:
    """Take the kill file away: a person cleared the halt. Raises OperatorError."""
    _remove(kill_path(folder))


async def watch_kill_file(
    path: Path, on_found: Callable[[str], object], look_seconds: float = LOOK_SECONDS
) -> None:
    """Tell ``on_found`` the reason whenever a kill file comes to be at ``path``; until
    cancelled.
    """
    there = False
    while True:
        reason = read_kill(path)
        if reason is not None and not there:
            on_found(reason)
        there = reason is not None
        await asyncio.sleep(look_seconds)


def stamp_cancel_all(folder: Path, now: Nanos) -> None:
    """Write down that the whole account is being told to cancel now. Raises OperatorError."""
    write_durably(folder / CANCEL_ALL_NAME, f"{format_iso(now)}\n".encode())


def quiet_until(folder: Path) -> Nanos | None:
    """Before when nothing may be armed because of a cancel-all; ``None`` where there was none.

    A stamp that cannot be read counts from when the file was written.
    """
    path = folder / CANCEL_ALL_NAME
    try:
        with path.open("rb") as file:
            text = file.read(_BYTES_MAX).decode("utf-8", errors="replace").strip()
        written = path.stat().st_mtime_ns
    except FileNotFoundError:
        return None
    except OSError as error:
        raise OperatorError(f"cannot read {path}: {error.strerror or error}") from error
    try:
        return Nanos(parse_iso(text) + CANCEL_ALL_LASTS)
    except TimeError:
        return Nanos(written + CANCEL_ALL_LASTS)


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
        _sync_folder(path.parent)
    except FileNotFoundError:
        return
    except OSError as error:
        raise OperatorError(f"cannot remove {path}: {error.strerror or error}") from error


def _plain(text: str) -> str:
    """One line a person can read."""
    words = "".join(each if each.isprintable() else " " for each in text).split()
    return " ".join(words)[:REASON_MAX]


def _sync_folder(folder: Path) -> None:
    """Have the folder's entries on the disk as well, where the system can."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
