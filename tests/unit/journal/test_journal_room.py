"""When a recording must stop for want of room, and how long the room lasts."""

import shutil
from collections import namedtuple

import pytest

from kalshi_assistant.domain.time import HOUR, MINUTE, SECOND
from kalshi_assistant.journal.room import DiskGuard, SizeEstimate, free_bytes

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def disk(monkeypatch):
    """A disk with 1,000 bytes free; the folders asked about."""
    asked = []

    def usage(path):
        asked.append(path)
        return Usage(10_000, 9_000, 1_000)

    monkeypatch.setattr(shutil, "disk_usage", usage)
    return asked


def test_room_is_no_reason_to_stop(tmp_path, disk):
    assert DiskGuard(tmp_path, 1_000).check() is None
    assert disk == [tmp_path]


def test_too_little_room_names_what_is_free_and_the_remedy(tmp_path, disk):
    reason = DiskGuard(tmp_path, 1_001).check()
    assert reason == (
        f"1,000 bytes are free in {tmp_path}, and 1,001 must stay free; delete what is not needed "
        "there, or record to another folder"
    )


def test_a_folder_not_yet_made_lies_on_the_disk_of_the_one_above(tmp_path, disk):
    assert free_bytes(tmp_path / "a" / "b") == 1_000
    assert disk == [tmp_path]


def test_a_disk_that_does_not_answer_is_a_reason_to_stop(tmp_path, monkeypatch):
    def broken(_):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(shutil, "disk_usage", broken)
    reason = DiskGuard(tmp_path, 1).check()
    assert reason is not None
    assert "Input/output error" in reason
    assert "record to another folder" in reason


def test_the_rate_is_the_mean_over_the_whole_span():
    estimate = SizeEstimate(written_bytes=30_000_000, span=30 * MINUTE)
    assert estimate.bytes_per_hour == 60_000_000
    assert estimate.hours_left(90_000_000) == 1.5
    assert estimate.hours_left(0) == 0
    assert estimate.hours_left(-5) == 0


@pytest.mark.parametrize(("written", "span"), [(0, HOUR), (10**9, 10 * SECOND - 1), (10**9, 0)])
def test_nothing_is_said_of_what_is_not_known(written, span):
    estimate = SizeEstimate(written, span)
    assert estimate.bytes_per_hour is None
    assert estimate.hours_left(10**12) is None


def test_less_than_a_byte_an_hour_lasts_for_ever_and_is_not_divided_by():
    estimate = SizeEstimate(written_bytes=1, span=2 * HOUR)
    assert estimate.bytes_per_hour == 0
    assert estimate.hours_left(10**12) is None
