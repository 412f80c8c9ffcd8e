"""What a command says: JSON lines or text on standard output, everything else on standard error.

With ``--json`` every line on standard output is one object with a ``"type"``, and nothing else is
there. Money and prices are strings in dollars, probabilities numbers, times ISO 8601 UTC with
``Z``.
"""

import json
import os
import sys
from pathlib import Path
from typing import Annotated, TextIO

import typer

from kalshi_assistant.domain.errors import OperatorError

Json = Annotated[bool, typer.Option("--json", help="JSON lines on standard output.")]
ConfigFile = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="Configuration file instead of your own."),
]


class ReaderGone(Exception):  # noqa: N818  # not an error: who read our output has seen enough
    """Standard output was closed by its reader."""


def discard_output() -> None:
    """Let the interpreter end quietly after ``ReaderGone``: what is left unwritten goes nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())


class Output:
    """The voice of one command. Raises ReaderGone when standard output was closed."""

    def __init__(
        self,
        *,
        as_json: bool,
        silent: bool = False,
        out: TextIO | None = None,
        err: TextIO | None = None,
    ) -> None:
        """``silent``: nothing on standard output, for an engine behind a screen."""
        self.as_json = as_json and not silent
        self._silent = silent
        self._out = sys.stdout if out is None else out
        self._err = sys.stderr if err is None else err

    def record(self, kind: str, /, **fields: object) -> None:
        """One object on standard output, for machines; nothing without ``--json``."""
        if self.as_json:
            self._write(json.dumps({"type": kind, **fields}, allow_nan=False))

    def say(self, text: str) -> None:
        """Text on standard output, for people; nothing with ``--json``."""
        if not self.as_json and not self._silent:
            self._write(text)

    def note(self, text: str) -> None:
        """Progress, status or a warning, on standard error."""
        self._err.write(f"{text}\n")
        self._err.flush()

    def _write(self, line: str) -> None:
        try:
            self._out.write(f"{line}\n")
            self._out.flush()
        except BrokenPipeError as error:
            raise ReaderGone from error


def check_html(html: Path | None) -> None:
    """Refuse a page that could not be written, before any work. Raises OperatorError."""
    if html is None:
        return
    from kalshi_assistant.lab.report import need_extra

    need_extra()
    if html.is_dir() or not html.resolve().parent.is_dir():
        raise OperatorError(f"--html {html} cannot be a file there; name one in a folder")
