"""The last ten settings that were in force, each a whole configuration file.

``NNNN-DIGEST.yaml``: numbered, and named by the digest that signals and orders carry. To go back,
copy one over the configuration file and reload, or restart where that loosens a limit.
"""

import re
from pathlib import Path
from typing import Final, NamedTuple

from kalshi_assistant.domain.errors import OperatorError
from kalshi_assistant.runtime.kill_file import write_durably

KEPT: Final = 10
_NAME: Final = re.compile(r"(\d{4,9})-([0-9a-f]{12})\.yaml")


class Kept(NamedTuple):
    """A version on the disk."""

    number: int
    path: Path
    is_new: bool


class ConfigVersions:
    """A folder of versions."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, text: str, digest: str) -> Kept:
        """Keep a version; one that is the newest already keeps its number. Raises OperatorError."""
        known = self._known()
        newest = known[-1] if known else None
        if newest is not None and _content(newest[1]) == text.encode():
            return Kept(newest[0], newest[1], is_new=False)
        number = 1 if newest is None else newest[0] + 1
        path = self._folder / f"{number:04d}-{digest}.yaml"
        write_durably(path, text.encode())
        return Kept(number, path, is_new=True)

    def forget(self, kept: Kept) -> None:
        """Take a version out again that never was in force. Raises OperatorError."""
        if kept.is_new:
            _remove(kept.path)

    def prune(self) -> None:
        """Leave the newest ten. Raises OperatorError."""
        for _, path in self._known()[:-KEPT]:
            _remove(path)

    def _known(self) -> list[tuple[int, Path]]:
        """Number and file of each, oldest first."""
        try:
            names = list(self._folder.iterdir()) if self._folder.is_dir() else []
        except OSError as error:
            raise OperatorError(f"cannot read {self._folder}: {error.strerror}") from error
        found = [(match, path) for path in names if (match := _NAME.fullmatch(path.name))]
        return sorted((int(match[1]), path) for match, path in found)


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None  # gone meanwhile: it is kept anew


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise OperatorError(f"cannot remove {path}: {error.strerror}") from error
