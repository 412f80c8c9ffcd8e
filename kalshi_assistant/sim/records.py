"""What the account's reads show: records as they were some moments ago, and no more than are kept.

**Invariant:** a read sees one instant, the same for balances, orders, fills and positions: now less
the lag of the settings. ``as_of`` says which.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

from kalshi_assistant.domain.ids import Ticker
from kalshi_assistant.domain.time import MILLISECOND, Nanos
from kalshi_assistant.domain.units import Money
from kalshi_assistant.sim.private import (
    FillRecord,
    OrderRecord,
    PositionRecord,
    SettlementRecord,
)
from kalshi_assistant.sim.settings import AccountSettings

T = TypeVar("T")


class Versions(Generic[T]):
    """One thing as it was: the last version is now, older ones as far back as the lag reaches."""

    __slots__ = ("_kept",)

    def __init__(self) -> None:
        self._kept: deque[tuple[Nanos, T]] = deque()

    def put(self, at: Nanos, value: T, lag: int) -> None:
        """It is so from ``at`` on; what no read can see any more goes."""
        kept = self._kept
        kept.append((at, value))
        while len(kept) > 1 and kept[1][0] <= at - lag:
            kept.popleft()

    def seen(self, at: Nanos) -> T | None:
        """How it was at ``at``; ``None`` before it was."""
        for stamp, value in reversed(self._kept):
            if stamp <= at:
                return value
        return None


class AccountRecords:
    """Everything written down about the account."""

    def __init__(self, settings: AccountSettings, start: Nanos) -> None:
        self._lag = settings.reads_lag_ms * MILLISECOND
        self._start = start
        self._kept = settings.kept
        self._orders: dict[str, Versions[OrderRecord]] = {}
        self._finished: deque[str] = deque()
        self._positions: dict[tuple[int, Ticker], Versions[PositionRecord]] = {}
        self._settled: deque[tuple[int, Ticker]] = deque()
        self._cash: dict[tuple[int, int], Versions[Money]] = {}
        self._fills: deque[FillRecord] = deque(maxlen=settings.kept)
        self._settlements: deque[SettlementRecord] = deque(maxlen=settings.kept)

    # --- writing ---

    def order(self, record: OrderRecord) -> None:
        """An order as it is now. One that is finished is told once, and later forgotten."""
        versions = self._orders.setdefault(record.order_id, Versions())
        versions.put(record.updated_at, record, self._lag)
        if record.status != "resting":
            self._finished.append(record.order_id)
            while len(self._finished) > self._kept:
                self._orders.pop(self._finished.popleft(), None)

    def fill(self, record: FillRecord) -> None:
        """A fill."""
        self._fills.append(record)

    def position(self, record: PositionRecord) -> None:
        """A position as it is now."""
        key = (record.subaccount, record.ticker)
        self._positions.setdefault(key, Versions()).put(record.updated_at, record, self._lag)
        if record.settled:
            self._settled.append(key)
            while len(self._settled) > self._kept:
                self._positions.pop(self._settled.popleft(), None)

    def settlement(self, record: SettlementRecord) -> None:
        """A settlement."""
        self._settlements.append(record)

    def cash(self, subaccount: int, shard: int, amount: Money, at: Nanos) -> None:
        """What is on a shard now."""
        self._cash.setdefault((subaccount, shard), Versions()).put(at, amount, self._lag)

    # --- reading ---

    def as_of(self, now: Nanos) -> Nanos:
        """The instant that a read at ``now`` shows."""
        return max(Nanos(now - self._lag), self._start)

    def orders(self, now: Nanos) -> list[OrderRecord]:
        """The newest first."""
        return list(_seen(reversed(self._orders.values()), self.as_of(now)))

    def one_order(self, order_id: str, now: Nanos) -> OrderRecord | None:
        """One of them."""
        versions = self._orders.get(order_id)
        return None if versions is None else versions.seen(self.as_of(now))

    def positions(self, now: Nanos) -> list[PositionRecord]:
        """Every market that was traded and is remembered, the latest first traded first."""
        return list(_seen(reversed(self._positions.values()), self.as_of(now)))

    def fills(self, now: Nanos) -> list[FillRecord]:
        """The newest first."""
        as_of = self.as_of(now)
        return [each for each in reversed(self._fills) if each.at <= as_of]

    def settlements(self, now: Nanos) -> list[SettlementRecord]:
        """The newest first."""
        as_of = self.as_of(now)
        return [each for each in reversed(self._settlements) if each.at <= as_of]

    def balances(self, now: Nanos) -> dict[tuple[int, int], Money]:
        """Cash by subaccount and shard."""
        as_of = self.as_of(now)
        seen = {key: versions.seen(as_of) for key, versions in self._cash.items()}
        return {key: amount for key, amount in seen.items() if amount is not None}


def _seen(versions: Iterable[Versions[T]], at: Nanos) -> Iterator[T]:
    for each in versions:
        found = each.seen(at)
        if found is not None:
            yield found
