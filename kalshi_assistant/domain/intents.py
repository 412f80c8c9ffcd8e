"""Every effect the engine may ask for: a closed union of frozen values in the imperative."""

from typing import Generic, Literal, TypeVar

import msgspec

from kalshi_assistant.domain.contract import Outcome
from kalshi_assistant.domain.entries import Entry
from kalshi_assistant.domain.ids import ClientOrderId, Ticker
from kalshi_assistant.domain.orders import BookSide, Order
from kalshi_assistant.domain.signals import NearMiss, Signal, Veto
from kalshi_assistant.domain.time import Nanos
from kalshi_assistant.domain.units import IndexValue, Money, Price, Quantity

T = TypeVar("T")


class Approved(msgspec.Struct, Generic[T], frozen=True, gc=False, array_like=True, tag=True):
    """Something the risk gate let through; nobody else makes one, and late ones are refused."""

    what: T
    valid_until: Nanos


class WindowReport(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One window after its close: what the venue said, what we computed, what we forecast and
    did.
    """

    ticker: Ticker
    open_time: Nanos
    close_time: Nanos
    strike: IndexValue | None
    settlement: IndexValue | None
    """What the venue published."""
    our_settlement: IndexValue | None
    """Convention A, the prints in [T-60, T); ``None`` when prints are missing."""
    our_settlement_b: IndexValue | None
    """Convention B, the prints in (T-60, T]; information only."""
    result: Outcome | None
    prints: int
    """How many of the sixty prints of convention A arrived."""
    p_yes: dict[str, float]
    """Forecast by seconds left at which it was made; a horizon without a number is absent."""
    signals: int
    vetoes: dict[str, int]
    paper_pnl: Money
    agrees: bool | None
    """Whether A equals the published value; ``None`` when it cannot be compared."""
    p_market: dict[str, float] = {}
    """The middle of the book at the instants of ``p_yes``; absent where it was not known."""
    p_blend: dict[str, float] = {}
    """The model shrunk toward the market by what settled windows have taught."""
    nearest_miss: NearMiss | None = None
    """The evaluation that came nearest to a signal without being one."""


class Watch(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    """Subscribe to this market's book, trades and quotes."""

    ticker: Ticker


class Unwatch(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    """Stop listening to this market."""

    ticker: Ticker


class Resync(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    """Ask for a fresh snapshot of this book."""

    ticker: Ticker
    reason: str


class Reconcile(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    """Ask for a whole book to lay beside the one that is known, and goes on being believed."""

    ticker: Ticker


class Inquire(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    """Ask the venue over REST; the answer comes back as events."""

    what: Literal["markets", "market", "index_history", "exchange_status"]
    ticker: Ticker | None = None
    since: Nanos | None = None


class SetTimer(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    """Wake the engine at ``at`` with ``TimerFired(key)``; a second timer with the same key
    replaces the first.
    """

    key: str
    due: Nanos


class Submit(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    """Send this order, once its intent is durable."""

    order: Approved[Order]


class Cancel(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    """Take an order out of the book."""

    id: ClientOrderId
    order_id: str
    ticker: Ticker
    exchange_index: int | None
    reason: str


class Renew(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    """Let a resting order live on: only its expiry moves, it keeps its place in the queue."""

    id: ClientOrderId
    order_id: str
    ticker: Ticker
    side: BookSide
    price: Price
    count: Quantity
    """What the venue wants to hear: already filled and still wanted together."""
    expires_at: Nanos
    exchange_index: int | None


class Decrease(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    """Make a resting order smaller where it stands."""

    id: ClientOrderId
    order_id: str
    ticker: Ticker
    to: Quantity
    exchange_index: int | None


class LookUp(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    """Find out what became of an order whose answer did not come, or that a cancel left in doubt.

    Answered by ``OrderChanged`` or ``OrderAbsent``, or asked again later.
    """

    order: Order
    order_id: str | None


class ReadAccount(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    """Read the whole account; answered by ``AccountSeen``."""

    reason: str
    since: Nanos


class HoldGroup(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    """See to it that an order group of ours takes orders on a shard, with this limit.

    Answered by ``GroupReady`` or ``GroupNotReady``, and by ``GroupGone`` for one that vanished.
    """

    exchange_index: int
    limit: Quantity
    """Contracts that may trade within fifteen seconds, whole ones."""
    known: str | None
    """The one we have; without one it is looked for, then made."""
    reset: bool
    """A person cleared the halt after its trigger: it may take orders again."""


class EndGroup(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    """Have the venue cancel everything in a group of ours and refuse what is still on its way."""

    exchange_index: int
    group_id: str
    delete: bool
    """Remove it too, now; else that is done when all else is."""


class Keep(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    """Write this down where it outlives the process, before what follows it is done."""

    entry: Entry


class Forecast(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    """What is believed of a window at one of the instants that are kept for its score.

    ``p_model_then`` is the model over the same seconds as ``p_market``: its mean where the market's
    price is a mean, else ``p_model`` itself. Dollars unless said otherwise; ``None`` is not known.
    """

    ticker: Ticker
    made_at: Nanos
    seconds_left: int
    p_model: float | None
    no_number: Veto | None
    p_model_then: float | None
    p_market: float | None
    p_blend: float | None
    expected: float | None
    threshold: float | None
    sd: float | None
    sigma: float | None
    """Per square root of a second."""
    missing: int
    """Holes among the prints of the window so far."""


class Question(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One instant of one market in the primitives that pricing takes; dollars and seconds.

    The variance of the settlement average A is ``sigma^2 ((ahead/60)^2 Var(R) + spread) + noise^2``
    with ``Var(R) = tau1 + (m + 1)(2m + 1)/(6m) - 1`` for the mean R of the ``m = ahead`` prints.
    """

    expected: float
    """E[A]."""
    threshold: float
    """A at or above it is YES: the strike less half a cent."""
    sigma: float
    """Deviation of the index per square root of a second."""
    ahead: int
    """Prints still to come, 0 to 60."""
    tau1: float
    """Seconds from the newest observation to the first of them."""
    spread_seconds: float
    """What holes between prints add, in units of sigma^2."""
    noise_sd: float
    """What our index not being the true one adds."""
    spot: float
    jump_share: float
    """Share of the variance that comes in jumps."""
    log_variance_sd: float
    """Deviation of the log of the variance around our forecast of it."""


class Estimate(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    """Price this by simulation, off the loop; the answer comes back as ``Estimated``."""

    ticker: Ticker
    asked_at: Nanos
    p_model: float
    question: Question


class Announce(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    """A signal fired."""

    signal: Signal


class Report(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    """A window is over."""

    window: WindowReport


class Note(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    """Something a person may want to read later."""

    level: Literal["info", "warning", "error"]
    topic: str
    text: str


Intent = (
    Watch
    | Unwatch
    | Resync
    | Reconcile
    | Inquire
    | SetTimer
    | Submit
    | Cancel
    | Renew
    | Decrease
    | LookUp
    | ReadAccount
    | HoldGroup
    | EndGroup
    | Keep
    | Forecast
    | Estimate
    | Announce
    | Report
    | Note
)
