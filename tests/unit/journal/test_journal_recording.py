"""Recordings are read line by line, and bad lines are told apart from good ones."""

import gzip
from pathlib import Path

import pytest

from kalshi_assistant.domain.errors import OperatorError
from kalshi_assistant.journal import recording
from kalshi_assistant.journal.recording import BadLine, read_recording

DATA = Path(__file__).resolve().parents[4] / "shared" / "data" / "frames"


def line(number: int) -> bytes:
    return b'{"recv_ns":%d,"frame":{"type":"x","seq":%d}}' % (1_000 + number, number)


def frame(number: int) -> tuple[int, bytes]:
    return 1_000 + number, b'{"type":"x","seq":%d}' % number


@pytest.mark.parametrize("name", ["r.jsonl", "r.jsonl.gz"])
@pytest.mark.parametrize("end", [b"\n", b"", b"\r\n", b"\n\n\n"])
def test_frames_come_with_their_time_and_exact_bytes(tmp_path: Path, name: str, end: bytes) -> None:
    content = b"\n".join(line(number) for number in range(3_000)) + end
    assert read(tmp_path / name, content) == [frame(number) for number in range(3_000)]


def test_an_empty_recording_has_no_frames(tmp_path: Path) -> None:
    assert read(tmp_path / "r.jsonl.gz", b"") == []


def test_spaces_inside_a_frame_are_kept(tmp_path: Path) -> None:
    content = b'{"recv_ns": 5, "frame": {"a" : "b\\n"}}\n'
    assert read(tmp_path / "r.jsonl", content) == [(5, b'{"a" : "b\\n"}')]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b"not json", "invalid"),
        (b'{"recv_ns":1}', "missing required field `frame`"),
        (b'{"recv_ns":"1","frame":{}}', "Expected `int`"),
        (b'{"recv_ns":1,"frame":', "truncated"),
        (b"\xff\xfe", "invalid"),
    ],
)
def test_a_bad_line_is_named_and_the_others_are_read(
    tmp_path: Path, bad: bytes, reason: str
) -> None:
    lines = [line(number) for number in range(6_000)]
    lines[2_500] = bad
    found = read(tmp_path / "r.jsonl.gz", b"\n".join(lines))
    problem = found.pop(2_500)
    assert isinstance(problem, BadLine)
    assert problem.line == 2_501
    assert reason in problem.reason
    assert f"r.jsonl.gz:2501: {problem.reason}" in problem.text
    assert found == [frame(number) for number in range(6_000) if number != 2_500]


def test_line_numbers_count_empty_lines(tmp_path: Path) -> None:
    (problem,) = read(tmp_path / "r.jsonl", b"\n\n  \nbad\n")
    assert isinstance(problem, BadLine)
    assert problem.line == 4


def test_a_recording_that_breaks_off_gives_what_is_there(tmp_path: Path) -> None:
    content = b"\n".join(line(number) for number in range(5_000))
    path = tmp_path / "r.jsonl.gz"
    path.write_bytes(gzip.compress(content)[:-400])
    *frames, problem = read_recording(path)
    assert isinstance(problem, BadLine)
    assert "breaks off" in problem.reason
    assert frames == [frame(number) for number in range(len(frames))]


def test_a_damaged_recording_says_so(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl.gz"
    path.write_bytes(b"no gzip at all")
    (problem,) = read_recording(path)
    assert isinstance(problem, BadLine)
    assert "damaged" in problem.reason


def test_gzip_members_one_after_another_are_one_recording(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl.gz"
    path.write_bytes(gzip.compress(line(0) + b"\n") + gzip.compress(line(1) + b"\n"))
    assert list(read_recording(path)) == [frame(0), frame(1)]


def test_an_endless_line_is_skipped_in_bounded_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "LINE_BYTES_MAX", 1_000)
    monkeypatch.setattr(recording, "_PLAIN_BYTES", 100)
    content = b"\n".join([line(0), b"x" * 5_000, line(2), b"y" * 3_000])
    first, long, third, last = read(tmp_path / "r.jsonl", content)
    assert (first, third) == (frame(0), frame(2))
    assert isinstance(long, BadLine)
    assert isinstance(last, BadLine)
    assert (long.line, last.line) == (2, 4)
    assert "longer than 1000 bytes" in long.reason


def test_a_missing_recording_is_the_operators(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="give a recording"):
        list(read_recording(tmp_path / "none.jsonl"))


@pytest.mark.recordings
def test_a_real_recording_reads_without_a_bad_line() -> None:
    path = DATA / "KXBTC15M-26MAY131915-15__1.jsonl.gz"
    if not path.exists():
        pytest.skip("no recordings beside the repository")
    found = list(read_recording(path))
    assert len(found) == 94_357
    assert not any(isinstance(entry, BadLine) for entry in found)


def read(path: Path, content: bytes) -> list[tuple[int, bytes] | BadLine]:
    """What is read from a file with this content."""
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return list(read_recording(path))
