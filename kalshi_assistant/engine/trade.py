"""From a crossed edge to a signal, and to the order it asks for."""

from dataclasses import replace

from msgspec.structs import replace as with_fields

from kalshi_assistant.domain.contract import Outcome
from kalshi_assistant.domain.ids import BRTI
from kalshi_assistant.domain.intents import Announce, Intent, Note, Resync, Submit
from kalshi_assistant.domain.signals import Edge, Signal
from kalshi_assistant.domain.time import SECOND
from kalshi_assistant.domain.units import (
    MONEY_SCALE,
    PRICE_SCALE,
    Money,
    Price,
    format_cents,
    format_money,
    format_quantity,
)
from kalshi_assistant.engine import decisions, guard, orders, record
from kalshi_assistant.engine.features import gather, means
from kalshi_assistant.engine.state import MarketState, State
from kalshi_assistant.execution.terms import Wish, resting, taking
from kalshi_assistant.quant.layout import (
    CROSSED_NO,
    CROSSED_YES,
    M_ASK,
    M_BID,
    M_FIRED,
    M_PRECISION,
    NEGATIVE_LEVEL,
    OFF_LADDER,
    REACTED,
)
from kalshi_assistant.strategy.directional import Declined, name_crossing
from kalshi_assistant.strategy.edge import offers, read_edge, read_pricing, side_bought_from
from kalshi_assistant.strategy.signals import cool_down, fired_bit
from kalshi_assistant.strategy.sizing import Sized, size
from kalshi_assistant.strategy.words import DECLINED

DEPTH = 40
"""Levels that a size is tried on."""


def react(state: State, market: MarketState, bits: int) -> tuple[Intent, ...]:
    """What follows from the kernel's answer to one event."""
    if bits & (NEGATIVE_LEVEL | OFF_LADDER):
        what = "a level fell below zero" if bits & NEGATIVE_LEVEL else "a price off the ladder"
        return distrust(state, market, what)
    if bits & REACTED:
        state.reaction.followed(state.now)
    intents: tuple[Intent, ...] = ()
    if bits & CROSSED_YES:
        intents += fire(state, market, "yes")
    if bits & CROSSED_NO:
        intents += fire(state, market, "no")
    return intents


def distrust(state: State, market: MarketState, because: str) -> tuple[Intent, ...]:
    """The book is not believed until a snapshot mends it."""
    market.book.forget(because)
    state.story.tell(
        state.now, "warning", "book", f"{market.ticker}: {because}; asking for a snapshot"
    )
    return (Resync(market.ticker, because),)


def fire(state: State, market: MarketState, outcome: Outcome) -> tuple[Intent, ...]:
    """A crossing gets its kind and its size, and becomes a signal, and where orders may leave one
    order; or the reason why not is counted.
    """
    array, contract, real = market.book.array, market.contract, state.index.real
    edge = read_edge(array, real, outcome)
    if edge is None or contract is None or contract.fees is None:
        return ()
    signal_settings, features = state.settings.signal, gather(state, market)
    named = name_crossing(
        signal_settings, edge, state.threshold, features, state.reaction, state.own_p95, state.now
    )
    if isinstance(named, Declined):
        return _declined(state, market, edge, named.reason)
    pricing = read_pricing(real, outcome, contract.fees, int(array[M_PRECISION]))
    pricing = with_fields(pricing, probability=named.probability)
    shown = offers(market.book.levels(side_bought_from(outcome), DEPTH), outcome)
    sized = size(state.settings.sizing, pricing, shown, state.threshold, means(state))
    if not isinstance(sized, Sized):
        return _declined(state, market, edge, sized)
    array[M_FIRED] |= fired_bit(outcome)
    cool_down(signal_settings, state.index.array, state.now)
    signal = Signal(
        kind=named.kind,
        ticker=market.ticker,
        made_at=state.now,
        edge=sized.edge,
        p_yes=features.p_model,
        threshold=state.threshold,
        seconds_left=(contract.close_time - state.now) / SECOND,
        index=state.label,
        config=state.config,
        evidence=named.evidence + sized.evidence,
    )
    return _announce(state, market, signal)


def _announce(state: State, market: MarketState, signal: Signal) -> tuple[Intent, ...]:
    market.signals += 1
    state.signals.appendleft(signal)
    state.story.tell(state.now, "signal", "signal", in_words(signal))
    kept = record.signalled(state, market, signal)
    intents = _order(state, market, signal) if state.settings.trades else ()
    market.orders += sum(isinstance(intent, Submit) for intent in intents)
    decisions.fired(state, market, signal, intents)
    return (Announce(signal), *kept, *intents)


def _declined(state: State, market: MarketState, edge: Edge, reason: str) -> tuple[Intent, ...]:
    """Nothing comes of a crossing: counted, and told once per window and reason."""
    if not market.misses.add(edge, state.threshold, reason, state.now):
        return ()
    decisions.declined(state, market, edge, reason)
    text = (
        f"{market.ticker}: {edge.outcome.upper()} crossed with net {edge.net * 100:+.2f}c, not "
        f"taken because {DECLINED[reason]} (config {state.config})"
    )
    state.story.tell(state.now, "info", "signal", text)
    return (Note("info", "signal", text),)


def in_words(signal: Signal) -> str:
    """A signal as a person would say it."""
    edge = signal.edge
    return (
        f"buy {edge.outcome.upper()} {format_quantity(edge.quantity)} up to "
        f"{format_cents(edge.worst_price)}c: P(YES) {signal.p_yes:.3f}, net {edge.net * 100:+.2f}c "
        f"after fee {format_money(edge.fee)}{_doubt(signal)}"
    )


def _doubt(signal: Signal) -> str:
    """What has to be said of the index where it is not the index itself."""
    return "" if signal.index.startswith(BRTI) else f" ({signal.index})"


def _order(state: State, market: MarketState, signal: Signal) -> tuple[Intent, ...]:
    """An entry for this signal, should risk allow one."""
    contract, settings, edge = market.contract, state.settings, signal.edge
    assert contract is not None
    best = _top(market, edge.outcome)
    worth = edge.raw + best / PRICE_SCALE
    wish = Wish(
        outcome=edge.outcome,
        quantity=edge.quantity,
        limit=edge.worst_price,
        kind=signal.kind,
        fair=Money(round(worth * MONEY_SCALE)),
        top=best,
    )
    name = orders.next_id(state)
    if settings.orders.style == "make":
        waiting = replace(wish, limit=_own_best(market, edge.outcome))
        order = resting(waiting, name, contract, state.now, settings.orders)
    else:
        order = taking(wish, name, contract, state.now)
    look, whole = guard.look(state, order), settings.sizing.whole_contracts
    quantity = guard.fitting(order, look, settings.risk, whole=whole)
    return orders.send(state, with_fields(order, quantity=quantity), look)


def _top(market: MarketState, outcome: Outcome) -> Price:
    """The best price at which ``outcome`` can be bought now, as its own price."""
    array = market.book.array
    return Price(int(array[M_ASK]) if outcome == "yes" else PRICE_SCALE - int(array[M_BID]))


def _own_best(market: MarketState, outcome: Outcome) -> Price:
    """The best price anybody bids for ``outcome`` now."""
    array = market.book.array
    return Price(int(array[M_BID]) if outcome == "yes" else PRICE_SCALE - int(array[M_ASK]))
