"""The kill file: there is a halt unless there certainly is none."""

import asyncio
import os
import stat

import pytest

from kalshi_assistant.domain.errors import OperatorError
from kalshi_assistant.domain.time import MINUTE, SECOND
from kalshi_assistant.runtime.kill_file import (
    CANCEL_ALL_NAME,
    kill_path,
    quiet_until,
    read_kill,
    remove_kill,
    stamp_cancel_all,
    watch_kill_file,
    write_kill,
)

NOW = 1_795_280_400 * SECOND


def test_it_is_written_for_its_owner_only_and_read_back(tmp_path):
    folder = tmp_path / "new" / "state"
    write_kill(folder, "  too \n many losses\x07 ")
    assert read_kill(kill_path(folder)) == "too many losses"
    assert stat.S_IMODE(kill_path(folder).stat().st_mode) == 0o600
    assert [each.name for each in folder.iterdir()] == ["KILL"]


def test_an_empty_one_made_by_hand_is_a_halt(tmp_path):
    kill_path(tmp_path).touch()
    assert read_kill(kill_path(tmp_path)) == "a kill file without a reason"


def test_a_long_reason_is_cut(tmp_path):
    kill_path(tmp_path).write_text("x" * 10_000)
    assert len(read_kill(kill_path(tmp_path))) == 200


def test_what_cannot_be_read_is_a_halt(tmp_path):
    kill_path(tmp_path).mkdir()
    assert "cannot be read" in read_kill(kill_path(tmp_path))
    with pytest.raises(OperatorError, match="cannot remove"):
        remove_kill(tmp_path)


def test_none_is_none_and_can_be_removed_again(tmp_path):
    assert read_kill(kill_path(tmp_path)) is None
    write_kill(tmp_path, "x")
    remove_kill(tmp_path)
    remove_kill(tmp_path)
    assert read_kill(kill_path(tmp_path)) is None


def test_a_folder_that_is_a_file_is_told(tmp_path):
    (tmp_path / "state").touch()
    with pytest.raises(OperatorError, match="cannot write"):
        write_kill(tmp_path / "state", "x")


async def test_it_is_told_once_each_time_it_comes_to_be(tmp_path):
    told = []
    watching = asyncio.create_task(watch_kill_file(kill_path(tmp_path), told.append, 0))

    async def looks(count=3):
        for _ in range(count):
            await asyncio.sleep(0)

    await looks()
    assert told == []
    write_kill(tmp_path, "first")
    await looks()
    assert told == ["first"]
    remove_kill(tmp_path)
    await looks()
    write_kill(tmp_path, "second")
    await looks()
    assert told == ["first", "second"]
    watching.cancel()


def test_a_cancel_all_is_at_work_for_a_minute(tmp_path):
    assert quiet_until(tmp_path) is None
    stamp_cancel_all(tmp_path, NOW)
    assert quiet_until(tmp_path) == NOW + MINUTE


def test_a_stamp_that_makes_no_sense_counts_from_the_file(tmp_path):
    path = tmp_path / CANCEL_ALL_NAME
    path.write_text("soon")
    os.utime(path, ns=(NOW, NOW))
    assert quiet_until(tmp_path) == NOW + MINUTE


def test_a_stamp_that_cannot_be_read_is_an_error_and_not_nothing(tmp_path):
    (tmp_path / CANCEL_ALL_NAME).mkdir()
    with pytest.raises(OperatorError, match="cannot read"):
        quiet_until(tmp_path)
