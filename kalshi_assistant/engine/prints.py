"""Index facts: which source is in force, and what it gives into the ring, the settlement windows
and the number.
"""

from typing import Literal

from kalshi_assistant.domain.events import (
    IndexHistoryLoaded,
    IndexPrinted,
    IndexReplicated,
    IndexSource,
    IndexTicked,
)
from kalshi_assistant.domain.intents import Inquire, Intent, Note
from kalshi_assistant.domain.time import SECOND, Nanos, whole_second
from kalshi_assistant.domain.units import IndexValue, format_index
from kalshi_assistant.engine.forecasts import moved
from kalshi_assistant.engine.markets import reblock
from kalshi_assistant.engine.reaction import index_seen
from kalshi_assistant.engine.state import State
from kalshi_assistant.engine.trade import react
from kalshi_assistant.market.settlement import WINDOW
from kalshi_assistant.market.sources import TRUE, label
from kalshi_assistant.quant.kernel import step
from kalshi_assistant.quant.layout import PRINT, PRINT_DIFFERS, R_THRESHOLD, RING, TICK

HISTORY_SECONDS = 3_600
"""What is asked of the venue's index history first: enough for a number."""
DEEP_SECONDS = 21_600
"""And what is asked once that has come: the long half-lives want more, and nothing waits for it."""
QUARTER_SECONDS = 900
_CENT_E8 = 1_000_000
REFUSED_TOLD_EVERY = 100
"""Of refused stamps the first is told, and then every so many."""


def printed(state: State, event: IndexPrinted) -> tuple[Intent, ...]:
    """A value stamped on a whole second: a settling print, if its source is a true one."""
    if event.index != state.index.name:
        return ()
    intents = _heard(state, event.source, event.at, event.received_at)
    if intents is None:
        return ()
    second = whole_second(event.at)
    if event.source not in TRUE:
        return intents + _estimate(state, event.source, event.at, event.value)
    known = state.index.true_print_of(second)
    if known is not None:
        return intents + _heard_again(state, second, known, event) + _averaged(state, event)
    state.index.localise(second)
    state.newest_print = max(state.newest_print, second)
    settle(state, second, event.value)
    state.tracking.printed(event.at, event.value)
    weigh(state)
    intents += _averaged(state, event)
    return intents + _evaluate(state, PRINT, second, event.value, 0)


def ticked(state: State, event: IndexTicked) -> tuple[Intent, ...]:
    """A value between two prints."""
    if event.index != state.index.name:
        return ()
    intents = _heard(state, event.source, event.at, event.received_at)
    if intents is None:
        return ()
    if event.source not in TRUE:
        return intents + _estimate(state, event.source, event.at, event.value)
    if not state.sources.is_true:
        return intents  # come back too lately to be in force; its prints count all the same
    return intents + _evaluate(state, TICK, event.at, event.value, 0)


def replicated(state: State, event: IndexReplicated) -> tuple[Intent, ...]:
    """Our own copy of the index: kept to be compared, and in force where nothing better is."""
    if event.index != state.index.name:
        return ()
    state.tracking.take(event)
    if event.value is None:
        state.feeds.replica.saw(event.at, event.received_at)
        return choose(state)
    intents = _heard(state, "replica", event.at, event.received_at)
    if intents is None:
        return ()
    second, between = divmod(event.at, SECOND)
    if not between and (known := state.index.true_print_of(second)) is not None:
        state.tracking.printed(event.at, known)  # the print was faster than the copy
        weigh(state)
    value = state.tracking.corrected(event.value)
    return intents + _estimate(state, "replica", event.at, value)


def history_loaded(state: State, event: IndexHistoryLoaded) -> tuple[Intent, ...]:
    """Prints of the past: warm the volatility and fill holes that are named as such."""
    state.inquiries.answered("index_history")
    if event.index != state.index.name:
        return ()
    true = event.source in TRUE
    state.feeds.back(state.feeds.of(event.source).name)
    added = state.index.absorb(event.prints, event.received_at, estimates=not true)
    for second, value in event.prints if true else ():
        if second > state.index.last_second - RING:
            state.newest_print = max(state.newest_print, second)
            for window in state.settlements():
                window.resolve(second, value)
    if state.index.source is None and event.prints:
        state.index.source = event.source
    if added:
        text = f"{added} seconds of index history: {label(event.source, 0)}"
        state.story.tell(state.now, "info", "index", text)
    weigh(state)
    return _ask_deeper(state) if true else ()


def choose(state: State) -> tuple[Intent, ...]:
    """Put the best source in force; a change is told, and what hangs on it is set anew."""
    before = state.index.source
    if not state.sources.choose(state.now):
        return ()
    state.index.source = state.sources.current
    weigh(state)
    state.index.real[R_THRESHOLD] = state.threshold
    reblock(state)
    name = label(state.index.source, state.tracking.venues)
    if label(before, state.tracking.venues) == name:
        return ()
    calm = before is None or state.sources.is_true
    level: Literal["info", "warning"] = "info" if calm else "warning"
    text = f"the index is now: {name}"
    state.story.tell(state.now, level, "index", text)
    return (Note(level, "index", text), *_stand_in(state))


def _stand_in(state: State) -> tuple[Intent, ...]:
    """The seconds it took to notice that the index fell silent, by the copies made of them."""
    if state.sources.current != "replica":
        return ()
    intents: tuple[Intent, ...] = ()
    for second, value in state.tracking.unprinted(state.index.last_second):
        state.index.localise(second)
        intents += _evaluate(state, PRINT, second, state.tracking.corrected(value), 1)
    return intents


def weigh(state: State) -> None:
    """Tell the number how far the index in force is off, and the estimates that stay."""
    own = state.settings.number.nowcast_sd_bp
    current = state.sources.current
    if current == "proxy":
        learnt = own if state.nowcast is None else state.nowcast.sd_bp
        state.index.set_error(learnt, learnt)
        return
    if current is not None and current not in TRUE:
        state.estimate_error_bp = _error_bp(state, current)
    newest = own if current is None or current in TRUE else max(own, state.estimate_error_bp)
    state.index.set_error(newest, max(own, state.estimate_error_bp))


def _error_bp(state: State, source: IndexSource) -> float:
    """The standard deviation of an estimate against the index, basis points."""
    if source == "kalshi_chart":
        return state.settings.sources.chart_sd_bp
    newest = state.tracking.newest
    learnt = None
    if newest is not None and newest.value is not None:
        learnt = state.tracking.error.sd_bp(newest.value)
    return state.settings.sources.replica_sd_bp if learnt is None else learnt


def _heard(
    state: State, source: IndexSource, at: Nanos, received_at: Nanos
) -> tuple[Intent, ...] | None:
    """Count a value and see who is in force now; ``None`` where its stamp cannot be."""
    feed = state.feeds.of(source)
    feed.saw(at, received_at)
    if feed.state == "waiting":
        feed.state = "up"
    if state.sources.hear(source, at, received_at) == "refused":
        feed.malformed += 1
        if state.sources.refused(source) % REFUSED_TOLD_EVERY == 1:
            ahead = (at - received_at) / SECOND
            text = f"{source} is stamped {ahead:+.1f} s from our clock, unlike before: left out"
            state.story.tell(state.now, "warning", "clock", text)
        return None
    intents = choose(state)
    state.index.set_offset(state.sources.offset)
    return intents


def _estimate(
    state: State, source: IndexSource, at: Nanos, value: IndexValue
) -> tuple[Intent, ...]:
    """A value that is not the index itself: taken only from the source in force."""
    if state.sources.current != source:
        return ()
    second, between = divmod(at, SECOND)
    if between:
        return _evaluate(state, TICK, at, value, 1)
    state.index.localise(second)
    return _evaluate(state, PRINT, second, value, 1)


def _ask_deeper(state: State) -> tuple[Intent, ...]:
    """Once, after the first answer."""
    if state.deep_history_asked:
        return ()
    state.deep_history_asked = True
    since = Nanos(state.now - DEEP_SECONDS * SECOND)
    return state.inquiries.ask(Inquire(what="index_history", since=since), state.now)


def settle(state: State, second: int, value: IndexValue) -> None:
    """Give a print to every settlement window it belongs to."""
    for window in state.settlements():
        window.add(second, value)


def ask_history(state: State, since: Nanos | None = None) -> tuple[Intent, ...]:
    """Ask for what was missed, or for enough to warm up; a hole older than the ring is not worth
    asking. Without a key there is nobody to ask.
    """
    if state.settings.polled:
        return ()
    oldest = Nanos(state.now - min(RING, HISTORY_SECONDS) * SECOND)
    start = oldest if since is None else max(since, oldest)
    question = Inquire(what="index_history", since=Nanos(start))
    return state.inquiries.ask(question, state.now)


def _evaluate(state: State, kind: int, a: int, value: IndexValue, guess: int) -> tuple[Intent, ...]:
    index, market = state.index, state.focus
    array = index.scratch if market is None else market.book.array
    bits = step(array, index.array, index.real, kind, a, value, guess, state.now)
    if market is None:
        return ()
    index_seen(state, market)
    intents = moved(state, market)
    return react(state, market, bits) + intents if bits & ~PRINT_DIFFERS else intents


def _heard_again(
    state: State, second: int, known: IndexValue, event: IndexPrinted
) -> tuple[Intent, ...]:
    """The same second from a second source: a difference is news, and settles nothing until the
    publisher's history has told which it was.
    """
    if known == event.value:
        return ()
    state.disagreements += 1
    for window in state.settlements():
        window.doubt(second)
    text = (
        f"two values for second {second}: {format_index(known)} kept, "
        f"{format_index(event.value)} from {event.source}"
    )
    state.story.tell(state.now, "warning", "index", text)
    return (Note("warning", "index", text), *ask_history(state, Nanos(second * SECOND)))


def _averaged(state: State, event: IndexPrinted) -> tuple[Intent, ...]:
    """The venue's own average of the minute before a print, laid beside ours at a close: a print
    that was damaged on its way is in ours and not in theirs.
    """
    average, second = event.average_60s_e8, whole_second(event.at)
    if average is None or event.average_60s_prints != WINDOW or second % QUARTER_SECONDS:
        return ()
    intents: tuple[Intent, ...] = ()
    for window in state.settlements():
        known = window.known_a
        if window.close_time != event.at or not known.complete:
            continue
        if abs(average * WINDOW - known.total * _CENT_E8) > WINDOW:
            window.doubt_all()
            text = f"our average of the minute before second {second} is not the venue's"
            state.story.tell(state.now, "warning", "index", text)
            since = Nanos((second - WINDOW) * SECOND)
            intents += (Note("warning", "index", text), *ask_history(state, since))
    return intents
