"""Which parts of a run's frame journal hold frames of which market and source, and from when.

A frame journal is bytes: to find one market in days of it, everything would have to be decoded. Who
records has decoded each frame once and writes down where it went: one JSON file beside the parts,
written whole and put in place by a rename. It is a convenience, not evidence: a missing, old or
damaged index costs time, never a frame.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from kalshi_assistant.domain.errors import OperatorError, PassingError
from kalshi_assistant.domain.ids import Feed, Ticker
from kalshi_assistant.domain.time import MINUTE, Nanos
from kalshi_assistant.journal.codec import COMPRESSED, FRAMES

SUFFIX: Final = ".markets.json"
_NEW: Final = ".new"
"""Ends the name until the file is whole; not ``.partial``, which tidying deletes meanwhile."""
VERSION: Final = 1
WRITE_EVERY: Final = MINUTE
INDEX_BYTES_MAX: Final = 2**27
"""A larger file is none of ours: months of recording stay below."""


class Span(msgspec.Struct, frozen=True):
    """Frames of one source and market in one part. Instants are nanoseconds of receipt."""

    source: Feed
    ticker: Ticker | None
    """``None``: frames of no market, such as the index."""
    part: str
    """File name of the part, as it was called while open."""
    first_at: Nanos
    last_at: Nanos
    frames: int
    bytes: int


class MarketSpans(msgspec.Struct, frozen=True):
    """The whole file."""

    version: int
    run: str
    spans: tuple[Span, ...]


class _Open:
    """A span that still grows."""

    __slots__ = ("bytes", "first_at", "frames", "last_at")

    def __init__(self, at: Nanos) -> None:
        self.first_at = self.last_at = at
        self.frames = self.bytes = 0


class MarketIndex:
    """The index of one run, kept while recording."""

    def __init__(self, directory: Path, run: str) -> None:
        """``run``: how the names of the run's files begin (``Header.name``)."""
        self._directory = directory
        self._run = run
        self._spans: dict[tuple[Feed, Ticker | None, str], _Open] = {}
        self._latest: Nanos | None = None
        self._written_at: Nanos | None = None

    @property
    def path(self) -> Path:
        """Where it is written."""
        return index_path(self._directory, self._run)

    def saw(
        self,
        source: Feed,
        ticker: Ticker | None,
        at: Nanos,
        part: str,
        bytes: int,  # noqa: A002  # the word of the unit, as in ``Span``
    ) -> None:
        """A frame of ``bytes`` went into ``part`` (a file name) and was received ``at``."""
        key = (source, ticker, part)
        span = self._spans.get(key)
        if span is None:
            span = self._spans[key] = _Open(at)
        span.first_at, span.last_at = min(span.first_at, at), max(span.last_at, at)
        span.frames += 1
        span.bytes += bytes
        self._latest = at
        if self._written_at is None:
            self._written_at = at

    def due(self, now: Nanos) -> bool:
        """Whether there is news and the last writing is ``WRITE_EVERY`` ago."""
        last = self._written_at
        return self._latest is not None and last is not None and now - last >= WRITE_EVERY

    def write(self) -> None:
        """Write the file whole. Parts that were deleted meanwhile leave the index, so it does not
        outgrow the journal. Raises PassingError; the file before stays.
        """
        new = self.path.with_name(self.path.name + _NEW)
        try:
            self._drop_deleted()
            new.write_bytes(msgspec.json.encode(self._content()))
            new.replace(self.path)
        except OSError as error:
            new.unlink(missing_ok=True)
            raise PassingError(
                f"cannot write the index {self.path}: {error.strerror}; the recording goes on "
                "without it: free space"
            ) from error
        self._written_at, self._latest = self._latest or self._written_at, None

    def _content(self) -> MarketSpans:
        spans = (
            Span(source, ticker, part, each.first_at, each.last_at, each.frames, each.bytes)
            for (source, ticker, part), each in self._spans.items()
        )
        return MarketSpans(VERSION, self._run, tuple(spans))

    def _drop_deleted(self) -> None:
        there = set(_parts(self._directory, self._run))
        for key in [key for key in self._spans if key[2] not in there]:
            del self._spans[key]


def index_path(directory: Path, run: str) -> Path:
    """The index of a run in ``directory``."""
    return directory / f"{run}{SUFFIX}"


def read_index(path: Path) -> MarketSpans | None:
    """The index at ``path``, ``None`` where there is none. Raises OperatorError where it cannot be
    read, and then nothing is lost but time.
    """
    try:
        with path.open("rb") as file:
            content = file.read(INDEX_BYTES_MAX + 1)
        if len(content) > INDEX_BYTES_MAX:
            raise OperatorError(f"{path} is too large for an index; {_REMEDY}")
        found = msgspec.json.decode(content, type=MarketSpans)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise OperatorError(f"cannot read {path}: {error.strerror}; {_REMEDY}") from error
    except msgspec.DecodeError as error:
        raise OperatorError(f"{path} is no index ({error}); {_REMEDY}") from error
    if found.version != VERSION:
        raise OperatorError(f"{path} has index format {found.version}, not {VERSION}; {_REMEDY}")
    return found


_REMEDY: Final = "delete it, the journal is read without"


def delete_orphans(directory: Path) -> list[Path]:
    """Delete the indexes of runs of which no part is left; returns them. Raises PassingError."""
    gone = []
    try:
        for path in sorted(directory.glob(f"*{SUFFIX}*")):
            if not any(_parts(directory, path.name.partition(SUFFIX)[0])):
                path.unlink()
                gone.append(path)
    except OSError as error:
        raise PassingError(f"cannot tidy the indexes in {directory}: {error.strerror}") from error
    return gone


def _parts(directory: Path, run: str) -> Iterator[str]:
    """Names of the run's frame files as they were called while open."""
    with os.scandir(directory) as entries:
        for entry in entries:
            name = entry.name.removesuffix(COMPRESSED)
            if name.startswith(f"{run}-") and name.endswith(FRAMES.suffix):
                yield name
