"""What a venue may say that its documentation does not rule out: the session mends or starts over,
and never turns in circles.
"""

import json

import pytest

from kalshi_assistant.domain.events import FeedLost, RequestRefused
from kalshi_assistant.domain.time import SECOND
from kalshi_assistant.engine import feeds
from kalshi_assistant.quant.rng import stream
from kalshi_assistant.venues.kalshi.session import KalshiSession, SessionSettings
from tests.support.kalshi_frames import (
    NEXT,
    TICKER,
    delta,
    encode,
    error,
    index,
    ok,
    snapshot,
    subscribed,
)

START = 1_795_280_600 * SECOND
REPLY, STEADY = 5, 60


class Line:
    """A session with one market, and the hand that plays the venue."""

    def __init__(self, watch=(TICKER,), **settings):
        patience = SessionSettings(reply_seconds=REPLY, steady_seconds=STEADY, **settings)
        self.session = KalshiSession(patience, stream(1, "kalshi"))
        self.now = START
        for ticker in watch:
            self.session.watch(ticker)
        self.session.connect(self.now)
        self.session.opened(self.now)

    def sent(self):
        return [json.loads(command) for command in self.session.to_send()]

    def say(self, *frames):
        return [event for frame in frames for event in self.session.receive(frame, self.now)]

    def later(self, seconds):
        self.now += round(seconds * SECOND)
        return list(self.session.tick(self.now))

    def live(self):
        """Subscribed to everything, the book on sid 1."""
        for each in self.sent():
            self.say(subscribed(each["params"]["channels"][0], each["id"], each["id"]))
        self.say(snapshot(1))
        assert self.session.state == "live"
        return self


def subscriptions(commands, channel="orderbook_delta"):
    """The markets of each subscribe among the commands."""
    return [
        each["params"]["market_tickers"]
        for each in commands
        if each["cmd"] == "subscribe" and each["params"]["channels"] == [channel]
    ]


def books_ended(line, times):
    """The pauses in seconds before each new subscription, where the venue ends each at once."""
    pauses, sid = [], 1
    for _ in range(times):
        line.say(error(10, sid=sid))
        waited = 0
        while not (again := line.sent()):
            line.later(1)
            line.say(index(1 + waited, sid=5))
            waited += 1
        pauses.append(waited)
        sid += 20
        line.say(subscribed("orderbook_delta", sid, again[0]["id"]))
    return pauses


# --- time ---


def test_a_book_whose_channel_ended_does_not_keep_the_session_awake():
    """The next wake-up lies ahead, though the book was asked for and is still not there."""
    line = Line().live()
    line.say(error(10, sid=1))
    (again,) = line.sent()
    line.say(subscribed("orderbook_delta", 21, again["id"]), snapshot(1, sid=21))
    line.say(delta(9, sid=21))
    assert "get_snapshot" in str(line.sent())
    line.say(error(10, sid=21))
    for _ in range(9):
        assert line.later(1) == []
        assert line.session.wake_at() > line.now
        assert line.sent() == []
    line.later(1)
    assert subscriptions(line.sent()) == [[TICKER]]


def test_a_lost_answer_to_the_probe_does_not_shorten_the_next_silence():
    line = Line(silence_seconds=30).live()
    line.later(15)
    assert [each["cmd"] for each in line.sent()] == ["list_subscriptions"]
    line.say(index(1, sid=5))
    line.later(14)
    assert line.sent() == []
    line.later(1)
    assert [each["cmd"] for each in line.sent()] == ["list_subscriptions"]


def test_a_channel_that_ends_again_and_again_is_subscribed_to_ever_more_slowly():
    assert books_ended(Line().live(), 7) == [0, 10, 20, 40, 80, 160, 160]


def test_after_a_calm_time_trouble_is_answered_at_once_again():
    line = Line().live()
    books_ended(line, 3)
    for second in range(STEADY):
        line.later(1)
        line.say(index(1_000 + second, sid=5))
        line.sent()
    line.say(error(10, sid=61))
    assert subscriptions(line.sent()) == [[TICKER]]


def test_pauses_grow_even_where_no_calm_is_asked_for():
    session = KalshiSession(SessionSettings(steady_seconds=0), stream(1, "kalshi"))
    line = Line()
    session.watch(TICKER)
    session.connect(START)
    session.opened(START)
    line.session = session
    assert books_ended(line.live(), 3) == [0, 10, 20]


# --- replies out of the ordinary ---


def test_a_channel_that_the_venue_closes_unasked_is_subscribed_to_again():
    line = Line().live()
    events = line.say(encode({"id": 77, "sid": 1, "seq": 2, "type": "unsubscribed"}))
    assert events == [FeedLost(START, START, feeds.BOOK, "ended by the venue")]
    assert subscriptions(line.sent()) == [[TICKER]]
    assert line.session.state == "subscribing"


def test_a_second_sid_for_a_channel_starts_over():
    """Frames of both would come, and only one sid can be believed."""
    line = Line().live()
    events = line.say(subscribed("orderbook_delta", 40, 1))
    assert any(isinstance(event, FeedLost) for event in events)
    assert (line.session.state, line.session.gone) == ("waiting", True)


def test_an_ok_that_tells_no_sid_starts_over_instead_of_asking_in_circles():
    line = Line()
    line.sent()
    events = line.say(ok(1, sid=9, seq=4))
    assert [event.reason for event in events] == ["no sid for orderbook_delta"]
    assert line.session.state == "waiting"


def test_an_ok_to_a_repeated_subscribe_confirms_the_sid_that_came_late():
    line = Line()
    line.sent()
    line.say(index(1, sid=5))
    line.later(REPLY)
    again = next(each for each in line.sent() if "orderbook_delta" in str(each))
    line.say(subscribed("orderbook_delta", 1, 1))
    assert line.say(ok(again["id"], sid=1, seq=1)) == []
    assert line.session._subscriptions["orderbook_delta"].told == {TICKER: None}


def test_replies_to_nothing_say_nothing():
    line = Line().live()
    gone = encode({"id": 5, "sid": 99, "seq": 1, "type": "unsubscribed"})
    assert line.say(ok(99), ok(98, sid=99, seq=1), gone, subscribed("pyth_value", 99)) == []
    assert line.session.state == "live"


# --- markets that are refused ---


def test_of_several_refused_markets_only_the_one_to_blame_is_left_out():
    line = Line(watch=(NEXT, TICKER))
    (both,) = subscriptions(first := line.sent())
    assert both == [NEXT, TICKER]
    assert first[0]["id"] == 1
    (refused,) = line.say(error(11, id_=1))
    assert isinstance(refused, RequestRefused)
    (one,) = line.sent()
    assert subscriptions([one]) == [[NEXT]]
    line.say(error(11, id_=one["id"]))
    (other,) = line.sent()
    assert subscriptions([other]) == [[TICKER]]
    line.say(subscribed("orderbook_delta", 1, other["id"]), snapshot(1))
    assert line.sent() == []


def test_a_new_connection_asks_for_refused_markets_again():
    line = Line(watch=(NEXT, TICKER))
    line.sent()
    line.say(error(11, id_=1))
    line.session.dropped(line.now, "gone")
    line.session.connect(line.now)
    line.session.opened(line.now)
    assert subscriptions(line.sent()) == [[NEXT, TICKER]]


@pytest.mark.parametrize("code", range(1, 30))
def test_no_error_code_is_answered_in_circles(code):
    """Every command of the book is refused with the same code: a handful of attempts a minute."""
    line, attempts = Line(watch=(TICKER, NEXT)), 0
    for second in range(60):
        for _ in range(50):
            commands = line.sent()
            if not commands:
                break
            for each in commands:
                if "orderbook_delta" in str(each):
                    attempts += 1
                    line.say(error(code, id_=each["id"]))
                elif each["cmd"] == "subscribe":
                    channel = each["params"]["channels"][0]
                    line.say(subscribed(channel, each["id"] + 10, each["id"]))
        else:
            pytest.fail("asked in circles")
        line.say(index(1 + second, sid=15))
        line.later(1)
    assert attempts <= 8
