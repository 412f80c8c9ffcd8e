"""``journal``: what its three commands say, what they write, and how they end."""

import json

import pyarrow.parquet as pq
import pytest

from kalshi_assistant import cli
from kalshi_assistant.domain.time import SECOND
from kalshi_assistant.journal.checking import Block, walk
from kalshi_assistant.journal.codec import FRAMES
from kalshi_assistant.journal.market_index import MarketIndex
from kalshi_assistant.journal.settings import JournalSettings
from kalshi_assistant.journal.writer import JournalWriter
from tests.support import tapes
from tests.support.journals import NOON, RUN, event_records, event_writer, frame_record


def run(capsys, *arguments):
    code = cli.main(["journal", *map(str, arguments)])
    said = capsys.readouterr()
    return code, said.out, said.err


def objects(text):
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def parts(tmp_path):
    """Three closed files of one run's events."""
    writer = event_writer(tmp_path / "journals")
    closed = []
    for first in (1, 4, 7):
        writer.write(event_records(first, first + 1))
        writer.write(event_records(first + 2, first + 2))
        closed.append(writer.rotate(NOON))
    writer.close().unlink()
    return closed


@pytest.fixture(scope="module")
def window(tmp_path_factory):
    """The journal of one window."""
    return tapes.write_journal(tmp_path_factory.mktemp("window"), tapes.one_window())


def damage(path):
    """Flip a bit of the first block behind the header; answers where that block begins."""
    begins = next(found.offset for found in walk(path) if isinstance(found, Block))
    content = bytearray(path.read_bytes())
    content[content.index(b"BookDelta")] ^= 4
    path.write_bytes(content)
    return begins


# --- info ----------------------------------------------------------------------------------------


def test_info_is_one_object_per_journal(parts, capsys):
    code, said, err = run(capsys, "info", parts[0].parent, "--json")
    assert (code, err) == (0, "")
    (found,) = objects(said)
    files = found.pop("files")
    assert found == {
        "type": "journal",
        "holds": "events",
        "run": "20261121T170000Z",
        "records": 9,
        "bytes": sum(path.stat().st_size for path in parts),
        "program": "0.1.0",
        "environment": "local",
        "mode": "demo",
        "seed": 7,
        "from": "2026-11-21T17:00:00Z",
        "to": "2026-11-21T17:00:00Z",
        "seconds": 8e-09,
        "bytes_per_hour": None,
        "sources": {},
        "events": {"BookDelta": 9},
        "markets": {"KXBTC15M-A": 9},
        "index": None,
        "backwards": {"count": 0, "largest_seconds": 0.0, "at_record": None},
        "findings": [],
    }
    assert [(each["part"], each["blocks"], each["records"]) for each in files] == [
        (number, 2, 3) for number in (1, 2, 3)
    ]
    assert files[1] == {
        "file": str(parts[1]),
        "part": 2,
        "blocks": 2,
        "records": 3,
        "bytes": parts[1].stat().st_size,
        "from": "2026-11-21T17:00:00Z",
        "to": "2026-11-21T17:00:00Z",
        "silent_seconds_before": 1e-09,
        "being_written": False,
    }


def test_info_of_frames_has_their_sources_and_their_index(tmp_path, capsys):
    writer = JournalWriter(FRAMES, tmp_path, RUN, JournalSettings(), created_at=NOON)
    writer.write([frame_record(number) for number in range(3)])
    path = writer.close()
    index = MarketIndex(tmp_path, path.name.rpartition("-")[0])
    for number in range(3):
        index.saw("kalshi.socket", "KXBTC15M-A", NOON + number * SECOND, path.name, 7)
    index.write()
    (found,) = objects(run(capsys, "info", path, "--json")[1])
    flow = {"frames_in": 3, "bytes_in": 21, "frames_out": 0, "bytes_out": 0}
    assert found["sources"] == {"kalshi.socket": flow}
    assert found["index"] == [
        {
            "source": "kalshi.socket",
            "ticker": "KXBTC15M-A",
            "part": path.name,
            "from": "2026-11-21T17:00:00Z",
            "to": "2026-11-21T17:00:02Z",
            "frames": 3,
            "bytes": 21,
        }
    ]
    _, text, _ = run(capsys, "info", path)
    assert "kalshi.socket   3      21 B    0        0 B" in text
    assert "kalshi.socket  KXBTC15M-A       3   21 B" in text


def test_info_for_people_is_tables(window, capsys):
    code, said, err = run(capsys, "info", window)
    assert (code, err) == (0, "")
    lines = said.splitlines()
    assert lines[0] == f"events {window.name.rpartition('-')[0]}: tape, paper, program 0.1.0"
    assert lines[1].startswith("  2026-11-21T17:00:01Z to 2026-11-21T17:15:07.500Z (0:15:06 h); ")
    assert any(line.split() == ["IndexPrinted", "899"] for line in lines)
    assert any(line.split()[:1] == ["KXBTC15M-26NOV211215-15"] for line in lines)


def test_info_tells_of_damage_and_goes_on(parts, capsys):
    offset = damage(parts[0])
    code, said, err = run(capsys, "info", *parts)
    assert code == 0
    assert f"{parts[0]} at {offset}: " in err
    assert "is damaged; restore the file from a copy" in err
    assert "7 records" in said
    (found,) = objects(run(capsys, "info", *parts, "--json")[1])
    (finding,) = found["findings"]
    assert (finding["what"], finding["serious"]) == ("damaged", True)
    assert finding["offset"] == offset


def test_your_own_journals_are_read_where_none_are_named(parts, tmp_path, capsys, monkeypatch):
    config = tmp_path / "config.yaml"
    config.write_text(f"data_dir: {tmp_path}\n")
    code, said, _ = run(capsys, "info", "--config", config, "--json")
    assert code == 0
    assert [found["records"] for found in objects(said)] == [9]
    config.write_text(f"data_dir: {tmp_path / 'other'}\n")
    code, said, err = run(capsys, "info", "--config", config)
    assert (code, said) == (2, "")
    assert "there are no journals in" in err


# --- verify --------------------------------------------------------------------------------------


def test_whole_journals_are_verified_with_exit_code_0(parts, capsys):
    code, said, err = run(capsys, "verify", *parts)
    assert (code, err) == (0, "")
    assert said == (
        "events 20261121T170000Z: whole, 3 files, 9 records\n"
        "1 journal, 0 of them damaged or incomplete\n"
    )
    (found,) = objects(run(capsys, "verify", *parts, "--json")[1])
    assert (found["type"], found["whole"], found["blocks"]) == ("verification", True, 6)
    assert found["findings"] == []


def test_damage_in_the_middle_is_exit_code_1_with_file_offset_and_remedy(parts, capsys):
    offset = damage(parts[1])
    code, said, _ = run(capsys, "verify", *parts, "--json")
    assert code == 1
    (found,) = objects(said)
    assert not found["whole"]
    (finding,) = found["findings"]
    assert finding["file"] == str(parts[1])
    assert finding["offset"] == offset
    assert "restore the file from a copy" in finding["remedy"]
    code, said, _ = run(capsys, "verify", *parts)
    assert code == 1
    assert "NOT WHOLE" in said
    assert f"{parts[1]} at {offset}: the block of" in said


def test_a_missing_part_is_exit_code_1(parts, capsys):
    parts[1].unlink()
    code, said, _ = run(capsys, "verify", parts[0].parent)
    assert code == 1
    assert f"{parts[2]} at 0: part 2 is missing before it, {parts[1].name} the last; restore" in (
        said
    )


def test_a_torn_tail_is_a_notice_and_exit_code_0(parts, capsys):
    content = parts[2].read_bytes()
    parts[2].write_bytes(content[:-3])
    code, said, _ = run(capsys, "verify", *parts)
    assert code == 0
    assert "unfinished block at the end are ignored" in said


def test_what_is_no_journal_is_exit_code_1_when_verified(tmp_path, capsys):
    (tmp_path / "x.events").write_bytes(b"nonsense and more of it")
    code, said, _ = run(capsys, "verify", tmp_path / "x.events")
    assert code == 1
    assert "is not a journal of this program" in said


@pytest.mark.parametrize("command", ["info", "verify"])
@pytest.mark.parametrize(
    ("name", "message"), [("none.events", "is not there"), ("x.jsonl", "is no such journal")]
)
def test_what_is_not_there_is_wrong_use(tmp_path, capsys, command, name, message):
    (tmp_path / "x.jsonl").write_text("{}")
    code, said, err = run(capsys, command, tmp_path / name, "--json")
    assert (code, said) == (2, "")
    assert message in err


# --- export --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "t.parquet"])
def test_an_export_says_what_it_wrote(window, tmp_path, capsys, name):
    out = tmp_path / name
    code, said, err = run(capsys, "export", window, "--what", "prints", "--out", out, "--json")
    assert (code, err) == (0, "")
    assert objects(said) == [
        {
            "type": "export",
            "out": str(out),
            "what": "prints",
            "rows": 899,
            "bytes": out.stat().st_size,
        }
    ]
    code, said, _ = run(capsys, "export", window, "--what", "prints", "--out", out, "--force")
    assert code == 0
    assert said.startswith(f"{out}: 899 rows of prints, ")


def test_market_span_and_depth_narrow_the_books(window, tmp_path, capsys):
    out = tmp_path / "t.parquet"
    narrowed = (
        *("--what", "books", "--out", out, "--depth", 1, "--market", "KXBTC15M-26NOV211215-15"),
        *("--from", "2026-11-21T17:01:00Z", "--to", "2026-11-21T18:02:00+01:00"),
    )
    assert run(capsys, "export", window, *narrowed)[0] == 0
    table = pq.read_table(out)
    assert table.column_names[3:] == ["bid_1", "bid_size_1", "ask_1", "ask_size_1"]
    assert table.num_rows == 60
    first = table["received_at"].cast("int64").to_pylist()[0]
    assert first // SECOND == NOON // SECOND + 60


def test_an_existing_file_is_kept_without_force(window, tmp_path, capsys):
    out = tmp_path / "t.csv"
    out.write_text("mine")
    code, said, err = run(capsys, "export", window, "--what", "quotes", "--out", out)
    assert (code, said) == (2, "")
    assert "say --force" in err
    assert out.read_text() == "mine"
    assert run(capsys, "export", window, "--what", "quotes", "--out", out, "--force")[0] == 0
    assert out.read_text().startswith("received_at,")


def test_no_rows_are_said(window, tmp_path, capsys):
    out = tmp_path / "t.csv"
    code, said, err = run(
        capsys, "export", window, "--what", "trades", "--out", out, "--market", "X"
    )
    assert (code, err) == (0, "no rows: nothing in these journals is of that market and time\n")
    assert "0 rows of trades" in said


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--what", "prints", "--market", "A"), "of no market"),
        (("--what", "trades", "--depth", "3"), "--depth means nothing to trades"),
        (("--what", "books", "--depth", "0"), "write 1 to 100"),
        (("--what", "trades", "--from", "noon"), "--from: not an ISO 8601 time"),
        (("--what", "trades", "--to", "2026-11-21T17:00:00"), "--to: a time without a zone"),
        (("--what", "candles"), "candles"),
        ((), "--what"),
    ],
)
def test_wrong_wishes_are_wrong_use(window, tmp_path, capsys, options, message):
    code, said, err = run(capsys, "export", window, "--out", tmp_path / "t.csv", *options)
    assert (code, said) == (2, "")
    assert message in err
    assert not (tmp_path / "t.csv").exists()


def test_frames_are_no_table(tmp_path, capsys):
    writer = JournalWriter(FRAMES, tmp_path, RUN, JournalSettings(), created_at=NOON)
    out = tmp_path / "t.csv"
    code, _, err = run(capsys, "export", writer.close(), "--what", "prints", "--out", out)
    assert code == 2
    assert "names end in .events, .events.gz" in err


def test_notices_of_the_journals_are_told(parts, tmp_path, capsys):
    out = tmp_path / "t.csv"
    code, _, err = run(capsys, "export", *parts[::2], "--what", "books", "--out", out)
    assert code == 0
    assert "begins at record 7 where 4 was due" in err


def test_parquet_without_its_library_says_what_to_install(window, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pyarrow.parquet", None)
    out = tmp_path / "t.parquet"
    code, _, err = run(capsys, "export", window, "--what", "prints", "--out", out)
    assert code == 2
    assert "pip install 'kalshi-assistant[export]', or write .csv.gz" in err
