"""Messages about our own orders as facts. Each reader raises one of ``NONSENSE``."""

from typing import Final

from kalshi_assistant.domain.events import (
    OrderChanged,
    OrderFilled,
    OrderGroupChanged,
    PositionReported,
)
from kalshi_assistant.domain.ids import ClientOrderId, Ticker
from kalshi_assistant.domain.orders import ASK, BID, BookSide
from kalshi_assistant.domain.time import Nanos, from_millis
from kalshi_assistant.venues.kalshi import schema, texts
from kalshi_assistant.venues.kalshi.facts import stamp

_SIDES: Final[dict[schema.BookWord, BookSide]] = {"bid": BID, "ask": ASK}


def fill(frame: schema.FillFrame, received_at: Nanos) -> OrderFilled:
    """An order of ours traded."""
    body = frame.msg
    return OrderFilled(
        at=from_millis(body.ts_ms),
        received_at=received_at,
        ticker=Ticker(body.market_ticker),
        order_id=body.order_id,
        client_order_id=_own_id(body.client_order_id),
        trade_id=body.trade_id,
        side=_SIDES[body.book_side],
        price=texts.book_price(body.yes_price_dollars),
        quantity=texts.count(body.count_fp),
        is_taker=body.is_taker,
        fee=texts.money(body.fee_cost),
        position_after=texts.signed_count(body.post_position_fp),
        source="venue",
    )


def order(frame: schema.UserOrderFrame, received_at: Nanos) -> OrderChanged:
    """An order of ours as it stands."""
    body = frame.msg
    return OrderChanged(
        at=from_millis(body.last_updated_ts_ms),
        received_at=received_at,
        ticker=Ticker(body.ticker),
        order_id=body.order_id,
        client_order_id=_own_id(body.client_order_id),
        side=_SIDES[body.book_side],
        price=texts.book_price(body.yes_price_dollars),
        status=body.status,
        filled=texts.count(body.fill_count_fp),
        remaining=texts.count(body.remaining_count_fp),
        reason=body.last_update_reason,
        source="venue",
    )


def position(frame: schema.PositionFrame, received_at: Nanos) -> PositionReported:
    """What the venue says we hold."""
    body = frame.msg
    return PositionReported(
        at=stamp(frame.sending_ts_ms, received_at),
        received_at=received_at,
        ticker=Ticker(body.market_ticker),
        quantity=texts.signed_count(body.position_fp),
        cost=texts.money(body.position_cost_dollars),
        realized=texts.money(body.realized_pnl_dollars),
        fees_paid=texts.money(body.fees_paid_dollars),
    )


def order_group(frame: schema.OrderGroupFrame, received_at: Nanos) -> OrderGroupChanged:
    """An order group of ours changed."""
    body = frame.msg
    limit = body.contracts_limit_fp
    return OrderGroupChanged(
        at=from_millis(body.ts_ms),
        received_at=received_at,
        group_id=body.order_group_id,
        change=body.event_type,
        limit=None if limit is None else texts.count(limit),
    )


def _own_id(text: str | None) -> ClientOrderId | None:
    return ClientOrderId(text) if text else None
