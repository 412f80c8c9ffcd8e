"""What a bounded queue does when it is full: four policies, and which kind of message has which.

``drop_oldest``  the newer one takes the place of one that waits: only the newest is of any worth
``drop_newest``  what comes is left out: what waits is as good
``raise``        nothing may be lost unseen: the loss is made known, or the program ends
``block``        who puts waits until there is room: nothing is lost and the other side slows down
"""

from typing import Final, Literal

from kalshi_assistant.domain.events import (
    BookDelta,
    BookSnapshot,
    Event,
    IndexReplicated,
    IndexTicked,
    QuoteSeen,
    SourcesSeen,
    TradeSeen,
)

Policy = Literal["drop_oldest", "drop_newest", "raise", "block"]

POLICY: Final[dict[type[Event], Policy]] = {
    QuoteSeen: "drop_oldest",
    IndexTicked: "drop_oldest",
    IndexReplicated: "drop_oldest",
    SourcesSeen: "drop_oldest",
    TradeSeen: "drop_newest",
    BookSnapshot: "raise",
    BookDelta: "raise",
}
"""By kind of event; the others are ``OTHERS``. ``raise`` is a ``Gap`` for books, which a snapshot
mends.
"""
OTHERS: Final[Policy] = "raise"
"""Prints, our orders, the life of markets, feeds, timers: none may be lost, and none comes often.
With far more of them waiting than there can be, the program ends.
"""
