"""An engine in a process of its own, and every command that is for living with it."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest

from kalshi_assistant.cli import main

pytestmark = [
    pytest.mark.long,
    pytest.mark.process,
    pytest.mark.loopback,
    pytest.mark.enable_socket,
    pytest.mark.timeout(280),
]

PATIENCE_SECONDS = 120
LOOK_SECONDS = 0.2
SETTINGS = {"signal": {"threshold_dollars": 0.03}, "risk": {"max_order_dollars": 20.0}}


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home of its own, for the processes as well; its path."""
    for name in list(os.environ):
        if name.startswith(("KALSHI_ASSISTANT", "XDG_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".config" / "kalshi-assistant").mkdir(parents=True)
    return tmp_path


def write(home, text):
    """The user's configuration; also what is no settings."""
    path = home / ".config" / "kalshi-assistant" / "config.yaml"
    path.write_text(text if isinstance(text, str) else json.dumps(text))


def command(*words):
    return [sys.executable, "-m", "kalshi_assistant", *words]


@contextmanager
def demo(home, name):
    """The demo without a screen, its words in files; killed where it still runs."""
    words = command("demo", "--no-ui", "--speed", "5", "--seed", "7", "--status-every", "1")
    with (home / f"{name}.out").open("wb") as out, (home / f"{name}.err").open("wb") as err:
        process = subprocess.Popen(words, stdout=out, stderr=err)
        try:
            yield process
        finally:
            process.kill()
            process.wait()


@pytest.fixture
def ask(capsys):
    """Run a command here; its exit code and the object it printed, if it did."""

    def run(*words):
        capsys.readouterr()
        code = main([*words, "--json"])
        out = capsys.readouterr().out
        return code, json.loads(out) if out else None

    return run


def until(condition, what):
    """What ``condition`` answers once that is true."""
    for _ in range(int(PATIENCE_SECONDS / LOOK_SECONDS)):
        if found := condition():
            return found
        time.sleep(LOOK_SECONDS)
    raise AssertionError(f"never happened: {what}")


def standing(ask):
    """The state of the engine that trades, once it does."""
    code, found = ask("status")
    return found if code == 0 and found["market"] is not None else None


def reloaded(home, ask, settings):
    write(home, settings)
    code, found = ask("reload")
    effects = {each["key"]: each["effect"] for each in found["changes"]}
    return code, found["applied"], effects


def changed(**sections):
    return {name: SETTINGS.get(name, {}) | values for name, values in sections.items()}


def test_an_engine_is_asked_changed_followed_killed_and_found_again(home, ask, capsys):
    write(home, SETTINGS)
    with demo(home, "one") as engine, (home / "tail.err").open("wb") as err:
        first = until(lambda: standing(ask), "the engine shows a market")
        assert first["pid"] == engine.pid
        words = command("tail", "--retry", "--json", "--kinds", "note")
        with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=err) as tail:
            try:
                _ask_and_change(home, ask, first)
                following = home / "tail.err"
                until(lambda: f"process {engine.pid}" in following.read_text(), "tail follows")
                engine.kill()
                engine.wait()
                code, _ = ask("status")
                assert code == 3
                assert main(["pause"]) == 3
                assert "died without a goodbye" in capsys.readouterr().err
                with demo(home, "two") as next_one:
                    until(lambda: standing(ask), "the next engine shows a market")
                    new = f"process {next_one.pid}"
                    until(lambda: new in following.read_text(), "tail follows the next")
                    next_one.send_signal(signal.SIGTERM)
                    assert next_one.wait(PATIENCE_SECONDS) == 0
                code, _ = ask("status")
                assert code == 3
            finally:
                tail.kill()
    assert "status " in (home / "one.err").read_text()
    _replays(home, ask)


def _ask_and_change(home, ask, first):
    assert ask("pause", "--reason", "lunch")[0] == 0
    until(lambda: (standing(ask) or {}).get("paused") == "lunch", "it is paused")
    assert ask("resume") == (0, {"type": "resume", "ok": True, "text": "signals run again"})
    good = changed(signal={"threshold_dollars": 0.02}, risk={"max_order_dollars": 15.0})
    assert reloaded(home, ask, good) == (
        0,
        True,
        {"signal.threshold_dollars": "now", "risk.max_order_dollars": "now"},
    )
    now = until(lambda: standing(ask), "it goes on")
    assert now["config"] != first["config"]
    assert reloaded(home, ask, "signal: [")[:2] == (2, False)
    loose = changed(signal={"threshold_dollars": 0.05}, risk={"max_order_dollars": 16.0})
    code, applied, effects = reloaded(home, ask, loose)
    assert (code, applied, effects["risk.max_order_dollars"]) == (1, False, "looser")
    later = good | {"paper": {"cash_dollars": 500.0}}
    assert reloaded(home, ask, later) == (0, False, {"paper.cash_dollars": "restart"})
    assert standing(ask)["config"] == now["config"]
    code, found = ask("flatten", "--yes")
    assert (code, found["ok"]) == (0, True)
    until(lambda: ask("status")[0] == 4, "the halt stands")


def _replays(home, ask):
    """The journal of the killed engine gives the same intents, the change of settings with it."""
    folder = home / ".local" / "share" / "kalshi-assistant" / "journals" / "simulated"
    first = min(folder.glob("*-0001.events*"))
    code, found = ask("replay", str(first), "--speed", "max", "--no-ui")
    assert code == 0, found
