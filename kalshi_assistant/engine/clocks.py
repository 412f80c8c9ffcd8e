"""Our clock against those of the sources, from the stamps on what they send.

What a source sends is stamped before it is received, so the least delay of many is the way here
plus how far our clock is ahead of the source's. One way alone cannot tell the two apart: with the
median over all sources, a delay below zero is a clock behind, and one above any usual way a clock
ahead. The limits leave room for a way of up to a quarter of a second.
"""

from statistics import median
from typing import Final, Literal

from kalshi_assistant.domain.ids import SIMULATED
from kalshi_assistant.domain.intents import Intent, Note
from kalshi_assistant.domain.time import MILLISECOND
from kalshi_assistant.engine.snapshot import ClockView
from kalshi_assistant.engine.state import State

BEHIND_SHARE: Final = 0.4
"""A clock 250 ms behind looks 100 ms behind where the way here takes 150 ms; a right one never
does.
"""
REMEDY: Final = (
    "set it by the network (Linux: timedatectl set-ntp true; macOS: sntp -sS time.apple.com; "
    "Windows: w32tm /resync)"
)

TOO_FAST: Final = (
    "this machine is too busy for the simulated exchange at this speed: what it sends is "
    "{late:.0f} ms of its time late; choose a lower --speed"
)


def ahead_ms(state: State) -> float | None:
    """How far our clock is ahead of the sources', plus the way from them; ``None``: not known."""
    delays = state.feeds.least_delays_ms()
    return median(delays) if delays else None


def check_clock(state: State) -> tuple[Intent, ...]:
    """Say so when our clock is found wrong, and when it is right again."""
    ahead = ahead_ms(state)
    if ahead is None:
        return ()
    limit, before = state.settings.sources.clock_ms, state.clock_off
    wrong = not -BEHIND_SHARE * limit <= ahead <= limit
    state.clock_off = int(ahead * MILLISECOND) if wrong else 0
    if wrong == (before != 0):
        return ()
    level: Literal["warning", "info"] = "warning" if wrong else "info"
    text = _in_words(state, ahead) if wrong else _right_again(state)
    state.story.tell(state.now, level, "clock", text)
    return (Note(level, "clock", text),)


def clock_view(state: State) -> ClockView:
    """For readers."""
    ahead = ahead_ms(state)
    off = state.clock_off != 0 and ahead is not None
    return ClockView(
        ahead_ms=ahead, wrong=_in_words(state, ahead) if off and ahead is not None else None
    )


def _right_again(state: State) -> str:
    if state.settings.environment == SIMULATED:
        return "the simulated exchange is in time again"
    return "this machine's clock is right again"


def _in_words(state: State, ahead: float) -> str:
    if state.settings.environment == SIMULATED and ahead > 0:
        return TOO_FAST.format(late=ahead)
    way = "ahead" if ahead > 0 else "behind"
    return f"this machine's clock is about {abs(ahead):.0f} ms {way}: {REMEDY}"
