"""What trading has to remember besides orders and ledger: whether it may, and why not."""

from collections import deque
from dataclasses import dataclass, field
from typing import Final

from kalshi_assistant.domain.ids import BTC_15_MINUTES, Ticker
from kalshi_assistant.domain.orders import Purpose
from kalshi_assistant.domain.time import MINUTE, SECOND, Nanos
from kalshi_assistant.domain.units import Money, Quantity
from kalshi_assistant.execution.ledger import Ledger

MARGIN: Final = 2 * SECOND
"""The venue's records and our stamps may be off by so much from each other."""
ACCOUNT_EVERY: Final = 24 * 60 * MINUTE
"""The bankroll is laid beside the venue's at least so often."""
NEVER: Final = Nanos(0)
NOTHING: Final = Money(0)
ACCOUNT_AGAIN: Final = 3 * SECOND
"""A question about the account is repeated after this."""
RATE_SPAN: Final = MINUTE
GROUP_SPAN: Final = 15 * SECOND + MARGIN
"""The venue's order groups count what traded in fifteen seconds; our stamps may be off."""
POLICIES: Final = ("optimistic", "conservative")
"""Assumptions about the queue that are accounted for beside the one of record."""


def in_series(ticker: str) -> bool:
    """Whether a market is one of those this assistant trades. The one thing read from a name."""
    return ticker.startswith(f"{BTC_15_MINUTES}-")


@dataclass(slots=True)
class ShardGroup:
    """The order group our entries on one shard go into."""

    group_id: str | None = None
    ready: bool = False
    """Whether the venue confirmed it, and has not said otherwise since."""
    triggered: bool = False
    """It takes no orders until a person cleared the halt and it was reset."""
    why: str = "it has not been asked for yet"
    """Why it is not ready."""
    asked_at: Nanos = NEVER


@dataclass(slots=True)
class Desk:
    """May we trade, with what, and what did the venue's account look like."""

    armed: bool = False
    why_not: str = "trading is not armed"
    """Why no order may leave while it is not armed."""
    lapsed: str | None = None
    """Why no entry may leave although it is armed: a condition of opening positions ended."""
    venue: bool = False
    """Whether an account at a venue stands behind it, and must agree before anything leaves."""
    direct: bool = False
    """Whether the venue's balances have shown parts of a cent."""
    agreed: bool = False
    """Whether our ledger and the venue's agreed when they were last compared."""
    differs: str | None = None
    """In which way they do not."""
    since: Nanos = NEVER
    """How far back the venue's records are read."""
    account_due: Nanos = NEVER
    """When the account is read next; 0: not planned."""
    account_asked_at: Nanos = NEVER
    account_why: str = ""
    shard_cash: dict[int, Money] = field(default_factory=dict)
    told: dict[Ticker, Quantity] = field(default_factory=dict)
    """Positions as the venue's channel told them last."""
    told_differs: dict[Ticker, Nanos] = field(default_factory=dict)
    """Since when such a position differs from ours."""
    last_fill_at: Nanos = NEVER
    peak: Money = NOTHING
    day: str = ""
    day_start: Money = NOTHING
    good_windows: int = 0
    delays: deque[int] = field(default_factory=lambda: deque(maxlen=200))
    """Of the newest orders: nanoseconds from the fact that made one to the venue's answer."""
    sent: deque[Nanos] = field(default_factory=deque)
    """When orders left lately."""
    policies: dict[str, Ledger] = field(default_factory=dict)
    policy_profit: dict[str, Money] = field(default_factory=dict)
    """Profit of settled windows under each assumption."""
    flattening: str | None = None
    """Why everything is being closed; ``None`` while nothing is."""
    window_trouble: bool = False
    """Whether anything went wrong in the window now trading: it does not count as a good one."""
    unpaid: dict[Ticker, Nanos] = field(default_factory=dict)
    """Markets our ledger has paid out and the venue's records have not yet."""
    cash_when_seen: Money = NOTHING
    """Our cash when the venue's shards were last read."""
    adopt_cash: bool = False
    """A person said that the venue's cash is right."""
    groups: dict[int, ShardGroup] = field(default_factory=dict)
    """By exchange index."""
    ended_groups: dict[str, int] = field(default_factory=dict)
    """Groups we ended, with their shards: nothing of ours may rest in them any more."""
    entry_fills: deque[tuple[Nanos, int, Quantity]] = field(default_factory=deque)
    """When entries were filled lately, on which shard, how much."""
    refused: str | None = None
    """What the gate said last, so that it is told once."""

    @property
    def closed_because(self) -> str | None:
        """Why no entry may leave; ``None`` when one may."""
        if not self.armed:
            return self.why_not
        return self.lapsed if self.unread_because is None else self.unread_because

    @property
    def unread_because(self) -> str | None:
        """Why our ledger is not known to be the venue's account; ``None`` when it is, or where
        there is no venue.
        """
        if not self.venue:
            return None
        if self.differs is not None:
            return self.differs
        if not self.agreed:
            return "the venue's account has not been read yet"
        return None

    def closed_to(self, purpose: Purpose, shard: int | None) -> str | None:
        """Why no order of this purpose may leave for this shard; ``None`` when one may.

        The venue caps an exit at what is held, and a take-profit that rests it does not: that one
        waits, as entries do, until ledger and venue agree on what is held.
        """
        if purpose == "entry":
            return self.no_entries_on(shard)
        if not self.armed:
            return self.why_not
        return None if purpose == "exit" else self.unread_because

    def no_entries_on(self, shard: int | None) -> str | None:
        """Why no entry may leave for this shard, ``None`` when one may; where no market is followed
        there is no shard.
        """
        if self.closed_because is not None or not self.venue or shard is None:
            return self.closed_because
        group = self.groups.get(shard)
        if group is not None and group.ready:
            return None
        why = ShardGroup().why if group is None else group.why
        return f"no order group of ours takes entries on shard {shard}: {why}"

    def plan(self, at: Nanos, why: str) -> None:
        """Read the account at ``at`` or sooner."""
        if self.account_due == 0 or at < self.account_due:
            self.account_due, self.account_why = at, why

    def entries_filled(self, shard: int, now: Nanos) -> int:
        """What of our entries has traded on a shard within the span of an order group."""
        while self.entry_fills and self.entry_fills[0][0] <= now - GROUP_SPAN:
            self.entry_fills.popleft()
        return sum(each for _, where, each in self.entry_fills if where == shard)

    def clock_set(self, by: int, now: Nanos) -> None:
        """Our clock was set back by ``-by`` nanoseconds and shows ``now``: what is planned comes
        as soon as it would have come, and what was counted stays counted as long.
        """
        if self.account_due != NEVER:
            self.account_due = Nanos(self.account_due + by)
        if self.account_asked_at != NEVER:
            self.account_asked_at = Nanos(self.account_asked_at + by)
        self.last_fill_at = min(self.last_fill_at, now)
        self.sent = deque(Nanos(each + by) for each in self.sent)
        filled = self.entry_fills
        self.entry_fills = deque((Nanos(at + by), shard, each) for at, shard, each in filled)
        for group in self.groups.values():
            if group.asked_at != NEVER:
                group.asked_at = Nanos(group.asked_at + by)
        for since in (self.told_differs, self.unpaid):
            for ticker in since:
                since[ticker] = Nanos(since[ticker] + by)

    def sent_lately(self, now: Nanos) -> int:
        """Orders that left within the last minute."""
        while self.sent and self.sent[0] <= now - RATE_SPAN:
            self.sent.popleft()
        return len(self.sent)
