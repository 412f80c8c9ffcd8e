"""What ``doctor`` looks at on this machine, how its lines add up, and the record of a pass.

A line is passed, a warning, failed, or skipped with its reason; ``outside`` marks a failure of what
is not ours: network, venue, a refused key. Live trading wants a record that is *ready*: every line
it needs there and in order, where a warning is not enough for what money hangs on.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import msgspec

from kalshi_assistant.domain.time import SECOND, Nanos
from kalshi_assistant.runtime.kill_file import write_durably

RECORD_NAME: Final = "doctor.json"
PYTHON_LEAST: Final = (3, 11)
PYTHON_TRIED: Final = (3, 14)
FREE_LEAST, FREE_GOOD = 200_000_000, 5_000_000_000
"""Bytes: below the first nothing durable is safe, below the second journals soon fill the disk."""

MUST_PASS: Final = ("config", "clock", "network", "key", "scope", "balance", "netting", "state")
MAY_WARN: Final = ("python", "disk", "exchange", "feeds")
"""What live trading needs of a pass: the first without even a warning."""

_BYTES_MAX: Final = 65_536
_YEAR_2100: Final = 4_102_444_800 * SECOND
Status = Literal["pass", "warn", "fail", "skip"]


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was looked at."""

    name: str
    status: Status
    say: str
    remedy: str = ""
    outside: bool = False


class DoctorPass(msgspec.Struct, frozen=True):
    """A run of the doctor, as arming reads it. ``missing`` names what kept it from ready."""

    account: str
    config: str
    at: Nanos
    ready: bool
    missing: tuple[str, ...]


def passed(name: str, say: str) -> Line:
    """All is well."""
    return Line(name, "pass", say)


def warned(name: str, say: str, remedy: str) -> Line:
    """It works, and may not for long or not for all."""
    return Line(name, "warn", say, remedy)


def failed(name: str, say: str, remedy: str, *, outside: bool = False) -> Line:
    """It does not work."""
    return Line(name, "fail", say, remedy, outside)


def skipped(name: str, why: str) -> Line:
    """It could not be looked at."""
    return Line(name, "skip", why)


def exit_code(lines: Sequence[Line]) -> int:
    """0 where nothing failed, 3 where only the outside did, else 1."""
    wrong = [line for line in lines if line.status == "fail"]
    if not wrong:
        return 0
    return 3 if all(line.outside for line in wrong) else 1


def not_ready(lines: Sequence[Line]) -> tuple[str, ...]:
    """What live trading needs and did not find in order."""
    found = {line.name: line.status for line in lines}
    short = [name for name in MUST_PASS if found.get(name) != "pass"]
    short += [name for name in MAY_WARN if found.get(name) not in ("pass", "warn")]
    return tuple(short)


def write_pass(
    folder: Path, account: str, config: str, lines: Sequence[Line], now: Nanos
) -> DoctorPass:
    """Keep what this run found, in order or not, over the one before. Raises OperatorError."""
    missing = not_ready(lines)
    record = DoctorPass(account, config, now, not missing, missing)
    write_durably(folder / RECORD_NAME, msgspec.json.format(msgspec.json.encode(record)) + b"\n")
    return record


def read_pass(folder: Path) -> DoctorPass | None:
    """The last run; ``None`` where there is none that can be read."""
    try:
        with (folder / RECORD_NAME).open("rb") as file:
            found = msgspec.json.decode(file.read(_BYTES_MAX), type=DoctorPass)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None
    return found if 0 <= found.at < _YEAR_2100 else None


# --- this machine ---


def python_line(version: Sequence[int]) -> Line:
    """Whether this Python will do; ``version`` is ``sys.version_info``."""
    text = f"Python {version[0]}.{version[1]}.{version[2]} on {sys.platform}"
    if tuple(version[:2]) < PYTHON_LEAST:
        return failed("python", text, "install Python 3.11 or later")
    if tuple(version[:2]) > PYTHON_TRIED:
        return warned("python", text, "this program has not been tried with a Python so new")
    return passed("python", text)


def disk_line(folder: Path) -> Line:
    """Whether there is room where ``folder`` is or will be."""
    place = folder
    while not place.exists() and place != place.parent:
        place = place.parent
    try:
        free = shutil.disk_usage(place).free
    except OSError as error:
        return failed("disk", f"{place}: {error.strerror or error}", "name another folder")
    say = f"{free / 1e9:.1f} GB free in {place}"
    if free < FREE_LEAST:
        return failed("disk", say, "make room: the ledger must be able to write")
    if free < FREE_GOOD:
        return warned("disk", say, "make room, or have journals kept shorter")
    return passed("disk", say)


def state_line(folder: Path) -> Line:
    """Whether the state folder can be written, lastingly and by nobody else."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".doctor-") as file:
            file.write(b"doctor\n")
            file.flush()
            os.fsync(file.fileno())
        mode = folder.stat().st_mode
    except OSError as error:
        text = f"{folder} cannot be written: {error.strerror or error}"
        return failed("state", text, "mend its permissions or give another --state-dir")
    if os.name == "posix" and mode & 0o022:
        return failed("state", f"others may write in {folder}", f"run: chmod 700 {folder}")
    return passed("state", f"{folder} can be written")


def colours_line(environ: Mapping[str, str], *, is_terminal: bool) -> Line:
    """What the screen has to work with."""
    if not is_terminal:
        return skipped("colours", "standard output is no terminal")
    term, more = environ.get("TERM", ""), environ.get("COLORTERM", "")
    if environ.get("NO_COLOR"):
        return passed("colours", "NO_COLOR is set: signs and words instead of colours")
    if term in ("", "dumb"):
        remedy = "use `run --no-ui` here, or a terminal that sets TERM"
        return warned("colours", f"TERM is {term or 'not set'}: no screen can be drawn", remedy)
    if more in ("truecolor", "24bit"):
        return passed("colours", f"{term} with true colours")
    if "256" in term:
        return passed("colours", f"{term} with 256 colours")
    remedy = "set COLORTERM=truecolor if your terminal can; without it colours are rough"
    return warned("colours", f"{term} promises 16 colours at most", remedy)
