"""Writer and reader together: what is written comes back, and damage is not a torn tail."""

import errno
import os
from pathlib import Path

import pytest

from kalshi_assistant.domain.errors import OperatorError, PassingError
from kalshi_assistant.journal.codec import (
    BLOCK_BYTES_MAX,
    BLOCK_HEAD_BYTES,
    EVENTS,
    FRAMES,
    CorruptJournalError,
    FrameRecord,
    encode_intents,
)
from kalshi_assistant.journal.reader import (
    JournalReader,
    MissingRecords,
    TornTail,
    read_header,
    runs,
)
from kalshi_assistant.journal.retention import compress
from kalshi_assistant.journal.settings import JournalSettings
from kalshi_assistant.journal.writer import JournalWriter
from tests.support.journals import (
    NOON,
    RUN,
    event_record,
    event_records,
    event_writer,
    frame_record,
)


def two_batches(directory: Path) -> tuple[Path, int]:
    """A closed file with records 1-5 and 6-8, and where its last block begins."""
    writer = event_writer(directory)
    writer.write(event_records(1, 5))
    offset = writer.path.stat().st_size
    writer.write(event_records(6, 8))
    return writer.close(), offset


def test_records_come_back_in_their_batches(tmp_path: Path) -> None:
    path, _ = two_batches(tmp_path)
    reader = JournalReader(EVENTS, [path])
    assert list(reader.batches()) == [event_records(1, 5), event_records(6, 8)]
    assert reader.notices == []


def test_reading_twice_gives_the_same(tmp_path: Path) -> None:
    path, _ = two_batches(tmp_path)
    reader = JournalReader(EVENTS, [path])
    assert list(reader) == list(reader) == event_records(1, 8)


def test_frames_come_back_byte_for_byte(tmp_path: Path) -> None:
    writer = JournalWriter(FRAMES, tmp_path, RUN, JournalSettings(), created_at=NOON)
    frames = [frame_record(number) for number in range(3)]
    frames.append(FrameRecord(NOON, frames[0].source, "out", bytes(range(256))))
    writer.write(frames)
    assert list(JournalReader(FRAMES, [writer.close()])) == frames


def test_the_header_says_what_ran(tmp_path: Path) -> None:
    header = read_header(event_writer(tmp_path).close())
    assert header.run == RUN
    assert (header.kind, header.created_at, header.part) == ("events", NOON, 1)
    assert (header.first_sequence, header.predecessor) == (1, None)


def test_a_file_is_for_its_owner_only(tmp_path: Path) -> None:
    assert event_writer(tmp_path).close().stat().st_mode & 0o777 == 0o600


def test_an_empty_batch_writes_nothing(tmp_path: Path) -> None:
    writer = event_writer(tmp_path)
    size = writer.path.stat().st_size
    writer.write([])
    assert writer.path.stat().st_size == size


def test_a_skipped_record_trips_the_writer(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="skipped or repeated"):
        event_writer(tmp_path).write([event_record(2)])


def test_a_batch_is_one_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = event_writer(tmp_path)
    calls = []
    plain_write = os.write
    monkeypatch.setattr(os, "write", lambda *args: calls.append(1) or plain_write(*args))
    writer.write(event_records(1, 500))
    assert len(calls) == 1


def test_a_tail_torn_at_any_byte_is_dropped_with_a_notice(tmp_path: Path) -> None:
    path, offset = two_batches(tmp_path)
    whole = path.read_bytes()
    for end in range(offset, len(whole)):
        path.write_bytes(whole[:end])
        reader = JournalReader(EVENTS, [path])
        assert list(reader) == event_records(1, 5)
        torn = [TornTail(path, offset, end - offset)] if end > offset else []
        assert reader.notices == torn


def test_a_tail_of_zeros_is_a_torn_tail(tmp_path: Path) -> None:
    path, offset = two_batches(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[:offset] + bytes(70_000))
    reader = JournalReader(EVENTS, [path])
    assert list(reader) == event_records(1, 5)
    assert reader.notices == [TornTail(path, offset, 70_000)]


def test_a_last_block_of_zeros_is_a_torn_tail(tmp_path: Path) -> None:
    path, offset = two_batches(tmp_path)
    whole = path.read_bytes()
    kept = offset + BLOCK_HEAD_BYTES
    path.write_bytes(whole[:kept] + bytes(len(whole) - kept))
    reader = JournalReader(EVENTS, [path])
    assert list(reader) == event_records(1, 5)
    assert reader.notices == [TornTail(path, offset, len(whole) - offset)]


def test_any_flipped_byte_in_the_middle_is_an_error_with_file_and_offset(tmp_path: Path) -> None:
    writer = event_writer(tmp_path)
    begin = writer.path.stat().st_size
    writer.write(event_records(1, 2))
    end = writer.path.stat().st_size
    writer.write(event_records(3, 4))
    path = writer.close()
    whole = path.read_bytes()
    for place in range(begin, end):
        damaged = bytearray(whole)
        damaged[place] ^= 0x10
        path.write_bytes(damaged)
        with pytest.raises(CorruptJournalError, match=rf"{path.name}: .* {begin}\b"):
            list(JournalReader(EVENTS, [path]))


def test_any_flipped_byte_in_the_header_is_an_error(tmp_path: Path) -> None:
    path = event_writer(tmp_path).close()
    whole = path.read_bytes()
    for place in range(len(whole)):
        damaged = bytearray(whole)
        damaged[place] ^= 0x10
        path.write_bytes(damaged)
        with pytest.raises(OperatorError, match=path.name):
            read_header(path)


def test_a_newer_format_names_the_remedy(tmp_path: Path) -> None:
    path = event_writer(tmp_path).close()
    whole = path.read_bytes()
    path.write_bytes(whole[:6] + b"\x02\x00" + whole[8:])
    with pytest.raises(OperatorError, match=r"journal format 2.*update kalshi-assistant"):
        read_header(path)


def test_a_journal_of_the_other_kind_is_refused(tmp_path: Path) -> None:
    path = event_writer(tmp_path).close()
    with pytest.raises(OperatorError, match=r"holds events; give \*\.frames"):
        JournalReader(FRAMES, [path])


def test_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.events"
    path.write_text("hello, world")
    with pytest.raises(OperatorError, match="not a journal"):
        read_header(path)


def test_a_missing_file_is_the_operators(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match=r"cannot read .*none\.events"):
        read_header(tmp_path / "none.events")


def test_no_file_is_the_operators() -> None:
    with pytest.raises(OperatorError, match="no journal given"):
        JournalReader(EVENTS, [])


def test_the_parts_of_a_run_read_as_one(tmp_path: Path) -> None:
    paths = three_parts(tmp_path)
    reader = JournalReader(EVENTS, [paths[2], paths[0], paths[1]])
    assert list(reader) == event_records(1, 9)
    assert reader.notices == []
    assert reader.paths == tuple(paths)


def test_a_missing_part_is_reported(tmp_path: Path) -> None:
    paths = three_parts(tmp_path)
    reader = JournalReader(EVENTS, [paths[0], paths[2]])
    assert list(reader) == event_records(1, 3) + event_records(7, 9)
    assert reader.notices == [MissingRecords(paths[2], 4, 7, paths[1].name)]
    assert "is" in reader.notices[0].text


def test_a_missing_first_part_is_reported(tmp_path: Path) -> None:
    paths = three_parts(tmp_path)
    reader = JournalReader(EVENTS, paths[1:])
    assert list(reader) == event_records(4, 9)
    assert reader.notices == [MissingRecords(paths[1], 1, 4, paths[0].name)]


def test_a_part_both_plain_and_compressed_is_read_once(tmp_path: Path) -> None:
    paths = three_parts(tmp_path)
    plain = paths[1].read_bytes()
    packed = compress(paths[1])
    paths[1].write_bytes(plain)
    reader = JournalReader(EVENTS, [paths[0], packed, paths[1], paths[2]])
    assert list(reader) == event_records(1, 9)
    assert reader.notices == []


def test_two_runs_are_not_read_as_one(tmp_path: Path) -> None:
    first = event_writer(tmp_path).close()
    later = JournalWriter(EVENTS, tmp_path, RUN, JournalSettings(), created_at=NOON + 10**9)
    second = later.close()
    with pytest.raises(OperatorError, match="of 2 runs"):
        JournalReader(EVENTS, [first, second])
    assert list(runs([second, first]).values()) == [[first], [second]]


def test_a_damaged_compressed_file_is_named(tmp_path: Path) -> None:
    path, _ = two_batches(tmp_path)
    packed = compress(path)
    content = packed.read_bytes()
    packed.write_bytes(content[:-20])
    with pytest.raises(CorruptJournalError, match=packed.name):
        list(JournalReader(EVENTS, [packed]))


def test_a_failed_write_says_which_records_are_missing_and_may_be_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = event_writer(tmp_path)
    writer.write(event_records(1, 2))
    plain_write, calls = os.write, []

    def full_disk(descriptor: int, data: bytes) -> int:
        calls.append(1)
        if len(calls) > 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        return plain_write(descriptor, data[:20])

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full_disk)
        with pytest.raises(PassingError, match=r"No space left.*records 3 to 5.*free space"):
            writer.write(event_records(3, 5))
    writer.write(event_records(3, 5))
    reader = JournalReader(EVENTS, [writer.close()])
    assert list(reader) == event_records(1, 5)
    assert reader.notices == []


def test_closing_after_a_failed_write_leaves_a_whole_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = event_writer(tmp_path)
    writer.write(event_records(1, 2))
    plain_write = os.write

    def quota(descriptor: int, data: bytes) -> int:
        plain_write(descriptor, data[:20])
        raise OSError(errno.EDQUOT, "Disk quota exceeded")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", quota)
        with pytest.raises(PassingError):
            writer.write(event_records(3, 5))
    reader = JournalReader(EVENTS, [writer.close()])
    assert list(reader) == event_records(1, 2)
    assert reader.notices == []


def test_a_folder_that_cannot_be_made_is_a_named_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PassingError, match="cannot begin the journal"):
        event_writer(tmp_path / "file")


def test_a_batch_too_long_for_a_block_is_split(tmp_path: Path) -> None:
    writer = JournalWriter(FRAMES, tmp_path, RUN, JournalSettings(), created_at=NOON)
    large = FrameRecord(NOON, frame_record(0).source, "in", bytes(BLOCK_BYTES_MAX // 2 - 100))
    writer.write([large] * 3)
    assert list(JournalReader(FRAMES, [writer.close()])) == [large] * 3
    with pytest.raises(ValueError, match="more than a block may hold"):
        writer.write([FrameRecord(NOON, large.source, "in", bytes(BLOCK_BYTES_MAX + 1))])


def test_equal_intents_are_equal_bytes() -> None:
    one, other = event_record(1), event_record(2)
    assert encode_intents(one.intents) == encode_intents(event_record(1).intents)
    assert encode_intents(one.intents) != encode_intents(other.intents)


def three_parts(directory: Path) -> list[Path]:
    """Closed files with records 1-3, 4-6, 7-9 of one run."""
    writer = event_writer(directory)
    writer.write(event_records(1, 3))
    first = writer.rotate(NOON)
    writer.write(event_records(4, 6))
    second = writer.rotate(NOON)
    writer.write(event_records(7, 9))
    return [first, second, writer.close()]
