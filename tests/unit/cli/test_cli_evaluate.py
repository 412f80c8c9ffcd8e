"""``evaluate`` and ``panel``: the promised objects, text for people, exit codes, clear errors."""

import json

import pytest

from kalshi_assistant import cli
from tests.support import panels, tapes


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return panels.made(markets=4).write(tmp_path_factory.mktemp("panels") / "made-up")


def run(capsys, *arguments):
    code = cli.main([*map(str, arguments)])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_the_promised_object(folder, capsys):
    code, out, _ = run(capsys, "evaluate", folder, "--json", "--no-simulations")
    said = json.loads(out)
    assert code == 0
    assert list(said)[:2] == ["type", "panel"]
    assert (said["type"], said["panel"], said["markets"]) == ("evaluation", "made-up", 4)
    at_five = said["horizons"]["300"]
    assert {"n", "model", "paired"} <= set(at_five)
    assert set(at_five["paired"]) >= {"n", "model", "market", "blend", "gain", "se"}
    assert "above_098" in said["calibration"]


def test_text_for_people_names_scores_and_what_is_missing(folder, capsys):
    code, out, _ = run(capsys, "evaluate", folder, "--no-simulations")
    assert code == 0
    assert "made-up: 4 markets" in out
    assert "settlement rule: 4 of 4 results follow, 3 of 3 strikes chain" in out
    assert "no quotes" in out  # below a minute there are none in this panel


def test_a_report_is_one_file_and_names_every_miss(folder, tmp_path, capsys):
    path = tmp_path / "report.html"
    code, _, err = run(capsys, "evaluate", folder, "--html", path, "--json")
    text = path.read_text()
    assert code == 0
    assert f"written: {path}" in err
    assert "KXBTC15M-MADE000-00" in text
    assert "<svg" in text


def test_a_result_against_the_rule_is_an_exit_code(tmp_path, capsys):
    tables = panels.made(markets=2)
    *rest, result = tables.markets[0]
    tables.markets[0] = (*rest, "no" if result == "yes" else "yes")
    folder = tables.write(tmp_path / "wrong")
    code, out, _ = run(capsys, "evaluate", folder, "--no-simulations")
    assert code == 1
    assert "1 of 2 results follow" in out


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda t: t.index.clear(), "index.csv.gz has no rows below its header"),
        (lambda t: t.index.insert(5, t.index[9]), "is out of order; sort"),
        (lambda t: t.index.insert(5, t.index[5]), "comes twice; keep one row"),
        (lambda t: t.quotes.append(("KXBTC15M-MADE000-00", 2**31, "0.9", "0.1")), "is above"),
        (
            lambda t: t.markets.append((*t.markets.pop()[:-1], "")),
            "result: is empty; write yes or no, or delete the row",
        ),
    ],
)
def test_bad_input_names_file_row_and_remedy(tmp_path, capsys, spoil, message):
    tables = panels.made(markets=1)
    spoil(tables)
    code, out, err = run(capsys, "evaluate", tables.write(tmp_path / "bad"), "--json")
    assert (code, out) == (2, "")
    assert message in err
    assert "Traceback" not in err


def test_a_folder_that_is_none(tmp_path, capsys):
    code, _, err = run(capsys, "evaluate", tmp_path / "nowhere")
    assert code == 2
    assert "is not a folder" in err


def test_a_market_of_a_year_is_refused_by_name(tmp_path, capsys):
    tables = panels.made(markets=1)
    ticker, _, *rest = tables.markets[0]
    tables.markets[0] = (ticker, 1, *rest)
    code, _, err = run(capsys, "evaluate", tables.write(tmp_path / "long"))
    assert code == 2
    assert f"{ticker} is open for" in err


def test_a_report_that_cannot_be_written_is_told_before_the_work(folder, tmp_path, capsys):
    code, out, err = run(capsys, "evaluate", folder, "--html", tmp_path)
    assert (code, out) == (2, "")
    assert "cannot be a file there" in err


def test_garch_without_simulations_is_wrong_use(folder, capsys):
    assert run(capsys, "evaluate", folder, "--garch", "--no-simulations")[0] == 2


# --- panel ---


@pytest.fixture
def journal(tmp_path):
    return tapes.write_journal(tmp_path / "journals", tapes.one_window())


def test_a_panel_from_a_journal_can_be_evaluated(journal, tmp_path, capsys):
    out = tmp_path / "mine"
    code, said, _ = run(capsys, "panel", journal, "--out", out, "--json")
    made = json.loads(said)
    assert code == 0
    assert (made["type"], made["markets"], made["without_result"]) == ("panel", 1, 0)
    assert made["prints"] > 900
    assert made["quotes"] > 800
    code, said, _ = run(capsys, "evaluate", out, "--json", "--no-simulations")
    assert code == 0
    assert json.loads(said)["settlement"]["held"] == 1


def test_a_folder_with_something_in_it_is_kept(journal, tmp_path, capsys):
    out = tmp_path / "mine"
    out.mkdir()
    (out / "notes.txt").write_text("mine")
    code, _, err = run(capsys, "panel", journal, "--out", out)
    assert code == 2
    assert "--force" in err
    code, _, err = run(capsys, "panel", journal, "--out", out, "--force")
    assert code == 2
    assert "something else than a panel" in err
    assert (out / "notes.txt").read_text() == "mine"


def test_force_replaces_a_panel_whole(journal, tmp_path, capsys):
    out = tmp_path / "mine"
    assert run(capsys, "panel", journal, "--out", out)[0] == 0
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    (out / "index.csv.gz").write_bytes(b"")
    assert run(capsys, "panel", journal, "--out", out, "--force")[0] == 0
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_what_is_no_journal_is_refused_before_anything_is_read(tmp_path, capsys):
    path = tmp_path / "x.jsonl"
    path.write_text("{}")
    code, _, err = run(capsys, "panel", path, "--out", tmp_path / "mine")
    assert code == 2
    assert "is no event journal" in err
