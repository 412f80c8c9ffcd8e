"""What each of the eight spot servers says, when, and when it has had enough."""

import json

import pytest

from kalshi_assistant.domain.time import MILLISECOND, SECOND
from kalshi_assistant.sim.spot.served import document, serve
from kalshi_assistant.venues.spot.wire import SpotMoved, SpotReplaced
from tests.support.spot_frames import KRAKEN_ASKS, KRAKEN_BIDS, KRAKEN_CHECKSUM
from tests.support.spot_lines import COIN, MID, NOW, WIRES, Chance, ServedBook

TEN = 10_000 * 10


def ladder(levels=60):
    """Ten dollars between levels; the size of the n-th is n/100 bitcoin."""
    return ServedBook(
        [(MID - TEN * place, COIN // 100 * place) for place in range(1, levels + 1)],
        [(MID + TEN * place, COIN // 100 * place) for place in range(1, levels + 1)],
    )


SUBSCRIBE = {
    "coinbase": {"type": "subscribe", "product_ids": ["BTC-USD"], "channel": "level2"},
    "kraken": {
        "method": "subscribe",
        "params": {"channel": "book", "symbol": ["BTC/USD"], "depth": 10},
        "req_id": 2,
    },
    "bitstamp": {"event": "bts:subscribe", "data": {"channel": "diff_order_book_btcusd"}},
    "gemini": {"id": "1", "method": "subscribe", "params": ["btcusd@depth@100ms"]},
    "gemini l2": {
        "type": "subscribe",
        "subscriptions": [{"name": "l2", "symbols": ["BTCUSD"]}],
    },
    "cryptocom": {
        "id": 1,
        "method": "subscribe",
        "params": {
            "channels": ["book.BTC_USD.50"],
            "book_subscription_type": "SNAPSHOT_AND_UPDATE",
        },
    },
    "bullish": {
        "jsonrpc": "2.0",
        "type": "command",
        "method": "subscribe",
        "params": {"topic": "l2Orderbook", "symbol": "BTCUSD"},
        "id": "1",
    },
    "lmax": {
        "type": "SUBSCRIBE",
        "channels": [{"name": "ORDER_BOOK", "instruments": ["btc-usd"]}],
    },
}


def encoded(said):
    return json.dumps(said, separators=(",", ":")).encode()


class Client:
    """A client that says what it is told to and reads JSON."""

    def __init__(self, kind, book=None):
        self.book = ladder() if book is None else book
        self.server = serve(kind.split()[0], self.book)
        self.kind, self.now = kind, NOW
        self.first = self.read(self.server.opened(NOW))

    def read(self, frames):
        return [json.loads(frame) for frame in frames]

    def say(self, said, after=0):
        self.now += after
        return self.read(self.server.receive(encoded(said), self.now))

    def subscribe(self, **changed):
        return self.say(SUBSCRIBE[self.kind] | changed)

    def unsubscribe(self):
        text = encoded(SUBSCRIBE[self.kind]).decode()
        for word in ("subscribe", "SUBSCRIBE"):
            un = "un" if word.islower() else "UN"
            text = text.replace(f'"{word}"', f'"{un}{word}"').replace(f":{word}", f":{un}{word}")
        return self.say(json.loads(text))

    def move(self, *changes, after=SECOND):
        self.now += after
        return self.read(self.server.publish(self.book.move(changes), self.now))

    def tick(self, after=SECOND):
        self.now += after
        return self.read(self.server.tick(self.now))


def subscribed(kind, book=None):
    client = Client(kind, book)
    client.subscribe()
    return client


BID, ASK = MID - TEN, MID + TEN


# --- Coinbase ---


def test_coinbase_numbers_all_frames_of_a_connection():
    client = Client("coinbase")
    snapshot, told = client.subscribe()
    assert snapshot["events"][0]["type"] == "snapshot"
    assert len(snapshot["events"][0]["updates"]) == 120
    assert told["events"] == [{"subscriptions": {"level2": ["BTC-USD"]}}]
    (beats,) = client.say({"type": "subscribe", "channel": "heartbeats"})
    (moved,) = client.move((0, BID, 0), (1, ASK, 35_000_000), after=0)
    assert moved["events"] == [
        {
            "type": "update",
            "product_id": "BTC-USD",
            "updates": [
                {"side": "bid", "event_time": "2026-09-21T14:13:20.000Z",
                 "price_level": "83990.00", "new_quantity": "0"},
                {"side": "offer", "event_time": "2026-09-21T14:13:20.000Z",
                 "price_level": "84010.00", "new_quantity": "0.35"},
            ],
        }
    ]  # fmt: skip
    (beat,) = client.tick()
    assert beat["channel"] == "heartbeats"
    assert beat["events"][0]["heartbeat_counter"] == 1
    assert client.tick(after=0) == []
    frames = (snapshot, told, beats, moved, beat)
    assert [frame["sequence_num"] for frame in frames] == [0, 1, 2, 3, 4]
    client.say({"type": "unsubscribe", "channel": "heartbeats"})
    assert client.tick() == []


def test_coinbase_closes_a_client_that_asks_for_nothing_in_five_seconds():
    client = Client("coinbase")
    client.tick(after=5 * SECOND - 1)
    assert not client.server.closed
    client.say({"type": "rubbish"})
    client.tick(after=1)
    assert client.server.closed
    assert client.subscribe() == client.move((0, BID, 1)) == client.tick() == []


def test_coinbase_closes_channels_without_traffic_and_heartbeats_are_traffic():
    client = subscribed("coinbase")
    client.tick(after=90 * SECOND - 1)
    assert not client.server.closed
    client.tick(after=1)
    assert client.server.closed
    client = subscribed("coinbase")
    client.say({"type": "subscribe", "channel": "heartbeats"})
    assert all(len(client.tick()) == 1 for _ in range(300))
    assert not client.server.closed


# --- Kraken ---


def test_kraken_gives_the_published_checksum_and_every_digit():
    def side(levels):
        return [(round(float(price) * 10_000), round(float(size) * COIN)) for price, size in levels]

    server = serve("kraken", ServedBook(side(KRAKEN_BIDS), side(KRAKEN_ASKS)))
    server.opened(NOW)
    _, snapshot = server.receive(encoded(SUBSCRIBE["kraken"]), NOW)
    assert json.loads(snapshot)["data"][0]["checksum"] == KRAKEN_CHECKSUM
    assert b'{"price":45281.0,"qty":0.10000000}' in snapshot


def test_kraken_tells_its_state_and_the_pairs_decimals():
    client = Client("kraken")
    assert client.first[0]["data"][0]["system"] == "online"
    ask = {"method": "subscribe", "params": {"channel": "instrument"}, "req_id": 1}
    answer, snapshot = client.say(ask)
    assert (answer["success"], answer["req_id"]) == (True, 1)
    (pair,) = snapshot["data"]["pairs"]
    assert (pair["symbol"], pair["price_precision"], pair["qty_precision"]) == ("BTC/USD", 1, 8)


@pytest.mark.parametrize("depth", [10, 25])
def test_kraken_goes_as_deep_as_asked_and_tells_what_comes_into_the_depth(depth):
    client = Client("kraken")
    _, snapshot = client.subscribe(params=SUBSCRIBE["kraken"]["params"] | {"depth": depth})
    assert [len(snapshot["data"][0][side]) for side in ("bids", "asks")] == [depth, depth]
    beyond, edge = MID - TEN * (depth + 1), MID - TEN * depth
    assert client.move((0, beyond, 7 * COIN)) == []
    (moved,) = client.move((0, edge, 0))
    assert moved["data"][0]["bids"] == [
        {"price": edge / 10_000, "qty": 0.0},
        {"price": beyond / 10_000, "qty": 7.0},
    ]
    assert moved["data"][0]["asks"] == []


def test_kraken_refuses_a_second_subscription_beside_a_living_one():
    client = subscribed("kraken")
    (refused,) = client.subscribe()
    assert (refused["success"], refused["error"], refused["req_id"]) == (
        False,
        "Already subscribed",
        2,
    )
    (done,) = client.unsubscribe()
    assert done["success"] is True
    (gone,) = client.unsubscribe()
    assert (gone["success"], gone["error"]) == (False, "Subscription Not Found")
    assert len(client.subscribe()) == 2


def test_kraken_beats_when_it_has_nothing_else_to_say():
    client = Client("kraken")
    assert client.tick() == []
    client.subscribe()
    client.move((0, BID, COIN), after=900 * MILLISECOND)
    assert client.tick(after=900 * MILLISECOND) == []
    assert client.tick(after=100 * MILLISECOND) == [{"channel": "heartbeat"}]
    assert client.say({"method": "ping", "req_id": 4})[0]["method"] == "pong"


# --- Bitstamp ---


def test_bitstamp_stamps_changes_in_microseconds_and_documents_just_before():
    client = subscribed("bitstamp")
    (moved,) = client.move((0, BID, 40_000_000), (1, ASK, 0), after=123_456_000)
    assert moved["data"] == {
        "timestamp": "1790000000",
        "microtimestamp": "1790000000123456",
        "bids": [["83990", "0.40000000"]],
        "asks": [["84010", "0.00000000"]],
    }
    status, body = document("bitstamp", client.book, client.now)
    told = json.loads(body)
    assert (status, told["microtimestamp"]) == (200, "1790000000123455")
    assert (told["bids"][0], len(told["asks"])) == (["83990", "0.40000000"], 59)
    (pong,) = client.say({"event": "bts:heartbeat"})
    assert pong["data"] == {"status": "success"}


def test_bitstamp_lays_later_changes_upon_an_older_document():
    """Also changes of the very microsecond the document is of, on either side of it."""
    book = ladder()
    server, wire = serve("bitstamp", book), WIRES["bitstamp"]()
    wire.opened(NOW)
    for command in wire.to_send(NOW):
        server.receive(command.encode(), NOW)

    def moved(size, now):
        changes = book.move([(0, BID, size)])
        return [fact for each in server.publish(changes, now) for fact in wire.receive(each, now)]

    later = NOW + SECOND
    moved(1, NOW)
    moved(2, later)
    old = document("bitstamp", book, later)
    moved(3, later)
    moved(4, later + 5)
    (replaced,) = wire.take_document(*old, later + 9)
    assert isinstance(replaced, SpotReplaced)
    assert replaced.bids[0] == (BID, 4)
    (fact,) = moved(5, later + 9)
    assert isinstance(fact, SpotMoved)


# --- Gemini ---


def test_gemini_numbers_every_change_and_the_first_frame_is_the_book():
    client = Client("gemini")
    answer, snapshot = client.subscribe()
    assert answer == {"id": "1", "status": 200}
    assert (len(snapshot["b"]), len(snapshot["a"]), snapshot["E"]) == (60, 60, NOW)
    assert snapshot["b"][0] == ["83990.00", "0.01"]
    (one,) = client.move((0, BID, 0), (1, ASK, 20_000_000))
    (two,) = client.move((1, ASK, 0))
    assert (one["b"], one["a"]) == ([["83990.00", "0"]], [["84010.00", "0.2"]])
    assert one["U"] == snapshot["u"] + 1
    assert (one["u"] - one["U"], two["U"] - one["u"], two["u"]) == (1, 1, two["U"])
    assert client.subscribe() == [answer]
    assert client.unsubscribe() == [answer]
    assert len(client.subscribe()) == 2


def test_gemini_speaks_as_of_old_to_those_who_do():
    client = Client("gemini l2")
    (snapshot,) = client.subscribe()
    assert (len(snapshot["changes"]), snapshot["trades"]) == (120, [])
    assert snapshot["changes"][60] == ["sell", "84010.00", "0.01"]
    (moved,) = client.move((0, BID, 0))
    assert moved == {
        "type": "l2_updates",
        "symbol": "BTCUSD",
        "changes": [["buy", "83990.00", "0"]],
    }
    assert client.tick(after=5 * SECOND)[0]["type"] == "heartbeat"
    assert client.tick(after=4 * SECOND) != []
    assert client.unsubscribe() == client.tick(after=9 * SECOND) == []


# --- Crypto.com ---


def test_cryptocom_names_the_frame_before():
    client = Client("cryptocom", ladder(80))
    (snapshot,) = client.subscribe()
    data = snapshot["result"]["data"][0]
    assert (snapshot["id"], len(data["bids"]), len(data["asks"])) == (1, 50, 50)
    assert data["asks"][0] == ["84010.00", "0.01", "1"]
    (one,) = client.move((1, ASK, 0))
    update = one["result"]["data"][0]
    assert (one["id"], one["result"]["channel"]) == (-1, "book.update")
    assert update["update"]["asks"] == [["84010.00", "0", "0"], ["84510.00", "0.51", "1"]]
    assert update["pu"] == data["u"]
    assert client.move((1, MID + 60 * TEN, COIN)) == []
    (two,) = client.move((0, BID, COIN))
    assert two["result"]["data"][0]["pu"] == update["u"]
    (empty,) = client.tick(after=5 * SECOND)
    assert empty["result"]["data"][0]["update"] == {"bids": [], "asks": []}
    assert client.subscribe() == [{"id": 1, "method": "subscribe", "code": 0}]


def test_cryptocom_closes_a_client_that_does_not_answer_heartbeats():
    client = Client("cryptocom")
    (beat,) = client.tick(after=30 * SECOND)
    assert beat["method"] == "public/heartbeat"
    assert client.say({"id": beat["id"] + 1, "method": "public/respond-heartbeat"})[0]["code"]
    assert client.say({"id": beat["id"], "method": "public/respond-heartbeat"}) == []
    client.tick(after=6 * SECOND)
    assert not client.server.closed
    assert client.tick(after=24 * SECOND)
    client.tick(after=5 * SECOND)
    assert not client.server.closed
    client.tick(after=1)
    assert client.server.closed
    assert client.subscribe() == client.tick(after=60 * SECOND) == []


# --- Bullish ---


def test_bullish_sends_whole_books_and_at_most_ten_a_second():
    client = Client("bullish", ladder(120))
    answer, book = client.subscribe()
    assert answer["result"]["responseCode"] == "200"
    assert (book["dataType"], len(book["data"]["bids"])) == ("V1TALevel2", 200)
    assert book["data"]["asks"][:4] == ["84010.0", "0.01", "84020.0", "0.02"]
    assert client.move((0, BID, 50_000_000), after=99 * MILLISECOND) == []
    assert client.move((1, ASK, 2 * COIN), after=0) == []
    (later,) = client.tick(after=MILLISECOND)
    assert later["data"]["bids"][:2] == ["83990.0", "0.5"]
    assert later["data"]["asks"][:2] == ["84010.0", "2.0"]
    assert later["data"]["sequenceNumberRange"] == [1, 2]
    assert client.tick() == []
    frames = [frame for _ in range(100) for frame in client.move((0, BID, 1), after=SECOND // 50)]
    assert len(frames) == 20


def test_bullish_closes_a_client_that_sends_nothing():
    client = subscribed("bullish")
    client.tick(after=100 * SECOND)
    (pong,) = client.say({"method": "keepalivePing", "params": {}, "id": "9"})
    assert pong["id"] == "9"
    client.tick(after=100 * SECOND)
    assert not client.server.closed
    client.tick(after=1)
    assert client.server.closed
    assert client.move((0, BID, 1)) == client.subscribe() == []


# --- Paxos ---


@pytest.mark.parametrize(("levels", "parts"), [(0, 1), (1, 1), (500, 1), (501, 2), (1_200, 3)])
def test_paxos_gives_its_snapshot_unasked_and_in_parts(levels, parts):
    client = Client("paxos", ladder(levels))
    assert [part["final_snapshot"] for part in client.first] == [False] * (parts - 1) + [True]
    assert sum(len(part["bids"]) + len(part["asks"]) for part in client.first) == 2 * levels


def test_paxos_tells_one_level_at_a_time():
    client = Client("paxos")
    assert client.move((0, BID, 0), (1, ASK, 70_000_000)) == [
        {"type": "UPDATE", "market": "BTCUSD", "side": "BUY", "price": "83990.00", "amount": "0"},
        {"type": "UPDATE", "market": "BTCUSD", "side": "SELL", "price": "84010.00",
         "amount": "0.7"},
    ]  # fmt: skip
    status, body = document("paxos", client.book, client.now)
    told = json.loads(body)
    assert (status, len(told["bids"]), len(told["asks"])) == (200, 59, 60)
    assert told["asks"][0] == {"price": "84010.00", "amount": "0.7"}


# --- LMAX ---


def test_lmax_gives_twenty_levels_once_a_second():
    client = Client("lmax")
    told, book = client.subscribe()
    assert told["type"] == "SUBSCRIPTIONS"
    assert (len(book["bids"]), len(book["asks"])) == (20, 20)
    assert book["asks"][0] == {"price": "84010.00", "quantity": "0.01"}
    frames = [
        frame for size in range(1, 51) for frame in client.move((0, BID, size * COIN), after=10**8)
    ]
    assert [frame["bids"][0]["quantity"] for frame in frames] == [
        f"{size}.00" for size in (10, 20, 30, 40, 50)
    ]
    assert len(client.tick()) == 1


# --- what they have in common ---

RESUBSCRIBED = {"coinbase": 2, "kraken": 2, "bitstamp": 1, "gemini": 2, "gemini l2": 1,
                "cryptocom": 1, "bullish": 2, "lmax": 2}  # fmt: skip
"""Frames that answer a subscription after an end of one, the book among them."""


@pytest.mark.parametrize("kind", SUBSCRIBE)
def test_an_end_of_the_subscription_ends_the_flow_and_a_new_one_brings_the_book_again(kind):
    client = subscribed(kind)
    assert client.move((0, BID, COIN))
    client.unsubscribe()
    assert client.move((0, BID, 2 * COIN)) == []
    again = client.subscribe()
    assert len(again) == RESUBSCRIBED[kind]
    if kind != "bitstamp":
        assert any(word in json.dumps(again) for word in ('"2"', '"2.0"', '"2.00"', '"qty": 2.0'))
    assert client.move((0, BID, 3 * COIN))


def test_a_book_far_beyond_what_is_seen_costs_no_frame():
    for kind in ("kraken", "cryptocom"):
        assert subscribed(kind).move((0, MID - 55 * TEN, COIN)) == []


def test_books_are_not_asked_for_at_each_change():
    """The depth is kept beside the book: asking for all of it at each change would cost more."""
    for kind in ("coinbase", "kraken", "bitstamp", "gemini", "gemini l2", "cryptocom", "paxos"):
        chance = Chance(kind.split()[0], 4)
        client = Client(kind, chance.book)
        if kind != "paxos":
            client.subscribe()
        chance.book.levels = None
        for _ in range(50):
            client.now += SECOND
            client.server.publish(chance.moves(), client.now)
            client.server.tick(client.now)
