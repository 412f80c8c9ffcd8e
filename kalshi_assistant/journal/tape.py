"""A stretch of the past as one file that is mapped into memory: book changes as columns, everything
else as events at their places between them.

    file     = magic (8 bytes) | format (u32) | header length (u32) | digest of the header (16)
             | header (msgpack) | sections, each at a multiple of 64 bytes
    sections = the columns of ``market.deltas`` | places (i8) | ends (i8) | events (msgpack)

Little-endian. Event *n* of the others comes behind the first ``places[n]`` rows and ends at byte
``ends[n]`` of the events, so the order of receipt is kept exactly. Every section has a digest in
the header, and a file is used whole or not at all.

A tape is a cache: what it was made from is its ``origin``, and who reads one compares that.
"""

import mmap
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
from typing_extensions import override

from kalshi_assistant.domain.errors import PassingError
from kalshi_assistant.domain.events import BookDelta, Event
from kalshi_assistant.domain.ids import Ticker
from kalshi_assistant.market.deltas import COLUMNS, Deltas

MAGIC: Final = b"KATAPE\r\n"
FORMAT_VERSION: Final = 2
SUFFIX: Final = ".tape"
ALIGNMENT: Final = 64
PREAMBLE: Final = struct.Struct("<8sII16s")
HEADER_BYTES_MAX: Final = 64 * 2**20
SECTIONS: Final[dict[str, np.dtype[np.signedinteger]]] = {
    **COLUMNS,
    "places": np.dtype("<i8"),
    "ends": np.dtype("<i8"),
}
"""Every section of numbers with its type; behind them come the events."""
EVENTS: Final = "events"
STRETCH_MAX: Final = 65_536
"""Rows of a stretch, so that whoever reads hears of time passing."""
WORTH_ROWS: Final = 8
"""Fewer changes in a row are cheaper one by one than as columns."""

_DECODER: Final = msgspec.msgpack.Decoder(Event)


class BadTapeError(PassingError):
    """A file that cannot be used as it is; the message says why. It is made anew."""


class Section(msgspec.Struct, frozen=True):
    """Where a section lies, counted from the first one."""

    name: str
    offset: int
    size: int
    digest: bytes


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """What the file holds."""

    origin: str
    """What it was made from, and by which program."""
    about: msgspec.Raw
    """What its owner wants to know of it, msgpack."""
    tickers: tuple[Ticker, ...]
    rows: int
    others: int
    sections: tuple[Section, ...]


_HEADER_DECODER: Final = msgspec.msgpack.Decoder(Header)


class Stretch(NamedTuple):
    """Rows ``first`` to ``last`` (not included), with nothing else between them."""

    deltas: Deltas
    first: int
    last: int


Part = Stretch | Event


def aligned(offset: int) -> int:
    """The next place at which a section may begin."""
    return -(-offset // ALIGNMENT) * ALIGNMENT


def digest_of(content: "bytes | memoryview") -> bytes:
    """Sixteen bytes that change with any bit of ``content``."""
    return blake2b(content, digest_size=16).digest()


@dataclass(frozen=True, slots=True, eq=False)
class Tape:
    """A file as it lies in memory."""

    header: Header
    deltas: Deltas
    places: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]
    events: memoryview

    @classmethod
    def open(cls, path: Path) -> "Tape":
        """Map a file and check all of it. Raises BadTapeError where it is not whole, or not of
        this format; FileNotFoundError where there is none, OSError where it cannot be read.
        """
        with path.open("rb") as file:
            try:
                content = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
            except ValueError as error:
                raise BadTapeError("it is empty") from error
        header, begin = _header(content)
        sections = {each.name: _section(content, begin, each) for each in header.sections}
        if set(sections) != {*SECTIONS, EVENTS}:
            raise BadTapeError("its sections are not those of this format")
        columns = {name: _numbers(sections[name], name) for name in SECTIONS}
        tape = cls(
            header,
            Deltas.of(header.tickers, {name: columns[name] for name in COLUMNS}),
            columns["places"],
            columns["ends"],
            sections[EVENTS],
        )
        counts = {name: len(column) for name, column in columns.items()}
        wanted = dict.fromkeys(COLUMNS, header.rows) | dict.fromkeys(
            ("places", "ends"), header.others
        )
        if counts != wanted:
            raise BadTapeError("its sections are not as long as its header says")
        return tape

    def read(self) -> "Reading":
        """Everything in order of receipt, from the beginning."""
        return Reading(self)

    def parts(self) -> Iterator[Part]:
        """The same, with changes of books left in their columns."""
        row, begin = 0, 0
        for place, end in zip(self.places.tolist(), self.ends.tolist(), strict=True):
            yield from self._stretches(row, place)
            yield _DECODER.decode(self.events[begin:end])
            row, begin = place, end
        yield from self._stretches(row, len(self.deltas))

    def _stretches(self, first: int, last: int) -> Iterator[Stretch]:
        for start in range(first, last, STRETCH_MAX):
            yield Stretch(self.deltas, start, min(last, start + STRETCH_MAX))


class Reading(Iterator[Event]):
    """The events of a tape, one after the other; or, for who can use them, its ``parts``."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape
        self._events: Iterator[Event] | None = None

    @override
    def __next__(self) -> Event:
        if self._events is None:
            self._events = self._one_by_one()
        return next(self._events)

    def parts(self) -> Iterator[Part]:
        """What is left: all of it. Raises AssertionError where it was begun event by event."""
        assert self._events is None, "a tape is read in one way or the other"
        self._events = iter(())
        return self._tape.parts()

    def _one_by_one(self) -> Iterator[Event]:
        for part in self._tape.parts():
            if isinstance(part, Stretch):
                yield from (part.deltas.event(row) for row in range(part.first, part.last))
            else:
                yield part


def parts(events: Iterable[Event]) -> Iterator[Part]:
    """Events with the changes of books in columns: those of a tape as they lie, those of anything
    else gathered here. The order is the same, and a receipt that goes back begins a stretch anew.
    """
    if isinstance(events, Reading):
        yield from events.parts()
        return
    waiting: list[BookDelta] = []
    for event in events:
        if type(event) is not BookDelta:
            yield from _gathered(waiting)
            waiting = []
            yield event
            continue
        if waiting and (event.received_at < waiting[-1].received_at or len(waiting) == STRETCH_MAX):
            yield from _gathered(waiting)
            waiting = []
        waiting.append(event)
    yield from _gathered(waiting)


def _gathered(waiting: list[BookDelta]) -> Iterator[Part]:
    if len(waiting) < WORTH_ROWS:
        yield from waiting
        return
    tickers = tuple(dict.fromkeys(each.ticker for each in waiting))
    place = {ticker: number for number, ticker in enumerate(tickers)}
    rows = [
        (place[each.ticker], each.side, each.price, each.change, each.at, each.received_at)
        for each in waiting
    ]
    columns = {
        name: np.array(values, dtype=kind)
        for (name, kind), values in zip(COLUMNS.items(), zip(*rows, strict=True), strict=True)
    }
    yield Stretch(Deltas.of(tickers, columns), 0, len(waiting))


# --- reading a file ---


def _header(content: memoryview) -> tuple[Header, int]:
    """The header, and where the sections begin."""
    if len(content) < PREAMBLE.size:
        raise BadTapeError("it breaks off in its first bytes")
    magic, version, length, digest = PREAMBLE.unpack_from(content)
    if magic != MAGIC:
        raise BadTapeError("it is no tape")
    if version != FORMAT_VERSION:
        raise BadTapeError(f"it has format {version}, this program reads {FORMAT_VERSION}")
    end = PREAMBLE.size + length
    if length > HEADER_BYTES_MAX or end > len(content):
        raise BadTapeError("it breaks off in its header")
    text = content[PREAMBLE.size : end]
    if digest_of(text) != digest:
        raise BadTapeError("its header is damaged")
    try:
        header = _HEADER_DECODER.decode(text)
    except msgspec.DecodeError as error:
        raise BadTapeError(f"its header is not understood ({error})") from error
    return header, aligned(end)


def _section(content: memoryview, begin: int, section: Section) -> memoryview:
    start = begin + section.offset
    if section.offset < 0 or section.size < 0 or start + section.size > len(content):
        raise BadTapeError("it breaks off: it was not written to its end")
    found = content[start : start + section.size]
    if digest_of(found) != section.digest:
        raise BadTapeError(f"its section {section.name!r} is damaged")
    return found


def _numbers(section: memoryview, name: str) -> npt.NDArray[np.int64]:
    kind = SECTIONS[name]
    if len(section) % kind.itemsize:
        raise BadTapeError(f"its section {name!r} is damaged")
    return np.frombuffer(section, kind) if len(section) else np.zeros(0, kind)
