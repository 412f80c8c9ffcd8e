"""The index beside a frame journal: what it says, when it is written, and what damage costs."""

import json

import pytest

from kalshi_assistant.domain.errors import OperatorError, PassingError
from kalshi_assistant.journal import market_index
from kalshi_assistant.journal.market_index import (
    WRITE_EVERY,
    MarketIndex,
    Span,
    delete_orphans,
    index_path,
    read_index,
)
from kalshi_assistant.journal.retention import tidy
from kalshi_assistant.journal.settings import JournalSettings
from tests.support.journals import NOON

RUN = "20261121T170000.000Z"
ONE, TWO = f"{RUN}-0001.frames", f"{RUN}-0002.frames"
SOCKET = "kalshi.socket"


def recorded(folder, *parts):
    """An index of ``folder``, in which these parts lie."""
    for part in parts:
        (folder / part).write_bytes(b"")
    return MarketIndex(folder, RUN)


def test_spans_are_kept_by_source_market_and_part(tmp_path):
    index = recorded(tmp_path, ONE, TWO)
    index.saw(SOCKET, "A", NOON, ONE, 100)
    index.saw(SOCKET, "A", NOON + 5, ONE, 30)
    index.saw(SOCKET, "B", NOON + 6, ONE, 1)
    index.saw(SOCKET, None, NOON + 7, ONE, 2)
    index.saw("kraken.book", None, NOON + 8, ONE, 3)
    index.saw(SOCKET, "A", NOON + 9, TWO, 4)
    index.write()
    found = read_index(index.path)
    assert found is not None
    assert found.run == RUN
    assert found.spans == (
        Span(SOCKET, "A", ONE, NOON, NOON + 5, 2, 130),
        Span(SOCKET, "B", ONE, NOON + 6, NOON + 6, 1, 1),
        Span(SOCKET, None, ONE, NOON + 7, NOON + 7, 1, 2),
        Span("kraken.book", None, ONE, NOON + 8, NOON + 8, 1, 3),
        Span(SOCKET, "A", TWO, NOON + 9, NOON + 9, 1, 4),
    )


def test_a_stamp_that_goes_back_widens_the_span(tmp_path):
    index = recorded(tmp_path, ONE)
    for at in (5, 9, 2):
        index.saw(SOCKET, "A", NOON + at, ONE, 1)
    index.write()
    (span,) = read_index(index.path).spans
    assert (span.first_at, span.last_at, span.frames) == (NOON + 2, NOON + 9, 3)


def test_the_file_is_json_with_its_fields_named(tmp_path):
    index = recorded(tmp_path, ONE)
    index.saw(SOCKET, "A", NOON, ONE, 7)
    index.write()
    assert index.path == index_path(tmp_path, RUN)
    assert json.loads(index.path.read_text()) == {
        "version": 1,
        "run": RUN,
        "spans": [
            {
                "source": SOCKET,
                "ticker": "A",
                "part": ONE,
                "first_at": NOON,
                "last_at": NOON,
                "frames": 1,
                "bytes": 7,
            }
        ],
    }


def test_it_is_due_a_minute_after_the_last_writing_and_only_with_news(tmp_path):
    index = recorded(tmp_path, ONE)
    assert not index.due(NOON + 10 * WRITE_EVERY)
    index.saw(SOCKET, "A", NOON, ONE, 1)
    assert not index.due(NOON + WRITE_EVERY - 1)
    assert index.due(NOON + WRITE_EVERY)
    index.write()
    assert not index.due(NOON + 10 * WRITE_EVERY)
    index.saw(SOCKET, "A", NOON + 5, ONE, 1)
    assert not index.due(NOON + WRITE_EVERY - 1)
    assert index.due(NOON + WRITE_EVERY)


def test_parts_that_were_deleted_leave_and_compressed_ones_stay(tmp_path):
    index = recorded(tmp_path, TWO)
    (tmp_path / f"{ONE}.gz").write_bytes(b"")
    for part in (ONE, TWO):
        index.saw(SOCKET, "A", NOON, part, 1)
    index.write()
    assert [span.part for span in read_index(index.path).spans] == [ONE, TWO]
    (tmp_path / f"{ONE}.gz").unlink()
    index.write()
    assert [span.part for span in read_index(index.path).spans] == [TWO]


def test_a_failed_writing_leaves_the_index_before_and_nothing_beside(tmp_path, monkeypatch):
    index = recorded(tmp_path, ONE)
    index.saw(SOCKET, "A", NOON, ONE, 1)
    index.write()
    before = index.path.read_bytes()
    index.saw(SOCKET, "A", NOON, ONE, 1)

    def full(self, content):
        with self.open("wb") as file:
            file.write(content[:5])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.write_bytes", full)
        with pytest.raises(PassingError, match=r"No space left.*free space"):
            index.write()
    assert index.path.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([ONE, index.path.name])
    assert index.due(NOON + WRITE_EVERY)
    index.write()
    assert read_index(index.path).spans[0].frames == 2


def test_no_index_is_no_error(tmp_path):
    assert read_index(index_path(tmp_path, RUN)) is None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is no index"),
        (b'{"version": 1}', "is no index"),
        (b'{"version": 2, "run": "x", "spans": []}', "index format 2, not 1"),
        (b"x" * 101, "too large"),
    ],
)
def test_nonsense_names_the_remedy(tmp_path, monkeypatch, content, message):
    monkeypatch.setattr(market_index, "INDEX_BYTES_MAX", 100)
    path = tmp_path / f"{RUN}.markets.json"
    path.write_bytes(content)
    with pytest.raises(OperatorError, match=rf"{message}.*delete it"):
        read_index(path)


def test_indexes_of_runs_that_are_gone_go(tmp_path):
    kept = recorded(tmp_path, ONE)
    kept.saw(SOCKET, "A", NOON, ONE, 1)
    kept.write()
    orphan = index_path(tmp_path, "20261120T000000.000Z")
    unfinished = orphan.with_name(f"{orphan.name}.new")
    for path in (orphan, unfinished):
        path.write_text("{}")
    assert delete_orphans(tmp_path) == [orphan, unfinished]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([ONE, kept.path.name])


def test_tidying_the_journals_leaves_an_index_alone(tmp_path):
    index = recorded(tmp_path, ONE)
    index.saw(SOCKET, "A", NOON, ONE, 1)
    index.write()
    new = index.path.with_name(f"{index.path.name}.new")
    new.write_text("half")
    tidy(tmp_path, JournalSettings(compress=False), NOON)
    assert index.path.exists()
    assert new.exists()
