"""Questions to the venue over REST: asked when the engine inquires, answered as events.

Every question pays from the account's tokens and waits its turn; a refusal becomes the event
``RequestRefused`` and the engine asks again by its own pauses, so nothing is retried here.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from kalshi_assistant.domain.events import Event, RequestRefused
from kalshi_assistant.domain.intents import Inquire
from kalshi_assistant.runtime.clock import Clock
from kalshi_assistant.runtime.sending import (
    Carrier,
    NotSentError,
    RefusedError,
    UnansweredError,
    whole_body,
    why,
)
from kalshi_assistant.venues.kalshi.inquiries import REST, Inquirer
from kalshi_assistant.venues.kalshi.rest import RefusalError
from kalshi_assistant.venues.kalshi.signing import Signer
from kalshi_assistant.venues.kalshi.tokens import Tokens

SECONDS_MAX: Final = 10.0

__all__ = ["SECONDS_MAX", "RefusedError", "VenueRest", "whole_body", "why"]


class VenueRest:
    """Answers inquiries. ``wall`` is the time requests are signed with, ``clock`` the venue's."""

    def __init__(
        self,
        url: str,
        signer: Signer | None,
        wall: Clock,
        clock: Clock,
        put: Callable[[Sequence[Event]], None],
        tokens: Tokens | None = None,
    ) -> None:
        """``tokens`` where somebody else pays from the same account."""
        self._carrier = Carrier(url, signer, wall, tokens)
        self._clock = clock
        self._put = put
        self._inquirer = Inquirer(clock.now, put)
        self._tasks: set[asyncio.Task[None]] = set()

    def inquire(self, question: Inquire) -> None:
        """Ask; the answer comes as events."""
        task = asyncio.create_task(self._answer(question))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Let go of what is under way."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._carrier.close()

    async def _answer(self, question: Inquire) -> None:
        try:
            await self._carrier.hold(self._inquirer.talk(question), SECONDS_MAX)
        except RefusalError as refused:
            error = refused.error
            self._refused(question, error.code, error.message, final=error.kind == "final")
        except (NotSentError, UnansweredError) as error:
            self._refused(question, "unreachable", str(error), final=False)

    def _refused(self, question: Inquire, code: str, message: str, *, final: bool) -> None:
        now = self._clock.now()
        what = question.what if question.ticker is None else f"{question.what} {question.ticker}"
        self._put([RequestRefused(now, now, REST, what, code, message, final)])
