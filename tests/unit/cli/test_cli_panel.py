"""``panel``: what it says, what it leaves alone, and how it ends."""

import json

import pytest

from kalshi_assistant import cli
from kalshi_assistant.journal.panel_folder import read_panel
from tests.support import build, tapes
from tests.support.build import CLOSE


def run(capsys, *arguments):
    code = cli.main(["panel", *map(str, arguments)])
    said = capsys.readouterr()
    return code, said.out, said.err


@pytest.fixture(scope="module")
def journal(tmp_path_factory):
    following = {"ticker": "KXBTC15M-LATER-30", "open_": CLOSE, "close": CLOSE + 900}
    events = [*tapes.one_window(), build.listed(CLOSE + 8, **following)]
    return tapes.write_journal(tmp_path_factory.mktemp("journals"), events)


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_one_object_counts_what_is_in_the_folder(journal, tmp_path, capsys):
    out = tmp_path / "deep" / "mine"
    code, said, err = run(capsys, journal, "--out", out, "--json")
    panel = read_panel(out)
    assert (code, err) == (0, "")
    assert json.loads(said) == {
        "type": "panel",
        "out": str(out),
        "markets": 1,
        "without_result": 1,
        "prints": len(panel.prints),
        "quotes": len(panel.quotes),
    }
    assert panel.name == "mine"


def test_text_for_people(journal, tmp_path, capsys):
    code, said, _ = run(capsys, journal, "--out", tmp_path / "mine")
    assert code == 0
    assert "1 markets (1 more had no result)" in said


def test_no_folder_name_gets_into_the_panel(journal, tmp_path, capsys):
    out = tmp_path / "mine"
    assert run(capsys, journal, "--out", out)[0] == 0
    assert json.loads((out / "meta.json").read_text()) == {
        "index": "BRTI (tape): kalshi_1hz, kalshi_rest, stamped by its source",
        "quotes": "point: best bid and ask at the end of the second, from the rebuilt book",
        "coin": "BTC",
        "made_from": [journal.name],
    }


def test_the_same_journal_gives_the_same_bytes(journal, tmp_path, capsys):
    for name in ("one", "two"):
        assert run(capsys, journal, "--out", tmp_path / name)[0] == 0
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_an_empty_folder_is_free(journal, tmp_path, capsys):
    out = tmp_path / "mine"
    out.mkdir()
    assert run(capsys, journal, "--out", out)[0] == 0
    assert read_panel(out).markets


def test_a_panel_is_kept_without_force(journal, tmp_path, capsys):
    out = tmp_path / "mine"
    assert run(capsys, journal, "--out", out)[0] == 0
    before = contents(out)
    code, said, err = run(capsys, journal, "--out", out, "--json")
    assert (code, said) == (2, "")
    assert "is not empty; name another folder, or say --force" in err
    assert contents(out) == before


def test_force_never_deletes_what_is_not_of_a_panel(journal, tmp_path, capsys):
    out = tmp_path / "mine"
    assert run(capsys, journal, "--out", out)[0] == 0
    inside = out / journal.name
    inside.write_bytes(journal.read_bytes())
    before = contents(out)
    code, _, err = run(capsys, inside, "--out", out, "--force")
    assert code == 2
    assert f"holds something else than a panel ({journal.name})" in err
    assert contents(out) == before


def test_a_link_to_a_folder_leads_there(journal, tmp_path, capsys):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert run(capsys, journal, "--out", tmp_path / "link")[0] == 0
    assert (tmp_path / "link").is_symlink()
    assert read_panel(tmp_path / "real").markets


def test_what_cannot_be_a_folder_is_named(journal, tmp_path, capsys, monkeypatch):
    file = tmp_path / "file"
    file.write_text("mine")
    for out, message in ((file, "is a file; name a folder"), (file / "x", "cannot write --out")):
        code, _, err = run(capsys, journal, "--out", out)
        assert code == 2
        assert message in err
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    code, _, err = run(capsys, journal, "--out", ".")
    assert code == 2
    assert "is the folder you are in" in err


def test_a_failure_leaves_the_old_panel_and_nothing_beside_it(
    journal, tmp_path, capsys, monkeypatch
):
    out = tmp_path / "mine"
    assert run(capsys, journal, "--out", out)[0] == 0
    before = contents(out)

    def full(folder, *_):
        (folder / "index.csv.gz").write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("kalshi_assistant.journal.panel_folder.write_panel", full)
    code, _, err = run(capsys, journal, "--out", out, "--force")
    assert code == 2
    assert "(No space left on device); name a folder where there is room" in err
    assert contents(out) == before
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.jsonl", b"{}", "is no event journal; names end in .events, .events.gz"),
        ("x.events", b"nonsense", "is not a journal of this program"),
        ("none.events", None, "is no event journal"),
    ],
)
def test_what_is_no_journal_is_wrong_use(tmp_path, capsys, name, content, message):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    code, said, err = run(capsys, tmp_path / name, "--out", tmp_path / "mine", "--json")
    assert (code, said) == (2, "")
    assert message in err
    assert not (tmp_path / "mine").exists()
