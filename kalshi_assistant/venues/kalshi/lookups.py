"""What became of an order: found in the venue's records, absent from them, or not known yet.

Absence is proven only by records that are later than the last instant at which the order can have
left, by a margin, and that were all read. What is found has to be the order that was sent: anything
else is told and proves nothing.
"""

from collections.abc import Callable, Generator
from typing import Final

from msgspec.structs import replace

from kalshi_assistant.domain.events import (
    Malformed,
    OrderAbsent,
    OrderChanged,
    RequestRefused,
)
from kalshi_assistant.domain.ids import BTC_15_MINUTES, ClientOrderId, Series
from kalshi_assistant.domain.intents import LookUp
from kalshi_assistant.domain.orders import LINGER, Order
from kalshi_assistant.domain.time import MINUTE, Nanos
from kalshi_assistant.venues.kalshi import portfolio
from kalshi_assistant.venues.kalshi.answers.orders import SeenOrder, parse_order
from kalshi_assistant.venues.kalshi.answers.portfolio import (
    parse_orders,
    parse_user_data_timestamp,
)
from kalshi_assistant.venues.kalshi.inquiries import PAGES_MAX, REST, Tell
from kalshi_assistant.venues.kalshi.rest import RefusalError, Request

LOOK_BACK: Final = Nanos(15 * MINUTE)
"""So far before an order was made its record is looked for, and taken for it: the venue's clock
stamps the one, ours the other, and ours may be ahead. No name of ours is used twice, so name,
market, side, price and count say which order it is; the time only has to be possible.
"""

Talk = Generator[Request, bytes, bool]
"""A conversation that answers whether there is nothing left to ask."""


class LookUpReader:
    """Carries on conversations about single orders."""

    def __init__(
        self,
        now: Callable[[], Nanos],
        tell: Tell,
        margin: Nanos = LINGER,
        subaccount: int = 0,
        series: Series = BTC_15_MINUTES,
    ) -> None:
        """``now`` is the venue's time, ``tell`` takes events as they are learnt. A ``margin``
        shorter than a request may linger proves nothing: then that counts.
        """
        self._now = now
        self._tell = tell
        self._margin = max(margin, LINGER)
        self._subaccount = subaccount
        self._series = series

    def talk(self, look_up: LookUp, sent_at: Nanos) -> Talk:
        """Look an order up; ``sent_at`` is the last instant at which it can have left."""
        if look_up.order_id is not None:
            found = yield from self._by_id(look_up.order_id)
            if found is not None:
                return self._found(look_up, found)
        return (yield from self._in_list(look_up, sent_at))

    def standing(
        self, order_id: str, client_order_id: ClientOrderId
    ) -> Generator[Request, bytes, OrderChanged | None]:
        """How the records have an order that certainly is ours; nothing of it is told."""
        found = yield from self._by_id(order_id)
        if found is None or found.changed.order_id != order_id:
            return None
        return replace(found.changed, client_order_id=client_order_id)

    def _by_id(self, order_id: str) -> Generator[Request, bytes, SeenOrder | None]:
        """``None`` where the records do not have it, or what they say makes no sense."""
        try:
            body = yield portfolio.order(order_id)
        except RefusalError as refused:
            if refused.error.status != 404:
                raise
            return None
        found = parse_order(body, self._now())
        if isinstance(found, Malformed):
            self._tell([found])
            return None
        return found

    def _in_list(self, look_up: LookUp, sent_at: Nanos) -> Talk:
        as_of = parse_user_data_timestamp((yield portfolio.user_data_timestamp()), self._now())
        if isinstance(as_of, Malformed):
            self._tell([as_of])
            return False
        found, whole = yield from self._listed(look_up)
        if len(found) > 1:
            return self._mismatch(look_up.order, f"{len(found)} orders bear its id")
        if found:
            return self._found(look_up, found[0])
        if not whole or as_of <= sent_at + self._margin:
            return False
        if look_up.order_id is not None:
            # it was there once, so this is no absence: the records are asked again
            self._refused(look_up.order, "not_found", "the records no longer have it", final=False)
            return False
        self._tell([OrderAbsent(as_of, self._now(), look_up.order.id, as_of)])
        return True

    def _listed(
        self, look_up: LookUp
    ) -> Generator[Request, bytes, tuple[tuple[SeenOrder, ...], bool]]:
        """Every order with one of its ids, and whether the whole list was read and understood."""
        order, cursor = look_up.order, None
        since = Nanos(max(0, order.made_at - LOOK_BACK))
        found: dict[str, SeenOrder] = {}
        whole = True
        for _ in range(PAGES_MAX):
            body = yield portfolio.orders_of(order.ticker, self._subaccount, since, cursor)
            page = parse_orders(body, self._now(), self._series)
            self._tell(page.malformed)
            whole = whole and not page.malformed
            for each in page.items:
                if _bears_its_id(each, look_up):
                    found[each.changed.order_id] = each
            cursor = page.cursor
            if cursor is None:
                return tuple(found.values()), whole
        return tuple(found.values()), False

    def _found(self, look_up: LookUp, found: SeenOrder) -> bool:
        problem = difference(look_up, found, self._subaccount)
        if problem is not None:
            return self._mismatch(look_up.order, problem)
        changed = replace(found.changed, client_order_id=look_up.order.id)
        self._tell([changed])
        return changed.status != "unknown"

    def _mismatch(self, order: Order, problem: str) -> bool:
        self._refused(order, "mismatch", problem, final=True)
        return True

    def _refused(self, order: Order, code: str, text: str, *, final: bool) -> None:
        now = self._now()
        self._tell([RequestRefused(now, now, REST, f"look up {order.id}", code, text, final)])


def difference(look_up: LookUp, found: SeenOrder, subaccount: int) -> str | None:
    """Why ``found`` cannot be the order that was sent; ``None`` where nothing speaks against it."""
    if found.subaccount not in (None, subaccount):
        return f"found in subaccount {found.subaccount}, sent to {subaccount}"
    return _other_name(look_up, found.changed) or _other_terms(look_up, found)


def _other_name(look_up: LookUp, seen: OrderChanged) -> str | None:
    order = look_up.order
    if seen.client_order_id not in (None, order.id):
        return f"found under the id {seen.client_order_id}"
    if look_up.order_id not in (None, seen.order_id):
        return f"found as {seen.order_id}, was {look_up.order_id}"
    return None


def _other_terms(look_up: LookUp, found: SeenOrder) -> str | None:
    order, seen = look_up.order, found.changed
    if seen.ticker != order.ticker:
        return f"found in {seen.ticker}, sent to {order.ticker}"
    if (seen.side, seen.price) != (order.side, order.limit):
        return "found with another side or price than was sent"
    if found.initial != order.quantity and not _made_smaller(look_up, found):
        return f"found with {found.initial} hundredths of contracts, sent with {order.quantity}"
    if found.created_at is None or found.created_at < order.made_at - LOOK_BACK:
        return "found, and created long before it was made"
    return None


def _made_smaller(look_up: LookUp, found: SeenOrder) -> bool:
    """An order the venue named to us may have been decreased since."""
    left = found.changed.filled + found.changed.remaining
    return look_up.order_id is not None and max(found.initial, left) <= look_up.order.quantity


def _bears_its_id(seen: SeenOrder, look_up: LookUp) -> bool:
    changed = seen.changed
    return changed.client_order_id == look_up.order.id or changed.order_id == look_up.order_id
