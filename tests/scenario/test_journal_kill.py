"""A writer killed in the middle of its work loses at most the batch it was writing."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from kalshi_assistant.journal.codec import EVENTS
from kalshi_assistant.journal.hold import is_held
from kalshi_assistant.journal.reader import JournalReader, MissingRecords
from kalshi_assistant.journal.retention import journal_files, tidy
from kalshi_assistant.journal.settings import JournalSettings
from tests.support.journals import NOON, event_record

ROOT = Path(__file__).resolve().parents[2]
BATCH = 50
WRITER = f"""
    import os, sys
    from pathlib import Path
    from kalshi_assistant.journal.retention import compress
    from tests.support.journals import NOON, event_records, event_writer

    writer = event_writer(Path(sys.argv[1]), rotate_bytes=100_000)
    while True:
        first = writer.next_sequence
        writer.write(event_records(first, first + {BATCH - 1}))
        os.write(1, b"%d\\n" % (writer.next_sequence - 1))
        if writer.rotate_due:
            compress(writer.rotate(NOON))
"""


def killed_writer(directory: Path, after_lines: int) -> int:
    """Run a real writer, kill it in the middle; the last record it called written."""
    command = [sys.executable, "-c", textwrap.dedent(WRITER), str(directory)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as child:
        assert child.stdout is not None
        for _ in range(after_lines):
            assert child.stdout.readline(), "the writer ended by itself"
        os.kill(child.pid, signal.SIGKILL)
        lines = child.stdout.read().splitlines(keepends=True)
    said = [int(line) for line in lines if line.endswith(b"\n")]
    return said[-1] if said else after_lines * BATCH


@pytest.mark.process
@pytest.mark.parametrize("after_lines", [1, 40, 333])
def test_kill_9_loses_at_most_the_batch_being_written(tmp_path: Path, after_lines: int) -> None:
    said = killed_writer(tmp_path, after_lines)
    files = journal_files(tmp_path, EVENTS.suffix)
    assert not any(is_held(path) for path in files)
    reader = JournalReader(EVENTS, files)
    last = 0
    for record in reader:
        assert record == event_record(last + 1)
        last += 1
    assert said <= last <= said + BATCH
    assert last % BATCH == 0
    assert not any(isinstance(notice, MissingRecords) for notice in reader.notices)


@pytest.mark.process
def test_what_a_killed_writer_left_is_tidied_at_the_next_start(tmp_path: Path) -> None:
    said = killed_writer(tmp_path, 100)
    assert tidy(tmp_path, JournalSettings(keep_hours=10**6), NOON) == []
    assert {path.suffix for path in tmp_path.iterdir()} == {".gz"}
    reader = JournalReader(EVENTS, journal_files(tmp_path, EVENTS.suffix))
    assert sum(1 for _ in reader) >= said
