"""The durable ledger of one environment and account: written before an order leaves, read at start.

**Invariants:** one process writes trading at a time, the one whose lease carries the newest epoch;
every write of it asks for that inside its own transaction. What was kept is on the disk when
``keep`` returns; what raised wrote nothing. No order becomes durable while a halt stands that stops
its kind: entries under every halt, and under a kill all of them.

The instants of a lease are ``SystemClock.now()``: wall time moved by a clock that counts while the
machine is suspended. A clock that is set can at worst end a lease early; the epoch keeps two
writers apart whatever the clocks say. A store is used by the thread that opened it.
"""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from kalshi_assistant.domain.contract import Outcome
from kalshi_assistant.domain.entries import (
    DAY_ENDED,
    Entry,
    GroupKept,
    Halt,
    Holding,
    OpenOrder,
    Standing,
)
from kalshi_assistant.domain.errors import AssistantError, HaltError, OperatorError
from kalshi_assistant.domain.events import Restored
from kalshi_assistant.domain.ids import Ticker
from kalshi_assistant.domain.intents import WindowReport
from kalshi_assistant.domain.orders import Order, Purpose
from kalshi_assistant.domain.time import DAY, MINUTE, SECOND, Nanos
from kalshi_assistant.domain.units import Money, Quantity
from kalshi_assistant.execution.ledger import RESULTS_MAX, Ledger
from kalshi_assistant.risk.breakers import breaker_of
from kalshi_assistant.runtime.store_entries import enter, open_halt
from kalshi_assistant.runtime.store_evidence import evidence_kept
from kalshi_assistant.runtime.store_policies import policies_of
from kalshi_assistant.runtime.store_reading import KeptOrder
from kalshi_assistant.runtime.store_schema import connect, move_home

LEASE_SECONDS: Final = 3
"""A lease lives this long after it was last renewed."""
PATIENCE: Final = 1 * SECOND
"""How much longer nobody takes it over: what its holder sent last may still be on its way."""
SEEN_DAYS: Final = 3
SEEN_MAX: Final = 20_000
"""Fills remembered over a start, the newest; the venue tells older ones no more by itself."""
RECENT: Final = 20 * MINUTE
"""More than a window from its opening to its close."""
RECENT_MAX: Final = 1_000
"""More orders than ``max_orders_per_minute`` lets out in that time at its default, exits too."""
CHECKPOINT_WRITES: Final = 200
"""Transactions after which their pages are to be moved home."""

_SUMS = (
    "start",
    "cash",
    "fees",
    "realized",
    "peak",
    "day",
    "day_start",
    "losses_in_a_row",
    "good_windows",
    "cooling_until",
)


class LeaseLostError(AssistantError):
    """The lease is another process's, was given back, or ran out: nothing was written."""


class StoreFailedError(AssistantError):
    """The file did not take a write (disk full, busy, broken): nothing was written."""


class Lease(msgspec.Struct, frozen=True):
    """The right to write, and to send orders, until it is renewed no more."""

    epoch: int
    holder: str
    taken_at: Nanos


class Cleared(NamedTuple):
    """What persons have cleared."""

    halts: int
    """How many, ever: a count, for clocks may go back."""
    why: str
    """The reason given last."""
    at: Nanos
    """When, by the wall clock."""


class Store:
    """The ledger file. Every method raises StoreFailedError where the file fails."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        """Call ``open``."""
        self.path = path
        self._connection = connection
        self._writes = 0
        self._is_light = False
        """Whether the file might take a write back."""
        self._watched: tuple[int, int, Nanos] | None = None
        """(epoch, renewed at, first seen so) of another's lease, by our own clock."""
        self._encode = msgspec.json.Encoder().encode
        [self.namespace] = self._row("SELECT value FROM meta WHERE key = 'namespace'")
        """Drawn once per file: begins every id of our orders."""

    @classmethod
    def open(cls, path: Path) -> "Store":
        """The store in this file, made where there is none, brought up to date, found whole.

        Raises OperatorError naming the file and the remedy; nothing was changed then.
        """
        return cls(path.absolute(), connect(path))

    def close(self) -> None:
        """Let go of the file; a lease that was not released runs out by itself."""
        self._connection.close()

    # --- the lease ---

    def claim(self, holder: str, now: Nanos, patience: int = PATIENCE) -> Lease | None:
        """Take the lease, one epoch up; ``None`` while another's is in force: ask again later.

        One that was released can be taken at once, another ``patience`` after its end, be it by its
        stamps or by not having moved for as long while we looked.
        """
        with self._writing():
            held = self._newest()
            if held is not None and not self._is_over(held, now, patience):
                return None
            epoch = 1 if held is None else held[0] + 1
            self._connection.execute(
                "INSERT INTO leases (epoch, holder, pid, taken_at, renewed_at) VALUES (?,?,?,?,?)",
                (epoch, holder, os.getpid(), now, now),
            )
        return Lease(epoch, holder, now)

    def newest_epoch(self) -> int | None:
        """Of the lease that was taken last; ``None`` before the first. Raises StoreFailedError."""
        with self._failing():
            held = self._newest()
        return None if held is None else held[0]

    def renew(self, epoch: int, now: Nanos) -> None:
        """Hold the lease for another ``LEASE_SECONDS``; about once a second. Raises LeaseLostError:
        one that ran out is not renewed but claimed anew.

        Waits for no disk, but where it is the first write after ``move_home``: a renewal that a
        power failure takes back was of a process that is gone with it.
        """
        with self._lightly():
            self._check(epoch, now)
            self._connection.execute(
                "UPDATE leases SET renewed_at = ? WHERE epoch = ?", (now, epoch)
            )

    def is_behind(self) -> bool:
        """Whether it is time to ``move_home``; says so once for each time."""
        if self._writes < CHECKPOINT_WRITES:
            return False
        self._writes = 0
        return True

    def move_home(self) -> int:
        """Move pages from the log of writes into the file; answers how many there are still in it,
        for the log begins anew only when none is. Takes as long as the disk does and holds up no
        writer: the one method for any thread.
        """
        with self._failing():
            return move_home(self.path)

    def release(self, epoch: int, *, clean: bool) -> None:
        """Give the lease back; ``clean``: in order, with nothing left open. Does nothing to one
        that is lost.
        """
        with self._writing():
            self._connection.execute(
                "UPDATE leases SET released = 1, clean = ? WHERE epoch = ? AND released = 0 "
                "AND epoch = (SELECT max(epoch) FROM leases)",
                (clean, epoch),
            )

    def age(self, epoch: int, now: Nanos) -> int:
        """Nanoseconds since the lease was renewed: asked once more before a frame leaves. Raises
        LeaseLostError.
        """
        with self._failing():
            return self._check(epoch, now)

    # --- writing ---

    def keep(
        self, epoch: int, entries: Sequence[Entry], orders: Sequence[Order], now: Nanos
    ) -> None:
        """Write new orders and what became of things, all or nothing, before anything follows.

        Raises LeaseLostError; HaltError where a standing halt stops an order among them;
        StoreFailedError. An order with an id that was kept before is a mistake of ours and raises
        ``sqlite3.IntegrityError``, as does a fill entered twice.
        """
        with self._writing():
            self._check(epoch, now)
            if orders:
                self._refuse_halted({order.purpose for order in orders})
            for order in orders:
                self._connection.execute(
                    "INSERT INTO orders (account, epoch, id, state, filled, changed_at, body) "
                    "VALUES ((SELECT max(number) FROM accounts), ?, ?, 'submitted', 0, ?, ?)",
                    (epoch, order.id, order.made_at, self._encode(order).decode()),
                )
            for entry in entries:
                enter(self._connection, entry)

    def keep_window(self, epoch: int, window: WindowReport, now: Nanos) -> None:
        """Keep the line of a window that is over; a second one replaces it. Raises
        LeaseLostError.
        """
        with self._writing():
            self._check(epoch, now)
            self._connection.execute(
                "INSERT INTO windows (ticker, close_time, body) VALUES (?, ?, ?) "
                "ON CONFLICT DO UPDATE SET body = excluded.body",
                (window.ticker, window.close_time, self._encode(window).decode()),
            )

    def start(self, cash: Money) -> bool:
        """Open the account with ``cash`` where there is none yet; answers whether it did."""
        with self._writing():
            if self._row("SELECT count(*) FROM accounts") != (0,):
                return False
            self._new_account(cash)
        return True

    def reset_paper(self, cash: Money, now: Nanos) -> None:
        """Begin a new account with ``cash``; the old one stays in the file and is shown no more.

        Only for paper, on a person's word. Raises OperatorError while a process trades on it.
        """
        with self._writing():
            held = self._newest()
            if held is not None and not self._is_over(held, now, 0):
                raise OperatorError(
                    f"{held[2]} is trading on {self.path}; end it before the account is begun anew"
                )
            self._connection.execute(
                "UPDATE orders SET state = 'cancelled', reason = 'account_reset' "
                "WHERE state NOT IN ('filled', 'cancelled', 'rejected', 'absent')"
            )
            self._connection.execute("DELETE FROM holdings")
            self._new_account(cash)

    def halt(self, reason: str, breaker: str, now: Nanos) -> None:
        """Open a breaker for good, from any process, without a lease. One that stands stays as it
        was.
        """
        with self._writing():
            open_halt(self._connection, breaker, reason, now)

    def clear(self, reason: str, now: Nanos) -> int:
        """Clear every halt with a person's ``reason``, from any process; answers how many stood."""
        with self._writing():
            return self._connection.execute(
                "UPDATE halts SET cleared_at = ?, cleared_because = ? WHERE cleared_at IS NULL",
                (now, reason),
            ).rowcount

    # --- reading ---

    def halts(self) -> tuple[Halt, ...]:
        """Those that stand, the oldest first."""
        found = self._rows(
            "SELECT breaker, reason, since FROM halts WHERE cleared_at IS NULL ORDER BY number"
        )
        return tuple(Halt(*row) for row in found)

    def cleared(self) -> Cleared:
        """What persons have ever cleared, and the last time one did."""
        query = (
            "SELECT cleared_because, cleared_at FROM halts WHERE cleared_because <> ? "
            "ORDER BY cleared_at"
        )
        found = self._rows(query, (DAY_ENDED,))
        reason, at = found[-1] if found else ("", 0)
        return Cleared(len(found), reason, Nanos(at))

    def groups(self) -> tuple[GroupKept, ...]:
        """Order groups of ours that may be at the venue, the oldest word first."""
        found = self._rows(
            "SELECT changed_at, group_id, exchange_index, state FROM order_groups "
            "ORDER BY changed_at, group_id"
        )
        return tuple(GroupKept(*row) for row in found)

    def group_triggered(self, group_id: str, now: Nanos) -> None:
        """A group is being triggered from any process, without a lease."""
        with self._writing():
            self._connection.execute(
                "UPDATE order_groups SET state = 'triggered', changed_at = ? "
                "WHERE group_id = ? AND state = 'open'",
                (now, group_id),
            )

    def unfinished(self) -> tuple[KeptOrder, ...]:
        """Orders that are not known to be over, from any process, without a lease."""
        found = self._rows(
            "SELECT body, state, order_id, filled, reason, changed_at FROM orders "
            "WHERE state NOT IN ('filled', 'cancelled', 'rejected', 'absent') ORDER BY number"
        )
        decode = msgspec.json.Decoder(Order).decode
        return tuple(KeptOrder(decode(body), *rest) for body, *rest in found)

    def restored(self, epoch: int, now: Nanos) -> Restored:
        """What a process begins with; the account was opened before (``start``).

        Raises LeaseLostError, and OperatorError where the sums in the file do not agree.
        """
        with self._reading():
            self._check(epoch, now)
            standing = self._standing(now)
            evidence = evidence_kept(self._connection, now)
            before = self._rows(
                "SELECT clean FROM leases WHERE epoch < ? ORDER BY epoch DESC LIMIT 1", (epoch,)
            )
            return Restored(
                at=now,
                received_at=now,
                namespace=self.namespace,
                epoch=epoch,
                standing=standing,
                orders=self._open_orders(),
                recent=self._recent_orders(now),
                clean=all(clean for [clean] in before),
                groups=self.groups(),
                evidence=evidence.days,
                unsettled=evidence.unsettled,
                settled=evidence.settled,
            )

    def _standing(self, now: Nanos) -> Standing:
        account = self._row(
            "SELECT start, cash, fees, realized, peak, day, day_start, losses_in_a_row, "
            "good_windows, cooling_until, number FROM accounts ORDER BY number DESC LIMIT 1"
        )
        *sums, number = account
        standing = Standing(
            holdings=self._holdings(),
            halts=self.halts(),
            seen=self._seen(number, now),
            results=self._results(number),
            paid=self._paid(number),
            policies=policies_of(self._rows, number, Money(account[0])),
            **dict(zip(_SUMS, sums, strict=True)),
        )
        self._audit(number, standing)
        return standing

    def _audit(self, account: int, standing: Standing) -> None:
        """Three roads to the same sums: the running account, its holdings, and every entry."""
        [paid] = self._row("SELECT coalesce(sum(fee), 0) FROM fills WHERE account = ?", (account,))
        [won] = self._row(
            "SELECT coalesce(sum(pnl), 0) FROM settlements WHERE account = ?", (account,)
        )
        pending = sum(held.realized - held.fees for held in standing.holdings)
        try:
            Ledger.restore(standing)
            agree = paid == standing.fees and won + pending == standing.realized
        except AssertionError:
            agree = False
        if not agree:
            raise OperatorError(
                f"the ledger {self.path} does not balance: cash {standing.cash}, realised "
                f"{standing.realized}, fees {standing.fees} micro-dollars; do not trade on it, "
                "keep a copy, and begin anew (paper) or with the venue's own account (live)"
            )

    def _holdings(self) -> tuple[Holding, ...]:
        found = self._rows(
            "SELECT ticker, quantity, cost, fees, realized, edge, slippage, believed FROM holdings "
            "ORDER BY ticker"
        )
        return tuple(Holding(*row) for row in found)

    def _seen(self, account: int, now: Nanos) -> tuple[tuple[str, str], ...]:
        found = self._rows(
            "SELECT order_id, trade_id FROM fills WHERE account = ? AND at >= ? "
            "ORDER BY number DESC LIMIT ?",
            (account, self._seen_since(now), SEEN_MAX),
        )
        return tuple((order, trade) for order, trade in reversed(found))

    def _seen_since(self, now: Nanos) -> int:
        """Far enough back for every order whose fills may be told again."""
        made = [each.order.made_at - DAY for each in self._open_orders()]
        return min([now - SEEN_DAYS * DAY, *made])

    def _results(self, account: int) -> tuple[tuple[Ticker, Outcome], ...]:
        found = self._rows(
            "SELECT ticker, result FROM settlements WHERE account = ? ORDER BY number DESC LIMIT ?",
            (account, RESULTS_MAX),
        )
        # of a result that was changed the later line speaks
        return tuple(dict(reversed(found)).items())

    def _paid(self, account: int) -> tuple[tuple[Ticker, Quantity], ...]:
        found = self._rows(
            "SELECT ticker, sum(quantity) FROM settlements WHERE account = ? GROUP BY ticker "
            "ORDER BY max(number) DESC LIMIT ?",
            (account, RESULTS_MAX),
        )
        return tuple((ticker, Quantity(paid)) for ticker, paid in reversed(found))

    def _open_orders(self) -> tuple[OpenOrder, ...]:
        found = self._rows(
            "SELECT body, state, order_id, max(filled, (SELECT coalesce(sum(quantity), 0) "
            "FROM fills WHERE fills.client_order_id = orders.id)) FROM orders "
            "WHERE state NOT IN ('filled', 'cancelled', 'rejected', 'absent') ORDER BY number"
        )
        decode = msgspec.json.Decoder(Order).decode
        return tuple(
            OpenOrder(decode(body), state, order_id, Quantity(filled))
            for body, state, order_id, filled in found
        )

    def _recent_orders(self, now: Nanos) -> tuple[Order, ...]:
        """Of the window that may still be open: it fires once for each side, whoever trades it."""
        found = self._rows(
            "SELECT body FROM orders WHERE account = (SELECT max(number) FROM accounts) "
            "ORDER BY number DESC LIMIT ?",
            (RECENT_MAX,),
        )
        decode = msgspec.json.Decoder(Order).decode
        made = (decode(body) for (body,) in reversed(found))
        return tuple(each for each in made if each.made_at > now - RECENT)

    # --- inside a transaction ---

    def _newest(self) -> tuple[int, int, str, int] | None:
        """(epoch, renewed at, holder, released) of the newest lease."""
        found: tuple[int, int, str, int] | None = self._connection.execute(
            "SELECT epoch, renewed_at, holder, released FROM leases ORDER BY epoch DESC LIMIT 1"
        ).fetchone()
        return found

    def _is_over(self, held: tuple[int, int, str, int], now: Nanos, patience: int) -> bool:
        epoch, renewed_at, _, released = held
        if released:
            return True
        limit = LEASE_SECONDS * SECOND + patience
        seen = self._watched
        if seen is None or seen[:2] != (epoch, renewed_at) or now < seen[2]:
            self._watched = (epoch, renewed_at, now)
            seen = self._watched
        return now - renewed_at > limit or now - seen[2] > limit

    def _check(self, epoch: int, now: Nanos) -> int:
        """The age of our lease. Raises LeaseLostError."""
        held = self._newest()
        if held is None or held[0] != epoch:
            other = "nobody" if held is None else held[2]
            raise LeaseLostError(f"the lease of {self.path} is held by {other}, not by us")
        _, renewed_at, _, released = held
        if released:
            raise LeaseLostError(f"the lease of {self.path} was given back")
        age = now - renewed_at
        if age > LEASE_SECONDS * SECOND:
            raise LeaseLostError(
                f"the lease ran out, not renewed for {age / SECOND:.1f} s, in {self.path}"
            )
        return age

    def _refuse_halted(self, purposes: set[Purpose]) -> None:
        standing = self._connection.execute(
            "SELECT breaker, reason FROM halts WHERE cleared_at IS NULL ORDER BY number"
        ).fetchall()
        for breaker, reason in standing:
            if not purposes.isdisjoint(breaker_of(breaker).stops):
                raise HaltError(f"halted ({breaker}): {reason}; a person has to clear it")

    def _new_account(self, cash: Money) -> None:
        self._connection.execute(
            "INSERT INTO accounts (start, cash, fees, realized, peak, day, day_start, "
            "losses_in_a_row, good_windows, cooling_until) VALUES (?1,?1,0,0,?1,'',?1,0,0,0)",
            (cash,),
        )

    # --- the connection ---

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """One transaction that is on the disk at its end, or never was."""
        if self._is_light:
            self._weigh_again()
        self._writes += 1
        with self._transaction("BEGIN IMMEDIATE"):
            yield

    @contextmanager
    def _lightly(self) -> Iterator[None]:
        """One transaction that every process sees at its end, on the disk with the next one."""
        self._writes += 1
        self._is_light = True
        self._rows("PRAGMA synchronous = NORMAL")
        try:
            with self._transaction("BEGIN IMMEDIATE"):
                yield
        finally:
            # where the file fails now, what is written next asks again, or is not written
            with suppress(StoreFailedError):
                self._weigh_again()

    def _weigh_again(self) -> None:
        """From here on a transaction is on the disk at its end."""
        self._rows("PRAGMA synchronous = FULL")
        self._is_light = False

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """One and the same moment of the file."""
        with self._transaction("BEGIN"):
            yield

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[None]:
        with self._failing():
            self._connection.execute(begin)
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _failing(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.IntegrityError:
            raise  # told a second time what can be told once: a mistake of ours
        except sqlite3.DatabaseError as error:
            raise StoreFailedError(
                f"the ledger took nothing: {error}; see that the disk of {self.path} has room and "
                "that no other program holds it"
            ) from error

    def _rows(self, query: str, values: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        with self._failing():
            return self._connection.execute(query, values).fetchall()

    def _row(self, query: str, values: tuple[object, ...] = ()) -> tuple[Any, ...]:
        [found] = self._rows(query, values)
        return found
