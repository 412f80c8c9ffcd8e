"""Alert settings, messages and a channel that does as it is told."""

import asyncio
from collections.abc import Callable
from typing import Any

from kalshi_assistant.alerts.message import Message
from kalshi_assistant.alerts.settings import AlertSettings, LimitSettings, WebhookSettings
from kalshi_assistant.domain.time import Nanos

NOW = Nanos(1_795_000_000_000_000_000)


def message(number: int = 1, severity: str = "info", **changes: Any) -> Message:
    """A message."""
    plain = {"at": NOW, "title": f"title {number}", "text": "text", "count": 1, "rules": ("any",)}
    return Message(number=number, severity=severity, **(plain | changes))


def settings(*rules: str, **changes: Any) -> AlertSettings:
    """A webhook, these rules, and limits by name."""
    limits = {name: changes.pop(name) for name in list(changes) if hasattr(LimitSettings(), name)}
    hook = WebhookSettings(enabled=True, url="http://127.0.0.1:9/hook")
    plain = {"rules": rules, "limits": LimitSettings(**limits), "webhook": hook}
    return AlertSettings(**(plain | changes))


class Stub:
    """A channel that delivers into a list, or raises what is put into ``troubles`` first."""

    def __init__(self, name: str = "webhook") -> None:
        self.name = name
        self.got: list[Message] = []
        self.attempts = 0
        self.troubles: list[Exception] = []
        self.always: Exception | None = None
        self.open = asyncio.Event()
        self.open.set()
        """While it is not set, deliveries hang."""
        self.closed = False

    async def check(self) -> None:
        if self.always is not None:
            raise self.always

    async def send(self, message: Message) -> str:
        self.attempts += 1
        await self.open.wait()
        if self.always is not None:
            raise self.always
        if self.troubles:
            raise self.troubles.pop(0)
        self.got.append(message)
        return "delivered"

    async def close(self) -> None:
        self.closed = True


class Told(list[tuple[str, str]]):
    """What was told of channels."""

    def __call__(self, channel: str, text: str) -> None:
        self.append((channel, text))


async def until(condition: Callable[[], bool]) -> None:
    """Let the loop turn until ``condition`` holds."""
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - what is waited for tells nobody when it is so
            await asyncio.sleep(0.001)
