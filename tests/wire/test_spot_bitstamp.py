"""Bitstamp frames and documents become exactly these facts; mutilated, they become none that are
wrong.
"""

import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_assistant.domain.time import MICROSECOND, MINUTE, SECOND
from kalshi_assistant.venues.spot.bitstamp import DOCUMENT, FRAME_BYTES_MAX, BitstampWire
from kalshi_assistant.venues.spot.wire import (
    SpotAlive,
    SpotLost,
    SpotMalformed,
    SpotMoved,
    SpotReplaced,
    SpotWire,
)
from tests.support import recordings
from tests.support.spot_frames import (
    BITSTAMP_HEARTBEAT,
    BITSTAMP_MICROS,
    BITSTAMP_RECONNECT,
    BITSTAMP_SUBSCRIBED,
    COIN,
    DOLLAR,
    NOW,
    bitstamp_book,
    bitstamp_diff,
    bitstamp_document,
    bitstamp_error,
    bitstamp_event,
    encode,
    plain,
    written,
)
from tests.support.spot_readers import PlainBook, change, changes, flipped, planted, truncated

V = "bitstamp"
BID, ASK = (83_999 * DOLLAR, 40_000_000), (84_002 * DOLLAR, COIN)
ALIVE = SpotAlive(V, None, NOW)
MOVE = bitstamp_diff(300, bids=[["84000", "0.5"]], asks=[["84002", "0.00000000"]])
FRAMES = {
    "subscribed": BITSTAMP_SUBSCRIBED,
    "diff": MOVE,
    "early diff": bitstamp_diff(1, bids=[["1", "1"]]),
    "heartbeat": BITSTAMP_HEARTBEAT,
    "reconnect": BITSTAMP_RECONNECT,
    "error": bitstamp_error(),
}


def stamp(micros):
    return (BITSTAMP_MICROS + micros) * MICROSECOND


def opened(**settings):
    wire: SpotWire = BitstampWire(**settings)
    wire.opened(NOW)
    wire.to_send(NOW)
    assert wire.receive(BITSTAMP_SUBSCRIBED, NOW) == (ALIVE,)
    return wire


def known(**settings):
    """The book at 200, with the first change at 100."""
    wire = opened(**settings)
    assert wire.document_wanted(NOW) is None
    assert wire.receive(bitstamp_diff(100), NOW) == (SpotAlive(V, stamp(100), NOW),)
    assert wire.document_wanted(NOW) == DOCUMENT
    replaced = SpotReplaced(V, stamp(200), NOW, (BID,), (ASK,))
    assert wire.take_document(200, bitstamp_document(200), NOW) == (replaced,)
    return wire


def test_the_subscription_is_sent_at_once_and_pings_follow():
    wire = BitstampWire()
    assert wire.to_send(NOW) == ()
    wire.opened(NOW)
    (sent,) = wire.to_send(NOW)
    said = {"event": "bts:subscribe", "data": {"channel": "diff_order_book_btcusd"}}
    assert json.loads(sent) == said
    assert wire.to_send(NOW + 9 * SECOND) == ()
    assert wire.to_send(NOW + 10 * SECOND) == (sent,)
    wire.receive(BITSTAMP_SUBSCRIBED, NOW)
    assert wire.to_send(NOW + 29 * SECOND) == ()
    assert wire.to_send(NOW + 30 * SECOND) == ('{"event":"bts:heartbeat"}',)
    assert wire.to_send(NOW + 31 * SECOND) == ()


def test_updates_give_new_sizes_and_removals():
    moved = ((0, 84_000 * DOLLAR, COIN // 2), (1, ASK[0], 0))
    assert known().receive(MOVE, NOW) == (SpotMoved(V, stamp(300), NOW, moved),)
    assert known().receive(bitstamp_diff(300), NOW) == (SpotAlive(V, stamp(300), NOW),)


def test_changes_that_the_document_holds_are_passed_over():
    wire = opened()
    for micros, size in ((100, "1"), (150, "2"), (200, "3"), (250, "4")):
        wire.receive(bitstamp_diff(micros, bids=[["84000", size]]), NOW)
    (replaced,) = wire.take_document(200, bitstamp_document(249), NOW)
    assert replaced.at == stamp(250)
    assert replaced.bids == ((84_000 * DOLLAR, 4 * COIN), BID)
    wire = opened()
    for micros in (100, 150):
        wire.receive(bitstamp_diff(micros, bids=[["84000", "1"]]), NOW)
    (replaced,) = wire.take_document(200, bitstamp_document(200), NOW)
    assert (replaced.at, replaced.bids) == (stamp(200), (BID,))
    late = bitstamp_diff(200, bids=[["84000", "7"]])
    assert wire.receive(late, NOW) == (SpotAlive(V, stamp(200), NOW),)
    assert isinstance(wire.receive(MOVE, NOW)[0], SpotMoved)


def test_a_document_older_than_the_first_change_is_asked_for_again():
    wire = opened()
    wire.receive(bitstamp_diff(100), NOW)
    assert wire.document_wanted(NOW) == DOCUMENT
    assert wire.document_wanted(NOW) is None
    assert wire.take_document(200, bitstamp_document(99), NOW) == ()
    assert wire.document_wanted(NOW) is None
    assert wire.receive(bitstamp_diff(110), NOW)[0].at == stamp(110)
    assert wire.document_wanted(NOW + 3 * SECOND) == DOCUMENT
    (replaced,) = wire.take_document(200, bitstamp_document(100), NOW)
    assert isinstance(replaced, SpotReplaced)
    assert wire.document_wanted(NOW + 60 * SECOND) is None
    assert wire.take_document(200, bitstamp_document(120), NOW) == ()


def test_a_document_before_any_change_proves_nothing():
    wire = opened()
    assert wire.take_document(200, bitstamp_document(200), NOW) == ()
    wire.receive(bitstamp_diff(250), NOW)
    assert wire.document_wanted(NOW) == DOCUMENT


def test_the_book_is_renewed_every_few_minutes():
    wire = known(document_every=2 * MINUTE)
    wire.receive(bitstamp_diff(300, bids=[["84000", "1"]]), NOW)
    assert wire.document_wanted(NOW + 2 * MINUTE - 1) is None
    at = NOW + 2 * MINUTE
    assert wire.document_wanted(at) == DOCUMENT
    (moved,) = wire.receive(bitstamp_diff(400, bids=[["84001", "1"]]), at)
    assert isinstance(moved, SpotMoved)
    assert wire.take_document(200, bitstamp_document(299), at) == ()
    (replaced,) = wire.take_document(200, bitstamp_document(310), at)
    assert replaced.bids == ((84_001 * DOLLAR, COIN), BID)
    assert isinstance(wire.receive(bitstamp_diff(500, bids=[["5", "1"]]), at)[0], SpotMoved)
    assert wire.document_wanted(at + 2 * MINUTE) == DOCUMENT


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (503, b"<html>busy</html>" * 99),
        (200, b"{"),
        (200, b""),
        (200, b"[" * 100_000),
        (200, encode({"error": "no"})),
        (200, bitstamp_document(200, bids=[["1", "1"], ["1.0", "1"]])),
        (200, bitstamp_document(200, bids=[["-1", "1"]])),
        (200, bitstamp_document(200, bids=[["1", "1"]] * 100_001)),
        (200, bitstamp_document(61_000_000)),
        (200, b" " * (FRAME_BYTES_MAX + 1)),
    ],
)
def test_a_document_that_makes_no_sense_is_asked_for_again(status, body):
    wire = opened()
    wire.receive(bitstamp_diff(100), NOW)
    wire.document_wanted(NOW)
    (malformed,) = wire.take_document(status, body, NOW)
    assert isinstance(malformed, SpotMalformed)
    assert len(malformed.reason) <= 200
    assert wire.document_wanted(NOW) is None
    assert wire.document_wanted(NOW + 3 * SECOND) == DOCUMENT
    assert isinstance(wire.take_document(200, bitstamp_document(200), NOW)[0], SpotReplaced)


def test_a_renewal_that_fails_leaves_the_book():
    wire = known()
    assert wire.document_wanted(NOW + 3 * MINUTE) == DOCUMENT
    assert isinstance(wire.take_document(500, b"", NOW + 3 * MINUTE)[0], SpotMalformed)
    assert isinstance(wire.receive(MOVE, NOW)[0], SpotMoved)


def test_a_step_back_in_time_loses_the_book_until_a_new_connection():
    wire = known()
    wire.receive(MOVE, NOW)
    (lost,) = wire.receive(bitstamp_diff(299, bids=[["1", "1"]]), NOW)
    assert (type(lost), lost.remedy) == (SpotLost, "reconnect")
    assert wire.receive(bitstamp_diff(400, bids=[["1", "1"]]), NOW) == (ALIVE,)
    assert wire.take_document(200, bitstamp_document(400), NOW) == ()
    assert wire.document_wanted(NOW + MINUTE) is None


def test_a_requested_reconnect_loses_the_book():
    wire = known()
    lost = SpotLost(V, None, NOW, "bts:request_reconnect", "reconnect")
    assert wire.receive(BITSTAMP_RECONNECT, NOW) == (lost,)
    assert wire.receive(MOVE, NOW) == (ALIVE,)
    wire.opened(NOW)
    assert len(wire.to_send(NOW)) == 1
    assert wire.receive(bitstamp_diff(500), NOW) == (SpotAlive(V, stamp(500), NOW),)
    assert wire.document_wanted(NOW) == DOCUMENT
    assert isinstance(wire.take_document(200, bitstamp_document(500), NOW)[0], SpotReplaced)


def test_an_error_is_reported_in_the_venues_words():
    reason = "bts:error None: Bad subscription string."
    lost = SpotLost(V, None, NOW, reason, "resubscribe")
    assert opened().receive(bitstamp_error(), NOW) == (lost,)
    assert known().receive(bitstamp_error(), NOW) == (SpotMalformed(V, None, NOW, reason),)
    (fact,) = known().receive(bitstamp_event("bts:error", "x" * 999), NOW)
    assert len(fact.reason) == 200


def test_answers_without_changes_for_long_are_a_loss():
    wire = known()
    assert wire.receive(BITSTAMP_HEARTBEAT, NOW) == (ALIVE,)
    assert len(wire.receive(BITSTAMP_HEARTBEAT, NOW + 60 * SECOND)) == 1
    alive, lost = wire.receive(BITSTAMP_HEARTBEAT, NOW + 61 * SECOND)
    assert (type(alive), lost.remedy) == (SpotAlive, "reconnect")


def test_answers_that_no_change_ever_follows_are_a_loss():
    _, lost = opened().receive(BITSTAMP_HEARTBEAT, NOW + 61 * SECOND)
    assert (type(lost), lost.remedy) == (SpotLost, "reconnect")


def test_other_channels_are_ignored():
    wire = known()
    other = bitstamp_diff(1, bids=[["1", "1"]], channel="diff_order_book_ethusd")
    assert wire.receive(other, NOW) == (ALIVE,)
    assert wire.receive(bitstamp_event("data", 5, channel="order_book_btcusd"), NOW) == (ALIVE,)
    assert isinstance(wire.receive(MOVE, NOW)[0], SpotMoved)


def test_changes_without_end_and_without_a_document_are_not_kept_for_ever():
    wire = opened()
    many = [["1", "1"]] * 20_000
    for micros in range(12):
        wire.receive(bitstamp_diff(micros, bids=many), NOW)
    assert wire.take_document(200, bitstamp_document(5), NOW) == ()
    assert isinstance(wire.take_document(200, bitstamp_document(11), NOW)[0], SpotReplaced)


BAD = [
    bitstamp_diff(300, bids=[["-1", "1"]]),
    bitstamp_diff(300, bids=[["1e5", "1"]]),
    bitstamp_diff(300, bids=[["1", "-1"]]),
    bitstamp_diff(300, bids=[["1", 1]]),
    bitstamp_diff(300, bids=[["1", "1"]] * 20_001),
    bitstamp_event("data", bitstamp_book(300) | {"microtimestamp": "-5"}),
    bitstamp_event("data", bitstamp_book(300) | {"microtimestamp": "9" * 18}),
    bitstamp_event("data", ""),
    b" " * (FRAME_BYTES_MAX + 1),
    b"[" * 100_000,
    b"",
]


@pytest.mark.parametrize("bad", BAD, ids=range(len(BAD)))
def test_a_frame_that_makes_no_sense_loses_the_book(bad):
    wire = known()
    malformed, lost = wire.receive(bad, NOW)
    assert isinstance(malformed, SpotMalformed)
    assert len(malformed.reason) <= 200
    assert (type(lost), lost.remedy) == (SpotLost, "document")
    assert wire.receive(MOVE, NOW) == (SpotAlive(V, stamp(300), NOW),)
    assert wire.take_document(200, bitstamp_document(299), NOW) == ()
    assert wire.document_wanted(NOW + 10 * SECOND) == DOCUMENT
    assert isinstance(wire.take_document(200, bitstamp_document(300), NOW)[0], SpotReplaced)


@pytest.mark.parametrize("bad", BAD, ids=range(len(BAD)))
def test_a_hole_in_what_is_kept_asks_for_a_newer_document(bad):
    wire = opened()
    wire.receive(bitstamp_diff(100), NOW)
    assert [type(fact) for fact in wire.receive(bad, NOW)] == [SpotMalformed]
    assert wire.take_document(200, bitstamp_document(299), NOW) == ()
    wire.receive(MOVE, NOW)
    assert wire.take_document(200, bitstamp_document(299), NOW) == ()
    assert isinstance(wire.take_document(200, bitstamp_document(301), NOW)[0], SpotReplaced)


@given(st.data(), st.lists(changes, min_size=1, max_size=12))
def test_the_readers_book_is_the_venues(data, steps):
    """Documents of any age arrive at any time; once known, the book is right after each frame."""
    venue, documents = [{}, {}], []
    wire, book = opened(document_every=0), PlainBook()
    for number, moves in enumerate(steps, start=1):
        new = [[], []]
        for side, price, size in moves:
            new[side].append([str(price), str(size)])
            change(venue[side], price, size)
        documents.append(bitstamp_document(number * 10, *map(written, venue)))
        book.read(wire.receive(bitstamp_diff(number * 10, *new), NOW))
        wire.document_wanted(NOW)
        if data.draw(st.booleans()):
            document = data.draw(st.sampled_from(documents))
            book.read(wire.take_document(200, document, NOW))
        if book.known:
            assert [plain(side) for side in book.sides] == venue
    book.read(wire.take_document(200, documents[-1], NOW))
    assert book.known


def survives(frame, status=200, body=None):
    """No mutilation raises, none moves a book that is lost, and a new connection mends all."""
    for start in (opened, known):
        wire, book = start(), PlainBook()
        book.known = start is known
        for sent in (frame, MOVE, frame):
            book.read(wire.receive(sent, NOW))
        book.read(wire.take_document(status, body or bitstamp_document(400), NOW))
        book.read(wire.receive(bitstamp_diff(500, bids=[["1", "1"]]), NOW))
        wire.opened(NOW)
        book.read(wire.receive(bitstamp_diff(100), NOW))
        book.read(wire.take_document(200, bitstamp_document(200), NOW))
        book.read(wire.receive(MOVE, NOW))
        assert book.sides == [{84_000 * DOLLAR: COIN // 2, BID[0]: BID[1]}, {}]
        wire.to_send(NOW + 99 * SECOND)


def test_truncated_frames_never_raise():
    for frame in truncated(FRAMES.values()):
        survives(frame)
    for body in truncated([bitstamp_document(400)]):
        survives(MOVE, body=body)


@given(flipped(list(FRAMES.values())), flipped([bitstamp_document(400)]))
def test_flipped_bytes_never_raise(frame, body):
    survives(frame, body=body)


@given(planted(list(FRAMES.values())), planted([bitstamp_document(400)]))
def test_wrong_types_never_raise(frame, body):
    survives(frame, body=body)


@given(st.binary(max_size=200), st.integers(0, 999))
def test_noise_never_raises(noise, status):
    survives(noise, status, noise)


def _recorded():
    """Frames received for one market of the recording, as if they were ours."""
    path = recordings.data("exchange_frames/BITSTAMP.ws.1.0.gz")
    for line in gzip.decompress(path.read_bytes()).decode().splitlines():
        _, _, text = line.partition(": ")
        if text.startswith("{") and "<-" not in line and "_ethusd" in line:
            yield text.replace("_ethusd", "_btcusd").encode()


@pytest.mark.recordings
def test_a_recording_of_another_market_is_followed():
    path = recordings.data("exchange_frames/BITSTAMP.http.0.0.gz")
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    (body,) = [line.partition(": ")[2] for line in lines if "/order_book/ethusd" in line]
    document = json.loads(body)
    model = [{float(p): float(s) for p, s in document[side]} for side in ("bids", "asks")]
    wire, book, moves = BitstampWire(), PlainBook(), 0
    wire.opened(NOW)
    for frame in _recorded():
        facts = wire.receive(frame, NOW)
        said = json.loads(frame)
        data = said["data"]
        if said["event"] == "data" and data["microtimestamp"] > document["microtimestamp"]:
            for side, levels in zip(model, (data["bids"], data["asks"]), strict=True):
                for price, size in levels:
                    change(side, float(price), float(size))
            moves += 1
        assert not any(isinstance(fact, SpotLost | SpotMalformed) for fact in facts)
        book.read(facts)
        if wire.document_wanted(NOW):
            book.read(wire.take_document(200, body.encode(), NOW))
    assert moves > 50
    near = [{p: s for p, s in side.items() if p < 100_000_000} for side in model]
    read = [{p / DOLLAR: s / COIN for p, s in side.items()} for side in book.sides]
    assert read == near
    assert max(read[0]) < min(read[1])
