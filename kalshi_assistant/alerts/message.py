"""What may be told (candidates) and what is told (messages), as values."""

from typing import Final, Literal

import msgspec

from kalshi_assistant.domain.time import Nanos

Severity = Literal["info", "warning", "severe"]
SEVERITIES: Final[tuple[Severity, ...]] = ("info", "warning", "severe")
RANK: Final[dict[str, int]] = {name: rank for rank, name in enumerate(SEVERITIES)}

ChannelName = Literal["desktop", "telegram", "webhook", "apprise"]
CHANNELS: Final[tuple[ChannelName, ...]] = ("desktop", "telegram", "webhook", "apprise")

TITLE_MAX: Final = 120
TEXT_MAX: Final = 1_500
"""Characters; what is longer is cut, visibly."""


class Candidate(msgspec.Struct, frozen=True, gc=False):
    """Something a rule found worth telling."""

    rule: int
    """Which rule of the configuration, from 0."""
    key: str
    """The same key of the same rule is the same news again."""
    at: Nanos
    title: str
    text: str


class Message(msgspec.Struct, frozen=True, gc=False):
    """What a channel is asked to deliver."""

    number: int
    """Counts the messages of one process; the same on every attempt."""
    at: Nanos
    severity: Severity
    title: str
    text: str
    count: int = 1
    """How many candidates it speaks for."""
    rules: tuple[str, ...] = ()
    """The rules behind it, as they were written."""


class Outgoing(msgspec.Struct, frozen=True, gc=False):
    """A message on its way to one channel."""

    channel: str
    message: Message


def cut(text: str, most: int) -> str:
    """``text``, at most ``most`` characters long, with three dots where something is missing."""
    return text if len(text) <= most else f"{text[: most - 3]}..."
