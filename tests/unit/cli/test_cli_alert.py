"""``alert``: one message through a channel, and the rules as they were understood."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from kalshi_assistant.cli import main

SECRET = "0123456789abcdef0123"


class Receiver(BaseHTTPRequestHandler):
    """Takes everything."""

    got: list[bytes]

    def do_POST(self):
        self.got.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def receiver():
    """A web server in a thread of its own: its address, and what it got."""

    class Own(Receiver):
        got: list[bytes] = []  # noqa: RUF012 - one class for each test

    server = HTTPServer(("127.0.0.1", 0), Own)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hook", Own.got
    server.shutdown()
    thread.join()
    server.server_close()


def config(home, url="http://127.0.0.1:9/hook", *rules):
    path = home / "own.yaml"
    listed = json.dumps(list(rules or ("window result", "breaker any; to telegram")))
    path.write_text(
        f"alerts:\n  rules: {listed}\n  webhook:\n    enabled: true\n    url: {url}\n",
        encoding="utf-8",
    )
    return ["--config", str(path)]


@pytest.fixture
def secret(monkeypatch):
    monkeypatch.setenv("KALSHI_ASSISTANT__WEBHOOK_SECRET", SECRET)


@pytest.mark.loopback
@pytest.mark.enable_socket
def test_a_message_is_sent_and_what_became_of_it_is_said(home, secret, receiver, capsys):
    url, got = receiver
    assert main(["alert", "test", "webhook", *config(home, url)]) == 0
    assert capsys.readouterr().out == "webhook: the webhook answered 204\n"
    assert json.loads(got[0])["title"] == "A test of kalshi-assistant"


@pytest.mark.loopback
@pytest.mark.enable_socket
def test_a_channel_that_is_not_there_is_the_outside_missing(home, secret, capsys):
    assert main(["alert", "test", "webhook", "--json", *config(home)]) == 3
    said = capsys.readouterr()
    assert json.loads(said.out)["ok"] is False
    assert "the webhook cannot be reached" in said.err
    assert SECRET not in said.out + said.err


@pytest.mark.parametrize(
    ("channel", "words"),
    [
        ("telegram", "is off: set alerts.telegram.enabled"),
        ("email", "email is an address of apprise"),
    ],
)
def test_a_channel_that_is_off_or_none_is_wrong_use(home, secret, channel, words, capsys):
    assert main(["alert", "test", channel, *config(home)]) == 2
    assert words in capsys.readouterr().err


def test_the_rules_are_shown_as_they_were_understood(home, secret, capsys):
    assert main(["alert", "rules", *config(home)]) == 0
    said = capsys.readouterr()
    assert "info     window result  ->  webhook, again after 60 s" in said.out
    assert "severe   breaker any; to telegram  ->  telegram" in said.out
    assert "a rule goes to telegram, which is off" in said.err
    assert main(["alert", "rules", "--json", *config(home)]) == 0
    first = json.loads(capsys.readouterr().out.splitlines()[0])
    assert first == {
        "type": "alert_rule", "rule": "window result", "severity": "info",
        "channels": ["webhook"], "every_seconds": 60.0,
    }  # fmt: skip


def test_a_wrong_rule_is_named_with_file_line_and_position(home, secret, capsys):
    assert main(["alert", "rules", *config(home, "http://x", "fill any", "spread>3")]) == 2
    said = capsys.readouterr().err
    assert "own.yaml:2:3: alerts.rules rule 2 `spread>3`: at position 8:" in said
    assert "write a price such as 4c or $0.04" in said


def test_a_channel_without_its_secret_is_named_with_the_remedy(home, capsys):
    assert main(["config", "check", *config(home)]) == 2
    said = capsys.readouterr().err
    assert "alerts.webhook.secret_path is missing" in said
    assert "set KALSHI_ASSISTANT__WEBHOOK_SECRET" in said


def test_a_secret_file_that_others_may_open_is_refused(home, capsys):
    path = home / "secret"
    path.write_text(SECRET, encoding="utf-8")
    path.chmod(0o644)
    own = config(home)
    with open(own[1], "a", encoding="utf-8") as file:  # noqa: PTH123 - appended to
        file.write(f"    secret_path: {path}\n")
    assert main(["config", "check", *own]) == 2
    assert f"chmod 600 {path}" in capsys.readouterr().err
    path.chmod(0o600)
    assert main(["config", "check", *own]) == 0


def test_a_secret_in_the_file_is_refused_and_not_repeated(home, capsys):
    path = home / "own.yaml"
    path.write_text("alerts:\n  telegram:\n    telegram_token: 1:abcdef\n", encoding="utf-8")
    assert main(["config", "check", "--config", str(path)]) == 2
    said = capsys.readouterr().err
    assert "set KALSHI_ASSISTANT__TELEGRAM_TOKEN or name a file with alerts.telegram" in said
    assert "abcdef" not in said


def test_a_secret_that_could_be_guessed_is_refused(home, monkeypatch, capsys):
    monkeypatch.setenv("KALSHI_ASSISTANT__WEBHOOK_SECRET", "short")
    assert main(["alert", "test", "webhook", *config(home)]) == 2
    assert "write at least 16 characters" in capsys.readouterr().err


def test_running_with_nothing_to_tell_is_wrong_use(home, capsys):
    assert main(["alert", "run"]) == 2
    assert "there is nothing to tell" in capsys.readouterr().err


def test_running_without_an_engine_says_how_to_start_one(home, secret, capsys):
    own = [*config(home), "--control-dir", str(home / "nowhere")]
    assert main(["alert", "run", *own]) == 3
    assert "no engine runs in" in capsys.readouterr().err
