"""Each composed frame becomes exactly these facts; mutilated, it becomes none that are wrong."""

import csv
import json
from collections import Counter
from pathlib import Path

import msgspec
import numpy as np
import pytest

from kalshi_assistant.domain.events import BookDelta, BookSnapshot, Event, Gap, Malformed
from kalshi_assistant.journal.recording import BadLine, read_recording
from kalshi_assistant.quant.rng import stream
from kalshi_assistant.venues.kalshi.schema import CHANNEL_OF_TYPE, Data, Reply
from kalshi_assistant.venues.kalshi.wire import KalshiWire
from tests.support.kalshi_frames import GOLDEN, NOW, TICKER, delta, encode, snapshot

DELTA = (
    delta(2, client_order_id="c-1", subaccount=0, price_cents=55),
    [BookDelta(1_795_280_500_120_000_000, NOW, TICKER, 0, 5_500, -2_050)],
)
CASES = GOLDEN | {"delta": DELTA}
TROUBLE = (Malformed, Gap)


@pytest.mark.parametrize("name", CASES)
def test_a_composed_frame_becomes_exactly_its_facts(name):
    frame, events = CASES[name]
    wire = KalshiWire()
    if name == "delta":
        wire.receive(snapshot(1), NOW)
    assert list(wire.receive(frame, NOW)) == events


@pytest.mark.parametrize("name", CASES)
def test_text_and_bytes_are_the_same(name):
    frame, events = CASES[name]
    wire = KalshiWire()
    if name == "delta":
        wire.receive(snapshot(1), NOW)
    assert list(wire.receive(frame.decode(), NOW)) == events


def test_every_message_type_is_composed():
    types = {json.loads(frame)["type"] for frame, _ in CASES.values()}
    replies = {kind.__struct_config__.tag for kind in Reply.__args__}
    assert types == set(CHANNEL_OF_TYPE) | replies
    assert len(Data.__args__) == len(CHANNEL_OF_TYPE)


def only_trouble(events):
    return all(isinstance(event, TROUBLE) for event in events)


OF_THE_BOOK = ("snapshot", "empty_snapshot", "delta")


def survives(name, frame):
    """Feed a mutilated frame after a whole book; what is said must be trouble, nothing, or one
    fact of the kind it was, and of a book frame that is not used the book must be in doubt.
    """
    wire = KalshiWire()
    wire.receive(snapshot(1), NOW)
    events = list(wire.receive(frame, NOW))
    whole = [type(event) for event in CASES[name][1]]
    assert only_trouble(events) or [type(event) for event in events] == whole
    if name in OF_THE_BOOK and only_trouble(events):
        assert wire.broken == (TICKER,), frame
    for event in events:
        msgspec.msgpack.encode(event)  # every number fits the journal
        assert isinstance(event, Event)


def numbered(name):
    """The composed frame as the next one after a whole book."""
    document = json.loads(CASES[name][0])
    return document | {"seq": 2} if name in OF_THE_BOOK else document


@pytest.mark.parametrize("name", GOLDEN)
def test_a_frame_cut_anywhere_is_malformed(name):
    frame, _ = GOLDEN[name]
    for length in range(len(frame)):
        events = KalshiWire().receive(frame[:length], NOW)
        assert [type(event) for event in events] == [Malformed]


def without(document, path):
    """A copy of ``document`` without the member at ``path``."""
    copy = json.loads(json.dumps(document))
    inner = copy
    for step in path[:-1]:
        inner = inner[step]
    del inner[path[-1]]
    return copy


def replaced(document, path, value):
    copy = json.loads(json.dumps(document))
    inner = copy
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    return copy


def paths(document, above=()):
    for name, value in document.items():
        yield (*above, name)
        if isinstance(value, dict):
            yield from paths(value, (*above, name))


@pytest.mark.parametrize("name", CASES)
def test_a_frame_without_one_of_its_fields_never_half_applies(name):
    document = numbered(name)
    for path in paths(document):
        survives(name, encode(without(document, path)))


ODD = [None, True, -1, 0, 1.5, 2**70, "", "x", "NaN", "1e400", "9" * 400, [], {}, [[]], "\ud83d"]


@pytest.mark.parametrize("name", CASES)
def test_a_field_of_the_wrong_kind_never_half_applies(name):
    document = numbered(name)
    for path in paths(document):
        for odd in ODD:
            survives(name, encode(replaced(document, path, odd)))


@pytest.mark.parametrize("name", CASES)
def test_a_damaged_byte_never_raises(name):
    frame, _ = CASES[name]
    chance = stream(7, f"damage.{name}")
    for _ in range(300):
        place, bit = int(chance.integers(len(frame))), 1 << int(chance.integers(8))
        damaged = frame[:place] + bytes([frame[place] ^ bit]) + frame[place + 1 :]
        wire = KalshiWire()
        wire.receive(snapshot(1), NOW)
        for event in wire.receive(damaged, NOW):
            msgspec.msgpack.encode(event)


GARBAGE = [
    b"",
    b"\xff\xfe",
    b"null",
    b"[]",
    b"7",
    b'"hello"',
    b"{}",
    b'{"type":7}',
    b'{"type":"pyth_value","sid":99,"seq":1,"msg":{}}',
    b'{"type":"ok","sid":99,"seq":"x"}',
    b"[" * 100_000,
    b'{"type":"ok","x":' + b"[" * 100_000,
    b'{"type":"trade","sid":2,"seq":1,"msg":{"trade_id":"\xff"}}',
    "\ud800",
]


@pytest.mark.parametrize("frame", GARBAGE, ids=range(len(GARBAGE)))
def test_garbage_is_malformed(frame):
    events = KalshiWire().receive(frame, NOW)
    assert [type(event) for event in events] == [Malformed]
    assert 0 < len(events[0].reason) <= 200


def test_a_stream_of_random_bytes_is_malformed():
    chance = np.random.Generator(np.random.PCG64(5))
    wire = KalshiWire()
    for _ in range(500):
        frame = chance.bytes(int(chance.integers(0, 80)))
        assert only_trouble(wire.receive(frame, NOW))


# --- recordings ---

FRAMES = Path(__file__).resolve().parents[2] / ".." / "shared" / "data" / "frames"


def recorded_counts(name):
    """How many of each fact a recording holds, and how many deltas its index names."""
    with (FRAMES / "index.csv").open(newline="") as file:
        row = next(row for row in csv.DictReader(file) if row["file"] == name)
    wire, seen = KalshiWire(), Counter()
    for line in read_recording(FRAMES / name):
        assert not isinstance(line, BadLine)
        received_at, frame = line
        seen.update(type(event) for event in wire.receive(frame, received_at))
    assert wire.withheld == 0
    return seen, row


def assert_decodes(name):
    seen, row = recorded_counts(name)
    assert seen[Malformed] == 0
    assert seen[Gap] == int(row["seq_gaps"])
    assert seen[BookDelta] == int(row["deltas"])
    assert seen[BookSnapshot] >= 1


@pytest.mark.recordings
@pytest.mark.skipif(not FRAMES.is_dir(), reason="the recordings are not beside this checkout")
def test_every_recording_decodes_whole_with_the_gaps_of_its_index():
    names = sorted(path.name for path in FRAMES.glob("*.jsonl.gz"))
    assert len(names) == 54
    for name in names:
        assert_decodes(name)
