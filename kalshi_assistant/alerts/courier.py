"""One channel's queue: bounded, tried again by backoff, and what is dropped is counted.

``put`` never waits, so a slow or dead channel holds up nobody. A full queue drops the oldest of
what is mildest. What is dropped is told to ``tell``, with the reason.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from itertools import islice
from typing import Final

import numpy as np

from kalshi_assistant.alerts.channel import Channel, RetryLaterError
from kalshi_assistant.alerts.message import RANK, Message, cut
from kalshi_assistant.alerts.settings import LimitSettings
from kalshi_assistant.control.alert_report import ChannelReport
from kalshi_assistant.domain.errors import FinalError, OperatorError, PassingError
from kalshi_assistant.domain.time import SECOND, Nanos
from kalshi_assistant.venues.backoff import delays

WORDS_MAX: Final = 240
"""Characters of what is told about a channel."""

Tell = Callable[[str, str], None]
"""Channel and words: something was dropped, or the channel is given up."""


class Courier:
    """Delivers to one channel, one message at a time."""

    def __init__(
        self,
        channel: Channel,
        limits: LimitSettings,
        chance: np.random.Generator,
        tell: Tell,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self.channel = channel
        self._limits, self._chance = limits, chance
        self._tell, self._sleep = tell, sleep
        self._waiting: deque[Message] = deque()
        self._wake = asyncio.Event()
        self._busy = False
        self._idle = asyncio.Event()
        self._idle.set()
        self.high_water = 0
        self.delivered = 0
        self.dropped = 0
        self.given_up: str | None = None
        """Why nothing is tried any more; ``None`` while it is."""

    @property
    def waiting(self) -> int:
        """Messages not yet delivered, the one in work included."""
        return len(self._waiting) + self._busy

    def put(self, message: Message) -> None:
        """Queue a message; never waits."""
        if self.given_up is not None:
            self.dropped += 1
            return
        if len(self._waiting) >= self._limits.queue:
            mildest = min(self._waiting, key=lambda each: RANK[each.severity])
            if RANK[mildest.severity] > RANK[message.severity]:
                mildest = message
            else:
                self._waiting.remove(mildest)
            self._drop(f"the queue of {self._limits.queue} is full", f"`{mildest.title}`")
            if mildest is message:
                return
        self._waiting.append(message)
        self.high_water = max(self.high_water, self.waiting)
        self._idle.clear()
        self._wake.set()

    async def run(self) -> None:
        """Deliver until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting and self.given_up is None:
                self._busy = True
                try:
                    await self._deliver(self._waiting.popleft())
                finally:
                    self._busy = False
            self._idle.set()

    async def drained(self) -> None:
        """Wait until nothing waits any more."""
        await self._idle.wait()

    def abandon(self, why: str) -> None:
        """Nothing more is delivered: what waits is dropped, counted and told once."""
        left = self.waiting
        self._waiting.clear()
        if left:
            self.dropped += left
            self._say(f"{left} messages were not delivered: {why}")

    def report(self, notice: str = "") -> ChannelReport:
        """How the channel is doing."""
        return ChannelReport(
            channel=self.channel.name,
            waiting=self.waiting,
            high_water=self.high_water,
            capacity=self._limits.queue,
            delivered=self.delivered,
            dropped=self.dropped,
            notice=notice,
        )

    async def _deliver(self, message: Message) -> None:
        limits, why = self._limits, ""
        first = Nanos(int(limits.first_retry_seconds * SECOND))
        longest = Nanos(int(limits.longest_retry_seconds * SECOND))
        pauses = islice(delays(self._chance, first, longest), limits.attempts)
        for attempt, pause in enumerate(pauses, start=1):
            least = 0.0
            try:
                async with asyncio.timeout(limits.timeout_seconds):
                    await self.channel.send(message)
            except TimeoutError:
                why = f"no answer in {limits.timeout_seconds:g} s"
            except RetryLaterError as error:
                why, least = str(error), error.seconds
            except PassingError as error:
                why = str(error)
            except FinalError as error:
                return self._drop(str(error), f"`{message.title}`")
            except OperatorError as error:
                return self._give_up(str(error))
            else:
                self.delivered += 1
                return None
            if attempt < limits.attempts:
                await self._sleep(max(least, pause / SECOND))
        return self._drop(f"{limits.attempts} attempts failed, lastly: {why}", f"`{message.title}`")

    def _drop(self, why: str, what: str) -> None:
        self.dropped += 1
        self._say(f"dropped {what}: {why}")

    def _give_up(self, why: str) -> None:
        self.given_up = why
        self.dropped += 1 + len(self._waiting)
        self._waiting.clear()
        self._say(f"is off until the next start: {why}")

    def _say(self, text: str) -> None:
        self._tell(self.channel.name, cut(text, WORDS_MAX))
