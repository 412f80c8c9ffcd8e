"""Crypto.com frames become exactly these facts; mutilated, they become none that are wrong."""

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_assistant.domain.time import MILLISECOND, SECOND
from kalshi_assistant.venues.spot.cryptocom import CHANNEL, DEPTH, FRAME_BYTES_MAX, CryptocomWire
from kalshi_assistant.venues.spot.wire import (
    SpotAlive,
    SpotLost,
    SpotMalformed,
    SpotMoved,
    SpotReplaced,
    SpotWire,
)
from tests.support.spot_readers import PlainBook, change, changes, flipped, planted, truncated

NOW = 1_790_000_000 * SECOND
V = "cryptocom"
DOLLAR = 10_000
COIN = 100_000_000


def encode(frame):
    return json.dumps(frame, separators=(",", ":")).encode()


def envelope(channel, data, id_=-1, instrument="BTC_USD"):
    result = {
        "instrument_name": instrument,
        "subscription": f"book.{instrument}.50",
        "channel": channel,
        "depth": 50,
        "data": [data],
    }
    return encode({"id": id_, "method": "subscribe", "code": 0, "result": result})


def snapshot(u=500, bids=(("83999.10", "0.5", "2"),), asks=(("84000.20", "0.3", "1"),), **more):
    data = {"bids": bids, "asks": asks, "t": 1_790_000_000_100, "tt": 1_790_000_000_099, "u": u}
    return envelope("book", data, id_=1, **more)


def update(u, pu, bids=(), asks=(), **more):
    stamps = {"t": 1_790_000_000_110, "tt": 1_790_000_000_109, "u": u, "pu": pu, "cs": 0}
    return envelope("book.update", {"update": {"bids": bids, "asks": asks}} | stamps, **more)


HEARTBEAT = encode({"id": 77, "method": "public/heartbeat", "code": 0})
REFUSED = encode({"id": 1, "method": "subscribe", "code": 40003, "message": "Invalid request"})
NOT_SUBSCRIBED = encode({"id": 2, "method": "unsubscribe", "code": 40004, "message": "none"})
MOVE = update(501, 500, bids=[["83999.10", "0", "0"], ["83998.00", "1.25", "1"]])
FRAMES = {
    "snapshot": snapshot(),
    "update": MOVE,
    "empty update": update(501, 500),
    "gap": update(503, 502),
    "heartbeat": HEARTBEAT,
    "refused": REFUSED,
    "not subscribed": NOT_SUBSCRIBED,
}
AT_SNAPSHOT = 1_790_000_000_100 * MILLISECOND
AT_UPDATE = 1_790_000_000_110 * MILLISECOND
BID, ASK = (839_991_000, 50_000_000), (840_002_000, 30_000_000)
REPLACED = SpotReplaced(V, AT_SNAPSHOT, NOW, (BID,), (ASK,))
ALIVE = SpotAlive(V, None, NOW)


def opened():
    wire: SpotWire = CryptocomWire()
    wire.opened(NOW)
    wire.to_send(NOW + SECOND)
    return wire


def known():
    wire = opened()
    assert wire.receive(snapshot(), NOW) == (REPLACED,)
    return wire


def test_the_subscription_waits_a_second_and_is_sent_once():
    wire = CryptocomWire()
    assert wire.to_send(NOW) == ()
    wire.opened(NOW)
    assert wire.to_send(NOW + SECOND - 1) == ()
    (sent,) = wire.to_send(NOW + SECOND)
    asked = json.loads(sent)
    assert asked["method"] == "subscribe"
    assert asked["params"] == {
        "channels": [CHANNEL],
        "book_subscription_type": "SNAPSHOT_AND_UPDATE",
        "book_update_frequency": 10,
    }
    assert asked["nonce"] == (NOW + SECOND) // MILLISECOND
    assert wire.to_send(NOW + SECOND) == ()
    assert wire.document_wanted(NOW + 3_600 * SECOND) is None


def test_a_subscription_without_a_snapshot_is_repeated():
    wire = opened()
    assert wire.to_send(NOW + 10 * SECOND) == ()
    methods = [json.loads(frame)["method"] for frame in wire.to_send(NOW + 11 * SECOND)]
    assert methods == ["unsubscribe", "subscribe"]


def test_a_heartbeat_is_answered_with_its_id():
    wire = known()
    assert wire.receive(HEARTBEAT, NOW) == (ALIVE,)
    (sent,) = wire.to_send(NOW)
    assert json.loads(sent) == {"id": 77, "method": "public/respond-heartbeat"}
    assert wire.to_send(NOW) == ()


def test_updates_give_new_sizes_and_removals():
    wire = known()
    changes = ((0, BID[0], 0), (0, 839_980_000, 125_000_000))
    assert wire.receive(MOVE, NOW) == (SpotMoved(V, AT_UPDATE, NOW, changes),)
    assert wire.receive(update(502, 501), NOW) == (SpotAlive(V, AT_UPDATE, NOW),)
    (moved,) = wire.receive(update(510, 502, asks=[["84000.20", "2", "1"]]), NOW)
    assert moved.changes == ((1, ASK[0], 2 * COIN),)


def test_a_gap_loses_the_book_until_a_new_snapshot():
    wire = known()
    (lost,) = wire.receive(update(503, 502), NOW)
    assert lost == SpotLost(V, None, NOW, "gap: pu 502 after u 500", "resubscribe")
    assert wire.receive(update(504, 503), NOW) == (SpotAlive(V, AT_UPDATE, NOW),)
    assert wire.receive(update(501, 500), NOW) == (SpotAlive(V, AT_UPDATE, NOW),)
    assert wire.to_send(NOW) == ()
    methods = [json.loads(frame)["method"] for frame in wire.to_send(NOW + 2 * SECOND)]
    assert methods == ["unsubscribe", "subscribe"]
    assert wire.receive(NOT_SUBSCRIBED, NOW) == (ALIVE,)
    assert wire.receive(snapshot(600), NOW) == (REPLACED,)
    (moved,) = wire.receive(update(601, 600, bids=[["83999.00", "1", "1"]]), NOW)
    assert isinstance(moved, SpotMoved)
    assert wire.to_send(NOW + 100 * SECOND) == ()


def test_updates_older_than_a_fresh_snapshot_are_passed_over():
    wire = known()
    old = update(499, 498, bids=[["83999.10", "9", "1"]])
    assert wire.receive(old, NOW) == (SpotAlive(V, AT_UPDATE, NOW),)
    assert isinstance(wire.receive(MOVE, NOW)[0], SpotMoved)
    assert isinstance(wire.receive(old, NOW)[0], SpotLost)


def test_old_updates_without_end_are_a_gap():
    wire = known()
    for _ in range(100):
        wire.receive(update(499, 498), NOW)
    assert isinstance(wire.receive(update(499, 498), NOW)[0], SpotLost)


def test_a_refusal_is_reported_in_the_venues_words_and_asked_again_ever_more_rarely():
    wire = opened()
    assert wire.receive(REFUSED, NOW) == (
        SpotLost(V, None, NOW, "subscribe 40003: Invalid request", "resubscribe"),
    )
    asked, at = [], NOW + SECOND
    for second in range(400):
        at = NOW + (1 + second) * SECOND
        if wire.to_send(at):
            asked.append(1 + second)
            wire.receive(REFUSED, at)
    gaps = [later - earlier for earlier, later in itertools.pairwise(asked)]
    assert gaps == sorted(gaps)
    assert gaps[-1] == 60
    long = encode({"id": 1, "method": "subscribe", "code": 1, "message": "x" * 9_000})
    assert len(wire.receive(long, NOW)[0].reason) == 200


def test_another_error_is_malformed_and_leaves_the_book():
    wire = known()
    said = encode({"id": 5, "method": "public/x", "code": 50001, "message": "no"})
    assert wire.receive(said, NOW) == (SpotMalformed(V, None, NOW, "public/x 50001: no"),)
    assert isinstance(wire.receive(MOVE, NOW)[0], SpotMoved)


def test_other_instruments_are_ignored():
    wire = known()
    assert wire.receive(snapshot(9, instrument="BTC_USDT"), NOW) == (ALIVE,)
    assert wire.receive(update(9, 8, instrument="BTC_USDT"), NOW) == (ALIVE,)
    assert isinstance(wire.receive(MOVE, NOW)[0], SpotMoved)


def test_a_new_connection_knows_nothing():
    wire = known()
    wire.opened(NOW + 9 * SECOND)
    assert wire.receive(MOVE, NOW) == (SpotAlive(V, AT_UPDATE, NOW),)
    sent = wire.to_send(NOW + 10 * SECOND)
    assert [json.loads(frame)["method"] for frame in sent] == ["subscribe"]


@pytest.mark.parametrize(
    "bad",
    [
        snapshot(bids=[["83999.10", "0.5", "2"], ["83999.10", "0.6", "2"]]),
        snapshot(bids=[["-1", "0.5", "2"]]),
        snapshot(bids=[["1e5", "0.5", "2"]]),
        update(501, 500, bids=[["0", "0.5", "2"]]),
        update(501, 500, asks=[["84000.1", "22000000", "2"]]),
        update(501, 500, asks=[["84000.1", "1", "2"]] * 20_001),
        envelope("book.update", {"u": 501, "t": 1}),
        envelope("book", {"u": 501, "t": 1}),
        b" " * (FRAME_BYTES_MAX + 1),
        b"[" * 100_000,
        b"",
    ],
)
def test_a_frame_that_makes_no_sense_loses_the_book(bad):
    wire = known()
    malformed, lost = wire.receive(bad, NOW)
    assert isinstance(malformed, SpotMalformed)
    assert isinstance(lost, SpotLost)
    assert len(malformed.reason) <= 200
    assert wire.receive(MOVE, NOW) == (SpotAlive(V, AT_UPDATE, NOW),)
    assert len(wire.to_send(NOW + 2 * SECOND)) == 2


def test_damage_while_waiting_does_not_put_the_subscription_off():
    wire = opened()
    for _ in range(50):
        assert [type(fact) for fact in wire.receive(b"{", NOW + 10 * SECOND)] == [SpotMalformed]
    assert len(wire.to_send(NOW + 11 * SECOND)) == 2


def test_an_unasked_document_is_malformed():
    assert isinstance(CryptocomWire().take_document(200, b"{}", NOW)[0], SpotMalformed)


def written(sides, side):
    return [[str(price), str(size), "1"] for price, size in sides[side].items()]


def cut(whole):
    """The fifty best of each side."""
    bids, asks = (sorted(side.items()) for side in whole)
    return [dict(bids[-DEPTH:]), dict(asks[:DEPTH])]


def test_what_falls_off_the_fiftieth_place_is_removed():
    whole = [dict.fromkeys(range(100, 160), 1), dict.fromkeys(range(200, 260), 1)]
    wire, book = opened(), PlainBook()
    book.read(wire.receive(snapshot(0, written(whole, 0), written(whole, 1)), NOW))
    assert [min(book.sides[0]), max(book.sides[1])] == [110 * DOLLAR, 249 * DOLLAR]
    better = update(1, 0, [["160", "1", "1"], ["50", "1", "1"]], [["199", "1", "1"]])
    (moved,) = wire.receive(better, NOW)
    assert set(moved.changes) == {
        (0, 160 * DOLLAR, COIN),
        (0, 110 * DOLLAR, 0),
        (0, 50 * DOLLAR, 0),
        (1, 199 * DOLLAR, COIN),
        (1, 249 * DOLLAR, 0),
    }
    assert [len(side) for side in book.read((moved,)).sides] == [DEPTH, DEPTH]


full = st.just([(side, price, 1) for side in (0, 1) for price in range(20, 75)])


@given(start=changes | full, steps=st.lists(changes, max_size=12))
def test_the_readers_book_is_the_venues_fifty_best(start, steps):
    venue = [{}, {}]
    for side, price, size in start:
        change(venue[side], price, size)
    venue = cut(venue)
    wire, book = opened(), PlainBook()
    first = snapshot(0, bids=written(venue, 0), asks=written(venue, 1))
    book.read(wire.receive(first, NOW))
    for number, moves in enumerate(steps, start=1):
        new = [{}, {}]
        for side, price, size in moves:
            new[side][price] = size
            change(venue[side], price, size)
        venue = cut(venue)
        frame = update(number, number - 1, bids=written(new, 0), asks=written(new, 1))
        book.read(wire.receive(frame, NOW))
        plain = [{p // DOLLAR: s // COIN for p, s in side.items()} for side in book.sides]
        assert plain == venue


def survives(frame):
    """No mutilation raises, none moves a book that is lost, and a snapshot mends all."""
    for start in ((), (snapshot(),)):
        wire, book = opened(), PlainBook()
        for sent in (*start, frame, MOVE, snapshot(), MOVE):
            book.read(wire.receive(sent, NOW))
        assert book.sides == [{839_980_000: 125_000_000}, {ASK[0]: ASK[1]}]
        wire.to_send(NOW + 99 * SECOND)


def test_truncated_frames_never_raise():
    for frame in truncated(FRAMES.values()):
        survives(frame)


@given(flipped(list(FRAMES.values())))
def test_flipped_bytes_never_raise(frame):
    survives(frame)


@given(planted(list(FRAMES.values())))
def test_wrong_types_never_raise(frame):
    survives(frame)


@given(st.binary(max_size=200))
def test_noise_never_raises(noise):
    survives(noise)
