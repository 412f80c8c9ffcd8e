"""Builders for journals: events, records, a writer with every default that does not matter."""

from pathlib import Path

from kalshi_assistant.domain.events import BookDelta
from kalshi_assistant.domain.ids import Feed, Ticker
from kalshi_assistant.domain.intents import Note
from kalshi_assistant.domain.time import Nanos
from kalshi_assistant.domain.units import Price, Quantity
from kalshi_assistant.journal.codec import EVENTS, EventRecord, FrameRecord, Run
from kalshi_assistant.journal.settings import JournalSettings
from kalshi_assistant.journal.writer import JournalWriter

NOON = Nanos(1_795_280_400_000_000_000)
RUN = Run(program="0.1.0", mode="demo", environment="local", seed=7, settings='{"threshold":0.02}')


def event_record(sequence: int) -> EventRecord:
    """A small delta and one intent, different for every ``sequence``."""
    at = Nanos(NOON + sequence)
    event = BookDelta(at, at, Ticker("KXBTC15M-A"), 0, Price(5_000), Quantity(sequence))
    return EventRecord(sequence, event, (Note("info", "test", f"record {sequence}"),))


def event_records(first: int, last: int) -> list[EventRecord]:
    """Records ``first`` to ``last``, both included."""
    return [event_record(sequence) for sequence in range(first, last + 1)]


def frame_record(number: int) -> FrameRecord:
    """A frame that came in."""
    return FrameRecord(Nanos(NOON + number), Feed("kalshi.socket"), "in", b"frame %d" % number)


def event_writer(directory: Path, **settings: int | bool | float) -> JournalWriter[EventRecord]:
    """A writer of an event journal begun at noon."""
    return JournalWriter(EVENTS, directory, RUN, JournalSettings(**settings), created_at=NOON)
