"""A cached past is the past; one that is damaged, stale or cannot be written is named."""

import errno
from functools import partial

import pytest

from kalshi_assistant.journal.tape import SUFFIX
from kalshi_assistant.journal.tape_writer import TapeWriter
from kalshi_assistant.lab import backtest_cache, backtest_input
from kalshi_assistant.lab.backtest_cache import Shelf, Wanted
from kalshi_assistant.lab.backtest_input import Notices
from tests.support import tapes
from tests.unit.lab.test_backtest_input import beside as beside
from tests.unit.lab.test_backtest_input import snapshot, written


class Kept:
    """A shelf with one recording that is worth a notice, and all that was said."""

    def __init__(self, folder, beside):
        lines = [
            snapshot(tapes.OPEN + 10),
            snapshot(tapes.OPEN + 7, 2),
            snapshot(tapes.OPEN + 11, 3),
        ]
        self.recording = written(folder / "back.jsonl.gz", *lines)
        self.said = []
        self.shelf = Shelf(folder / "cache", self.said.append)
        self.built = 0
        self.wanted = Wanted("recordings", (self.recording, *beside), partial(self._build, beside))

    def _build(self, beside, notices):
        self.built += 1
        return backtest_input.recordings([self.recording], *beside, notices)

    def read(self):
        """The past as it is found now, with the notices that come with it."""
        notices = Notices()
        material = self.shelf.material(self.wanted, notices)
        return list(material.events), notices.texts, material

    @property
    def tape(self):
        (path,) = (self.shelf.folder).glob(f"*{SUFFIX}")
        return path


@pytest.fixture
def kept(tmp_path, beside):
    return Kept(tmp_path, beside)


def straight(kept):
    notices = Notices()
    material = kept.wanted.build(notices)
    return list(material.events), notices.texts, material


def test_the_second_reading_comes_from_the_cache_and_says_the_same(kept):
    wanted = straight(kept)
    for _ in range(2):
        events, notices, material = kept.read()
        assert (events, notices) == wanted[:2]
        for name in ("name", "files", "begins", "ends", "markets", "led", "error_bp"):
            assert getattr(material, name) == getattr(wanted[2], name)
    assert kept.built == 2  # once by ``straight``, once for the tape
    assert kept.said == []
    assert any("its clock goes back" in text for text in notices)


def test_a_damaged_cache_is_named_and_made_anew(kept):
    wanted = kept.read()[:2]
    kept.tape.write_bytes(kept.tape.read_bytes()[:-3])
    assert kept.read()[:2] == wanted
    (text,) = kept.said
    assert "is made anew: it breaks off" in text
    assert kept.read()[:2] == wanted
    assert (len(kept.said), kept.built) == (1, 2)


def test_other_sources_under_the_same_names_are_noticed(kept):
    kept.read()
    written(kept.recording, snapshot(tapes.OPEN + 20))
    events, notices, _ = kept.read()
    assert (events, notices) == straight(kept)[:2]
    (text,) = kept.said
    assert "its sources have changed since" in text


def test_a_cache_of_another_program_is_noticed(kept, monkeypatch):
    kept.read()
    monkeypatch.setattr(backtest_cache.kalshi_assistant, "__version__", "0.0.0-other")
    kept.read()
    (text,) = kept.said
    assert "made by another version of the program" in text


def test_a_full_disk_is_told_once_and_the_past_is_read_without(kept, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(TapeWriter, "finish", full)
    for _ in range(2):
        assert kept.read()[:2] == straight(kept)[:2]
    (text,) = kept.said
    assert "No space left on device" in text
    assert "--cache-dir" in text


def test_a_folder_that_cannot_be_made_is_told(kept):
    kept.shelf.folder.write_text("a file")
    assert kept.read()[:2] == straight(kept)[:2]
    (text,) = kept.said
    assert "nothing can be cached" in text
