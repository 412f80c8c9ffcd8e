"""Our clock was set back: every instant of ours moves with it.

What waits for an instant (renewals, look-ups, pauses, questions, the housekeeping itself) waits for
as long as it had left, and what is counted over a span of time stays counted as long. Instants of
the venue (closes, prints, records) are its own and stay; so does until when an order may have left:
its absence is proven by records later than that by either clock.
"""

from kalshi_assistant.domain.events import ClockJumped
from kalshi_assistant.domain.intents import Intent, SetTimer
from kalshi_assistant.domain.time import Nanos
from kalshi_assistant.engine.state import MarketState, State
from kalshi_assistant.quant.layout import M_ASKED_NO, M_ASKED_YES, M_TOUCHED

TEND = "tend"
"""The key of the housekeeping's timer."""


def clock_set(state: State, event: ClockJumped) -> tuple[Intent, ...]:
    """Take over what our clock shows now; answers the timers that are to be set anew.

    Time that went on, in sleep or by a clock set forward, moves nothing: what was due is due.
    """
    by = event.by
    state.orders.clock_set(by)
    if by >= 0:
        return ()
    state.now = event.received_at
    if state.answered_at is not None:
        state.answered_at = Nanos(state.answered_at + by)
    state.status_due += by
    state.clock_off += by
    state.desk.clock_set(by, state.now)
    state.breakers.clock_set(by)
    state.inquiries.clock_set(by)
    state.feeds.clock_set(by)
    state.index.clock_set(by)
    state.reaction.forget()
    state.tracking.forget_waiting()
    for market in state.markets.values():
        _market_set(market, by)
    if state.desk.venue:
        state.desk.plan(state.now, "the clock was set back")
    return (SetTimer(TEND, state.now),)


def _market_set(market: MarketState, by: int) -> None:
    market.mid = None
    market.numbers.clear()
    if market.reconcile_at:
        market.reconcile_at += by
    if market.asked_at is not None:
        market.asked_at = Nanos(market.asked_at + by)
    array = market.book.array
    for slot in (M_TOUCHED, M_ASKED_YES, M_ASKED_NO):
        if array[slot]:
            array[slot] += by
