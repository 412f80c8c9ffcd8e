"""The kill: a durable halt, then our orders out of the book, from a process of its own.

``halt_durably`` comes first and needs no network. ``Sweep`` is the conversation with the venue:
list what rests, cancel each by id, read each again, list again, until several lists in a row show
none and the venue's records are later than the last cancel. A refused or unanswered cancel proves
nothing; neither does a 404: only an order read as cancelled or executed counts as gone.
"""

import re
import sqlite3
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, Protocol

import msgspec

from kalshi_assistant.domain.entries import GroupKept
from kalshi_assistant.domain.errors import AssistantError
from kalshi_assistant.domain.events import Malformed
from kalshi_assistant.domain.ids import BTC_15_MINUTES
from kalshi_assistant.domain.time import Nanos, format_iso
from kalshi_assistant.domain.units import Quantity
from kalshi_assistant.runtime.carrying import Access, Answer, Carrier, Pause, Step, Talk
from kalshi_assistant.runtime.kill_file import write_kill
from kalshi_assistant.venues.kalshi import orders, portfolio, rest
from kalshi_assistant.venues.kalshi.answers.fees import parse_series
from kalshi_assistant.venues.kalshi.rest import Request, parse_error
from kalshi_assistant.venues.kalshi.schema import Shard
from kalshi_assistant.venues.kalshi.texts import NONSENSE, NonsenseError, count, instant

BREAKER: Final = "kill"
"""The name under which the halt is kept."""

ROUNDS_MAX: Final = 16
UNREAD_MAX: Final = 4
"""Rounds without a list after which the outside counts as missing."""
QUIET_ROUNDS: Final = 3
"""Lists without one of ours, over 1.5 s or more: what an engine sent last has arrived by then."""
SILENT_MAX: Final = 3
"""Requests in a row without an answer after which a round is given up."""
PAGES_MAX: Final = 20
TRIES: Final = 3
PAUSE_SECONDS, PAUSE_SECONDS_MAX = 0.5, 2.0
CANCEL_COST: Final = 2
TEXT_MAX: Final = 200
_REFUSED_FOR_GOOD: Final = (401, 403)
_ORDER_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_UNSETTLED: Final = (
    "nothing of ours rests as far as it was read, but the venue's records stayed older than the "
    "last cancel"
)


class HaltBook(Protocol):
    """The account's own book, as far as a kill needs it."""

    @property
    def namespace(self) -> str:
        """What our client order ids begin with."""

    def halt(self, *, breaker: str, reason: str, now: Nanos) -> None:
        """Keep a halt, on the disk when this returns. Raises AssistantError."""

    def groups(self) -> tuple[GroupKept, ...]:
        """Order groups of ours that may be at the venue. Raises AssistantError."""

    def group_triggered(self, group_id: str, now: Nanos) -> None:
        """A group is about to be triggered: no start takes it for open. Raises AssistantError."""


# --- requests: wider than an engine's own, over every subaccount and every shard ---


def list_resting(exchange_index: int | None, cursor: str | None) -> Request:
    """Orders that rest, of every subaccount; of one shard where one is named."""
    fields = {
        "status": "resting",
        "exchange_index": None if exchange_index is None else str(exchange_index),
        "limit": str(rest.PAGE_MAX),
        "cursor": cursor,
    }
    query = tuple((name, value) for name, value in fields.items() if value)
    return Request("GET", "/portfolio/orders", query, signed=True)


def read_order(order_id: str) -> Request:
    """One order as it stands; ``is_order_id`` looked at the id, so that nothing raises here."""
    return Request("GET", f"/portfolio/orders/{order_id}", signed=True, cost=CANCEL_COST)


def cancel_order(order: "Sighted") -> Request:
    """Take one order out. Without market and shard it would be looked for on shard 0."""
    fields = {
        "market_ticker": order.ticker,
        "exchange_index": None if order.exchange_index is None else str(order.exchange_index),
        "subaccount": None if order.subaccount is None else str(order.subaccount),
    }
    query = tuple((name, value) for name, value in fields.items() if value)
    path = f"/portfolio/events/orders/{order.order_id}"
    return Request("DELETE", path, query, signed=True, cost=CANCEL_COST, bucket="write")


def cancel_all() -> Request:
    """Take every order of the account out, on every shard and in every subaccount."""
    path = "/portfolio/events/orders"
    return Request("DELETE", path, signed=True, cost=CANCEL_COST, bucket="write")


# --- answers ---


class _Order(msgspec.Struct, frozen=True):
    order_id: str
    ticker: str
    status: str
    client_order_id: str | None = None
    fill_count_fp: str | None = None
    exchange_index: Shard | None = None
    subaccount_number: int | None = None


class _Orders(msgspec.Struct, frozen=True):
    orders: list[msgspec.Raw]
    cursor: str | None = None


class _OneOrder(msgspec.Struct, frozen=True):
    order: _Order


class _AsOf(msgspec.Struct, frozen=True):
    as_of_time: str


@dataclass(frozen=True, slots=True)
class Sighted:
    """An order seen at the venue."""

    order_id: str
    client_order_id: str | None
    ticker: str
    exchange_index: int | None
    subaccount: int | None
    filled: Quantity | None
    """``None``: the venue did not say."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one order."""

    order: Sighted
    what: Literal["cancelled", "filled", "unconfirmed"]
    meanwhile: Quantity
    """Contracts that traded between the first sight and the last."""
    reason: str = ""
    """Why it is not confirmed, in the venue's words where there are some."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """What a sweep came to."""

    outcomes: tuple[Outcome, ...] = ()
    others: int = 0
    """Orders resting that are not ours and were left alone."""
    all_cancelled: bool | None = None
    """Whether the venue took the cancel-all; ``None`` where none was sent."""
    refusals: tuple[tuple[str, str], ...] = ()
    """(order id, reason) of every order of which a cancel was refused at some time."""
    trouble: str | None = None
    """Why nothing can be said, or not all: the outside is missing."""
    notes: tuple[str, ...] = ()

    def those(self, what: str) -> tuple[Outcome, ...]:
        """The outcomes of one kind."""
        return tuple(each for each in self.outcomes if each.what == what)

    @property
    def confirmed(self) -> bool:
        """Whether every order that was to go is read as gone."""
        return self.trouble is None and not self.those("unconfirmed")


def is_order_id(text: str) -> bool:
    """Whether this may stand in the path of a request: an empty one would cancel everything."""
    return _ORDER_ID.fullmatch(text) is not None


def _sighted(found: _Order) -> Sighted:
    """Raises NonsenseError for an id that would make another request of a cancel."""
    if not is_order_id(found.order_id):
        raise NonsenseError(f"an order with the id {found.order_id[:40]!r}")
    return Sighted(
        order_id=found.order_id,
        client_order_id=found.client_order_id or None,
        ticker=found.ticker,
        exchange_index=found.exchange_index,
        subaccount=found.subaccount_number,
        filled=None if found.fill_count_fp is None else count(found.fill_count_fp),
    )


# --- the conversation ---


@dataclass(slots=True)
class _Case:
    """One order between its first sight and its end."""

    order: Sighted
    last_filled: Quantity | None
    gone: Literal["cancelled", "filled"] | None = None
    read: str = "it was not read again"
    refused: str | None = None

    def outcome(self) -> Outcome:
        before, after = self.order.filled or 0, self.last_filled or 0
        meanwhile = Quantity(max(0, after - before))
        if self.gone is not None:
            return Outcome(self.order, self.gone, meanwhile)
        words = [] if self.refused is None else [f"the cancel was refused ({self.refused})"]
        return Outcome(self.order, "unconfirmed", meanwhile, ", ".join([*words, self.read]))


@dataclass(slots=True)
class Sweep:
    """Takes out every order that ``owns`` says is to go. ``now`` is the venue's time.

    ``groups`` are triggered first: the venue cancels the entries in them at one blow and refuses
    those still on their way. That is believed of nothing: each order is read as gone all the same.
    With ``everything`` the whole account is told to cancel first, and whatever still rests is taken
    out by id; ``before_all`` is called before each cancel-all leaves.
    """

    owns: Callable[[str | None], bool]
    now: Callable[[], Nanos]
    everything: bool = False
    before_all: Callable[[], object] = lambda: None
    groups: Sequence[GroupKept] = ()
    subaccount: int = 0
    _cases: dict[str, _Case] = field(default_factory=dict)
    _refusals: dict[str, str] = field(default_factory=dict)
    _notes: list[str] = field(default_factory=list)
    _others: int = 0
    _all_cancelled: bool | None = None
    _trouble: str | None = None
    _final: bool = False
    _silent: int = 0
    _mark: int = 0
    """The records must be later than this for an empty list to mean something."""

    def talk(self) -> Talk[Swept]:
        """The conversation."""
        for group in self.groups:
            yield from self._trigger(group)
        shard = yield from self._shard()
        self._mark = self.now()
        if self.everything:
            yield from self._cancel_everything()
        quiet = unread = 0
        for number in range(ROUNDS_MAX):
            resting, whole = yield from self._listed(shard)
            unread = 0 if whole or resting else unread + 1
            if self._final or unread >= UNREAD_MAX:
                break
            self._silent = 0
            for order in resting:
                yield from self._cancel(order)
            yield from self._read_again()
            quiet = quiet + 1 if whole and not resting and not self._open() else 0
            if quiet >= QUIET_ROUNDS and (yield from self._fresh()):
                return self._swept()
            if self._final:
                break
            yield Pause(min(PAUSE_SECONDS * 2**number, PAUSE_SECONDS_MAX))
        self._trouble = self._trouble or (None if self._open() else _UNSETTLED)
        return self._swept()

    def _trigger(self, group: GroupKept) -> Generator[Step, Answer, None]:
        answer = yield orders.trigger_group(group.group_id, group.exchange_index, self.subaccount)
        if not answer.accepted and answer.status != 404:
            self._notes.append(f"order group {group.group_id} was not triggered: {said(answer)}")

    def _open(self) -> bool:
        return any(case.gone is None for case in self._cases.values())

    def _swept(self) -> Swept:
        return Swept(
            outcomes=tuple(case.outcome() for case in self._cases.values()),
            others=self._others,
            all_cancelled=self._all_cancelled,
            refusals=tuple(self._refusals.items()),
            trouble=self._trouble,
            notes=tuple(self._notes),
        )

    def _shard(self) -> Generator[Step, Answer, int | None]:
        """The shard our series is on; ``None`` where the venue does not say."""
        answer = yield rest.series(BTC_15_MINUTES)
        if answer.status != 200:
            return None
        found = parse_series(answer.body, self.now())
        return None if isinstance(found, Malformed) else found.exchange_index

    def _cancel_everything(self) -> Generator[Step, Answer, None]:
        for attempt in range(TRIES):
            self.before_all()
            self._mark = self.now()
            answer = yield cancel_all()
            self._all_cancelled = answer.accepted
            if answer.accepted:
                return
            if answer.status in _REFUSED_FOR_GOOD or attempt == TRIES - 1:
                self._notes.append(f"cancel-all was not taken: {said(answer)}")
                return
            yield Pause(PAUSE_SECONDS)

    def _listed(self, shard: int | None) -> Generator[Step, Answer, tuple[list[Sighted], bool]]:
        """What rests and is to go, and whether that is all of it.

        Where no shard is named the venue may mean all or the first one: both are asked for.
        """
        found: dict[str, Sighted] = {}
        self._trouble = None
        for scope in (None,) if shard is None else (None, shard):
            yield from self._pages(scope, found)
        ours = [each for each in found.values() if self._to_go(each)]
        self._others = len(found) - len(ours)
        return ours, self._trouble is None

    def _to_go(self, order: Sighted) -> bool:
        return self.everything or self.owns(order.client_order_id)

    def _pages(self, scope: int | None, found: dict[str, Sighted]) -> Generator[Step, Answer, None]:
        """Every page of a list; what cannot be read of it becomes the trouble."""
        cursor = None
        for _ in range(PAGES_MAX):
            answer = yield list_resting(scope, cursor)
            if answer.status != 200:
                self._final = answer.status in _REFUSED_FOR_GOOD
                self._trouble = f"the list of orders cannot be read: {said(answer)}"
                return
            cursor = self._page(answer.body, found)
            if cursor is None:
                return
        self._trouble = f"the list of orders has more than {PAGES_MAX} pages"

    def _page(self, body: bytes, found: dict[str, Sighted]) -> str | None:
        """Take up one page, order by order; where the next one begins."""
        try:
            page = msgspec.json.decode(body, type=_Orders)
        except NONSENSE as error:
            self._trouble = f"the list of orders makes no sense: {error}"[:TEXT_MAX]
            return None
        for raw in page.orders:
            try:
                order = _sighted(msgspec.json.decode(raw, type=_Order))
            except NONSENSE as error:
                self._trouble = f"an order in the list makes no sense: {error}"[:TEXT_MAX]
            else:
                found[order.order_id] = order
        return page.cursor or None

    def _cancel(self, order: Sighted) -> Generator[Step, Answer, None]:
        """Ask for one to be taken out; what that did is read, not believed."""
        case = self._cases.setdefault(order.order_id, _Case(order, order.filled))
        case.gone, case.read = None, "it rests"  # whatever was read before
        if self._silent >= SILENT_MAX:
            return
        self._mark = self.now()
        answer = yield cancel_order(order)
        self._silent = 0 if answer.status else self._silent + 1
        self._final = self._final or answer.status in _REFUSED_FOR_GOOD
        case.refused = None if answer.accepted else said(answer)
        if case.refused is not None:
            self._refusals[order.order_id] = case.refused

    def _read_again(self) -> Generator[Step, Answer, None]:
        for case in self._cases.values():
            if case.gone is None and self._silent < SILENT_MAX:
                answer = yield read_order(case.order.order_id)
                self._silent = 0 if answer.status else self._silent + 1
                _judge(case, answer)

    def _fresh(self) -> Generator[Step, Answer, bool]:
        """Whether the records behind the last list are later than the last cancel."""
        answer = yield portfolio.user_data_timestamp()
        try:
            as_of = instant(msgspec.json.decode(answer.body, type=_AsOf).as_of_time)
        except NONSENSE:
            text = "the venue did not say how fresh its records are; they were read several times"
            if text not in self._notes:
                self._notes.append(text)
            return True
        return as_of >= self._mark


def _judge(case: _Case, answer: Answer) -> None:
    """What a second reading of an order says of it."""
    if answer.status != 200:
        case.read = f"it cannot be read again ({said(answer)})"
        return
    try:
        found = msgspec.json.decode(answer.body, type=_OneOrder).order
        filled = None if found.fill_count_fp is None else count(found.fill_count_fp)
    except NONSENSE as error:
        case.read = f"what the venue says of it makes no sense ({error})"[:TEXT_MAX]
        return
    if found.order_id != case.order.order_id:
        case.read = "the venue answered about another order"
        return
    case.last_filled = case.last_filled if filled is None else filled
    if found.status == "canceled":
        case.gone = "cancelled"
    elif found.status == "executed":
        case.gone = "filled"
    else:
        case.read = f"it is {found.status[:20]}"


def said(answer: Answer) -> str:
    """A refusal, or a silence, in words."""
    if not answer.status:
        return answer.body.decode(errors="replace")[:TEXT_MAX] or "no answer"
    error = parse_error(answer.status, answer.body)
    words = error.message if error.code == str(error.status) else f"{error.code}, {error.message}"
    return f"{error.status} {words}"[:TEXT_MAX]


# --- the halt before it, and the carrying of it ---


@dataclass(frozen=True, slots=True)
class Halted:
    """The halt as it was written; it stands where at least one of the two took it."""

    in_file: bool
    in_book: bool
    book: HaltBook | None
    """The account's book, where it could be opened."""
    troubles: tuple[str, ...]

    @property
    def stands(self) -> bool:
        """Whether the halt outlives this process."""
        return self.in_file or self.in_book


def halt_durably(
    folder: Path, open_book: Callable[[], HaltBook], reason: str, now: Nanos
) -> Halted:
    """Write the halt as the kill file, then into the account's book; neither needs the other."""
    troubles: list[str] = []
    in_file, in_book, book = True, True, None
    try:
        write_kill(folder, f"{reason} ({format_iso(now)})")
    except AssistantError as error:
        in_file = False
        troubles.append(str(error))
    try:
        book = open_book()
        book.halt(breaker=BREAKER, reason=reason, now=now)
    except (AssistantError, sqlite3.Error, OSError) as error:
        in_book = False
        troubles.append(f"the account's book did not take the halt: {error}")
    return Halted(in_file, in_book, book, tuple(troubles))


def groups_to_trigger(halted: Halted, now: Nanos) -> tuple[tuple[GroupKept, ...], str | None]:
    """Our order groups, kept as triggered, and what went wrong with that: then they are not known,
    or the next start finds out by a refused entry.
    """
    found: tuple[GroupKept, ...] = ()
    if halted.book is None:
        return found, None
    try:
        found = halted.book.groups()
        for each in found:
            halted.book.group_triggered(each.group_id, now)
    except AssistantError as error:
        return found, str(error)
    return found, None


async def sweep(access: Access, sweeping: Sweep) -> Swept:
    """Carry a sweep out at the venue."""
    carrier = Carrier(access)
    try:
        return await carrier.carry(sweeping.talk())
    finally:
        await carrier.close()
