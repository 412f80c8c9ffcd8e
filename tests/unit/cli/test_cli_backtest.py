"""``backtest``: the promised object, text for people, exit codes, clear errors."""

import json

import pytest

from kalshi_assistant.cli import main
from tests.support import panels


@pytest.fixture(scope="module")
def panel(tmp_path_factory):
    return panels.made(markets=3).write(tmp_path_factory.mktemp("panels") / "made-up")


def test_json_is_one_object_with_every_latency(panel, capsys, tmp_path):
    page = tmp_path / "report.html"
    given = ["--set", "signal.threshold_dollars=0.01", "--html", str(page), "--out", str(tmp_path)]
    assert main(["backtest", str(panel), "--json", *given]) == 0
    out, err = capsys.readouterr()
    (said,) = [json.loads(line) for line in out.splitlines()]
    assert said["type"] == "backtest"
    assert (said["windows"], said["settled"]) == (3, 3)
    assert list(said["latencies"]) == ["0 ms", "50 ms", "100 ms", "250 ms", "500 ms", "assumed"]
    assert "contracts are assumed on each side" in err
    assert page.read_text().startswith("<!DOCTYPE html>")
    assert (tmp_path / "sums.csv").is_file()


def test_text_says_what_it_came_to_and_why_it_did_not_trade(panel, capsys):
    assert main(["backtest", str(panel)]) == 0
    out, _ = capsys.readouterr()
    assert "conservative" in out
    assert "vetoes:" in out


def test_the_audit_has_an_exit_code(panel, capsys):
    assert main(["backtest", str(panel), "--audit", "--json"]) == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {each["change"] for each in found} >= {"shuffled future", "dropped fees"}
    assert all(each["held"] for each in found)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["nowhere"], "is not there"),
        (["--set", "signal.threshold_dollars"], "says no value"),
        (["--set", "signal.nothing=1"], "signal.nothing is unknown"),
        (["--set", "signal.threshold_dollars=7"], "signal.threshold_dollars"),
    ],
)
def test_wrong_use_is_named_with_its_remedy(panel, capsys, arguments, text):
    files = [] if arguments[0] == "nowhere" else [str(panel)]
    assert main(["backtest", *files, *arguments]) == 2
    assert text in capsys.readouterr().err
