"""Bodies of order writes, read and held against their bounds; what does not fit raises Refused."""

from typing import Final, NamedTuple, TypeVar, get_args

import msgspec

from kalshi_assistant.domain.ids import Ticker
from kalshi_assistant.domain.orders import ASK, BID, BookSide, TimeInForce
from kalshi_assistant.domain.time import Nanos, from_seconds
from kalshi_assistant.domain.units import (
    QUANTITY_SCALE,
    Price,
    Quantity,
    UnitError,
    parse_price,
    parse_quantity,
)
from kalshi_assistant.sim import refusals
from kalshi_assistant.sim.accounts import SHARDS, SUBACCOUNTS
from kalshi_assistant.sim.order_groups import LIMIT_LEAST, LIMIT_MOST
from kalshi_assistant.sim.private import SelfTrade
from kalshi_assistant.sim.refusals import Refused

COUNT_MAX: Final = Quantity(1_000_000_000 * QUANTITY_SCALE)
ID_LENGTH_MAX: Final = 256
SECONDS_MAX: Final = 2**34
AUTO: Final = -1
"""The exchange index of a request that is to be routed by its ticker."""

_SIDES: Final[dict[str, BookSide]] = {"bid": BID, "ask": ASK}
_TIMES_IN_FORCE: Final[tuple[TimeInForce, ...]] = get_args(TimeInForce)
_SELF_TRADES: Final[tuple[SelfTrade, ...]] = get_args(SelfTrade)

T = TypeVar("T")


class CreateBody(msgspec.Struct):
    """``POST /portfolio/events/orders``."""

    ticker: str | None = None
    side: str | None = None
    count: str | None = None
    price: str | None = None
    time_in_force: str | None = None
    self_trade_prevention_type: str | None = None
    client_order_id: str | None = None
    expiration_time: int | None = None
    post_only: bool | None = None
    reduce_only: bool | None = None
    cancel_order_on_pause: bool | None = None
    order_group_id: str | None = None
    subaccount: int | None = None
    exchange_index: int | None = None


class CreateBatch(msgspec.Struct):
    """Several of them, each answered for itself."""

    orders: list[CreateBody]


class CancelItem(msgspec.Struct):
    """One item of a batched cancel."""

    order_id: str
    subaccount: int | None = None
    exchange_index: int | None = None
    market_ticker: str | None = None


class CancelBatch(msgspec.Struct):
    """``DELETE /portfolio/events/orders/batched``."""

    orders: list[CancelItem]


class AmendBody(msgspec.Struct):
    """``count`` is what is filled and what shall remain."""

    ticker: str | None = None
    side: str | None = None
    price: str | None = None
    count: str | None = None
    client_order_id: str | None = None
    updated_client_order_id: str | None = None
    expiration_time: int | None = None
    exchange_index: int | None = None


class DecreaseBody(msgspec.Struct):
    """Exactly one of the two."""

    reduce_by: str | None = None
    reduce_to: str | None = None
    exchange_index: int | None = None
    market_ticker: str | None = None


class GroupBody(msgspec.Struct):
    """A new group, or a new limit."""

    contracts_limit: int | None = None
    contracts_limit_fp: str | None = None
    subaccount: int | None = None
    exchange_index: int | None = None


class TransferBody(msgspec.Struct):
    """Money between shards; ``amount`` in 1/10,000 dollar."""

    source: str
    destination: str
    amount: int
    source_exchange_shard: int = 0
    destination_exchange_shard: int = 0
    client_transfer_id: str | None = None


class SubaccountTransferBody(msgspec.Struct):
    """Money between subaccounts on one shard."""

    from_subaccount: int
    to_subaccount: int
    amount_cents: int
    client_transfer_id: str
    exchange_index: int | None = None


class NettingBody(msgspec.Struct):
    """Netting of one subaccount."""

    subaccount_number: int
    enabled: bool


class NewOrder(NamedTuple):
    """A create request that makes sense by itself."""

    ticker: Ticker
    side: BookSide
    quantity: Quantity
    price: Price
    time_in_force: TimeInForce
    self_trade: SelfTrade
    client_order_id: str
    expires_at: Nanos | None
    post_only: bool
    reduce_only: bool
    cancel_on_pause: bool
    group_id: str | None
    subaccount: int
    exchange_index: int


def decode(body: bytes, kind: type[T]) -> T:
    """``body`` as ``kind``."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise refusals.invalid(str(error)[:200]) from error


def new_order(body: CreateBody, now: Nanos) -> NewOrder:
    """What a create asks for."""
    waits = _one_of(required(body.time_in_force, "time_in_force"), _TIMES_IN_FORCE)
    expires_at = expiration(body.expiration_time, now)
    gone_at_once = waits != "good_till_canceled"
    if gone_at_once and (expires_at is not None or body.post_only):
        raise refusals.invalid_order("expiration_time and post_only need good_till_canceled")
    if body.reduce_only and waits != "immediate_or_cancel":
        raise refusals.invalid_order("reduce_only needs immediate_or_cancel")
    return NewOrder(
        Ticker(required(body.ticker, "ticker")),
        side_of(required(body.side, "side")),
        count(required(body.count, "count")),
        price(required(body.price, "price")),
        waits,
        _one_of(
            required(body.self_trade_prevention_type, "self_trade_prevention_type"), _SELF_TRADES
        ),
        name(body.client_order_id),
        expires_at,
        bool(body.post_only),
        bool(body.reduce_only),
        bool(body.cancel_order_on_pause),
        body.order_group_id or None,
        subaccount_of(body.subaccount),
        shard_of(body.exchange_index),
    )


def side_of(text: str) -> BookSide:
    """``bid`` or ``ask``."""
    if text not in _SIDES:
        raise refusals.invalid("side must be bid or ask")
    return _SIDES[text]


def price(text: str) -> Price:
    """A YES price; whether it is on the grid is the market's to say."""
    try:
        return parse_price(text)
    except UnitError as error:
        raise refusals.invalid_order(str(error)) from error


def count(text: str) -> Quantity:
    """A positive count of contracts, in hundredths."""
    try:
        found = parse_quantity(text)
    except UnitError as error:
        raise refusals.invalid_size() from error
    if not 0 < found <= COUNT_MAX:
        raise refusals.invalid_size()
    return found


def count_or_nothing(text: str) -> Quantity:
    """A count that may be nothing."""
    try:
        found = parse_quantity(text)
    except UnitError as error:
        raise refusals.invalid_size() from error
    if not 0 <= found <= COUNT_MAX:
        raise refusals.invalid_size()
    return found


def expiration(seconds: int | None, now: Nanos) -> Nanos | None:
    """An instant to come."""
    if seconds is None:
        return None
    if not 0 <= seconds <= SECONDS_MAX or from_seconds(seconds) <= now:
        raise refusals.invalid_order("expiration_time must lie in the future")
    return from_seconds(seconds)


def name(text: str | None) -> str:
    """A client's own id; empty where it gave none."""
    if text is not None and len(text) > ID_LENGTH_MAX:
        raise refusals.invalid(f"an id has at most {ID_LENGTH_MAX} characters")
    return text or ""


def subaccount_of(number: int | None) -> int:
    """A subaccount, the primary one where none is named."""
    if number is not None and not 0 <= number < SUBACCOUNTS:
        raise refusals.invalid(f"subaccount must be between 0 and {SUBACCOUNTS - 1}")
    return number or 0


def shard_of(index: int | None) -> int:
    """A shard, or AUTO where none is named."""
    if index is None or index == AUTO:
        return AUTO
    if index not in SHARDS:
        raise refusals.invalid("no such exchange_index")
    return index


def group_limit(body: GroupBody) -> Quantity:
    """The limit of a group, by either spelling."""
    if body.contracts_limit_fp is not None:
        limit = count_or_nothing(body.contracts_limit_fp)
    elif body.contracts_limit is not None:
        limit = Quantity(min(max(body.contracts_limit, 0), COUNT_MAX) * QUANTITY_SCALE)
    else:
        raise Refused(400, "missing_parameters", "contracts_limit")
    if not LIMIT_LEAST <= limit <= LIMIT_MOST:
        raise refusals.invalid("contracts_limit must be between 1 and 1000000")
    return limit


def required(value: str | None, what: str) -> str:
    """A field that has to be there and say something."""
    if not value:
        raise Refused(400, "missing_parameters", what)
    return value


def _one_of(text: str, known: tuple[T, ...]) -> T:
    for each in known:
        if each == text:
            return each
    raise refusals.invalid(f"{text[:40]!r} is none of {', '.join(map(str, known))}")
