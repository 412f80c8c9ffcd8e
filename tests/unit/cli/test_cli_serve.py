"""``serve`` and ``web`` as commands: what is refused, in which words, with which exit code."""

import json
import os
import signal
import socket
import subprocess
import sys

import pytest

from kalshi_assistant.cli import main
from kalshi_assistant.cli.companions import companions
from kalshi_assistant.metrics.settings import HttpSettings
from kalshi_assistant.settings import Settings
from tests.support.source import ROOT

TOKEN = "a-token-of-some-length"


def said(capsys, *arguments):
    code = main(arguments)
    return code, capsys.readouterr().err


@pytest.mark.loopback
@pytest.mark.enable_socket
@pytest.mark.parametrize("command", ["serve", "web"])
def test_a_taken_port_is_one_clear_message(capsys, command):
    if command == "web":
        pytest.importorskip("textual_serve", reason="the extra `web` is not installed")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code, text = said(capsys, command, "--port", port)
    setting = {"serve": "http.port", "web": "web.port"}[command]
    assert code == 2
    assert text == (
        f"kalshi-assistant: port {port} of 127.0.0.1 is taken: "
        f"give another with --port, or set {setting}\n"
    )


def test_beyond_this_machine_serve_wants_a_token(capsys):
    code, text = said(capsys, "serve", "--host", "0.0.0.0")
    assert code == 2
    assert "can be reached from other machines: set a token" in text


def test_a_token_that_is_easy_to_guess_is_refused_and_not_shown(capsys, monkeypatch):
    monkeypatch.setenv("KALSHI_ASSISTANT__HTTP_TOKEN", "abc123")
    for command in ("serve", "web"):
        code, text = said(capsys, command)
        assert code == 2
        assert "the token of" in text
        assert "abc123" not in text


def test_a_token_file_that_others_may_open_is_refused(capsys, tmp_path, monkeypatch):
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    file.chmod(0o644)
    monkeypatch.setenv("KALSHI_ASSISTANT__HTTP__TOKEN_FILE", str(file))
    code, text = said(capsys, "serve")
    assert code == 2
    assert "http.token_file" in text
    assert f"chmod 600 {file}" in text


def test_two_tokens_are_one_too_many(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("KALSHI_ASSISTANT__HTTP__TOKEN_FILE", str(tmp_path / "token"))
    monkeypatch.setenv("KALSHI_ASSISTANT__HTTP_TOKEN", TOKEN)
    code, text = said(capsys, "serve")
    assert code == 2
    assert "http.token_file stands beside KALSHI_ASSISTANT__HTTP_TOKEN; keep one of the two" in text


def test_run_starts_serve_only_where_that_is_set():
    assert companions(Settings()) == ()
    (found,) = companions(Settings(http=HttpSettings(enabled=True)))
    assert found.arguments == ("serve",)


@pytest.mark.loopback
@pytest.mark.enable_socket
@pytest.mark.process
@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize(
    ("command", "number", "code"),
    [("serve", signal.SIGINT, 130), ("serve", signal.SIGTERM, 0), ("web", signal.SIGINT, 130)],
)
def test_a_signal_is_an_orderly_end(home, command, number, code):
    if command == "web":
        pytest.importorskip("textual_serve", reason="the extra `web` is not installed")
    line = [sys.executable, "-m", "kalshi_assistant", command, "--port", "0", "--json"]
    environ = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(line, stdout=-1, stderr=-1, text=True, env=environ) as running:
        told = json.loads(running.stdout.readline())
        assert told["type"] == command
        assert told["url"].startswith("http://127.0.0.1:")
        assert ("?token=" in told["url"]) is (command == "web")
        running.stderr.readline()
        running.send_signal(number)
        out, err = running.communicate(timeout=60)
    assert (running.returncode, out, err) == (code, "", "")
