"""Our ledger beside the venue's account: at the start, after every doubt, and once a day.

Nothing leaves before both agree. Fills that the venue has and we have not are entered; orders whose
answer never came are found or proven absent; what is held must then be the same to the hundredth of
a contract, its fees as finely as they are told, and all cash to the micro-dollar. In an account
that is used for other things as well, what is left of the cash is a movement from outside, told and
adopted.
"""

from collections import deque
from typing import Literal

from msgspec.structs import replace

from kalshi_assistant.domain.events import (
    AccountSeen,
    OrderChanged,
    PositionReported,
    Restored,
    TradingArmed,
    TradingDisarmed,
    VenueOrder,
)
from kalshi_assistant.domain.ids import OrderIds
from kalshi_assistant.domain.intents import Inquire, Intent, LookUp, Note, ReadAccount
from kalshi_assistant.domain.orders import BID, LINGER
from kalshi_assistant.domain.time import SECOND, Nanos
from kalshi_assistant.domain.units import Money, format_money, format_quantity
from kalshi_assistant.engine import groups, guard, orders
from kalshi_assistant.engine.desk import ACCOUNT_AGAIN, ACCOUNT_EVERY, MARGIN, in_series
from kalshi_assistant.engine.state import State
from kalshi_assistant.execution.evidence import Evidence
from kalshi_assistant.execution.ledger import Ledger
from kalshi_assistant.execution.lifecycle import Orders, Underway

TOLD_TO = 100
"""Micro-dollars: the venue tells the fees of a position with four decimals, cash exactly."""
UNPAID_AGAIN = 15 * SECOND
"""The venue mostly pays within ten seconds, and sometimes within a day."""
QUIET = 3 * SECOND
"""Accounts are compared when nothing of ours traded for so long before the venue's records."""


def restored(state: State, event: Restored) -> tuple[Intent, ...]:
    """The account as the store knows it; what was under way is asked about."""
    desk, standing = state.desk, event.standing
    state.order_ids, state.order_count = OrderIds(event.namespace, event.epoch), 0
    state.ledger, state.orders = Ledger.restore(standing), Orders()
    state.evidence = Evidence.restore(event.evidence, event.unsettled, event.settled)
    state.started_at = state.now
    intents = guard.restore(state, standing)
    desk.venue, desk.since, desk.agreed = event.venue, event.since, False
    groups.restored(state, event)
    state.cash_shown(standing.cash)
    desk.flattening = None  # while the wish stands among the halts, it is taken up again
    for kept in event.orders:
        state.orders.restore(kept, state.now, told_again=event.venue)
        desk.since = Nanos(min(desk.since or kept.order.made_at, kept.order.made_at))
        intents += (LookUp(kept.order, kept.order_id),)
    _restore_sent(state, event)
    ledgers = (state.ledger, *desk.policies.values())
    for ticker in dict.fromkeys(held.ticker for each in ledgers for held in each.holdings()):
        market = state.markets.get(ticker)
        if market is not None and market.result is not None:
            intents += guard.settled(state, ticker, market.result)
        intents += state.inquiries.ask(Inquire("market", ticker), state.now)
    word = "in order" if event.clean else "without an orderly end"
    held = sum(holding.quantity != 0 for holding in standing.holdings)
    text = (
        f"start {event.epoch}: cash {format_money(standing.cash)}, {held} positions, "
        f"{len(event.orders)} orders under way; the start before ended {word}"
    )
    level: Literal["info", "warning"] = "info"
    if halted := _halted(state):
        level, text = "warning", f"{text}; halted by {halted}"
    state.story.tell(state.now, level, "account", text)
    if event.venue:
        desk.plan(state.now, "start")
    return (*intents, Note(level, "account", text), *tend(state))


def _restore_sent(state: State, event: Restored) -> None:
    """What the starts before sent lately counts: a side of a window fires once, and so many orders
    a minute leave, whoever trades.
    """
    state.desk.sent = deque(sorted(min(each.made_at, state.now) for each in event.recent))
    for each in event.recent:
        if each.purpose == "entry":
            state.fired_before(each.ticker, "yes" if each.side == BID else "no")


def armed(state: State, event: TradingArmed) -> tuple[Intent, ...]:
    """Orders may leave, as far as the process is concerned."""
    state.desk.armed, state.desk.lapsed = True, None
    guard.reblock(state)
    text = f"trading is armed (start {event.epoch})"
    halted = _halted(state)
    if halted:
        text += f", but halted by {halted}"
    level: Literal["info", "warning"] = "warning" if halted else "info"
    state.story.tell(state.now, level, "account", text)
    return (Note(level, "account", text),)


def _halted(state: State) -> str:
    """The halts that stand, in words; nothing where none does."""
    found = [f"{each.breaker}: {each.reason}" for each in state.breakers.halts]
    return "; ".join(found)


def disarmed(state: State, event: TradingDisarmed) -> tuple[Intent, ...]:
    """No new orders leave; what rests is taken out. Where only entries may not leave, what closes
    a position goes on.
    """
    if event.entries_only:
        return _entries_closed(state, event.reason)
    state.desk.armed, state.desk.why_not = False, event.reason
    guard.reblock(state)
    text = f"trading is disarmed: {event.reason}"
    state.story.tell(state.now, "warning", "account", text)
    ended = groups.end(state) if event.ending else ()
    note = Note("warning", "account", text)
    return (note, *ended, *orders.cancel_resting(state, event.reason))


def _entries_closed(state: State, reason: str) -> tuple[Intent, ...]:
    """A grant, doctor's pass or the funds ran out: a reason to open nothing, not to stay in."""
    state.desk.armed, state.desk.lapsed = True, reason
    guard.reblock(state)
    text = f"no entries, exits still leave: {reason}"
    state.story.tell(state.now, "warning", "account", text)
    intents: tuple[Intent, ...] = (Note("warning", "account", text),)
    for each in list(state.orders.unfinished()):
        if each.order.purpose == "entry":
            intents += orders.cancel(state, each, reason)
    return intents


def position_reported(state: State, event: PositionReported) -> tuple[Intent, ...]:
    """What the venue says we hold: when it differs for long, the account is read."""
    state.feeds.account.saw(event.at, event.received_at)
    if in_series(event.ticker):
        state.desk.told[event.ticker] = event.quantity
    return ()


def tend(state: State) -> tuple[Intent, ...]:
    """Once a second: read the account when that is due."""
    desk = state.desk
    if not desk.venue:
        return ()
    _watch_told(state)
    waits = state.now - desk.account_asked_at < ACCOUNT_AGAIN
    if desk.account_due == 0 or state.now < desk.account_due or waits:
        return ()
    desk.account_asked_at = state.now
    desk.account_due = Nanos(state.now + ACCOUNT_AGAIN)
    return (ReadAccount(desk.account_why, Nanos(desk.since - MARGIN)),)


def _watch_told(state: State) -> None:
    """A position told otherwise than ours for some seconds is a reason to read everything."""
    desk = state.desk
    for ticker, quantity in list(desk.told.items()):
        ours = state.ledger.position(ticker).quantity
        underway = ticker in desk.unpaid or any(state.orders.owing(ticker))
        if quantity == ours or underway:
            desk.told_differs.pop(ticker, None)
        elif ticker not in state.markets:
            del desk.told[ticker]
        elif state.now - desk.told_differs.setdefault(ticker, state.now) > QUIET:
            desk.plan(state.now, f"{ticker} is told as {format_quantity(quantity)}")


def account_seen(state: State, event: AccountSeen) -> tuple[Intent, ...]:
    """The whole account: enter what is missing, prove what is absent, compare."""
    desk = state.desk
    state.feeds.account.saw(event.at, event.received_at)
    first = not desk.agreed
    intents = _enter_fills(state, event) + _take_orders(state, event) + _prove_absent(state, event)
    for paid in event.settlements:
        if in_series(paid.ticker):
            intents += guard.settled(state, paid.ticker, paid.result)
    state.cash_shown(event.cash, *(cash for _, cash in event.shard_cash))
    desk.shard_cash, desk.cash_when_seen = dict(event.shard_cash), state.ledger.cash
    if not _is_quiet(state, event):
        pause = UNPAID_AGAIN if desk.unpaid else ACCOUNT_AGAIN
        desk.plan(Nanos(state.now + pause), "something is still under way")
        return intents
    differs = _difference(state, event)
    if differs is None:
        differs, cash = _cash(state, event)
        intents += cash
    return intents + _conclude(state, differs, event, first=first)


def _conclude(
    state: State, differs: str | None, event: AccountSeen, *, first: bool
) -> tuple[Intent, ...]:
    desk = state.desk
    changed = differs != desk.differs
    desk.differs, desk.agreed = differs, differs is None
    guard.reblock(state)
    if differs is not None:
        desk.account_due, desk.account_why = Nanos(state.now + 10 * SECOND), "it differed"
        if not changed:
            return ()
        state.story.tell(state.now, "error", "account", differs)
        note = Note("error", "account", f"trading is off: {differs}; exits still leave")
        return (note, *orders.cancel_resting(state, differs))
    desk.since = event.as_of
    desk.account_due, desk.account_why = Nanos(state.now + ACCOUNT_EVERY), "once a day"
    desk.told.clear()
    if not (first or changed):
        return ()
    text = f"ledger and venue agree: cash {format_money(state.ledger.cash)}"
    state.story.tell(state.now, "info", "account", text)
    return (Note("info", "account", text), guard.keep_standing(state))


# --- what the venue knows and we do not ---


def _enter_fills(state: State, event: AccountSeen) -> tuple[Intent, ...]:
    named = {each.order_id: each.client_order_id for each in event.orders}
    intents: tuple[Intent, ...] = ()
    for fill in event.fills:
        if not in_series(fill.ticker):
            continue
        name = fill.client_order_id or named.get(fill.order_id)
        known = state.orders.get(name, fill.order_id)
        if known is not None:
            name = known.order.id
        if not state.order_ids.owns(name):
            if fill.at >= state.started_at:
                intents += guard.foreign(state, f"a fill of order {fill.order_id} in {fill.ticker}")
            continue
        intents += orders.filled(state, replace(fill, client_order_id=name))
    return intents


def _take_orders(state: State, event: AccountSeen) -> tuple[Intent, ...]:
    intents: tuple[Intent, ...] = ()
    for each in event.orders:
        if not in_series(each.ticker):
            continue
        known = state.orders.get(each.client_order_id, each.order_id)
        if known is not None and known.finished and each.status == "resting":
            intents += _risen(state, known, event)
        elif known is not None:
            intents += orders.changed(state, _as_change(each, event))
        elif each.status == "resting":
            intents += _unknown(state, each)
    return intents


def _risen(state: State, known: Underway, event: AccountSeen) -> tuple[Intent, ...]:
    """An order that was over rests, in records later than its end: what we know of it is wrong."""
    if event.as_of <= known.since + MARGIN:
        return ()
    text = f"order {known.order.id} rests at the venue, and was {known.state} for us"
    return guard.halt(state, "order_risen", text)


def _unknown(state: State, each: VenueOrder) -> tuple[Intent, ...]:
    """An order rests in our markets that no store of ours remembers."""
    name = each.client_order_id
    if not state.order_ids.owns(name):
        return guard.foreign(state, f"order {each.order_id} rests in {each.ticker}")
    text = f"order {name} is under our name, and was made by a start this store does not know"
    return guard.halt(state, "unknown_epoch", text)


def _prove_absent(state: State, event: AccountSeen) -> tuple[Intent, ...]:
    """Orders without an answer that the venue's later records do not have."""
    listed = {each.client_order_id for each in event.orders}
    intents: tuple[Intent, ...] = ()
    for each in list(state.orders.unfinished()):
        order = each.order
        asked = each.state == "uncertain" and order.id not in listed
        covered = event.since <= order.made_at - MARGIN
        if asked and covered and event.as_of > max(order.made_at, each.since) + LINGER:
            intents += orders.absent(state, order.id, event.as_of)
    return intents


def _as_change(each: VenueOrder, event: AccountSeen) -> OrderChanged:
    return OrderChanged(
        at=event.as_of,
        received_at=event.received_at,
        ticker=each.ticker,
        order_id=each.order_id,
        client_order_id=each.client_order_id,
        side=each.side,
        price=each.price,
        status=each.status,
        filled=each.filled,
        remaining=each.remaining,
        reason="read from the account",
        source="venue",
    )


# --- whether both agree ---


def _is_quiet(state: State, event: AccountSeen) -> bool:
    """Whether the venue's records are later than everything of ours by a margin."""
    desk = state.desk
    settled = {paid.ticker for paid in event.settlements}
    unpaid = any(ticker not in settled for ticker in desk.unpaid)
    for ticker in settled:
        desk.unpaid.pop(ticker, None)
    if unpaid or desk.last_fill_at > event.as_of - QUIET:
        return False
    return not any(each.state != "working" for each in state.orders.owing())


def _difference(state: State, event: AccountSeen) -> str | None:
    """In which market we and the venue hold different things; ``None`` in none."""
    if event.netting is None:
        return "the venue did not say whether YES and NO of a market close each other"
    if not event.netting:
        return "netting is off in this subaccount: turn it on (portfolio, netting), then restart"
    ours = {each.ticker: each for each in state.ledger.holdings() if in_series(each.ticker)}
    theirs = {each.ticker: each for each in event.positions if in_series(each.ticker)}
    for ticker in sorted(ours.keys() | theirs.keys()):
        mine, told = ours.get(ticker), theirs.get(ticker)
        held = mine.quantity if mine is not None else 0
        said = told.quantity if told is not None else 0
        if held != said:
            return (
                f"{ticker}: the venue holds {format_quantity(said)} for us, "
                f"our ledger has {format_quantity(held)}"
            )
        off = 0 if mine is None or told is None else abs(mine.fees - told.fees_paid)
        if mine is not None and told is not None and off >= TOLD_TO:
            return (
                f"{ticker}: the venue took fees of {format_money(told.fees_paid)}, "
                f"our ledger has {format_money(mine.fees)}"
            )
    return None


def _cash(state: State, event: AccountSeen) -> tuple[str | None, tuple[Intent, ...]]:
    """Cash must be the same, unless the account is used for other things too."""
    moved = Money(event.cash - state.ledger.cash)
    if moved == 0:
        state.desk.adopt_cash = False
        return None, ()
    fresh = not state.ledger.seen() and state.ledger.cash == state.ledger.start
    if not (fresh or state.desk.adopt_cash or not state.settings.account.exclusive):
        text = (
            f"cash: the venue has {format_money(event.cash)}, our ledger "
            f"{format_money(state.ledger.cash)}; if money was moved by hand, say so with "
            "`kalshi-assistant clear --reason`, or set account.exclusive to false"
        )
        return text, ()
    state.desk.adopt_cash = False
    guard.move_cash(state, moved)
    text = f"cash moved from outside: {format_money(moved)}, now {format_money(event.cash)}"
    state.story.tell(state.now, "warning", "account", text)
    return None, (Note("warning", "account", text), guard.keep_standing(state))
