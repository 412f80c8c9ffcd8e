"""Paxos frames become exactly these facts; mutilated, they become none that are wrong."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_assistant.domain.time import MINUTE, SECOND
from kalshi_assistant.venues.spot.paxos import DOCUMENT, FRAME_BYTES_MAX, PaxosWire
from kalshi_assistant.venues.spot.wire import (
    SpotAlive,
    SpotLost,
    SpotMalformed,
    SpotMoved,
    SpotReplaced,
    SpotWire,
)
from tests.support.spot_readers import (
    PlainBook,
    anything,
    change,
    changes,
    flipped,
    planted,
    truncated,
)

NOW = 1_790_000_000 * SECOND
V = "paxos"
DOLLAR = 10_000
COIN = 100_000_000
LEVELS = ((("83999.25", "0.7"),), (("84000.75", "0.2"),))


def encode(frame):
    return json.dumps(frame, separators=(",", ":")).encode()


def written(levels):
    return [{"price": price, "amount": amount} for price, amount in levels]


def snapshot(bids=LEVELS[0], asks=LEVELS[1], final=True, market="BTCUSD"):
    sides = {"bids": written(bids), "asks": written(asks)}
    return encode({"type": "SNAPSHOT", "market": market} | sides | {"final_snapshot": final})


def update(side="BUY", price="83999.25", amount="0", market="BTCUSD"):
    body = {"side": side, "price": price, "amount": amount}
    return encode({"type": "UPDATE", "market": market} | body)


def document(bids=LEVELS[0], asks=LEVELS[1], market="BTCUSD"):
    return encode({"market": market, "bids": written(bids), "asks": written(asks)})


FRAMES = {
    "snapshot": snapshot(),
    "part": snapshot(final=False),
    "update": update(amount="0.5"),
    "removal": update(),
    "error": encode({"type": "ERROR", "message": "too many connections"}),
}
BID, ASK = (839_992_500, 70_000_000), (840_007_500, 20_000_000)
REPLACED = SpotReplaced(V, None, NOW, (BID,), (ASK,))
ALIVE = SpotAlive(V, None, NOW)


def opened():
    wire: SpotWire = PaxosWire()
    wire.opened(NOW)
    return wire


def known():
    wire = opened()
    assert wire.receive(snapshot(), NOW) == (REPLACED,)
    return wire


def test_nothing_is_ever_sent():
    wire = opened()
    assert wire.url == "wss://ws.paxos.com/marketdata/BTCUSD"
    assert wire.to_send(NOW) == wire.to_send(NOW + 3_600 * SECOND) == ()


@pytest.mark.parametrize("final", [True, "true"])
def test_parts_are_collected_until_the_final_one(final):
    wire = opened()
    assert wire.receive(snapshot(bids=[], final=False), NOW) == (ALIVE,)
    assert wire.receive(snapshot(asks=[], final=final), NOW) == (REPLACED,)


def test_an_update_between_the_parts_is_newer_than_all_of_them():
    wire = opened()
    wire.receive(snapshot(bids=[], final=False), NOW)
    assert wire.receive(update(amount="0.9"), NOW) == (ALIVE,)
    (replaced,) = wire.receive(snapshot(asks=[]), NOW)
    assert replaced.bids == ((BID[0], 90_000_000),)


def test_updates_are_new_amounts_and_zero_removes():
    wire = known()
    for side, code, amount, size in (("BUY", 0, "0", 0), ("SELL", 1, "1.5", 150_000_000)):
        (moved,) = wire.receive(update(side, "84000.50", amount), NOW)
        assert moved == SpotMoved(V, None, NOW, ((code, 840_005_000, size),))


def test_a_second_snapshot_replaces_the_book_and_updates_meanwhile_count_in_both():
    wire, book = known(), PlainBook()
    book.read((REPLACED,))
    book.read(wire.receive(snapshot(bids=[("1", "1")], asks=[], final=False), NOW))
    book.read(wire.receive(update("SELL", "84000.75", "3"), NOW))
    assert book.sides[1] == {ASK[0]: 3 * COIN}
    book.read(wire.receive(snapshot(bids=[], asks=[("84000.75", "9")]), NOW))
    assert book.sides == [{DOLLAR: COIN}, {ASK[0]: 3 * COIN}]


def test_other_markets_are_ignored():
    wire = known()
    assert wire.receive(snapshot(market="ETHUSD"), NOW) == (ALIVE,)
    assert wire.receive(update(market="ETHUSD"), NOW) == (ALIVE,)
    assert wire.take_document(200, document(market="ETHUSD"), NOW) == ()


def test_updates_without_a_snapshot_for_long_ask_for_a_new_connection_once():
    wire = opened()
    assert wire.receive(update(), NOW + 30 * SECOND) == (SpotAlive(V, None, NOW + 30 * SECOND),)
    later = NOW + 31 * SECOND
    alive, lost = wire.receive(update(), later)
    assert (alive, lost.remedy) == (SpotAlive(V, None, later), "reconnect")
    assert len(wire.receive(update(), later)) == 1


def test_the_venues_words_are_passed_on_cut():
    assert known().receive(FRAMES["error"], NOW) == (
        SpotMalformed(V, None, NOW, "ERROR: too many connections"),
    )
    long = encode({"type": "ERROR", "error": "x" * 9_000})
    assert len(known().receive(long, NOW)[0].reason) == 200
    assert known().receive(encode({"type": "HEARTBEAT"}), NOW) == (ALIVE,)


FAR = ("10000000000", "5")
"""An ask nobody means, beyond the contract's largest price."""


def test_a_level_at_an_impossible_price_is_left_out_and_the_book_stays():
    wire = opened()
    assert wire.receive(snapshot(asks=(*LEVELS[1], FAR)), NOW) == (REPLACED,)
    late = NOW + MINUTE  # long after a snapshot would have been due
    assert wire.receive(update("SELL", *FAR), late) == (SpotAlive(V, None, late),)
    assert isinstance(wire.receive(update(amount="1"), late)[0], SpotMoved)
    wire.receive(update(amount="0.7"), late)
    agreed = wire.take_document(200, document(asks=(*LEVELS[1], FAR)), late)
    assert agreed == (SpotAlive(V, None, late),)


def test_a_level_at_an_impossible_price_between_the_parts_is_left_out_too():
    wire = opened()
    wire.receive(snapshot(bids=[], final=False), NOW)
    assert wire.receive(update("SELL", *FAR), NOW) == (ALIVE,)
    assert wire.receive(snapshot(asks=[]), NOW) == (REPLACED,)


def test_an_impossible_amount_counts_as_the_largest_there_can_be():
    most = 21_000_000 * COIN
    (replaced,) = opened().receive(snapshot(bids=[("0.01", "99000000")]), NOW)
    assert replaced.bids == ((100, most),)
    (moved,) = known().receive(update(amount="22000000"), NOW)
    assert moved.changes == ((0, BID[0], most),)


def test_an_impossible_price_without_a_snapshot_for_long_still_asks_for_a_new_connection():
    later = NOW + 31 * SECOND
    _, lost = opened().receive(update("SELL", *FAR), later)
    assert isinstance(lost, SpotLost)


# --- the document ---


def test_a_document_is_wanted_each_minute_while_the_book_is_known():
    wire = opened()
    assert wire.document_wanted(NOW + 9 * MINUTE) is None
    wire.receive(snapshot(), NOW)
    assert wire.document_wanted(NOW + MINUTE - 1) is None
    assert wire.document_wanted(NOW + MINUTE) == DOCUMENT
    assert wire.document_wanted(NOW + MINUTE) is None
    assert wire.document_wanted(NOW + 2 * MINUTE) == DOCUMENT
    wire.receive(b"", NOW)
    assert wire.document_wanted(NOW + 9 * MINUTE) is None


def test_a_document_that_agrees_is_a_sign_of_life():
    assert known().take_document(200, document(), NOW) == (ALIVE,)


MORE = (*LEVELS[0], ("83998.00", "1"))


@pytest.mark.parametrize(
    "other", [document(bids=MORE), document(bids=[]), document(asks=[("84000.75", "0.3")])]
)
def test_a_difference_that_stands_for_two_documents_loses_the_book(other):
    wire = known()
    assert wire.take_document(200, other, NOW) == ()
    (lost,) = wire.take_document(200, other, NOW)
    assert lost.remedy == "reconnect"
    assert wire.receive(update(), NOW) == (ALIVE,)
    assert wire.take_document(200, other, NOW) == ()


def test_a_difference_that_ends_was_only_a_matter_of_the_instant():
    wire = known()
    for body in (document(bids=MORE), document(), document(bids=MORE), document(asks=[])) * 2:
        assert SpotLost not in map(type, wire.take_document(200, body, NOW))


def test_an_update_clears_a_suspected_level():
    wire = known()
    for amount in ("1", "2", "3", "4"):
        changed = (*LEVELS[0], ("83998.00", amount))
        assert wire.take_document(200, document(bids=changed), NOW) == ()
        wire.receive(update(price="83998.00", amount=str(9 * int(amount))), NOW)


def test_differences_beyond_the_twentieth_level_are_passed_over():
    bids = [(str(100 - place), "1") for place in range(40)]
    wire = opened()
    wire.receive(snapshot(bids=bids), NOW)
    assert wire.take_document(200, document(bids=bids[:20]), NOW) == (ALIVE,)
    assert wire.take_document(200, document(bids=bids[:19]), NOW) == ()


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (503, b"<html>busy" + b"x" * 9_000),
        (410, b"\xff"),
        (200, b""),
        (200, b"{}"),
        (200, document(bids=[("x", "1")])),
        (200, b"[" * 100_000),
        (200, b" " * (FRAME_BYTES_MAX + 1)),
    ],
)
def test_a_document_that_makes_no_sense_leaves_the_book(status, body):
    wire = known()
    (malformed,) = wire.take_document(status, body, NOW)
    assert isinstance(malformed, SpotMalformed)
    assert len(malformed.reason) <= 200
    assert isinstance(wire.receive(update(), NOW)[0], SpotMoved)


# --- damage ---


@pytest.mark.parametrize(
    "bad",
    [
        snapshot(bids=[("1", "1"), ("1", "2")]),
        snapshot(bids=[("-1", "1")]),
        update(price="1e3"),
        update(amount="-1"),
        update(side="HOLD"),
        encode({"type": "UPDATE", "market": "BTCUSD"}),
        b" " * (FRAME_BYTES_MAX + 1),
        b"[" * 100_000,
        b"",
    ],
)
def test_a_frame_that_makes_no_sense_loses_the_book(bad):
    wire = known()
    malformed, lost = wire.receive(bad, NOW)
    assert isinstance(malformed, SpotMalformed)
    assert lost == SpotLost(V, None, NOW, "a frame was malformed", "reconnect")
    assert len(malformed.reason) <= 200
    assert {type(fact) for fact in wire.receive(bad, NOW)} <= {SpotMalformed, SpotAlive}
    assert wire.receive(update(), NOW) == (ALIVE,)


def test_a_snapshot_without_end_is_given_up(monkeypatch):
    wire = opened()
    wire.receive(snapshot(final=False), NOW)
    facts = [fact for _ in range(20_001) for fact in wire.receive(update(), NOW)]
    assert [type(fact) for fact in facts[-2:]] == [SpotMalformed, SpotLost]
    monkeypatch.setattr("kalshi_assistant.venues.spot.paxos.SNAPSHOT_LEVELS_MAX", 2)
    assert len(known().receive(snapshot(bids=MORE), NOW)) == 2
    (lost,) = known().receive(update(price="5", amount="1"), NOW)
    assert isinstance(lost, SpotLost)


def test_the_end_of_a_snapshot_whose_beginning_was_lost_is_no_book():
    wire = opened()
    assert len(wire.receive(b"{", NOW)) == 2
    assert wire.receive(snapshot(), NOW) == (ALIVE,)
    wire.opened(NOW)
    assert wire.receive(snapshot(), NOW) == (REPLACED,)


def test_a_new_connection_knows_nothing():
    wire = known()
    wire.receive(snapshot(final=False), NOW)
    wire.opened(NOW)
    assert wire.receive(update(), NOW) == (ALIVE,)
    assert wire.receive(snapshot(), NOW) == (REPLACED,)


def texts(side):
    return [(str(price), str(size)) for price, size in side.items()]


@given(start=changes, cut=st.integers(0, 30), moves=changes)
def test_the_readers_book_is_the_venues(start, cut, moves):
    venue, wire, book = [{}, {}], opened(), PlainBook()
    for side, price, size in start:
        change(venue[side], price, size)
    bids, asks = map(texts, venue)
    book.read(wire.receive(snapshot(bids[:cut], asks[cut:], final=False), NOW))
    book.read(wire.receive(snapshot(bids[cut:], asks[:cut]), NOW))
    for side, price, size in moves:
        change(venue[side], price, size)
        frame = update(("BUY", "SELL")[side], str(price), str(size))
        book.read(wire.receive(frame, NOW))
    plain = [{p // DOLLAR: s // COIN for p, s in side.items()} for side in book.sides]
    assert plain == venue
    assert wire.take_document(200, document(*map(texts, venue)), NOW) == (ALIVE,)


def survives(frame):
    """No mutilation raises, none moves a book that is lost; a new connection mends all."""
    for start in ((), (snapshot(),)):
        wire, book = opened(), PlainBook()
        for sent in (*start, frame, update()):
            book.read(wire.receive(sent, NOW))
        wire.opened(NOW)
        book.known = False
        book.read(wire.receive(snapshot(), NOW))
        assert book.sides == [dict([BID]), dict([ASK])]


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


@given(planted([document()]) | flipped([document()]) | anything.map(repr).map(str.encode))
def test_mutilated_documents_never_raise(body):
    wire = known()
    for _ in range(2):
        assert len(wire.take_document(200, body, NOW)) <= 1
