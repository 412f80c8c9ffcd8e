"""The frames of the venue's WebSocket as typed structs: a union told apart by ``type``.

Sources: AsyncAPI 2.0.0 text of September 2026, documentation of October 2026, captures of
2026-09-25. A field is optional only where those say that it may be absent. Unknown fields are
skipped: recorders and later versions add some. Numbers are bounded, so that nothing downstream
overflows.
"""

from decimal import Decimal
from typing import Annotated, ClassVar, Final, Literal

import msgspec
from msgspec import Meta, Struct

_YEAR_2100_MS: Final = 4_102_444_800_000

Millis = Annotated[int, Meta(ge=1, lt=_YEAR_2100_MS)]
"""Epoch milliseconds."""
Seconds = Annotated[int, Meta(ge=1, lt=_YEAR_2100_MS // 1_000)]
"""Epoch seconds."""
Number = Annotated[int, Meta(ge=1, lt=2**53)]
"""A ``sid`` or ``seq``."""
Shard = Annotated[int, Meta(ge=0, lt=2**31)]
Subaccount = Annotated[int, Meta(ge=0, le=63)]

ORDERBOOK: Final = "orderbook_delta"
TICKER: Final = "ticker"
TRADE: Final = "trade"
FILL: Final = "fill"
USER_ORDERS: Final = "user_orders"
MARKET_POSITIONS: Final = "market_positions"
ORDER_GROUPS: Final = "order_group_updates"
LIFECYCLE: Final = "market_lifecycle_v2"
INDEX: Final = "cfbenchmarks_value"
INDEX_5HZ: Final = "cfbenchmarks_value_5hz"
"""Names of channels; the types of the messages on them partly differ."""

BookWord = Literal["bid", "ask"]
OutcomeWord = Literal["yes", "no"]


class _Frame(Struct, frozen=True, gc=False, tag_field="type"):
    sid: Number


# --- the book and the tape ---


class SnapshotBody(Struct, frozen=True, gc=False):
    """A side without levels is absent."""

    market_ticker: str
    yes_dollars_fp: list[tuple[str, str]] = []
    no_dollars_fp: list[tuple[str, str]] = []
    ts_ms: Millis | None = None


class SnapshotFrame(_Frame, tag="orderbook_snapshot", frozen=True, gc=False):
    """The whole book: the first frame per market, or the answer to ``get_snapshot``."""

    channel: ClassVar[str] = ORDERBOOK
    seq: Number
    msg: SnapshotBody
    sending_ts_ms: Millis | None = None


class DeltaBody(Struct, frozen=True, gc=False):
    """``price_dollars`` is a price of ``side``, unless YES prices were asked for."""

    market_ticker: str
    price_dollars: str
    delta_fp: str
    side: OutcomeWord
    ts_ms: Millis


class DeltaFrame(_Frame, tag="orderbook_delta", frozen=True, gc=False):
    """One level of the book changed."""

    channel: ClassVar[str] = ORDERBOOK
    seq: Number
    msg: DeltaBody


class TickerBody(Struct, frozen=True, gc=False):
    """Best prices of YES, last price, volume."""

    market_ticker: str
    price_dollars: str
    yes_bid_dollars: str
    yes_ask_dollars: str
    yes_bid_size_fp: str
    yes_ask_size_fp: str
    volume_fp: str
    open_interest_fp: str
    ts_ms: Millis


class TickerFrame(_Frame, tag="ticker", frozen=True, gc=False):
    """The venue's own quote of a market; the channel carries no ``seq``."""

    channel: ClassVar[str] = TICKER
    msg: TickerBody


class TradeBody(Struct, frozen=True, gc=False):
    """A public trade."""

    trade_id: str
    market_ticker: str
    yes_price_dollars: str
    count_fp: str
    taker_outcome_side: OutcomeWord
    is_block_trade: bool
    ts_ms: Millis


class TradeFrame(_Frame, tag="trade", frozen=True, gc=False):
    """Somebody traded."""

    channel: ClassVar[str] = TRADE
    seq: Number
    msg: TradeBody


# --- our own orders ---


class FillBody(Struct, frozen=True, gc=False):
    """A fill of ours; ``book_side`` bid is buying YES."""

    trade_id: str
    order_id: str
    market_ticker: str
    is_taker: bool
    yes_price_dollars: str
    count_fp: str
    fee_cost: str
    post_position_fp: str
    book_side: BookWord
    ts_ms: Millis
    client_order_id: str | None = None
    subaccount: Subaccount | None = None


class FillFrame(_Frame, tag="fill", frozen=True, gc=False):
    """An order of ours traded; no ``seq``."""

    channel: ClassVar[str] = FILL
    msg: FillBody


class UserOrderBody(Struct, frozen=True, gc=False):
    """An order of ours as it stands."""

    order_id: str
    ticker: str
    status: Literal["resting", "canceled", "executed", "unknown"]
    book_side: BookWord
    yes_price_dollars: str
    fill_count_fp: str
    remaining_count_fp: str
    last_updated_ts_ms: Millis
    client_order_id: str | None = None
    last_update_reason: str | None = None
    """Since 2026-10-01."""
    subaccount_number: Subaccount | None = None


class UserOrderFrame(_Frame, tag="user_order", frozen=True, gc=False):
    """An order of ours changed; no ``seq``."""

    channel: ClassVar[str] = USER_ORDERS
    msg: UserOrderBody


class PositionBody(Struct, frozen=True, gc=False):
    """What we hold of a market; positive is YES."""

    market_ticker: str
    position_fp: str
    position_cost_dollars: str
    realized_pnl_dollars: str
    fees_paid_dollars: str
    subaccount: Subaccount | None = None


class PositionFrame(_Frame, tag="market_position", frozen=True, gc=False):
    """A position of ours changed; no ``seq`` and no stamp but the envelope's."""

    channel: ClassVar[str] = MARKET_POSITIONS
    msg: PositionBody
    sending_ts_ms: Millis | None = None


class OrderGroupBody(Struct, frozen=True, gc=False):
    """The limit comes with ``created`` and ``limit_updated`` only."""

    event_type: Literal["created", "triggered", "reset", "deleted", "limit_updated"]
    order_group_id: str
    ts_ms: Millis
    contracts_limit_fp: str | None = None


class OrderGroupFrame(_Frame, tag="order_group_updates", frozen=True, gc=False):
    """An order group of ours changed."""

    channel: ClassVar[str] = ORDER_GROUPS
    seq: Number
    msg: OrderGroupBody


# --- the life of markets ---


class LifecycleFrame(_Frame, tag="market_lifecycle_v2", frozen=True, gc=False):
    """A market of any series; the body is read further only where the series is ours."""

    channel: ClassVar[str] = LIFECYCLE
    seq: Number
    msg: msgspec.Raw
    sending_ts_ms: Millis | None = None


class MarketName(Struct, frozen=True, gc=False):
    """Of a lifecycle body, as much as it takes to know whose it is."""

    market_ticker: str


class PriceBand(Struct, frozen=True, gc=False):
    """Prices from ``start`` to ``end`` in steps of ``step``, in dollars."""

    start: str
    end: str
    step: str


class CustomStrike(Struct, frozen=True, gc=False):
    """To how many decimals the settlement value is rounded."""

    round_digits: str


class CreatedMetadata(Struct, frozen=True, gc=False):
    """Of the metadata of a new market, what a contract needs."""

    event_ticker: str
    custom_strike: CustomStrike | None = None


class _LifecycleBody(Struct, frozen=True, gc=False, tag_field="event_type"):
    market_ticker: str


class Created(_LifecycleBody, tag="created", frozen=True, gc=False):
    """A market was made; whether the terms come with it depends on the series."""

    open_ts: Seconds
    close_ts: Seconds
    exchange_index: Shard | None = None
    additional_metadata: CreatedMetadata | None = None
    price_ranges: list[PriceBand] | None = None


class Activated(_LifecycleBody, tag="activated", frozen=True, gc=False):
    """A halt is over. Scheduled opens have no message."""


class Deactivated(_LifecycleBody, tag="deactivated", frozen=True, gc=False):
    """Halted."""


class CloseDateUpdated(_LifecycleBody, tag="close_date_updated", frozen=True, gc=False):
    """The close moved."""

    close_ts: Seconds


class Determined(_LifecycleBody, tag="determined", frozen=True, gc=False):
    """The result is named: yes or no, elsewhere also others."""

    result: str
    determination_ts: Seconds


class Settled(_LifecycleBody, tag="settled", frozen=True, gc=False):
    """Positions were paid. May repeat."""

    settled_ts: Seconds


class PriceLevelStructureUpdated(
    _LifecycleBody, tag="price_level_structure_updated", frozen=True, gc=False
):
    """The price steps changed."""

    price_ranges: list[PriceBand]


class MetadataUpdated(_LifecycleBody, tag="metadata_updated", frozen=True, gc=False):
    """Words or the strike changed; both may come apart."""

    floor_strike: Decimal | None = None
    strike_type: str | None = None


LifecycleBody = (
    Created
    | Activated
    | Deactivated
    | CloseDateUpdated
    | Determined
    | Settled
    | PriceLevelStructureUpdated
    | MetadataUpdated
)


class EventBody(Struct, frozen=True, gc=False):
    """A new event."""

    event_ticker: str
    series_ticker: str


class EventFrame(_Frame, tag="event_lifecycle", frozen=True, gc=False):
    """An event was made; its market follows in a message of its own."""

    channel: ClassVar[str] = LIFECYCLE
    seq: Number
    msg: EventBody


class EventFeeBody(Struct, frozen=True, gc=False):
    """Both overrides are null when an override ends."""

    event_ticker: str
    fee_type_override: str | None
    fee_multiplier_override: Decimal | None


class EventFeeFrame(_Frame, tag="event_fee_update", frozen=True, gc=False):
    """The fees of an event differ from its series' from now on."""

    channel: ClassVar[str] = LIFECYCLE
    seq: Number
    msg: EventFeeBody
    sending_ts_ms: Millis | None = None


# --- the index ---


class PublishedValue(Struct, frozen=True, gc=False):
    """The publisher's own frame, which comes as a string inside the venue's."""

    id: str
    value: str
    time: Millis


class Average(Struct, frozen=True, gc=False):
    """The mean of the prints in ``[start, end)``, with eight decimals."""

    value: str
    window_size: Annotated[int, Meta(ge=0, lt=2**31)]
    window_end_ts_exclusive: Millis


class IndexBody(Struct, frozen=True, gc=False):
    """``data`` is a ``PublishedValue`` as a JSON string."""

    index_id: str
    data: str
    avg_60s_data: Average


class IndexFrame(_Frame, tag="cfbenchmarks_value", frozen=True, gc=False):
    """A print of an index, once a second."""

    channel: ClassVar[str] = INDEX
    seq: Number
    msg: IndexBody


class Index5HzBody(Struct, frozen=True, gc=False):
    """The value with eight decimals, of which two count."""

    index_id: str
    value_usd: str
    source_ts_ms: Millis
    data: str | None = None
    """The publisher's own text, which says the same."""


class Index5HzFrame(_Frame, tag="cfbenchmarks_value_5hz", frozen=True, gc=False):
    """A value of an index, five times a second."""

    channel: ClassVar[str] = INDEX_5HZ
    seq: Number
    msg: Index5HzBody


# --- replies to commands ---


class _Reply(Struct, frozen=True, gc=False, tag_field="type"):
    pass


class SubscribedBody(Struct, frozen=True, gc=False):
    """Which channel got which sid."""

    channel: str
    sid: Number


class Subscribed(_Reply, tag="subscribed", frozen=True, gc=False):
    """One per channel; carries no ``sid`` or ``seq`` of its own."""

    msg: SubscribedBody
    id: int | None = None


class Unsubscribed(_Reply, tag="unsubscribed", frozen=True, gc=False):
    """Nothing more comes on this sid."""

    sid: Number
    seq: Number | None = None
    id: int | None = None


class Ok(_Reply, tag="ok", frozen=True, gc=False):
    """A command was obeyed. ``msg`` may be an object, a list, or missing: nothing of it is used."""

    sid: Number | None = None
    seq: Number | None = None
    id: int | None = None


class ErrorBody(Struct, frozen=True, gc=False):
    """A code of the venue's list and its words."""

    code: int
    msg: str


class ErrorReply(_Reply, tag="error", frozen=True, gc=False):
    """A command was refused, or a channel ended (10, 25)."""

    msg: ErrorBody
    sid: Number | None = None
    seq: Number | None = None
    id: int | None = None


class IndexNames(Struct, frozen=True, gc=False):
    """The indices of a subscription."""

    index_ids: list[str]


class IndexList(_Reply, tag="cfbenchmarks_value_indexlist", frozen=True, gc=False):
    """The answer to ``indexlist``."""

    msg: IndexNames
    sid: Number
    seq: Number | None = None
    id: int | None = None


class IndexList5Hz(_Reply, tag="cfbenchmarks_value_5hz_indexlist", frozen=True, gc=False):
    """The answer to ``indexlist``."""

    msg: IndexNames
    sid: Number
    seq: Number | None = None
    id: int | None = None


Reply = Subscribed | Unsubscribed | Ok | ErrorReply | IndexList | IndexList5Hz
Data = (
    DeltaFrame
    | SnapshotFrame
    | TickerFrame
    | TradeFrame
    | FillFrame
    | UserOrderFrame
    | PositionFrame
    | OrderGroupFrame
    | LifecycleFrame
    | EventFrame
    | EventFeeFrame
    | IndexFrame
    | Index5HzFrame
)
Unnumbered = TickerFrame | FillFrame | UserOrderFrame | PositionFrame
"""Channels without ``seq``: what was lost on them is asked for over REST."""
Frame = Data | Reply

DECODE_FRAME: Final = msgspec.json.Decoder(Frame).decode
"""Raises msgspec.DecodeError, UnicodeError or RecursionError on what is not a frame."""
DECODE_NAME: Final = msgspec.json.Decoder(MarketName).decode
DECODE_LIFECYCLE: Final = msgspec.json.Decoder(LifecycleBody).decode
DECODE_VALUE: Final = msgspec.json.Decoder(PublishedValue).decode

CHANNEL_OF_TYPE: Final[dict[str, str]] = {
    str(kind.__struct_config__.tag): kind.channel for kind in Data.__args__
}
"""The channel a message type belongs to."""
