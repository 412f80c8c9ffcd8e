"""One screen for one browser: a read-only ``attach`` as a child process, spoken to over its pipes.

The pipes carry what Textual's web driver (``textual.drivers.web_driver``) reads and writes:

    one byte "D" (terminal), "M" (JSON) or "P" (files) | length (u32, big-endian) | payload

**Invariant:** a child ends with its browser: asked to, then made to. What it offers besides a
terminal (files to download, pages to open) is not passed on.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from typing import Final

import msgspec

from kalshi_assistant.domain.errors import PassingError
from kalshi_assistant.web.talk import Looked, Resized, Typed

START_SECONDS: Final = 30.0
END_SECONDS: Final = 3.0
_PRELUDE: Final = b"__GANGLION__\n"
"""What the driver writes when the screen is up."""
_PRELUDE_LINES: Final = 10
_WORDS_BYTES: Final = 4_000
_FRAME_BYTES_MAX: Final = 16 * 2**20
_SECRETS: Final = ("KALSHI_ASSISTANT__HTTP_TOKEN",)
"""Variables a screen has no use for."""


def surroundings(environ: Mapping[str, str], columns: int, lines: int) -> dict[str, str]:
    """The environment of a screen in a browser, whatever terminal this process has."""
    kept = {name: value for name, value in environ.items() if name not in _SECRETS}
    return kept | {
        "TEXTUAL_DRIVER": "textual.drivers.web_driver:WebDriver",
        "TEXTUAL_COLOR_SYSTEM": "truecolor",
        "TEXTUAL_FPS": "30",
        "TERM": "xterm-256color",
        "TERM_PROGRAM": "textual",
        "PYTHONUTF8": "1",
        "COLUMNS": str(columns),
        "ROWS": str(lines),
    }


class BrowserScreen:
    """A child process. Made by ``start``; to be ended."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        self._keys, self._shown = process.stdin, process.stdout
        self._words = b""
        self._listening = asyncio.create_task(self._listen(process.stderr))

    @classmethod
    async def start(cls, command: Sequence[str], columns: int, lines: int) -> "BrowserScreen":
        """Start ``command``; it is not up before ``ready``."""
        pipe = asyncio.subprocess.PIPE
        return cls(
            await asyncio.create_subprocess_exec(
                *command,
                stdin=pipe,
                stdout=pipe,
                stderr=pipe,
                env=surroundings(os.environ, columns, lines),
            )
        )

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    async def ready(self) -> None:
        """Wait until it draws. Raises PassingError with its own last words where it does not."""
        try:
            async with asyncio.timeout(START_SECONDS):
                for _ in range(_PRELUDE_LINES):
                    line = await self._shown.readline()
                    if line == _PRELUDE:
                        return
                    if not line:
                        break
        except (TimeoutError, ValueError):  # or a line without an end
            raise PassingError("the screen did not start in time") from None
        await asyncio.wait([self._listening], timeout=END_SECONDS)
        raise PassingError(self.last_words() or "the screen ended at once, without a word")

    async def drawn(self) -> AsyncIterator[bytes]:
        """What the terminal is to show, until the screen ends."""
        with suppress(asyncio.IncompleteReadError):
            while True:
                head = await self._shown.readexactly(5)
                size = int.from_bytes(head[1:], "big")
                if size > _FRAME_BYTES_MAX:
                    return
                payload = await self._shown.readexactly(size)
                if head[:1] == b"D":
                    yield payload
                elif head[:1] == b"M" and msgspec.json.decode(payload) == {"type": "exit"}:
                    return

    async def hear(self, said: Typed | Resized | Looked) -> None:
        """Pass on what the browser said."""
        match said:
            case Typed(text):
                await self._send(b"D", text.encode(errors="replace"))
            case Resized(columns, lines):
                await self._tell({"type": "resize", "width": columns, "height": lines})
            case Looked(at_it):
                await self._tell({"type": "focus" if at_it else "blur"})

    async def end(self) -> None:
        """End it: by asking, then by signal, then for good."""
        await self._tell({"type": "quit"})
        self._keys.close()
        for force in (self._process.terminate, self._process.kill):
            if await self._gone():
                break
            with suppress(ProcessLookupError):
                force()
        await self._process.wait()
        self._listening.cancel()

    def last_words(self) -> str:
        """The last line it wrote for a person."""
        lines = self._words.decode(errors="replace").strip().splitlines()
        return lines[-1].removeprefix("kalshi-assistant: ") if lines else ""

    async def _gone(self) -> bool:
        """Whether it ends soon; what it still draws is read, so that it can."""
        with suppress(TimeoutError):
            async with asyncio.timeout(END_SECONDS):
                while await self._shown.read(_FRAME_BYTES_MAX):
                    pass
                await self._process.wait()
        return self._process.returncode is not None

    async def _tell(self, meta: dict[str, object]) -> None:
        await self._send(b"M", msgspec.json.encode(meta))

    async def _send(self, kind: bytes, payload: bytes) -> None:
        """Write to it; one that has gone is noticed by whoever reads from it."""
        with suppress(ConnectionError, RuntimeError):
            self._keys.write(kind + len(payload).to_bytes(4, "big") + payload)
            await self._keys.drain()

    async def _listen(self, errors: asyncio.StreamReader) -> None:
        while text := await errors.read(_WORDS_BYTES):
            self._words = (self._words + text)[-_WORDS_BYTES:]


def attach_command(arguments: Sequence[str]) -> tuple[str, ...]:
    """The program itself as a screen that only looks."""
    return (sys.executable, "-m", "kalshi_assistant", "attach", "--read-only", *arguments)
