"""The checker and the reader agree on what is whole, torn and damaged; the checker reads on."""

from itertools import pairwise
from pathlib import Path

import pytest

from kalshi_assistant.domain.errors import OperatorError
from kalshi_assistant.journal.checking import Block, Flaw, walk
from kalshi_assistant.journal.codec import EVENTS, CorruptJournalError, Header
from kalshi_assistant.journal.reader import JournalReader, TornTail, read_header
from kalshi_assistant.journal.retention import compress
from tests.support.journals import event_records, event_writer


def three_blocks(directory: Path) -> tuple[Path, list[int]]:
    """A closed file of three blocks, and where each begins and the last ends."""
    writer = event_writer(directory)
    offsets = [writer.path.stat().st_size]
    for first in (1, 3, 5):
        writer.write(event_records(first, first + 1))
        offsets.append(writer.path.stat().st_size)
    return writer.close(), offsets


def flaws(path: Path) -> list[tuple[str, int]]:
    return [(found.what, found.offset) for found in walk(path) if isinstance(found, Flaw)]


def as_the_reader_says(path: Path) -> tuple[bool, list[int]]:
    """Whether it calls the file damaged, else the offsets of its torn tails."""
    reader = JournalReader(EVENTS, [path])
    try:
        list(reader)
    except CorruptJournalError:
        return True, []
    return False, [notice.offset for notice in reader.notices if isinstance(notice, TornTail)]


def test_a_whole_file_is_a_header_and_its_blocks(tmp_path):
    path, offsets = three_blocks(tmp_path)
    header, *blocks = walk(path)
    assert isinstance(header, Header)
    assert header == read_header(path)
    assert [(block.offset, block.end) for block in blocks] == list(pairwise(offsets))


def test_any_flipped_byte_is_judged_as_the_reader_judges_it(tmp_path):
    path, offsets = three_blocks(tmp_path)
    whole = path.read_bytes()
    for place in range(offsets[0], len(whole)):
        damaged = bytearray(whole)
        damaged[place] ^= 0x10
        path.write_bytes(damaged)
        is_damaged, torn = as_the_reader_says(path)
        found = flaws(path)
        assert len(found) == 1
        assert found == ([("damaged", found[0][1])] if is_damaged else [("torn", torn[0])])
        block = max(offset for offset in offsets if offset <= place)
        assert found[0][1] == block


def test_a_file_cut_anywhere_is_judged_as_the_reader_judges_it(tmp_path):
    path, offsets = three_blocks(tmp_path)
    whole = path.read_bytes()
    for end in range(offsets[0], len(whole)):
        path.write_bytes(whole[:end])
        assert (False, [offset for _, offset in flaws(path)]) == as_the_reader_says(path)


@pytest.mark.parametrize("tail", [b"\0" * 7, b"\0" * 70_000, b"\0" * 70_000 + b"x", b"x" * 40])
def test_what_stands_behind_the_last_block_is_judged_as_the_reader_judges_it(tmp_path, tail):
    path, offsets = three_blocks(tmp_path)
    path.write_bytes(path.read_bytes() + tail)
    is_damaged, torn = as_the_reader_says(path)
    assert is_damaged == (tail[-1:] == b"x")
    assert flaws(path) == ([("damaged", offsets[-1])] if is_damaged else [("torn", torn[0])])


def test_what_stands_behind_a_damaged_payload_is_read(tmp_path):
    path, offsets = three_blocks(tmp_path)
    damaged = bytearray(path.read_bytes())
    damaged[offsets[0] + 20] ^= 1
    damaged[offsets[1] + 20] ^= 1
    path.write_bytes(damaged)
    assert flaws(path) == [("damaged", offsets[0]), ("damaged", offsets[1])]
    assert [found.offset for found in walk(path) if isinstance(found, Block)] == [offsets[2]]


def test_any_flipped_byte_of_the_beginning_is_a_flaw_of_the_beginning(tmp_path):
    path, offsets = three_blocks(tmp_path)
    whole = path.read_bytes()
    for place in range(offsets[0]):
        damaged = bytearray(whole)
        damaged[place] ^= 0x10
        path.write_bytes(damaged)
        (flaw,) = walk(path)
        assert isinstance(flaw, Flaw)
        assert flaw.what in ("damaged", "unreadable")
        assert flaw.text
        assert flaw.remedy


def test_a_newer_format_is_unreadable_and_says_what_to_do(tmp_path):
    path, _ = three_blocks(tmp_path)
    path.write_bytes(path.read_bytes().replace(b"KAJRNL\x01", b"KAJRNL\x02", 1))
    (flaw,) = walk(path)
    assert flaw.what == "unreadable"
    assert "journal format 2" in flaw.text
    assert flaw.remedy == "update kalshi-assistant"


def test_an_empty_file_is_what_a_crash_leaves(tmp_path):
    path = tmp_path / "x-0001.events"
    path.write_bytes(b"")
    assert flaws(path) == [("torn", 0)]


@pytest.mark.parametrize("cut", [1, 8, 20])
def test_a_cut_compressed_file_is_damaged(tmp_path, cut):
    path, _ = three_blocks(tmp_path)
    packed = compress(path)
    packed.write_bytes(packed.read_bytes()[:-cut])
    assert flaws(packed)[-1][0] == "damaged"
    assert [what for what, _ in flaws(packed)] == ["damaged"]


def test_a_compressed_file_reads_as_the_plain_one(tmp_path):
    path, _ = three_blocks(tmp_path)
    plain = list(walk(path))
    assert list(walk(compress(path))) == plain


def test_a_file_that_is_not_there_is_the_operators(tmp_path):
    with pytest.raises(OperatorError, match=r"cannot read .*none\.events"):
        next(walk(tmp_path / "none.events"))
