"""What a refusal of an order means, in plain words; a name, a colon, and what it says.

An order is called refused only where the venue certainly did not take it. Anything else is
uncertain and has to be looked up: sending it again could place it twice.
"""

from typing import Final

from kalshi_assistant.domain.events import CancelRefused, OrderChanged, OrderUncertain
from kalshi_assistant.domain.intents import Cancel
from kalshi_assistant.domain.orders import Order
from kalshi_assistant.domain.time import Nanos
from kalshi_assistant.domain.units import Quantity
from kalshi_assistant.venues.kalshi.rest import VenueError

RATE_LIMITED: Final = "rate limited, not sent again"

_DOUBTFUL_STATUS: Final = (408, 425, 499)
"""Below 500, and still nobody knows what became of the request."""
_TWICE: Final = ("already_exists", "already exists", "duplicate")

_BY_CODE: Final = {
    "insufficient_balance": "insufficient_balance",
    "available_balance_too_low": "insufficient_balance",
    "fill_or_kill_insufficient_resting_volume": "fill_or_kill",
    "trading_is_paused": "trading_is_paused",
    "invalid_order_size": "invalid_size",
    "not_found": "market_unknown",
}
_BY_WORDS: Final = (
    ("post only cross", "post_only_cross"),
    ("post_only_cross", "post_only_cross"),
    ("insufficient balance", "insufficient_balance"),
    ("paused", "trading_is_paused"),
    ("market_closed", "market_closed"),
    ("market_inactive", "market_closed"),
    ("market_not_active", "market_closed"),
    ("market is closed", "market_closed"),
    ("market closed", "market_closed"),
    ("market inactive", "market_closed"),
    ("not active", "market_closed"),
    ("invalid_price", "off_grid"),
    ("invalid price", "off_grid"),
    ("price_level", "off_grid"),
    ("price level", "off_grid"),
    ("tick_size", "off_grid"),
    ("tick size", "off_grid"),
    ("expiration", "expired"),
    ("expired", "expired"),
    ("order_group", "order_group"),
    ("order group", "order_group"),
    ("reduce_only", "reduce_only"),
    ("reduce only", "reduce_only"),
)
"""What the venue's words give away where the code does not: codes for some of these are not
documented.
"""
_BY_STATUS: Final = {401: "key_refused", 403: "key_not_allowed", 404: "market_unknown"}
_PLAIN: Final = {
    "fill_or_kill": "not all of it was there at once",
    "trading_is_paused": "the venue has halted this market, or trading as a whole",
    "invalid_size": "the venue does not take this number of contracts",
    "market_unknown": "the venue does not know this market",
    "post_only_cross": "it would have traded at once and was to rest only",
    "market_closed": "the market takes no more orders",
    "off_grid": "the price is not on the market's steps",
    "expired": "its expiry is past or not allowed",
    "order_group": "its order group takes no orders until it is reset",
    "reduce_only": "there is nothing held that it could close",
    "key_refused": "the venue does not accept the key or the signature",
    "key_not_allowed": "the key may not trade, or not on this account",
}


def refusal_of(order: Order, error: VenueError, now: Nanos) -> OrderChanged | OrderUncertain:
    """What an answer that is no success means for an order that was sent."""
    if error.status == 429:
        return rejected(order, RATE_LIMITED, now)
    name = _name(error)
    if not _certain(error, name):
        return OrderUncertain(now, now, order.id, "create", f"{error.code}: {error.message}")
    if name is None:
        return rejected(order, f"refused: {error.code}: {error.message}", now)
    if name == "insufficient_balance":
        text = f"shard {order.exchange_index} does not hold the money for this order"
    else:
        text = _PLAIN[name]
    return rejected(order, f"{name}: {text} ({error.message})", now)


def rejected(order: Order, reason: str, now: Nanos) -> OrderChanged:
    """An order that certainly is not at the venue."""
    return OrderChanged(
        at=now,
        received_at=now,
        ticker=order.ticker,
        order_id="",
        client_order_id=order.id,
        side=order.side,
        price=order.limit,
        status="rejected",
        filled=Quantity(0),
        remaining=Quantity(0),
        reason=reason,
        source="venue",
    )


def cancel_refused(cancel: Cancel, error: VenueError, now: Nanos) -> CancelRefused:
    """The venue would not cancel; "unknown order" may as well mean that it filled."""
    return CancelRefused(now, now, cancel.id, cancel.order_id, error.code, error.message)


def answered(error: VenueError) -> bool:
    """Whether the venue decided, rather than asked for patience or lost its way."""
    return 400 <= error.status < 500 and error.status not in (429, *_DOUBTFUL_STATUS)


def _certain(error: VenueError, name: str | None) -> bool:
    """Whether the order certainly was not taken. A conflict of an unknown kind may be with itself:
    the same order, that arrived before.
    """
    words = _words(error)
    if not answered(error) or any(each in words for each in _TWICE):
        return False
    return error.status != 409 or name is not None


def _name(error: VenueError) -> str | None:
    if error.code in _BY_CODE:
        return _BY_CODE[error.code]
    words = _words(error)
    for each, name in _BY_WORDS:
        if each in words:
            return name
    return _BY_STATUS.get(error.status)


def _words(error: VenueError) -> str:
    return f"{error.code} {error.message}".lower()
