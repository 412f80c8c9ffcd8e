"""Whatever may be said can be written down and read again, byte for byte."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kalshi_assistant.domain.events import Event
from kalshi_assistant.domain.intents import Intent
from kalshi_assistant.journal.codec import (
    BLOCK_HEAD_BYTES,
    EVENTS,
    FRAMES,
    EventRecord,
    FrameRecord,
    decode_block_head,
    encode_block,
    payload_is_whole,
)
from kalshi_assistant.journal.reader import JournalReader
from tests.support.journals import NOON, event_records, event_writer
from tests.support.struct_strategies import drawn_from, members


def payload_of(records: list[EventRecord] | list[FrameRecord]) -> bytes:
    """The payload of a block, through its own head."""
    buffer = bytearray()
    encode_block(records, buffer)
    head, payload = bytes(buffer[:BLOCK_HEAD_BYTES]), bytes(buffer[BLOCK_HEAD_BYTES:])
    size = decode_block_head(head)
    assert size is not None
    assert payload_is_whole(payload, *size)
    return payload


@pytest.mark.parametrize("kind", members(Event), ids=lambda kind: kind.__name__)
@given(data=st.data())
@settings(max_examples=25)
def test_every_event_comes_back(kind: type, data: st.DataObject) -> None:
    record = EventRecord(1, data.draw(drawn_from(kind)), ())
    payload = payload_of([record])
    decoded = EVENTS.decoder.decode(payload)
    assert decoded == [record]
    assert type(decoded[0].event) is kind
    assert payload_of(decoded) == payload


@pytest.mark.parametrize("kind", members(Intent), ids=lambda kind: kind.__name__)
@given(data=st.data())
@settings(max_examples=25)
def test_every_intent_comes_back(kind: type, data: st.DataObject) -> None:
    event = data.draw(drawn_from(Event))
    record = EventRecord(1, event, (data.draw(drawn_from(kind)),))
    payload = payload_of([record])
    decoded = EVENTS.decoder.decode(payload)
    assert decoded == [record]
    assert payload_of(decoded) == payload


@given(records=st.lists(drawn_from(FrameRecord), max_size=4))
def test_every_frame_comes_back(records: list[FrameRecord]) -> None:
    assert FRAMES.decoder.decode(payload_of(records)) == records


@given(batches=st.lists(st.integers(1, 5), max_size=6), rotate_after=st.integers(0, 6))
@settings(max_examples=40)
def test_batches_and_rotation_do_not_change_what_is_read(
    batches: list[int], rotate_after: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        writer = event_writer(Path(folder))
        written: list[EventRecord] = []
        files = []
        for number, size in enumerate(batches):
            if number == rotate_after:
                files.append(writer.rotate(NOON))
            first = writer.next_sequence
            batch = event_records(first, first + size - 1)
            writer.write(batch)
            written += batch
        files.append(writer.close())
        reader = JournalReader(EVENTS, files)
        assert list(reader) == written
        assert reader.notices == []
