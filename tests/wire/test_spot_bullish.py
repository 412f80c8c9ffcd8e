"""Bullish frames become exactly these facts; mutilated, they become none that are wrong."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_assistant.domain.time import MILLISECOND, SECOND
from kalshi_assistant.venues.spot.bullish import FRAME_BYTES_MAX, BullishWire
from kalshi_assistant.venues.spot.wire import (
    SpotAlive,
    SpotLost,
    SpotMalformed,
    SpotReplaced,
    SpotWire,
)
from tests.support.spot_readers import PlainBook, flipped, planted, truncated

NOW = 1_790_000_000 * SECOND
V = "bullish"
COIN = 100_000_000


def encode(frame):
    return json.dumps(frame, separators=(",", ":")).encode()


def snapshot(bids=("83999.0", "0.5", "83998.0", "1.0"), asks=("84001.0", "0.4"), **more):
    data = {
        "symbol": "BTCUSD",
        "bids": bids,
        "asks": asks,
        "sequenceNumberRange": [100, 101],
        "datetime": "2026-09-21T14:13:20.100Z",
        "timestamp": "1790000000100",
        "publishedAtTimestamp": "1790000000101",
    }
    return encode({"type": "snapshot", "dataType": "V1TALevel2", "data": data | more})


def answer(id_, code="200", message="Keep alive pong"):
    result = {"responseCodeName": "OK", "responseCode": code, "message": message}
    return encode({"id": id_, "jsonrpc": "2.0", "result": result})


PONG = answer("2")
ERROR = encode(
    {
        "type": "error",
        "dataType": "V1TAErrorResponse",
        "data": {"errorCode": 400, "errorCodeName": "BAD", "message": "no such symbol"},
    }
)
RPC_ERROR = encode({"jsonrpc": "2.0", "id": "1", "error": {"code": -32601, "message": "no method"}})
FRAMES = {
    "snapshot": snapshot(),
    "subscribed": answer("1", message="Successfully subscribed"),
    "pong": PONG,
    "error": ERROR,
    "error of JSON-RPC": RPC_ERROR,
    "refusal": answer("1", code="429", message="slow down"),
    "heartbeat": encode({"type": "update", "dataType": "V1TAHeartbeat", "data": {}}),
}
AT = 1_790_000_000_100 * MILLISECOND
BIDS = ((839_990_000, COIN // 2), (839_980_000, COIN))
ASKS = ((840_010_000, 40_000_000),)
REPLACED = SpotReplaced(V, AT, NOW, BIDS, ASKS)
ALIVE = SpotAlive(V, None, NOW)


def opened():
    wire: SpotWire = BullishWire()
    wire.opened(NOW)
    wire.to_send(NOW)
    return wire


def known():
    wire = opened()
    assert wire.receive(snapshot(), NOW) == (REPLACED,)
    return wire


def test_the_subscription_is_sent_at_once_and_a_ping_every_half_minute():
    wire = BullishWire()
    assert wire.to_send(NOW) == ()
    wire.opened(NOW)
    (sent,) = wire.to_send(NOW)
    assert json.loads(sent) == {
        "jsonrpc": "2.0",
        "type": "command",
        "method": "subscribe",
        "params": {"topic": "l2Orderbook", "symbol": "BTCUSD"},
        "id": "1",
    }
    wire.receive(snapshot(), NOW)
    pings = [frame for second in range(1, 91) for frame in wire.to_send(NOW + second * SECOND)]
    assert [json.loads(frame)["method"] for frame in pings] == ["keepalivePing"] * 3
    assert [json.loads(frame)["id"] for frame in pings] == ["2", "3", "4"]
    assert wire.document_wanted(NOW + 3_600 * SECOND) is None


def test_every_message_replaces_the_book():
    wire = known()
    (replaced,) = wire.receive(snapshot(bids=("83990.5", "2"), asks=()), NOW)
    assert replaced == SpotReplaced(V, AT, NOW, ((839_905_000, 2 * COIN),), ())


def test_levels_come_out_best_first_without_empty_ones():
    (replaced,) = opened().receive(snapshot(bids=("1", "1", "3", "0", "2", "1")), NOW)
    assert replaced.bids == ((20_000, COIN), (10_000, COIN))


@pytest.mark.parametrize(
    ("stamp", "at"), [(1, MILLISECOND), ("x", None), ("9" * 13, None), (None, None), (-1, None)]
)
def test_a_stamp_that_is_none_costs_no_book(stamp, at):
    (replaced,) = opened().receive(snapshot(timestamp=stamp), NOW)
    assert replaced == SpotReplaced(V, at, NOW, BIDS, ASKS)


@pytest.mark.parametrize("name", ["subscribed", "pong", "heartbeat"])
def test_answers_are_signs_of_life(name):
    assert known().receive(FRAMES[name], NOW) == (ALIVE,)


def test_other_symbols_are_ignored():
    assert known().receive(snapshot(symbol="BTCUSDC"), NOW) == (ALIVE,)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("error", "400 BAD: no such symbol"),
        ("error of JSON-RPC", "-32601: no method"),
        ("refusal", "429: slow down"),
    ],
)
def test_a_refusal_before_the_first_book_is_a_loss_and_later_only_noted(name, reason):
    lost = SpotLost(V, None, NOW, reason, "resubscribe")
    assert opened().receive(FRAMES[name], NOW) == (lost,)
    assert known().receive(FRAMES[name], NOW) == (SpotMalformed(V, None, NOW, reason),)
    long = encode({"type": "error", "data": {"message": "x" * 9_000}})
    assert len(opened().receive(long, NOW)[0].reason) == 200


def test_a_subscription_without_a_book_is_repeated():
    wire = opened()
    assert wire.to_send(NOW + 9 * SECOND) == ()
    (sent,) = wire.to_send(NOW + 10 * SECOND)
    assert json.loads(sent)["method"] == "subscribe"


def test_pongs_without_books_for_a_minute_lose_the_book():
    wire = known()
    assert len(wire.receive(PONG, NOW + 60 * SECOND)) == 1
    later = NOW + 61 * SECOND
    alive, lost = wire.receive(PONG, later)
    assert (alive, lost.remedy) == (SpotAlive(V, None, later), "resubscribe")
    assert len(wire.receive(PONG, later)) == 1
    assert isinstance(wire.receive(snapshot(), later)[0], SpotReplaced)


@pytest.mark.parametrize(
    "bad",
    [
        snapshot(bids=["83999.0"]),
        snapshot(bids=["83999.0", "1", "83999.0", "2"]),
        snapshot(bids=["-1", "1"]),
        snapshot(bids=None),
        snapshot(asks=["84000.1", "22000000"]),
        snapshot(asks=["1", "1"] * 100_001),
        b" " * (FRAME_BYTES_MAX + 1),
        b"[" * 100_000,
        b"",
    ],
)
def test_a_frame_that_makes_no_sense_loses_the_book_until_the_next(bad):
    wire = known()
    malformed, lost = wire.receive(bad, NOW)
    assert isinstance(malformed, SpotMalformed)
    assert isinstance(lost, SpotLost)
    assert len(malformed.reason) <= 200
    assert [type(fact) for fact in wire.receive(bad, NOW)] == [SpotMalformed]
    assert json.loads(wire.to_send(NOW + SECOND)[0])["method"] == "subscribe"
    assert wire.receive(snapshot(), NOW) == (REPLACED,)
    assert wire.to_send(NOW + 29 * SECOND) == ()


def test_a_new_connection_subscribes_anew():
    wire = known()
    wire.opened(NOW + SECOND)
    assert len(wire.to_send(NOW + SECOND)) == 1
    assert [type(fact) for fact in wire.receive(b"", NOW)] == [SpotMalformed]


def test_an_unasked_document_is_malformed():
    assert isinstance(BullishWire().take_document(200, b"{}", NOW)[0], SpotMalformed)


sides = st.dictionaries(st.integers(1, 500), st.integers(0, 3), max_size=40)


@given(st.lists(st.tuples(sides, sides), min_size=1, max_size=5))
def test_the_readers_book_is_the_venues(books):
    wire, book = opened(), PlainBook()
    for pair in books:
        flat = [[str(n) for level in side.items() for n in level] for side in pair]
        book.read(wire.receive(snapshot(bids=flat[0], asks=flat[1]), NOW))
        plain = [{p // 10_000: s // COIN for p, s in side.items()} for side in book.sides]
        assert plain == [{p: s for p, s in side.items() if s} for side in pair]


def survives(frame):
    """No mutilation raises, and a snapshot mends all."""
    for start in ((), (snapshot(),)):
        wire, book = opened(), PlainBook()
        for sent in (*start, frame, snapshot()):
            book.read(wire.receive(sent, NOW))
        assert book.sides == [dict(BIDS), dict(ASKS)]
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
