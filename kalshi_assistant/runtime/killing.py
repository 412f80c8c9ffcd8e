"""The kill: a durable halt, then our orders out of the book, from a process of its own.

``halt_durably`` comes first and needs no network. ``Sweep`` is the conversation with the venue:
list what rests, cancel each by id, read each again, list again, until several lists in a row show
none and the venue's records are later than the last cancel. A refused or unanswered cancel proves
nothing; neither does a 404: only an order read as cancelled or executed counts as gone. What our
own book has as sent and the venue does not show may still arrive (``doubts``): it is looked for
until it is found or its time is over, and is not confirmed before.
"""

import sqlite3
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, Protocol

import msgspec

from kalshi_assistant.domain.entries import GroupKept
from kalshi_assistant.domain.errors import AssistantError
from kalshi_assistant.domain.events import Malformed
from kalshi_assistant.domain.ids import BTC_15_MINUTES, Ticker
from kalshi_assistant.domain.time import SECOND, Nanos, format_iso
from kalshi_assistant.domain.units import Quantity
from kalshi_assistant.runtime.carrying import Access, Answer, Carrier, Pause, Step, Talk
from kalshi_assistant.runtime.doubts import Doubts
from kalshi_assistant.runtime.kill_file import write_kill
from kalshi_assistant.runtime.sighting import (
    TEXT_MAX,
    FoundOrder,
    FoundOrders,
    OneOrder,
    Sighted,
    as_of,
    cancel_order,
    cancel_together,
    list_resting,
    read_order,
    said,
    sighted,
)
from kalshi_assistant.runtime.store_reading import KeptOrder
from kalshi_assistant.venues.kalshi import orders, portfolio, rest
from kalshi_assistant.venues.kalshi.answers.fees import parse_series
from kalshi_assistant.venues.kalshi.lookups import LOOK_BACK
from kalshi_assistant.venues.kalshi.texts import NONSENSE, count

BREAKER: Final = "kill"
"""The name under which the halt is kept."""

ROUNDS_MAX: Final = 16
UNREAD_MAX: Final = 4
"""Rounds without a list after which the outside counts as missing."""
QUIET_ROUNDS: Final = 3
"""Lists without one of ours, over 1.5 s or more."""
SILENT_MAX: Final = 3
"""Requests in a row without an answer after which a round is given up."""
PAGES_MAX: Final = 20
TRIES: Final = 3
PAUSE_SECONDS, PAUSE_SECONDS_MAX = 0.5, 2.0
_REFUSED_FOR_GOOD: Final = (401, 403)
_OVER: Final[dict[str, Literal["cancelled", "filled"]]] = {
    "canceled": "cancelled",
    "executed": "filled",
}
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

    def unfinished(self) -> Sequence[KeptOrder]:
        """Orders of ours that are not known to be over. Raises AssistantError."""


# --- what comes of it ---


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
    untriggered: tuple[str, ...] = ()
    """Order groups of ours that the venue was not made to close, and why."""
    notes: tuple[str, ...] = ()

    def those(self, what: str) -> tuple[Outcome, ...]:
        """The outcomes of one kind."""
        return tuple(each for each in self.outcomes if each.what == what)

    @property
    def confirmed(self) -> bool:
        """Whether every order that was to go is read as gone."""
        return self.trouble is None and not self.those("unconfirmed")


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
    doubts: Doubts = field(default_factory=lambda: Doubts(tuple))
    """Orders that may still arrive."""
    say: Callable[[str], object] = lambda _: None
    """Told why a sweep takes longer than some seconds."""
    _cases: dict[str, _Case] = field(default_factory=dict)
    _refusals: dict[str, str] = field(default_factory=dict)
    _notes: list[str] = field(default_factory=list)
    _untriggered: dict[str, str] = field(default_factory=dict)
    _records: int = 0
    """Up to when the venue's records were complete, before they were read last."""
    _others: int = 0
    _all_cancelled: bool | None = None
    _trouble: str | None = None
    _told: bool = False
    _final: bool = False
    _silent: int = 0
    _mark: int = 0
    """The records must be later than this for an empty list to mean something."""

    def talk(self) -> Talk[Swept]:
        """The conversation."""
        yield from self._trigger(self.groups)
        shard = yield from self._shard()
        self._mark = self.now()
        if self.everything:
            yield from self._cancel_everything()
        quiet = unread = 0
        for number in range(ROUNDS_MAX):
            self.doubts.look(self.now())
            yield from self._stamp()
            resting, whole = yield from self._listed(shard)
            unread = 0 if whole or resting else unread + 1
            if self._final or unread >= UNREAD_MAX:
                break
            self._silent = 0
            yield from self._round(resting, together=number == 0)
            quiet = quiet + 1 if whole and not resting and not self._open() else 0
            is_out = quiet >= QUIET_ROUNDS and not self._on_their_way()
            if is_out and (yield from self._fresh()):
                return self._swept()
            if self._final:
                break
            yield Pause(min(PAUSE_SECONDS * 2**number, PAUSE_SECONDS_MAX))
            if number < TRIES - 1:
                again = [each for each in self.groups if each.group_id in self._untriggered]
                yield from self._trigger(again)
        still = self._open() or self._on_their_way()
        self._trouble = self._trouble or (None if still else _UNSETTLED)
        return self._swept()

    def _round(self, resting: list[Sighted], *, together: bool) -> Generator[Step, Answer, None]:
        """Take out what rests, what was in doubt and turned up as well; read what became of it."""
        for ticker in dict.fromkeys(each.order.ticker for each in self._waiting()):
            resting += yield from self._look_for(ticker)
        if together and len(resting) > 1:
            yield from self._cancel_together(resting)
        else:
            for order in resting:
                yield from self._cancel(order)
        yield from self._read_again()
        self._tell_doubts()

    def _trigger(self, groups: Sequence[GroupKept]) -> Generator[Step, Answer, None]:
        for group in groups:
            name = group.group_id
            answer = yield orders.trigger_group(name, group.exchange_index, self.subaccount)
            self._untriggered.pop(name, None)
            if not answer.accepted and answer.status != 404:
                text = f"order group {name} was not triggered: {said(answer)}"
                self._untriggered[name] = text

    # --- what may still arrive ---

    def _stamp(self) -> Generator[Step, Answer, None]:
        """How fresh what is read after this is at least; by our clock where it is not said."""
        now = self.now()
        found = as_of((yield portfolio.user_data_timestamp()))
        self._records = now if found is None else found

    def _waiting(self) -> tuple[KeptOrder, ...]:
        return self.doubts.waiting(self._records)

    def _on_their_way(self) -> bool:
        return bool(self._waiting()) or self.doubts.blind(self._records)

    def _look_for(self, ticker: Ticker) -> Generator[Step, Answer, list[Sighted]]:
        """Orders in doubt that the venue has in a market, over or not: those that rest."""
        since = min(each.order.made_at for each in self._waiting() if each.order.ticker == ticker)
        cursor, found = None, []
        for _ in range(PAGES_MAX):
            answer = yield portfolio.orders_of(
                ticker, self.subaccount, Nanos(max(0, since - LOOK_BACK)), cursor
            )
            if answer.status != 200:
                break
            listed, cursor = _page(answer.body)
            for each in listed:
                if isinstance(each, FoundOrder) and self.doubts.shown(each.client_order_id):
                    found += self._turned_up(each)
            if cursor is None:
                break
        return found

    def _turned_up(self, found: FoundOrder) -> list[Sighted]:
        order = sighted(found)
        if found.status not in _OVER:
            return [order]
        case = self._cases.setdefault(order.order_id, _Case(order, order.filled))
        case.gone = _OVER[found.status]
        return []

    def _tell_doubts(self) -> None:
        """Say once why this takes so long."""
        if self._told or not self._on_their_way():
            return
        self._told = True
        seconds = max(0, self.doubts.until - self.now()) // SECOND + 1
        count_ = len(self._waiting())
        what = f"{count_} of our orders" if count_ else "orders of ours that nobody knows of"
        self.say(
            f"{what} may still be on the way to the venue, which does not show them: looking on "
            f"for up to {seconds} s"
        )

    def _open(self) -> bool:
        return any(case.gone is None for case in self._cases.values())

    def _swept(self) -> Swept:
        return Swept(
            outcomes=(
                *(case.outcome() for case in self._cases.values()),
                *map(_never_seen, self._waiting()),
            ),
            others=self._others,
            all_cancelled=self._all_cancelled,
            refusals=tuple(self._refusals.items()),
            trouble=self._trouble or self._blindness(),
            untriggered=tuple(self._untriggered.values()),
            notes=tuple(self._notes),
        )

    def _blindness(self) -> str | None:
        if not self.doubts.blind(self._records):
            return None
        why = self.doubts.trouble or "there is no book of the account"
        return f"what was sent last is not known ({why}): it may still arrive"

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
            answer = yield orders.cancel_all(None)
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
        for each in ours:
            self.doubts.shown(each.client_order_id)
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
        listed, cursor = _page(body)
        for each in listed:
            if isinstance(each, FoundOrder):
                found[each.order_id] = sighted(each)
            else:
                self._trouble = each
        return cursor

    def _cancel_together(self, found: list[Sighted]) -> Generator[Step, Answer, None]:
        """Ask for all at once; where that is not taken, for each by itself."""
        for order in found:
            self._case_of(order)
        taken = True
        for request in cancel_together(found):
            self._mark = self.now()
            answer = yield request
            taken = taken and answer.accepted
            self._final = self._final or answer.status in _REFUSED_FOR_GOOD
        if taken or self._final:
            return
        for order in found:
            yield from self._cancel(order)

    def _case_of(self, order: Sighted) -> "_Case":
        case = self._cases.setdefault(order.order_id, _Case(order, order.filled))
        case.gone, case.read = None, "it rests"  # whatever was read before
        return case

    def _cancel(self, order: Sighted) -> Generator[Step, Answer, None]:
        """Ask for one to be taken out; what that did is read, not believed."""
        case = self._case_of(order)
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
        found = as_of((yield portfolio.user_data_timestamp()))
        if found is None:
            text = "the venue did not say how fresh its records are; they were read several times"
            if text not in self._notes:
                self._notes.append(text)
            return True
        return found >= self._mark


def _never_seen(kept: KeptOrder) -> Outcome:
    """An order that was sent, and that the venue has not shown in all this time."""
    order = kept.order
    shadow = Sighted("", order.id, order.ticker, order.exchange_index, None, None)
    text = "it was sent and may still be on its way: the venue does not show it"
    return Outcome(shadow, "unconfirmed", Quantity(0), text)


def _page(body: bytes) -> tuple[list[FoundOrder | str], str | None]:
    """The orders of one page, what makes no sense in words; where the next one begins."""
    try:
        page = msgspec.json.decode(body, type=FoundOrders)
    except NONSENSE as error:
        return [f"the list of orders makes no sense: {error}"[:TEXT_MAX]], None
    return [_one(raw) for raw in page.orders], page.cursor or None


def _one(raw: msgspec.Raw) -> FoundOrder | str:
    try:
        found = msgspec.json.decode(raw, type=FoundOrder)
        sighted(found)
    except NONSENSE as error:
        return f"an order in the list makes no sense: {error}"[:TEXT_MAX]
    return found


def _judge(case: _Case, answer: Answer) -> None:
    """What a second reading of an order says of it."""
    if answer.status != 200:
        case.read = f"it cannot be read again ({said(answer)})"
        return
    try:
        found = msgspec.json.decode(answer.body, type=OneOrder).order
        filled = None if found.fill_count_fp is None else count(found.fill_count_fp)
    except NONSENSE as error:
        case.read = f"what the venue says of it makes no sense ({error})"[:TEXT_MAX]
        return
    if found.order_id != case.order.order_id:
        case.read = "the venue answered about another order"
        return
    case.last_filled = case.last_filled if filled is None else filled
    case.gone = _OVER.get(found.status)
    if case.gone is None:
        case.read = f"it is {found.status[:20]}"


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
