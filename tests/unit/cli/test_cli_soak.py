"""``soak``: its seeds, its lines, its exit codes."""

import json

import pytest

from kalshi_assistant import cli
from kalshi_assistant.lab import soaking


def run(capsys, *arguments):
    code = cli.main(["soak", *arguments])
    said = capsys.readouterr()
    return code, said.out, said.err


@pytest.mark.parametrize("seeds", ["", "x", "5-", "9-3", "1-2-3", "-4", "0-200000"])
def test_seeds_that_make_no_sense_are_refused_by_name(capsys, seeds):
    code, _, err = run(capsys, "--seeds", seeds)
    assert code == 2
    assert "--seeds" in err


def test_what_is_soaked_is_one_of_two(capsys):
    code, _, err = run(capsys, "--seeds", "1", "--what", "everything")
    assert (code, "write feeds or orders" in err) == (2, True)


def test_paper_is_about_orders(capsys):
    code, _, err = run(capsys, "--seeds", "1", "--paper")
    assert (code, "add --what orders" in err) == (2, True)


@pytest.mark.long
def test_a_day_that_held(capsys):
    code, out, _ = run(capsys, "--seeds", "10", "--minutes", "1", "--json")
    lines = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [line["type"] for line in lines] == ["soak_seed", "soak"]
    assert (lines[0]["seed"], lines[0]["held"], lines[1]["held"]) == (10, True, 1)


def test_a_day_that_broke_is_printed_as_a_command_line(capsys, monkeypatch):
    def breaks(self):
        raise ZeroDivisionError("as planned")
        yield

    monkeypatch.setattr(soaking.FeedSoak, "run", breaks)
    code, out, err = run(capsys, "--seeds", "3", "--minutes", "2")
    assert code == 1
    assert "kalshi-assistant soak --seeds 3 --what feeds --minutes 2" in err
    assert "as planned" in err
    assert "0 of 1 days held" in out
