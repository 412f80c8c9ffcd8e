"""The life of a session as a table: its states, and what moves it from one to another.

idle         nothing was tried
connecting   the runtime opens the socket; the signed handshake is the authentication
subscribing  open, and a channel that is wanted is not subscribed
live         every channel that is wanted is subscribed
waiting      not connected; to be tried again after a delay
refused      the venue does not take the key; trying again cannot help
closed       over
"""

from typing import Final, Literal

State = Literal["idle", "connecting", "subscribing", "live", "waiting", "refused", "closed"]
Step = Literal[
    "connect", "opened", "complete", "incomplete", "failed", "denied", "dropped", "close"
]

SESSION_LIFE: Final[dict[tuple[State, Step], State]] = {
    ("idle", "connect"): "connecting",
    ("idle", "close"): "closed",
    ("connecting", "opened"): "subscribing",
    ("connecting", "failed"): "waiting",
    ("connecting", "denied"): "refused",
    ("connecting", "close"): "closed",
    ("subscribing", "complete"): "live",
    ("subscribing", "dropped"): "waiting",
    ("subscribing", "close"): "closed",
    ("live", "incomplete"): "subscribing",
    ("live", "dropped"): "waiting",
    ("live", "close"): "closed",
    ("waiting", "connect"): "connecting",
    ("waiting", "close"): "closed",
    ("refused", "close"): "closed",
}
"""``incomplete``: a channel that is wanted is not (or no longer) subscribed."""


def advance(state: State, step: Step) -> State | None:
    """The state after ``step``; ``None`` where the table knows no such step."""
    return SESSION_LIFE.get((state, step))
