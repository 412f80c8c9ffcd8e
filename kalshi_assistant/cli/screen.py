"""The engine in a process of its own, and a screen in this one."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

from kalshi_assistant.domain.errors import PassingError

if TYPE_CHECKING:
    from kalshi_assistant.runtime.rebuilding import Recorded
    from kalshi_assistant.ui.app import Kill

START_SECONDS: Final = 300.0
"""A busy machine compiles for minutes; an engine that ends before is told at once."""
END_SECONDS: Final = 10.0
WORDS_BYTES: Final = 4_000
ASKED_TO_END: Final = (0, 130, -2, -15)


def with_screen(
    arguments: Sequence[str],
    directory: Path | None = None,
    *,
    looks: Mapping[str, Any],
    past: "Path | Recorded",
    kill: "Kill | None" = None,
    consent: str | None = None,
) -> int:
    """Run a command without a screen in a child process, and a screen on it in this one.

    ``directory`` is where the engine is to be found by other screens as well; without one it is
    this screen's alone, and ends with it however that ends. ``past`` is where the engine keeps its
    journals, or the files it runs through again. ``kill`` does without the engine;
    ``consent`` was typed here for this start of it.
    """
    from kalshi_assistant.runtime.grants import CONSENT

    with tempfile.TemporaryDirectory(prefix="kalshi-assistant-") as folder:
        place = directory or Path(folder) / "control"
        with (Path(folder) / "said").open("w+b") as said:
            command = [sys.executable, "-m", "kalshi_assistant", *arguments]
            options = ["--no-ui", "--quiet", "--control-dir", str(place)]
            tie, source = ([], subprocess.DEVNULL) if directory else (["--tied"], subprocess.PIPE)
            engine = subprocess.Popen(  # noqa: S603 - our own program, arguments as a list
                [*command, *options, *tie],
                stdin=source,
                stdout=said,
                stderr=said,
                env=None if consent is None else {**os.environ, CONSENT: consent},
                start_new_session=directory is not None,  # it may outlive this terminal
            )
            left = None
            try:
                left = _show(place, engine, past, looks, kill, alone=directory is None)
            finally:
                if left != "leave" or engine.poll() is not None:
                    _end(engine)
            return 0 if engine.poll() is None else _last_words(engine, said)


def _show(
    directory: Path,
    engine: "subprocess.Popen[bytes]",
    past: "Path | Recorded",
    looks: Mapping[str, Any],
    kill: "Kill | None",
    *,
    alone: bool,
) -> str | None:
    from kalshi_assistant.cli.engine_source import EngineSource
    from kalshi_assistant.runtime.past import RebuiltPast
    from kalshi_assistant.ui.app import AssistantApp, OnQuit

    source = EngineSource(directory, START_SECONDS, engine.poll)
    rebuilt = RebuiltPast(past)
    on_quit: OnQuit = "stop" if alone else "ask"
    return AssistantApp(source, on_quit=on_quit, past=rebuilt, kill=kill, **looks).run()


def _end(engine: "subprocess.Popen[bytes]") -> None:
    if engine.poll() is None:
        engine.terminate()
    try:
        engine.wait(END_SECONDS)
    except subprocess.TimeoutExpired as error:
        engine.kill()
        engine.wait()
        raise PassingError("the engine did not stop in time and was killed") from error


def _last_words(engine: "subprocess.Popen[bytes]", said: IO[bytes]) -> int:
    """Its exit code, after its own words on standard error where it failed."""
    if engine.returncode in ASKED_TO_END:
        return 0
    said.seek(0)
    text = said.read()[-WORDS_BYTES:].decode(errors="replace").strip()
    sys.stderr.write(f"{text or 'the engine ended without a word'}\n")
    return max(engine.returncode, 1)
