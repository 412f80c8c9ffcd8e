"""What can be said to the venue's WebSocket: one JSON object per command.

``id`` is a positive number of ours, repeated in the reply. Source: AsyncAPI 2.0.0 text.
"""

from collections.abc import Iterable
from typing import Any, Final, Literal

import msgspec

from kalshi_assistant.domain.ids import Ticker
from kalshi_assistant.venues.kalshi import schema

Verb = Literal[
    "subscribe",
    "unsubscribe",
    "add_markets",
    "delete_markets",
    "get_snapshot",
    "list_subscriptions",
]

_encode: Final = msgspec.json.Encoder().encode


def subscribe(
    id_: int,
    channel: str,
    *,
    tickers: Iterable[Ticker] = (),
    index: str | None = None,
    use_yes_price: bool = False,
) -> bytes:
    """Open a channel for these markets or this index; without either, for everything on it.

    ``use_yes_price`` is said in so many words: the venue announced that its default will flip.
    """
    params: dict[str, Any] = {"channels": [channel]}
    if named := list(tickers):
        params["market_tickers"] = named
    if index is not None:
        params["index_ids"] = [index]
    if channel == schema.ORDERBOOK:
        params["use_yes_price"] = use_yes_price
    if channel == schema.TICKER:
        params["send_initial_snapshot"] = True
    return _command(id_, "subscribe", params)


def unsubscribe(id_: int, sid: int) -> bytes:
    """Close a subscription."""
    return _command(id_, "unsubscribe", {"sids": [sid]})


def update(
    id_: int,
    sid: int,
    action: Literal["add_markets", "delete_markets", "get_snapshot"],
    tickers: Iterable[Ticker],
) -> bytes:
    """Change the markets of a subscription, or ask for their books anew."""
    params = {"sids": [sid], "market_tickers": list(tickers), "action": action}
    return _command(id_, "update_subscription", params)


def list_subscriptions(id_: int) -> bytes:
    """Ask for something that is always answered."""
    return _encode({"id": id_, "cmd": "list_subscriptions"})


def _command(id_: int, cmd: str, params: dict[str, Any]) -> bytes:
    return _encode({"id": id_, "cmd": cmd, "params": params})
