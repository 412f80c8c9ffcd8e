"""How answers are read: trouble becomes ``Malformed``, item by item where there are many."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, TypeVar

import msgspec

from kalshi_assistant.domain.events import Event, Malformed
from kalshi_assistant.domain.time import Nanos
from kalshi_assistant.engine.feeds import REST
from kalshi_assistant.venues.kalshi.texts import NONSENSE, instant

T = TypeVar("T")

_REASON_MAX: Final = 200


class Body(msgspec.Struct, frozen=True, gc=False):
    """An answer, or a part of one. Unknown fields are skipped."""


class EventPage(Body, frozen=True, gc=False):
    """One page of facts; ``cursor`` asks for the next, ``None`` is the end."""

    events: tuple[Event, ...]
    cursor: str | None
    readable: bool = True
    """``False`` where the page itself made no sense, not only an item of it."""


def tried(read: Callable[[], T], what: str, received_at: Nanos) -> T | Malformed:
    """What ``read`` finds, or why it makes no sense."""
    try:
        return read()
    except NONSENSE as error:
        return malformed(what, str(error), received_at)


def each_tried(
    read: Callable[[msgspec.Raw], T], raws: Sequence[msgspec.Raw], what: str, received_at: Nanos
) -> list[T | Malformed]:
    """Each item by itself: a bad one does not spoil the others."""
    return [tried(partial(read, raw), what, received_at) for raw in raws]


def flat(found: tuple[Event, ...] | Malformed) -> tuple[Event, ...]:
    """Facts, or the one fact that there are none to be had."""
    return (found,) if isinstance(found, Malformed) else found


def malformed(what: str, reason: str, received_at: Nanos) -> Malformed:
    """``what`` made no sense."""
    return Malformed(received_at, received_at, REST, f"{what}: {reason}"[:_REASON_MAX])


def stamp_of(text: str | None, received_at: Nanos) -> Nanos:
    """The venue's stamp where there is one."""
    return received_at if text is None else instant(text)
