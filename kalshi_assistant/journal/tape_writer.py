"""Writes a tape: columns grow in nameless files beside it, and the whole file appears at once.

Memory stays bounded however long the past is. Whatever breaks off, a file of that name is either
the one before or the new one; OSError says that there was no room, or no leave, to write.
"""

import os
from collections.abc import Iterable
from contextlib import ExitStack
from hashlib import blake2b
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryFile
from typing import IO, Final

import msgspec
import numpy as np

from kalshi_assistant.domain.events import BookDelta, Event
from kalshi_assistant.domain.ids import Ticker
from kalshi_assistant.domain.time import Nanos
from kalshi_assistant.journal.tape import (
    EVENTS,
    FORMAT_VERSION,
    MAGIC,
    PREAMBLE,
    SECTIONS,
    SUFFIX,
    Header,
    Section,
    aligned,
    digest_of,
)
from kalshi_assistant.market.deltas import COLUMNS

PARTIAL: Final = ".partial"
"""Suffix of a file that is being written."""
LEFT_OVER_SECONDS: Final = 86_400
"""A partial file that is so much older than the newest tape has no writer any more."""
_BUFFERED: Final = 65_536
_BIG: Final = 2**62
_PRICE_END: Final = 2**31
_BLOCK: Final = 2**20
_ENCODER: Final = msgspec.msgpack.Encoder()


class _Spill:
    """A section that grows in a file without a name."""

    def __init__(self, file: IO[bytes], kind: "np.dtype[np.signedinteger] | None") -> None:
        self.size = 0
        self._file = file
        self._kind = kind
        self._told = blake2b(digest_size=16)

    def numbers(self, values: list[int]) -> None:
        """Append numbers of this section's type."""
        self.write(np.array(values, dtype=self._kind).tobytes())

    def write(self, content: bytes) -> None:
        """Append bytes."""
        self._told.update(content)
        self._file.write(content)
        self.size += len(content)

    @property
    def digest(self) -> bytes:
        """Of everything so far."""
        return self._told.digest()

    def copy(self, to: IO[bytes]) -> None:
        """All of it."""
        self._file.seek(0)
        while block := self._file.read(_BLOCK):
            to.write(block)


class TapeWriter:
    """One tape. Give it every event in order, then ``finish``; a context, so that nothing is left
    where it is not finished.
    """

    def __init__(self, folder: Path) -> None:
        """Raises OSError where ``folder`` cannot be made or written to."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._stack = ExitStack()
        kinds: dict[str, np.dtype[np.signedinteger] | None] = {**SECTIONS, EVENTS: None}
        self._spills = {name: self._spill(kind) for name, kind in kinds.items()}
        self._tickers: dict[Ticker, int] = {}
        self._rows: list[tuple[int, ...]] = []
        self._others: list[tuple[int, int]] = []
        self._count = self._other_count = self._end = 0
        self._latest = Nanos(-_BIG)

    def __enter__(self) -> "TapeWriter":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def take_all(self, events: Iterable[Event]) -> None:
        """Append events. Raises OSError when the disk is full."""
        for event in events:
            if type(event) is BookDelta and self._fits(event):
                self._row(event)
            else:
                self._other(event)

    def finish(self, path: Path, origin: str, about: object) -> None:
        """Put the file in its place. Raises OSError when the disk is full."""
        self._flush_rows()
        self._flush_others()
        sections, offset = [], 0
        for name, spill in self._spills.items():
            sections.append(Section(name, offset, spill.size, spill.digest))
            offset = aligned(offset + spill.size)
        header = _ENCODER.encode(
            Header(
                origin=origin,
                about=msgspec.Raw(_ENCODER.encode(about)),
                tickers=tuple(self._tickers),
                rows=self._count,
                others=self._other_count,
                sections=tuple(sections),
            )
        )
        preamble = PREAMBLE.pack(MAGIC, FORMAT_VERSION, len(header), digest_of(header))
        with NamedTemporaryFile(
            dir=self._folder, prefix=path.stem, suffix=PARTIAL, delete=False
        ) as file:
            partial = Path(file.name)
            try:
                self._assemble(file, preamble + header)
                file.close()
                partial.replace(path)
            except BaseException:
                file.close()
                partial.unlink(missing_ok=True)
                raise

    # --- inside ---

    def _spill(self, kind: "np.dtype[np.signedinteger] | None") -> _Spill:
        file = self._stack.enter_context(TemporaryFile(dir=self._folder))  # noqa: SIM115  # the stack closes it
        return _Spill(file, kind)

    def _assemble(self, file: IO[bytes], head: bytes) -> None:
        file.write(head)
        for spill in self._spills.values():
            here = file.tell()
            file.write(bytes(aligned(here) - here))
            spill.copy(file)
        file.flush()
        os.fsync(file.fileno())

    def _fits(self, event: BookDelta) -> bool:
        """Whether a row can say it; what cannot stays an event."""
        return (
            0 <= event.price < _PRICE_END
            and -_BIG < event.change < _BIG
            and -_BIG < event.at < _BIG
            and self._latest <= event.received_at < _BIG
        )

    def _row(self, event: BookDelta) -> None:
        self._latest = event.received_at
        number = self._tickers.setdefault(event.ticker, len(self._tickers))
        self._rows.append(
            (number, event.side, event.price, event.change, event.at, event.received_at)
        )
        self._count += 1
        if len(self._rows) >= _BUFFERED:
            self._flush_rows()

    def _other(self, event: Event) -> None:
        text = _ENCODER.encode(event)
        self._spills[EVENTS].write(text)
        self._end += len(text)
        self._others.append((self._count, self._end))
        self._other_count += 1
        if len(self._others) >= _BUFFERED:
            self._flush_others()

    def _flush_rows(self) -> None:
        for name, values in zip(COLUMNS, zip(*self._rows, strict=True), strict=bool(self._rows)):
            self._spills[name].numbers(list(values))
        self._rows.clear()

    def _flush_others(self) -> None:
        for name, values in zip(
            ("places", "ends"), zip(*self._others, strict=True), strict=bool(self._others)
        ):
            self._spills[name].numbers(list(values))
        self._others.clear()


def prune(folder: Path, keep_bytes: int, newest: Path) -> None:
    """Leave at most ``keep_bytes`` of tapes, those used longest ago go first and ``newest`` never;
    and nothing that a writer left behind when it was killed. Raises OSError.
    """
    limit = newest.stat().st_mtime - LEFT_OVER_SECONDS
    for path in folder.glob(f"*{PARTIAL}"):
        if path.stat().st_mtime < limit:
            path.unlink(missing_ok=True)
    found = sorted(
        (path for path in folder.glob(f"*{SUFFIX}") if path != newest),
        key=lambda path: -path.stat().st_mtime,
    )
    total = newest.stat().st_size
    for path in found:
        total += path.stat().st_size
        if total > keep_bytes:
            path.unlink(missing_ok=True)
