"""Rotation, compression and deletion of journal files."""

import os
from pathlib import Path

import pytest

from kalshi_assistant.domain.errors import PassingError
from kalshi_assistant.domain.ranges import RangeError
from kalshi_assistant.domain.time import HOUR
from kalshi_assistant.journal.codec import EVENTS
from kalshi_assistant.journal.hold import is_held
from kalshi_assistant.journal.reader import JournalReader
from kalshi_assistant.journal.retention import compress, journal_files, prune, tidy
from kalshi_assistant.journal.settings import JournalSettings
from tests.support.journals import NOON, event_records, event_writer


def closed_files(directory: Path, ages_hours: list[float]) -> list[Path]:
    """One closed file of a hundred bytes per age, as old as that at noon."""
    directory.mkdir(parents=True, exist_ok=True)
    paths = []
    for number, age in enumerate(ages_hours):
        path = directory / f"run-{number:04d}.events"
        path.write_bytes(bytes(100))
        changed = NOON - round(age * HOUR)
        os.utime(path, ns=(changed, changed))
        paths.append(path)
    return paths


def test_rotation_is_due_by_size(tmp_path: Path) -> None:
    writer = event_writer(tmp_path, rotate_bytes=4_096)
    assert not writer.rotate_due
    writer.write(event_records(1, 200))
    assert writer.rotate_due
    finished = writer.rotate(NOON)
    assert not writer.rotate_due
    assert writer.path != finished
    assert writer.next_sequence == 201


def test_a_rotated_file_is_free_and_the_open_one_is_held(tmp_path: Path) -> None:
    writer = event_writer(tmp_path)
    finished = writer.rotate(NOON)
    assert not is_held(finished)
    assert is_held(writer.path)
    assert not is_held(writer.close())


def test_a_failed_rotation_leaves_the_old_file_open(tmp_path: Path) -> None:
    writer = event_writer(tmp_path)
    (tmp_path / writer.path.name.replace("0001", "0002")).write_text("in the way")
    with pytest.raises(PassingError, match="cannot begin the journal"):
        writer.rotate(NOON)
    writer.write(event_records(1, 2))
    assert list(JournalReader(EVENTS, [writer.close()])) == event_records(1, 2)


def test_a_compressed_file_reads_like_the_plain_one_and_replaces_it(tmp_path: Path) -> None:
    writer = event_writer(tmp_path)
    writer.write(event_records(1, 500))
    path = writer.close()
    os.utime(path, ns=(NOON, NOON))
    size = path.stat().st_size
    packed = compress(path)
    assert list(tmp_path.iterdir()) == [packed]
    assert packed.stat().st_size < size / 4
    assert packed.stat().st_mtime_ns == NOON
    assert list(JournalReader(EVENTS, [packed])) == event_records(1, 500)


def test_a_crash_before_the_rename_leaves_the_plain_file_and_tidy_ends_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = event_writer(tmp_path)
    writer.write(event_records(1, 5))
    path = writer.close()
    partial = path.with_name(path.name + ".gz.partial")
    partial.write_bytes(b"half")
    assert journal_files(tmp_path, ".events") == [path]
    tidy(tmp_path, JournalSettings(keep_hours=10**6), NOON)
    (packed,) = tmp_path.iterdir()
    assert list(JournalReader(EVENTS, [packed])) == event_records(1, 5)


def test_a_crash_after_the_rename_leaves_both_and_one_is_read(tmp_path: Path) -> None:
    writer = event_writer(tmp_path)
    writer.write(event_records(1, 5))
    path = writer.close()
    plain = path.read_bytes()
    packed = compress(path)
    path.write_bytes(plain)
    assert journal_files(tmp_path, ".events") == [path]
    tidy(tmp_path, JournalSettings(keep_hours=10**6), NOON)
    assert journal_files(tmp_path, ".events") == [packed]


def test_a_failed_compression_keeps_the_plain_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = event_writer(tmp_path).close()

    def full_disk(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(PassingError, match="cannot compress"):
        compress(path)
    assert list(tmp_path.iterdir()) == [path]


def test_tidy_never_touches_the_open_file(tmp_path: Path) -> None:
    writer = event_writer(tmp_path)
    settings = JournalSettings(keep_bytes=0, keep_hours=0.001)
    assert tidy(tmp_path, settings, NOON * 2) == []
    writer.write(event_records(1, 3))
    assert list(JournalReader(EVENTS, [writer.path])) == event_records(1, 3)


def test_files_too_old_are_deleted(tmp_path: Path) -> None:
    paths = closed_files(tmp_path, [30, 25, 23, 1])
    assert prune(tmp_path, JournalSettings(), NOON) == paths[:2]
    assert journal_files(tmp_path, ".events") == paths[2:]


def test_files_too_many_are_deleted_oldest_first(tmp_path: Path) -> None:
    paths = closed_files(tmp_path, [4, 3, 2, 1])
    assert prune(tmp_path, JournalSettings(keep_bytes=250), NOON) == paths[:2]


def test_other_files_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    assert tidy(tmp_path, JournalSettings(keep_bytes=0), NOON * 2) == []
    assert (tmp_path / "notes.txt").exists()


def test_files_can_stay_uncompressed(tmp_path: Path) -> None:
    path = event_writer(tmp_path).close()
    assert tidy(tmp_path, JournalSettings(compress=False, keep_hours=10**6), NOON) == []
    assert path.exists()


def test_settings_outside_their_bounds_are_refused() -> None:
    with pytest.raises(RangeError, match="rotate_bytes"):
        JournalSettings(rotate_bytes=1)
