"""What cannot be reached, and what still works: said once it has not answered for a few seconds."""

from typing import Final

from kalshi_assistant.domain.intents import Intent, Note
from kalshi_assistant.domain.time import SECOND
from kalshi_assistant.engine.state import State

SAY_AFTER: Final = 3 * SECOND
"""A start without a network is explained within five seconds; a venue takes one or two to answer.
"""
OFFLINE: Final = "demo, replay and evaluate work without a network"


def look_around(state: State) -> tuple[Intent, ...]:
    """Tell a change of what can be reached."""
    if state.answered_at is None or state.feeds.reaches("kalshi."):
        state.answered_at = state.now
    missing = state.now - state.answered_at >= SAY_AFTER
    if missing == (state.unreachable is not None):
        return ()
    state.unreachable = _in_words(state) if missing else None
    text = state.unreachable or "Kalshi answers"
    if missing:
        state.story.tell(state.now, "error", "network", text)
        return (Note("error", "network", text),)
    state.story.tell(state.now, "info", "network", text)
    return (Note("info", "network", text),)


def _in_words(state: State) -> str:
    reason = state.feeds.why_down("kalshi.")
    said = "cannot reach Kalshi" if reason is None else f"cannot reach Kalshi ({reason})"
    venues = state.feeds.count_up("spot.")
    if venues:
        works = f"the index is estimated from {venues} exchange{'' if venues == 1 else 's'}"
    elif state.settings.polled or state.feeds.why_down("spot.") is not None:
        works = f"no other exchange answers either; {OFFLINE}"
    else:
        works = OFFLINE
    return f"{said}; {works}; trying on"
