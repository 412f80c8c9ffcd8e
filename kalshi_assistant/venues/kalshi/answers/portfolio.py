"""What the venue says of our account: cash, positions, orders, fills, settlements, limits.

Of markets of other series an item that makes no sense is left out; of ours it spoils the page, for
an account that is known in part is not known.
"""

from collections.abc import Callable
from functools import partial
from typing import Annotated, Generic, TypeVar

import msgspec
from msgspec import Meta

from kalshi_assistant.domain.contract import Outcome
from kalshi_assistant.domain.events import (
    Malformed,
    OrderFilled,
    VenuePosition,
    VenueSettlement,
)
from kalshi_assistant.domain.ids import Series, Ticker
from kalshi_assistant.domain.time import Nanos
from kalshi_assistant.domain.units import MONEY_SCALE, Money
from kalshi_assistant.venues.kalshi import texts
from kalshi_assistant.venues.kalshi.answers.orders import SIDES, SeenOrder, read_order
from kalshi_assistant.venues.kalshi.answers.reading import Body, tried
from kalshi_assistant.venues.kalshi.schema import BookWord, Shard, Subaccount
from kalshi_assistant.venues.kalshi.texts import NONSENSE, NonsenseError, instant

T = TypeVar("T")

_CENT = MONEY_SCALE // 100
_Cents = Annotated[int, Meta(gt=-(2**40), lt=2**40)]
_Tokens = Annotated[int, Meta(gt=0, lt=2**31)]


class Page(Body, Generic[T], frozen=True, gc=False):
    """One page of a list; ``cursor`` asks for the next, ``None`` is the end."""

    items: tuple[T, ...]
    malformed: tuple[Malformed, ...]
    cursor: str | None


# --- freshness, cash ---


class _AsOf(Body, frozen=True, gc=False):
    as_of_time: str


def parse_user_data_timestamp(body: bytes, received_at: Nanos) -> Nanos | Malformed:
    """Up to when the answers about the account are complete."""

    def read() -> Nanos:
        return instant(msgspec.json.decode(body, type=_AsOf).as_of_time)

    return tried(read, "user data timestamp", received_at)


class Balance(Body, frozen=True, gc=False):
    """Cash, all shards together and each."""

    cash: Money
    shards: tuple[tuple[int, Money], ...]


class _ShardBalance(Body, frozen=True, gc=False):
    exchange_index: Shard
    balance: str


class _Balance(Body, frozen=True, gc=False):
    balance_dollars: str
    balance_breakdown: tuple[_ShardBalance, ...]


def parse_balance(body: bytes, received_at: Nanos) -> Balance | Malformed:
    """Cash. The whole cents of ``balance`` cut off what the dollars have."""

    def read() -> Balance:
        found = msgspec.json.decode(body, type=_Balance)
        shards = {each.exchange_index: each.balance for each in found.balance_breakdown}
        if len(shards) < len(found.balance_breakdown):
            raise NonsenseError("two balances of one shard")
        cash = tuple((shard, texts.money(shards[shard])) for shard in sorted(shards))
        return Balance(texts.money(found.balance_dollars), cash)

    return tried(read, "balance", received_at)


# --- lists ---


class _Name(Body, frozen=True, gc=False):
    ticker: str


class _Orders(Body, frozen=True, gc=False):
    orders: tuple[msgspec.Raw, ...]
    cursor: str | None = None


def parse_orders(body: bytes, received_at: Nanos, series: Series) -> Page[SeenOrder]:
    """A page of orders."""

    def read() -> Page[SeenOrder]:
        page = msgspec.json.decode(body, type=_Orders)
        return _page(
            lambda raw: read_order(raw, received_at),
            page.orders,
            page.cursor,
            ("order", series, received_at),
        )

    return _whole(tried(read, "orders", received_at))


class _Position(Body, frozen=True, gc=False):
    ticker: str
    position_fp: str
    market_exposure_dollars: str
    realized_pnl_dollars: str
    fees_paid_dollars: str


class _Positions(Body, frozen=True, gc=False):
    market_positions: tuple[msgspec.Raw, ...]
    cursor: str | None = None


def parse_positions(body: bytes, received_at: Nanos, series: Series) -> Page[VenuePosition]:
    """A page of positions."""

    def read() -> Page[VenuePosition]:
        page = msgspec.json.decode(body, type=_Positions)
        about = ("position", series, received_at)
        return _page(_position, page.market_positions, page.cursor, about)

    return _whole(tried(read, "positions", received_at))


def _position(raw: msgspec.Raw) -> VenuePosition:
    found = msgspec.json.decode(raw, type=_Position)
    return VenuePosition(
        ticker=Ticker(found.ticker),
        quantity=texts.signed_count(found.position_fp),
        cost=texts.money(found.market_exposure_dollars),
        realized=texts.money(found.realized_pnl_dollars),
        fees_paid=texts.money(found.fees_paid_dollars),
    )


class _Fill(Body, frozen=True, gc=False):
    trade_id: str
    order_id: str
    ticker: str
    book_side: BookWord
    count_fp: str
    yes_price_dollars: str
    is_taker: bool
    fee_cost: str
    created_time: str
    subaccount_number: Subaccount | None = None


class _Fills(Body, frozen=True, gc=False):
    fills: tuple[msgspec.Raw, ...]
    cursor: str | None = None


class SeenFill(Body, frozen=True, gc=False):
    """A fill in the venue's records."""

    filled: OrderFilled
    subaccount: int | None
    """``None``: the venue did not say."""


def parse_fills(body: bytes, received_at: Nanos, series: Series) -> Page[SeenFill]:
    """A page of fills. They name the venue's order id only, since 2026-03-30."""

    def read() -> Page[SeenFill]:
        page = msgspec.json.decode(body, type=_Fills)
        return _page(
            lambda raw: _fill(raw, received_at),
            page.fills,
            page.cursor,
            ("fill", series, received_at),
        )

    return _whole(tried(read, "fills", received_at))


def _fill(raw: msgspec.Raw, received_at: Nanos) -> SeenFill:
    found = msgspec.json.decode(raw, type=_Fill)
    filled = OrderFilled(
        at=instant(found.created_time),
        received_at=received_at,
        ticker=Ticker(found.ticker),
        order_id=texts.venue_id(found.order_id),
        client_order_id=None,
        trade_id=found.trade_id,
        side=SIDES[found.book_side],
        price=texts.book_price(found.yes_price_dollars),
        quantity=texts.count(found.count_fp),
        is_taker=found.is_taker,
        fee=texts.money(found.fee_cost),
        position_after=None,
        source="venue",
    )
    return SeenFill(filled, found.subaccount_number)


class _Settlement(Body, frozen=True, gc=False):
    ticker: str
    market_result: Outcome
    revenue: _Cents
    settled_time: str


class _Settlements(Body, frozen=True, gc=False):
    settlements: tuple[msgspec.Raw, ...]
    cursor: str | None = None


def parse_settlements(body: bytes, received_at: Nanos, series: Series) -> Page[VenueSettlement]:
    """A page of markets paid out; revenue comes in whole cents."""

    def read() -> Page[VenueSettlement]:
        page = msgspec.json.decode(body, type=_Settlements)
        about = ("settlement", series, received_at)
        return _page(_settlement, page.settlements, page.cursor, about)

    return _whole(tried(read, "settlements", received_at))


def _settlement(raw: msgspec.Raw) -> VenueSettlement:
    found = msgspec.json.decode(raw, type=_Settlement)
    return VenueSettlement(
        ticker=Ticker(found.ticker),
        result=found.market_result,
        revenue=Money(found.revenue * _CENT),
        settled_at=instant(found.settled_time),
    )


def _page(
    read: Callable[[msgspec.Raw], T],
    raws: tuple[msgspec.Raw, ...],
    cursor: str | None,
    about: tuple[str, Series, Nanos],
) -> Page[T]:
    """Each item by itself; ``about`` is what an item is, whose we are, and when it came."""
    what, series, received_at = about
    items: list[T] = []
    bad: list[Malformed] = []
    for raw in raws:
        found = tried(partial(read, raw), what, received_at)
        if not isinstance(found, Malformed):
            items.append(found)
        elif not _foreign(raw, series):
            bad.append(found)
    return Page(tuple(items), tuple(bad), cursor or None)


def _foreign(raw: msgspec.Raw, series: Series) -> bool:
    """Whether it certainly is of a market of another series."""
    try:
        name = msgspec.json.decode(raw, type=_Name).ticker
    except NONSENSE:
        return False
    return not name.startswith(f"{series}-")


def _whole(found: Page[T] | Malformed) -> Page[T]:
    return Page((), (found,), None) if isinstance(found, Malformed) else found


# --- how the account is set up ---


class _Netting(Body, frozen=True, gc=False):
    subaccount_number: int
    enabled: bool


class _NettingAnswer(Body, frozen=True, gc=False):
    netting_configs: tuple[_Netting, ...]


class Netting(Body, frozen=True, gc=False):
    """Whether YES and NO of one market close each other; ``None``: it did not say, or both."""

    enabled: bool | None


def parse_netting(body: bytes, received_at: Nanos, subaccount: int) -> Netting | Malformed:
    """The setting of one subaccount; it may be listed once for every shard."""

    def read() -> Netting:
        found = msgspec.json.decode(body, type=_NettingAnswer).netting_configs
        said = {each.enabled for each in found if each.subaccount_number == subaccount}
        return Netting(said.pop() if len(said) == 1 else None)

    return tried(read, "netting", received_at)


class AccountLimits(Body, frozen=True, gc=False):
    """The token buckets of an account: (tokens a second, most saved up)."""

    tier: str
    read: tuple[int, int]
    write: tuple[int, int]


class _Bucket(Body, frozen=True, gc=False):
    refill_rate: _Tokens
    bucket_capacity: _Tokens


class _Limits(Body, frozen=True, gc=False):
    usage_tier: str
    read: _Bucket
    write: _Bucket


def parse_account_limits(body: bytes, received_at: Nanos) -> AccountLimits | Malformed:
    """What this account may ask and command."""

    def read() -> AccountLimits:
        found = msgspec.json.decode(body, type=_Limits)
        buckets = [(each.refill_rate, each.bucket_capacity) for each in (found.read, found.write)]
        return AccountLimits(found.usage_tier, *buckets)

    return tried(read, "account limits", received_at)
