"""A window in which we trade on paper, as a run would journal it."""

from kalshi_assistant.engine.settings import EngineSettings
from kalshi_assistant.journal.codec import EVENTS, EventRecord
from kalshi_assistant.journal.settings import JournalSettings
from kalshi_assistant.journal.writer import JournalWriter
from kalshi_assistant.risk.limits import RiskSettings
from kalshi_assistant.runtime.backtest import Backtest, Latency
from kalshi_assistant.runtime.journals import run_of
from kalshi_assistant.strategy.gap import GapSettings
from kalshi_assistant.strategy.signals import SignalSettings
from tests.support import tapes
from tests.support.build import OPEN, ns

SETTINGS = EngineSettings(
    signal=SignalSettings(gap=GapSettings(believe="model")),
    risk=RiskSettings(canary_windows=0),
)


class Noting:
    """An engine that remembers what it handled and asked for."""

    def __init__(self, engine):
        self._engine = engine
        self.records = []

    def handle(self, event):
        intents = self._engine.handle(event)
        self.records.append(EventRecord(self._engine.sequence, event, intents))
        return intents

    def __getattr__(self, name):
        return getattr(self._engine, name)


def write_journal(folder, events=None):
    """The journal of a window with a signal, an order and its fills; the file, and the life."""
    life = Backtest(SETTINGS, Latency("50", 50), 1)
    life.engine = Noting(life.engine)
    for event in tapes.one_window() if events is None else events:
        life.see(event)
    life.until(life.now + 60 * 10**9)
    run = run_of(life.settings, 7)
    writer = JournalWriter(EVENTS, folder, run, JournalSettings(), created_at=ns(OPEN))
    records = life.engine.records
    for start in range(0, len(records), 16):
        writer.write(records[start : start + 16])
    return writer.close(), life
