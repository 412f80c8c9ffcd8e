"""``arm``: a grant only where the conditions of the machine are met and the phrase is typed."""

import json

import pytest

from kalshi_assistant.cli import main, trading
from kalshi_assistant.domain.time import Nanos
from kalshi_assistant.runtime import doctor as looking
from kalshi_assistant.runtime.clock import SystemClock
from kalshi_assistant.runtime.grants import examine_grant
from kalshi_assistant.runtime.kill_file import write_kill
from kalshi_assistant.settings import load
from tests.support.halt_book import HaltBook

PHRASE = "TRADE REAL MONEY abcd"
LINES = [looking.passed(name, "") for name in (*looking.MUST_PASS, *looking.MAY_WARN)]


@pytest.fixture
def stand(tmp_path, keyed, books, monkeypatch, capsys):
    """A configuration with everything named, a pass of the doctor, and the command."""
    settings = load().settings
    limits = [f"  {name}: {json.dumps(value)}" for name, value in limits_of(settings).items()]
    caps = [f"  {name}: {json.dumps(value)}" for name, value in caps_of(settings).items()]
    file = tmp_path / "config.yaml"
    lines = ["mode: watch", "environment: prod", "risk:", *limits, "sizing:", *caps, ""]
    file.write_text("\n".join(lines))
    # the true mode `live` is the settings' own affair; here its word stands for it
    monkeypatch.setattr("kalshi_assistant.cli.arm.NEEDED", ("environment", *AFTER_MODE))
    state = tmp_path / "state" / "prod" / keyed
    digest = trading.config_digest(load(file).settings)
    looking.write_pass(state, keyed, digest, LINES, SystemClock().now())

    def run(*arguments):
        words = ["arm", "--state-dir", str(tmp_path / "state"), "--config", str(file)]
        code = main([*words, *arguments])
        out, err = capsys.readouterr()
        return code, out, err

    run.state, run.file, run.books, run.digest = state, file, books, digest
    return run


AFTER_MODE = ("limits", "doctor", "halts", "quiet")


def limits_of(settings):
    from kalshi_assistant.settings.describe import document

    return document(settings.risk)


def caps_of(settings):
    from kalshi_assistant.settings.describe import document

    found = document(settings.sizing)
    return {name: value for name, value in found.items() if name.startswith("max_")}


def granted(stand):
    key = load(stand.file).private_key()
    return examine_grant(stand.state, "key-1-abcd", stand.digest, key, SystemClock().now()).holds


def test_the_phrase_grants_a_day(stand, terminal):
    terminal(PHRASE)
    code, out, err = stand()
    assert code == 0
    assert "max_order_dollars" in out
    assert "granted until" in out
    assert PHRASE in err
    assert granted(stand)


@pytest.mark.parametrize("words", ["yes", PHRASE.lower(), "TRADE REAL MONEY dcba"])
def test_another_word_grants_nothing(stand, terminal, words):
    terminal(words)
    assert stand()[0] == 1
    assert not granted(stand)


def test_a_pipe_is_no_person(stand, terminal):
    terminal(PHRASE, is_terminal=False)
    assert stand()[0] == 2
    assert not granted(stand)


def test_a_limit_left_at_its_default_grants_nothing(stand, terminal):
    terminal(PHRASE)
    stand.file.write_text(stand.file.read_text().replace("  max_order_dollars", "  #"))
    code, out, _ = stand()
    assert code == 1
    assert "risk.max_order_dollars" in out
    assert not granted(stand)


def test_other_settings_than_the_doctor_s_grant_nothing(stand, terminal):
    terminal(PHRASE)
    stand.file.write_text(stand.file.read_text() + "number:\n  warm_seconds: 77\n")
    code, out, _ = stand()
    assert code == 1
    assert "other settings" in out


def test_a_kill_file_grants_nothing(stand, terminal):
    terminal(PHRASE)
    write_kill(stand.state, "enough")
    code, out, _ = stand()
    assert code == 1
    assert "kill file: enough" in out


def test_a_halt_in_the_book_grants_nothing(stand, terminal):
    terminal(PHRASE)
    ledger = trading.ledger_file(stand.state, "live")
    ledger.parent.mkdir(parents=True, exist_ok=True)
    ledger.touch()
    stand.books["live"] = HaltBook()
    stand.books["live"].halt(breaker="drawdown", reason="20 %", now=Nanos(0))
    code, out, _ = stand()
    assert code == 1
    assert "drawdown: 20 %" in out


def test_mode_live_must_be_named_as_well(stand, terminal, monkeypatch):
    terminal(PHRASE)
    monkeypatch.setattr("kalshi_assistant.cli.arm.NEEDED", ("mode", "environment", *AFTER_MODE))
    code, out, _ = stand()
    assert code == 1
    assert "off  mode: mode is watch" in out
    assert not granted(stand)


def test_a_grant_can_be_taken_back(stand, terminal):
    terminal(PHRASE)
    stand()
    assert stand("--revoke")[0] == 0
    assert not granted(stand)


def test_json_is_json(stand, terminal):
    terminal(PHRASE)
    code, out, _ = stand("--json")
    kinds = [json.loads(line)["type"] for line in out.splitlines()]
    assert code == 0
    assert kinds == ["limits", *["condition"] * 5, "arm"]


def test_without_a_key_nothing_is_granted(books, terminal, capsys):
    terminal(PHRASE)
    assert main(["arm"]) == 2
    assert "there is no key" in capsys.readouterr().err
