"""Kraken frames become exactly these facts; mutilated, they become none that are wrong."""

import itertools
import json
from binascii import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_assistant.domain.time import SECOND, parse_iso
from kalshi_assistant.venues.spot.kraken import DEPTH, FRAME_BYTES_MAX, KrakenWire
from kalshi_assistant.venues.spot.wire import (
    SpotAlive,
    SpotLost,
    SpotMalformed,
    SpotMoved,
    SpotReplaced,
    SpotWire,
)
from tests.support.spot_frames import (
    COIN,
    DOLLAR,
    KRAKEN_ASKS,
    KRAKEN_BIDS,
    KRAKEN_CHECKSUM,
    KRAKEN_HEARTBEAT,
    KRAKEN_PONG,
    KRAKEN_STAMP,
    KRAKEN_STATUS,
    NOW,
    encode,
    kraken_instrument,
    kraken_refused,
    kraken_snapshot,
    kraken_subscribed,
    kraken_update,
    plain,
)
from tests.support.spot_readers import PlainBook, change, changes, flipped, planted, truncated

V = "kraken"
AT = parse_iso(KRAKEN_STAMP)
ALIVE = SpotAlive(V, None, NOW)


def checksum(bids, asks):
    """As the guide describes it: on texts with all the pair's decimals, best ten of each side."""
    best_asks = sorted(asks, key=lambda level: float(level[0]))[:10]
    best_bids = sorted(bids, key=lambda level: -float(level[0]))[:10]
    texts = (text for level in best_asks + best_bids for text in level)
    return crc32("".join(text.replace(".", "").lstrip("0") for text in texts).encode())


def frame_of(kind, bids, asks):
    return kind(bids=bids, asks=asks, checksum=checksum(bids, asks))


AFTER = (("45283.6", "0.00000010"), *KRAKEN_BIDS[1:])
MOVE = kraken_update(
    checksum(AFTER, KRAKEN_ASKS), bids=[("45283.5", "0.00000000"), ("45283.6", "0.00000010")]
)
MISMATCH = kraken_update(1, asks=[("45285.2", "0")])
FRAMES = {
    "snapshot": kraken_snapshot(),
    "update": MOVE,
    "mismatch": MISMATCH,
    "instrument": kraken_instrument(),
    "heartbeat": KRAKEN_HEARTBEAT,
    "pong": KRAKEN_PONG,
    "status": KRAKEN_STATUS,
    "subscribed": kraken_subscribed(),
    "refused": kraken_refused(),
    "not subscribed": kraken_refused("unsubscribe", 3, "Subscription Not Found"),
}


def opened():
    wire: SpotWire = KrakenWire()
    wire.opened(NOW)
    wire.to_send(NOW)
    return wire


def known():
    wire = opened()
    (fact,) = wire.receive(kraken_snapshot(), NOW)
    assert isinstance(fact, SpotReplaced)
    return wire


def asked(frames):
    said = [json.loads(frame) for frame in frames]
    return [(one["method"], one.get("params", {}).get("channel")) for one in said]


RENEWED = [("unsubscribe", "book"), ("subscribe", "book")]


def test_decimals_then_the_book_are_asked_for_and_pings_follow():
    wire = KrakenWire()
    assert wire.to_send(NOW) == ()
    wire.opened(NOW)
    assert [json.loads(frame) for frame in wire.to_send(NOW)] == [
        {
            "method": "subscribe",
            "params": {"channel": "instrument", "snapshot": True},
            "req_id": 1,
        },
        {
            "method": "subscribe",
            "params": {"channel": "book", "symbol": ["BTC/USD"], "depth": 1000, "snapshot": True},
            "req_id": 2,
        },
    ]
    assert wire.to_send(NOW) == ()
    wire.receive(kraken_snapshot(), NOW)
    assert asked(wire.to_send(NOW + 29 * SECOND)) == []
    assert asked(wire.to_send(NOW + 30 * SECOND)) == [("ping", None)]
    assert asked(wire.to_send(NOW + 31 * SECOND)) == []
    assert wire.document_wanted(NOW + 999 * SECOND) is None


def test_the_published_checksum_is_that_of_the_published_book():
    assert checksum(KRAKEN_BIDS, KRAKEN_ASKS) == KRAKEN_CHECKSUM
    (replaced,) = opened().receive(kraken_snapshot(), NOW)
    assert (replaced.venue, replaced.at, replaced.received_at) == (V, AT, NOW)
    assert replaced.bids[0] == (452_835_000, 10_000_000)
    assert replaced.asks[-1] == (452_995_000, 18_772_827)
    assert [len(replaced.bids), len(replaced.asks)] == [10, 10]


def test_updates_give_new_sizes_and_removals():
    moved = ((0, 452_835_000, 0), (0, 452_836_000, 10))
    assert known().receive(MOVE, NOW) == (SpotMoved(V, AT, NOW, moved),)
    same = kraken_update(KRAKEN_CHECKSUM)
    assert known().receive(same, NOW) == (SpotAlive(V, AT, NOW),)


@pytest.mark.parametrize("size", ["1e-7", "1E-7", "0.0000001", '"0.0000001"'])
def test_a_number_may_be_written_in_any_way(size):
    bids = [("45283.6", size), ("45283.5", "0")]
    (fact,) = known().receive(kraken_update(checksum(AFTER, KRAKEN_ASKS), bids=bids), NOW)
    assert fact.changes == ((0, 452_836_000, 10), (0, 452_835_000, 0))


def test_the_pairs_decimals_go_into_the_checksum():
    bids, asks = [("5.25", "0.100")], [("5.50", "1.000")]
    snapshot = frame_of(kraken_snapshot, bids, asks)
    wire = opened()
    assert isinstance(wire.receive(snapshot, NOW)[0], SpotLost)
    assert wire.receive(kraken_instrument(2, 3), NOW) == (ALIVE,)
    assert isinstance(wire.receive(snapshot, NOW)[0], SpotReplaced)
    assert wire.receive(kraken_instrument(0, 0, symbol="ETH/USD"), NOW) == (ALIVE,)
    assert isinstance(wire.receive(snapshot, NOW)[0], SpotReplaced)
    (fact,) = wire.receive(kraken_instrument(5, 8), NOW)
    assert isinstance(fact, SpotMalformed)
    assert isinstance(wire.receive(snapshot, NOW)[0], SpotReplaced)


def test_a_mismatch_loses_the_book_until_a_new_snapshot():
    wire = known()
    (lost,) = wire.receive(MISMATCH, NOW)
    assert lost.remedy == "resubscribe"
    assert lost.reason.startswith("update: checksum 1, ours ")
    assert wire.receive(MOVE, NOW) == (SpotAlive(V, AT, NOW),)
    assert wire.to_send(NOW) == ()
    assert asked(wire.to_send(NOW + 2 * SECOND)) == RENEWED
    refusal = kraken_refused("unsubscribe", 3, "Subscription Not Found")
    assert wire.receive(refusal, NOW) == (ALIVE,)
    assert isinstance(wire.receive(kraken_snapshot(), NOW)[0], SpotReplaced)
    assert isinstance(wire.receive(MOVE, NOW)[0], SpotMoved)
    assert asked(wire.to_send(NOW + 29 * SECOND)) == []


def test_a_snapshot_that_fails_is_asked_for_again_ever_more_rarely():
    wire, seconds = opened(), []
    for second in range(1, 500):
        if ("subscribe", "book") in asked(wire.to_send(NOW + second * SECOND)):
            seconds.append(second)
            (lost,) = wire.receive(kraken_snapshot(checksum=7), NOW + second * SECOND)
            assert isinstance(lost, SpotLost)
    gaps = [later - earlier for earlier, later in itertools.pairwise(seconds)]
    assert gaps == sorted(gaps)
    assert gaps[-1] == 60


@pytest.mark.parametrize("frame", [KRAKEN_HEARTBEAT, KRAKEN_PONG, KRAKEN_STATUS])
def test_heartbeats_pongs_and_status_are_signs_of_life(frame):
    assert known().receive(frame, NOW) == (ALIVE,)
    assert opened().receive(frame, NOW) == (ALIVE,)


def test_heartbeats_without_changes_for_long_are_a_loss():
    wire = known()
    wire.receive(MOVE, NOW + 50 * SECOND)
    assert len(wire.receive(KRAKEN_HEARTBEAT, NOW + 110 * SECOND)) == 1
    _, lost = wire.receive(KRAKEN_HEARTBEAT, NOW + 111 * SECOND)
    assert (lost.reason, lost.remedy) == ("frames, but no change", "resubscribe")
    assert asked(wire.to_send(NOW + 112 * SECOND))[:2] == RENEWED


def test_a_refusal_is_reported_in_the_venues_words():
    reason = "subscribe: Currency pair not supported BTC/USD"
    assert opened().receive(kraken_refused(), NOW) == (
        SpotLost(V, None, NOW, reason, "resubscribe"),
    )
    assert known().receive(kraken_refused(), NOW) == (SpotMalformed(V, None, NOW, reason),)
    (fact,) = opened().receive(kraken_refused(id_=1, error="x" * 999), NOW)
    assert isinstance(fact, SpotMalformed)
    assert len(fact.reason) == 200


def test_other_pairs_are_ignored():
    wire = known()
    assert wire.receive(kraken_snapshot(symbol="ETH/USD"), NOW) == (ALIVE,)
    assert wire.receive(kraken_update(5, bids=[("1", "1")], symbol="ETH/USD"), NOW) == (ALIVE,)
    assert isinstance(wire.receive(MOVE, NOW)[0], SpotMoved)


@pytest.mark.parametrize(
    "bad",
    [
        kraken_update(1, bids=[("-1.0", "1")]),
        kraken_update(1, bids=[("0", "1")]),
        kraken_update(1, bids=[("1", "1e99999999")]),
        kraken_update(1, bids=[("1", '"NaN"')]),
        kraken_update(1, bids=[("1", '"sNaN"')]),
        kraken_update(1, bids=[("1", '"Infinity"')]),
        kraken_update(1, bids=[("1", "null")]),
        kraken_update(1, bids=[("1", "1")] * 20_001),
        kraken_update('"1"', bids=[("1", "1")]),
        kraken_snapshot(bids=[("1", "1"), ("1.0", "2")]),
        kraken_snapshot(bids=[("1", "1")] * 100_001),
        kraken_snapshot().replace(b'"snapshot"', b'"rubbish"'),
        encode({"channel": "book", "type": "update"}),
        b" " * (FRAME_BYTES_MAX + 1),
        b"[" * 100_000,
        b"",
    ],
    ids=range(16),
)
def test_a_frame_that_makes_no_sense_loses_the_book(bad):
    wire = known()
    malformed, lost = wire.receive(bad, NOW)
    assert isinstance(malformed, SpotMalformed)
    assert len(malformed.reason) <= 200
    assert (type(lost), lost.remedy) == (SpotLost, "resubscribe")
    assert wire.receive(MOVE, NOW) == (SpotAlive(V, AT, NOW),)
    assert asked(wire.to_send(NOW + 2 * SECOND)) == RENEWED


def test_a_new_connection_knows_nothing():
    wire = known()
    wire.opened(NOW)
    assert wire.receive(MOVE, NOW) == (SpotAlive(V, AT, NOW),)
    assert asked(wire.to_send(NOW)) == [("subscribe", "instrument"), ("subscribe", "book")]


def test_an_unasked_document_is_malformed():
    assert isinstance(KrakenWire().take_document(200, b"{}", NOW)[0], SpotMalformed)


def texts(side):
    return [(f"{price}.0", f"{size}.00000000") for price, size in side.items()]


def cut(whole):
    bids, asks = (sorted(side.items()) for side in whole)
    return [dict(bids[-DEPTH:]), dict(asks[:DEPTH])]


def test_what_falls_off_the_thousandth_place_is_removed():
    bids, asks = dict.fromkeys(range(1_001, 2_001), 1), dict.fromkeys(range(3_000, 4_000), 1)
    wire, book = opened(), PlainBook()
    book.read(wire.receive(frame_of(kraken_snapshot, texts(bids), texts(asks)), NOW))
    new = {2_001: 1, 2_002: 1, 50: 1}
    proof = checksum(texts(bids | new), texts(asks | {2_999: 2}))
    (moved,) = wire.receive(kraken_update(proof, texts(new), [("2999.0", "2.00000000")]), NOW)
    assert set(moved.changes) == {
        *((0, price * DOLLAR, COIN) for price in new),
        *((0, price * DOLLAR, 0) for price in (50, 1_001, 1_002)),
        (1, 2_999 * DOLLAR, 2 * COIN),
        (1, 3_999 * DOLLAR, 0),
    }
    book.read((moved,))
    assert [plain(side) for side in book.sides] == cut([bids | new, asks | {2_999: 2}])


thousand = st.just([(side, price, 1) for side in (0, 1) for price in range(20, 1_030)])


@given(start=changes | thousand, steps=st.lists(changes, max_size=8))
def test_the_readers_book_is_the_venues_thousand_best(start, steps):
    venue = [{}, {}]
    for side, price, size in start:
        change(venue[side], price, size)
    venue = cut(venue)
    wire, book = opened(), PlainBook()
    book.read(wire.receive(frame_of(kraken_snapshot, *map(texts, venue)), NOW))
    for moves in steps:
        new = [[], []]
        for side, price, size in moves:
            new[side].append((f"{price}.0", f"{size}.00000000"))
            change(venue[side], price, size)
        venue = cut(venue)
        book.read(wire.receive(kraken_update(checksum(*map(texts, venue)), *new), NOW))
        assert [plain(side) for side in book.sides] == venue


def survives(frame):
    """No mutilation raises, none moves a book that is lost, and a snapshot mends all."""
    for start in ((), (kraken_snapshot(),)):
        wire, book = opened(), PlainBook()
        for sent in (*start, frame, MOVE, kraken_instrument(), kraken_snapshot(), MOVE):
            book.read(wire.receive(sent, NOW))
        assert book.known
        assert 452_835_000 not in book.sides[0]
        assert book.sides[0][452_836_000] == 10
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
