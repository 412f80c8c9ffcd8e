"""A first configuration: in order, for its owner only, without a secret, the old one kept."""

import json

import pytest

from kalshi_assistant.cli import main
from kalshi_assistant.settings import beginning, load
from kalshi_assistant.settings.beginning import Answers, WrongAnswerError, text_of
from tests.support.halt_book import private_key_text

TOKEN = "123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw0"


@pytest.fixture
def file(home):
    """Where the user's own configuration is to be."""
    return home / ".config" / "kalshi-assistant" / "config.yaml"


@pytest.fixture
def key(home):
    path = home / "key.pem"
    path.write_text(private_key_text())
    path.chmod(0o600)
    return path


def mode_of(path):
    return path.stat().st_mode & 0o777


def test_defaults_are_in_order_without_an_answer(file, capsys):
    assert main(["init", "--yes"]) == 0
    assert mode_of(file) == 0o600
    assert capsys.readouterr().err == ""
    settings = load(file).settings
    assert (settings.environment, settings.mode, settings.key_id) == ("prod", "watch", None)
    assert main(["config", "check"]) == 0
    said = capsys.readouterr()
    assert (said.err, "in order" in said.out) == ("", True)


def test_every_limit_stands_in_the_file_itself(file):
    main(["init", "--yes"])
    origins = load(file).origins
    limits = {name: where for name, where in origins.items() if name.startswith("risk.")}
    assert limits
    assert all(where.startswith(str(file)) for where in limits.values())
    assert load(file).settings.risk == load().settings.risk


def test_every_answer_has_an_option(file, key, capsys):
    words = ["--env", "demo", "--mode", "paper", "--key-id", "abcd-1", "--key-file", str(key)]
    assert main(["init", *words, "--bankroll", "$25,000", "--json"]) == 0
    (found,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (found["type"], found["file"], found["backup"]) == ("init", str(file), None)
    settings = load(file).settings
    assert (settings.environment, settings.mode) == ("demo", "paper")
    assert (settings.key_id, settings.private_key_path) == ("abcd-1", key)
    assert (settings.risk.max_order_dollars, settings.paper.cash_dollars) == (500.0, 25_000.0)
    assert settings.sizing.max_risk_dollars == 500.0


def test_the_old_one_is_kept_under_the_time(file, capsys):
    file.parent.mkdir(parents=True)
    file.write_text("mode: paper\n")
    file.chmod(0o644)
    assert main(["init", "--yes", "--json"]) == 0
    backup = json.loads(capsys.readouterr().out)["backup"]
    (kept,) = file.parent.glob("config.yaml.*Z")
    assert (str(kept), kept.read_text(), mode_of(kept)) == (backup, "mode: paper\n", 0o600)


def test_a_person_is_asked_and_wrong_answers_are_explained_and_asked_again(
    file, key, terminal, capsys
):
    key.chmod(0o640)
    terminal("mars", "prod", "abcd-1", str(key), "/nowhere", TOKEN, "live", "paper", "a lot", "500")
    assert main(["init"]) == 130  # the answers ran out while the key was refused
    said = capsys.readouterr().err
    assert "'mars' is no venue; write prod, demo or local" in said
    assert f"run: chmod 600 {key}" in said
    assert "does not exist" in said
    assert "that is a secret itself" in said
    assert not file.exists()
    key.chmod(0o600)
    terminal("prod", "abcd-1", str(key), "live", "paper", "a lot", "500", "none")
    assert main(["init"]) == 0
    said = capsys.readouterr().err
    assert "write `mode: live` yourself" in said
    assert "that is no number" in said
    settings = load(file).settings
    assert (settings.mode, settings.risk.max_order_dollars) == ("paper", 10.0)


def test_all_that_is_wrong_with_options_is_told_at_once_and_nothing_written(file, capsys):
    words = ["--env", "mars", "--key-id", "a b", "--bankroll", "x", "--client-file", "c.json"]
    assert main(["init", "--yes", *words]) == 2
    said = capsys.readouterr().err
    assert all(name in said for name in ("--env", "--key-id", "--bankroll", "--client-file"))
    assert said.count("\n") >= 4
    assert not file.parent.exists()


def test_a_file_that_would_not_be_in_order_leaves_the_old_one(file, key, monkeypatch, capsys):
    file.parent.mkdir(parents=True)
    file.write_text("mode: paper\n")
    monkeypatch.setenv("KALSHI_ASSISTANT__RISK__NONSENSE", "1")
    assert main(["init", "--yes"]) == 2
    assert "nothing was written" in capsys.readouterr().err
    assert [path.name for path in file.parent.iterdir()] == ["config.yaml"]
    assert file.read_text() == "mode: paper\n"


def test_a_key_that_cannot_sign_is_refused(key, capsys):
    key.write_text("not a key")
    assert main(["init", "--yes", "--key-id", "abcd", "--key-file", str(key)]) == 2
    assert "not PEM" in capsys.readouterr().err


def test_a_key_of_the_environment_needs_no_file(file, monkeypatch):
    monkeypatch.setenv("KALSHI_ASSISTANT__PRIVATE_KEY", private_key_text())
    assert main(["init", "--yes", "--key-id", "abcd-1"]) == 0
    assert load(file).settings.private_key_path is None


def test_no_secret_gets_into_the_file_or_a_message(file, capsys):
    pem = private_key_text()
    for name, value in (
        ("--key-id", TOKEN),
        ("--key-file", pem),
        ("--telegram-token-file", TOKEN),
        ("--bankroll", pem),
    ):
        words = ["--key-id", "abcd-1", "--alerts", "telegram", "--telegram-users", "123456789"]
        assert main(["init", "--yes", *words, name, value]) == 2
        said = capsys.readouterr()
        assert TOKEN not in said.err + said.out
        assert "PRIVATE KEY" not in said.err + said.out
    assert not file.exists()


def test_a_token_that_is_nowhere_is_told(capsys):
    words = ["--alerts", "telegram", "--telegram-users", "123456789"]
    assert main(["init", "--yes", *words]) == 2
    assert "KALSHI_ASSISTANT__TELEGRAM_TOKEN is not set here" in capsys.readouterr().err


def test_alerts_begin_with_rules_and_only_name_where_the_token_is(tmp_path):
    token = tmp_path / 'to"ken'
    text = text_of(
        Answers(
            alerts=("desktop", "telegram"), telegram_users=(123456789,), telegram_token_file=token
        )
    )
    assert '    - "breaker any"' in text
    assert "  desktop:\n    enabled: true" in text
    assert f"    users: [123456789]\n    token_path: {json.dumps(str(token))}" in text
    assert "set KALSHI_ASSISTANT__TELEGRAM_TOKEN" in text_of(Answers(alerts=("telegram",)))


@pytest.mark.parametrize(
    ("check", "text"),
    [
        (beginning.channels, "pigeon"),
        (beginning.users, ""),
        (beginning.users, "me"),
        (beginning.users, "-100123"),
        (beginning.bankroll, "9"),
        (beginning.bankroll, "1e9"),
        (beginning.bankroll, "nan"),
        (beginning.existing_file, ""),
        (beginning.private_file, "~nobody-of-this-name/x"),
    ],
)
def test_answers_that_cannot_be(check, text):
    with pytest.raises(WrongAnswerError):
        check(text)


def test_answers_are_read_kindly():
    assert beginning.channels(" Telegram, desktop ") == ("desktop", "telegram")
    assert beginning.channels("none") == beginning.channels("") == ()
    assert beginning.users("12345678, 87654321") == (12345678, 87654321)
    assert beginning.environment(" DEMO ") == "demo"
