"""What data there is below a folder, and what does not hold in it.

Things are panels, fetched folders, journals, raw recordings and tables in Parquet; each is read
once, and every flaw is a value. A finding is *serious* where something that was meant to be there
is not, or contradicts itself; a gap of the index is serious where it reaches into a minute that
settles a market. The rest (the venue paused, a day is not over) is worth a word.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from kalshi_assistant.domain.errors import OperatorError
from kalshi_assistant.domain.time import Nanos
from kalshi_assistant.journal.codec import COMPRESSED, EVENTS, FRAMES
from kalshi_assistant.journal.panel_folder import PANEL_FILES
from kalshi_assistant.journal.retention import journal_files
from kalshi_assistant.lab.fetched import is_fetched

ThingKind = Literal["panel", "fetched", "journal", "recording", "parquet"]
RECORDINGS: Final = (".jsonl", ".jsonl.gz")
FOLDERS_MAX: Final = 10_000

Told = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that does not hold, or that a person should know."""

    what: str
    path: Path
    text: str
    serious: bool = True


@dataclass(slots=True)
class Thing:
    """One set of data; ``None`` where it does not apply or was not found."""

    kind: ThingKind
    name: str
    path: Path
    bytes: int = 0
    rows: int = 0
    first: Nanos | None = None
    last: Nanos | None = None
    windows: int | None = None
    gaps: int | None = None
    about: str = ""
    findings: list[Finding] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether nothing serious was found."""
        return not any(finding.serious for finding in self.findings)

    def find(self, what: str, path: Path, text: str, *, serious: bool = True) -> None:
        """Add a finding."""
        self.findings.append(Finding(what, path, text, serious))

    def spans(self, first: int, last: int) -> None:
        """Widen from and to."""
        self.first = Nanos(first if self.first is None else min(self.first, first))
        self.last = Nanos(last if self.last is None else max(self.last, last))


@dataclass(slots=True)
class Below:
    """What lies below some folders, by kind, unread."""

    panels: list[Path] = field(default_factory=list)
    fetched: list[Path] = field(default_factory=list)
    journals: list[Path] = field(default_factory=list)
    recordings: list[Path] = field(default_factory=list)
    parquet: list[Path] = field(default_factory=list)


def below(paths: Sequence[Path]) -> Below:
    """Sort what is there. Raises OperatorError for what is not, or is no data."""
    found = Below()
    for path in paths:
        if path.is_dir():
            _sort(path, found)
        elif path.is_file():
            if not _file(path, found):
                raise OperatorError(
                    f"{path} is no data this program knows: journals end in {EVENTS.suffix} or "
                    f"{FRAMES.suffix}, recordings in {RECORDINGS[0]}, tables in .parquet"
                )
        else:
            raise OperatorError(f"{path} is not there; name a folder or a file with data")
    return found


def _sort(root: Path, found: Below) -> None:
    waiting = [root]
    for _ in range(FOLDERS_MAX):
        if not waiting:
            return
        folder = waiting.pop()
        if is_fetched(folder):
            found.fetched.append(folder)
            continue
        if is_panel(folder):
            found.panels.append(folder)
            continue
        try:
            inside = sorted(folder.iterdir())
        except OSError as error:
            raise OperatorError(f"cannot look into {folder}: {error.strerror}") from error
        for suffix in (EVENTS.suffix, FRAMES.suffix):
            found.journals += journal_files(folder, suffix)
        for path in inside:
            if path.is_dir() and not path.is_symlink() and not path.name.startswith("."):
                waiting.append(path)
            elif path.is_file() and not path.name.startswith(".") and not _is_journal(path):
                _file(path, found)
    raise OperatorError(f"{root} has over {FOLDERS_MAX:,} folders below it; name one further down")


def is_panel(folder: Path) -> bool:
    """Whether this looks like a panel, whole or not: its word on itself and a table."""
    names = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    return "meta.json" in names and len(names & PANEL_FILES) > 1


def _is_journal(path: Path) -> bool:
    plain = path.name.removesuffix(COMPRESSED)
    return plain.endswith((EVENTS.suffix, FRAMES.suffix))


def _file(path: Path, found: Below) -> bool:
    """Take a file, if it is one of ours."""
    if _is_journal(path):
        found.journals.append(path)
    elif path.name.endswith(RECORDINGS):
        found.recordings.append(path)
    elif path.suffix == ".parquet":
        found.parquet.append(path)
    else:
        return False
    return True


def facts_of(found: Below, told: Told) -> Iterator[Thing]:
    """Read everything, thing by thing; ``told`` hears what is being read."""
    from kalshi_assistant.lab import data_checks as checks

    for folder in sorted(found.panels):
        told(str(folder))
        yield checks.panel(folder)
    for folder in sorted(found.fetched):
        told(str(folder))
        yield checks.fetched(folder)
    if found.journals:
        yield from checks.journals(found.journals, told)
    for path in sorted(found.recordings):
        told(str(path))
        yield checks.recording(path)
    for path in sorted(found.parquet):
        told(str(path))
        yield checks.parquet(path)
