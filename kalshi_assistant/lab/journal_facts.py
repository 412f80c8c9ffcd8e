"""What is in journals, and whether they are whole: one pass over every block, flat in memory.

A finding is *serious* where something is lost that no crash and no tidying explains: damage, a part
or records missing in the middle. The rest is worth a word: a torn tail, oldest parts that are gone,
stamps that go backwards (two sockets and the timers are stamped apart, so by some milliseconds they
often do).
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from kalshi_assistant.domain.errors import OperatorError
from kalshi_assistant.domain.events import Event, MarketListed
from kalshi_assistant.domain.ids import Feed, Ticker
from kalshi_assistant.domain.time import SECOND, Nanos
from kalshi_assistant.journal.checking import Block, Flaw, FlawName, walk
from kalshi_assistant.journal.codec import (
    COMPRESSED,
    EVENTS,
    FRAMES,
    EventRecord,
    FrameRecord,
    Header,
    KindName,
    decode_records,
)
from kalshi_assistant.journal.hold import is_held
from kalshi_assistant.journal.market_index import MarketSpans, index_path, read_index
from kalshi_assistant.journal.retention import journal_files
from kalshi_assistant.journal.room import SizeEstimate

FindingName = Literal[
    FlawName,
    "missing_part",
    "missing_records",
    "chain",
    "oldest_gone",
    "copy",
    "gone",
    "backwards",
    "index",
]
Records = Sequence[EventRecord] | Sequence[FrameRecord]
BACK_TOLERANCE: Final = SECOND
"""Stamps that go back by less are only counted."""
KINDS: Final[Mapping[KindName, str]] = {EVENTS.name: EVENTS.suffix, FRAMES.name: FRAMES.suffix}
_NAME: Final = re.compile(r"(.+)-(\d{4,9})\.(events|frames)(?:\.gz)?")
_RESTORE: Final = "restore it from a copy, or name it as well"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something a person should know; ``offset`` in uncompressed bytes, where there is one."""

    what: FindingName
    path: Path
    offset: int | None
    text: str
    remedy: str | None
    serious: bool


@dataclass(slots=True)
class FileFacts:
    """One file."""

    path: Path
    header: Header
    bytes: int
    """As it lies on the disk."""
    being_written: bool
    blocks: int = 0
    records: int = 0
    first_at: Nanos | None = None
    last_at: Nanos | None = None
    silent_before: int | None = None
    """Nanoseconds between the last record of the part before and the first one here."""


@dataclass(slots=True)
class Flow:
    """What one source sent and was sent."""

    frames_in: int = 0
    bytes_in: int = 0
    frames_out: int = 0
    bytes_out: int = 0


@dataclass(slots=True)
class Backwards:
    """Stamps of receipt that are earlier than one before them."""

    count: int = 0
    largest: int = 0
    """Nanoseconds."""
    at_record: int | None = None
    """Where the largest step ends."""


@dataclass(slots=True)
class RunFacts:
    """One run's journal of one kind."""

    kind: KindName
    name: str
    header: Header | None = None
    """Of the first part whose header can be read."""
    files: list[FileFacts] = field(default_factory=list)
    sources: dict[Feed, Flow] = field(default_factory=dict)
    events: Counter[str] = field(default_factory=Counter)
    markets: Counter[Ticker] = field(default_factory=Counter)
    """Events by market."""
    backwards: Backwards = field(default_factory=Backwards)
    index: MarketSpans | None = None
    findings: list[Finding] = field(default_factory=list)

    @property
    def records(self) -> int:
        """In all files."""
        return sum(file.records for file in self.files)

    @property
    def bytes(self) -> int:
        """On the disk."""
        return sum(file.bytes for file in self.files)

    @property
    def first_at(self) -> Nanos | None:
        """The earliest receipt."""
        return min((at for file in self.files if (at := file.first_at) is not None), default=None)

    @property
    def last_at(self) -> Nanos | None:
        """The latest receipt."""
        return max((at for file in self.files if (at := file.last_at) is not None), default=None)

    @property
    def span(self) -> int:
        """Nanoseconds from the first to the last record."""
        return (self.last_at or 0) - (self.first_at or 0)

    @property
    def bytes_per_hour(self) -> int | None:
        """How fast it grew on the disk; ``None`` for a run too short to say."""
        return SizeEstimate(self.bytes, self.span).bytes_per_hour

    @property
    def whole(self) -> bool:
        """Whether nothing serious was found."""
        return not any(finding.serious for finding in self.findings)


def journals_of(given: Sequence[Path], kinds: Iterable[KindName] = tuple(KINDS)) -> list[Path]:
    """The files of these kinds among ``given``, a folder standing for all below it.

    Raises OperatorError for what is not there or no journal by its name.
    """
    suffixes = tuple(KINDS[kind] for kind in kinds)
    endings = (*suffixes, *(suffix + COMPRESSED for suffix in suffixes))
    found: dict[Path, None] = {}
    for path in given:
        if path.is_dir():
            found.update(dict.fromkeys(_below(path, suffixes)))
        elif not path.is_file():
            raise OperatorError(f"{path} is not there; name journals, or folders with journals")
        elif not path.name.endswith(endings):
            raise OperatorError(f"{path} is no such journal; names end in {', '.join(endings)}")
        else:
            found[path] = None
    if not found:
        where = ", ".join(map(str, given))
        raise OperatorError(f"no *{', *'.join(suffixes)} in {where}; name where journals are")
    return list(found)


def _below(folder: Path, suffixes: Iterable[str]) -> Iterator[Path]:
    folders = [folder, *sorted(path for path in folder.rglob("*") if path.is_dir())]
    for each in folders:
        for suffix in suffixes:
            yield from journal_files(each, suffix)


class Survey:
    """Journals on their way to facts: make one, exhaust ``run``, take ``runs``."""

    def __init__(self, paths: Iterable[Path]) -> None:
        """Read the headers. Raises OperatorError, or PassingError where a file cannot be read."""
        self.runs: list[RunFacts] = []
        """In order of their names, which is by time; complete once ``run`` is exhausted."""
        self.records = 0
        self._plans = _plans(paths)

    def run(self) -> Iterator[int]:
        """Read everything; yields the records read so far after each block. Raises PassingError
        where a file cannot be read.
        """
        for plan in self._plans:
            reading = _Reading(plan)
            self.runs.append(reading.facts)
            for records in reading.run():
                self.records += records
                yield self.records

    @property
    def whole(self) -> bool:
        """Whether nothing serious was found."""
        return all(run.whole for run in self.runs)


@dataclass(slots=True)
class _Plan:
    """The files of one run's journal of one kind, by the number of the part."""

    kind: KindName
    name: str
    parts: dict[int, Path] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


def _plans(paths: Iterable[Path]) -> list[_Plan]:
    plans: dict[tuple[str, KindName], _Plan] = {}
    # the plain form first: it is the one that is read where a crash has left both
    for path in sorted(paths, key=lambda path: (path.suffix == COMPRESSED, str(path))):
        name, kind, number = _place(path)
        plan = plans.setdefault((name, kind), _Plan(kind, name))
        other = plan.parts.setdefault(number, path)
        if other != path:
            text = f"holds the same part as {other}, which is read in its place"
            plan.findings.append(Finding("copy", path, None, text, None, serious=False))
    return [plan for _, plan in sorted(plans.items())]


def _place(path: Path) -> tuple[str, KindName, int]:
    """Run, kind and part; by the file's name where its header is damaged."""
    with closing(walk(path)) as content:
        first = next(content)
    if isinstance(first, Header):
        return first.name, first.kind, first.part
    kind = FRAMES.name if FRAMES.suffix in path.suffixes else EVENTS.name
    named = _NAME.fullmatch(path.name)
    return (path.name, kind, 1) if named is None else (named[1], kind, int(named[2]))


class _Reading:
    """One pass over the files of a run."""

    def __init__(self, plan: _Plan) -> None:
        self.facts = RunFacts(plan.kind, plan.name, findings=plan.findings)
        self._parts = sorted(plan.parts.items())
        self._before: int | None = None
        """The part before."""
        self._due: int | None = None
        """The number of the next record; ``None`` where it cannot be known."""
        self._highest = 0
        """The latest receipt so far."""

    def run(self) -> Iterator[int]:
        """Read; yields how many records each block held."""
        for number, path in self._parts:
            if (there := _present(path)) is None:
                self._find("gone", path, None, "was deleted while this was read", None)
                self._due = None
            else:
                yield from self._part(number, there)
            self._before = number
        back = self.facts.backwards
        if back.largest > BACK_TOLERANCE:
            path, text = self._parts[0][1], f"{back.largest / SECOND:,.1f} s at {back.at_record}"
            text = f"stamps of receipt go backwards {back.count} times, at most by {text}"
            self._find("backwards", path, None, text, "see whether the clock was set there")
        if self.facts.kind == FRAMES.name and self.facts.files:
            self._read_index(self.facts.files[0].path)

    def _part(self, number: int, path: Path) -> Iterator[int]:
        file: FileFacts | None = None
        for found in walk(path):
            match found:
                case Header():
                    file = FileFacts(path, found, path.stat().st_size, is_held(path))
                    self._begin(file, number)
                case Flaw():
                    self._flaw(found, path)
                case Block():
                    assert file is not None, "a block before the header"
                    if (records := self._decoded(found, file)) is None:
                        return
                    self._block(file, records)
                    yield len(records)

    def _begin(self, file: FileFacts, number: int) -> None:
        """A part begins: does it follow the one before?"""
        header = file.header
        self.facts.files.append(file)
        self.facts.header = self.facts.header or header
        due, first = self._due, header.first_sequence
        lost = f"records {due} to {first - 1}" if due is not None and due < first else ""
        if self._before is None and number > 1:
            text = f"begins with part {number}: what came before was deleted by age, or not named"
            self._find("oldest_gone", file.path, None, text, None)
        elif self._before is not None and number > self._before + 1:
            missing = _span_text(self._before + 1, number - 1)
            text = f"{missing} before it, {header.predecessor} the last"
            remedy = f"restore what is missing from a copy, or name it as well{lost and '; '}{lost}"
            self._find("missing_part", file.path, 0, text, remedy, serious=True)
        elif header.predecessor != _name_of(header, number - 1):
            text = f"says that it follows {header.predecessor}, and is part {number}"
            self._find("chain", file.path, 0, text, _RESTORE, serious=True)
        elif due is not None and due != first:
            text = f"begins at record {first} where {due} was due"
            self._find("missing_records", file.path, 0, text, _RESTORE, serious=True)
        self._due = first

    def _flaw(self, flaw: Flaw, path: Path) -> None:
        serious = flaw.what != "torn"
        self._find(flaw.what, path, flaw.offset, flaw.text, flaw.remedy, serious=serious)
        if serious:
            self._due = None

    def _decoded(self, block: Block, file: FileFacts) -> Records | None:
        """The records of a block; ``None``, and a finding, where this program cannot read them."""
        where = f"the block at {block.offset}"
        try:
            if file.header.kind == EVENTS.name:
                return decode_records(EVENTS, block.payload, file.header, where)
            return decode_records(FRAMES, block.payload, file.header, where)
        except OperatorError as error:
            text, _, remedy = str(error).rpartition(": ")
            self._flaw(Flaw("unreadable", block.offset, text, remedy), file.path)
            return None

    def _block(self, file: FileFacts, records: Records) -> None:
        file.blocks += 1
        for record in records:
            if isinstance(record, EventRecord):
                if self._due is not None and record.sequence != self._due:
                    text = f"record {record.sequence} stands where {self._due} was due"
                    self._find("missing_records", file.path, None, text, _RESTORE, serious=True)
                self._due = record.sequence
                self._count_event(record.event)
                at = record.event.received_at
            else:
                self._count_frame(record)
                at = record.received_at
            self._stamp(file, at)
            file.records += 1
            self._due = None if self._due is None else self._due + 1

    def _count_event(self, event: Event) -> None:
        facts = self.facts
        facts.events[type(event).__name__] += 1
        ticker = (
            event.contract.ticker
            if isinstance(event, MarketListed)
            else getattr(event, "ticker", None)
        )
        if ticker is not None:
            facts.markets[ticker] += 1

    def _count_frame(self, record: FrameRecord) -> None:
        flow = self.facts.sources.get(record.source)
        if flow is None:
            flow = self.facts.sources[record.source] = Flow()
        if record.direction == "in":
            flow.frames_in += 1
            flow.bytes_in += len(record.frame)
        else:
            flow.frames_out += 1
            flow.bytes_out += len(record.frame)

    def _stamp(self, file: FileFacts, at: Nanos) -> None:
        if file.first_at is None or file.last_at is None:
            file.first_at = file.last_at = at
            file.silent_before = at - self._highest if self._highest else None
        if at >= self._highest:
            self._highest = file.last_at = at
            return
        file.first_at, file.last_at = min(file.first_at, at), max(file.last_at, at)
        back, step = self.facts.backwards, self._highest - at
        back.count += 1
        if step > back.largest:
            back.largest, back.at_record = step, self._due

    def _read_index(self, path: Path) -> None:
        where = index_path(path.parent, self.facts.name)
        try:
            self.facts.index = read_index(where)
        except OperatorError as error:
            text, _, remedy = str(error).rpartition("; ")
            self._find("index", where, None, text, remedy)

    def _find(
        self,
        what: FindingName,
        path: Path,
        offset: int | None,
        text: str,
        remedy: str | None,
        *,
        serious: bool = False,
    ) -> None:
        self.facts.findings.append(Finding(what, path, offset, text, remedy, serious))


def _present(path: Path) -> Path | None:
    """The file, or what it was compressed to since it was listed."""
    packed = path.with_name(path.name + COMPRESSED)
    return next((each for each in (path, packed) if each.exists()), None)


def _name_of(header: Header, number: int) -> str | None:
    """The name of a run's part while open; ``None`` before the first."""
    return f"{header.name}-{number:04d}{KINDS[header.kind]}" if number else None


def _span_text(first: int, last: int) -> str:
    return f"part {first} is missing" if first == last else f"parts {first} to {last} are missing"
