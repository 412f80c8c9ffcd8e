"""Processes beside an engine: started, started again, ended, and never in its way."""

import sys
import threading
from dataclasses import replace

import pytest

from kalshi_assistant.alerts.settings import AlertSettings, WebhookSettings
from kalshi_assistant.cli import companions as module
from kalshi_assistant.cli.companions import Companion, Crew, companions
from kalshi_assistant.settings import Settings

pytestmark = pytest.mark.process


class Notes(list[str]):
    """What was noted, and a way to wait for it."""

    def __init__(self):
        self.changed = threading.Condition()

    def __call__(self, text):
        with self.changed:
            self.append(text)
            self.changed.notify_all()

    def wait(self, count):
        with self.changed:
            assert self.changed.wait_for(lambda: len(self) >= count, 60)


@pytest.fixture
def program(monkeypatch, tmp_path):
    """Let companions be small programs of a test's own; its folder."""

    def become(code):
        path = tmp_path / "program"
        path.write_text(f"#!{sys.executable}\nimport sys\n{code}\n", encoding="utf-8")
        path.chmod(0o755)
        monkeypatch.setattr(module.sys, "executable", str(path))

    return become


def run(tmp_path, notes, until):
    """Keep one companion until ``until`` returns."""
    wanted = [Companion("alerts", ("alert", "run"), counts=True)]
    with Crew(wanted).beside(tmp_path / "control", tmp_path / "own.yaml", tmp_path / "logs", notes):
        until()


def test_there_is_one_where_a_channel_is_on_and_has_something_to_tell():
    hook = WebhookSettings(enabled=True, url="http://localhost/x")
    assert companions(Settings()) == ()
    assert companions(replace(Settings(), alerts=AlertSettings(webhook=hook))) == ()
    chosen = AlertSettings(webhook=hook, rules=("fill any",))
    assert companions(replace(Settings(), alerts=chosen)) == (
        Companion("alerts", ("alert", "run"), counts=True),
    )


def test_it_is_told_where_the_engine_is_and_what_it_says_is_kept(tmp_path, program):
    program("sys.stderr.write(' '.join(sys.argv[1:])); sys.exit(2)")
    notes = Notes()
    run(tmp_path, notes, lambda: notes.wait(1))
    said = (tmp_path / "logs" / "alerts.log").read_text()
    assert said == (
        f"-m kalshi_assistant alert run --control-dir {tmp_path}/control --tied "
        f"--config {tmp_path}/own.yaml --restarts 0"
    )
    assert notes == [f"alerts: is not run, see {tmp_path}/logs/alerts.log"]


def test_one_that_dies_is_started_again_and_knows_it(tmp_path, program):
    program("sys.stderr.write(sys.argv[-1]); sys.exit(7 if sys.argv[-1] == '0' else 2)")
    notes = Notes()
    run(tmp_path, notes, lambda: notes.wait(2))
    assert notes[0] == "alerts: ended (7), started again in 1 s"
    assert (tmp_path / "logs" / "alerts.log").read_text() == "01"


def test_one_that_ends_by_itself_is_not_waited_for_nor_started_again(tmp_path, program):
    notes = Notes()
    program("sys.exit(0)")
    run(tmp_path, notes, lambda: None)
    assert notes == []


def test_one_that_was_ended_by_somebody_else_comes_back(tmp_path, program, monkeypatch):
    monkeypatch.setattr(module, "GOODBYE_SECONDS", 0.01)
    program("sys.exit(0 if sys.argv[-1] == '0' else 2)")
    notes = Notes()
    run(tmp_path, notes, lambda: notes.wait(2))
    assert notes[0] == "alerts: ended (0), started again in 1 s"


def test_one_that_does_not_end_is_ended(tmp_path, program, monkeypatch):
    monkeypatch.setattr(module, "END_SECONDS", 0.2)
    program("import signal, pathlib; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
            "sys.stderr.write('here'); sys.stderr.flush()\nwhile True: signal.pause()")  # fmt: skip
    notes, started = Notes(), threading.Event()
    path = tmp_path / "logs" / "alerts.log"

    def wait():
        for _ in range(60_000):
            if path.exists() and path.read_text() == "here":
                started.set()
                return
            threading.Event().wait(0.001)

    run(tmp_path, notes, wait)
    assert started.is_set()
    assert not [each for each in threading.enumerate() if each.name == "alerts"]


def test_a_program_that_is_not_there_is_noted_and_nothing_more(tmp_path, monkeypatch):
    monkeypatch.setattr(module.sys, "executable", str(tmp_path / "nothing"))
    notes = Notes()
    run(tmp_path, notes, lambda: notes.wait(1))
    assert notes == ["alerts: cannot be started: No such file or directory"]


def test_new_rules_are_a_new_process(tmp_path, program, monkeypatch):
    program("sys.stderr.write('here '); sys.stderr.flush()\nsys.stdin.read()")
    chosen = AlertSettings(
        webhook=WebhookSettings(enabled=True, url="http://localhost/x"), rules=("fill any",)
    )
    settings = replace(Settings(), alerts=chosen)
    path, crew = tmp_path / "logs" / "alerts.log", Crew(companions(settings))

    def said():
        return path.read_text() if path.exists() else ""

    def until(condition):
        for _ in range(60_000):
            if condition():
                return
            threading.Event().wait(0.001)
        raise AssertionError(said())

    def processes():
        return [each for each in threading.enumerate() if each.name == "alerts"]

    with crew.beside(tmp_path / "control", None, tmp_path / "logs", Notes()):
        until(lambda: said() == "here ")
        first = processes()
        crew.renew_alerts(settings)
        until(lambda: len(processes()) == 1 and processes() != first and said() == "here ")
        crew.renew_alerts(replace(Settings(), alerts=AlertSettings()))
        until(lambda: not processes())
    assert not processes()
