"""From a crossed edge to a signal, an approved order, its fills and its settlement."""

from kalshi_assistant.domain.contract import Outcome
from kalshi_assistant.domain.events import OrderChanged, OrderFilled
from kalshi_assistant.domain.ids import BRTI
from kalshi_assistant.domain.intents import Announce, Intent, Note, Resync, Submit
from kalshi_assistant.domain.orders import ASK, BID, Order
from kalshi_assistant.domain.signals import Edge, Signal
from kalshi_assistant.domain.units import (
    Money,
    Price,
    complement,
    format_cents,
    format_money,
    format_quantity,
)
from kalshi_assistant.engine.state import MarketState, State
from kalshi_assistant.quant.layout import (
    CROSSED_NO,
    CROSSED_YES,
    M_FIRED,
    NEGATIVE_LEVEL,
    OFF_LADDER,
    R_P,
)
from kalshi_assistant.risk.gate import Refused, approve, worst_cost
from kalshi_assistant.strategy.edge import read_edge
from kalshi_assistant.strategy.signals import baseline_gap, fired_bit


def react(state: State, market: MarketState, bits: int) -> tuple[Intent, ...]:
    """What follows from the kernel's answer to one event."""
    if bits & (NEGATIVE_LEVEL | OFF_LADDER):
        what = "a level fell below zero" if bits & NEGATIVE_LEVEL else "a price off the ladder"
        return distrust(state, market, what)
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
    """One signal, and on paper one order."""
    array, contract = market.book.array, market.contract
    edge = read_edge(array, state.index.real, outcome)
    if edge is None or contract is None:
        return ()
    array[M_FIRED] |= fired_bit(outcome)
    p_yes = float(state.index.real[R_P])
    signal = baseline_gap(
        market.ticker,
        edge,
        p_yes,
        state.threshold,
        state.label,
        state.config,
        state.now,
        contract.close_time,
    )
    market.signals += 1
    state.signals.appendleft(signal)
    state.story.tell(state.now, "signal", "signal", in_words(signal))
    if state.settings.polled or not state.settings.paper.enabled:
        return (Announce(signal),)
    return (Announce(signal), *_order(state, market, edge))


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


def _order(state: State, market: MarketState, edge: Edge) -> tuple[Intent, ...]:
    state.order_count += 1
    order = Order(
        id=state.order_ids.make(state.order_count),
        ticker=market.ticker,
        side=BID if edge.outcome == "yes" else ASK,
        limit=edge.worst_price if edge.outcome == "yes" else complement(edge.worst_price),
        quantity=edge.quantity,
        made_at=state.now,
    )
    spent, cash = market.spent, state.ledger.cash
    answer = approve(order, spent, cash, state.settings.risk, state.now)
    if isinstance(answer, Refused):
        state.story.tell(state.now, "warning", "risk", f"order refused: {answer.reason}")
        return (Note("warning", "risk", f"{market.ticker}: order refused: {answer.reason}"),)
    market.spent = Money(market.spent + worst_cost(order))
    state.orders.submit(order)
    return (Submit(answer),)


def filled(state: State, event: OrderFilled) -> tuple[Intent, ...]:
    """A fill of ours: into the ledger once, however often it is told."""
    if not state.ledger.fill(event):
        return ()
    state.fills += 1
    side = "YES" if event.side == BID else "NO"
    price = event.price if event.side == BID else complement(Price(event.price))
    text = (
        f"bought {format_quantity(event.quantity)} {side} at {format_cents(price)}c, "
        f"fee {format_money(event.fee)} ({event.source})"
    )
    state.story.tell(state.now, "fill", "fill", text)
    return ()


def order_changed(state: State, event: OrderChanged) -> tuple[Intent, ...]:
    """Our order moved along its life; a step the table does not know is told, not taken."""
    problem = state.orders.change(event)
    if problem is None:
        return ()
    state.story.tell(state.now, "warning", "order", problem)
    return (Note("warning", "order", problem),)
