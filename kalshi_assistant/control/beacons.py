"""Which engines run for this user: one small file for each, so that a command finds them.

A file says where the engine's socket is and whose it is. It is removed at an orderly end; one that
a dead engine left is known by a socket that nobody answers, and is removed by the next start.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from kalshi_assistant.control.endpoint import answers
from kalshi_assistant.domain.errors import PassingError

_SUFFIX: Final = ".engine"
_BYTES_MAX: Final = 8_192
_LOOKED_AT_MAX: Final = 256
"""Files of a folder that are looked at."""


class Beacon(msgspec.Struct, frozen=True):
    """An engine, as it announced itself."""

    pid: int
    mode: str
    environment: str
    directory: str
    """Of its control socket."""

    def in_words(self) -> str:
        """The engine in one line."""
        return f"process {self.pid}, {self.mode} on {self.environment}, in {self.directory}"


def light(folder: Path, beacon: Beacon) -> Path:
    """Announce an engine; what dead ones left is removed. Raises PassingError."""
    path = folder / f"{beacon.pid}{_SUFFIX}"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for old, known in _read(folder):
            if known.directory == beacon.directory or not answers(Path(known.directory)):
                old.unlink(missing_ok=True)
        path.unlink(missing_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
            file.write(msgspec.json.encode(beacon))
    except OSError as error:
        raise PassingError(
            f"commands will not find this engine by themselves: {folder}: {error.strerror}"
        ) from error
    return path


def put_out(path: Path) -> None:
    """The engine ends."""
    with suppress(OSError):  # the next start removes it
        path.unlink(missing_ok=True)


def beacons(folder: Path) -> tuple[Beacon, ...]:
    """Every engine that announced itself, also those that died since; by process id."""
    return tuple(sorted((beacon for _, beacon in _read(folder)), key=lambda each: each.pid))


def _read(folder: Path) -> Iterator[tuple[Path, Beacon]]:
    try:
        found = sorted(folder.glob(f"*{_SUFFIX}"))[:_LOOKED_AT_MAX]
    except OSError:
        return
    for path in found:
        if (beacon := _beacon(path)) is not None:
            yield path, beacon


def _beacon(path: Path) -> Beacon | None:
    """``None`` where the file is gone meanwhile, or was half written by a crash."""
    try:
        with path.open("rb") as file:
            return msgspec.json.decode(file.read(_BYTES_MAX), type=Beacon)
    except (OSError, msgspec.DecodeError):
        return None
