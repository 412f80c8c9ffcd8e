"""Orders of ours that were sent and that the venue has not shown: on their way, perhaps.

The account's own book says which they are; it is read again and again, for an engine may still be
finding out. One that is shown nowhere counts as never come only by records of the venue that are
later than the last instant at which it can arrive: its sender gives up after
``CREATE_SECONDS_MAX`` at most, and a request lingers for ``LINGER`` after that.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from kalshi_assistant.domain.errors import AssistantError
from kalshi_assistant.domain.orders import LINGER
from kalshi_assistant.domain.time import SECOND, Nanos
from kalshi_assistant.runtime.gateway_settings import CREATE_SECONDS_MAX
from kalshi_assistant.runtime.store_reading import KeptOrder

GIVEN_UP: Final = Nanos(int(CREATE_SECONDS_MAX * SECOND))
UNKNOWN: Final = "submitted", "uncertain"
"""States of which the venue's answer is not known."""


@dataclass(slots=True)
class Doubts:
    """What may still arrive. ``read`` gives the unfinished orders of the book; ``None``: there is
    no book, so that anything may.
    """

    read: Callable[[], Sequence[KeptOrder]] | None
    trouble: str | None = None
    """Why the book could not be read."""
    _open: dict[str, KeptOrder] = field(default_factory=dict)
    _until: dict[str, Nanos] = field(default_factory=dict)
    _shown: set[str] = field(default_factory=set)
    _anything_until: Nanos | None = None

    def look(self, now: Nanos) -> None:
        """Read the book; where that fails, what it said before holds on."""
        if self.read is None:
            self._anything(now)
            return
        try:
            kept = self.read()
        except AssistantError as error:
            self.trouble = str(error)
            self._anything(now)
            return
        self._open = {each.order.id: each for each in kept if each.state in UNKNOWN}
        for name, each in self._open.items():
            self._until[name] = _latest(each, now)

    def shown(self, name: str | None) -> bool:
        """The venue showed the order of this name; whether it was in doubt."""
        if name is None or name not in self._open:
            return False
        self._shown.add(name)
        return True

    def waiting(self, as_of: int) -> tuple[KeptOrder, ...]:
        """Those that may still arrive after records of ``as_of`` that do not have them."""
        return tuple(
            each
            for name, each in self._open.items()
            if name not in self._shown and self._until[name] >= as_of
        )

    def blind(self, as_of: int) -> bool:
        """Whether something may still arrive of which nothing is known."""
        return self._anything_until is not None and self._anything_until >= as_of

    @property
    def until(self) -> Nanos:
        """From then on nothing can arrive any more."""
        return max(
            [Nanos(0) if self._anything_until is None else self._anything_until]
            + [self._until[name] for name in self._open]
        )

    def _anything(self, now: Nanos) -> None:
        if self._anything_until is None:
            self._anything_until = Nanos(now + GIVEN_UP + LINGER)


def _latest(kept: KeptOrder, now: Nanos) -> Nanos:
    """When it can arrive at the latest. A stamp of the future, as by a clock that was set, is taken
    for the present.
    """
    since = min(kept.changed_at, now)
    return Nanos(since + LINGER + (GIVEN_UP if kept.state == "submitted" else 0))
