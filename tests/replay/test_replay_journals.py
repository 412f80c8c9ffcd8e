"""A journal replayed gives the same intents, byte for byte, however often; a change is found."""

import json
import os
from pathlib import Path

from kalshi_assistant.domain.intents import Announce, Estimate, Report, SetTimer
from kalshi_assistant.engine.engine import Engine
from kalshi_assistant.engine.settings import EngineSettings
from kalshi_assistant.runtime.replay import JournalReplay
from kalshi_assistant.strategy.signals import SignalSettings
from tests.support import build, tapes

GOLDEN = Path(__file__).with_name("window.json")


def replayed(file):
    subject = JournalReplay([file])
    for _ in subject.run():
        pass
    return subject.result


def test_two_replays_of_a_window_agree_with_it_and_with_each_other(tmp_path):
    file = tapes.write_journal(tmp_path, tapes.one_window())
    one, two = replayed(file), replayed(file)
    assert one.differs_at is None
    assert one.events == len(tapes.one_window())
    assert (one.digest, one.intents) == (two.digest, two.intents)


def test_the_digest_does_not_hang_on_how_the_events_were_batched(tmp_path):
    small = tapes.write_journal(tmp_path / "a", tapes.one_window(), batch=1)
    large = tapes.write_journal(tmp_path / "b", tapes.one_window(), batch=500)
    assert replayed(small).digest == replayed(large).digest


def test_a_journal_of_other_decisions_is_told_with_the_event_where_they_part(tmp_path):
    """As if the code had changed: the journal claims intents that its events do not give."""
    events = tapes.one_window()
    file = tapes.write_journal(tmp_path / "a", events)
    other = EngineSettings(
        paper=tapes.SETTINGS.paper,
        mode=tapes.SETTINGS.mode,
        environment=tapes.SETTINGS.environment,
        signal=SignalSettings(threshold_dollars=0.9),
    )
    subject = JournalReplay([file])
    subject.engine = Engine(other)
    for _ in subject.run():
        pass
    assert subject.result.differs_at is not None


def test_the_window_is_the_one_it_always_was():
    """Its signals and its report, against the golden file."""
    engine, told = Engine(tapes.SETTINGS), []
    for event in tapes.one_window():
        for intent in engine.handle(event):
            if isinstance(intent, Announce):
                edge = intent.signal.edge
                told.append(["signal", edge.outcome, edge.worst_price, edge.cost, edge.fee])
            elif isinstance(intent, Report):
                window = intent.window
                told.append(["window", window.our_settlement, window.prints, window.agrees])
                told.append(["vetoes", window.vetoes])
                told.append(["p_yes", {h: round(p, 9) for h, p in window.p_yes.items()}])
            elif not isinstance(intent, SetTimer | Estimate):
                told.append([type(intent).__name__])
    if os.environ.get("UPDATE_GOLDENS"):
        GOLDEN.write_text(json.dumps(told, indent=1) + "\n")
    assert told == json.loads(GOLDEN.read_text())


def test_an_event_more_changes_the_digest(tmp_path):
    events = tapes.one_window()
    one = replayed(tapes.write_journal(tmp_path / "a", events))
    events.insert(50, build.delta(events[49].received_at / 1e9, 0, 4_700, 1))
    two = replayed(tapes.write_journal(tmp_path / "b", events))
    assert one.digest != two.digest
