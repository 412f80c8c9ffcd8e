"""What people, and the processes around the engine, tell it; part of the union in ``events``."""

from kalshi_assistant.domain.entries import GroupKept, OpenOrder, Standing
from kalshi_assistant.domain.evidence import EvidenceDay, EvidenceKept
from kalshi_assistant.domain.orders import Order
from kalshi_assistant.domain.stamped import Stamped
from kalshi_assistant.domain.time import Nanos


class OperatorPaused(Stamped, frozen=True, gc=False, array_like=True, tag=True):
    """A person stopped signals."""

    reason: str


class OperatorResumed(Stamped, frozen=True, gc=False, array_like=True, tag=True):
    """A person allowed signals again."""


class Restored(Stamped, frozen=True, gc=False, array_like=True, tag=True):
    """What the store remembers at the start of a process: the account, open orders, halts."""

    namespace: str
    epoch: int
    standing: Standing
    orders: tuple[OpenOrder, ...]
    clean: bool
    """Whether the process before ended in order."""
    venue: bool = False
    """Whether an account at a venue stands behind it, which has to agree before orders leave."""
    since: Nanos = Nanos(0)
    """How far back the venue has to be read for all that may have happened unseen."""
    groups: tuple[GroupKept, ...] = ()
    """Order groups of ours that may be at the venue."""
    evidence: tuple[EvidenceDay, ...] = ()
    """What every kind of signal has brought, by day."""
    unsettled: tuple[EvidenceKept, ...] = ()
    """Windows with signals whose result was not known."""
    settled: tuple[EvidenceKept, ...] = ()
    """Those with a result of the last day, the oldest first: it may change after all."""
    recent: tuple[Order, ...] = ()
    """Orders made durable within the span of a window, finished or not, the oldest first."""


class TradingArmed(Stamped, frozen=True, gc=False, array_like=True, tag=True):
    """The process may send orders: the lease is held and, live, every condition was met."""

    epoch: int


class TradingDisarmed(Stamped, frozen=True, gc=False, array_like=True, tag=True):
    """The process may send no new orders; cancels still leave."""

    reason: str
    ending: bool = False
    """Whether this is the orderly end of the process."""
    entries_only: bool = False
    """Whether orders that close a position still leave: the process may trade, and what is missing
    is only a condition for opening more.
    """


class OperatorHalted(Stamped, frozen=True, gc=False, array_like=True, tag=True):
    """A person (or the kill command) halted trading; it stays until a person clears it."""

    reason: str
    breaker: str = "person"
    """``person`` blocks entries; ``flatten`` has what is held closed, and ``kill`` blocks
    everything.
    """


class OperatorCleared(Stamped, frozen=True, gc=False, array_like=True, tag=True):
    """A person cleared the halts, with a reason, at the machine; ``at`` is when. What opened later
    stands.
    """

    reason: str
    standing: tuple[str, ...] = ()
    """Breakers that were open in the store when the clearing was found there."""


class OperatorFlattened(Stamped, frozen=True, gc=False, array_like=True, tag=True):
    """A person wants everything closed: cancel what rests, sell what is held."""

    reason: str


class KillEnded(Stamped, frozen=True, gc=False, array_like=True, tag=True):
    """A process that took our orders out has ended; told for the log and the screens."""

    gone: bool
    """Whether all of them are confirmed gone."""
    text: str


class AlertFailed(Stamped, frozen=True, gc=False, array_like=True, tag=True):
    """A channel of alerts could not deliver; told by the process that does, for the log."""

    channel: str
    dropped: int
    """Messages it has dropped since it was started."""
    reason: str


class SettingsChanged(Stamped, frozen=True, gc=False, array_like=True, tag=True):
    """A person changed settings of a running engine; what may not change so is refused by it."""

    settings: str
    """All of the engine's settings from here on, JSON text as in a journal's header."""
    config: str
    """The digest that names them in decisions."""
