"""What a kill came to is kept whole, read with bounds, and told once."""

import asyncio
import os

import pytest

from kalshi_assistant.domain import events as e
from kalshi_assistant.domain.errors import OperatorError
from kalshi_assistant.domain.intents import Note
from kalshi_assistant.runtime import kill_result as module
from kalshi_assistant.runtime.kill_result import (
    KillResult,
    begin,
    open_log,
    read_result,
    result_path,
    watch_result,
    write_result,
)
from tests.support.build import ns
from tests.support.trading_desk import AT, live

NOW = 1_795_280_400 * 10**9
DONE = KillResult(NOW, NOW + 1, 1, "halted, 1 NOT CONFIRMED", {"confirmed": False})


def test_it_comes_back_as_it_was(tmp_path):
    assert read_result(tmp_path) is None
    begin(tmp_path, NOW)
    assert read_result(tmp_path) == KillResult(NOW)
    write_result(tmp_path, DONE)
    assert read_result(tmp_path) == DONE


@pytest.mark.parametrize("text", ["", "{", '{"began_at":"x"}', "\xff", "[" * 100_000])
def test_what_makes_no_sense_is_none(tmp_path, text):
    result_path(tmp_path).write_text(text, encoding="latin-1")
    assert read_result(tmp_path) is None


def test_a_long_text_is_cut(tmp_path):
    write_result(tmp_path, KillResult(NOW, NOW, 0, "x" * 9_000))
    found = read_result(tmp_path)
    assert found is not None
    assert len(found.text) == 300


def test_a_disk_that_fails_holds_no_kill_up(tmp_path, monkeypatch):
    def full(*_):
        raise OperatorError("the disk is full")

    monkeypatch.setattr(module, "write_durably", full)
    begin(tmp_path, NOW)


def test_a_log_that_cannot_be_kept_is_nowhere(tmp_path):
    (tmp_path / "file").touch()
    os.close(open_log(tmp_path / "file"))


async def test_every_kill_that_ends_is_told_once_and_an_old_one_never(tmp_path):
    write_result(tmp_path, DONE)
    told: asyncio.Queue[KillResult] = asyncio.Queue()
    watching = asyncio.create_task(watch_result(tmp_path, told.put_nowait, 0.001))
    await asyncio.sleep(0)
    begin(tmp_path, NOW + 5)
    second = KillResult(NOW + 5, NOW + 6, 0, "halted, none of our orders rests")
    write_result(tmp_path, second)
    async with asyncio.timeout(10):
        assert await told.get() == second
    watching.cancel()
    assert told.empty()


@pytest.mark.parametrize(("gone", "level"), [(True, "warning"), (False, "error")])
def test_the_engine_tells_it_to_log_and_screens(gone, level):
    desk = live()
    intents = desk.feed(e.KillEnded(ns(AT + 1), ns(AT + 1), gone, "kill ended: halted"))
    assert Note(level, "kill", "kill ended: halted") in intents
    assert desk.state.story.newest(1)[0].text == "kill ended: halted"
