"""A session subscribes to what is wanted, mends what is lost, and knows when to give up."""

import pytest

from kalshi_assistant.domain.events import (
    BookDelta,
    BookSnapshot,
    FeedBack,
    FeedLost,
    Gap,
    RequestRefused,
)
from kalshi_assistant.domain.time import SECOND
from kalshi_assistant.engine import feeds
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
from tests.support.session_line import CHANNELS, START, Line, actions, kinds

# --- subscribing ---


def test_a_connection_subscribes_to_everything_wanted_one_channel_a_command():
    line = Line()
    assert line.session.state == "idle"
    assert line.session.wants_connection(line.now)
    assert line.open() == [FeedBack(START, START, feeds.SOCKET)]
    commands = line.sent()
    assert [each["id"] for each in commands] == [1, 2, 3, 4, 5, 6]
    params = {each["params"].pop("channels")[0]: each["params"] for each in commands}
    assert params == {
        "orderbook_delta": {"market_tickers": [TICKER], "use_yes_price": False},
        "trade": {"market_tickers": [TICKER]},
        "ticker": {"market_tickers": [TICKER], "send_initial_snapshot": True},
        "market_lifecycle_v2": {},
        "cfbenchmarks_value": {"index_ids": ["BRTI"]},
        "cfbenchmarks_value_5hz": {"index_ids": ["BRTI"]},
    }
    assert line.sent() == []


def test_a_feed_is_back_when_its_first_channel_is_subscribed():
    line = Line()
    line.open()
    assert line.session.state == "subscribing"
    back = line.accept()
    assert kinds(back) == [FeedBack] * 5
    assert [event.feed for event in back] == [
        feeds.BOOK,
        feeds.TRADES,
        feeds.QUOTES,
        feeds.LIFECYCLE,
        feeds.INDEX,
    ]
    assert line.session.state == "live"


def test_private_channels_are_subscribed_to_where_wanted():
    line = Line(private_channels=True)
    line.open()
    channels = [each["params"]["channels"][0] for each in line.sent()]
    assert channels[6:] == ["fill", "user_orders", "market_positions", "order_group_updates"]


def test_yes_prices_are_asked_for_and_read_alike():
    line = Line(use_yes_price=True)
    line.open()
    book = line.sent()[0]["params"]
    assert book["use_yes_price"] is True
    line.say(subscribed("orderbook_delta", 1))
    (event,) = line.say(snapshot(1))
    assert event.asks == ((4_400, 400),)


def test_without_a_market_the_market_channels_wait():
    line = Line(watch=())
    line.open()
    assert [each["params"]["channels"][0] for each in line.sent()] == list(CHANNELS[3:])
    line.say(*(subscribed(name, sid, sid) for sid, name in enumerate(CHANNELS[3:], 1)))
    assert line.session.state == "live"
    line.session.watch(TICKER)
    assert line.session.state == "subscribing"
    assert [each["params"]["channels"][0] for each in line.sent()] == list(CHANNELS[:3])


# --- rolling ---


def test_the_next_market_joins_and_the_last_one_leaves():
    line = Line()
    book = line.live()
    line.session.watch(NEXT)
    joins = line.sent()
    assert [verb for verb, _ in actions(joins)] == ["add_markets"] * 3
    assert joins[0]["params"] == {
        "sids": [book],
        "market_tickers": [NEXT],
        "action": "add_markets",
    }
    line.say(ok(joins[0]["id"], book, 2), snapshot(3, ticker=NEXT, sid=book))
    assert kinds(line.say(delta(4, sid=book), delta(5, ticker=NEXT, sid=book))) == [BookDelta] * 2
    line.session.unwatch(TICKER)
    (leave,) = line.sent()
    assert actions([leave])[0][0] == "delete_markets"
    assert line.say(delta(6, sid=book)) == []
    assert line.session.watched == (NEXT,)


def test_one_command_per_channel_is_under_way_and_the_rest_follows_its_answer():
    line = Line(watch=())
    line.open()
    line.sent()
    line.session.watch(TICKER)
    first = line.sent()
    line.session.watch(NEXT)
    line.session.unwatch(TICKER)
    assert line.sent() == []
    line.say(subscribed("orderbook_delta", 7, first[0]["id"]))
    (added,) = line.sent()
    assert added["params"]["market_tickers"] == [NEXT]
    line.say(ok(added["id"], 7, 1))
    (dropped,) = line.sent()
    assert dropped["params"] == {
        "sids": [7],
        "market_tickers": [TICKER],
        "action": "delete_markets",
    }


def test_without_markets_the_channel_is_closed_rather_than_left_unfiltered():
    line = Line()
    book = line.live()
    line.session.unwatch(TICKER)
    closing = line.sent()
    assert [each["cmd"] for each in closing] == ["unsubscribe"] * 3
    assert closing[0]["params"] == {"sids": [book]}
    reply = {"id": closing[0]["id"], "sid": book, "seq": 2, "type": "unsubscribed"}
    assert line.say(encode(reply)) == []
    line.session.watch(NEXT)
    assert line.sent()[0]["cmd"] == "subscribe"


def test_watching_twice_and_unwatching_what_is_not_watched_say_nothing():
    line = Line()
    line.live()
    line.session.watch(TICKER)
    line.session.unwatch(NEXT)
    assert line.sent() == []


# --- books ---


def test_a_gap_asks_for_the_books_once_and_their_snapshots_mend_them():
    line = Line(watch=(TICKER, NEXT))
    line.open()
    line.accept()
    book = line.sid("orderbook_delta")
    line.say(snapshot(1, sid=book), snapshot(2, ticker=NEXT, sid=book))
    assert kinds(line.say(delta(9, sid=book), delta(10, sid=book))) == [Gap]
    (asked,) = line.sent()
    assert asked["params"]["action"] == "get_snapshot"
    assert asked["params"]["market_tickers"] == [TICKER, NEXT]
    assert kinds(line.say(snapshot(11, sid=book))) == [BookSnapshot]
    assert line.sent() == []
    assert line.session.withheld == 2


def test_a_book_that_does_not_come_is_asked_for_again_and_then_given_up():
    line = Line(reply_seconds=5, attempts=3)
    book = line.live()
    line.say(delta(9, sid=book))
    asked = []
    for second in range(120):
        events = line.later(1)
        line.say(delta(10 + second, sid=book))
        asked += [second for each in line.sent() if "get_snapshot" in str(each)]
        if events:
            break
    assert len(asked) == 3
    assert events[0] == FeedLost(line.now, line.now, feeds.SOCKET, f"no snapshot of {TICKER}")
    assert line.session.state == "waiting"


def test_a_book_that_never_came_is_asked_for_patiently():
    """Its market may not be served yet: no reason to give up the connection."""
    line = Line(reply_seconds=5, attempts=2)
    line.open()
    line.accept()
    asked = 0
    for seq in range(1, 601):
        assert line.later(1) == []
        line.say(index(seq, millis=(START // SECOND + seq) * 1_000, sid=5))
        asked += sum("get_snapshot" in str(each) for each in line.sent())
    assert 10 <= asked <= 25
    assert line.session.state == "live"


def test_the_engine_can_ask_for_a_book_anew():
    line = Line()
    book = line.live()
    line.session.resync(TICKER, "a level below zero")
    (asked,) = line.sent()
    assert asked["params"] == {
        "sids": [book],
        "market_tickers": [TICKER],
        "action": "get_snapshot",
    }
    assert line.say(delta(2, sid=book)) == []
    assert kinds(line.say(snapshot(3, sid=book), delta(4, sid=book))) == [BookSnapshot, BookDelta]
    line.session.resync("KXBTC15M-UNKNOWN", "nobody follows it")
    assert line.sent() == []


# --- refusals ---


def test_a_channel_that_does_not_exist_is_not_asked_for_again():
    line = Line()
    line.open()
    commands = line.sent()
    line.say(*(subscribed(name, sid, sid) for sid, name in enumerate(CHANNELS[:5], 1)))
    (event,) = line.say(error(8, id_=6))
    assert event == RequestRefused(
        *(line.now, line.now, feeds.INDEX, "subscribe cfbenchmarks_value_5hz", "8"),
        message="error 8",
        final=True,
    )
    assert len(commands) == 6
    assert line.session.state == "live"
    line.later(10)
    assert all(each["cmd"] != "subscribe" for each in line.sent())


def test_a_market_that_is_refused_is_not_asked_for_again():
    line = Line()
    book = line.live()
    line.session.watch(NEXT)
    (first, *_) = line.sent()
    assert kinds(line.say(error(26, first["id"], book, 2))) == [RequestRefused]
    assert line.sent() == []


@pytest.mark.parametrize("code", [1, 18, 27])
def test_an_error_of_the_moment_is_answered_at_once_and_then_after_pauses(code):
    line = Line(watch=(), reply_seconds=5)
    line.open()
    line.sent()
    refusals, sent_at = [error(code, id_=1)], []
    for second in range(60):
        line.say(*refusals)
        refusals = []
        for each in line.sent():
            if each.get("params", {}).get("channels") == ["market_lifecycle_v2"]:
                sent_at.append(second)
                refusals.append(error(code, id_=each["id"]))
            elif each["cmd"] == "subscribe":
                refusals.append(subscribed(each["params"]["channels"][0], each["id"], each["id"]))
        line.later(1)
    assert sent_at[0] == 0
    assert 3 <= len(sent_at) <= 5


@pytest.mark.parametrize("code", [10, 25])
def test_a_channel_that_the_venue_ended_is_subscribed_to_again(code):
    line = Line()
    book = line.live()
    refused, lost = line.say(error(code, sid=book))
    assert (refused.code, refused.final) == (str(code), False)
    assert lost == FeedLost(line.now, line.now, feeds.BOOK, f"error {code}")
    assert line.session.state == "subscribing"
    (again,) = line.sent()
    assert again["params"]["channels"] == ["orderbook_delta"]
    assert line.say(delta(2, sid=book)) == []
    back = line.say(subscribed("orderbook_delta", 40, again["id"]), snapshot(1, sid=40))
    assert kinds(back) == [FeedBack, BookSnapshot]
    assert line.session.state == "live"


def test_one_of_two_index_channels_ending_does_not_lose_the_index():
    line = Line()
    line.live()
    assert kinds(line.say(error(10, sid=line.sid("cfbenchmarks_value_5hz")))) == [RequestRefused]


def test_an_overflow_of_nothing_in_particular_ends_the_connection():
    line = Line()
    line.live()
    assert kinds(line.say(error(25)))[:2] == [RequestRefused, FeedLost]
    assert line.session.gone


def test_a_sid_the_venue_does_not_know_is_forgotten():
    line = Line()
    book = line.live()
    line.session.watch(NEXT)
    (first, *_) = line.sent()
    assert kinds(line.say(error(7, id_=first["id"]))) == [RequestRefused, FeedLost]
    (again,) = line.sent()
    assert again["params"]["market_tickers"] == [TICKER, NEXT]
    assert line.sid("orderbook_delta") is None
    assert book is not None


def test_a_refused_request_for_a_book_is_repeated_by_time():
    line = Line(reply_seconds=5)
    book = line.live()
    line.say(delta(9, sid=book))
    (asked,) = line.sent()
    (refused,) = line.say(error(11, asked["id"], book, 10))
    assert not refused.final
    line.later(5)
    assert "get_snapshot" in str(line.sent())


# --- time ---


def test_a_command_without_an_answer_is_repeated_and_then_the_connection_given_up():
    line = Line(watch=(), reply_seconds=5, attempts=3)
    line.open()
    sendings = 0
    for second in range(40):
        commands = line.sent()
        sendings += any("market_lifecycle_v2" in str(each) for each in commands)
        line.say(*(subscribed("cfbenchmarks_value", 2, each["id"]) for each in commands[1:2]))
        line.say(index(second + 1, millis=(START // SECOND + second) * 1_000, sid=2))
        if events := line.later(1):
            break
    assert sendings == 3
    assert (events[0].feed, events[0].reason) == (
        feeds.SOCKET,
        "no answer to subscribe market_lifecycle_v2",
    )


def test_a_quiet_connection_is_asked_to_say_something_and_lives():
    line = Line(silence_seconds=30)
    line.live()
    for _ in range(10):
        assert line.later(15) == []
        probes = [each for each in line.sent() if each["cmd"] == "list_subscriptions"]
        assert len(probes) == 1
        line.say(ok(probes[0]["id"], msg=[]))
    assert line.session.state == "live"


def test_a_silent_connection_is_given_up():
    line = Line(silence_seconds=30)
    line.live()
    assert line.later(15) == []
    assert line.later(14.9) == []
    lost = line.later(0.1)
    assert [event.reason for event in lost] == ["silent for 30 s"] * 6
    assert line.session.gone


def test_wake_at_is_when_the_next_thing_happens():
    line = Line(silence_seconds=30, reply_seconds=5)
    assert line.session.wake_at() is None
    line.open()
    assert line.session.wake_at() == START + 5 * SECOND
    line.accept()
    line.say(snapshot(1, sid=line.sid("orderbook_delta")))
    assert line.session.wake_at() == START + 15 * SECOND
    line.session.dropped(line.now, "gone")
    assert START < line.session.wake_at() <= START + SECOND // 2


# --- replies to nothing in particular ---


def test_replies_that_answer_nothing_change_nothing():
    line = Line()
    book = line.live()
    listed = {"sid": 5, "seq": 1, "msg": {"index_ids": ["BRTI"]}}
    strays = [
        subscribed("pyth_value", 90, 77),
        ok(78, book, 2),
        error(5, id_=79),
        encode({"type": "unsubscribed", "id": 80, "sid": 91}),
        encode({"type": "cfbenchmarks_value_indexlist", **listed}),
    ]
    assert [event.feed for event in line.say(*strays)] == [feeds.SOCKET]
    assert line.session.state == "live"
    assert line.sent() == []


def test_a_refused_farewell_is_not_repeated():
    line = Line(watch=(TICKER, NEXT))
    line.open()
    line.accept()
    line.session.unwatch(NEXT)
    (leave, *_) = line.sent()
    assert leave["params"]["action"] == "delete_markets"
    assert kinds(line.say(error(11, leave["id"]))) == [RequestRefused]
    line.session.unwatch(TICKER)
    (close, *_) = line.sent()
    assert close["cmd"] == "unsubscribe"
    assert kinds(line.say(error(11, close["id"]))) == [RequestRefused]
    line.session.watch(NEXT)
    assert line.sent()[0]["cmd"] == "subscribe"


def test_a_late_answer_to_a_repeated_subscribe_is_taken():
    line = Line(watch=(), reply_seconds=5)
    line.open()
    first = line.sent()[0]["id"]
    line.later(5)
    (back,) = line.say(subscribed("market_lifecycle_v2", 3, first))
    assert back.feed == feeds.LIFECYCLE
    repeated = next(each for each in line.sent() if "market_lifecycle_v2" in str(each))
    assert line.say(subscribed("market_lifecycle_v2", 3, repeated["id"])) == []
    assert line.sid("market_lifecycle_v2") == 3
