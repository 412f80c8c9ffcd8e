"""Questions to the venue over REST: asked when the engine inquires, answered as events.

Every question pays from the account's tokens and waits its turn; a refusal becomes the event
``RequestRefused`` and the engine asks again by its own pauses, so nothing is retried here.
"""

import asyncio
from collections.abc import Callable, Generator, Sequence
from typing import Final

from kalshi_assistant.domain.events import Event, Malformed, RequestRefused
from kalshi_assistant.domain.intents import Inquire
from kalshi_assistant.domain.time import Nanos
from kalshi_assistant.runtime.clock import Clock
from kalshi_assistant.runtime.sending import (
    Carrier,
    NotSentError,
    RefusedError,
    UnansweredError,
    whole_body,
    why,
)
from kalshi_assistant.venues.kalshi import portfolio
from kalshi_assistant.venues.kalshi.answers.portfolio import parse_account_limits
from kalshi_assistant.venues.kalshi.inquiries import REST, Inquirer
from kalshi_assistant.venues.kalshi.rest import RefusalError, Request
from kalshi_assistant.venues.kalshi.signing import Signer
from kalshi_assistant.venues.kalshi.tokens import (
    READ_CAPACITY,
    READ_RATE,
    WRITE_CAPACITY,
    WRITE_RATE,
    Tokens,
)

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

    async def learn_limits(self) -> tuple[bool, str]:
        """Go by the account's own token limits; see there."""
        return await learn_limits(self._carrier, self._clock.now())

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


async def learn_limits(carrier: Carrier, now: Nanos) -> tuple[bool, str]:
    """Go by the token limits that the venue tells of this account: whether they are known now, and
    what came of it in words. Without an answer those of the smallest account stay.
    """
    try:
        body = await carrier.hold(_account_limits(), SECONDS_MAX)
    except RefusalError as refused:
        return False, _kept(f"{refused.error.code}: {refused.error.message}")
    except (NotSentError, UnansweredError) as error:
        return False, _kept(str(error))
    found = parse_account_limits(body, now)
    if isinstance(found, Malformed):
        return False, _kept(found.reason)
    carrier.tokens.resize(found)
    return True, f"token limits of tier {found.tier[:20]}: {_in_words(found.read, found.write)}"


def _account_limits() -> Generator[Request, bytes, bytes]:
    return (yield portfolio.account_limits())


def _kept(why: str) -> str:
    smallest = _in_words((READ_RATE, READ_CAPACITY), (WRITE_RATE, WRITE_CAPACITY))
    return (
        f"the venue does not tell this account's token limits ({why}): those of the smallest "
        f"account are kept: {smallest}"
    )


def _in_words(read: tuple[int, int], write: tuple[int, int]) -> str:
    return (
        f"reads {read[0]} a second, {read[1]} at once; writes {write[0]} a second, {write[1]} at "
        "once"
    )
