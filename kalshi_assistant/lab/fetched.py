"""A folder of fetched data: parts, and a list of them that only grows.

    fetched.jsonl    first line what the folder holds, then a line for each part, when it is whole
    markets/ trades/ candlesticks/ index/    the parts, tables as ``.csv.gz``

A part gets its name when it is whole, and its line after that. So whatever is cut off in between
costs one part: the next call finds no line, or a line cut short, and fetches it again. A part that
was fetched before it could be complete (a day that is not over) says so and is fetched again too.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Literal

import msgspec

from kalshi_assistant.domain.errors import OperatorError
from kalshi_assistant.journal.hold import take_hold
from kalshi_assistant.lab.tables import Cells, Column, write_table

MANIFEST: Final = "fetched.jsonl"
FORM: Final = 1
KINDS: Final = ("kalshi", "klines")
Kind = Literal["kalshi", "klines"]
LINE_MAX: Final = 100_000
_CHUNK: Final = 2**20


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """What a folder holds; two calls go on with one another where their heads are equal."""

    fetched: int = FORM
    kind: Kind
    source: str
    """Of Kalshi the environment, else the exchange."""
    subject: str
    """The series, or the symbol."""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One table of a folder."""

    part: str
    """Path below the folder."""
    sha256: str
    bytes: int
    rows: int
    final: bool
    """Whether it will not change any more at its source."""
    day: str
    """UTC, ISO."""
    archive: str | None = None
    """SHA-256 of the archive it was made from."""
    gaps: tuple[tuple[int, int], ...] = ()
    """(first missing epoch second, how many) of an index."""


@dataclass(slots=True)
class Listed:
    """What the manifest of a folder says."""

    folder: Path
    head: Head
    parts: dict[str, Part] = field(default_factory=dict)
    """The newest line of each."""
    torn: int = 0
    """Bytes of a line that was being written when the process ended."""

    def of(self, kind: str) -> list[Part]:
        """The parts of one sort (``markets``), in order of their names."""
        return [part for name, part in sorted(self.parts.items()) if name.startswith(f"{kind}/")]


def is_fetched(folder: Path) -> bool:
    """Whether this is a folder of fetched data."""
    return (folder / MANIFEST).is_file()


def read_manifest(folder: Path) -> Listed:
    """What was fetched into a folder. Raises OperatorError where the list is damaged."""
    path = folder / MANIFEST
    try:
        content = path.read_bytes()
    except OSError as error:
        raise OperatorError(
            f"cannot read {path} ({error.strerror}); name a folder that `data fetch` has made"
        ) from error
    whole, _, torn = content.rpartition(b"\n")
    lines = whole.split(b"\n") if whole else []
    listed: Listed | None = None
    for number, line in enumerate(lines, start=1):
        try:
            if listed is None:
                listed = Listed(folder, msgspec.json.decode(line[:LINE_MAX], type=Head))
                _check_form(listed.head, path)
            else:
                part = msgspec.json.decode(line[:LINE_MAX], type=Part)
                listed.parts[_inside(part.part, path, number)] = part
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise OperatorError(
                f"{path} line {number} is damaged ({error}); delete that line: its part is fetched "
                "again"
            ) from error
    if listed is None:
        raise OperatorError(f"{path} has no first line; delete the file and fetch again")
    listed.torn = len(torn)
    return listed


def _check_form(head: Head, path: Path) -> None:
    if head.fetched != FORM:
        raise OperatorError(f"{path} has form {head.fetched}, this program knows {FORM}: update it")


def _inside(name: str, path: Path, number: int) -> str:
    """A part's name, if it stays in the folder."""
    if name.startswith("/") or ".." in Path(name).parts or not name.endswith(".csv.gz"):
        raise OperatorError(f"{path} line {number} names {name[:80]!r}, which is no part of it")
    return name


def digest_of(path: Path) -> str:
    """SHA-256 of a file. Raises OSError."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            found.update(chunk)
    return found.hexdigest()


class FetchedFolder:
    """A folder that is being filled, by one process at a time."""

    def __init__(self, folder: Path, head: Head) -> None:
        """Make it, or go on with it. Raises OperatorError where it holds something else or cannot
        be written.
        """
        self._path = folder / MANIFEST
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if not self._path.exists() and any(folder.iterdir()):
                raise OperatorError(
                    f"--out {folder} is not empty and holds nothing fetched; name another folder"
                )
            self._file = self._path.open("a+b")
        except OSError as error:
            raise OperatorError(
                f"cannot write --out {folder} ({error.strerror}); name a folder where there is "
                "room and you may write"
            ) from error
        try:
            self.listed = self._begin(folder, head)
        except BaseException:
            self._file.close()
            raise

    def _begin(self, folder: Path, head: Head) -> Listed:
        if not take_hold(self._file.fileno()):
            raise OperatorError(f"another process fetches into {folder}; wait for it to end")
        self._file.seek(0)
        content = self._file.read()
        whole = content.rpartition(b"\n")[0]
        if not whole:
            self._file.truncate(0)
            self._append(head)
        elif len(whole) + 1 < len(content):
            self._file.truncate(len(whole) + 1)
        listed = read_manifest(folder)
        if listed.head != head:
            raise OperatorError(
                f"{folder} holds {listed.head.kind} {listed.head.source} {listed.head.subject}, "
                f"not {head.kind} {head.source} {head.subject}; name another folder"
            )
        return listed

    def __enter__(self) -> "FetchedFolder":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def path(self, part: str) -> Path:
        """Where a part stands."""
        return self.listed.folder / part

    def holds(self, part: str) -> bool:
        """Whether a part is there, final, and as long as it was; ``data verify`` reads it."""
        known = self.listed.parts.get(part)
        if known is None or not known.final:
            return False
        try:
            return self.path(part).stat().st_size == known.bytes
        except OSError:
            return False

    def put(
        self,
        part: str,
        columns: Sequence[Column],
        rows: Iterable[Cells],
        *,
        day: str,
        final: bool,
        archive: str | None = None,
        gaps: tuple[tuple[int, int], ...] = (),
    ) -> Part:
        """Write a part, whole or not at all, then its line. Raises OperatorError."""
        path = self.path(part)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            count = write_table(columns, rows, path)
            made = Part(
                part=part,
                sha256=digest_of(path),
                bytes=path.stat().st_size,
                rows=count,
                final=final,
                day=day,
                archive=archive,
                gaps=gaps,
            )
            self._append(made)
        except OSError as error:
            raise OperatorError(
                f"cannot write {path} ({error.strerror}); make room, then call it again: it goes "
                "on from there"
            ) from error
        self.listed.parts[part] = made
        return made

    def _append(self, line: Head | Part) -> None:
        """One line, on the disk when this returns. Raises OSError."""
        text = json.dumps(msgspec.to_builtins(line), separators=(",", ":")) + "\n"
        self._file.seek(0, os.SEEK_END)
        self._file.write(text.encode())
        self._file.flush()
        os.fsync(self._file.fileno())
