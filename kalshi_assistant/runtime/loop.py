"""Take, handle, write down, perform: the one loop of the engine process.

A batch is handled whole, written to the event journal with one write, what must outlive the process
is made durable with one transaction, and only then are its intents performed: whatever was done is
on record. An order whose intent could not be made durable does not leave. An exception inside
``Engine.handle`` is a bug: it leaves the loop, and the process ends without handling another event.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from kalshi_assistant.domain.entries import Entry, HaltKept
from kalshi_assistant.domain.events import Event, OrderChanged, Restored
from kalshi_assistant.domain.ids import ClientOrderId
from kalshi_assistant.domain.intents import Intent, Keep, SetTimer, Submit
from kalshi_assistant.domain.orders import Order
from kalshi_assistant.domain.time import Nanos
from kalshi_assistant.domain.units import Quantity
from kalshi_assistant.engine.clock_set import TEND
from kalshi_assistant.engine.engine import Engine
from kalshi_assistant.journal.codec import EventRecord
from kalshi_assistant.runtime.clock import Clock, wait_seconds
from kalshi_assistant.runtime.inbox import Inbox
from kalshi_assistant.runtime.ports import Keeper, Watcher
from kalshi_assistant.runtime.probe import Probe
from kalshi_assistant.runtime.timers import Timers

BATCH = 512
"""Events handled between two looks at the timers and the sockets."""


class EventSink(Protocol):
    """Where handled events are written down."""

    def write(self, records: Sequence[EventRecord]) -> None:
        """Append a batch."""


def not_sent(order: Order, why: str, now: Nanos) -> OrderChanged:
    """An order that stayed here."""
    return OrderChanged(
        at=now,
        received_at=now,
        ticker=order.ticker,
        order_id="",
        client_order_id=order.id,
        side=order.side,
        price=order.limit,
        status="rejected",
        filled=Quantity(0),
        remaining=order.quantity,
        reason=why,
        source="venue",
    )


def _halts(records: Sequence[EventRecord]) -> list[Entry]:
    """The halts that were opened in these: whatever else of them is void, they are not."""
    asked = (
        intent.entry for each in records for intent in each.intents if isinstance(intent, Keep)
    )
    return [each for each in asked if isinstance(each, HaltKept) and each.cleared is None]


class EngineLoop:
    """One engine, its inbox and its timers."""

    def __init__(
        self,
        engine: Engine,
        inbox: Inbox,
        clock: Clock,
        journal: EventSink | None,
        perform: Callable[[Intent], None],
        keeper: Keeper | None = None,
        watcher: Watcher | None = None,
        probe: Probe | None = None,
    ) -> None:
        """Without a ``keeper`` no order leaves; ``watcher`` sees every event after the engine, and
        ``probe`` times it all.
        """
        self.engine = engine
        self._inbox = inbox
        self._clock = clock
        self._journal = journal
        self._perform = perform
        self._keeper = keeper
        self._watcher = watcher
        self._probe = probe
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
        held_back = self._make_durable(records)
        if self._probe is not None:
            self._time(self._probe, records)
        if self._watcher is not None:
            for event in events:
                self._watcher.see(event)
        for record in records:
            for intent in record.intents:
                if isinstance(intent, SetTimer):
                    self._timers.set(intent.key, intent.due)
                elif not isinstance(intent, Submit) or intent.order.what.id not in held_back:
                    self._perform(intent)

    def _time(self, probe: Probe, records: Sequence[EventRecord]) -> None:
        """What a batch took: handled at one instant as far as anybody outside can tell."""
        now = self._clock.now()
        probe.queued(len(records))
        for record in records:
            probe.received(record.event)
            probe.handled(record.event, record.intents, now)
        probe.durable(now)

    def _make_durable(self, records: Sequence[EventRecord]) -> frozenset[ClientOrderId]:
        """Keep what must be kept, before anything that follows from it; answers the orders that
        may not leave.
        """
        begun, held = self._begun_anew(records)
        asked = [intent for record in records[begun:] for intent in record.intents]
        entries = [intent.entry for intent in asked if isinstance(intent, Keep)]
        entries = [*_halts(records[:begun]), *entries]
        orders = [intent.order.what for intent in asked if isinstance(intent, Submit)]
        opening = [order for order in orders if order.purpose == "entry"]
        closing = [order for order in orders if order.purpose != "entry"]
        for each in (closing, opening) if closing else (opening,):
            if entries or each:  # a halt refuses what opens, and must not hold up what closes
                held |= self._keep(entries, each)
                entries = []
        return frozenset(held)

    def _begun_anew(self, records: Sequence[EventRecord]) -> tuple[int, set[ClientOrderId]]:
        """Where in a batch the account was read anew, and the orders decided on before that: what
        was done on the account as it was is void, and is read again.
        """
        for number in range(len(records) - 1, -1, -1):
            event = records[number].event
            if isinstance(event, Restored):
                if self._keeper is not None:
                    self._keeper.adopted(event.epoch)
                stale = [intent for record in records[:number] for intent in record.intents]
                orders = [each.order.what for each in stale if isinstance(each, Submit)]
                return number, self._hold(orders, "the account is being read again")
        return 0, set()

    def _keep(self, entries: Sequence[Entry], orders: Sequence[Order]) -> set[ClientOrderId]:
        """The orders that must not leave; the engine hears of each."""
        why = "nothing is set up to keep it" if self._keeper is None else None
        if self._keeper is not None:
            why = self._keeper.keep(entries, orders)
        return set() if why is None else self._hold(orders, why)

    def _hold(self, orders: Sequence[Order], why: str) -> set[ClientOrderId]:
        """Let orders stay here, and the engine hear of it."""
        now = self._clock.now()
        self._inbox.put_all([*(not_sent(order, why, now) for order in orders)])
        return {order.id for order in orders}

    async def _next_batch(self) -> list[Event]:
        due = self._timers.next_due
        patience = None if due is None else wait_seconds(self._clock, due)
        try:
            async with asyncio.timeout(patience):
                return await self._inbox.take_batch(BATCH)
        except TimeoutError:
            return []
