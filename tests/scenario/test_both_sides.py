"""The venue's side and ours, wire against wire: what the exchange did is what the client is told.

No socket: the frames of one are handed to the other in virtual time, over a close and a new open.
"""

from kalshi_assistant.domain import events as e
from kalshi_assistant.domain.time import MILLISECOND, MINUTE, SECOND, Nanos, parse_iso
from kalshi_assistant.quant.rng import stream
from kalshi_assistant.sim.frames import Frames
from kalshi_assistant.sim.session import Session
from kalshi_assistant.venues.kalshi.session import KalshiSession, SessionSettings
from tests.support.even import even_exchange

CLOSE = parse_iso("2026-11-21T17:00:00Z")
TICKERS = ("KXBTC15M-26NOV211200-00", "KXBTC15M-26NOV211215-15")
STEP = 200 * MILLISECOND
TOLD = (
    *(e.BookDelta, e.TradeSeen, e.QuoteSeen, e.IndexPrinted),
    *(e.StrikeSet, e.MarketDetermined),
)


class Conversation:
    """A client session and a server session, joined by hand."""

    def __init__(self, start, **settings):
        self.exchange = even_exchange(start)
        self.shared = Frames()
        self.server = Session(self.shared, self.exchange.book)
        self.client = KalshiSession(SessionSettings(**settings), stream(1, "jitter"))
        self.now = start
        self.happened, self.heard = [], []
        for ticker in TICKERS:
            self.client.watch(ticker)
        self.client.connect(start)
        self.heard += self.client.opened(start)
        self.talk()

    def talk(self):
        """Carry commands and answers to and fro until nobody has anything to say."""
        while commands := self.client.to_send():
            for command in commands:
                self.hear(self.server.receive(command, self.now))

    def hear(self, frames):
        for frame in frames:
            self.heard += self.client.receive(frame, self.now)

    def until(self, instant):
        while self.now < instant:
            self.now = Nanos(self.now + STEP)
            events = self.exchange.advance(self.now)
            self.happened += events
            self.hear(self.server.publish(self.shared.publish(events), self.now))
            self.talk()


def facts(events, kind):
    """What was said, with the stamp as fine as the wire has it, without when it was heard."""
    told = [each for each in events if type(each) is kind]
    if kind is e.IndexPrinted:  # the fast channel tells a whole second again
        told = [each for each in told if each.source == "kalshi_1hz"]
    return [(stamp(each), *fields(each)) for each in told]


def stamp(event):
    """Milliseconds, where the frame of such an event has the time at all."""
    timeless = isinstance(event, e.StrikeSet | e.MarketDetermined)
    return None if timeless else event.at // MILLISECOND


def fields(event):
    names = (name for name in event.__struct_fields__ if name not in ("at", "received_at"))
    return tuple(getattr(event, name) for name in names)


def check(conversation):
    troubles = (e.Malformed, e.Gap, e.RequestRefused, e.FeedLost)
    assert [each for each in conversation.heard if isinstance(each, troubles)] == []
    for kind in TOLD:
        expected = facts(conversation.happened, kind)
        assert expected, f"nothing of kind {kind.__name__} happened"
        assert facts(conversation.heard, kind) == expected


def test_a_window_and_the_next_are_heard_as_they_happened():
    conversation = Conversation(Nanos(CLOSE - 2 * MINUTE))
    conversation.until(CLOSE + 40 * SECOND)
    check(conversation)


def test_the_same_in_yes_dollars():
    conversation = Conversation(Nanos(CLOSE - 2 * MINUTE), use_yes_price=True)
    conversation.until(CLOSE + 5 * SECOND)
    check(conversation)
