"""Index facts: into the ring, the settlement windows and the number."""

from kalshi_assistant.domain.events import (
    IndexHistoryLoaded,
    IndexPrinted,
    IndexSource,
    IndexTicked,
)
from kalshi_assistant.domain.intents import Inquire, Intent
from kalshi_assistant.domain.time import SECOND, Nanos, whole_second
from kalshi_assistant.domain.units import IndexValue
from kalshi_assistant.engine.forecasts import moved
from kalshi_assistant.engine.state import State
from kalshi_assistant.engine.trade import react
from kalshi_assistant.quant.kernel import step
from kalshi_assistant.quant.layout import PRINT, PRINT_DIFFERS, RING, TICK

HISTORY_SECONDS = 3_600
"""What is asked of the venue's index history first: enough for a number."""
DEEP_SECONDS = 21_600
"""And what is asked once that has come: the long half-lives want more, and nothing waits for it."""


def printed(state: State, event: IndexPrinted) -> tuple[Intent, ...]:
    """A settling print."""
    if event.index != state.index.name:
        return ()
    state.feeds.index.saw(event.at, event.received_at)
    second = whole_second(event.at)
    known = state.index.print_of(second)
    if known is not None:
        return _heard_again(state, second, known, event)
    state.index.source = event.source
    _mark(state, event.source)
    state.index.localise(second)
    settle(state, second, event.value)
    return _evaluate(state, PRINT, second, event.value)


def ticked(state: State, event: IndexTicked) -> tuple[Intent, ...]:
    """A value between two prints."""
    if event.index != state.index.name:
        return ()
    state.feeds.index.saw(event.at, event.received_at)
    return _evaluate(state, TICK, event.at, event.value)


def history_loaded(state: State, event: IndexHistoryLoaded) -> tuple[Intent, ...]:
    """Prints of the past: warm the volatility and fill holes that are named as such."""
    state.inquiries.answered("index_history")
    if event.index != state.index.name:
        return ()
    state.feeds.back(state.feeds.rest.name)
    _mark(state, event.source)
    added = state.index.absorb(event.prints, event.received_at)
    for second, value in event.prints:
        if second > state.index.last_second - RING:
            settle(state, second, value)
    if state.index.source is None and event.prints:
        state.index.source = event.source
    if added:
        text = f"{added} seconds of index history taken from {event.source}"
        state.story.tell(state.now, "info", "index", text)
    return _ask_deeper(state)


def _ask_deeper(state: State) -> tuple[Intent, ...]:
    """Once, after the first answer."""
    if state.deep_history_asked:
        return ()
    state.deep_history_asked = True
    since = Nanos(state.now - DEEP_SECONDS * SECOND)
    return state.inquiries.ask(Inquire(what="index_history", since=since), state.now)


def _mark(state: State, source: IndexSource) -> None:
    """Prints of a stand-in fix no outcome."""
    if source == "proxy" and not state.index.estimated:
        state.index.mark_estimated()


def settle(state: State, second: int, value: IndexValue) -> None:
    """Give a print to every settlement window it belongs to."""
    for market in state.markets.values():
        if market.settlement is not None:
            market.settlement.add(second, value)


def ask_history(state: State, since: Nanos | None = None) -> tuple[Intent, ...]:
    """Ask for what was missed, or for enough to warm up; a hole older than the ring is not worth
    asking.
    """
    oldest = Nanos(state.now - min(RING, HISTORY_SECONDS) * SECOND)
    start = oldest if since is None else max(since, oldest)
    question = Inquire(what="index_history", since=Nanos(start))
    return state.inquiries.ask(question, state.now)


def _evaluate(state: State, kind: int, a: int, value: IndexValue) -> tuple[Intent, ...]:
    index, market = state.index, state.focus
    array = index.scratch if market is None else market.book.array
    bits = step(array, index.array, index.real, kind, a, value, 0, state.now)
    if market is None:
        return ()
    intents = moved(state, market)
    return react(state, market, bits) + intents if bits & ~PRINT_DIFFERS else intents


def _heard_again(
    state: State, second: int, known: IndexValue, event: IndexPrinted
) -> tuple[Intent, ...]:
    """The same second from a second source: the first value stays, a difference is told."""
    if known != event.value:
        text = (
            f"two values for second {second}: {known / 100:.2f} kept, {event.value / 100:.2f} heard"
        )
        state.story.tell(state.now, "warning", "index", text)
    return ()
