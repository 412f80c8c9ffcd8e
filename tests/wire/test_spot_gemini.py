"""Gemini frames, new and old, become exactly these facts; mutilated, they become none that are
wrong.
"""

import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_assistant.domain.time import MINUTE, SECOND
from kalshi_assistant.venues.spot.gemini import FRAME_BYTES_MAX, GeminiWire
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
    COIN,
    DOLLAR,
    GEMINI_ASKS,
    GEMINI_BIDS,
    GEMINI_ERROR,
    GEMINI_HEARTBEAT,
    GEMINI_NANOS,
    GEMINI_SUBSCRIBED,
    GEMINI_TRADE,
    NOW,
    encode,
    gemini_depth,
    gemini_l2,
    gemini_l2_snapshot,
    gemini_refused,
    gemini_snapshot,
    plain,
    written,
)
from tests.support.spot_readers import PlainBook, change, changes, flipped, planted, truncated

V = "gemini"
AT = GEMINI_NANOS
ALIVE = SpotAlive(V, None, NOW)
BIDS = tuple((DOLLAR * (83_999 - place) + DOLLAR // 2, 20_000_000) for place in range(60))
ASKS = tuple((DOLLAR * (84_000 + place) + DOLLAR // 2, 30_000_000) for place in range(60))
CHANGED = {"bids": [["83999.50", "0"], ["83999.60", "1.25"]], "asks": [["84000.50", "2"]]}
MOVED = ((0, BIDS[0][0], 0), (0, 839_996_000, 125_000_000), (1, ASKS[0][0], 2 * COIN))
MOVE = gemini_depth(1005, 1006, **CHANGED)
L2_MOVE = gemini_l2(**CHANGED)
DEPTH_FRAMES = {
    "subscribed": GEMINI_SUBSCRIBED,
    "refused": gemini_refused(),
    "update": MOVE,
    "overlapping update": gemini_depth(1004, 1004, asks=[["1", "1"]]),
    "gap": gemini_depth(1006, 1007),
}
L2_FRAMES = {
    "update": L2_MOVE,
    "heartbeat": GEMINI_HEARTBEAT,
    "trade": GEMINI_TRADE,
    "error": GEMINI_ERROR,
}
FEEDS = {
    "depth": (gemini_snapshot(), MOVE, DEPTH_FRAMES),
    "l2": (gemini_l2_snapshot(), L2_MOVE, L2_FRAMES),
}
both = pytest.mark.parametrize("feed", FEEDS)


def opened(feed="depth", **settings):
    wire: SpotWire = GeminiWire(feed, **settings)
    wire.opened(NOW)
    wire.to_send(NOW)
    return wire


def known(feed="depth", **settings):
    wire = opened(feed, **settings)
    at = AT if feed == "depth" else None
    assert wire.receive(FEEDS[feed][0], NOW) == (SpotReplaced(V, at, NOW, BIDS, ASKS),)
    return wire


def test_the_feed_decides_where_to_connect_and_what_to_ask():
    new, old = GeminiWire(), GeminiWire("l2")
    assert (new.url, old.url) == (
        "wss://ws.gemini.com?snapshot=-1",
        "wss://api.gemini.com/v2/marketdata",
    )
    asked = []
    for wire in (new, old):
        assert wire.to_send(NOW) == ()
        wire.opened(NOW)
        asked += map(json.loads, wire.to_send(NOW))
        assert wire.to_send(NOW + 999 * SECOND) == ()
        assert wire.document_wanted(NOW + 999 * SECOND) is None
    assert asked == [
        {"id": "1", "method": "subscribe", "params": ["btcusd@depth@100ms"]},
        {"type": "subscribe", "subscriptions": [{"name": "l2", "symbols": ["BTCUSD"]}]},
    ]


@both
def test_updates_give_new_sizes_and_removals(feed):
    wire = known(feed)
    at = AT if feed == "depth" else None
    assert wire.receive(FEEDS[feed][1], NOW) == (SpotMoved(V, at, NOW, MOVED),)
    empty = gemini_depth(1007, 1007) if feed == "depth" else gemini_l2()
    assert wire.receive(empty, NOW) == (SpotAlive(V, at, NOW),)


def test_answers_heartbeats_and_trades_are_signs_of_life():
    assert known().receive(GEMINI_SUBSCRIBED, NOW) == (ALIVE,)
    for frame in (GEMINI_HEARTBEAT, GEMINI_TRADE):
        assert known("l2").receive(frame, NOW) == (ALIVE,)


@pytest.mark.parametrize("first", [1004, 1005])
def test_a_frame_may_begin_at_the_last_number_or_after_it(first):
    wire = known()
    assert isinstance(wire.receive(gemini_depth(first, 1008, **CHANGED), NOW)[0], SpotMoved)
    assert isinstance(wire.receive(gemini_depth(first + 4, 1010, **CHANGED), NOW)[0], SpotMoved)


@pytest.mark.parametrize("first", [0, 1003, 1006, 9_999])
def test_a_gap_loses_the_book_until_a_new_connection(first):
    wire = known()
    (lost,) = wire.receive(gemini_depth(first, 10_000, **CHANGED), NOW)
    assert lost == SpotLost(V, None, NOW, f"gap: U {first} after u 1004", "reconnect")
    assert wire.receive(MOVE, NOW) == (ALIVE,)
    assert wire.receive(gemini_snapshot(), NOW) == (ALIVE,)
    wire.opened(NOW)
    assert len(wire.to_send(NOW)) == 1
    assert isinstance(wire.receive(gemini_snapshot(7_000), NOW)[0], SpotReplaced)
    assert isinstance(wire.receive(gemini_depth(7_001, 7_001, **CHANGED), NOW)[0], SpotMoved)


@both
@pytest.mark.parametrize("levels", [(GEMINI_BIDS[:49], GEMINI_ASKS), (GEMINI_ASKS, GEMINI_BIDS)])
def test_a_first_frame_that_is_no_whole_book_is_refused(feed, levels):
    frame = gemini_depth(1, 2, *levels) if feed == "depth" else gemini_l2(*levels)
    malformed, lost = opened(feed).receive(frame, NOW)
    assert malformed.reason.startswith("no whole book in the first frame: ")
    assert (type(lost), lost.remedy) == (SpotLost, "reconnect")


def test_the_old_streams_book_is_given_up_in_time():
    wire = known("l2", renew_every=5 * MINUTE)
    assert isinstance(wire.receive(L2_MOVE, NOW + 5 * MINUTE)[0], SpotMoved)
    (lost,) = wire.receive(GEMINI_HEARTBEAT, NOW + 5 * MINUTE + 1)
    assert (type(lost), lost.remedy) == (SpotLost, "reconnect")
    assert isinstance(known().receive(MOVE, NOW + 999 * MINUTE)[0], SpotMoved)


@both
def test_frames_without_a_snapshot_for_long_are_a_loss(feed):
    wire = opened(feed)
    frame = GEMINI_SUBSCRIBED if feed == "depth" else GEMINI_HEARTBEAT
    assert len(wire.receive(frame, NOW + 30 * SECOND)) == 1
    alive, lost = wire.receive(frame, NOW + 31 * SECOND)
    assert (type(alive), lost.reason) == (SpotAlive, "frames, but no snapshot")
    assert len(wire.receive(frame, NOW + 32 * SECOND)) == 1


def test_heartbeats_without_changes_for_long_are_a_loss():
    wire = known("l2")
    wire.receive(L2_MOVE, NOW + 50 * SECOND)
    assert len(wire.receive(GEMINI_HEARTBEAT, NOW + 110 * SECOND)) == 1
    _, lost = wire.receive(GEMINI_HEARTBEAT, NOW + 111 * SECOND)
    assert (lost.reason, lost.remedy) == ("frames, but no change", "reconnect")


def test_an_error_is_reported_in_the_venues_words():
    reason = 'status 400: {"code":-1100,"msg":"Invalid stream"}'
    assert opened().receive(gemini_refused(), NOW) == (SpotLost(V, None, NOW, reason, "reconnect"),)
    assert known().receive(gemini_refused(), NOW) == (SpotMalformed(V, None, NOW, reason),)
    assert len(known().receive(gemini_refused("x" * 999), NOW)[0].reason) == 200
    reason = "error InvalidJson: Bad frame"
    assert opened("l2").receive(GEMINI_ERROR, NOW)[0].reason == reason
    assert known("l2").receive(GEMINI_ERROR, NOW) == (SpotMalformed(V, None, NOW, reason),)


@both
def test_other_symbols_are_ignored(feed):
    wire = known(feed)
    for frame in (
        gemini_depth(1, 2, [["1", "1"]], symbol="ethusd"),
        gemini_l2([["1", "1"]], symbol="ETHUSD"),
    ):
        assert wire.receive(frame, NOW) == (ALIVE,)
    assert isinstance(wire.receive(FEEDS[feed][1], NOW)[0], SpotMoved)


def test_a_wrong_stamp_costs_the_stamp_only():
    for stamp in (b"1790000000123", b"0", b"-1", b"99999999999999999999", b"null"):
        frame = MOVE.replace(str(GEMINI_NANOS).encode(), stamp)
        assert known().receive(frame, NOW) == (SpotMoved(V, None, NOW, MOVED),)


@both
@pytest.mark.parametrize(
    "level",
    [["-1", "1"], ["0", "1"], ["1e5", "1"], ["1", "NaN"], ["1", 1], ["1"], "1"],
)
def test_a_level_that_makes_no_sense_loses_the_book(feed, level):
    wire = known(feed)
    depth = feed == "depth"
    frame = gemini_depth(1005, 1005, [level]) if depth else gemini_l2([level])
    malformed, lost = wire.receive(frame, NOW)
    assert (type(malformed), type(lost)) == (SpotMalformed, SpotLost)
    assert wire.receive(FEEDS[feed][1], NOW) == (ALIVE,)


@both
@pytest.mark.parametrize(
    "bad", [b"", b"[" * 100_000, b" " * (FRAME_BYTES_MAX + 1), encode([])], ids=range(4)
)
def test_a_frame_that_makes_no_sense_loses_the_book(feed, bad):
    malformed, lost = known(feed).receive(bad, NOW)
    assert isinstance(malformed, SpotMalformed)
    assert len(malformed.reason) <= 200
    assert (type(lost), lost.remedy) == (SpotLost, "reconnect")


@pytest.mark.parametrize(
    ("feed", "frame"),
    [
        ("depth", gemini_depth(1005, 1004)),
        ("depth", gemini_depth(None, 1005)),
        ("depth", gemini_depth(1005, 1005, [["1", "1"]] * 20_001)),
        ("l2", gemini_l2([["1", "1"]] * 20_001)),
        ("l2", gemini_l2([["1", "1"]] * 200_001)),
    ],
    ids=range(5),
)
def test_bounds_and_numbers_are_kept(feed, frame):
    assert [type(fact) for fact in known(feed).receive(frame, NOW)] == [SpotMalformed, SpotLost]


def test_an_unasked_document_is_malformed():
    assert isinstance(GeminiWire().take_document(200, b"{}", NOW)[0], SpotMalformed)


@both
@given(steps=st.lists(changes, max_size=12), overlap=st.booleans())
def test_the_readers_book_is_the_venues(feed, steps, overlap):
    venue = [dict.fromkeys(range(20, 80), 1), dict.fromkeys(range(100, 160), 1)]
    wire, book, last = opened(feed), PlainBook(), 5
    levels = [written(side) for side in venue]
    frame = gemini_depth(1, last, *levels) if feed == "depth" else gemini_l2_snapshot(*levels)
    book.read(wire.receive(frame, NOW))
    for moves in steps:
        new = [[], []]
        for side, price, size in moves:
            new[side].append([str(price), str(size)])
            change(venue[side], price, size)
        first = last if overlap else last + 1
        last = first + 2
        frame = gemini_depth(first, last, *new) if feed == "depth" else gemini_l2(*new)
        book.read(wire.receive(frame, NOW))
        assert [plain(side) for side in book.sides] == venue


def survives(feed, frame):
    """No mutilation raises, none moves a book that is lost, and a new connection mends all."""
    snapshot, move, _ = FEEDS[feed]
    for start in ((), (snapshot,)):
        wire, book = opened(feed), PlainBook()
        for sent in (*start, frame, move, frame):
            book.read(wire.receive(sent, NOW))
        wire.opened(NOW)
        for sent in (snapshot, move):
            book.read(wire.receive(sent, NOW))
        assert len(book.sides[0]) == len(book.sides[1]) == 60
        assert book.sides[1][ASKS[0][0]] == 2 * COIN


@both
def test_truncated_frames_never_raise(feed):
    for frame in truncated(FEEDS[feed][2].values()):
        survives(feed, frame)
    for length in range(0, len(FEEDS[feed][0]), 50):
        survives(feed, FEEDS[feed][0][:length])


@both
@given(st.data())
def test_mutilated_frames_never_raise(feed, data):
    frames = [*FEEDS[feed][2].values(), FEEDS[feed][0]]
    survives(feed, data.draw(flipped(frames) | planted(frames) | st.binary(max_size=200)))


@pytest.mark.recordings
def test_a_recording_of_another_market_is_followed():
    path = recordings.data("exchange_frames/GEMINI.ws.1.0.gz")
    wire, book, model = GeminiWire("l2"), PlainBook(), [{}, {}]
    wire.opened(NOW)
    kinds = []
    for line in gzip.decompress(path.read_bytes()).decode().splitlines():
        _, _, text = line.partition(": ")
        if "<-" in line or not text.startswith("{") or '"BTCGBP"' not in text:
            continue
        facts = wire.receive(text.replace('"BTCGBP"', '"BTCUSD"').encode(), NOW)
        book.read(facts)
        kinds += map(type, facts)
        for side, price, size in json.loads(text).get("changes", ()):
            change(model[side != "buy"], float(price), float(size))
    assert kinds[0] is SpotReplaced
    assert set(kinds[1:]) <= {SpotMoved, SpotAlive}
    assert kinds.count(SpotMoved) > 10
    assert [{p / DOLLAR: s / COIN for p, s in side.items()} for side in book.sides] == model
    assert max(model[0]) < min(model[1])
