"""Our orders: made, approved, followed to their end; what fills them goes into the ledger once."""

from typing import Final

from kalshi_assistant.domain.entries import OrderKept, PolicyFillKept
from kalshi_assistant.domain.events import (
    CancelRefused,
    LatencyMeasured,
    OrderAbsent,
    OrderChanged,
    OrderFilled,
    OrderUncertain,
)
from kalshi_assistant.domain.ids import ClientOrderId, Ticker
from kalshi_assistant.domain.intents import (
    Cancel,
    Decrease,
    Intent,
    Keep,
    LookUp,
    Note,
    Renew,
    Submit,
)
from kalshi_assistant.domain.orders import BID, Order
from kalshi_assistant.domain.time import SECOND, Nanos
from kalshi_assistant.domain.units import (
    Price,
    Quantity,
    complement,
    format_cents,
    format_money,
    format_quantity,
)
from kalshi_assistant.engine import groups, guard, record
from kalshi_assistant.engine.desk import MARGIN, POLICIES, in_series
from kalshi_assistant.engine.state import State
from kalshi_assistant.execution.lifecycle import Underway
from kalshi_assistant.risk.gate import approve
from kalshi_assistant.risk.limits import Look, Refused

UNREACHED: Final = ("not sent: ", "rate limited")
"""What the reasons of orders begin with that failed on their way and not for what they were."""
LOOK_AGAIN: Final = 2 * SECOND
"""An order in doubt is looked up again after this."""
ENOUGH_DELAYS: Final = 20
"""Orders measured before our latency counts as known."""
ANSWER_DUE: Final = 5 * SECOND
"""An order without any word after this is in doubt, whatever became of the request."""
OWED_DUE: Final = 3 * SECOND
"""Fills that the venue counted and nobody told are read from the account after this."""
WORKING_DUE: Final = 10 * SECOND
"""An order past its expiry by this, or whose cancel nobody confirmed, is looked up."""


def send(state: State, order: Order, look: Look | None = None) -> tuple[Intent, ...]:
    """Ask the gate; let the order out or say why not. ``look`` where it was taken already."""
    look = look or guard.look(state, order)
    answer = approve(order, look, state.breakers, state.settings.risk, state.now)
    if isinstance(answer, Refused):
        return refused(state, order, answer.reason)
    state.orders.submit(order, state.now)
    state.desk.sent.append(state.now)
    return (Submit(answer),)


def refused(state: State, order: Order, reason: str) -> tuple[Intent, ...]:
    """The gate said no: told once, not at every tick."""
    text = f"{order.ticker}: {order.purpose} refused: {reason}"
    if state.desk.refused == text:
        return ()
    state.desk.refused = text
    state.story.tell(state.now, "warning", "risk", text)
    return (Note("warning", "risk", text),)


def next_id(state: State) -> ClientOrderId:
    """The name of the next order."""
    state.order_count += 1
    return state.order_ids.make(state.order_count)


def cancel_resting(state: State, reason: str, ticker: Ticker | None = None) -> tuple[Intent, ...]:
    """Take out everything of ours that rests."""
    intents: tuple[Intent, ...] = ()
    for each in list(state.orders.unfinished(ticker)):
        intents += cancel(state, each, reason)
    return intents


def cancel(state: State, each: Underway, reason: str) -> tuple[Intent, ...]:
    """Take out one order; one whose answer has not come is looked up first."""
    if each.state != "working" or each.order_id is None:
        return ()
    order = each.order
    state.orders.step(order.id, "cancel_asked", state.now)
    each.asked_at = state.now
    return (_cancel(each, each.order_id, reason),)


def _cancel(each: Underway, order_id: str, reason: str) -> Cancel:
    order = each.order
    return Cancel(order.id, order_id, order.ticker, order.exchange_index, reason)


# --- what is told of them ---


def changed(state: State, event: OrderChanged) -> tuple[Intent, ...]:
    """Our order moved along its life; a step the table does not know is told, not taken."""
    known = state.orders.get(event.client_order_id, event.order_id)
    if known is None:
        return _not_ours(state, event)
    before = known.state
    problem = state.orders.change(event, state.now)
    if problem is not None:
        state.story.tell(state.now, "warning", "order", problem)
        risen = before == "absent" and event.status in ("resting", "executed")
        stop = guard.halt(state, "order_risen", problem) if risen else ()
        return (Note("warning", "order", problem), *stop)
    if known.state == before:
        return ()
    intents: tuple[Intent, ...] = (_kept(state, known),)
    if known.state == "rejected":
        intents += _rejected(state, known)
    return intents


def _not_ours(state: State, event: OrderChanged) -> tuple[Intent, ...]:
    """Somebody else's order in our subaccount; in other markets it is none of our business."""
    if event.source != "venue" or not in_series(event.ticker):
        return ()
    if state.order_ids.owns(event.client_order_id):
        if event.status != "resting":
            return ()  # the late end of an order long over
        text = f"order {event.client_order_id} is under our name and not in our store"
        return guard.halt(state, "unknown_epoch", text)
    if event.status != "resting":
        return ()
    return guard.foreign(state, f"order {event.order_id} rests in {event.ticker}")


def _rejected(state: State, known: Underway) -> tuple[Intent, ...]:
    text = f"{known.order.ticker}: {known.order.purpose} rejected: {known.reason}"
    state.story.tell(state.now, "warning", "order", text)
    refusal = guard.rejected(state, known) + groups.rejected(state, known)
    if (known.reason or "").startswith(UNREACHED):
        refusal += guard.error(state)
    return (Note("warning", "order", text), *refusal)


def uncertain(state: State, event: OrderUncertain) -> tuple[Intent, ...]:
    """A request left and no answer came: the order is looked up, never sent again."""
    known = state.orders.get(event.client_order_id)
    text = f"order {event.client_order_id}: {event.request} without an answer: {event.reason}"
    state.story.tell(state.now, "warning", "order", text)
    intents: tuple[Intent, ...] = (Note("warning", "order", text), *guard.error(state))
    if known is None or known.finished:
        return intents
    before = known.state
    if event.request == "create":
        state.orders.step(known.order.id, "timed_out", state.now)
    if known.state != before:
        intents += (_kept(state, known),)
    return intents + _look_up(state, known)


def absent(state: State, name: ClientOrderId, as_of: Nanos) -> tuple[Intent, ...]:
    """The venue's later records do not know the order: it never arrived."""
    known = state.orders.get(name)
    if known is None or known.state != "uncertain" or as_of <= known.order.made_at:
        return ()
    if as_of < left_by_then(state, known):
        return ()  # our clock is wrong by more than those records are late: looked up again
    if known.filled:
        return ()  # it was there: those records are wrong, and it is looked up again
    state.orders.step(name, "absent", state.now)
    text = f"order {name} never reached the venue"
    state.story.tell(state.now, "info", "order", text)
    return (Note("info", "order", text), _kept(state, known))


def left_by_then(state: State, known: Underway) -> Nanos:
    """The venue's time by which an order left, if it did: later than ours while our clock is
    behind.
    """
    behind = max(0, -state.clock_off)
    return Nanos(known.left_by + behind + (MARGIN if behind else 0))


def order_absent(state: State, event: OrderAbsent) -> tuple[Intent, ...]:
    """An answer to a look-up."""
    return absent(state, event.client_order_id, event.as_of)


def cancel_refused(state: State, event: CancelRefused) -> tuple[Intent, ...]:
    """A refused cancel proves nothing: the order counts as working until it is read again."""
    known = state.orders.get(event.client_order_id)
    if known is None or known.finished:
        return ()
    state.orders.step(known.order.id, "cancel_refused", state.now)
    text = f"order {known.order.id}: cancel refused: {event.message} ({event.code})"
    state.story.tell(state.now, "warning", "order", text)
    return (Note("warning", "order", text), *_look_up(state, known))


def _look_up(state: State, known: Underway) -> tuple[Intent, ...]:
    known.asked_at = state.now
    return (LookUp(known.order, known.order_id),)


def _kept(state: State, known: Underway) -> Intent:
    return Keep(
        OrderKept(
            state.now,
            known.order.id,
            known.order_id,
            known.state,
            Quantity(known.filled),
            known.reason,
        )
    )


def latency_measured(state: State, event: LatencyMeasured) -> tuple[Intent, ...]:
    """Our own latency: what signals allow for, and what delay capture needs to be shorter than the
    venue's.
    """
    delays = state.desk.delays
    if event.delay < 0:
        return ()  # our clock was set back on the way
    delays.append(event.delay)
    if len(delays) >= ENOUGH_DELAYS:
        ordered = sorted(delays)
        state.own_p95 = ordered[(len(ordered) - 1) * 95 // 100] / SECOND
    return ()


# --- fills ---


def filled(state: State, event: OrderFilled) -> tuple[Intent, ...]:
    """A fill of ours: into the ledger once, however often it is told."""
    if event.source in POLICIES:
        return _filled_beside(state, event)
    known = state.orders.get(event.client_order_id, event.order_id)
    owned = known is not None or state.order_ids.owns(event.client_order_id)
    if not owned:
        if event.source == "venue" and in_series(event.ticker):
            return guard.foreign(state, f"a fill of order {event.order_id} in {event.ticker}")
        return ()
    order = None if known is None else known.order
    entry = state.ledger.fill(event, order)
    state.orders.fill(event)
    if entry is None:
        return ()
    state.cash_shown(state.ledger.cash)
    state.fills += 1
    state.desk.last_fill_at = state.now
    if order is not None and order.purpose == "entry":
        groups.count(state, order, event.quantity)
    text = _fill_in_words(event, order)
    state.story.tell(state.now, "fill", "fill", text)
    record.traded(state, event, order)
    kept = record.filled(state, event, order)
    return (Keep(entry), *kept, *guard.late(state), *cap_resting(state, event.ticker))


def _filled_beside(state: State, event: OrderFilled) -> tuple[Intent, ...]:
    """Paper under another assumption about the queue: its own account."""
    known = state.orders.get(event.client_order_id)
    ledger = state.desk.policies.get(event.source)
    if ledger is None or event.client_order_id is None:
        return ()
    order = None if known is None else known.order
    if ledger.fill(event, order) is None:
        return ()
    entry = PolicyFillKept(
        state.now,
        event.ticker,
        event.client_order_id,
        event.trade_id,
        event.side,
        event.price,
        event.quantity,
        event.is_taker,
        event.fee,
        event.source,
    )
    intents = (Keep(entry), *record.filled(state, event, order))
    for paid in ledger.paid_late():
        intents += guard.paid_beside(state, event.source, paid)
    return intents


def _fill_in_words(event: OrderFilled, order: Order | None) -> str:
    side = "YES" if event.side == BID else "NO"
    price = event.price if event.side == BID else complement(Price(event.price))
    word = "bought" if order is None or order.purpose == "entry" else "closed by buying"
    return (
        f"{word} {format_quantity(event.quantity)} {side} at {format_cents(price)}c, "
        f"fee {format_money(event.fee)} ({event.source})"
    )


# --- what time asks for ---


def tend(state: State) -> tuple[Intent, ...]:
    """Once a second: orders in doubt, cancels without an end, fills nobody told."""
    intents: tuple[Intent, ...] = ()
    for each in list(state.orders.owing()):
        if each.finished:
            if state.now - each.since > OWED_DUE and state.desk.venue:
                state.desk.plan(state.now, f"fills of {each.order.id} were not told")
        elif _in_doubt(state, each):
            if each.state == "submitted":
                state.orders.step(each.order.id, "timed_out", state.now)
                intents += (_kept(state, each),)
            intents += _look_up(state, each)
            if each.state == "cancelling" and each.order_id is not None:
                intents += (_cancel(each, each.order_id, "asked again"),)
    return intents


def _in_doubt(state: State, each: Underway) -> bool:
    """Whether the venue has to be asked what became of an order."""
    if state.now - max(each.since, each.asked_at) < LOOK_AGAIN:
        return False
    if each.state == "uncertain":
        return True
    if each.state == "submitted":
        return state.now - each.since > ANSWER_DUE
    if each.state == "cancelling":
        return state.now - each.asked_at > ANSWER_DUE
    gone = each.expires_at is not None and state.now > each.expires_at + WORKING_DUE
    return gone and state.now - each.asked_at > WORKING_DUE


def cap_resting(state: State, ticker: Ticker) -> tuple[Intent, ...]:
    """A resting take-profit never offers more than is held, by our ledger and by what the venue
    said last: it is made smaller, or taken out.
    """
    held = abs(guard.surely_held(state, ticker))
    intents: tuple[Intent, ...] = ()
    for each in list(state.orders.unfinished(ticker)):
        order = each.order
        if order.purpose != "take_profit" or each.state != "working" or each.order_id is None:
            continue
        over = each.open_quantity - held
        if over <= 0:
            continue
        if held == 0:
            intents += cancel(state, each, "nothing is held any more")
            continue
        to = Quantity(each.open_quantity - over)
        if each.asked_to == to and state.now - each.asked_at < LOOK_AGAIN:
            continue  # under way; it counts as large as it was until the venue says otherwise
        each.asked_to, each.asked_at = to, state.now
        intents += (Decrease(order.id, each.order_id, ticker, to, order.exchange_index),)
    return intents


def renew(each: Underway, until: Nanos) -> tuple[Intent, ...]:
    """Let a resting order live on: it dies by itself should we be gone."""
    order = each.order
    if each.state != "working" or each.order_id is None:
        return ()
    each.expires_at = until
    count = Quantity(each.quantity)
    return (
        Renew(
            order.id,
            each.order_id,
            order.ticker,
            order.side,
            order.limit,
            count,
            until,
            order.exchange_index,
        ),
    )
