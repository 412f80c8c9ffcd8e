"""``backtest``: the promised object, text for people, exit codes, clear errors."""

import json

import pytest

from kalshi_assistant.cli import main
from tests.support import panels
from tests.support.build import OPEN
from tests.unit.lab.test_backtest_input import MARKETS, snapshot, written


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


@pytest.fixture
def recorded(tmp_path):
    """A recording of a made-up book, its index and its market."""
    index, markets = tmp_path / "index.csv", tmp_path / "markets.csv"
    index.write_text("ts,value\n" + "".join(f"{OPEN + k},91250.{k % 90:02}\n" for k in range(950)))
    markets.write_text(MARKETS)
    lines = [snapshot(OPEN + second, second + 1) for second in range(0, 900, 30)]
    return [
        str(written(tmp_path / "made-up.jsonl.gz", *lines)),
        *("--index", str(index), "--markets", str(markets)),
    ]


def test_event_by_event_and_from_the_cache_the_object_is_the_same(recorded, home, capsys):
    ways = [[], ["--event-by-event"], ["--cache-dir", str(home / "elsewhere")]]
    said = []
    for way in ways:
        assert main(["backtest", *recorded, "--json", *way]) == 0
        said.append(capsys.readouterr().out)
    assert said[0] == said[1] == said[2]
    assert json.loads(said[0])["windows"] == 1
    assert len(list((home / "elsewhere" / "tapes").glob("*.tape"))) == 1
    assert len(list(home.rglob("*.tape"))) == 2


def test_a_damaged_cache_is_told_beside_the_output(recorded, home, capsys):
    assert main(["backtest", *recorded, "--json"]) == 0
    out, _ = capsys.readouterr()
    (tape,) = home.rglob("*.tape")
    tape.write_bytes(tape.read_bytes()[:100])
    assert main(["backtest", *recorded, "--json"]) == 0
    again, err = capsys.readouterr()
    assert again == out
    assert f"the cache {tape.name} is made anew" in err
