"""A journal that rotates, and a disk that refuses."""

import errno
import os

from kalshi_assistant.engine.settings import EngineSettings
from kalshi_assistant.journal.codec import EVENTS, EventRecord
from kalshi_assistant.journal.reader import JournalReader
from kalshi_assistant.journal.retention import journal_files
from kalshi_assistant.journal.settings import JournalSettings
from kalshi_assistant.runtime import journals
from kalshi_assistant.runtime.journals import RotatingJournal, run_of
from tests.support import build
from tests.support.build import OPEN, STRIKE, ns
from tests.support.clocks import HandClock


def journal(tmp_path, said, **settings):
    run = run_of(EngineSettings(), 7)
    keep = JournalSettings(compress=False, **settings)
    return RotatingJournal(EVENTS, tmp_path, run, keep, HandClock(ns(OPEN)), said.append)


def record(number):
    return EventRecord(number, build.printed(OPEN + number, STRIKE), ())


def numbers(tmp_path):
    return [entry.sequence for entry in JournalReader(EVENTS, journal_files(tmp_path, ".events"))]


async def test_a_long_run_reads_as_one_across_its_files(tmp_path):
    said = []
    subject = journal(tmp_path, said, rotate_bytes=4_096)
    for number in range(1, 301):
        subject.write([record(number)])
    await subject.close()
    assert len(journal_files(tmp_path, ".events")) > 1
    assert numbers(tmp_path) == list(range(1, 301))
    assert said == []


async def test_what_a_full_disk_refused_is_written_when_it_takes_again(tmp_path, monkeypatch):
    said = []
    subject = journal(tmp_path, said)
    subject.write([record(1)])
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def refuse(*_):
        raise full

    with monkeypatch.context() as patched:
        patched.setattr("kalshi_assistant.journal.writer.os.write", refuse)
        subject.write([record(2)])
        subject.write([record(3)])
    subject.write([record(4)])
    await subject.close()
    assert len(said) == 1
    assert "No space left" in said[0]
    assert numbers(tmp_path) == [1, 2, 3, 4]


async def test_recording_ends_when_too_much_waits_and_says_so(tmp_path, monkeypatch):
    said = []
    subject = journal(tmp_path, said)
    monkeypatch.setattr(journals, "UNWRITTEN_MAX", 2)

    def refuse(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr("kalshi_assistant.journal.writer.os.write", refuse)
        for number in range(1, 6):
            subject.write([record(number)])
    subject.write([record(6)])
    await subject.close()
    assert "recording to" in said[-1]
    assert numbers(tmp_path) == []
