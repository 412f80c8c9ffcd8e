"""Performs orders at the live venue; everything that comes of it comes back as events.

An order leaves once or not at all. It never waits: neither for tokens nor past its approval, which
is looked at again when only the writing to the socket is left to do. What left without an answer is
uncertain and is looked up, never sent again. Cancels are the opposite: a share of the write tokens
is kept for them, and they are repeated until the venue has answered, which is safe by the order's
id.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal

import numpy as np

from kalshi_assistant.domain.events import (
    CancelRefused,
    Event,
    Malformed,
    OrderChanged,
    OrderUncertain,
    RequestRefused,
)
from kalshi_assistant.domain.ids import ClientOrderId
from kalshi_assistant.domain.intents import (
    Approved,
    Cancel,
    Decrease,
    EndGroup,
    HoldGroup,
    LookUp,
    ReadAccount,
    Renew,
)
from kalshi_assistant.domain.orders import Order
from kalshi_assistant.domain.time import MILLISECOND, SECOND, Nanos
from kalshi_assistant.runtime.clock import Clock
from kalshi_assistant.runtime.gateway_settings import GatewaySettings
from kalshi_assistant.runtime.order_groups import OrderGroups
from kalshi_assistant.runtime.sending import Answer, Carrier, NotSentError, UnansweredError
from kalshi_assistant.venues.backoff import delays
from kalshi_assistant.venues.kalshi import orders, rest
from kalshi_assistant.venues.kalshi.answers.orders import (
    parse_amended,
    parse_canceled,
    parse_canceled_batch,
    parse_created,
    parse_decreased,
)
from kalshi_assistant.venues.kalshi.inquiries import REST
from kalshi_assistant.venues.kalshi.lookups import LookUpReader, Talk
from kalshi_assistant.venues.kalshi.refusals import (
    answered,
    cancel_refused,
    refusal_of,
    rejected,
)
from kalshi_assistant.venues.kalshi.rest import RefusalError, Request, VenueError, parse_error
from kalshi_assistant.venues.kalshi.signing import Signer
from kalshi_assistant.venues.kalshi.statements import AccountReader
from kalshi_assistant.venues.kalshi.tokens import Tokens

TOO_OLD: Final = "too_old"
LONGEST: Final = 10 * SECOND
"""No approval lives longer (``risk.approval_milliseconds``)."""
NO_TOKENS: Final = "no write tokens: not sent"
CLOSING: Final = "closing: not sent"
BATCH_MAX: Final = 20
"""Cancels in one request: the whole of it has to fit a bucket at once."""
CONFIRMING_READS: Final = 8
"""So often the records are asked whether they show a cancel the venue confirmed."""

_Word = Literal["create", "cancel", "amend", "decrease"]
_TROUBLE: Final = (RefusalError, NotSentError, UnansweredError)

_Cancelling = tuple[Cancel, Request]
Recheck = Callable[[Order], str | None]
Stamp = Callable[[ClientOrderId, Nanos], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checks:
    """What is asked of others before and while something is sent."""

    order: Recheck
    """Why an approved order may not leave after all (price moved, lease lost); ``None``: it may."""
    renew: Callable[[Renew], str | None] = lambda _: None
    """The same of a resting order that is to live on."""
    account: Callable[[], str | None] = lambda: None
    """Why this process may change nothing else of the account (lease lost); ``None``: it may."""
    sent: Stamp = lambda _id, _now: None
    """Told when the first byte of an order is about to leave."""
    acked: Stamp = lambda _id, _now: None
    """Told when the answer to an order has come."""


class LiveGateway:
    """Orders, cancels and questions about the account, over signed REST."""

    def __init__(
        self,
        url: str,
        signer: Signer | None,
        wall: Clock,
        clock: Clock,
        put: Callable[[Sequence[Event]], None],
        chance: np.random.Generator,
        checks: Checks,
        settings: GatewaySettings | None = None,
        tokens: Tokens | None = None,
        subaccount: int = 0,
        carriers: tuple[Carrier, Carrier] | None = None,
    ) -> None:
        """``wall`` signs, ``clock`` is the venue's time; ``tokens`` are those of the account."""
        self._settings = GatewaySettings() if settings is None else settings
        own = Carrier(url, signer, wall, tokens)
        self._carrier, self._reads = carriers or (own, Carrier(url, signer, wall, own.tokens))
        self._clock, self._put, self._chance, self._checks = clock, put, chance, checks
        self._subaccount = subaccount
        seconds = self._settings.create_seconds
        self.groups = OrderGroups(
            self._carrier, clock.now, put, checks.account, seconds, subaccount
        )
        """Every entry goes into one; without one on its shard it does not leave."""
        margin = Nanos(int(self._settings.margin_seconds * SECOND))
        self._look_ups = LookUpReader(clock.now, put, margin, subaccount)
        self._accounts = AccountReader(clock.now, put, subaccount)
        self._started_at = clock.now()
        self._made: set[ClientOrderId] = set()
        self._last_out: dict[ClientOrderId, Nanos] = {}
        self._under_way: set[ClientOrderId] = set()
        self._cancelling: set[str] = set()
        self._to_cancel: list[_Cancelling] = []
        """Asked for since control was last given back."""
        self._looking: dict[ClientOrderId, LookUp] = {}
        self._account: ReadAccount | None = None
        self._work: set[asyncio.Task[None]] = set()
        self._asking: set[asyncio.Task[None]] = set()
        self._closing = False

    @property
    def tasks(self) -> "tuple[asyncio.Task[None], ...]":
        """Everything that is under way."""
        return (*self._work, *self._asking)

    # --- what the performer calls ---

    def start(self) -> None:
        """Open the connections for orders and keep them open."""
        if self._settings.warm_connections:
            self._spawn(self._keep_warm(), self._asking)

    def submit(self, approved: Approved[Order]) -> None:
        """Send an order now or never: at most one request, whatever happens."""
        order = approved.what
        if order.id in self._made:
            self._refuse(f"create {order.id}", "sent_before", "an order is sent once", final=True)
            return
        self._made.add(order.id)
        try:
            request = orders.create(order, self._subaccount, self._group_of(order))
        except (LookupError, ValueError) as error:
            self._reject(order, f"not sendable: {error}")
            return
        reason = self._may_not_leave(approved)
        if reason is None and not self._carrier.pay_now(request, self._settings.kept_share):
            reason = NO_TOKENS
        if reason is not None:
            self._reject(order, reason)
            return
        self._under_way.add(order.id)
        self._spawn(self._create(approved, request), self._work)

    def cancel(self, cancel: Cancel) -> None:
        """Take an order out of the book; repeated until the venue answers. Several that are asked
        for in one go leave as one request first.
        """
        if cancel.order_id in self._cancelling:
            return
        try:
            request = orders.cancel(
                cancel.order_id, cancel.ticker, cancel.exchange_index, self._subaccount
            )
        except ValueError as error:
            self._put([self._not_cancelled(cancel, "not_sendable", str(error))])
            return
        if self._closing:
            self._put([self._not_cancelled(cancel, "closing", CLOSING)])
            return
        self._cancelling.add(cancel.order_id)
        self._to_cancel.append((cancel, request))
        if len(self._to_cancel) == 1:
            self._spawn(self._cancel_asked(), self._work)

    def renew(self, renew: Renew) -> None:
        """Move the expiry of a resting order; once, and only if the tokens are there."""
        what = f"amend {renew.id}"
        try:
            request = orders.amend(
                renew.order_id,
                renew.ticker,
                renew.side,
                renew.price,
                renew.count,
                renew.exchange_index,
                client_order_id=renew.id,
                expires_at=renew.expires_at,
                subaccount=self._subaccount,
            )
        except ValueError as error:
            self._refuse(what, "not_sendable", str(error), final=True)
            return
        reason = CLOSING if self._closing else self._checks.renew(renew)
        if reason is not None:
            self._refuse(what, "not_allowed", reason, final=True)
        elif not self._carrier.pay_now(request, self._settings.kept_share):
            self._refuse(what, "no_write_tokens", NO_TOKENS, final=False)
        else:
            self._spawn(self._renew(renew, request), self._work)

    def decrease(self, decrease: Decrease) -> None:
        """Make a resting order smaller; once, and it may wait for tokens."""
        try:
            request = orders.decrease(
                decrease.order_id,
                decrease.ticker,
                decrease.exchange_index,
                to=decrease.to,
                subaccount=self._subaccount,
            )
        except ValueError as error:
            self._refuse(f"decrease {decrease.id}", "not_sendable", str(error), final=True)
            return
        if self._closing:
            self._refuse(f"decrease {decrease.id}", "closing", CLOSING, final=True)
        else:
            self._spawn(self._decrease(decrease, request), self._work)

    def look_up(self, look_up: LookUp) -> None:
        """Find out what became of an order; asked again until the venue's records decide it."""
        known = look_up.order.id in self._looking
        self._looking[look_up.order.id] = look_up
        if not known:
            self._spawn(self._look(look_up.order.id), self._asking)

    def read_account(self, question: ReadAccount) -> None:
        """Read the whole account; one reading at a time, and the next one after it."""
        waiting, self._account = self._account, question
        if waiting is None:
            self._spawn(self._read_accounts(), self._asking)
        elif waiting.since < question.since:
            self._account = ReadAccount(question.reason, waiting.since)

    def hold_group(self, wanted: HoldGroup) -> None:
        """Have an order group that takes entries."""
        if not self._closing:
            self._spawn(self.groups.hold(wanted), self._asking)

    def end_group(self, ended: EndGroup) -> None:
        """Have the venue cancel everything in a group, and take nothing more."""
        if not self._closing:
            self._spawn(self.groups.end(ended), self._work)

    async def close(self) -> None:
        """Take nothing more, wait a while for what is under way, report what stays in doubt."""
        self._closing = True
        for task in self._asking:
            task.cancel()
        if self._work:
            await asyncio.wait(self._work, timeout=self._settings.closing_seconds)
        for task in self._work:
            task.cancel()
        await asyncio.gather(*self._work, *self._asking, return_exceptions=True)
        await self.groups.delete_ended()
        await self._carrier.close()
        await self._reads.close()

    # --- orders ---

    def _group_of(self, order: Order) -> str | None:
        """The group an order goes into; what closes goes into none. Raises LookupError."""
        if order.purpose != "entry":
            return None
        group_id = self.groups.taking.get(
            -1 if order.exchange_index is None else order.exchange_index
        )
        if group_id is None:
            raise LookupError(f"no order group on shard {order.exchange_index}")
        return group_id

    def _may_not_leave(self, approved: Approved[Order]) -> str | None:
        if self._closing:
            return CLOSING
        if not approved.valid_until - LONGEST <= self._clock.now() <= approved.valid_until:
            return TOO_OLD  # a clock that went back is as bad as one that went on
        return self._checks.order(approved.what)

    def _leaving(self, approved: Approved[Order]) -> str | None:
        """The last look, with a connection in hand and before the first byte."""
        reason = self._may_not_leave(approved)
        if reason is None:
            now = self._clock.now()
            self._last_out[approved.what.id] = now
            self._checks.sent(approved.what.id, now)
        return reason

    async def _create(self, approved: Approved[Order], request: Request) -> None:
        """However this ends, the order has an outcome: "in doubt" where nothing better is known."""
        order = approved.what
        events: list[Event] = [self._in_doubt(order.id, "create", "ended before the answer came")]
        try:
            events = await self._created(approved, request)
        finally:
            if any(isinstance(event, OrderUncertain) for event in events):
                # it may have been on its way until now: absence counts from here
                self._last_out[order.id] = self._clock.now()
            self._under_way.discard(order.id)
            self._put(events)

    async def _created(self, approved: Approved[Order], request: Request) -> list[Event]:
        order = approved.what
        check = partial(self._leaving, approved)
        try:
            answer = await self._carrier.send(request, self._settings.create_seconds, check)
        except NotSentError as error:
            return [rejected(order, str(error), self._clock.now())]
        except UnansweredError as error:
            return [self._in_doubt(order.id, "create", str(error))]
        now = self._clock.now()
        self._checks.acked(order.id, now)
        if answer.status not in (200, 201):
            return [refusal_of(order, parse_error(answer.status, answer.body), now)]
        found = parse_created(answer.body, order, now)
        if isinstance(found, Malformed) or found.status == "unknown":
            return [found, self._in_doubt(order.id, "create", "taken, and the answer is not clear")]
        return [found]

    # --- orders in the book ---

    async def _cancel_asked(self) -> None:
        asked, self._to_cancel = self._to_cancel, []
        taken: frozenset[str] = frozenset()
        for begin in range(0, len(asked), BATCH_MAX) if len(asked) > 1 else ():
            some = [cancel for cancel, _ in asked[begin : begin + BATCH_MAX]]
            taken |= await self._cancelled_together(some)
        await asyncio.gather(
            *(
                self._cancel(cancel, None if cancel.order_id in taken else request)
                for cancel, request in asked
            )
        )

    async def _cancelled_together(self, cancels: list[Cancel]) -> frozenset[str]:
        """The ids of those that one request took out; the others are asked for one by one."""
        request = orders.cancel_batch(cancels, self._subaccount)
        if not self._carrier.pay_now(request, kept_share=0.0):
            return frozenset()  # one by one they wait their turn
        try:
            answer = await self._carrier.send(request, self._settings.create_seconds)
        except (NotSentError, UnansweredError):
            return frozenset()  # a cancel may be sent twice
        if not answer.good:
            return frozenset()
        found = parse_canceled_batch(answer.body, self._clock.now())
        return frozenset() if isinstance(found, Malformed) else found

    async def _cancel(self, cancel: Cancel, request: Request | None) -> None:
        """``None``: the venue took it out already, which the records have to show."""
        events: list[Event] = [self._in_doubt(cancel.id, "cancel", "ended before the answer came")]
        try:
            if request is None:
                events = await self._gone(cancel)
            else:
                events = await self._cancelled(cancel, request)
        finally:
            self._cancelling.discard(cancel.order_id)
            self._put(events)

    async def _cancelled(self, cancel: Cancel, request: Request) -> list[Event]:
        pauses = self._pauses()
        doubted = False
        while True:
            problem, left = "", True
            await self._carrier.pay(request)
            try:
                answer = await self._carrier.send(request, self._settings.create_seconds)
            except (NotSentError, UnansweredError) as error:
                problem, left = str(error), isinstance(error, UnansweredError)
            else:
                if answer.good:
                    return await self._after_cancel(cancel, answer)
                error_seen = parse_error(answer.status, answer.body)
                if answered(error_seen):
                    return [cancel_refused(cancel, error_seen, self._clock.now())]
                problem, left = error_seen.message, error_seen.status != 429
            if left and not doubted:
                doubted = True
                self._put([self._in_doubt(cancel.id, "cancel", problem)])
            elif not left:
                self._refuse(f"cancel {cancel.id}", "not_yet", problem, final=False)
            await asyncio.sleep(next(pauses))

    async def _after_cancel(self, cancel: Cancel, answer: Answer) -> list[Event]:
        """The answer does not say what filled before; the records do, a moment later."""
        found = parse_canceled(answer.body, cancel.order_id, self._clock.now())
        if isinstance(found, Malformed):
            self._put([found])
        return await self._gone(cancel)

    async def _gone(self, cancel: Cancel) -> list[Event]:
        changed = await self._standing(
            cancel.id, cancel.order_id, lambda seen: seen.status in ("canceled", "executed")
        )
        if changed is None:
            text = "confirmed, and the records do not show it yet"
            return [self._in_doubt(cancel.id, "cancel", text)]
        return [changed]

    async def _renew(self, renew: Renew, request: Request) -> None:
        what = f"amend {renew.id}"
        events: list[Event] = [self._in_doubt(renew.id, "amend", "ended before the answer came")]
        try:
            answer = await self._carrier.send(
                request, self._settings.create_seconds, lambda: self._checks.renew(renew)
            )
            events = self._renewed(renew, answer)
        except NotSentError as error:
            events = [self._refusal(what, "not_sent", str(error), final=False)]
        except UnansweredError as error:
            events = [self._in_doubt(renew.id, "amend", str(error))]
        finally:
            self._put(events)

    def _renewed(self, renew: Renew, answer: Answer) -> list[Event]:
        if not answer.good:
            error = parse_error(answer.status, answer.body)
            return [self._not_changed(renew.id, "amend", error)]
        found = parse_amended(answer.body, renew, self._clock.now())
        if isinstance(found, Malformed) or found.status == "unknown":
            return [found, self._in_doubt(renew.id, "amend", "the answer is not clear")]
        return [found]

    async def _decrease(self, decrease: Decrease, request: Request) -> None:
        what = f"decrease {decrease.id}"
        events: list[Event] = [
            self._in_doubt(decrease.id, "decrease", "ended before the answer came")
        ]
        try:
            await self._carrier.pay(request)
            answer = await self._carrier.send(request, self._settings.create_seconds)
            events = await self._decreased(decrease, answer)
        except NotSentError as error:
            events = [self._refusal(what, "not_sent", str(error), final=False)]
        except UnansweredError as error:
            events = [self._in_doubt(decrease.id, "decrease", str(error))]
        finally:
            self._put(events)

    async def _decreased(self, decrease: Decrease, answer: Answer) -> list[Event]:
        if not answer.good:
            error = parse_error(answer.status, answer.body)
            return [self._not_changed(decrease.id, "decrease", error)]
        found = parse_decreased(answer.body, decrease.order_id, self._clock.now())
        if isinstance(found, Malformed):
            self._put([found])
        changed = await self._standing(
            decrease.id, decrease.order_id, lambda seen: seen.remaining <= decrease.to
        )
        if changed is None:
            text = "confirmed, and the records do not show it yet"
            return [self._in_doubt(decrease.id, "decrease", text)]
        return [changed]

    def _not_changed(
        self, order_id: ClientOrderId, request: Literal["amend", "decrease"], error: VenueError
    ) -> Event:
        """An answer that is no success to the change of a resting order."""
        if error.status == 429:
            return self._refusal(f"{request} {order_id}", error.code, error.message, final=False)
        return self._in_doubt(order_id, request, error.message)

    async def _standing(
        self, order_id: ClientOrderId, venue_id: str, shows: Callable[[OrderChanged], bool]
    ) -> OrderChanged | None:
        """The order as the records have it once they show a change; ``None``: they did not."""
        pauses = self._pauses()
        for _ in range(CONFIRMING_READS):
            try:
                talk = self._look_ups.standing(venue_id, order_id)
                seen = await self._reads.hold(talk, self._settings.read_seconds)
            except _TROUBLE:
                seen = None  # asked again below; in the end the caller says that it is in doubt
            if seen is not None and shows(seen):
                return seen
            await asyncio.sleep(next(pauses))
        return None

    # --- questions ---

    async def _look(self, order_id: ClientOrderId) -> None:
        try:
            for pause in self._pauses():
                if await self._looked(self._looking[order_id]):
                    return
                await asyncio.sleep(pause)
        finally:
            del self._looking[order_id]

    async def _looked(self, look_up: LookUp) -> bool:
        """Whether the records decided it. While its request is still out, nothing can."""
        order = look_up.order
        if order.id in self._under_way:
            return False
        sent_at = self._last_out.get(order.id, self._started_at)
        return await self._asked(self._look_ups.talk(look_up, sent_at), f"look up {order.id}")

    async def _read_accounts(self) -> None:
        try:
            while (question := self._account) is not None:
                await self._asked(self._accounts.talk(question), "account")
                if self._account is question:
                    self._account = None
        finally:
            self._account = None

    async def _asked(self, talk: Talk, what: str) -> bool:
        """Whether the conversation came to its end with all that was asked for."""
        try:
            return await self._reads.hold(talk, self._settings.read_seconds)
        except RefusalError as refused:
            error = refused.error
            self._refuse(what, error.code, error.message, final=error.kind == "final")
        except (NotSentError, UnansweredError) as error:
            self._refuse(what, "unreachable", str(error), final=False)
        return False

    async def _keep_warm(self) -> None:
        """Whether a try succeeds is no matter: the next order finds out for itself."""
        while True:
            count = self._settings.warm_connections
            await asyncio.gather(*(self._touch() for _ in range(count)))
            await asyncio.sleep(self._settings.warm_seconds)

    async def _touch(self) -> None:
        request = rest.exchange_status()
        await self._carrier.pay(request)
        try:
            await self._carrier.send(request, self._settings.read_seconds)
        except (NotSentError, UnansweredError):
            return

    # --- parts ---

    def _spawn(self, work: Coroutine[None, None, None], among: "set[asyncio.Task[None]]") -> None:
        task = asyncio.create_task(work)
        among.add(task)
        task.add_done_callback(among.discard)

    def _pauses(self) -> Iterator[float]:
        """Seconds, growing."""
        first = self._settings.first_pause_milliseconds * MILLISECOND
        longest = max(first, self._settings.longest_pause_milliseconds * MILLISECOND)
        for pause in delays(self._chance, Nanos(first), Nanos(longest)):
            yield pause / SECOND

    def _reject(self, order: Order, reason: str) -> None:
        self._put([rejected(order, reason, self._clock.now())])

    def _refuse(self, what: str, code: str, text: str, *, final: bool) -> None:
        self._put([self._refusal(what, code, text, final=final)])

    def _refusal(self, what: str, code: str, text: str, *, final: bool) -> RequestRefused:
        now = self._clock.now()
        return RequestRefused(now, now, REST, what, code, text, final)

    def _not_cancelled(self, cancel: Cancel, code: str, text: str) -> CancelRefused:
        now = self._clock.now()
        return CancelRefused(now, now, cancel.id, cancel.order_id, code, text)

    def _in_doubt(self, order_id: ClientOrderId, request: _Word, reason: str) -> OrderUncertain:
        now = self._clock.now()
        return OrderUncertain(now, now, order_id, request, reason)
