"""The store and the lease of one engine process: what is durable, and who may trade.

One account, one trader: the lease is renewed every half second and checked in the same transaction
that makes an order durable, and its age once more before the socket. A second process stands by
and takes over when the lease has run out, with everything the store remembers.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

from msgspec.structs import replace

from kalshi_assistant.domain.entries import Entry, Halt, HaltKept
from kalshi_assistant.domain.errors import HaltError
from kalshi_assistant.domain.events import (
    Event,
    OperatorCleared,
    OperatorHalted,
    TradingArmed,
    TradingDisarmed,
)
from kalshi_assistant.domain.intents import WindowReport
from kalshi_assistant.domain.orders import Order
from kalshi_assistant.domain.time import DAY, SECOND, Nanos
from kalshi_assistant.runtime.clock import Clock
from kalshi_assistant.runtime.store import Cleared, LeaseLostError, Store, StoreFailedError

RENEW_SECONDS: Final = 0.5
STANDBY_SECONDS: Final = 0.5
FOUND_WITHIN: Final = 5 * SECOND
"""A clearing is found this soon, by clocks that were not set meanwhile."""
BY_HAND: Final = ("kill", "flatten", "person")
MOVES_MAX: Final = 10
BACKLOG_MAX: Final = 10_000
"""Entries that wait for a disk that does not take them; more of them end the process."""


def since(now: Nanos) -> Nanos:
    """How far back the venue is read at a start: what the store remembers fills of is longer."""
    return Nanos(now - DAY)


class Unready(NamedTuple):
    """Why orders may not leave."""

    why: str
    entries_only: bool = False
    """Whether what closes a position may leave all the same."""


class Account:
    """One process's hold on the account: its lease, and what it keeps."""

    def __init__(
        self,
        store: Store,
        holder: str,
        wall: Clock,
        clock: Clock,
        put: Callable[[Sequence[Event]], None],
        tell: Callable[[str], None],
        *,
        venue: bool,
        may_arm: Callable[[], Unready | None],
    ) -> None:
        """``wall`` counts in suspend and stamps the lease, ``clock`` stamps events; ``may_arm``
        answers why orders may not leave, ``None`` when they may.
        """
        self._store = store
        self._holder = holder
        self._wall, self._clock = wall, clock
        self._put = put
        self._tell = tell
        self._venue = venue
        self._may_arm = may_arm
        self._backlog: list[Entry] = []
        self._halts: frozenset[Halt] = frozenset()
        self._epoch: int | None = None
        self._adopted: int | None = None
        """The start whose account the engine works on."""
        self._ending = False
        self._cleared: int | None = None
        """How many halts a person cleared, as far as is known; ``None`` before the first start."""
        self._unwritten: list[Halt] = []
        """Halts that came while another process had the lease, on a disk that took nothing."""
        self._said: Unready | str | None = None
        self._had: int | None = None
        """The start whose lease was lost; until that has run out nobody has it."""
        self._fault: str | None = None
        """Why the ledger was not written last time, told once; ``None`` while it is."""

    @property
    def epoch(self) -> int | None:
        """The number of this start; ``None`` while another process trades."""
        return self._epoch

    @property
    def namespace(self) -> str:
        """Under which all our orders are named."""
        namespace: str = self._store.namespace
        return namespace

    def keep(self, entries: Sequence[Entry], orders: Sequence[Order]) -> str | None:
        """Make it durable; answers why the orders must not leave."""
        if self._epoch is None:
            self._halt_all_the_same(_by_hand(entries))
            return "another process trades this account"
        if self._adopted != self._epoch:
            self._halt_all_the_same(_by_hand(entries))
            return "the account is being read again"
        waiting = [*self._backlog, *entries]
        try:
            self._store.keep(self._epoch, waiting, orders, self._wall.now())
        except LeaseLostError as error:
            self._backlog = waiting
            self._lost(str(error))
            return str(error)
        except HaltError as error:
            return self.keep(entries, ()) or str(error)
        except StoreFailedError as error:
            self._hold_back(waiting)
            return self._failed(error)
        self._works()
        self._backlog.clear()
        self._remember(waiting)
        return None

    def keep_window(self, window: WindowReport) -> None:
        """Keep the line of a window that is over; one that the disk does not take is told, the
        journal has it all the same.
        """
        if self._epoch is None:
            return  # whoever has the account keeps it
        try:
            self._store.keep_window(self._epoch, window, self._wall.now())
        except LeaseLostError as error:
            self._lost(str(error))
        except StoreFailedError as error:
            self._tell(f"the line of {window.ticker} is not in the ledger: {error}")

    def _remember(self, entries: Sequence[Entry]) -> None:
        """What was written here is no news from elsewhere."""
        for entry in entries:
            if isinstance(entry, HaltKept):
                others = {each for each in self._halts if each.breaker != entry.halt.breaker}
                standing = () if entry.cleared is not None else (entry.halt,)
                self._halts = frozenset((*others, *standing))

    def adopted(self, epoch: int) -> None:
        """The engine works on what this start read; what it decided before is void."""
        self._adopted = epoch

    def fresh(self) -> str | None:
        """Asked again just before the socket: why this process may not send; ``None``: it may."""
        if self._epoch is None or self._adopted != self._epoch:
            return "another process trades this account, or it is being read again"
        try:
            self._store.age(self._epoch, self._wall.now())
        except (LeaseLostError, StoreFailedError) as error:
            return str(error)
        return None

    def tend(self) -> None:
        """Twice a second: take, renew or lose the lease; hear of halts from elsewhere."""
        now = self._clock.now()
        if self._epoch is None:
            self._take(now)
            return
        try:
            self._store.renew(self._epoch, self._wall.now())
            halts, cleared = frozenset(self._store.halts()), self._store.cleared()
        except LeaseLostError as error:
            self._lost(str(error))
            return
        except StoreFailedError as error:
            self._failed(error)
            return
        self._works()
        self._compare(halts, cleared, now)
        if self._backlog:
            self.keep((), ())
        self.arm(now)

    def ending(self) -> None:
        """This process is being stopped: it is not armed again."""
        self._ending = True

    def arm(self, now: Nanos) -> None:
        """Say whether orders may leave, when that has changed."""
        if self._epoch is None or self._adopted != self._epoch:
            return
        why = Unready("the assistant is being stopped") if self._ending else self._may_arm()
        if why == self._said:
            return
        self._said = why
        event: Event = TradingArmed(now, now, self._epoch)
        if why is not None:
            event = TradingDisarmed(now, now, why.why, entries_only=why.entries_only)
        self._put([event])

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self.tend()
            await asyncio.sleep(RENEW_SECONDS)

    async def keep_file_small(self) -> None:
        """Until cancelled: what was written moves into the ledger's file, on a thread, for a disk
        may take its time.
        """
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            if self._store.is_behind():
                await self._move_home()

    async def _move_home(self) -> None:
        """What is written meanwhile is moved by another go; after too many of them writers wait."""
        try:
            for _ in range(MOVES_MAX):
                if await asyncio.to_thread(self._store.move_home) == 0:
                    return
            self._store.move_home()
        except (StoreFailedError, OSError, RuntimeError) as error:  # nothing is lost, it only grows
            self._tell(f"the log of the ledger is not moved into its file: {error}")

    def release(self, *, clean: bool) -> None:
        """Give the lease back: the next start need not wait. ``clean``: nothing of ours is left."""
        if self._epoch is None:
            return
        if self._backlog:
            self.keep((), ())
        try:
            self._store.release(self._epoch, clean=clean)
        except StoreFailedError as error:
            self._tell(f"the lease could not be given back: {error}")
        self._epoch = None

    def _take(self, now: Nanos) -> None:
        self._halt_all_the_same(())
        if self._unwritten:
            return  # what was given up with the lease must be known to who takes it next
        wall = self._wall.now()
        try:
            lease = self._store.claim(self._holder, wall)
            if lease is None and self._store.newest_epoch() == self._had:
                return  # our own has not run out yet, which was told when it was lost
            restored = None if lease is None else self._store.restored(lease.epoch, wall)
            halts, cleared = frozenset(self._store.halts()), self._store.cleared()
        except (LeaseLostError, StoreFailedError) as error:
            self._failed(error)  # asked again in half a second
            return
        if lease is None or restored is None:
            if self._said != (said := "another process trades this account; standing by"):
                self._said = said
                self._tell(said)
                self._put([TradingDisarmed(now, now, said)])
            return
        self._works()
        before, self._halts, self._cleared = self._cleared, halts, cleared.halts
        self._epoch, self._said = lease.epoch, ""
        self._put([replace(restored, at=now, received_at=now, venue=self._venue, since=since(now))])
        if before is not None and cleared.halts > before:  # while another process had the lease
            self._put([self._clearing(cleared, halts, now)])

    def _lost(self, why: str) -> None:
        """Whoever holds the lease now writes the account; what waited here is old, and is read
        again from the store and the venue.
        """
        why = why if self._fault is None else f"{self._fault}; {why}"
        self._had, self._epoch, self._adopted, self._said = self._epoch, None, None, why
        if self._backlog:
            self._tell(f"{len(self._backlog)} entries are given up, the account is read again")
            self._halt_all_the_same(self._backlog)
            self._backlog = []
        now = self._clock.now()
        self._put([TradingDisarmed(now, now, why)])

    def _halt_all_the_same(self, entries: Sequence[Entry]) -> None:
        """A halt needs no lease: of what is given up, it is kept."""
        opened = [each for each in entries if isinstance(each, HaltKept) and each.cleared is None]
        waiting, self._unwritten = [*self._unwritten, *(each.halt for each in opened)], []
        for halt in waiting:
            try:
                self._store.halt(halt.reason, halt.breaker, halt.since)
            except StoreFailedError as error:
                self._unwritten.append(halt)
                self._failed(error)

    def _failed(self, error: Exception) -> str:
        """The ledger took nothing: told once, until it does; answers why."""
        if self._fault != (fault := str(error)):
            self._fault = fault
            self._tell(fault)
        return fault

    def _works(self) -> None:
        if self._fault is not None:
            self._fault = None
            self._tell("the ledger is written again")

    def _compare(self, halts: frozenset[Halt], cleared: Cleared, now: Nanos) -> None:
        """Halts that another process wrote or cleared meanwhile: what opened after a clearing is
        told after it.
        """
        new, known = halts - self._halts, self._cleared or 0
        self._halts, self._cleared = halts, cleared.halts
        if cleared.halts > known:
            self._put([self._clearing(cleared, halts, now)])
        for halt in sorted(new, key=lambda each: each.since):
            self._put([OperatorHalted(now, now, halt.reason, halt.breaker)])

    def _clearing(self, cleared: Cleared, standing: Iterable[Halt], now: Nanos) -> OperatorCleared:
        """A clearing at its instant. It is found within half a second; where the clocks say
        otherwise one of them was set, and it is taken to be of now.
        """
        ago = self._wall.now() - cleared.at
        at = Nanos(now - ago) if 0 <= ago <= FOUND_WITHIN else now
        names = tuple(sorted({each.breaker for each in standing}))
        return OperatorCleared(at, now, cleared.why, names)

    def _hold_back(self, entries: list[Entry]) -> None:
        if len(entries) > BACKLOG_MAX:
            raise RuntimeError(f"{len(entries):,} entries could not be written to the ledger")
        self._backlog = entries


def _by_hand(entries: Sequence[Entry]) -> list[Entry]:
    """Of what a process wants kept that has no account: what people wanted. What it found out by
    itself it found out about an account that is another's by now.
    """
    return [each for each in entries if isinstance(each, HaltKept) and each.halt.breaker in BY_HAND]
