"""What a channel is, and how it says that it could not deliver.

``send`` raises by what has to be done about it: PassingError, try again; FinalError, this message
will never get through; OperatorError, no message will until a person mends something, and the
channel is given up until the next start. Words of a channel never hold its secrets.
"""

import asyncio
import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Protocol, TypeVar

from kalshi_assistant.alerts.message import Message
from kalshi_assistant.domain.errors import OperatorError, PassingError

T = TypeVar("T")

RETRY_SECONDS_MAX: Final = 600.0
"""However long a server asks to be left alone."""


class Channel(Protocol):
    """A way to reach somebody."""

    @property
    def name(self) -> str:
        """As the settings call it."""
        ...

    async def check(self) -> None:
        """Whether it could deliver, as far as can be known without sending. Raises
        AssistantError.
        """
        ...

    async def send(self, message: Message) -> str:
        """Deliver; answers in words what happened. Raises AssistantError."""
        ...

    async def close(self) -> None:
        """Let go of what is open; again is harmless."""
        ...


class RetryLaterError(PassingError):
    """Try again, but not before so many seconds."""

    def __init__(self, text: str, seconds: float) -> None:
        super().__init__(text)
        self.seconds = min(max(seconds, 0.0), RETRY_SECONDS_MAX)


def missing(channel: str, package: str) -> OperatorError:
    """That a channel's package is not installed."""
    return OperatorError(
        f"the channel {channel} needs {package}: `pip install 'kalshi-assistant[alerts]'`"
    )


def hush(*names: str) -> None:
    """Keep libraries from writing addresses and tokens to standard error on their own."""
    for name in names:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)


class Aside:
    """A thread for calls that block and may hang; it holds up neither the loop nor the end."""

    def __init__(self, what: str) -> None:
        self._what = what
        self.hangs = False
        """Whether a call has not come back yet."""

    async def call(self, work: Callable[[], T]) -> T:
        """What ``work`` returns or raises. Raises PassingError while an earlier call hangs."""
        if self.hangs:
            raise PassingError(f"{self._what} still hangs on the message before")
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()

        def settle(result: T | None, error: Exception | None) -> None:
            if done.done():  # nobody waits for it any more
                return
            if error is not None:
                done.set_exception(error)
            else:
                done.set_result(result)  # type: ignore[arg-type]  # without an error it is a T

        def run() -> None:
            result, error = None, None
            try:
                result = work()
            except Exception as caught:  # noqa: BLE001 - handed over to who waits
                error = caught
            self.hangs = False
            with suppress(RuntimeError):  # the loop has ended first
                loop.call_soon_threadsafe(settle, result, error)

        self.hangs = True
        threading.Thread(target=run, name=self._what, daemon=True).start()
        return await done
