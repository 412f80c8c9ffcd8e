"""Commands find the running engine, or say which there are, or that there is none."""

import json
import socket

import pytest
from msgspec.structs import replace

from kalshi_assistant.cli import main
from kalshi_assistant.cli.engines import running_dir
from kalshi_assistant.control.beacons import Beacon, light
from kalshi_assistant.control.endpoint import LOCK_NAME, SOCKET_NAME
from kalshi_assistant.domain.time import Nanos
from kalshi_assistant.domain.units import Money
from kalshi_assistant.engine.snapshot import BreakerView, LogLine, TradingView
from tests.support.build import OPEN, ns
from tests.support.running import running

ASKING = ["status", "pause", "resume", "reload", "tail"]
TRADING = TradingView(
    closed_because=None,
    armed=True,
    venue=False,
    agreed=False,
    cash=Money(1_000_000_000),
    equity=Money(1_001_239_999),
    peak=Money(1_001_239_999),
    day_pnl=Money(-1_239_999),
    worst=Money(12_000_000),
    orders=(),
    breakers=(),
    policies=(),
    good_windows=0,
    canary=True,
)


def halted(name="kill", state="open"):
    view = BreakerView(name, state, "by hand", ns(OPEN), "blocks everything")
    return replace(TRADING, breakers=(view,))


def objects(capsys):
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize("command", [*ASKING, "flatten"])
def test_where_no_engine_runs_it_is_said_plainly(command, capsys):
    assert main([command]) == 3
    said = capsys.readouterr()
    assert said.out == ""
    assert "no engine runs here; start one with `kalshi-assistant run`" in said.err


def test_the_one_engine_that_runs_needs_no_naming(tmp_path, capsys):
    with running(tmp_path / "a") as engine:
        assert main(["pause", "--reason", "lunch"]) == 0
        assert main(["resume", "--json"]) == 0
        assert engine.asked == [("pause", "lunch"), ("resume", "")]
    out = capsys.readouterr().out.splitlines()
    assert out[0] == "pause done"
    assert json.loads(out[1]) == {"type": "resume", "ok": True, "text": "resume done"}


def test_with_several_it_is_said_which_there_are_and_how_to_choose(tmp_path, capsys):
    with running(tmp_path / "a", 11) as one, running(tmp_path / "b", 12, "simulated") as other:
        assert main(["pause"]) == 2
        said = capsys.readouterr().err
        assert "2 engines run; say which is meant" in said
        assert "--pid 11       process 11, paper on prod, in" in said
        assert "--pid 12       process 12, paper on simulated, in" in said
        assert main(["pause", "--pid", "12"]) == 0
        assert main(["pause", "--env", "prod"]) == 0
        assert main(["pause", "--state-dir", str(tmp_path / "b")]) == 0
        assert main(["pause", "--control-dir", str(tmp_path / "a")]) == 0
        assert (len(one.asked), len(other.asked)) == (2, 2)
        assert main(["pause", "--pid", "13"]) == 3
        assert "no such engine runs here" in capsys.readouterr().err


def dead(folder):
    """What an engine that was killed leaves."""
    folder.mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / SOCKET_NAME))
    (folder / LOCK_NAME).write_text("4711\n")
    light(running_dir(), Beacon(4711, "paper", "prod", str(folder)))


@pytest.mark.parametrize("command", ASKING)
def test_a_dead_engine_behind_its_socket_is_one_clear_message(command, tmp_path, capsys):
    dead(tmp_path / "a")
    assert main([command]) == 3
    (said,) = capsys.readouterr().err.splitlines()
    assert "the last one died without a goodbye (process 4711, paper on prod" in said
    assert main([command, "--control-dir", str(tmp_path / "a")]) == 3
    (said,) = capsys.readouterr().err.splitlines()
    assert "is dead (Connection refused)" in said


def test_a_dead_engine_does_not_hide_a_living_one(tmp_path):
    dead(tmp_path / "a")
    with running(tmp_path / "b", 12) as engine:
        assert main(["pause"]) == 0
        assert engine.asked


def test_a_broken_configuration_hides_no_engine(tmp_path, home):
    file = home / ".config" / "kalshi-assistant" / "config.yaml"
    file.parent.mkdir(parents=True)
    file.write_text("nonsense: [")
    with running(tmp_path / "a") as engine:
        assert main(["pause"]) == 0
        assert engine.asked


def test_one_that_could_not_announce_itself_is_found_by_the_settings(tmp_path, monkeypatch):
    monkeypatch.setenv("KALSHI_ASSISTANT__STATE_DIR", str(tmp_path))
    with running(tmp_path / "prod" / "keyless") as engine:
        (running_dir() / "4711.engine").unlink()
        assert main(["pause"]) == 0
        assert engine.asked


def test_what_the_engine_refuses_is_an_exit_of_its_own(tmp_path, capsys):
    with running(tmp_path / "a") as engine:
        engine.reply = (False, "nothing is traded here")
        assert main(["flatten", "--yes"]) == 1
        assert "nothing is traded here" in capsys.readouterr().err
        engine.reply = (False, "3 problems", '{"ok": false, "exit_code": 2, "changes": []}')
        assert main(["reload", "--json"]) == 2
        (found,) = objects(capsys)
        assert found == {"type": "reload", "ok": False, "text": "3 problems", "changes": []}


def test_flatten_asks_a_person_first_and_no_pipe(tmp_path, terminal, capsys):
    with running(tmp_path / "a") as engine:
        terminal("n")
        assert main(["flatten"]) == 130
        terminal(is_terminal=False)
        assert main(["flatten"]) == 2
        assert "--yes" in capsys.readouterr().err
        assert engine.asked == []
        terminal("y")
        assert main(["flatten", "--reason", "storm"]) == 0
        assert engine.asked == [("flatten", "storm")]


def test_reload_dry_run_only_asks(tmp_path):
    with running(tmp_path / "a") as engine:
        assert main(["reload", "--dry-run"]) == 0
        assert main(["reload"]) == 0
        assert engine.asked == [("reload", "dry"), ("reload", "")]


def test_status_for_a_machine_is_one_object(tmp_path, capsys):
    with running(tmp_path / "a") as engine:
        engine.snapshot = replace(engine.snapshot, trading=TRADING, paused="lunch", config="c0ffee")
        assert main(["status", "--json"]) == 0
    (found,) = objects(capsys)
    assert (found["type"], found["pid"], found["config"]) == ("status", 4711, "c0ffee")
    assert (found["paused"], found["halted"], found["market"]) == ("lunch", False, None)
    assert found["trading"]["equity"] == "1001.239999"


def test_status_for_a_person_says_what_stops_it_and_leaves_with_four_in_a_halt(tmp_path, capsys):
    with running(tmp_path / "a") as engine:
        engine.snapshot = replace(engine.snapshot, trading=halted())
        assert main(["status"]) == 4
        said = capsys.readouterr().out
        assert "paper on prod, process 4711" in said
        assert "equity $1001.23, day -$1.23, at stake $12.00" in said
        assert "STOPPED   kill: by hand (blocks everything)" in said
        engine.snapshot = replace(engine.snapshot, trading=halted("stale_data"))
        assert main(["status"]) == 0


def told(number, text):
    return LogLine(Nanos(ns(OPEN + number)), "info", "test", text)


def test_tail_begins_with_the_last_lines_and_ends_with_the_engine(tmp_path, capsys):
    with running(tmp_path / "a") as engine:
        lines = tuple(told(number, f"line {number}") for number in range(20, 0, -1))
        engine.snapshot = replace(engine.snapshot, log=lines)
        engine.on_reader = lambda: engine.end_soon(0.2, "stopped by hand")
        assert main(["tail", "-n", "3"]) == 0
    said = capsys.readouterr()
    assert [line.split()[-1] for line in said.out.splitlines()] == ["18", "19", "20"]
    assert "following process 4711" in said.err
    assert "the engine has ended: stopped by hand" in said.err


@pytest.mark.parametrize("kinds", ["", "note,nonsense"])
def test_tail_of_a_kind_that_does_not_exist_is_wrong_use(kinds, capsys):
    assert main(["tail", "--kinds", kinds]) == 2
    assert "write some of note,feed,signal,window,number" in capsys.readouterr().err
