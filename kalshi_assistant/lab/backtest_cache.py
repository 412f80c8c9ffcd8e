"""The past, decoded once: recordings and journals as tapes in a folder that may be deleted.

**Invariant:** a tape is used only when it is whole, when what it was made from has not changed by a
byte, and when the program that made it decodes as this one does. Anything else is named and made
anew; where nothing can be written the backtest goes on without.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from os import utime
from pathlib import Path
from typing import Final

import msgspec

import kalshi_assistant
from kalshi_assistant.domain.events import Event
from kalshi_assistant.domain.ids import ClientOrderId
from kalshi_assistant.domain.time import Nanos
from kalshi_assistant.journal.panel import PanelMarket
from kalshi_assistant.journal.tape import SUFFIX, BadTapeError, Tape
from kalshi_assistant.journal.tape_writer import TapeWriter, prune
from kalshi_assistant.lab.backtest_input import Material, Notices

KEEP_BYTES: Final = 8 * 2**30
"""Of all tapes together."""
DECODING: Final = (
    "domain",
    "journal",
    "market",
    "venues/kalshi",
    "lab/backtest_input.py",
    "lab/panel_events.py",
    "lab/told.py",
    "runtime/replay.py",
)
"""The sources that decide which events are made of which bytes."""
_BLOCK: Final = 2**20

Build = Callable[[Notices], Material]


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What of a material does not lie in its events."""

    name: str
    files: tuple[str, ...]
    begins: Nanos
    ends: Nanos
    markets: tuple[PanelMarket, ...]
    led: bool
    error_bp: float
    notices: tuple[str, ...]
    delays: tuple[int, ...]
    by_order: tuple[tuple[ClientOrderId, int], ...]


_ABOUT: Final = msgspec.msgpack.Decoder(About)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A material that may lie on the shelf: ``kind`` and ``sources`` say which it is, ``build``
    makes it from them. ``sources`` are all files that are read for it, in order.
    """

    kind: str
    sources: tuple[Path, ...]
    build: Build


@dataclass(slots=True)
class Shelf:
    """The folder of tapes; ``say`` hears what became of a tape that could not be used."""

    folder: Path
    say: Callable[[str], None]
    _broken: bool = field(default=False)
    """Whether writing has failed: it is told once and not tried again."""

    def material(self, wanted: Wanted, notices: Notices) -> Material:
        """From its tape, which is made first where there is none; else straight from its files.

        Raises what ``wanted.build`` raises.
        """
        path = self.folder / f"{_name(wanted)}{SUFFIX}"
        try:
            origin = f"{_program()}/{_content(wanted.sources)}"
        except OSError:
            return wanted.build(notices)  # which names what cannot be read
        found = self._kept(path, origin)
        if found is None and not self._broken:
            found = self._made(path, origin, wanted)
        if found is None:
            return wanted.build(notices)
        about = _ABOUT.decode(found.header.about)
        for text in about.notices:
            notices.say(text)
        return Material(
            name=about.name,
            files=tuple(map(Path, about.files)),
            begins=about.begins,
            ends=about.ends,
            markets=about.markets,
            events=found.read(),
            led=about.led,
            error_bp=about.error_bp,
            delays=about.delays,
            by_order=about.by_order,
        )

    def _kept(self, path: Path, origin: str) -> Tape | None:
        try:
            tape = Tape.open(path)
            self._check(tape, origin)
            utime(path)  # used last goes last
        except (FileNotFoundError, NotADirectoryError):
            return None
        except BadTapeError as error:
            self.say(f"the cache {path.name} is made anew: {error}")
            return None
        except OSError as error:
            self.say(f"the cache {path} cannot be read ({error.strerror})")
            return None
        return tape

    def _check(self, tape: Tape, origin: str) -> None:
        program, _, content = tape.header.origin.partition("/")
        now_program, _, now_content = origin.partition("/")
        if content != now_content:
            raise BadTapeError("its sources have changed since")
        if program != now_program:
            raise BadTapeError("it was made by another version of the program")

    def _made(self, path: Path, origin: str, wanted: Wanted) -> Tape | None:
        """Read everything once, in order, and put it on the shelf."""
        notices = Notices()
        material = wanted.build(notices)
        try:
            with TapeWriter(self.folder) as writer:
                writer.take_all(material.events)
                writer.finish(path, origin, _about(material, notices))
            prune(self.folder, KEEP_BYTES, path)
            return Tape.open(path)
        except (OSError, BadTapeError) as error:
            self._broken = True
            why = error.strerror if isinstance(error, OSError) else error
            self.say(
                f"nothing can be cached in {self.folder} ({why}): the backtest goes on "
                "without; make room there, or name another folder with --cache-dir"
            )
            return None


def _about(material: Material, notices: Notices) -> About:
    return About(
        name=material.name,
        files=tuple(str(path) for path in material.files),
        begins=material.begins,
        ends=material.ends,
        markets=material.markets,
        led=material.led,
        error_bp=material.error_bp,
        notices=tuple(notices.texts),
        delays=material.delays,
        by_order=material.by_order,
    )


def of_panel_beside(index: Path) -> tuple[Path, ...]:
    """The files read with an index file: all of its panel, where it belongs to one."""
    folder = index.parent
    if not (folder / "meta.json").is_file():
        return (index,)
    return tuple(sorted(path for path in folder.iterdir() if path.is_file()))


def _name(wanted: Wanted) -> str:
    """The same for the same files, whatever is in them."""
    told = blake2b(wanted.kind.encode(), digest_size=12)
    for path in wanted.sources:
        told.update(b"\0" + str(path.resolve()).encode())
    return told.hexdigest()


def _content(sources: Sequence[Path]) -> str:
    told = blake2b(digest_size=16)
    for path in sources:
        with path.open("rb") as file:
            told.update(f"{path.stat().st_size}\0".encode())
            while block := file.read(_BLOCK):
                told.update(block)
    return told.hexdigest()


def _program() -> str:
    """Of the forms of all events, and of the sources that make them."""
    told = blake2b(kalshi_assistant.__version__.encode(), digest_size=12)
    told.update(msgspec.json.encode(msgspec.json.schema(Event), order="deterministic"))
    root = Path(kalshi_assistant.__file__).parent
    for name in DECODING:
        place = root / name
        for path in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            told.update(path.read_bytes())
    return told.hexdigest()
