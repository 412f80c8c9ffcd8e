"""The four logs of a run, as JSON lines: ``main.log``, ``trades.json``, ``latency.json`` and
``signals.json``.

The caller's side of a line is an append to a queue; a thread formats, redacts, writes and rotates.
The queue is bounded and the disk may fail: lines that are lost for it are counted, and ``main.log``
says how many as soon as it can.
"""

import json
import os
import re
import threading
from collections import deque
from collections.abc import Mapping
from io import FileIO
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from kalshi_assistant.domain.errors import OperatorError
from kalshi_assistant.domain.secrets import HIDDEN, Secret
from kalshi_assistant.domain.time import Nanos, format_iso
from kalshi_assistant.journal.readable import Readable, readable
from kalshi_assistant.runtime.clock import Clock

ROTATE_BYTES: Final = 100_000_000
KEPT_FILES: Final = 10
"""Closed files of one log, besides the one written to."""

Level = Literal["info", "warning", "error"]

_MAIN: Final = "main.log"
_TRADES: Final = "trades.json"
_LATENCY: Final = "latency.json"
_SIGNALS: Final = "signals.json"
_NAMES: Final = (_MAIN, _TRADES, _LATENCY, _SIGNALS)

_QUEUE_MAX: Final = 100_000
_PERIOD_SECONDS: Final = 0.1
_AT_ONCE: Final = 32
"""Lines between two writes, and a write lets the other threads run: they wait no longer."""

_SECRET_NAME: Final = re.compile(
    r"(?:^|[_-])(?:private[_-]?key|api[_-]?key|access[_-]?key|signature|token|authorization"
    r"|secret|password|passphrase)$",
    re.IGNORECASE,
)
_PEM: Final = re.compile(r"-----BEGIN [^-]*-----.*?(?:-----END [^-]*-----|\Z)", re.DOTALL)
_SAID_SECRET: Final = re.compile(
    r"((?:authorization|signature|(?:private|api|access)[_-]?key|token|password|passphrase)"
    r"[\"']?\s*[:=]\s*)(?:\"[^\"]*\"|'[^']*'|(?:Bearer\s+)?[^\s,;}]+)",
    re.IGNORECASE,
)

_Main = tuple[Level, str, str, dict[str, object]]


def redact(value: object) -> Readable:
    """``value`` as JSON-ready data in which nothing secret is left.

    Hidden are ``Secret`` values, PEM blocks, whatever stands under a name that secrets have, and
    the same said in a text as ``name: value``.
    """
    if isinstance(value, Secret):
        return HIDDEN
    if isinstance(value, str):
        return _SAID_SECRET.sub(rf"\1{HIDDEN}", _PEM.sub(HIDDEN, value))
    if isinstance(value, Mapping):
        return {str(name): _redact_field(str(name), item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [redact(item) for item in value]
    said = readable(value)
    return redact(said) if isinstance(said, (str, dict)) else said


def _redact_field(name: str, value: object) -> Readable:
    return HIDDEN if value is not None and _SECRET_NAME.search(name) else redact(value)


class Logs:
    """The open logs. Any thread may add lines; ``close`` waits until they are written."""

    def __init__(self, files: Mapping[str, "_RotatingFile"], clock: Clock) -> None:
        self._files = files
        self._clock = clock
        self._queue: deque[tuple[str, Nanos, object]] = deque()
        self._lost = 0
        self._troubles: dict[str, str] = {}
        self._stop = threading.Event()
        # A daemon: a program that fails without closing its logs must still end.
        self._writer = threading.Thread(target=self._work, name="logs", daemon=True)
        self._writer.start()

    @property
    def trouble(self) -> str | None:
        """Why lines could not be written last time; ``None`` while all is well."""
        return "; ".join(self._troubles.values()) or None

    def main(self, level: Level, topic: str, text: str, **fields: object) -> None:
        """A line of ``main.log``."""
        self._add(_MAIN, (level, topic, text, fields))

    def trade(self, what: object) -> None:
        """A signal, order or fill into ``trades.json``.

        Structs and mappings become an object, with dollars as strings and times in UTC; ``at`` is
        its own where it has one, else now. The same holds for ``latency`` and ``signal``.
        """
        self._add(_TRADES, what)

    def latency(self, what: object) -> None:
        """A measurement into ``latency.json``."""
        self._add(_LATENCY, what)

    def signal(self, what: object) -> None:
        """A signal, with what it was decided on, into ``signals.json``."""
        self._add(_SIGNALS, what)

    def close(self) -> None:
        """Write what waits and close the files; again is harmless."""
        self._stop.set()
        self._writer.join()

    def _add(self, name: str, what: object) -> None:
        if len(self._queue) >= _QUEUE_MAX:
            self._lost += 1
        else:
            self._queue.append((name, self._clock.now(), what))

    def _work(self) -> None:
        """The writer thread."""
        while not self._stop.wait(_PERIOD_SECONDS):
            self._drain()
        self._drain()
        for file in self._files.values():
            file.close()

    def _drain(self) -> None:
        while self._queue:
            lines: dict[str, list[bytes]] = {}
            for _ in range(min(_AT_ONCE, len(self._queue))):
                name, at, what = self._queue.popleft()
                lines.setdefault(name, []).append(self._line(name, at, what))
            for name, chunk in lines.items():
                if not self._write(name, chunk):
                    self._lost += len(chunk)
        if self._lost:
            self._tell_loss()

    def _write(self, name: str, lines: list[bytes]) -> bool:
        try:
            self._files[name].write(b"\n".join(lines) + b"\n")
        except OSError as error:
            self._troubles[name] = f"cannot write {self._files[name].path}: {error.strerror}"
            return False
        self._troubles.pop(name, None)
        return True

    def _line(self, name: str, at: Nanos, what: object) -> bytes:
        if name == _MAIN:
            return self._main_line(at, what)
        said = redact(what)
        fields = said if isinstance(said, dict) else {"value": said}
        return _as_json({"at": format_iso(at)} | fields)

    def _main_line(self, at: Nanos, what: Any) -> bytes:
        level, topic, text, fields = what
        said = {"at": format_iso(at), "level": level, "topic": topic, "text": text}
        clean = redact(said | {name: value for name, value in fields.items() if name not in said})
        assert isinstance(clean, dict)
        return _as_json(clean)

    def _tell_loss(self) -> None:
        lost, why = self._lost, self.trouble or "the disk was behind"
        said: _Main = ("warning", "logs", f"{lost} log lines were lost: {why}", {})
        if self._write(_MAIN, [self._main_line(self._clock.now(), said)]):
            self._lost -= lost


def _as_json(said: Mapping[str, Any]) -> bytes:
    try:
        return msgspec.json.encode(said)
    except (
        UnicodeEncodeError,
        OverflowError,
    ):  # half a character, a huge integer
        return json.dumps(said).encode()


def open_logs(
    directory: Path,
    clock: Clock,
    *,
    rotate_bytes: int = ROTATE_BYTES,
    kept_files: int = KEPT_FILES,
) -> Logs:
    """Open the four logs in ``directory``, which is made where missing. Raises OperatorError."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        files = {name: _RotatingFile(directory / name, rotate_bytes, kept_files) for name in _NAMES}
    except OSError as error:
        raise OperatorError(
            f"cannot write logs in {directory}: {error.strerror}; give a folder that can be written"
        ) from error
    return Logs(files, clock)


class _RotatingFile:
    """A file that is set aside as ``name.1``, ``name.2`` ... when it has grown to its size."""

    def __init__(self, path: Path, rotate_bytes: int, kept_files: int) -> None:
        self.path = path
        self._rotate_bytes = rotate_bytes
        self._kept_files = kept_files
        self._open()

    def write(self, data: bytes) -> None:
        """Append ``data``, whole or not at all. Raises OSError."""
        if self._file.closed:  # a rotation failed
            self._open()
        if self._size and self._size + len(data) > self._rotate_bytes:
            self._rotate()
        try:
            written = 0
            while written < len(data):
                written += self._file.write(data[written:])
        except OSError:
            self._file.truncate(self._size)
            raise
        self._size += len(data)

    def close(self) -> None:
        self._file.close()

    def _open(self) -> None:
        # Unbuffered: what was written is in the file, and one chunk is one write.
        self._file = FileIO(self.path, "ab", opener=_owner_only)
        self._size = self._file.tell()

    def _rotate(self) -> None:
        self._file.close()
        for number in range(self._kept_files - 1, 0, -1):
            aside = self._aside(number)
            if aside.exists():
                aside.replace(self._aside(number + 1))
        self.path.replace(self._aside(1))
        self._open()

    def _aside(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{number}")


def _owner_only(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
