"""The whole account in one reading: freshness first, then cash, orders, fills, payouts, positions.

How fresh the records are is asked before anything else, so that all that follows is at least as
new. An account of which a part of ours makes no sense is not told at all: half of one would be
taken for the whole. Every read names the subaccount; an order or a fill that says it is of another
one all the same is left out.
"""

from collections.abc import Callable, Generator
from functools import partial
from typing import TypeVar

from kalshi_assistant.domain.events import AccountSeen, Malformed, VenueOrder
from kalshi_assistant.domain.ids import BTC_15_MINUTES, Series
from kalshi_assistant.domain.intents import ReadAccount
from kalshi_assistant.domain.time import Nanos
from kalshi_assistant.venues.kalshi import portfolio
from kalshi_assistant.venues.kalshi.answers.orders import SeenOrder
from kalshi_assistant.venues.kalshi.answers.portfolio import (
    Page,
    parse_balance,
    parse_fills,
    parse_netting,
    parse_orders,
    parse_positions,
    parse_settlements,
    parse_user_data_timestamp,
)
from kalshi_assistant.venues.kalshi.answers.reading import malformed
from kalshi_assistant.venues.kalshi.inquiries import PAGES_MAX, Tell
from kalshi_assistant.venues.kalshi.lookups import Talk
from kalshi_assistant.venues.kalshi.rest import RefusalError, Request
from kalshi_assistant.venues.kalshi.texts import NonsenseError

T = TypeVar("T")

_Ask = Callable[[str | None], Request]
"""A page's request, from the cursor that came with the page before."""
_Read = Callable[[bytes, Nanos, Series], Page[T]]


class _UnreadableError(Exception):
    """A part of the account makes no sense; it was told already."""


class AccountReader:
    """Carries on the conversation about the account of one subaccount."""

    def __init__(
        self,
        now: Callable[[], Nanos],
        tell: Tell,
        subaccount: int = 0,
        series: Series = BTC_15_MINUTES,
    ) -> None:
        """``now`` is the venue's time, ``tell`` takes events as they are learnt."""
        self._now = now
        self._tell = tell
        self._subaccount = subaccount
        self._series = series

    def talk(self, question: ReadAccount) -> Talk:
        """Read it; answers whether it was understood, and told as ``AccountSeen``."""
        try:
            seen = yield from self._account(question.since)
        except _UnreadableError:
            return False
        self._tell([seen])
        return True

    def _account(self, since: Nanos) -> Generator[Request, bytes, AccountSeen]:
        mine = self._subaccount
        as_of = self._clear(
            parse_user_data_timestamp((yield portfolio.user_data_timestamp()), self._now())
        )
        balance = self._clear(parse_balance((yield portfolio.balance(mine)), self._now()))
        orders = yield from self._orders(since)
        filled = yield from self._all(partial(portfolio.fills, mine, since), parse_fills)
        settlements = yield from self._all(
            partial(portfolio.settlements, mine, since), parse_settlements
        )
        positions = yield from self._all(partial(portfolio.positions, mine), parse_positions)
        netting = yield from self._netting()
        return AccountSeen(
            at=as_of,
            received_at=self._now(),
            as_of=as_of,
            since=since,
            cash=balance.cash,
            shard_cash=balance.shards,
            orders=orders,
            positions=positions,
            fills=tuple(each.filled for each in filled if each.subaccount in (None, mine)),
            settlements=settlements,
            netting=netting,
        )

    def _orders(self, since: Nanos) -> Generator[Request, bytes, tuple[VenueOrder, ...]]:
        """What rests, however old, and every order since. The later reading of an order counts."""
        mine = self._subaccount
        resting = yield from self._all(partial(portfolio.resting_orders, mine), parse_orders)
        recent = yield from self._all(partial(portfolio.orders, mine, since), parse_orders)
        here = (each for each in (*resting, *recent) if each.subaccount in (None, mine))
        latest = {each.changed.order_id: each for each in here}
        return tuple(
            found for each in latest.values() if (found := self._understood(each)) is not None
        )

    def _understood(self, seen: SeenOrder) -> VenueOrder | None:
        """An order of another series whose status nobody knows is left out."""
        try:
            return seen.in_account()
        except NonsenseError as error:
            if not seen.changed.ticker.startswith(f"{self._series}-"):
                return None
            self._tell([malformed("order", str(error), self._now())])
            raise _UnreadableError from error

    def _all(self, ask: _Ask, read: _Read[T]) -> Generator[Request, bytes, tuple[T, ...]]:
        """Every page of a list."""
        items: list[T] = []
        cursor = None
        for _ in range(PAGES_MAX):
            page = read((yield ask(cursor)), self._now(), self._series)
            if page.malformed:
                self._tell(page.malformed)
                raise _UnreadableError
            items += page.items
            cursor = page.cursor
            if cursor is None:
                return tuple(items)
        self._tell([malformed("account", f"a list of over {PAGES_MAX} pages", self._now())])
        raise _UnreadableError

    def _netting(self) -> Generator[Request, bytes, bool | None]:
        """``None`` where the venue does not tell; a key may be allowed less than all."""
        try:
            body = yield portfolio.netting()
        except RefusalError as refused:
            if refused.error.kind != "final":
                raise
            return None
        return self._clear(parse_netting(body, self._now(), self._subaccount)).enabled

    def _clear(self, found: T | Malformed) -> T:
        if isinstance(found, Malformed):
            self._tell([found])
            raise _UnreadableError
        return found
