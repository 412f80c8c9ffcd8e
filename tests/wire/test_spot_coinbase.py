"""Coinbase frames become exactly these facts; mutilated, they become none that are wrong."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_assistant.domain.time import SECOND, parse_iso
from kalshi_assistant.venues.spot.coinbase import FRAME_BYTES_MAX, CoinbaseWire
from kalshi_assistant.venues.spot.wire import (
    SIZE_MAX,
    SpotAlive,
    SpotLost,
    SpotMalformed,
    SpotMoved,
    SpotReplaced,
    SpotWire,
)
from tests.support.spot_frames import (
    COINBASE_STAMP,
    DOLLAR,
    NOW,
    coinbase_error,
    coinbase_event,
    coinbase_frame,
    coinbase_heartbeat,
    coinbase_snapshot,
    coinbase_subscriptions,
    coinbase_update,
    encode,
    plain,
    written,
)
from tests.support.spot_readers import PlainBook, change, changes, flipped, planted, truncated

V = "coinbase"
AT = parse_iso(COINBASE_STAMP)
BID, ASK = (840_000_100, 35_000_000), (840_000_200, 10_000_000)
REPLACED = SpotReplaced(V, AT, NOW, (BID,), (ASK,))
ALIVE = SpotAlive(V, None, NOW)
MOVE = coinbase_update(1, bids=[["84000.01", "0"], ["83999.5", "1.25"]])
FRAMES = {
    "snapshot": coinbase_snapshot(),
    "update": MOVE,
    "heartbeat": coinbase_heartbeat(1),
    "subscriptions": coinbase_subscriptions(1),
    "error": coinbase_error(),
    "gap": coinbase_update(9),
}


def opened():
    wire: SpotWire = CoinbaseWire()
    wire.opened(NOW)
    wire.to_send(NOW)
    return wire


def known():
    wire = opened()
    assert wire.receive(coinbase_snapshot(), NOW) == (REPLACED,)
    return wire


def test_level2_and_heartbeats_are_asked_for_at_once_each_by_itself():
    wire = CoinbaseWire()
    assert wire.to_send(NOW) == ()
    wire.opened(NOW)
    assert [json.loads(frame) for frame in wire.to_send(NOW)] == [
        {"type": "subscribe", "product_ids": ["BTC-USD"], "channel": "level2"},
        {"type": "subscribe", "channel": "heartbeats"},
    ]
    assert wire.to_send(NOW + 999 * SECOND) == ()
    assert wire.document_wanted(NOW + 999 * SECOND) is None
    assert wire.frame_bytes_max == FRAME_BYTES_MAX == 64 * 1024 * 1024


def test_updates_give_new_sizes_and_removals():
    wire = known()
    moved = ((0, BID[0], 0), (0, 839_995_000, 125_000_000))
    assert wire.receive(MOVE, NOW) == (SpotMoved(V, AT, NOW, moved),)
    (fact,) = wire.receive(coinbase_update(2, asks=[["84000.02", "2"]]), NOW)
    assert fact.changes == ((1, ASK[0], 200_000_000),)


@pytest.mark.parametrize("counter", [3049, "3049"])
def test_heartbeats_and_subscriptions_count_and_are_signs_of_life(counter):
    wire = known()
    assert wire.receive(coinbase_heartbeat(1, counter), NOW) == (ALIVE,)
    assert wire.receive(coinbase_subscriptions(2), NOW) == (ALIVE,)
    assert isinstance(wire.receive(coinbase_update(3, asks=[["1", "2"]]), NOW)[0], SpotMoved)


def test_the_first_number_may_be_any():
    wire = opened()
    assert wire.receive(coinbase_subscriptions(7), NOW) == (ALIVE,)
    assert wire.receive(coinbase_snapshot(8), NOW) == (REPLACED,)


@pytest.mark.parametrize("number", [0, 2, 1_000])
@pytest.mark.parametrize("frame", [coinbase_update, coinbase_heartbeat, coinbase_snapshot])
def test_a_gap_in_any_channel_loses_the_book_until_a_new_connection(frame, number):
    wire = known()
    (lost,) = wire.receive(frame(number), NOW)
    assert lost == SpotLost(V, None, NOW, f"gap: sequence_num {number} after 0", "reconnect")
    assert wire.receive(MOVE, NOW) == (ALIVE,)
    assert wire.receive(coinbase_snapshot(), NOW) == (ALIVE,)
    wire.opened(NOW)
    assert len(wire.to_send(NOW)) == 2
    assert wire.receive(coinbase_snapshot(5), NOW) == (REPLACED,)
    assert isinstance(wire.receive(coinbase_update(6, bids=[["1", "1"]]), NOW)[0], SpotMoved)


def test_updates_before_the_snapshot_move_nothing():
    assert opened().receive(MOVE, NOW) == (ALIVE,)


def test_frames_without_a_snapshot_for_long_are_a_loss():
    wire = opened()
    assert (
        wire.receive(coinbase_heartbeat(0), NOW + 30 * SECOND)[0].received_at == NOW + 30 * SECOND
    )
    alive, lost = wire.receive(coinbase_heartbeat(1), NOW + 31 * SECOND)
    assert isinstance(alive, SpotAlive)
    assert (lost.reason, lost.remedy) == ("frames, but no snapshot", "reconnect")
    assert len(wire.receive(coinbase_heartbeat(2), NOW + 32 * SECOND)) == 1


def test_heartbeats_without_changes_for_long_are_a_loss():
    wire = known()
    assert len(wire.receive(coinbase_heartbeat(1), NOW + 60 * SECOND)) == 1
    _, lost = wire.receive(coinbase_heartbeat(2), NOW + 61 * SECOND)
    assert (lost.reason, lost.remedy) == ("frames, but no change", "reconnect")
    wire = known()
    wire.receive(MOVE, NOW + 50 * SECOND)
    assert len(wire.receive(coinbase_heartbeat(2), NOW + 110 * SECOND)) == 1


def test_an_error_is_reported_in_the_venues_words():
    (lost,) = opened().receive(coinbase_error(), NOW)
    assert lost == SpotLost(V, None, NOW, "error: authentication failure", "reconnect")
    wire = known()
    (fact,) = wire.receive(coinbase_error("x" * 9_000), NOW)
    assert isinstance(fact, SpotMalformed)
    assert len(fact.reason) == 200
    assert isinstance(wire.receive(MOVE, NOW)[0], SpotMoved)


def test_other_products_are_ignored_but_counted():
    wire = known()
    assert wire.receive(coinbase_update(1, bids=[["1", "1"]], product="ETH-USD"), NOW) == (ALIVE,)
    assert wire.receive(coinbase_snapshot(2, product="BTC-USDC"), NOW) == (ALIVE,)
    assert isinstance(wire.receive(coinbase_update(3, bids=[["1", "1"]]), NOW)[0], SpotMoved)


def test_levels_nobody_means_are_left_out_and_the_rest_stays():
    wire = opened()
    asks = [["9999999999.99", "5"], ["84000.02", "0.10"]]
    bids = [["84000.01", "0.35"], ["0.01", "22000000"]]
    (replaced,) = wire.receive(coinbase_snapshot(bids=bids, asks=asks), NOW)
    assert replaced.bids == (BID, (100, SIZE_MAX))
    assert replaced.asks == (ASK,)
    far = coinbase_update(1, asks=[["9999999999.99", "4"], ["84000.02", "0"]])
    assert wire.receive(far, NOW)[0].changes == ((1, ASK[0], 0),)
    assert wire.receive(coinbase_update(2, asks=[["9999999999.99", "4"]]), NOW) == (ALIVE,)


@pytest.mark.parametrize(
    "bad",
    [
        coinbase_frame(1, "l2_data", coinbase_event("rubbish", [["1", "1"]], [])),
        coinbase_update(1, bids=[["-1", "1"]]),
        coinbase_update(1, bids=[["0", "1"]]),
        coinbase_update(1, bids=[["1e5", "1"]]),
        coinbase_update(1, bids=[["1", "NaN"]]),
        coinbase_update(1, bids=[["1", "1"]] * 20_001),
        coinbase_snapshot(1, bids=[["1", "1"], ["1.0", "2"]]),
        coinbase_snapshot(1, bids=[["1", "1"]] * 200_001),
        coinbase_update(None, bids=[["1", "1"]]),
        coinbase_update(1, bids=[["1", "1"]]).replace(b'"bid"', b'"ask"'),
        b" " * (FRAME_BYTES_MAX + 1),
        b"[" * 100_000,
        encode([]),
        b"",
    ],
    ids=range(14),
)
def test_a_frame_that_makes_no_sense_loses_the_book(bad):
    wire = known()
    malformed, lost = wire.receive(bad, NOW)
    assert isinstance(malformed, SpotMalformed)
    assert len(malformed.reason) <= 200
    assert (type(lost), lost.remedy) == (SpotLost, "reconnect")
    assert wire.receive(MOVE, NOW) == (ALIVE,)


def test_a_wrong_stamp_costs_the_stamp_only():
    for stamp in ("", "yesterday", "2026-09-21T14:00:00", "9999-12-31T23:59:59Z"):
        frame = coinbase_frame(
            0, "l2_data", coinbase_event("snapshot", [], [["2", "1"]]), timestamp=stamp
        )
        (replaced,) = opened().receive(frame, NOW)
        assert (replaced.at, replaced.asks) == (None, ((2 * DOLLAR, 100_000_000),))


def test_an_unasked_document_is_malformed():
    assert isinstance(CoinbaseWire().take_document(200, b"{}", NOW)[0], SpotMalformed)


@given(start=changes, steps=st.lists(changes, max_size=12))
def test_the_readers_book_is_the_venues(start, steps):
    venue = [{}, {}]
    for side, price, size in start:
        change(venue[side], price, size)
    wire, book = opened(), PlainBook()
    book.read(wire.receive(coinbase_snapshot(0, written(venue[0]), written(venue[1])), NOW))
    for number, moves in enumerate(steps, start=1):
        new = [[], []]
        for side, price, size in moves:
            new[side].append([str(price), str(size)])
            change(venue[side], price, size)
        book.read(wire.receive(coinbase_update(number, *new), NOW))
        assert [plain(side) for side in book.sides] == venue


def survives(frame):
    """No mutilation raises, none moves a book that is lost, and a new connection mends all."""
    for start in ((), (coinbase_snapshot(),)):
        wire, book = opened(), PlainBook()
        for sent in (*start, frame, MOVE, frame):
            book.read(wire.receive(sent, NOW))
        wire.opened(NOW)
        for sent in (coinbase_snapshot(), MOVE):
            book.read(wire.receive(sent, NOW))
        assert book.sides == [{839_995_000: 125_000_000}, dict([ASK])]


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
