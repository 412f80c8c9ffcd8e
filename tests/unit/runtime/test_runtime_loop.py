"""Handled, written down, performed: in that order, and stopped in order."""

import asyncio

from kalshi_assistant.domain.intents import Inquire
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
