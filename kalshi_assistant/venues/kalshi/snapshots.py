"""Requests for whole books: when each was asked for, and when to ask again.

A book that was whole and is not any more is asked for at once, then with growing pauses a bounded
number of times: after that the connection is not believed (``given_up``). A book that has never
come may belong to a market that the venue does not serve yet: it is asked for at the slowest pace
for as long as it is wanted.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from kalshi_assistant.domain.ids import Ticker
from kalshi_assistant.domain.time import Nanos

_DOUBLINGS_MAX: Final = 3


@dataclass(slots=True)
class _Request:
    again_at: Nanos
    asked: int
    was_whole: bool


class SnapshotRequests:
    """``patience`` is the pause after the first request; it doubles three times."""

    def __init__(self, patience: Nanos, attempts: int) -> None:
        self._patience = patience
        self._attempts = attempts
        self._open: dict[Ticker, _Request] = {}

    def ask(
        self, broken: Sequence[Ticker], lost: Sequence[Ticker], now: Nanos
    ) -> tuple[Ticker, ...]:
        """Which of the ``broken`` books to ask for now; ``lost`` ones just stopped being whole."""
        self._open = {ticker: self._open[ticker] for ticker in broken if ticker in self._open}
        for ticker in broken:
            if ticker in lost:
                self._open[ticker] = _Request(now, 0, was_whole=True)
            elif ticker not in self._open:
                self._open[ticker] = _Request(Nanos(now + self._patience), 0, was_whole=False)
        return tuple(ticker for ticker in broken if self._due(self._open[ticker], now))

    def _due(self, request: _Request, now: Nanos) -> bool:
        if now < request.again_at or (request.was_whole and request.asked >= self._attempts):
            return False
        pause = self._patience << min(request.asked, _DOUBLINGS_MAX)
        request.again_at = Nanos(now + pause)
        request.asked += 1
        return True

    def given_up(self, now: Nanos) -> Ticker | None:
        """A book that was asked for as often as makes sense and did not come."""
        for ticker, request in self._open.items():
            spent = request.was_whole and request.asked >= self._attempts
            if spent and now >= request.again_at:
                return ticker
        return None

    def due(self, broken: Sequence[Ticker]) -> Iterator[Nanos]:
        """When to ask again for each of the ``broken`` books that was asked for."""
        return (self._open[ticker].again_at for ticker in broken if ticker in self._open)

    def drop(self, ticker: Ticker) -> None:
        """Nobody wants this book any more."""
        self._open.pop(ticker, None)

    def clear(self) -> None:
        """A new connection."""
        self._open.clear()
