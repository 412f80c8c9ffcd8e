"""The child's side of ``runtime.past``: runs a journal or a recording through a fresh engine and
keeps what a screen would have shown, the first snapshot of each second.

It speaks on its standard input and output, in messages with their length before them, and ends when
its input closes: with the screen, however that ended. It gives way to every other process.
"""

import os
import struct
import sys
import threading
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Final, Protocol

import msgspec

from kalshi_assistant.domain.errors import AssistantError, OperatorError
from kalshi_assistant.domain.time import HOUR, SECOND, Nanos
from kalshi_assistant.engine.engine import Engine
from kalshi_assistant.engine.settings import from_json
from kalshi_assistant.engine.snapshot import Snapshot
from kalshi_assistant.journal.codec import EVENTS
from kalshi_assistant.journal.hold import is_held
from kalshi_assistant.journal.reader import JournalReader, read_header
from kalshi_assistant.journal.retention import journal_files
from kalshi_assistant.runtime.replay import Merged, RecordingReplay

KEPT_MAX: Final = 2 * (HOUR // SECOND)
"""Snapshots; of a longer run every second one goes, then every second of the rest, and so on."""
NICENESS: Final = 10
PROGRESS_STEPS: Final = 200
ASK_BYTES_MAX: Final = 1_024
LENGTH: Final = struct.Struct("<I")
_LEVEL: Final = 1


class Running(msgspec.Struct, frozen=True, tag=True):
    """An engine that runs: the journal in ``folder`` that holds event ``sequence`` at ``at``."""

    folder: str
    sequence: int
    at: Nanos


class Recorded(msgspec.Struct, frozen=True, tag=True):
    """The parts of one journal, or one recording with what it is merged with."""

    paths: tuple[str, ...]
    recording: bool = False
    settings: str = ""
    """Of the engine, as JSON, for a recording."""
    index: str | None = None
    markets: str | None = None


Subject = Running | Recorded


class Progress(msgspec.Struct, frozen=True, tag=True):
    """How far it is, 0 to 1, and what can be asked for by now."""

    share: float
    first: Nanos | None
    last: Nanos | None
    note: str = ""


class Ask(msgspec.Struct, frozen=True, tag=True):
    """A wish for the snapshot of a second, or of the nearest before it."""

    number: int
    second: int


class Found(msgspec.Struct, frozen=True, tag=True):
    """The answer to a wish; ``packed`` is a compressed snapshot, ``None``: nothing so old."""

    number: int
    packed: bytes | None


class Failed(msgspec.Struct, frozen=True, tag=True):
    """It cannot be done."""

    text: str


Told = Progress | Found | Failed
SUBJECTS: Final = msgspec.json.Decoder(Subject)
ASKS: Final = msgspec.msgpack.Decoder(Ask)
TOLD: Final = msgspec.msgpack.Decoder(Told)
_ENCODER: Final = msgspec.msgpack.Encoder()


def framed(message: Told | Ask) -> bytes:
    """A message with its length before it."""
    payload = _ENCODER.encode(message)
    return LENGTH.pack(len(payload)) + payload


def unpacked(packed: bytes) -> Snapshot:
    """A snapshot as it was before it was kept."""
    return msgspec.msgpack.decode(zlib.decompress(packed), type=Snapshot)


class Kept:
    """One packed snapshot a second, in order, never more than ``KEPT_MAX``."""

    def __init__(self, most: int = KEPT_MAX) -> None:
        self._packed: dict[int, bytes] = {}
        self._most = most
        self._stride = 1
        self.first: int | None = None
        self.last: int | None = None

    def wants(self, second: int) -> bool:
        """Whether this second is a new one that would be kept."""
        return self.last is None or second >= self.last + self._stride

    def keep(self, second: int, snapshot: Snapshot) -> None:
        """Keep the snapshot of a second."""
        self._packed[second] = zlib.compress(_ENCODER.encode(snapshot), _LEVEL)
        self.first = second if self.first is None else self.first
        self.last = second
        if len(self._packed) > self._most:
            for number, old in enumerate(list(self._packed)):
                if number % 2:
                    del self._packed[old]
            self._stride *= 2

    def at(self, second: int) -> bytes | None:
        """The snapshot of that second or of the nearest before it."""
        if self.first is None or second < self.first:
            return None
        while second not in self._packed:
            second -= 1
        return self._packed[second]


class Steps(Protocol):
    """Something that is run again: its engine, and a run that yields the instant of each step."""

    engine: Engine

    def run(self) -> Iterator[Nanos]:
        """Step to the end."""


class JournalSteps:
    """An event journal through a fresh engine; nothing is compared, so it is quick."""

    def __init__(self, paths: Iterable[Path], until: Running | None = None) -> None:
        """``until``: stop after the event it names, which must be there."""
        self._reader = JournalReader(EVENTS, paths)
        header = read_header(self._reader.paths[0])
        self.engine = Engine(from_json(header.run.settings))
        self.whole = header.part == 1
        """Whether it begins at the beginning."""
        self._until = until

    def run(self) -> Iterator[Nanos]:
        """Handle the events one by one."""
        until = self._until
        for record in self._reader:
            at = record.event.received_at
            if until is not None and record.sequence >= until.sequence:
                if record.sequence == until.sequence and at != until.at:
                    raise OperatorError("the journal found is of another run")
                return
            self.engine.handle(record.event)
            yield at


def journal_of(running: Running) -> list[Path]:
    """The files of the run that a living engine writes. Raises OperatorError where none is.

    A file's name is the run's and the part's, so none has to be opened to sort them.
    """
    found: dict[str, list[Path]] = {}
    for path in journal_files(Path(running.folder), EVENTS.suffix):
        found.setdefault(path.name.rpartition("-")[0], []).append(path)
    alive = [paths for paths in found.values() if any(is_held(path) for path in paths)]
    candidates = alive or list(found.values())
    if len(candidates) == 1:
        return candidates[0]
    for paths in reversed(candidates):
        if _holds(paths, running):
            return paths
    raise OperatorError(f"no journal of this engine lies in {running.folder}")


def _holds(paths: list[Path], running: Running) -> bool:
    """Whether the event that the screen last saw stands in these files as it was seen."""
    parts = sorted((read_header(path).first_sequence, path) for path in paths)
    near = [path for first, path in parts if first <= running.sequence][-1:]
    if not near:
        return False
    for record in JournalReader(EVENTS, near):
        if record.sequence == running.sequence:
            return record.event.received_at == running.at
    return False


class Rebuilder:
    """Runs the subject and answers what is asked, meanwhile and afterwards."""

    def __init__(self, sink: BinaryIO, kept: Kept | None = None) -> None:
        self._sink = sink
        self._kept = kept or Kept()
        self._lock = threading.Lock()
        self._waiting: list[Ask] = []
        self._done = False

    def ask(self, asked: Ask) -> None:
        """Answer, or remember the wish until that second has come."""
        with self._lock:
            last = self._kept.last
            if self._done or (last is not None and asked.second <= last):
                self._tell(Found(asked.number, self._kept.at(asked.second)))
            else:
                self._waiting.append(asked)

    def rebuild(self, subject: Subject) -> None:
        """Run it to its end, telling how far it is. Raises AssistantError."""
        steps, since, until, note = _steps(subject)
        first_at: Nanos | None = None
        told = 0
        for at in steps.run():
            first_at = at if first_at is None else first_at
            if at >= since and self._kept.wants(at // SECOND):
                with self._lock:
                    self._kept.keep(at // SECOND, steps.engine.snapshot())
                    self._answer()
            if until is not None:
                share = (at - first_at) / max(1, until - first_at)
                if int(share * PROGRESS_STEPS) > told:
                    told = int(share * PROGRESS_STEPS)
                    self._progress(min(share, 0.999), note)
            elif at // SECOND >= told:
                told = at // SECOND + 60
                self._progress(0.0, note)
        self._progress(1.0, note)
        with self._lock:
            self._done = True
            self._answer()

    def fail(self, text: str) -> None:
        """Say why nothing will come."""
        with self._lock:
            self._tell(Failed(text))

    def _answer(self) -> None:
        last = self._kept.last
        ready = [each for each in self._waiting if self._done or (last or 0) >= each.second]
        for asked in ready:
            self._waiting.remove(asked)
            self._tell(Found(asked.number, self._kept.at(asked.second)))

    def _progress(self, share: float, note: str) -> None:
        with self._lock:
            first, last = self._kept.first, self._kept.last
            self._tell(Progress(share, _instant(first), _instant(last), note))

    def _tell(self, message: Told) -> None:
        self._sink.write(framed(message))
        self._sink.flush()


def _instant(second: int | None) -> Nanos | None:
    return None if second is None else Nanos(second * SECOND)


def _steps(subject: Subject) -> tuple[Steps, Nanos, Nanos | None, str]:
    """What to run, from when on to keep it, when it ends where that is known, and a warning."""
    if isinstance(subject, Running):
        steps = JournalSteps(journal_of(subject), subject)
        note = "" if steps.whole else "rebuilt without the beginning of the run: it was tidied away"
        return steps, Nanos(subject.at - HOUR), subject.at, note
    paths = [Path(path) for path in subject.paths]
    if not subject.recording:
        return JournalSteps(paths), Nanos(0), None, "rebuilt from the file"
    merged = Merged.read(_path(subject.index), _path(subject.markets))
    replay = RecordingReplay(paths[0], from_json(subject.settings), merged)
    return replay, Nanos(0), None, "rebuilt from the recording"


def _path(text: str | None) -> Path | None:
    return None if text is None else Path(text)


def _listen(source: BinaryIO, rebuilder: Rebuilder) -> None:
    """Take wishes until the input closes; then the process has nobody to work for."""
    while len(head := source.read(LENGTH.size)) == LENGTH.size:
        (length,) = LENGTH.unpack(head)
        if length > ASK_BYTES_MAX:
            break
        rebuilder.ask(ASKS.decode(source.read(length)))
    os._exit(0)


def serve() -> None:
    """The child: its subject is its first argument, as JSON."""
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    rebuilder = Rebuilder(sys.stdout.buffer)
    listener = threading.Thread(target=_listen, args=(sys.stdin.buffer, rebuilder), name="asks")
    listener.daemon = True
    listener.start()
    try:
        rebuilder.rebuild(SUBJECTS.decode(sys.argv[1]))
    except AssistantError as error:
        rebuilder.fail(str(error))
    listener.join()
