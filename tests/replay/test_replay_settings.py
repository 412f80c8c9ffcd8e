"""Settings that changed in the middle of a run are in its journal and are replayed."""

import pytest

from kalshi_assistant.domain.events import SettingsChanged
from kalshi_assistant.domain.intents import Announce
from kalshi_assistant.journal.codec import EVENTS
from kalshi_assistant.journal.reader import JournalReader
from kalshi_assistant.runtime.replay import JournalReplay
from tests.support import build, tapes
from tests.support.build import OPEN, STRIKE, ns
from tests.support.nudged import with_values

AT = OPEN + 60


def told(values):
    wanted = with_values(tapes.SETTINGS, values)
    return SettingsChanged(ns(AT), ns(AT), wanted.as_json(), wanted.digest)


def run(event):
    """A minute, a change of settings, and an edge of forty cents."""
    before = [build.armed(OPEN), build.history(AT), build.listed(AT), build.book(AT)]
    cheap = build.book(AT + 1, bids=((1_000, 50_000),), asks=((1_200, 50_000),))
    after = [cheap, *(build.timer(AT + second) for second in range(1, 5))]
    return [*before, build.printed(AT, STRIKE), event, *after]


def announced(file):
    return [
        intent.signal
        for record in JournalReader(EVENTS, [file])
        for intent in record.intents
        if isinstance(intent, Announce)
    ]


@pytest.mark.parametrize("threshold", [0.02, 0.9])
def test_a_change_of_settings_replays_byte_for_byte(tmp_path, threshold):
    file = tapes.write_journal(tmp_path, run(told({"signal.threshold_dollars": threshold})))
    subject = JournalReplay([file])
    for _ in subject.run():
        pass
    assert subject.result.differs_at is None
    assert subject.engine.settings.signal.threshold_dollars == threshold
    assert len(announced(file)) == (threshold < 0.5)


def test_a_replay_that_did_not_change_them_would_be_noticed(tmp_path):
    events = run(told({"signal.threshold_dollars": 0.9}))
    file = tapes.write_journal(tmp_path, events)
    subject = JournalReplay([file])
    handle = subject.engine.handle

    class Deaf:
        def handle(self, event):
            return handle(events[4] if isinstance(event, SettingsChanged) else event)

        def fingerprint(self):
            return b""

    subject.engine = Deaf()
    for _ in subject.run():
        pass
    assert subject.result.differs_at is not None
