"""``sweep``, ``data synthesize``: the promised objects, text for people, exit codes, errors."""

import json

import pytest

from kalshi_assistant.cli import main
from kalshi_assistant.cli import sweep as command
from kalshi_assistant.lab import sweep_workers
from tests.support import panels
from tests.unit.lab.test_sweeping import Inline

pytestmark = pytest.mark.timeout(600)  # machine code is made at the first call

OVER = ["--over", "signal.threshold_dollars=0.01,0.03", "--set", "signal.gap.believe=model"]


class Here(sweep_workers.Pool):
    """Does the jobs in this process."""

    def __init__(self, count):
        self.jobs = []

    def executor(self):
        return Inline(self.jobs)

    def close(self):
        pass


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch):
    monkeypatch.setattr(sweep_workers, "Pool", Here)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made") / "world"
    made = ["--windows", "480", "--edge", "2", "--seed", "3", "--recipe"]
    assert main(["data", "synthesize", str(folder), *made]) == 0
    return folder


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made") / "tables"
    assert main(["data", "synthesize", str(folder), "--windows", "3"]) == 0
    return folder


def test_json_is_one_object_with_every_setting(world, capsys, tmp_path):
    page, out = tmp_path / "sweep.html", tmp_path / "kept"
    given = [*OVER, "--folds", "1", "--json", "--html", str(page), "--out", str(out)]
    assert main(["sweep", str(world), *given]) == 0
    text, err = capsys.readouterr()
    (said,) = [json.loads(line) for line in text.splitlines()]
    assert said["type"] == "sweep"
    assert [row["assigned"]["signal.threshold_dollars"] for row in said["settings"]] == [
        "0.01", "0.03",
    ]  # fmt: skip
    assert {row["verdict"]["tests"] for row in said["settings"]} == {2}
    assert said["walk_forward"]["verdict"]["tests"] == 1
    assert said["latency"] == "always paper.latency_milliseconds"
    assert said["jobs_done_now"] == 2
    assert "leaves out" in err
    assert page.read_text().startswith("<!DOCTYPE html>")
    assert {path.name for path in out.iterdir()} >= {"sweep.sqlite", "days.parquet"}
    assert main(["sweep", str(world), *given]) == 0
    again = json.loads(capsys.readouterr().out)
    assert again.pop("jobs_done_now") == 0
    said.pop("jobs_done_now")
    assert again == said


def test_text_says_what_is_left_of_the_best(world, capsys):
    assert main(["sweep", str(world), *OVER, "--folds", "1"]) == 0
    out, _ = capsys.readouterr()
    assert "one of 2 tried" in out
    assert "(deflated Sharpe)" in out
    assert "chosen by the highest Sharpe ratio of the days before" in out


def test_without_folds_nothing_is_out_of_sample(tmp_path, capsys):
    panel = panels.made(markets=3).write(tmp_path / "made-up")
    assert main(["sweep", str(panel), *OVER, "--folds", "0", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["walk_forward"] is None
    assert any("nothing is out of sample" in text for text in said["notices"])


def test_a_made_panel_is_a_panel(tables, capsys):
    assert main(["backtest", str(tables), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["windows"], said["settled"]) == (3, 3)
    verdicts = said["latencies"]["assumed"]["verdicts"]
    assert set(verdicts) == {"delay_capture", "momentum", "baseline_gap"}
    assert verdicts["momentum"]["sentence"].startswith("no evidence (nothing bought")


def test_what_is_there_is_not_written_over(tables, capsys):
    assert main(["data", "synthesize", str(tables)]) == 2
    assert "is there already" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--over", "signal.nothing=1,2"], "signal.nothing is unknown"),
        (["--over", "signal.threshold_dollars=1..7"], "signal.threshold_dollars"),
        (["--over", "signal.threshold_dollars=0.2..0.1"], "empty range"),
        (["--how", "guess", *OVER], "--how guess is not known; write grid, random, optuna"),
        ([*OVER, "--folds", "40"], "too few days for 40 folds"),
        (["--over", "exits.stop_dollars=0.1,0.2"], "exits are on"),
        ([], "nothing to sweep over"),
    ],
)
def test_wrong_use_is_named_with_its_remedy(world, capsys, arguments, text):
    assert main(["sweep", str(world), *arguments]) == 2
    assert text in capsys.readouterr().err


def test_a_past_that_is_none_is_named(tmp_path, capsys):
    assert main(["sweep", str(tmp_path / "nowhere"), *OVER]) == 2
    assert "is not there" in capsys.readouterr().err


def test_a_folder_of_another_sweep_is_named(world, capsys, tmp_path):
    given = ["--folds", "1", "--out", str(tmp_path / "kept")]
    assert main(["sweep", str(world), *OVER, *given]) == 0
    capsys.readouterr()
    other = ["--over", "signal.threshold_dollars=0.02,0.03"]
    assert main(["sweep", str(world), *other, *given]) == 2
    assert "holds another sweep: over differ" in capsys.readouterr().err


def test_the_table_for_people_fits_a_terminal():
    row = {
        "pnl": "-12345.6789", "sharpe_per_day": None, "by_chance": 1.0,
        "assigned": {"signal.threshold_dollars": "0.015"},
        "verdict": {"windows": 12_345, "sentence": "x" * 78},
    }  # fmt: skip
    assert all(len(line) <= 80 for line in command._row(row))
