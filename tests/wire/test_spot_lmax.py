"""LMAX Digital frames become exactly these facts; mutilated, they become none that are wrong."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_assistant.domain.time import MILLISECOND, SECOND
from kalshi_assistant.venues.spot.lmax import FRAME_BYTES_MAX, LmaxWire
from kalshi_assistant.venues.spot.wire import (
    SpotAlive,
    SpotLost,
    SpotMalformed,
    SpotReplaced,
    SpotWire,
)
from tests.support.spot_readers import PlainBook, flipped, planted, truncated

NOW = 1_790_000_000 * SECOND
V = "lmax"
COIN = 100_000_000
LEVELS = ((("83999.50", "1.20"), ("83999.00", "2")), (("84000.50", "0.80"),))


def encode(frame):
    return json.dumps(frame, separators=(",", ":")).encode()


def written(levels):
    return [{"price": price, "quantity": quantity} for price, quantity in levels]


def book(bids=LEVELS[0], asks=LEVELS[1], **more):
    frame = {
        "type": "ORDER_BOOK",
        "instrument_id": "btc-usd",
        "timestamp": "2026-09-21T14:13:20.100Z",
        "bids": written(bids),
        "asks": written(asks),
    }
    return encode(frame | more)


SUBSCRIBED = encode(
    {
        "type": "SUBSCRIPTIONS",
        "channels": [{"name": "ORDER_BOOK", "instruments": ["btc-usd"]}],
    }
)
ERROR = encode({"type": "ERROR", "error_code": "INVALID", "error_message": "no such instrument"})
FRAMES = {"book": book(), "subscribed": SUBSCRIBED, "error": ERROR}
AT = 1_790_000_000_100 * MILLISECOND
BIDS = ((839_995_000, 120_000_000), (839_990_000, 2 * COIN))
ASKS = ((840_005_000, 80_000_000),)
REPLACED = SpotReplaced(V, AT, NOW, BIDS, ASKS)
ALIVE = SpotAlive(V, None, NOW)


def opened():
    wire: SpotWire = LmaxWire()
    wire.opened(NOW)
    wire.to_send(NOW)
    return wire


def known():
    wire = opened()
    assert wire.receive(book(), NOW) == (REPLACED,)
    return wire


def test_only_the_subscription_is_sent_and_never_a_ping():
    wire = LmaxWire()
    assert wire.to_send(NOW) == ()
    wire.opened(NOW)
    (sent,) = wire.to_send(NOW)
    assert json.loads(sent) == {
        "type": "SUBSCRIBE",
        "channels": [{"name": "ORDER_BOOK", "instruments": ["btc-usd"]}],
    }
    assert wire.receive(SUBSCRIBED, NOW) == (ALIVE,)
    wire.receive(book(), NOW)
    assert wire.to_send(NOW + 3_600 * SECOND) == ()
    assert wire.document_wanted(NOW + 3_600 * SECOND) is None


def test_a_subscription_without_a_book_is_repeated():
    wire = opened()
    assert wire.to_send(NOW + 9 * SECOND) == ()
    assert len(wire.to_send(NOW + 10 * SECOND)) == 1


def test_every_message_replaces_the_book():
    wire = known()
    (replaced,) = wire.receive(book(bids=[], asks=[("84000", "1")]), NOW)
    assert replaced == SpotReplaced(V, AT, NOW, (), ((840_000_000, COIN),))
    (replaced,) = wire.receive(book(instrument_id="BTC-USD"), NOW)
    assert replaced == REPLACED


@pytest.mark.parametrize("stamp", ["x", "", None, "1969-01-01T00:00:00Z", "2026-09-21T14:13:20"])
def test_a_stamp_that_is_none_costs_no_book(stamp):
    assert opened().receive(book(timestamp=stamp), NOW) == (SpotReplaced(V, None, NOW, BIDS, ASKS),)


def test_other_instruments_are_ignored():
    assert known().receive(book(instrument_id="eth-usd"), NOW) == (ALIVE,)


def test_a_refusal_before_the_first_book_is_a_loss_and_later_only_noted():
    reason = "ERROR INVALID: no such instrument"
    assert opened().receive(ERROR, NOW) == (SpotLost(V, None, NOW, reason, "resubscribe"),)
    assert known().receive(ERROR, NOW) == (SpotMalformed(V, None, NOW, reason),)
    long = encode({"type": "ERROR", "message": "x" * 9_000})
    assert len(opened().receive(long, NOW)[0].reason) == 200


@pytest.mark.parametrize(
    "bad",
    [
        book(bids=[("1", "1"), ("1.0", "1")]),
        book(bids=[("-1", "1")]),
        book(bids=[("1", "22000000")]),
        book(bids=[("1", "1")] * 100_001),
        book(asks=[("0", "1")]),
        encode({"type": "ORDER_BOOK", "instrument_id": "btc-usd"}),
        b" " * (FRAME_BYTES_MAX + 1),
        b"[" * 100_000,
        b"",
    ],
)
def test_a_frame_that_makes_no_sense_loses_the_book_until_the_next(bad):
    wire = known()
    malformed, lost = wire.receive(bad, NOW)
    assert isinstance(malformed, SpotMalformed)
    assert lost == SpotLost(V, None, NOW, "a frame was malformed", "resubscribe")
    assert len(malformed.reason) <= 200
    assert [type(fact) for fact in wire.receive(bad, NOW)] == [SpotMalformed]
    assert len(wire.to_send(NOW + SECOND)) == 1
    assert wire.receive(book(), NOW) == (REPLACED,)
    assert wire.to_send(NOW + 99 * SECOND) == ()


def test_a_new_connection_subscribes_anew():
    wire = known()
    wire.opened(NOW + SECOND)
    assert len(wire.to_send(NOW + SECOND)) == 1
    assert [type(fact) for fact in wire.receive(b"", NOW)] == [SpotMalformed]


def test_an_unasked_document_is_malformed():
    assert isinstance(LmaxWire().take_document(200, b"{}", NOW)[0], SpotMalformed)


sides = st.dictionaries(st.integers(1, 500), st.integers(0, 3), max_size=40)


@given(st.lists(st.tuples(sides, sides), min_size=1, max_size=5))
def test_the_readers_book_is_the_venues(books):
    wire, reader = opened(), PlainBook()
    for pair in books:
        bids, asks = ([(str(p), str(s)) for p, s in side.items()] for side in pair)
        reader.read(wire.receive(book(bids, asks), NOW))
        plain = [{p // 10_000: s // COIN for p, s in side.items()} for side in reader.sides]
        assert plain == [{p: s for p, s in side.items() if s} for side in pair]


def survives(frame):
    """No mutilation raises, and the next book mends all."""
    for start in ((), (book(),)):
        wire, reader = opened(), PlainBook()
        for sent in (*start, frame, book()):
            reader.read(wire.receive(sent, NOW))
        assert reader.sides == [dict(BIDS), dict(ASKS)]
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
