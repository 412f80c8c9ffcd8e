"""Facts about journals: counts, parts that follow one another, and what is serious."""

from pathlib import Path

import pytest

from kalshi_assistant.domain.errors import OperatorError
from kalshi_assistant.domain.time import SECOND
from kalshi_assistant.journal.codec import EVENTS, FRAMES, EventRecord, FrameRecord
from kalshi_assistant.journal.market_index import MarketIndex
from kalshi_assistant.journal.retention import compress
from kalshi_assistant.journal.settings import JournalSettings
from kalshi_assistant.journal.writer import JournalWriter
from kalshi_assistant.lab.journal_facts import BACK_TOLERANCE, Flow, Survey, journals_of
from tests.support import build
from tests.support.journals import NOON, RUN, event_records, event_writer, frame_record


def parts(directory: Path, count: int = 3, *, kind=EVENTS) -> list[Path]:
    """Closed files of one run, three records each."""
    writer = JournalWriter(kind, directory, RUN, JournalSettings(), created_at=NOON)
    closed = []
    for part in range(count):
        first = 1 + 3 * part
        events = event_records(first, first + 2)
        writer.write(events if kind is EVENTS else [frame_record(r.sequence) for r in events])
        closed.append(writer.rotate(NOON) if part < count - 1 else writer.close())
    return closed


def surveyed(*paths: Path) -> Survey:
    survey = Survey(paths)
    for _ in survey.run():
        pass
    return survey


def found(survey: Survey) -> list[tuple[str, str, bool]]:
    return [(f.what, f.path.name, f.serious) for run in survey.runs for f in run.findings]


def test_events_are_counted_by_kind_and_market(tmp_path):
    events = [
        build.listed(0, ticker="A"),
        build.book(1, ticker="A"),
        build.delta(2, 0, 5_000, 1, ticker="B"),
        build.delta(3, 0, 5_000, 1, ticker="B"),
        build.printed(4, 9_000_000),
    ]
    writer = event_writer(tmp_path)
    writer.write([EventRecord(at, event, ()) for at, event in enumerate(events, 1)])
    path = writer.close()
    (run,) = surveyed(path).runs
    assert run.events == {"BookDelta": 2, "MarketListed": 1, "BookSnapshot": 1, "IndexPrinted": 1}
    assert run.markets == {"A": 2, "B": 2}
    assert (run.first_at, run.last_at, run.span) == (0, 4 * SECOND, 4 * SECOND)
    assert (run.records, run.bytes) == (5, path.stat().st_size)
    assert run.header.run == RUN


def test_frames_are_counted_by_source_and_direction(tmp_path):
    writer = JournalWriter(FRAMES, tmp_path, RUN, JournalSettings(), created_at=NOON)
    writer.write(
        [
            FrameRecord(NOON, "a", "in", b"12345"),
            FrameRecord(NOON, "b", "in", b"1"),
            FrameRecord(NOON, "a", "out", b"123"),
            FrameRecord(NOON, "a", "in", b""),
        ]
    )
    (run,) = surveyed(writer.close()).runs
    assert run.sources == {"a": Flow(2, 5, 1, 3), "b": Flow(1, 1, 0, 0)}


@pytest.mark.parametrize("kind", [EVENTS, FRAMES])
@pytest.mark.parametrize("packed", [False, True])
def test_parts_that_follow_one_another_are_whole(tmp_path, kind, packed):
    paths = parts(tmp_path, kind=kind)
    if packed:
        paths = [compress(path) for path in paths]
    survey = surveyed(*reversed(paths))
    assert survey.whole
    assert found(survey) == []
    (run,) = survey.runs
    assert [file.path for file in run.files] == paths
    assert [file.records for file in run.files] == [3, 3, 3]
    assert [file.silent_before for file in run.files] == [None, 1, 1]
    assert not any(file.being_written for file in run.files)
    assert survey.records == 9


@pytest.mark.parametrize("kind", [EVENTS, FRAMES])
def test_a_part_missing_in_the_middle_is_serious(tmp_path, kind):
    first, second, third = parts(tmp_path, kind=kind)
    survey = surveyed(first, third)
    assert not survey.whole
    assert found(survey) == [("missing_part", third.name, True)]
    (finding,) = survey.runs[0].findings
    assert finding.offset == 0
    assert finding.text == f"part 2 is missing before it, {second.name} the last"
    assert "restore" in finding.remedy
    assert "records 4 to 6" in finding.remedy


def test_several_missing_parts_are_one_finding(tmp_path):
    paths = parts(tmp_path, 5)
    (finding,) = surveyed(paths[0], paths[4]).runs[0].findings
    assert finding.text.startswith("parts 2 to 4 are missing before it")


def test_oldest_parts_that_are_gone_are_what_tidying_leaves(tmp_path):
    paths = parts(tmp_path)
    survey = surveyed(*paths[1:])
    assert survey.whole
    assert found(survey) == [("oldest_gone", paths[1].name, False)]


def test_a_torn_tail_is_a_notice(tmp_path):
    path = parts(tmp_path, 1)[0]
    path.write_bytes(path.read_bytes()[:-5])
    survey = surveyed(path)
    assert survey.whole
    assert found(survey) == [("torn", path.name, False)]


def test_a_torn_tail_before_a_later_part_has_lost_records(tmp_path):
    paths = parts(tmp_path, 2)
    paths[0].write_bytes(paths[0].read_bytes()[:-5])
    survey = surveyed(*paths)
    assert not survey.whole
    assert found(survey) == [
        ("torn", paths[0].name, False),
        ("missing_records", paths[1].name, True),
    ]
    assert survey.runs[0].findings[1].text == "begins at record 4 where 1 was due"


def test_damage_in_the_middle_is_serious_and_told_once(tmp_path):
    writer = event_writer(tmp_path)
    writer.write(event_records(1, 2))
    offset = writer.path.stat().st_size
    writer.write(event_records(3, 4))
    writer.write(event_records(5, 6))
    first = writer.rotate(NOON)
    writer.write(event_records(7, 8))
    second = writer.close()
    damaged = bytearray(first.read_bytes())
    damaged[offset + 15] ^= 1
    first.write_bytes(damaged)
    survey = surveyed(first, second)
    (run,) = survey.runs
    assert [(each.what, each.offset, each.serious) for each in run.findings] == [
        ("damaged", offset, True)
    ]
    assert [file.records for file in run.files] == [4, 2]


def test_a_part_whose_header_is_damaged_is_not_also_missing(tmp_path):
    paths = parts(tmp_path)
    damaged = bytearray(paths[1].read_bytes())
    damaged[30] ^= 1
    paths[1].write_bytes(damaged)
    survey = surveyed(*paths)
    assert found(survey) == [("damaged", paths[1].name, True)]
    assert survey.runs[0].findings[0].offset == 8


def test_a_lone_file_without_a_readable_header_is_still_told_of(tmp_path):
    path = tmp_path / "something.events"
    path.write_bytes(b"nonsense, and nothing else")
    survey = surveyed(path)
    assert found(survey) == [("unreadable", path.name, True)]
    assert survey.runs[0].header is None
    assert survey.runs[0].first_at is None


def test_a_number_skipped_within_a_batch_is_serious(tmp_path):
    writer = event_writer(tmp_path)
    writer.write([*event_records(1, 2), *event_records(4, 5)])
    (finding,) = surveyed(writer.close()).runs[0].findings
    assert (finding.what, finding.serious) == ("missing_records", True)
    assert finding.text == "record 4 stands where 3 was due"


def test_a_part_both_plain_and_compressed_is_read_once(tmp_path):
    paths = parts(tmp_path)
    plain = paths[1].read_bytes()
    packed = compress(paths[1])
    paths[1].write_bytes(plain)
    survey = surveyed(packed, *paths)
    assert survey.records == 9
    assert found(survey) == [("copy", packed.name, False)]


def stamped(directory: Path, *stamps: int) -> Path:
    writer = JournalWriter(FRAMES, directory, RUN, JournalSettings(), created_at=NOON)
    writer.write([FrameRecord(at, "a", "in", b"") for at in stamps])
    return writer.close()


def test_small_steps_back_are_counted_and_no_finding(tmp_path):
    survey = surveyed(stamped(tmp_path, 100, 90, 95, 101, 100 + SECOND))
    back = survey.runs[0].backwards
    assert (back.count, back.largest, back.at_record) == (2, 10, 2)
    assert found(survey) == []
    assert survey.runs[0].first_at == 90


def test_a_large_step_back_is_a_notice(tmp_path):
    survey = surveyed(stamped(tmp_path, 5 * SECOND, 5 * SECOND - BACK_TOLERANCE - 1))
    assert [finding[::2] for finding in found(survey)] == [("backwards", False)]
    assert survey.whole


def test_the_rate_is_told_of_a_run_long_enough(tmp_path):
    path = stamped(tmp_path, 0, 3_600 * SECOND)
    assert surveyed(path).runs[0].bytes_per_hour == path.stat().st_size


def test_the_file_of_a_living_process_is_marked(tmp_path):
    writer = event_writer(tmp_path)
    writer.write(event_records(1, 2))
    (run,) = surveyed(writer.path).runs
    assert run.files[0].being_written
    writer.close()


def test_a_file_compressed_meanwhile_is_found_and_one_deleted_is_a_notice(tmp_path):
    paths = parts(tmp_path)
    survey = Survey(paths)
    compress(paths[0])
    paths[2].unlink()
    for _ in survey.run():
        pass
    assert survey.records == 6
    assert found(survey) == [("gone", paths[2].name, False)]


def test_the_index_beside_frames_is_read(tmp_path):
    path = stamped(tmp_path, NOON)
    index = MarketIndex(tmp_path, path.name.rpartition("-")[0])
    index.saw("a", "KXBTC15M-A", NOON, path.name, 5)
    index.write()
    assert surveyed(path).runs[0].index.spans[0].ticker == "KXBTC15M-A"
    index.path.write_text("nonsense")
    survey = surveyed(path)
    assert survey.runs[0].index is None
    assert found(survey) == [("index", index.path.name, False)]
    assert "delete it" in survey.runs[0].findings[0].remedy


def test_a_folder_stands_for_all_journals_below_it(tmp_path):
    (tmp_path / "prod").mkdir()
    events = parts(tmp_path / "prod", 1)
    frames = [compress(path) for path in parts(tmp_path, 1, kind=FRAMES)]
    (tmp_path / "notes.txt").write_text("mine")
    assert sorted(journals_of([tmp_path])) == sorted([*events, *frames])
    assert journals_of([tmp_path], ("events",)) == events
    assert journals_of([tmp_path, events[0]], ("events",)) == events


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("none.events", "is not there"),
        ("notes.txt", r"names end in \.events, \.frames, \.events\.gz"),
        ("empty", r"no \*\.events, \*\.frames in"),
    ],
)
def test_what_holds_no_journal_is_the_operators(tmp_path, name, message):
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "empty").mkdir()
    with pytest.raises(OperatorError, match=message):
        journals_of([tmp_path / name])


def test_events_and_frames_of_one_name_are_two_journals(tmp_path):
    events, frames = parts(tmp_path, 1), parts(tmp_path, 1, kind=FRAMES)
    survey = surveyed(*frames, *events)
    assert [(run.kind, run.name) for run in survey.runs] == [
        ("events", survey.runs[0].name),
        ("frames", survey.runs[0].name),
    ]
    assert survey.whole
