"""The past rebuilt from journals: what a screen would have shown, second by second."""

import asyncio
import io

import pytest

from kalshi_assistant.domain.errors import OperatorError, PassingError
from kalshi_assistant.domain.time import SECOND, Nanos
from kalshi_assistant.engine.engine import Engine
from kalshi_assistant.journal.codec import EVENTS
from kalshi_assistant.journal.settings import JournalSettings
from kalshi_assistant.journal.writer import JournalWriter
from kalshi_assistant.runtime.journals import run_of
from kalshi_assistant.runtime.past import RebuiltPast
from kalshi_assistant.runtime.rebuilding import (
    LENGTH,
    TOLD,
    Ask,
    Found,
    Kept,
    Progress,
    Rebuilder,
    Recorded,
    Running,
    journal_of,
    unpacked,
)
from tests.support import tapes, views
from tests.support.build import CLOSE, OPEN, ns

EVENTS_OF_A_WINDOW = tapes.one_window()


def told(sink: io.BytesIO) -> list[object]:
    """The messages in ``sink``, in order."""
    raw, messages, place = sink.getvalue(), [], 0
    while place < len(raw):
        (length,) = LENGTH.unpack_from(raw, place)
        place += LENGTH.size
        messages.append(TOLD.decode(raw[place : place + length]))
        place += length
    return messages


def live_until(second: float):
    """The engine as it was when the first event of ``second`` had been handled."""
    engine = Engine(tapes.SETTINGS)
    for event in EVENTS_OF_A_WINDOW:
        engine.handle(event)
        if event.received_at >= ns(second):
            break
    return engine.snapshot()


def rebuilt(subject) -> tuple[Rebuilder, io.BytesIO]:
    sink = io.BytesIO()
    rebuilder = Rebuilder(sink)
    rebuilder.rebuild(subject)
    return rebuilder, sink


def answer(rebuilder: Rebuilder, sink: io.BytesIO, second: int):
    rebuilder.ask(Ask(7, second))
    found = told(sink)[-1]
    assert isinstance(found, Found)
    assert found.number == 7
    return None if found.packed is None else unpacked(found.packed)


def test_a_rebuilt_moment_is_what_the_engine_said_then(tmp_path):
    file = tapes.write_journal(tmp_path, EVENTS_OF_A_WINDOW)
    rebuilder, sink = rebuilt(Recorded((str(file),)))
    for second in (OPEN + 1, OPEN + 100, OPEN + 500, CLOSE - 30):
        assert answer(rebuilder, sink, second) == live_until(second)


def test_between_seconds_is_the_one_before_and_before_the_first_is_nothing(tmp_path):
    file = tapes.write_journal(tmp_path, EVENTS_OF_A_WINDOW)
    rebuilder, sink = rebuilt(Recorded((str(file),)))
    assert answer(rebuilder, sink, CLOSE + 5) == live_until(CLOSE + 2)
    assert answer(rebuilder, sink, OPEN - 100) is None


def test_progress_grows_and_ends_at_one(tmp_path):
    folder = tmp_path / "journals"
    tapes.write_journal(folder, EVENTS_OF_A_WINDOW)
    last = EVENTS_OF_A_WINDOW[-1]
    running = Running(str(folder), len(EVENTS_OF_A_WINDOW), last.received_at)
    _, sink = rebuilt(running)
    shares = [each.share for each in told(sink) if isinstance(each, Progress)]
    assert shares == sorted(shares)
    assert (shares[-1], max(shares[:-1]) < 1) == (1.0, True)
    assert len(shares) > 50


def test_only_the_hour_before_is_kept(tmp_path):
    tapes.write_journal(tmp_path, EVENTS_OF_A_WINDOW)
    sequence = 1_000
    at = EVENTS_OF_A_WINDOW[sequence - 1].received_at
    rebuilder, sink = rebuilt(Running(str(tmp_path), sequence, at))
    last = told(sink)[-1]
    assert isinstance(last, Progress)
    assert last.last is not None
    assert last.last // SECOND <= at // SECOND
    assert answer(rebuilder, sink, CLOSE) == answer(rebuilder, sink, at // SECOND)


def test_what_is_asked_early_is_answered_when_it_has_come(tmp_path):
    file = tapes.write_journal(tmp_path, EVENTS_OF_A_WINDOW)
    sink = io.BytesIO()
    rebuilder = Rebuilder(sink)
    rebuilder.ask(Ask(1, OPEN + 300))
    rebuilder.ask(Ask(2, CLOSE + 10_000))
    assert told(sink) == []
    rebuilder.rebuild(Recorded((str(file),)))
    answers = {each.number: each.packed for each in told(sink) if isinstance(each, Found)}
    assert unpacked(answers[1]) == live_until(OPEN + 300)
    assert unpacked(answers[2]) == live_until(CLOSE + 7)


def test_a_long_run_is_thinned_and_never_more_than_its_bound():
    kept = Kept(most=100)
    small = views.nothing_yet()
    for second in range(1_000):
        if kept.wants(second):
            kept.keep(second, small)
    assert len(kept._packed) <= 100
    assert (kept.first, kept.last) == (0, 992)
    assert kept.at(999) is not None
    assert kept.at(-1) is None


def test_the_journal_of_another_run_is_refused(tmp_path):
    tapes.write_journal(tmp_path, EVENTS_OF_A_WINDOW)
    running = Running(str(tmp_path), 500, Nanos(EVENTS_OF_A_WINDOW[499].received_at + 1))
    with pytest.raises(OperatorError, match="of another run"):
        rebuilt(running)


def test_an_empty_folder_has_no_past(tmp_path):
    with pytest.raises(OperatorError, match="no journal of this engine lies in"):
        journal_of(Running(str(tmp_path), 5, ns(OPEN)))


def two_runs(folder):
    """A run that ended, and one of the same events a day later, still held."""
    tapes.write_journal(folder, EVENTS_OF_A_WINDOW)
    run, at = run_of(tapes.SETTINGS, None), ns(OPEN + 86_400)
    return JournalWriter(EVENTS, folder, run, JournalSettings(), created_at=at)


def test_the_journal_that_a_living_engine_holds_is_taken(tmp_path):
    writer = two_runs(tmp_path)
    assert journal_of(Running(str(tmp_path), 5, ns(OPEN))) == [writer.path]
    writer.close()


def test_among_several_the_one_with_the_event_that_was_seen_is_taken(tmp_path):
    writer = two_runs(tmp_path)
    writer.close()
    at = EVENTS_OF_A_WINDOW[4].received_at
    (found,) = journal_of(Running(str(tmp_path), 5, at))
    assert found != writer.path


def test_the_beginning_that_was_tidied_away_is_told(tmp_path):
    run, settings = run_of(tapes.SETTINGS, None), JournalSettings(rotate_bytes=4_096)
    writer = JournalWriter(EVENTS, tmp_path, run, settings, created_at=ns(OPEN))
    first = writer.path
    engine = Engine(tapes.SETTINGS)
    for event in EVENTS_OF_A_WINDOW[:400]:
        intents = engine.handle(event)
        writer.write([tapes.EventRecord(engine.sequence, event, intents)])
        if writer.rotate_due:
            writer.rotate(event.received_at)
    writer.close()
    first.unlink()
    _, sink = rebuilt(Running(str(tmp_path), 400, EVENTS_OF_A_WINDOW[399].received_at))
    last = told(sink)[-1]
    assert isinstance(last, Progress)
    assert last.note == "rebuilt without the beginning of the run: it was tidied away"


# --- with its process ---


@pytest.mark.process
async def test_a_process_of_its_own_answers_and_ends_with_the_screen(tmp_path):
    tapes.write_journal(tmp_path / "tape", EVENTS_OF_A_WINDOW)
    past = RebuiltPast(tmp_path)
    at = EVENTS_OF_A_WINDOW[899].received_at
    newest = views.snapshot(sequence=900, at=at, environment="tape")
    past.begin(newest)
    past.begin(newest)
    async with asyncio.timeout(100):
        assert await past.at(ns(OPEN + 100)) == live_until(OPEN + 100)
        assert await past.at(ns(OPEN - 100)) is None
        assert await past.at(ns(CLOSE + 100)) is not None
    assert past.state.share == 1.0
    assert not past.state.whole
    process = past._process
    assert process is not None
    await past.close()
    assert process.returncode is not None


@pytest.mark.process
async def test_a_past_that_cannot_be_rebuilt_says_why(tmp_path):
    past = RebuiltPast(Recorded((str(tmp_path / "gone.events"),)))
    past.begin(views.snapshot())
    async with asyncio.timeout(100):
        with pytest.raises(PassingError, match=r"cannot read .*gone\.events"):
            await past.at(ns(OPEN))
        with pytest.raises(PassingError, match=r"gone\.events"):
            await past.at(ns(OPEN))
    await past.close()
