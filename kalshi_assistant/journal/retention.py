"""What happens to closed journal files, off the hot path: compressed, deleted when old or many.

Every step may be interrupted: a compressed file gets its name only when complete, and the plain one
goes after that, so a crash leaves at least one of them readable. Files that a living process writes
are never touched.
"""

import gzip
import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from kalshi_assistant.domain.errors import PassingError
from kalshi_assistant.domain.time import HOUR, Nanos
from kalshi_assistant.journal.codec import COMPRESSED, EVENTS, FRAMES, PARTIAL
from kalshi_assistant.journal.hold import is_held, take_hold
from kalshi_assistant.journal.settings import JournalSettings

_LEVEL: Final = 1
_CHUNK: Final = 2**20
_SUFFIXES: Final = (EVENTS.suffix, FRAMES.suffix)


def journal_files(directory: Path, suffix: str) -> list[Path]:
    """The files of one kind, oldest first, each part once (plain where both forms exist)."""
    plain = {path.name: path for path in directory.glob(f"*{suffix}")}
    packed = {
        path.name.removesuffix(COMPRESSED): path
        for path in directory.glob(f"*{suffix}{COMPRESSED}")
    }
    return [path for _, path in sorted((packed | plain).items())]


def compress(path: Path) -> Path:
    """Compress a closed file and remove the plain one; returns the compressed file.

    Raises PassingError (a full disk, say); then the plain file is still there. Where another
    process is at the same file it is left to it.
    """
    packed = path.with_name(path.name + COMPRESSED)
    partial = packed.with_name(packed.name + PARTIAL)
    try:
        with partial.open("ab") as target:
            if take_hold(target.fileno()):
                target.truncate(0)
                _pack(path, target.fileno())
                shutil.copystat(path, partial)
                partial.replace(packed)
                path.unlink()
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise PassingError(
            f"cannot compress the journal {path}: {error.strerror}; it is left as it is: free space"
        ) from error
    return packed


def _pack(path: Path, descriptor: int) -> None:
    with (
        path.open("rb") as source,
        os.fdopen(descriptor, "ab", closefd=False) as target,
        gzip.GzipFile(
            filename="", mode="wb", compresslevel=_LEVEL, fileobj=target, mtime=0
        ) as packer,
    ):
        shutil.copyfileobj(source, packer, _CHUNK)
    os.fsync(descriptor)


def prune(directory: Path, settings: JournalSettings, now: Nanos) -> list[Path]:
    """Delete closed files, oldest first, that are too old or too many; returns them.

    ``now`` is wall time: age is counted from a file's last write. Raises PassingError.
    """
    try:
        return _prune(_closed(directory), settings, now)
    except OSError as error:
        raise PassingError(f"cannot tidy the journals in {directory}: {error.strerror}") from error


def _prune(files: Iterable[Path], settings: JournalSettings, now: Nanos) -> list[Path]:
    sized = sorted(
        (stat.st_mtime_ns, path, stat.st_size) for path in files for stat in (path.stat(),)
    )
    total = sum(size for _, _, size in sized)
    oldest_kept = now - round(settings.keep_hours * HOUR)
    deleted = []
    for changed_at, path, size in sized:
        if changed_at >= oldest_kept and total <= settings.keep_bytes:
            break
        path.unlink()
        deleted.append(path)
        total -= size
    return deleted


def tidy(directory: Path, settings: JournalSettings, now: Nanos) -> list[Path]:
    """At start and after each rotation: compress what a crash left, then ``prune``.

    Returns the deleted files. Raises PassingError.
    """
    for partial in directory.glob(f"*{PARTIAL}"):
        if not is_held(partial):
            partial.unlink(missing_ok=True)
    if settings.compress:
        for path in _closed(directory):
            if path.suffix in _SUFFIXES:
                compress(path)
    return prune(directory, settings, now)


def _closed(directory: Path) -> list[Path]:
    """Every journal file that no living process writes, both kinds, plain and compressed."""
    names = {f"*{suffix}{form}" for suffix in _SUFFIXES for form in ("", COMPRESSED)}
    found = sorted(path for pattern in names for path in directory.glob(pattern))
    return [path for path in found if not is_held(path)]
