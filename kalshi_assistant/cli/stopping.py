"""An orderly end of a command that serves until it is stopped."""

import asyncio
import signal
from contextlib import suppress
from typing import Final

_SIGNALS: Final = ("SIGINT", "SIGTERM", "SIGHUP")
_INTERRUPTED: Final = 130


class Stop:
    """Listens for the usual signals, and for the end of a parent; make it inside the loop."""

    def __init__(self, *, tied: bool) -> None:
        """``tied``: standard input is a pipe from the parent, and its end is the end."""
        self.event = asyncio.Event()
        self._received: list[signal.Signals] = []
        if tied:
            from kalshi_assistant.runtime.operator import on_closed_stdin

            on_closed_stdin(lambda _: self.event.set())
        loop = asyncio.get_running_loop()
        for name in _SIGNALS:
            # not every system has every signal, nor a loop that takes them; there Ctrl-C interrupts
            with suppress(NotImplementedError, AttributeError):
                number = getattr(signal, name)
                loop.add_signal_handler(number, self._take, number)

    @property
    def exit_code(self) -> int:
        """SIGINT is an interruption, the others an orderly end."""
        return _INTERRUPTED if signal.SIGINT in self._received else 0

    def _take(self, number: signal.Signals) -> None:
        self._received.append(number)
        self.event.set()
