"""Risk, seen from the engine: what the gate is told, what the breakers hear, what is kept of it."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from msgspec.structs import replace

from kalshi_assistant.domain.contract import Contract, Outcome
from kalshi_assistant.domain.entries import (
    DAY_ENDED,
    Halt,
    HaltKept,
    Holding,
    PolicySettlementKept,
    SettlementKept,
    Standing,
    StandingKept,
)
from kalshi_assistant.domain.events import OperatorCleared, OperatorHalted
from kalshi_assistant.domain.ids import Ticker
from kalshi_assistant.domain.intents import Intent, Keep, Note
from kalshi_assistant.domain.orders import ASK, BID, BookSide, Order
from kalshi_assistant.domain.signals import VETOES
from kalshi_assistant.domain.time import MINUTE, Nanos
from kalshi_assistant.domain.units import ONE_CONTRACT, Money, Price, Quantity, format_money
from kalshi_assistant.engine import markets, record
from kalshi_assistant.engine.desk import NEVER
from kalshi_assistant.engine.state import State
from kalshi_assistant.execution.ledger import Ledger
from kalshi_assistant.execution.lifecycle import Underway
from kalshi_assistant.market.calendar import day_of
from kalshi_assistant.quant.layout import M_BLOCK, M_NO_NUMBER, V_INDEX_MISSING, V_INDEX_STALE
from kalshi_assistant.risk.breakers import FLATTEN, OF_LOSSES, breaker_of, in_words, stays
from kalshi_assistant.risk.exposure import (
    LEAST,
    Charges,
    Exposure,
    Pending,
    exposure,
    leaving,
    mark,
    reserved,
    worst_cost,
)
from kalshi_assistant.risk.limits import Look, RiskSettings, group_limit, money, share

REFUSALS = (
    "refused",
    "insufficient_balance",
    "invalid_size",
    "market_unknown",
    "off_grid",
    "expired",
    "order_group",
    "reduce_only",
    "key_refused",
    "key_not_allowed",
)
"""How the reasons of refusals begin that something of ours is wrong behind."""
UNKNOWN_RATE = 1_000_000
"""A market whose fees are not known is taken to charge as much as could be: a dollar at most."""


# --- what the gate is told ---


def look(state: State, order: Order) -> Look:
    """Everything around one order, at this instant."""
    desk, contract = state.desk, state.universe.contract(order.ticker)
    assert contract is not None, "an order for a market nobody listed"
    held, now = state.ledger.position(order.ticker).quantity, worth(state)
    if order.purpose == "take_profit":
        held = surely_held(state, order.ticker)
    closed = desk.closed_to(order.purpose, contract.exchange_index)
    return Look(
        armed=closed is None,
        disarmed_because=closed or "",
        close_time=contract.close_time,
        on_grid=contract.on_grid(order.limit),
        charges=charges_of(state, order.ticker),
        best=best_price(state, order.ticker, order.side),
        position=held,
        leaving=leaving(held, _pending(state, order.ticker)),
        window=exposure_of(state, order.ticker),
        window_realized=_window_realized(state, order.ticker),
        others_worst=worst(state, but=order.ticker),
        cash=_cash(state, contract),
        shard=contract.exchange_index if desk.venue else None,
        reserved=reserved_cash(state),
        day_realized=Money(state.ledger.realized - desk.day_start),
        day_pnl=now.day_pnl,
        equity=now.equity,
        peak=desk.peak,
        orders_last_minute=desk.sent_lately(state.now),
        good_windows=desk.good_windows,
        group_room=_group_room(state, contract.exchange_index),
    )


def fitting(order: Order, seen: Look, settings: RiskSettings, *, whole: bool) -> Quantity:
    """As much of an entry as the limits have room for: the gate counts fees as the dearest way the
    venue can charge them, and an order sized to a limit would be refused by a cent.

    Never more than was asked for; the least there could be where nothing fits, for the gate to name
    the limit that has no room. ``whole``: contracts are not divided.
    """
    if seen.charges is None:
        return order.quantity
    part = share(seen.good_windows, settings)
    unit = worst_cost(replace(order, quantity=LEAST), seen.charges)
    lost = seen.window.worst + max(0, -seen.window_realized)
    rooms = (
        int(money(settings.max_order_dollars) * part),
        int(money(settings.max_window_dollars) * part) - lost,
        money(settings.max_open_dollars) - seen.window.worst - seen.others_worst,
        seen.cash - seen.reserved - money(settings.min_cash_dollars),
    )
    fits = min(rooms) // unit if unit > 0 else order.quantity
    if seen.group_room is not None:
        fits = min(fits, seen.group_room)
    least = ONE_CONTRACT if whole else LEAST
    return Quantity(min(order.quantity, max(fits - fits % least, least)))


def surely_held(state: State, ticker: Ticker) -> Quantity:
    """What both our ledger and the venue's last word say is held: the smaller of the two. For what
    rests to close it, which the venue does not cap at the position.
    """
    ours = state.ledger.position(ticker).quantity
    told = state.desk.told.get(ticker, ours)
    if ours * told <= 0:
        return Quantity(0)
    return min(ours, told, key=abs)


def charges_of(state: State, ticker: Ticker) -> Charges | None:
    """What bounds a fee in a market; ``None`` where its fees are not known."""
    contract = state.universe.contract(ticker)
    if contract is None or contract.fees is None:
        return None
    rate = max(contract.fees.taker_rate_e6, contract.fees.maker_rate_e6)
    return Charges(rate, state.precision)


def _dearest(state: State, ticker: Ticker) -> Charges:
    """The same, at the worst where they are not known."""
    return charges_of(state, ticker) or Charges(UNKNOWN_RATE, 1)


def best_price(state: State, ticker: Ticker, side: BookSide) -> Price | None:
    """What an order of this side would meet now; ``None`` where the book is not believed."""
    market = state.markets.get(ticker)
    if market is None or not market.book.known:
        return None
    return market.book.best_ask if side == BID else market.book.best_bid


def worst(state: State, but: Ticker | None = None) -> Money:
    """The most that can still be lost in all markets but one."""
    tickers = {each.ticker: None for each in state.ledger.holdings()}
    tickers |= {each.order.ticker: None for each in state.orders.owing()}
    return Money(sum(exposure_of(state, ticker).worst for ticker in tickers if ticker != but))


def exposure_of(state: State, ticker: Ticker) -> Exposure:
    """What one market can still lose under either outcome."""
    held = state.ledger.position(ticker)
    return exposure(held.quantity, held.cost, _pending(state, ticker), _dearest(state, ticker))


def _pending(state: State, ticker: Ticker) -> Iterator[Pending]:
    """Of every order that may still bring fills: what of it may still come."""
    for each in state.orders.owing(ticker):
        order = each.order
        left = Quantity(each.open_quantity)
        yield Pending(order.side, order.limit, left, order.purpose != "entry")


def reserved_cash(state: State) -> Money:
    """Cash that open entries of all markets may still take."""
    tickers = {each.order.ticker: None for each in state.orders.owing()}
    return Money(sum(reserved(_pending(state, each), _dearest(state, each)) for each in tickers))


def _window_realized(state: State, ticker: Ticker) -> Money:
    for held in state.ledger.holdings():
        if held.ticker == ticker:
            return Money(held.realized - held.fees)
    return Money(0)


def window_loss(state: State, ticker: Ticker) -> Money:
    """What one window may still lose, with what it has lost already."""
    return Money(exposure_of(state, ticker).worst + max(0, -_window_realized(state, ticker)))


def _cash(state: State, contract: Contract) -> Money:
    """Cash where the market's collateral is taken: nowhere more than our ledger has in all."""
    desk = state.desk
    if not desk.venue:
        return state.ledger.cash
    spent = state.desk.cash_when_seen - state.ledger.cash
    there = desk.shard_cash.get(contract.exchange_index, Money(0)) - max(spent, 0)
    return Money(min(there, state.ledger.cash))


def _group_room(state: State, shard: int) -> Quantity | None:
    """What entries may still trade before the venue's order group triggers; ``None`` without a
    venue. Everything that may be filled counts as filled now.
    """
    if not state.desk.venue:
        return None
    spent = state.desk.entries_filled(shard, state.now)
    for each in state.orders.owing():
        order = each.order
        if order.purpose == "entry" and order.exchange_index == shard:
            spent += each.open_quantity
    return Quantity(max(0, group_limit(state.settings.risk) - spent))


# --- what the account is worth ---


class Worth(NamedTuple):
    """The account at one instant, with what is held at what it would fetch; what cannot be sold
    counts as nothing.
    """

    equity: Money
    """Cash and what is held."""
    open_gain: Money
    """Of what is held, against what it cost."""
    day_pnl: Money
    """Since New York's midnight."""


def worth(state: State) -> Worth:
    """What the account is worth now."""
    ledger, marked = state.ledger, _marked(state)
    gain = marked - ledger.invested
    today = ledger.realized - state.desk.day_start + gain
    return Worth(Money(ledger.cash + marked), Money(gain), Money(today))


def _marked(state: State) -> Money:
    return Money(sum(marked(state, held) or 0 for held in state.ledger.holdings()))


def marked(state: State, held: Holding) -> Money | None:
    """What a holding would fetch now; ``None`` where its book is not known."""
    if held.quantity == 0:
        return Money(0)
    market = state.markets.get(held.ticker)
    contract = state.universe.contract(held.ticker)
    if market is None or contract is None or not market.book.known:
        return None
    levels = market.book.levels(BID if held.quantity > 0 else ASK, 100)
    charges = charges_of(state, held.ticker)
    return mark(held.quantity, levels, charges, state.now, contract.close_time)


def _awaiting(state: State) -> bool:
    """Whether something is held in a market that is over and not paid out, or cannot be marked."""
    for held in state.ledger.holdings():
        contract = state.universe.contract(held.ticker)
        market = state.markets.get(held.ticker)
        over = contract is None or state.now >= contract.close_time
        if held.quantity and (over or market is None or not market.book.known):
            return True
    return False


# --- what happens ---


def restore(state: State, standing: Standing) -> tuple[Intent, ...]:
    """Go on where the process before stopped; a halt that never got into the store is kept now."""
    desk, known = state.desk, {each.breaker for each in standing.halts}
    pause = round(state.settings.risk.loss_cooldown_minutes * MINUTE)
    cooling = min(standing.cooling_until, state.now + pause)  # a clock ahead may have written it
    state.breakers.restore(standing.halts, standing.losses_in_a_row, cooling, state.now)
    desk.peak = Money(max(standing.peak, standing.cash))
    desk.day, desk.day_start = standing.day, standing.day_start
    desk.good_windows = standing.good_windows
    _restore_beside(state, standing)
    reblock(state)
    ours = [each for each in state.breakers.halts if each.breaker not in known]
    return tuple(Keep(HaltKept(state.now, each, None)) for each in ours)


def _restore_beside(state: State, standing: Standing) -> None:
    """The accounts under other assumptions; each as it was, where that is known."""
    desk = state.desk
    known = None if standing.policies is None else {each.policy: each for each in standing.policies}
    desk.policy_profit.clear()
    for name in desk.policies:
        if known is None:
            desk.policies[name] = Ledger.restore(standing)
        elif (kept := known.get(name)) is None:
            desk.policies[name] = Ledger(standing.start)
        else:
            sums = replace(
                standing,
                cash=kept.cash,
                fees=kept.fees,
                realized=kept.realized,
                holdings=kept.holdings,
                seen=(),
                paid=kept.paid,
            )
            desk.policies[name] = Ledger.restore(sums)
            desk.policy_profit[name] = kept.profit


def tend(state: State) -> tuple[Intent, ...]:
    """Once a second: the day, the account's worth, the age of the data, pauses that are over."""
    intents = _day(state)
    now, breakers, awaiting = worth(state), state.breakers, _awaiting(state)
    peak = state.desk.peak
    intents += opened(
        state, breakers.equity(now.equity, peak, now.day_pnl, state.now, awaiting=awaiting)
    )
    because = _stale(state)
    intents += opened(state, breakers.stale(because is not None, state.now, because or ""))
    for halt in breakers.lapsed(state.now):
        state.story.tell(state.now, "info", "risk", f"{halt.breaker} is over")
    reblock(state)
    return intents


def _stale(state: State) -> str | None:
    """Why what prices and numbers stand on is old; ``None`` while it is not, or nothing trades."""
    market = state.focus
    if market is None or market.contract is None:
        return None
    if not market.contract.open_time <= state.now < market.contract.close_time:
        return None
    if not market.book.known:
        return f"the book is not known: {market.book.unknown_because or 'no snapshot yet'}"
    reasons = {V_INDEX_MISSING: "no index yet", V_INDEX_STALE: "the index is old"}
    return reasons.get(int(market.book.array[M_NO_NUMBER]))


def _day(state: State) -> tuple[Intent, ...]:
    """New York's midnight: a new day's loss begins at nothing. A clock set back begins no day."""
    desk, today = state.desk, day_of(state.now).isoformat()
    if desk.day >= today:
        return ()
    first = desk.day == ""
    desk.day, desk.day_start = today, state.ledger.realized
    if desk.peak == 0:
        desk.peak = state.ledger.cash
    intents: tuple[Intent, ...] = () if first else (keep_standing(state),)
    for halt in state.breakers.new_day(state.now):
        state.story.tell(state.now, "info", "risk", f"{halt.breaker} ended with the day")
        intents += (Keep(HaltKept(state.now, halt, DAY_ENDED)),)
    return intents


def opened(state: State, halts: Iterable[Halt]) -> tuple[Intent, ...]:
    """Breakers that have just opened: told, and kept where they stay."""
    intents: tuple[Intent, ...] = ()
    for halt in halts:
        if breaker_of(halt.breaker).kind != "guard":
            state.desk.window_trouble = True
        text = in_words(halt, state.settings.risk)
        state.story.tell(state.now, "error", "risk", text)
        intents += (Note("error", "risk", text),)
        if stays(halt.breaker):
            intents += (Keep(HaltKept(state.now, halt, None)),)
    if intents:
        reblock(state)
    return intents


def halt(state: State, breaker: str, text: str) -> tuple[Intent, ...]:
    """Stop for a reason of our own that only a person can clear."""
    return opened(state, state.breakers.ledger_differs(f"{breaker}: {text}", state.now))


def foreign(state: State, what: str) -> tuple[Intent, ...]:
    """Somebody else trades in our markets and our subaccount."""
    return opened(state, state.breakers.foreign(f"not ours: {what}", state.now))


def error(state: State) -> tuple[Intent, ...]:
    """A request about an order failed."""
    return opened(state, state.breakers.error(state.now))


def rejected(state: State, known: Underway) -> tuple[Intent, ...]:
    """The venue refused an order for what it was: neither one that stayed here, nor one that met
    another book than it hoped for.
    """
    name, _, _ = (known.reason or "").partition(":")
    if name not in REFUSALS:
        return ()
    return opened(state, state.breakers.rejected(state.now))


def halted(state: State, event: OperatorHalted) -> tuple[Intent, ...]:
    """A person, the kill command, or what another process of ours halted for."""
    if any(each.breaker == event.breaker for each in state.breakers.halts):
        return ()
    told = Nanos(min(event.received_at, state.now))
    return opened(state, state.breakers.halted_by(event.breaker, event.reason, told))


def cleared(state: State, event: OperatorCleared) -> tuple[Intent, ...]:
    """A person cleared the halts that were open by then, and accepts what was lost and moved so
    far; not without a reason.
    """
    if not event.reason.strip():
        return ()
    desk = state.desk
    intents: tuple[Intent, ...] = tuple(
        Keep(HaltKept(state.now, each, event.reason))
        for each in state.breakers.cleared(event.reason, state.now, event.at, event.standing)
    )
    left = [each.breaker for each in state.breakers.halts]
    desk.adopt_cash = True
    if FLATTEN not in left:
        desk.flattening = None
    desk.day = day_of(state.now).isoformat()  # a clock far ahead may have begun a later one
    if not set(OF_LOSSES) & set(left):
        now = worth(state)
        desk.peak, desk.day_start = now.equity, Money(state.ledger.realized + now.open_gain)
    if desk.venue:
        desk.plan(state.now, "halts were cleared")
    reblock(state)
    text = f"halts cleared: {event.reason}"
    if left:
        text += f"; opened since, and still open: {', '.join(left)}"
    state.story.tell(state.now, "warning", "risk", text)
    return (*intents, keep_standing(state), Note("warning", "risk", text))


def move_cash(state: State, amount: Money) -> None:
    """Money came or went by other hands: it is no profit and no loss."""
    state.ledger.move_cash(amount)
    state.desk.peak = Money(max(state.desk.peak + amount, 0))


def settled(state: State, ticker: Ticker, result: Outcome) -> tuple[Intent, ...]:
    """A market is paid out: in the account of record, and beside it under each assumption. One
    that was paid out otherwise before is corrected, which is a halt.

    Of a ticker that two windows share no result is booked where nothing hangs on it: nothing is
    bought in either, and the second is no correction of the first.
    """
    if state.universe.shares_name(ticker) and not _hangs_on(state, ticker):
        return ()
    before = state.ledger.result(ticker)
    if before is not None and before != result:
        return _corrected(state, ticker, before, result)
    entry = state.ledger.settle(ticker, result, state.now)
    paid = {name: each.settle(ticker, result, state.now) for name, each in _beside(state)}
    beside = tuple(kept for name, each in paid.items() for kept in paid_beside(state, name, each))
    beside += record.settled(state, ticker, result)
    if entry is None:
        return beside
    record.paid_out(state)
    if not state.desk.venue:
        profits = ((name, Money(0) if each is None else each.pnl) for name, each in paid.items())
        entry = replace(entry, policies=tuple(profits))
    market = state.markets.get(ticker)
    if market is not None:
        market.pnl = Money(market.pnl + entry.pnl)
    desk = state.desk
    if entry.quantity != 0:
        desk.unpaid[ticker] = state.now
    desk.peak = Money(max(desk.peak, worth(state).equity))
    desk.good_windows = 0 if desk.window_trouble else desk.good_windows + 1
    desk.window_trouble = False
    text = f"{ticker} paid out {format_money(entry.payout)}: profit {format_money(entry.pnl)}"
    state.story.tell(state.now, "fill", "account", text)
    loss = opened(state, state.breakers.window_settled(entry.pnl, state.now))
    return (Keep(entry), *beside, keep_standing(state), *loss)


def _hangs_on(state: State, ticker: Ticker) -> bool:
    """Whether anything of ours waits for the result: a window's close may have been moved to where
    names repeat after something was bought in it.
    """
    market = state.markets.get(ticker)
    ledgers = (state.ledger, *(each for _, each in _beside(state)))
    held = any(each.ticker == ticker for ledger in ledgers for each in ledger.holdings())
    return held or (market is not None and market.signals > 0)


def _corrected(
    state: State, ticker: Ticker, before: Outcome, result: Outcome
) -> tuple[Intent, ...]:
    """The venue changed a result: what was paid by the wrong one is paid by the right one, the
    venue's account is read, and nothing is entered before a person has looked at it.
    """
    desk = state.desk
    text = f"{ticker}: the venue changed the result from {before.upper()} to {result.upper()}"
    entry = state.ledger.correct(ticker, result, state.now)
    intents: tuple[Intent, ...] = ()
    beside: list[tuple[str, Money]] = []
    for name, each in _beside(state):
        wrong = each.result(ticker) not in (None, result)
        paid = each.correct(ticker, result, state.now) if wrong else None
        beside.append((name, Money(0) if paid is None else paid.pnl))
        intents += paid_beside(state, name, paid)
    intents += record.corrected(state, ticker, result)
    if entry is not None:
        policies = () if desk.venue else tuple(beside)
        intents = (Keep(replace(entry, policies=policies)), *intents)
        record.paid_out(state)
        text += f", which moves {format_money(entry.payout)}, now booked"
        if (market := state.markets.get(ticker)) is not None:
            market.pnl = Money(market.pnl + entry.pnl)
    if desk.venue:
        desk.plan(state.now, text)
        desk.account_asked_at = NEVER
    state.story.tell(state.now, "error", "settlement", text)
    if not state.settings.trades:
        return (Note("error", "settlement", text),)
    stop = opened(state, state.breakers.mismatch(text, state.now))
    return (*intents, keep_standing(state), *(stop or (Note("error", "settlement", text),)))


def _beside(state: State) -> Iterable[tuple[str, Ledger]]:
    """The accounts under other assumptions."""
    return state.desk.policies.items()


def paid_beside(state: State, policy: str, paid: SettlementKept | None) -> tuple[Intent, ...]:
    """A payout under another assumption, if there was one: counted, and kept."""
    if paid is None:
        return ()
    before = state.desk.policy_profit.get(policy, Money(0))
    state.desk.policy_profit[policy] = Money(before + paid.pnl)
    kept = PolicySettlementKept(paid.at, paid.ticker, policy, paid.result, paid.pnl)
    return (Keep(kept),)


def late(state: State) -> tuple[Intent, ...]:
    """Payouts of fills that were told after their market was settled."""
    found = state.ledger.paid_late()
    if not found:
        return ()
    return (*(Keep(entry) for entry in found), keep_standing(state))


def shard(state: State) -> int | None:
    """Where the collateral of the market in focus is taken."""
    focus = state.focus
    if focus is None or focus.contract is None:
        return None
    return focus.contract.exchange_index


def withdrawn(state: State, order: Order) -> str | None:
    """Asked again just before an order leaves: what has come to forbid it since it was approved."""
    halt = state.breakers.blocks(order.purpose, state.now)
    if halt is not None:
        return f"{halt.breaker}: {halt.reason}"
    return state.desk.closed_to(order.purpose, order.exchange_index) or vetoed(state, order)


def vetoed(state: State, order: Order) -> str | None:
    """What outside a market forbids an entry in it, or a take-profit larger than what is held."""
    if order.purpose == "take_profit":
        much = order.quantity > abs(surely_held(state, order.ticker))
        return "more than the venue says is held" if much else None
    market = state.markets.get(order.ticker)
    code = 0 if market is None or order.purpose != "entry" else int(market.book.array[M_BLOCK])
    return VETOES[code - 1] if code else None


def keep_standing(state: State) -> Keep:
    """The account's sums, for the next process."""
    desk, breakers = state.desk, state.breakers
    return Keep(
        StandingKept(
            at=state.now,
            start=state.ledger.start,
            cash=state.ledger.cash,
            peak=desk.peak,
            day=desk.day,
            day_start=desk.day_start,
            losses_in_a_row=breakers.losses_in_a_row,
            good_windows=desk.good_windows,
            cooling_until=breakers.cooling_until,
        )
    )


def reblock(state: State) -> None:
    """Say in the signals' own words whether risk forbids them now."""
    block = state.desk.no_entries_on(shard(state)) if state.settings.trades else None
    if block is None:
        standing = state.breakers.blocks("entry", state.now)
        block = None if standing is None else f"{standing.breaker}: {standing.reason}"
    if block != state.risk_block:
        state.risk_block = block
        markets.reblock(state)
