"""Channels that are off are skipped, those that are on are asked, and none holds doctor up."""

import asyncio

import pytest

from kalshi_assistant.runtime import doctor_alerts
from kalshi_assistant.runtime.doctor_alerts import alert_lines, config_line, missing


@pytest.fixture
def equipped(monkeypatch):
    """A machine that lacks nothing."""
    monkeypatch.setattr(doctor_alerts, "missing", lambda *_: None)


def by_name(lines):
    return {line.name: line for line in lines}


async def test_what_is_off_is_skipped_with_the_reason():
    lines = by_name(await alert_lines((), None))
    assert {name: line.status for name, line in lines.items()} == {
        "notifier": "skip",
        "telegram": "skip",
    }
    assert "are off" in lines["telegram"].say


async def test_a_channel_that_is_on_is_asked_and_its_words_are_the_line(equipped):
    async def check(name):
        return {"telegram": "the token is not one of a bot; ask @BotFather"}.get(name)

    lines = by_name(await alert_lines(("desktop", "telegram", "webhook"), check))
    assert (lines["notifier"].status, lines["webhook"].status) == ("pass", "pass")
    assert lines["telegram"].status == "fail"
    assert "BotFather" in lines["telegram"].say
    assert "alert test" in lines["telegram"].remedy


async def test_one_that_does_not_answer_is_given_up(equipped):
    async def check(name):
        await asyncio.Event().wait()

    line = by_name(await alert_lines(("telegram",), check, seconds=0.01))["telegram"]
    assert (line.status, line.outside) == ("fail", True)


def test_what_a_machine_lacks(monkeypatch):
    monkeypatch.setattr(doctor_alerts, "find_spec", lambda name: None)
    assert "kalshi-assistant[alerts]" in missing("telegram", {}, "linux")
    monkeypatch.setattr(doctor_alerts, "find_spec", lambda name: name)
    assert missing("telegram", {}, "linux") is None
    assert "no desktop" in missing("desktop", {}, "linux")
    assert missing("desktop", {"WAYLAND_DISPLAY": "wayland-0"}, "linux") is None
    assert missing("desktop", {}, "darwin") is None


def test_a_configuration_that_others_may_write_is_refused(tmp_path):
    file = tmp_path / "config.yaml"
    assert config_line(None).status == "pass"
    assert config_line(file).status == "fail"
    file.write_text("mode: watch\n")
    file.chmod(0o600)
    assert config_line(file).status == "pass"
    file.chmod(0o666)
    assert "chmod 600" in config_line(file).remedy
