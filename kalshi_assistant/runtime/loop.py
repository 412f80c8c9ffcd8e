"""Take, handle, write down, perform: the one loop of the engine process.

A batch is handled whole, written to the event journal with one write, and only then are its
intents performed, so whatever was done is on record. An exception inside ``Engine.handle`` is a
bug: it leaves the loop, and the process ends without handling another event.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from kalshi_assistant.domain.events import Event
from kalshi_assistant.domain.intents import Intent, SetTimer
from kalshi_assistant.engine.engine import Engine
from kalshi_assistant.engine.tend import TEND
from kalshi_assistant.journal.codec import EventRecord
from kalshi_assistant.runtime.clock import Clock, wait_seconds
from kalshi_assistant.runtime.inbox import Inbox
from kalshi_assistant.runtime.timers import Timers

BATCH = 512
"""Events handled between two looks at the timers and the sockets."""


class EventSink(Protocol):
    """Where handled events are written down."""

    def write(self, records: Sequence[EventRecord]) -> None:
        """Append a batch."""


class EngineLoop:
    """One engine, its inbox and its timers."""

    def __init__(
        self,
        engine: Engine,
        inbox: Inbox,
        clock: Clock,
        journal: EventSink | None,
        perform: Callable[[Intent], None],
    ) -> None:
        self.engine = engine
        self._inbox = inbox
        self._clock = clock
        self._journal = journal
        self._perform = perform
        self._timers = Timers()
        self._stopping = False

    def stop(self) -> None:
        """Handle what waits and end ``run``."""
        self._stopping = True
        self._inbox.close()

    async def run(self) -> None:
        """Until stopped: handle what comes, fire what is due."""
        self._timers.set(TEND, self._clock.now())
        while not self._stopping:
            self.turn(self._timers.fired(self._clock.now()))
            self.turn(await self._next_batch())
        self.turn(self._inbox.drain())

    def turn(self, events: Sequence[Event]) -> None:
        """Handle a batch: write it down, then do what it asks for."""
        if not events:
            return
        handle, engine = self.engine.handle, self.engine
        records = [
            EventRecord(sequence=engine.sequence, event=event, intents=intents)
            for event in events
            for intents in (handle(event),)
        ]
        if self._journal is not None:
            self._journal.write(records)
        for record in records:
            for intent in record.intents:
                if isinstance(intent, SetTimer):
                    self._timers.set(intent.key, intent.due)
                else:
                    self._perform(intent)

    async def _next_batch(self) -> list[Event]:
        due = self._timers.next_due
        patience = None if due is None else wait_seconds(self._clock, due)
        try:
            async with asyncio.timeout(patience):
                return await self._inbox.take_batch(BATCH)
        except TimeoutError:
            return []
