"""Processes beside an engine: readers that live and end with it and can never take it down.

Each is a command of this program that attaches to the engine's control socket. One that dies is
started again after a growing pause; one that says that its configuration is wrong (2) is not. At
the end each hears the engine's goodbye and ends by itself, or is ended.
"""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from kalshi_assistant.settings import Settings

END_SECONDS: Final = 6.0
"""From the engine's goodbye to being ended; a screen gives the engine ten."""
TERM_SECONDS: Final = 1.0
PAUSE_LONGEST: Final = 60.0
STEADY_SECONDS: Final = 60.0
"""One that lived so long begins its pauses anew."""
WRONG_USE: Final = 2
GOODBYE_SECONDS: Final = 10.0
"""One that ended in order has heard the engine's goodbye, or was told to end by somebody else."""


@dataclass(frozen=True, slots=True)
class Companion:
    """One process beside the engine."""

    name: str
    arguments: tuple[str, ...]
    """Of this program. ``--control-dir``, ``--tied`` and, where there is one, ``--config`` are
    added.
    """
    counts: bool = False
    """Whether it is told how often it was started again, with ``--restarts``."""
    by_stdin: bool = False
    """Whether the end of its standard input is what ends it: it hears no goodbye."""


def companions(settings: "Settings") -> tuple[Companion, ...]:
    """What these settings want beside an engine."""
    found = []
    if settings.alerts.wanted:
        found.append(Companion("alerts", ("alert", "run"), counts=True))
    if settings.http.enabled:
        found.append(Companion("serve", ("serve",)))
    return tuple(found)


class Crew:
    """The processes beside one engine, from its start to its end."""

    def __init__(self, wanted: Sequence[Companion]) -> None:
        self._wanted = tuple(wanted)
        self._made: Callable[[Companion], _Kept] | None = None
        self._kept: dict[str, _Kept] = {}

    @contextmanager
    def beside(
        self, control_dir: Path, config: Path | None, logs: Path, note: Callable[[str], None]
    ) -> Iterator[None]:
        """Keep them while the engine runs; ``note`` hears when one dies.

        What they say on standard error is kept in ``logs``, one file each.
        """
        options = ["--control-dir", str(control_dir), "--tied"]
        options += [] if config is None else ["--config", str(config)]
        self._made = lambda each: _Kept(each, options, logs / f"{each.name}.log", note)
        self._kept = {each.name: self._made(each) for each in self._wanted}
        for kept in self._kept.values():
            kept.start()
        try:
            yield
        finally:
            for kept in self._kept.values():
                kept.leave()
            for kept in self._kept.values():
                kept.end()

    def renew_alerts(self, settings: "Settings") -> None:
        """Settings of alerts changed: the process that read the old ones is followed by another,
        where one is wanted. Does not wait.
        """
        assert self._made is not None, "there is no engine yet"
        before = self._kept.pop("alerts", None)
        wanted = next((each for each in companions(settings) if each.name == "alerts"), None)
        after = None if wanted is None else self._made(wanted)
        if after is not None:
            self._kept["alerts"] = after
        if before is not None:
            before.give_way(after)
        elif after is not None:
            after.start()


class _Kept:
    """One companion, watched by a thread."""

    def __init__(
        self, companion: Companion, options: list[str], said: Path, note: Callable[[str], None]
    ) -> None:
        self._companion, self._said, self._note = companion, said, note
        self._command = [sys.executable, "-m", "kalshi_assistant", *companion.arguments, *options]
        self._leaving = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._keep, name=companion.name, daemon=True)

    def start(self) -> None:
        """Start it, and watch it, unless it was told to leave before."""
        if not self._leaving.is_set():
            self._thread.start()

    def leave(self) -> None:
        """It is not started again."""
        self._leaving.set()
        process = self._process
        if self._companion.by_stdin and process is not None and process.stdin is not None:
            process.stdin.close()

    def give_way(self, to: "_Kept | None") -> None:
        """End it now; what comes after it is started when it is gone."""

        def follow() -> None:
            self.leave()
            if self._process is not None:
                self._process.terminate()
            self.end()
            if to is not None:
                to.start()

        threading.Thread(target=follow, name=self._companion.name, daemon=True).start()

    def end(self) -> None:
        """Wait until it has ended by itself, else end it."""
        if not self._thread.ident:  # never started: the engine ended before its turn
            return
        self._thread.join(END_SECONDS)
        for end in ("terminate", "kill"):
            if self._thread.is_alive() and self._process is not None:
                getattr(self._process, end)()
                self._thread.join(TERM_SECONDS)

    def _keep(self) -> None:
        from kalshi_assistant.runtime.clock import Stopwatch

        restarts, pause = 0, 1.0
        while not self._leaving.is_set():
            lived = Stopwatch()
            try:
                code = self._live(restarts)
            except OSError as error:
                self._note(f"{self._companion.name}: cannot be started: {error.strerror}")
                return
            # it hears the engine's goodbye before the engine has quite ended
            if self._leaving.wait(GOODBYE_SECONDS if code == 0 else 0):
                return
            if code == WRONG_USE:
                self._note(f"{self._companion.name}: is not run, see {self._said}")
                return
            pause = 1.0 if lived.seconds() > STEADY_SECONDS else pause
            self._note(f"{self._companion.name}: ended ({code}), started again in {pause:g} s")
            self._leaving.wait(pause)
            restarts, pause = restarts + 1, min(2 * pause, PAUSE_LONGEST)

    def _live(self, restarts: int) -> int:
        """Start it and wait for its end; answers its exit code. Raises OSError."""
        said = _opened(self._said, anew=restarts == 0)
        counted = ["--restarts", str(restarts)] if self._companion.counts else []
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own program, arguments as a list
                [*self._command, *counted],
                stdin=subprocess.PIPE,  # closes with this process, however that ends
                stdout=subprocess.DEVNULL,
                stderr=said,
                start_new_session=True,  # Ctrl-C is the engine's, whose goodbye it then hears
            )
        finally:
            os.close(said)
        with self._process:
            return self._process.wait()


def _opened(path: Path, *, anew: bool) -> int:
    """A descriptor to write to; nowhere where the folder cannot be written."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | (os.O_TRUNC if anew else 0)
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, flags, 0o600)
    return os.open(os.devnull, os.O_WRONLY)
