"""Handled, written down, performed: in that order, and stopped in order."""

import asyncio

from kalshi_assistant.domain.events import ClockJumped
from kalshi_assistant.domain.intents import Inquire
from kalshi_assistant.domain.time import SECOND
from kalshi_assistant.engine.engine import Engine
from kalshi_assistant.engine.settings import EngineSettings
from kalshi_assistant.runtime.inbox import Inbox, InboxSettings
from kalshi_assistant.runtime.loop import EngineLoop
from tests.support import build
from tests.support.build import OPEN, STRIKE, ns
from tests.support.clocks import HandClock


class Diary:
    """Remembers what was written and performed, in order."""

    def __init__(self):
        self.entries = []

    def write(self, records):
        self.entries.append(("written", [record.sequence for record in records]))

    def perform(self, intent):
        self.entries.append(("performed", type(intent).__name__))


def loop_with(diary, clock=None):
    inbox = Inbox(InboxSettings())
    engine = Engine(EngineSettings())
    subject = EngineLoop(engine, inbox, clock or HandClock(ns(OPEN)), diary, diary.perform)
    return subject, inbox


async def test_a_batch_is_written_before_anything_is_done():
    diary = Diary()
    subject, _ = loop_with(diary)
    subject.turn([build.listed(OPEN), build.timer(OPEN)])
    assert diary.entries[0] == ("written", [1, 2])
    assert {what for what, _ in diary.entries[1:]} == {"performed"}


async def test_timers_are_the_loops_own_and_are_not_performed():
    diary = Diary()
    subject, _ = loop_with(diary)
    subject.turn([build.timer(OPEN)])
    assert ("performed", "SetTimer") not in diary.entries
    assert ("performed", Inquire.__name__) in diary.entries


async def test_stopping_handles_what_waits_and_ends():
    diary = Diary()
    subject, inbox = loop_with(diary)
    running = asyncio.create_task(subject.run())
    inbox.put(build.printed(OPEN, STRIKE))
    subject.stop()
    await asyncio.wait_for(running, 5)
    assert subject.engine.sequence >= 1
    assert subject.engine.snapshot().index.value == STRIKE


async def test_the_housekeeping_goes_on_at_once_when_the_clock_is_set_back():
    """Its timer was set by the old time, an hour from now."""
    diary, clock = Diary(), HandClock(ns(OPEN))
    subject, inbox = loop_with(diary, clock)
    running = asyncio.create_task(subject.run())
    inbox.put(build.printed(OPEN, STRIKE))
    while subject.engine.sequence < 2:  # noqa: ASYNC110  # the engine tells nobody, it is asked
        await asyncio.sleep(0)
    clock.at -= 3_600 * SECOND
    inbox.put(ClockJumped(clock.at, clock.at, -3_600 * SECOND))
    before = subject.engine.sequence
    async with asyncio.timeout(20):
        while subject.engine.sequence < before + 2:  # noqa: ASYNC110  # as above
            await asyncio.sleep(0)
    assert subject.engine.snapshot().at == clock.at
    subject.stop()
    await asyncio.wait_for(running, 5)
