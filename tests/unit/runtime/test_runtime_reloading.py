"""A change of settings in a running process: kept, taken by the engine, or as if nothing was."""

import asyncio
import json
from dataclasses import replace

from kalshi_assistant.control.protocol import CommandRequest
from kalshi_assistant.domain.errors import AssistantError, OperatorError
from kalshi_assistant.domain.events import SettingsChanged
from kalshi_assistant.engine.changes import adopted, changes
from kalshi_assistant.engine.engine import Engine
from kalshi_assistant.engine.settings import EngineSettings
from kalshi_assistant.runtime import reloading
from kalshi_assistant.runtime.config_versions import KEPT, ConfigVersions
from kalshi_assistant.runtime.reloading import DRY, Proposal, Reloader
from tests.support.build import OPEN, ns
from tests.support.clocks import HandClock
from tests.support.nudged import with_values

START = EngineSettings(mode="paper")


class File:
    """The configuration of a test: what it says is set by hand."""

    def __init__(self):
        self.wanted, self.applied, self.taken_back = START, 0, 0
        self.error = self.refusal = None

    def propose(self, running):
        if self.error is not None:
            raise self.error
        found = changes(running, self.wanted)
        engine = adopted(running, found)
        return Proposal(changes=found, engine=engine, text=engine.as_json())

    def written(self):
        return START.as_json()

    def apply(self):
        self.applied += 1
        if self.refusal is not None:
            raise self.refusal

    def take_back(self):
        self.taken_back += 1


class Stand:
    """A reloader over a real engine, which is fed at once."""

    def __init__(self, folder, *, deaf=False):
        self.file, self.engine, self.told = File(), Engine(START), []
        self.events, self.adopted, self.deaf = [], [], deaf
        self.folder = folder / "versions"
        self.reloader = Reloader(
            self.file,
            self.engine,
            self.put,
            HandClock(ns(OPEN)),
            ConfigVersions(self.folder),
            self.adopted.append,
            self.told.append,
        )
        self.reloader.begin()

    def put(self, events):
        self.events += events
        if not self.deaf:
            for event in events:
                self.engine.handle(event)

    def wants(self, **values):
        names = {name.replace("__", "."): value for name, value in values.items()}
        self.file.wanted = with_values(START, names)

    async def reload(self, argument=""):
        reply = await self.reloader.answer(CommandRequest(7, "reload", argument))
        assert reply.id == 7
        data = json.loads(reply.data)
        assert (data["ok"], data["text"]) == (reply.ok, reply.text)
        return reply, data

    def versions(self):
        return sorted(path.name for path in self.folder.iterdir())


async def test_a_change_is_kept_taken_and_told_old_before_new(tmp_path):
    stand = Stand(tmp_path)
    stand.wants(signal__threshold_dollars=0.04, paper__cash_dollars=2_000.0)
    reply, data = await stand.reload()
    digest = stand.engine.settings.digest
    assert stand.engine.settings.signal.threshold_dollars == 0.04
    assert stand.engine.settings.paper.cash_dollars == 1_000.0
    assert [type(each) for each in stand.events] == [SettingsChanged]
    assert (data["applied"], data["version"], data["config"]) == (True, 2, digest)
    assert {each["key"]: each["effect"] for each in data["changes"]} == {
        "signal.threshold_dollars": "now",
        "paper.cash_dollars": "restart",
    }
    assert "  signal.threshold_dollars  0.03 -> 0.04" in reply.text
    assert "wait for a restart:\n  paper.cash_dollars  1000.0 -> 2000.0" in reply.text
    assert stand.adopted == [stand.engine.settings]
    assert stand.versions() == [f"0001-{START.digest}.yaml", f"0002-{digest}.yaml"]


async def test_nothing_changed_is_said_and_no_version(tmp_path):
    stand = Stand(tmp_path)
    reply, data = await stand.reload()
    assert reply.ok
    assert "nothing to apply" in reply.text
    assert (data["applied"], stand.events, len(stand.versions())) == (False, [], 1)


async def test_dry_only_says_what_would_change(tmp_path):
    stand = Stand(tmp_path)
    stand.wants(signal__threshold_dollars=0.04)
    reply, data = await stand.reload(DRY)
    assert "would be applied" in reply.text
    assert (data["applied"], stand.events, len(stand.versions())) == (False, [], 1)


async def test_a_looser_limit_refuses_everything_and_says_the_way(tmp_path):
    stand = Stand(tmp_path)
    stand.wants(signal__threshold_dollars=0.04, risk__max_order_dollars=50.0)
    reply, _ = await stand.reload()
    assert not reply.ok
    assert "risk.max_order_dollars  20.0 -> 50.0" in reply.text
    assert "start it again" in reply.text
    assert stand.engine.settings == START
    assert (stand.events, stand.file.applied, len(stand.versions())) == ([], 0, 1)


async def test_a_file_with_mistakes_changes_nothing_and_is_wrong_use(tmp_path):
    stand = Stand(tmp_path)
    stand.file.error = OperatorError("2 problems in the settings:\n  a\n  b")
    reply, data = await stand.reload()
    assert (reply.ok, data["exit_code"]) == (False, 2)
    assert "nothing was changed" in reply.text
    assert "  b" in reply.text


async def test_what_fails_outside_the_engine_is_taken_back(tmp_path):
    stand = Stand(tmp_path)
    stand.wants(signal__threshold_dollars=0.04)
    stand.file.refusal = AssistantError("the alert rules do not start")
    reply, _ = await stand.reload()
    assert "nothing was changed: the alert rules do not start" in reply.text
    assert (stand.events, stand.file.taken_back, len(stand.versions())) == ([], 1, 1)
    stand.file.refusal = None
    assert (await stand.reload())[0].ok


async def test_an_engine_that_does_not_take_it_leaves_everything_as_it_was(tmp_path, monkeypatch):
    monkeypatch.setattr(reloading, "TAKEN_SECONDS", 0.02)
    stand = Stand(tmp_path, deaf=True)
    stand.wants(signal__threshold_dollars=0.04)
    reply, _ = await stand.reload()
    assert "did not take it" in reply.text
    assert (stand.file.taken_back, stand.adopted, len(stand.versions())) == (1, [], 1)


async def test_a_disk_that_refuses_stops_a_reload_but_no_start(tmp_path):
    stand = Stand(tmp_path)
    (stand.folder / f"0001-{START.digest}.yaml").unlink()
    stand.folder.rmdir()
    stand.folder.write_text("in the way")
    stand.reloader.begin()
    assert "are not kept" in stand.told[0]
    stand.wants(signal__threshold_dollars=0.04)
    reply, _ = await stand.reload()
    assert "nothing was changed: cannot" in reply.text
    assert stand.engine.settings == START


async def test_ten_versions_are_kept_and_two_at_once_come_one_after_the_other(tmp_path):
    stand = Stand(tmp_path)
    for number in range(1, 15):
        stand.wants(signal__threshold_dollars=0.03 + number / 1_000)
        first, second = await asyncio.gather(stand.reload(), stand.reload())
        assert [first[1]["applied"], second[1]["applied"]] == [True, False]
    assert len(stand.versions()) == KEPT
    assert stand.versions()[-1] == f"0015-{stand.engine.settings.digest}.yaml"


def test_the_same_settings_keep_their_number_and_old_ones_can_come_back(tmp_path):
    versions = ConfigVersions(tmp_path)
    one = versions.keep("a: 1", "0" * 12)
    again = versions.keep("a: 1", "0" * 12)
    assert (one.number, again.number, again.is_new) == (1, 1, False)
    versions.forget(again)
    assert versions.keep("a: 2", "1" * 12).number == 2
    assert versions.keep("a: 1", "0" * 12).number == 3
    assert all(path.stat().st_mode & 0o077 == 0 for path in tmp_path.iterdir())


async def test_thresholds_may_be_loosened_where_nothing_is_real(tmp_path):
    stand = Stand(tmp_path)
    stand.file.wanted = replace(START, signal=replace(START.signal, threshold_dollars=0.01))
    assert (await stand.reload())[0].ok
    assert stand.engine.settings.signal.threshold_dollars == 0.01
