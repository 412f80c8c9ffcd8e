"""Trouble with a source is news: what it makes unknown, and what is asked to mend it."""

from typing import Final, Literal

from kalshi_assistant.domain.events import (
    AlertFailed,
    ClockJumped,
    FeedBack,
    FeedLost,
    Gap,
    KillEnded,
    Malformed,
    OperatorPaused,
    OperatorResumed,
    RequestRefused,
    SourcesSeen,
)
from kalshi_assistant.domain.intents import Intent, Note
from kalshi_assistant.domain.time import SECOND, Nanos
from kalshi_assistant.engine import guard
from kalshi_assistant.engine.clock_set import clock_set
from kalshi_assistant.engine.feeds import BOOK, INDEX, POLL, REST, SOCKET, SOURCES_OF
from kalshi_assistant.engine.markets import reblock
from kalshi_assistant.engine.prints import ask_history, choose
from kalshi_assistant.engine.state import State
from kalshi_assistant.engine.trade import distrust

_OF_ACCOUNT: Final = ("create ", "amend ", "decrease ", "cancel ", "look up ", "account")
"""What requests about our orders and our account begin with."""
_CHOSEN: Final = frozenset(
    (
        *("closing", "not_sendable", "not_allowed", "sent_before", "no_write_tokens"),
        *("mismatch", "not_found"),
    )
)
"""Codes of what we did not send, and of answers that are bad news and no failure."""
NOT_SENT: Final = "not sent: "
"""What a refusal says of a request for which there was no connection."""


def lost(state: State, event: FeedLost) -> tuple[Intent, ...]:
    """A connection dropped: the books it fed are unknown until their snapshots come."""
    state.feeds.lost(event.feed, event.reason)
    state.story.tell(state.now, "warning", "feed", f"{event.feed} lost: {event.reason}")
    if event.feed in (BOOK, SOCKET, POLL):
        for market in state.markets.values():
            market.book.forget(f"{event.feed} lost: {event.reason}")
    state.sources.lost(SOURCES_OF.get(event.feed, frozenset()))
    return (Note("warning", "feed", f"{event.feed} lost: {event.reason}"), *choose(state))


def back(state: State, event: FeedBack) -> tuple[Intent, ...]:
    """A connection is up; prints missed meanwhile are asked for by name."""
    state.feeds.back(event.feed)
    state.story.tell(state.now, "info", "feed", f"{event.feed} is up")
    if state.desk.venue and event.feed == SOCKET:  # what was told meanwhile is not told again
        state.desk.plan(state.now, f"{event.feed} is back")
    if event.feed == INDEX and state.newest_print:
        return ask_history(state, Nanos(state.newest_print * SECOND))
    return ()


def gap(state: State, event: Gap) -> tuple[Intent, ...]:
    """Frames were lost: these books are unknown. The wire itself asks for their snapshots."""
    feed = state.feeds.named(event.feed)
    feed.gaps += 1
    text = f"{event.feed}: expected {event.expected}, got {event.got}"
    state.story.tell(state.now, "warning", "gap", text)
    for ticker in event.tickers:
        if (market := state.markets.get(ticker)) is not None:
            market.book.forget(f"gap ({text})")
    if event.feed == INDEX and state.newest_print:
        return ask_history(state, Nanos(state.newest_print * SECOND))
    return ()


def malformed(state: State, event: Malformed) -> tuple[Intent, ...]:
    """A frame made no sense; it was counted and not applied."""
    state.feeds.named(event.feed).malformed += 1
    state.story.tell(state.now, "warning", "malformed", f"{event.feed}: {event.reason}")
    return ()


def sources_seen(state: State, event: SourcesSeen) -> tuple[Intent, ...]:
    """Connections that another part of the program looks after."""
    state.feeds.report(event.sources)
    return ()


def refused(state: State, event: RequestRefused) -> tuple[Intent, ...]:
    """The venue refused something; the question is repeated by its own pauses unless that cannot
    help.
    """
    text = f"{event.request}: {event.message} ({event.code})"
    feed = state.feeds.named(event.feed)
    if feed.state == "waiting" or event.code == "unreachable":
        feed.state = "down"
    again, feed.refusals[event.request] = feed.refusals.get(event.request) == text, text
    feed.reason = event.message
    counted = guard.error(state) if _failed(event) else ()
    if again:
        return counted  # said before, and nothing was answered since
    state.story.tell(state.now, "error" if event.final else "warning", "venue", text)
    return (Note("error" if event.final else "warning", "venue", text), *counted)


def _failed(event: RequestRefused) -> bool:
    """Whether a request about our orders or our account failed: it was refused, or nobody answered.
    What we chose not to send did not fail, nor did a question that was answered with bad news.
    """
    if event.feed != REST or not event.request.startswith(_OF_ACCOUNT) or event.code in _CHOSEN:
        return False
    return event.code != "not_sent" or event.message.startswith(NOT_SENT)


def clock_jumped(state: State, event: ClockJumped) -> tuple[Intent, ...]:
    """The machine slept or its clock was set: every book may be old, and set back, everything that
    waits for an instant would wait too long.
    """
    text = f"the clock jumped by {event.by / SECOND:.1f} s: the machine slept or its time was set"
    timers = clock_set(state, event)
    state.story.tell(state.now, "warning", "clock", text)
    state.sources.forget_clocks()
    state.feeds.forget_delays()
    intents: tuple[Intent, ...] = (Note("warning", "clock", text), *timers)
    for market in state.markets.values():
        if market.ticker in state.watched:
            intents += distrust(state, market, "the clock jumped")
    return intents


def paused(state: State, event: OperatorPaused) -> tuple[Intent, ...]:
    """A person stopped signals."""
    state.paused = event.reason
    state.story.tell(state.now, "info", "operator", f"signals paused: {event.reason}")
    reblock(state)
    return ()


def resumed(state: State, _: OperatorResumed) -> tuple[Intent, ...]:
    """A person allowed signals again."""
    state.paused = None
    state.story.tell(state.now, "info", "operator", "signals resumed")
    reblock(state)
    return ()


def alert_failed(state: State, event: AlertFailed) -> tuple[Intent, ...]:
    """A channel of alerts could not deliver: nothing here changes, but it is seen."""
    dropped = f" ({event.dropped} dropped so far)" if event.dropped else ""
    text = f"{event.channel}: {event.reason}{dropped}"
    state.story.tell(state.now, "warning", "alerts", text)
    return (Note("warning", "alerts", text),)


def kill_ended(state: State, event: KillEnded) -> tuple[Intent, ...]:
    """The process that took our orders out has ended: what came of it is seen."""
    level: Literal["warning", "error"] = "warning" if event.gone else "error"
    state.story.tell(state.now, level, "kill", event.text)
    return (Note(level, "kill", event.text),)
