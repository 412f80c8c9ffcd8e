"""Questions about our own account as requests; all but the first are signed.

A subaccount is always named: left out, it means the first one in some answers and all in others.
"""

from typing import Final

from kalshi_assistant.domain.ids import Ticker
from kalshi_assistant.domain.time import SECOND, Nanos
from kalshi_assistant.venues.kalshi.rest import DEFAULT_COST, PAGE_MAX, Query, Request
from kalshi_assistant.venues.kalshi.texts import venue_id

ORDER_COST: Final = 2
"""Tokens of the read bucket for one order by its id."""


def user_data_timestamp() -> Request:
    """How fresh the answers about the account are."""
    return Request("GET", "/exchange/user_data_timestamp")


def balance(subaccount: int) -> Request:
    """Cash, all shards and each."""
    return _get("/portfolio/balance", (("subaccount", str(subaccount)),))


def positions(subaccount: int, cursor: str | None = None) -> Request:
    """What is held in markets that are not settled."""
    return _page("/portfolio/positions", subaccount, cursor=cursor)


def fills(subaccount: int, since: Nanos, cursor: str | None = None) -> Request:
    """Our fills from the second of ``since`` on."""
    return _page("/portfolio/fills", subaccount, min_ts=_second(since), cursor=cursor)


def settlements(subaccount: int, since: Nanos, cursor: str | None = None) -> Request:
    """Markets paid out from the second of ``since`` on."""
    return _page("/portfolio/settlements", subaccount, min_ts=_second(since), cursor=cursor)


def orders(subaccount: int, since: Nanos, cursor: str | None = None) -> Request:
    """Orders of every status from the second of ``since`` on."""
    return _page("/portfolio/orders", subaccount, min_ts=_second(since), cursor=cursor)


def resting_orders(subaccount: int, cursor: str | None = None) -> Request:
    """Orders in the book, whenever they were made."""
    return _page("/portfolio/orders", subaccount, status="resting", cursor=cursor)


def orders_of(ticker: Ticker, subaccount: int, since: Nanos, cursor: str | None = None) -> Request:
    """Orders of every status in one market, from the second of ``since`` on."""
    return _page(
        "/portfolio/orders", subaccount, ticker=ticker, min_ts=_second(since), cursor=cursor
    )


def order(order_id: str) -> Request:
    """One order. Raises ValueError for an id that is none."""
    return _get(f"/portfolio/orders/{venue_id(order_id)}", cost=ORDER_COST)


def queue_position(order_id: str) -> Request:
    """How many contracts stand before an order. Raises ValueError for an id that is none."""
    return _get(f"/portfolio/orders/{venue_id(order_id)}/queue_position")


def netting() -> Request:
    """Whether YES and NO of one market close each other, by subaccount."""
    return _get("/portfolio/subaccounts/netting")


def account_limits() -> Request:
    """The buckets of this account."""
    return _get("/account/limits")


def _page(path: str, subaccount: int, **fields: str | None) -> Request:
    query = tuple((name, value) for name, value in fields.items() if value)
    of_all = (("subaccount", str(subaccount)), ("limit", str(PAGE_MAX)))
    return _get(path, (*query, *of_all))


def _get(path: str, query: Query = (), cost: int = DEFAULT_COST) -> Request:
    return Request("GET", path, query, signed=True, cost=cost)


def _second(instant: Nanos) -> str:
    return str(instant // SECOND)
