"""A session, and the hand that plays the venue for it."""

import json

from kalshi_assistant.domain.time import SECOND
from kalshi_assistant.quant.rng import stream
from kalshi_assistant.venues.kalshi.session import KalshiSession, SessionSettings
from tests.support.kalshi_frames import (
    TICKER,
    snapshot,
    subscribed,
)

START = 1_795_280_600 * SECOND
CHANNELS = (
    "orderbook_delta",
    "trade",
    "ticker",
    "market_lifecycle_v2",
    "cfbenchmarks_value",
    "cfbenchmarks_value_5hz",
)


class Line:
    """A session and the hand that plays the venue."""

    def __init__(self, watch=(TICKER,), **settings):
        self.session = KalshiSession(SessionSettings(**settings), stream(1, "kalshi"))
        self.now = START
        for ticker in watch:
            self.session.watch(ticker)

    def open(self):
        self.session.connect(self.now)
        return list(self.session.opened(self.now))

    def sent(self):
        return [json.loads(command) for command in self.session.to_send()]

    def say(self, *frames):
        return [event for frame in frames for event in self.session.receive(frame, self.now)]

    def later(self, seconds):
        self.now += round(seconds * SECOND)
        return list(self.session.tick(self.now))

    def accept(self):
        """Answer every subscribe as the venue does; sids are the ids of the commands."""
        return self.say(
            *(
                subscribed(each["params"]["channels"][0], each["id"], each["id"])
                for each in self.sent()
            )
        )

    def live(self):
        """Open and subscribed; answers the sid of the book."""
        self.open()
        self.accept()
        self.say(snapshot(1, sid=self.sid("orderbook_delta")))
        assert self.session.state == "live"
        return self.sid("orderbook_delta")

    def sid(self, channel):
        return self.session._subscriptions[channel].sid


def kinds(events):
    return [type(event) for event in events]


def actions(commands):
    return [(each["params"].get("action", each["cmd"]), each["params"]) for each in commands]
