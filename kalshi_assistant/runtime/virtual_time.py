"""An event loop whose time is an invention: nothing waits, and the next timer is always due now.

The shell around the engine (gateway, leases, timeouts, backoff) is made of coroutines that sleep.
Under this loop the very same code lives through hours in seconds, in an order that the seed alone
decides.
"""

import asyncio
import selectors
from typing import Final

from typing_extensions import override

from kalshi_assistant.domain.time import SECOND, Nanos

_EPSILON: Final = 1e-9


class DeadlockError(RuntimeError):
    """Everything waits for something that nobody will ever do."""


class _Skipping(selectors.DefaultSelector):
    """Looks at real sockets without waiting; what would have been waited for is skipped."""

    loop: "VirtualLoop"

    @override
    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Ready files, else the time goes on to the next timer. Raises DeadlockError."""
        ready = super().select(0)
        if ready:
            return ready
        if timeout is None:
            raise DeadlockError("nothing is left to happen")
        if timeout > 0:
            self.loop.skip(timeout)
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """Begins at ``start``; ``now`` is its clock."""

    def __init__(self, start: Nanos) -> None:
        selector = _Skipping()
        selector.loop = self
        self._start = start
        self._passed = 0.0
        super().__init__(selector)

    @override
    def time(self) -> float:
        """Seconds since the start."""
        return self._passed

    def skip(self, seconds: float) -> None:
        """Let time pass; a hair more than asked for, so that the timer waited for is due."""
        self._passed += seconds + _EPSILON

    def now(self) -> Nanos:
        """The instant it is."""
        return Nanos(self._start + int(self._passed * SECOND))
