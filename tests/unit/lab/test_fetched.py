"""A fetched folder: parts whole or not at all, and a list that survives being cut off."""

import pytest

from kalshi_assistant.domain.errors import OperatorError
from kalshi_assistant.lab.fetched import MANIFEST, FetchedFolder, Head, read_manifest
from kalshi_assistant.lab.tables import Column

HEAD = Head(kind="klines", source="binance", subject="BTCUSDT")
TABLE = (Column("ts", "second"), Column("value", "decimal", 2))
PART = "index/2026-03-01.csv.gz"


def filled(folder, final=True):
    with FetchedFolder(folder, HEAD) as fetched:
        return fetched.put(PART, TABLE, [(1, 100), (2, 101)], day="2026-03-01", final=final)


def test_a_part_is_held_once_it_is_whole_final_and_listed(tmp_path):
    part = filled(tmp_path)
    with FetchedFolder(tmp_path, HEAD) as again:
        assert again.holds(PART)
        assert again.listed.parts == {PART: part}
        again.path(PART).unlink()
        assert not again.holds(PART)


def test_a_part_that_was_not_final_is_fetched_again(tmp_path):
    filled(tmp_path, final=False)
    with FetchedFolder(tmp_path, HEAD) as again:
        assert not again.holds(PART)


def test_a_line_cut_short_costs_its_part_and_nothing_else(tmp_path):
    filled(tmp_path)
    manifest = tmp_path / MANIFEST
    whole = manifest.read_bytes()
    manifest.write_bytes(whole[:-20])
    assert read_manifest(tmp_path).torn > 0
    with FetchedFolder(tmp_path, HEAD) as again:
        assert not again.holds(PART)
        again.put(PART, TABLE, [(1, 100), (2, 101)], day="2026-03-01", final=True)
    assert manifest.read_bytes() == whole


def test_the_same_rows_give_the_same_digest(tmp_path):
    assert filled(tmp_path / "a").sha256 == filled(tmp_path / "b").sha256


def test_another_subject_is_refused_and_changes_nothing(tmp_path):
    filled(tmp_path)
    before = (tmp_path / MANIFEST).read_bytes()
    with pytest.raises(OperatorError, match="holds klines binance BTCUSDT, not klines binance ETH"):
        FetchedFolder(tmp_path, Head(kind="klines", source="binance", subject="ETHUSDT"))
    assert (tmp_path / MANIFEST).read_bytes() == before


def test_a_folder_with_something_else_is_refused(tmp_path):
    (tmp_path / "letters.txt").write_text("mine")
    with pytest.raises(OperatorError, match="holds nothing fetched"):
        FetchedFolder(tmp_path, HEAD)


def test_two_at_once_are_refused(tmp_path):
    with FetchedFolder(tmp_path, HEAD), pytest.raises(OperatorError, match="another process"):
        FetchedFolder(tmp_path, HEAD)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"nonsense\n", "line 2 is damaged"),
        (
            b'{"part":"../../x.csv.gz","sha256":"","bytes":1,"rows":1,"final":true,"day":""}\n',
            "no part",
        ),
        (
            b'{"part":"/etc/x.csv.gz","sha256":"","bytes":1,"rows":1,"final":true,"day":""}\n',
            "no part",
        ),
        (b'{"part":"x.sh","sha256":"","bytes":1,"rows":1,"final":true,"day":""}\n', "no part"),
    ],
)
def test_a_list_that_makes_no_sense_is_named_by_its_line(tmp_path, line, why):
    filled(tmp_path)
    manifest = tmp_path / MANIFEST
    head, *_ = manifest.read_bytes().splitlines(keepends=True)
    manifest.write_bytes(head + line)
    with pytest.raises(OperatorError, match=why):
        read_manifest(tmp_path)


def test_a_disk_without_room_leaves_no_half_part(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    with FetchedFolder(tmp_path, HEAD) as fetched:
        monkeypatch.setattr("kalshi_assistant.lab.tables._Csv.write", full)
        with pytest.raises(OperatorError, match="No space left on device"):
            fetched.put(PART, TABLE, [(1, 100)], day="2026-03-01", final=True)
    assert not (tmp_path / PART).exists()
    assert list((tmp_path / "index").iterdir()) == []
    assert read_manifest(tmp_path).parts == {}
