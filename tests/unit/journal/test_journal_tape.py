"""A tape gives back what was put on it, or says why it cannot be used."""

import errno

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_assistant.domain.events import BookDelta
from kalshi_assistant.journal import tape_writer
from kalshi_assistant.journal.tape import (
    PREAMBLE,
    WORTH_ROWS,
    BadTapeError,
    Stretch,
    Tape,
    parts,
)
from kalshi_assistant.journal.tape_writer import PARTIAL, TapeWriter, prune
from tests.support import build, tapes
from tests.support.build import OPEN, TICKER, ns

OTHER = "KXBTC15M-26NOV211230-30"
DELTAS = st.builds(
    lambda at, ticker, side, price, change: BookDelta(
        ns(OPEN) + at - 3, ns(OPEN) + at, ticker, side, price, change
    ),
    st.integers(0, 1_000),
    st.sampled_from([TICKER, OTHER]),
    st.integers(0, 1),
    st.one_of(st.integers(0, 10_000), st.sampled_from([2**31, -1])),
    st.one_of(st.integers(-500, 500), st.sampled_from([2**62, -(2**62)])),
)
EVENTS = st.lists(
    st.one_of(DELTAS, DELTAS, DELTAS, st.builds(build.timer, st.integers(OPEN, OPEN + 900))),
    max_size=60,
)


def written(path, events, origin="here", about=None):
    with TapeWriter(path.parent) as writer:
        writer.take_all(events)
        writer.finish(path, origin, about)
    return path


def one_by_one(found):
    """The events of parts."""
    for part in found:
        if isinstance(part, Stretch):
            yield from (part.deltas.event(row) for row in range(part.first, part.last))
        else:
            yield part


@given(EVENTS)
def test_a_tape_gives_back_every_event_in_its_place(tmp_path_factory, events):
    tape = Tape.open(written(tmp_path_factory.mktemp("tape") / "one.tape", events))
    assert list(tape.read()) == events
    assert list(one_by_one(parts(tape.read()))) == events
    assert list(one_by_one(parts(iter(events)))) == events


@given(EVENTS)
def test_no_stretch_goes_back_in_time(tmp_path_factory, events):
    tape = Tape.open(written(tmp_path_factory.mktemp("tape") / "one.tape", events))
    for found in (parts(tape.read()), parts(iter(events))):
        for part in found:
            if isinstance(part, Stretch):
                stamps = part.deltas.received_at[part.first : part.last]
                assert (stamps[1:] >= stamps[:-1]).all()


def test_few_changes_are_not_worth_columns(tmp_path):
    deltas = [build.delta(OPEN + k, 0, 4_800, 100) for k in range(WORTH_ROWS)]
    assert isinstance(next(parts(iter(deltas))), Stretch)
    assert list(parts(iter(deltas[1:]))) == deltas[1:]


def test_a_tape_knows_what_it_was_made_from(tmp_path):
    tape = Tape.open(written(tmp_path / "one.tape", tapes.one_window(), "these files", {"a": 1}))
    assert tape.header.origin == "these files"
    assert bytes(tape.header.about) == b"\x81\xa1a\x01"
    assert not tape.deltas.price.flags.writeable


@pytest.mark.parametrize("place", ["preamble", "header", "column", "events"])
def test_a_flipped_bit_anywhere_is_found(tmp_path, place):
    path = written(tmp_path / "one.tape", tapes.one_window())
    content = bytearray(path.read_bytes())
    at = {
        "preamble": 3,
        "header": PREAMBLE.size + 5,
        "column": len(content) // 4,
        "events": len(content) - 1,
    }
    content[at[place]] ^= 4
    path.write_bytes(content)
    with pytest.raises(BadTapeError, match=r"damaged|no tape"):
        Tape.open(path)


@pytest.mark.parametrize("share", [0.0, 0.0001, 0.01, 0.5, 0.999])
def test_a_torn_tape_is_found(tmp_path, share):
    path = written(tmp_path / "one.tape", tapes.one_window())
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(BadTapeError, match=r"breaks off|empty"):
        Tape.open(path)


def test_another_format_is_named(tmp_path):
    path = written(tmp_path / "one.tape", [])
    content = bytearray(path.read_bytes())
    content[8] = 99
    path.write_bytes(content)
    with pytest.raises(BadTapeError, match="format 99, this program reads 2"):
        Tape.open(path)


def test_a_full_disk_leaves_the_tape_before_and_nothing_else(tmp_path, monkeypatch):
    path = written(tmp_path / "one.tape", tapes.one_window()[:10])
    before = path.read_bytes()

    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tape_writer.os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        written(path, tapes.one_window())
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_what_was_used_longest_ago_goes_first(tmp_path):
    made = [written(tmp_path / f"{name}.tape", tapes.one_window()) for name in "abcd"]
    for age, path in enumerate(made):
        tape_writer.os.utime(path, (1_000 + age, 1_000 + age))
    left_over = tmp_path / f"x{PARTIAL}"
    left_over.write_bytes(b"")
    tape_writer.os.utime(left_over, (0, 0))
    fresh = tmp_path / f"y{PARTIAL}"
    fresh.write_bytes(b"")
    newest = written(tmp_path / "e.tape", tapes.one_window())
    prune(tmp_path, 3 * newest.stat().st_size, newest)
    assert sorted(each.name for each in tmp_path.iterdir()) == [
        "c.tape", "d.tape", "e.tape", f"y{PARTIAL}",
    ]  # fmt: skip
