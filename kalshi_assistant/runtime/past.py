"""What was known before, for a screen: an event journal run through an engine again, one snapshot a
second, in a process of its own that gives way to the engine (``runtime.rebuilding``).
"""

import asyncio
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from kalshi_assistant.control.protocol import MESSAGE_BYTES_MAX, WrongMessage, receive
from kalshi_assistant.domain.errors import PassingError
from kalshi_assistant.domain.time import SECOND, Nanos
from kalshi_assistant.engine.snapshot import Snapshot
from kalshi_assistant.runtime.rebuilding import (
    TOLD,
    Ask,
    Failed,
    Found,
    Progress,
    Recorded,
    Running,
    Subject,
    framed,
    unpacked,
)

CHILD: Final = "from kalshi_assistant.runtime.rebuilding import serve; serve()"


@dataclass(frozen=True, slots=True)
class Standing:
    """How far the past has been made visible again, as a screen asks (``ui.source.PastState``)."""

    share: float = 0.0
    first: Nanos | None = None
    last: Nanos | None = None
    note: str = ""
    whole: bool = False


class RebuiltPast:
    """The past of a running engine, or of files. Begun once, inside a running event loop."""

    def __init__(self, where: Path | Recorded) -> None:
        """``where``: the folder in which engines keep their journals, those of each environment in
        one of its own; or the files.
        """
        self._where = where
        self._standing = Standing(whole=isinstance(where, Recorded))
        self._working: asyncio.Task[None] | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._asked: dict[int, asyncio.Future[bytes | None]] = {}
        self._early: list[Ask] = []
        self._count = 0
        self._trouble: PassingError | None = None

    @property
    def state(self) -> Standing:
        """How far it is."""
        return self._standing

    def begin(self, newest: Snapshot) -> None:
        """Start the process; does nothing the second time."""
        if self._working is None:
            self._working = asyncio.create_task(self._work(self._subject(newest)))

    def _subject(self, newest: Snapshot) -> Subject:
        if isinstance(self._where, Recorded):
            return self._where
        folder = self._where / newest.environment
        return Running(str(folder), newest.sequence, newest.at)

    async def at(self, instant: Nanos) -> Snapshot | None:
        """What was known in the second of ``instant``, or in the nearest before it; ``None`` where
        there is nothing so old. Raises PassingError where the past cannot be had.
        """
        if self._trouble is not None:
            raise self._trouble
        self._count = number = self._count + 1
        answer: asyncio.Future[bytes | None] = asyncio.get_running_loop().create_future()
        self._asked[number] = answer
        try:
            self._ask(Ask(number, instant // SECOND))
            packed = await answer
        finally:
            del self._asked[number]
        return None if packed is None else unpacked(packed)

    async def close(self) -> None:
        """End the process, if it was begun."""
        if self._working is not None:
            self._working.cancel()
            await asyncio.wait([self._working])

    def _ask(self, asked: Ask) -> None:
        if self._process is None or self._process.stdin is None:
            self._early.append(asked)  # the process is only just starting
        else:
            self._process.stdin.write(framed(asked))

    async def _work(self, subject: Subject) -> None:
        argument = msgspec.json.encode(subject).decode()
        pipe = asyncio.subprocess.PIPE
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-c", CHILD, argument, stdin=pipe, stdout=pipe, stderr=pipe
            )
        except OSError as error:
            self._fail(f"the past cannot be rebuilt: {error.strerror}")
            return
        self._process = process
        early, self._early = self._early, []
        for asked in early:
            self._ask(asked)
        try:
            await self._hear(process)
        finally:
            with suppress(ProcessLookupError):  # it may have ended first
                process.kill()
            await process.wait()

    async def _hear(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            while True:
                self._take(await receive(process.stdout, TOLD, MESSAGE_BYTES_MAX))
        except (EOFError, OSError, WrongMessage):
            said = (await process.stderr.read()).decode(errors="replace").strip()
            reason = said.rpartition("\n")[2] or "its process ended without a word"
            self._fail(f"the past cannot be rebuilt: {reason}")

    def _take(self, told: Progress | Found | Failed) -> None:
        match told:
            case Progress(share, first, last, note):
                whole = self._standing.whole
                self._standing = Standing(share, first, last, note, whole)
            case Found(number, packed):
                answer = self._asked.get(number)
                if answer is not None and not answer.done():
                    answer.set_result(packed)
            case Failed(text):
                self._fail(text)

    def _fail(self, text: str) -> None:
        self._trouble = PassingError(text)
        self._standing = Standing(1.0, note=text, whole=self._standing.whole)
        for answer in self._asked.values():
            if not answer.done():
                answer.set_exception(self._trouble)
