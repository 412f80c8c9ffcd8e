"""``doctor``: lines for people, objects for machines, a code by the worst, a record for arming."""

import json

import pytest

from kalshi_assistant.cli import main
from kalshi_assistant.runtime import carrying, handshake
from kalshi_assistant.runtime.doctor import failed, passed, read_pass
from kalshi_assistant.runtime.doctor_account import AccountCheck

ACCOUNT = ("network", "clock", "exchange", "key", "scope", "balance", "netting")


@pytest.fixture
def venue(monkeypatch):
    """What the venue's lines say, by name; good until changed."""
    lines = {name: passed(name, "good") for name in ACCOUNT}
    asked = []

    async def carry(self, talk):
        asked.append(talk)
        return tuple(lines.values())

    async def feeds_line(url, headers):
        assert url.startswith("wss://")
        assert "KALSHI-ACCESS-SIGNATURE" in headers
        return passed("feeds", "opens")

    monkeypatch.setattr(carrying.Carrier, "carry", carry)
    monkeypatch.setattr(handshake, "feeds_line", feeds_line)
    return lines, asked


@pytest.fixture
def doctor(tmp_path, capsys):
    def run(*arguments, plain=False):
        words = ["doctor", "--state-dir", str(tmp_path / "state"), *arguments]
        code = main(words if plain else [*words, "--json"])
        out, err = capsys.readouterr()
        if plain:
            return code, out, err
        objects = [json.loads(line) for line in out.splitlines()]
        checks = {each["name"]: each for each in objects if each["type"] == "check"}
        return code, checks, objects[-1]

    return run


def test_all_well_is_0_and_kept_for_arming(keyed, venue, doctor, tmp_path):
    code, checks, last = doctor()
    assert code == 0
    assert last == {"type": "doctor", "ok": True, "ready": True, "missing": []}
    assert "Ed25519" in checks["key_file"]["say"]
    kept = read_pass(tmp_path / "state" / "prod" / keyed)
    assert (kept.account, kept.ready) == (keyed, True)


def test_an_outside_that_is_missing_is_3_and_not_ready(keyed, venue, doctor, tmp_path):
    venue[0]["network"] = failed("network", "no route", "look", outside=True)
    code, checks, last = doctor()
    assert code == 3
    assert checks["network"]["remedy"] == "look"
    assert (last["ready"], last["missing"]) == (False, ["network"])
    assert not read_pass(tmp_path / "state" / "prod" / keyed).ready


def test_something_of_ours_that_fails_is_1(keyed, venue, doctor):
    venue[0]["clock"] = failed("clock", "off", "set it")
    code, out, _ = doctor(plain=True)
    assert code == 1
    assert "FAIL  clock" in out
    assert "set it" in out
    assert "not fit for live trading yet: clock" in out


def test_without_a_key_the_account_is_skipped_with_the_reason(doctor, monkeypatch):
    async def carry(self, talk):
        assert self._access.signer is None
        step = next(talk)
        assert not step.signed
        return ()

    monkeypatch.setattr(carrying.Carrier, "carry", carry)
    code, checks, last = doctor()
    assert code == 0
    assert checks["feeds"]["status"] == checks["key_file"]["status"] == "skip"
    assert "no key" in checks["feeds"]["say"]
    assert last["ready"] is None


def test_wrong_settings_are_a_line_and_1(doctor, tmp_path, venue):
    bad = tmp_path / "bad.yaml"
    bad.write_text("mod: watch\n")
    code, checks, _ = doctor("--config", str(bad))
    assert code == 1
    assert "did you mean mode" in checks["config"]["say"]
    assert checks["network"]["status"] == "skip"
    assert venue[1] == []


def test_a_key_that_cannot_be_used_is_a_line_and_1(keyed, venue, doctor, monkeypatch):
    monkeypatch.setenv("KALSHI_ASSISTANT__PRIVATE_KEY", "no key")
    code, checks, last = doctor()
    assert code == 1
    assert "not PEM" in checks["key_file"]["say"]
    assert not last["ready"]


def test_the_demo_order_is_never_placed_on_the_true_venue(keyed, venue, doctor):
    code, _, err = doctor("--demo-order", plain=True)
    assert code == 2
    assert "--env demo or --env local only" in err
    assert venue[1] == []


def test_the_demo_order_is_placed_where_it_may_be(keyed, venue, doctor):
    code, _, _ = doctor("--demo-order", "--env", "demo")
    assert code == 0
    assert len(venue[1]) == 2


def test_a_watcher_is_not_asked_for_a_key_that_trades(keyed, venue, doctor, monkeypatch):
    made = []
    before = AccountCheck.__init__

    def noted(self, *arguments, **more):
        made.append(arguments)
        before(self, *arguments, **more)

    monkeypatch.setattr(AccountCheck, "__init__", noted)
    doctor()
    assert made[0][:2] == (keyed, False)
