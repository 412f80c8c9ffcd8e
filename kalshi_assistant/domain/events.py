"""Every fact that may enter the engine: a closed union of frozen values in the past tense.

Two stamps on each: ``at`` is the source's (or ours where the fact is our own), ``received_at`` is
ours and is what orders events. All prices are YES prices; the turn from NO happens at the wall,
in one function. ``None`` means the source did not say.
"""

from typing import Literal

import msgspec

from kalshi_assistant.domain.contract import (
    Contract,
    FeeTerms,
    MarketStatus,
    Outcome,
    PriceRange,
)
from kalshi_assistant.domain.ids import ClientOrderId, Feed, Ticker
from kalshi_assistant.domain.operating import (
    AlertFailed as AlertFailed,
)
from kalshi_assistant.domain.operating import (
    KillEnded as KillEnded,
)
from kalshi_assistant.domain.operating import (
    OperatorCleared as OperatorCleared,
)
from kalshi_assistant.domain.operating import (
    OperatorFlattened as OperatorFlattened,
)
from kalshi_assistant.domain.operating import (
    OperatorHalted as OperatorHalted,
)
from kalshi_assistant.domain.operating import (
    OperatorPaused as OperatorPaused,
)
from kalshi_assistant.domain.operating import (
    OperatorResumed as OperatorResumed,
)
from kalshi_assistant.domain.operating import (
    Restored as Restored,
)
from kalshi_assistant.domain.operating import (
    SettingsChanged as SettingsChanged,
)
from kalshi_assistant.domain.operating import (
    TradingArmed as TradingArmed,
)
from kalshi_assistant.domain.operating import (
    TradingDisarmed as TradingDisarmed,
)
from kalshi_assistant.domain.orders import BookSide
from kalshi_assistant.domain.stamped import Stamped
from kalshi_assistant.domain.time import Nanos
from kalshi_assistant.domain.units import IndexValue, Money, Price, Quantity

IndexSource = Literal[
    "kalshi_5hz",
    "kalshi_1hz",
    "kalshi_rest",
    "cf_direct",
    "panel",
    "kalshi_chart",
    "replica",
    "proxy",
]
"""The last three are not the index itself: the venue's public chart, whose rounding nobody states;
our own copy from the constituents' books; a stand-in. What they give never fixes an outcome.
"""
FillSource = Literal["optimistic", "realistic", "conservative", "venue"]
"""Who filled: the venue, or paper under one of its three assumptions about the queue. On paper
``realistic`` is the account of record, ``conservative`` feeds the evidence.
"""
Level = tuple[Price, Quantity]


# --- the book and the tape ---


class BookSnapshot(Stamped, frozen=True, gc=False, array_like=True, tag=True):
    """The whole book of one market: replaces what was known and mends a gap."""

    ticker: Ticker
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]


class BookDelta(Stamped, frozen=True, gc=False, array_like=True, tag=True):
    """``change`` contracts added to (or taken from) one level."""

    ticker: Ticker
    side: BookSide
    price: Price
    change: Quantity


class QuoteSeen(Stamped, frozen=True, gc=False, array_like=True, tag=True):
    """The venue's own best prices; ``bid`` 0 or ``ask`` 1 dollar means an empty side."""

    ticker: Ticker
    bid: Price
    ask: Price
    bid_size: Quantity
    ask_size: Quantity
    last_price: Price
    volume: Quantity
    open_interest: Quantity


class MidSeen(Stamped, frozen=True, gc=False, array_like=True, tag=True):
    """Best prices known without a book (a panel): as of ``at``, or their means over the
    ``over_seconds`` that end there; 0 is the instant itself.
    """

    ticker: Ticker
    bid: Price
    ask: Price
    over_seconds: int


class TradeSeen(Stamped, frozen=True, gc=False, array_like=True, tag=True):
    """A public trade; ``taker`` is the outcome the taker bought."""

    ticker: Ticker
    trade_id: str
    price: Price
    quantity: Quantity
    taker: Outcome
    is_block: bool


# --- the index ---


class IndexPrinted(Stamped, frozen=True, gc=False, array_like=True, tag=True):
    """A print stamped on a whole second: the kind that settles."""

    index: str
    value: IndexValue
    source: IndexSource
    average_60s_e8: int | None = None
    """The venue's average of the prints in [at - 60 s, at), in 1e-8 dollar."""
    average_60s_prints: int | None = None


class IndexTicked(Stamped, frozen=True, gc=False, array_like=True, tag=True):
    """A value between whole seconds: a nowcast, never a settling print."""

    index: str
    value: IndexValue
    source: IndexSource


class IndexHistoryLoaded(Stamped, frozen=True, gc=False, array_like=True, tag=True):
    """Prints of the past, by epoch second, ascending: warm the volatility, fill named holes."""

    index: str
    source: IndexSource
    prints: tuple[tuple[int, IndexValue], ...]


class IndexReplicated(Stamped, frozen=True, gc=False, array_like=True, tag=True):
    """Our own copy of the index as of ``at``, computed from its constituents' books."""

    index: str
    value: IndexValue | None
    failure: str | None
    """Why there is no value."""
    used: tuple[str, ...]
    """Venues it is made of."""
    left_out: tuple[tuple[str, str], ...]
    """(venue, why) of the others."""
    coverage: float
    """How much of the depth the index looks at the venues show, 0 to 1: their mean."""


# --- markets ---


class MarketListed(Stamped, frozen=True, gc=False, array_like=True, tag=True):
    """A market as the venue describes it now; replaces an earlier description."""

    contract: Contract
    status: MarketStatus


class StrikeSet(Stamped, frozen=True, gc=False, array_like=True, tag=True):
    """The strike became known."""

    ticker: Ticker
    strike: IndexValue


class MarketStatusChanged(Stamped, frozen=True, gc=False, array_like=True, tag=True):
    """Halted (``inactive``), resumed (``active``), or further along its life."""

    ticker: Ticker
    status: MarketStatus


class CloseTimeChanged(Stamped, frozen=True, gc=False, array_like=True, tag=True):
    """The venue moved the close."""

    ticker: Ticker
    close_time: Nanos


class GridChanged(Stamped, frozen=True, gc=False, array_like=True, tag=True):
    """The price steps changed during the market's life."""

    ticker: Ticker
    price_ranges: tuple[PriceRange, ...]


class MarketDetermined(Stamped, frozen=True, gc=False, array_like=True, tag=True):
    """The venue named the result."""

    ticker: Ticker
    result: Outcome


class SettlementPublished(Stamped, frozen=True, gc=False, array_like=True, tag=True):
    """The venue published the value it settled on (``expiration_value``)."""

    ticker: Ticker
    value: IndexValue
    result: Outcome


class FeesChanged(Stamped, frozen=True, gc=False, array_like=True, tag=True):
    """New fee terms for every market of an event."""

    event_ticker: str
    fees: FeeTerms


class ExchangeStatusSeen(Stamped, frozen=True, gc=False, array_like=True, tag=True):
    """Whether the shard trades, and when it expects to resume."""

    exchange_index: int
    exchange_active: bool
    trading_active: bool
    resume_at: Nanos | None


class MaintenanceScheduled(Stamped, frozen=True, gc=False, array_like=True, tag=True):
    """Maintenance windows as ``(start, end)``."""

    windows: tuple[tuple[Nanos, Nanos], ...]


# --- trouble with a source ---


class FeedLost(Stamped, frozen=True, gc=False, array_like=True, tag=True):
    """A connection dropped; what it fed is unknown from here on."""

    feed: Feed
    reason: str


class FeedBack(Stamped, frozen=True, gc=False, array_like=True, tag=True):
    """A connection is up and subscribed; the books come with their snapshots."""

    feed: Feed


class Gap(Stamped, frozen=True, gc=False, array_like=True, tag=True):
    """Sequence numbers jumped: frames of this feed were lost for these markets (none for the
    index).
    """

    feed: Feed
    tickers: tuple[Ticker, ...]
    expected: int
    got: int


class Malformed(Stamped, frozen=True, gc=False, array_like=True, tag=True):
    """A frame that made no sense; nothing of it was applied."""

    feed: Feed
    reason: str


class SourceHealth(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """How one connection that does not feed the engine itself is doing."""

    feed: Feed
    state: Literal["waiting", "up", "down"]
    reason: str | None
    last_at: Nanos | None
    """Receipt of its newest frame."""
    frames: int
    gaps: int
    malformed: int
    delays_ms: tuple[float, float, float, float] | None
    """Source stamp to receipt: least, p50, p95, p99; ``None`` where it stamps nothing."""
    drift_levels: int | None
    """Levels in which its book differed from a fresh one at the last reconciliation."""
    reconciled_at: Nanos | None


class SourcesSeen(Stamped, frozen=True, gc=False, array_like=True, tag=True):
    """The state of such connections, about once a second."""

    sources: tuple[SourceHealth, ...]


class RequestRefused(Stamped, frozen=True, gc=False, array_like=True, tag=True):
    """The venue refused a command or request of ours, or it could not be made; ``final``: do not
    repeat.
    """

    feed: Feed
    request: str
    code: str
    message: str
    final: bool


# --- our orders (the private channels, and paper) ---


class OrderFilled(Stamped, frozen=True, gc=False, array_like=True, tag=True):
    """A fill of ours. ``fee`` is the net fee charged for this fill."""

    ticker: Ticker
    order_id: str
    client_order_id: ClientOrderId | None
    trade_id: str
    side: BookSide
    price: Price
    quantity: Quantity
    is_taker: bool
    fee: Money
    position_after: Quantity | None
    source: FillSource


class OrderChanged(Stamped, frozen=True, gc=False, array_like=True, tag=True):
    """An order of ours as the venue (or paper) sees it now."""

    ticker: Ticker
    order_id: str
    client_order_id: ClientOrderId | None
    side: BookSide
    price: Price
    status: Literal["resting", "canceled", "executed", "rejected", "unknown"]
    filled: Quantity
    remaining: Quantity
    reason: str | None
    source: FillSource


class PositionReported(Stamped, frozen=True, gc=False, array_like=True, tag=True):
    """The venue's view of our position: positive is YES."""

    ticker: Ticker
    quantity: Quantity
    cost: Money
    realized: Money
    fees_paid: Money


class OrderUncertain(Stamped, frozen=True, gc=False, array_like=True, tag=True):
    """A request about an order of ours left and its answer did not come: it may have happened."""

    client_order_id: ClientOrderId
    request: Literal["create", "cancel", "amend", "decrease"]
    reason: str


class OrderAbsent(Stamped, frozen=True, gc=False, array_like=True, tag=True):
    """The venue's records of ``as_of``, later than the sending and a margin, know no such order."""

    client_order_id: ClientOrderId
    as_of: Nanos


class CancelRefused(Stamped, frozen=True, gc=False, array_like=True, tag=True):
    """The venue would not cancel. That proves nothing about the order: it is read again."""

    client_order_id: ClientOrderId
    order_id: str
    code: str
    message: str


class VenueOrder(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One order in the venue's account as it was read."""

    ticker: Ticker
    order_id: str
    client_order_id: ClientOrderId | None
    side: BookSide
    price: Price
    status: Literal["resting", "canceled", "executed"]
    initial: Quantity
    filled: Quantity
    remaining: Quantity
    exchange_index: int | None
    created_at: Nanos | None


class VenuePosition(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What the venue says is held in one market: positive is YES."""

    ticker: Ticker
    quantity: Quantity
    cost: Money
    realized: Money
    fees_paid: Money


class VenueSettlement(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One market the venue paid out."""

    ticker: Ticker
    result: Outcome
    revenue: Money
    settled_at: Nanos


class AccountSeen(Stamped, frozen=True, gc=False, array_like=True, tag=True):
    """The whole account as the venue's records of ``as_of`` have it, read in one go."""

    as_of: Nanos
    since: Nanos
    """Orders, fills and settlements reach back to here."""
    cash: Money
    """All shards together."""
    shard_cash: tuple[tuple[int, Money], ...]
    """(exchange index, cash there); collateral is per shard."""
    orders: tuple[VenueOrder, ...]
    positions: tuple[VenuePosition, ...]
    fills: tuple[OrderFilled, ...]
    settlements: tuple[VenueSettlement, ...]
    netting: bool | None
    """Whether YES and NO of one market close each other; ``None``: the venue did not say."""


class OrderGroupChanged(Stamped, frozen=True, gc=False, array_like=True, tag=True):
    """An order group was created, triggered, reset, deleted or got a new limit."""

    group_id: str
    change: Literal["created", "triggered", "reset", "deleted", "limit_updated"]
    limit: Quantity | None


class GroupReady(Stamped, frozen=True, gc=False, array_like=True, tag=True):
    """An answer to ``HoldGroup``: this group of ours is at the venue, with the limit we want."""

    exchange_index: int
    group_id: str
    limit: Quantity
    was_reset: bool
    """Whether it was told to take orders again after a trigger."""


class GroupNotReady(Stamped, frozen=True, gc=False, array_like=True, tag=True):
    """An answer to ``HoldGroup``: no group of ours is known to take orders on this shard."""

    exchange_index: int
    reason: str


class GroupGone(Stamped, frozen=True, gc=False, array_like=True, tag=True):
    """A group of ours is not at the venue any more."""

    group_id: str


# --- ourselves ---


class Estimated(Stamped, frozen=True, gc=False, array_like=True, tag=True):
    """A worker's answer to ``Estimate``; ``at`` is when it was asked."""

    ticker: Ticker
    p_model: float
    """The closed form at the instant of the question."""
    estimates: tuple[tuple[str, float, float], ...]
    """(variant, P(YES), its standard error)."""
    microseconds: int
    """What it took."""


class LatencyMeasured(Stamped, frozen=True, gc=False, array_like=True, tag=True):
    """An order took so long from the fact that made it to the venue's answer."""

    delay: int
    """Nanoseconds."""


class TimerFired(Stamped, frozen=True, gc=False, array_like=True, tag=True):
    """A timer the engine asked for came due; ``at`` is when it was set for."""

    key: str


class ClockJumped(Stamped, frozen=True, gc=False, array_like=True, tag=True):
    """The machine slept or its clock was set: everything known may be old."""

    by: int
    """Nanoseconds by which wall time moved against the running clock."""


Event = (
    BookSnapshot
    | BookDelta
    | QuoteSeen
    | MidSeen
    | TradeSeen
    | IndexPrinted
    | IndexTicked
    | IndexHistoryLoaded
    | IndexReplicated
    | MarketListed
    | StrikeSet
    | MarketStatusChanged
    | CloseTimeChanged
    | GridChanged
    | MarketDetermined
    | SettlementPublished
    | FeesChanged
    | ExchangeStatusSeen
    | MaintenanceScheduled
    | FeedLost
    | FeedBack
    | Gap
    | Malformed
    | SourcesSeen
    | RequestRefused
    | OrderFilled
    | OrderChanged
    | PositionReported
    | OrderUncertain
    | OrderAbsent
    | CancelRefused
    | AccountSeen
    | OrderGroupChanged
    | GroupReady
    | GroupNotReady
    | GroupGone
    | Estimated
    | LatencyMeasured
    | TimerFired
    | ClockJumped
    | OperatorPaused
    | OperatorResumed
    | Restored
    | TradingArmed
    | TradingDisarmed
    | OperatorHalted
    | OperatorCleared
    | OperatorFlattened
    | AlertFailed
    | KillEnded
    | SettingsChanged
)
