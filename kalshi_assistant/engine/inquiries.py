"""Questions to the venue over REST: asked once, asked again with growing pauses until an answer
comes.
"""

from dataclasses import dataclass

from kalshi_assistant.domain.intents import Inquire
from kalshi_assistant.domain.time import SECOND, Nanos

PAUSES_SECONDS = (2, 3, 5, 10, 20, 30, 60)
"""Between a question and its repetition; the last pause repeats."""


@dataclass(slots=True)
class _Open:
    question: Inquire
    attempts: int
    again_at: int


class Inquiries:
    """What was asked and not yet answered."""

    __slots__ = ("_open",)

    def __init__(self) -> None:
        self._open: dict[tuple[str, str | None], _Open] = {}

    def ask(self, question: Inquire, now: Nanos) -> tuple[Inquire, ...]:
        """Ask unless the same question is waiting for its answer."""
        key = (question.what, question.ticker)
        if key in self._open:
            return ()
        self._open[key] = _Open(question, 1, now + PAUSES_SECONDS[0] * SECOND)
        return (question,)

    def answered(self, what: str, ticker: str | None = None) -> None:
        """The answer came, or is not wanted any more."""
        self._open.pop((what, ticker), None)

    def clock_set(self, by: int) -> None:
        """Our clock was set back by ``-by`` nanoseconds: pauses end when they would have."""
        for open_ in self._open.values():
            open_.again_at += by

    def due(self, now: Nanos) -> tuple[Inquire, ...]:
        """Questions whose pause is over, asked again."""
        again = [open_ for open_ in self._open.values() if open_.again_at <= now]
        for open_ in again:
            pause = PAUSES_SECONDS[min(open_.attempts, len(PAUSES_SECONDS) - 1)]
            open_.attempts += 1
            open_.again_at = now + pause * SECOND
        return tuple(open_.question for open_ in again)
