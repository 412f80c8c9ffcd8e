"""A whole window as events, made up: history, open, a book that moves, a signal, a settlement."""

from kalshi_assistant.domain.events import ExchangeStatusSeen
from kalshi_assistant.domain.orders import ASK, BID
from kalshi_assistant.engine.engine import Engine
from kalshi_assistant.engine.settings import EngineSettings
from kalshi_assistant.journal.codec import EVENTS, EventRecord
from kalshi_assistant.journal.settings import JournalSettings
from kalshi_assistant.journal.writer import JournalWriter
from kalshi_assistant.runtime.journals import run_of
from kalshi_assistant.strategy.gap import GapSettings
from kalshi_assistant.strategy.signals import SignalSettings
from tests.support import build
from tests.support.build import CLOSE, OPEN, STRIKE, ns

SETTINGS = EngineSettings(
    signal=SignalSettings(gap=GapSettings(believe="model")),
    mode="paper",
    environment="tape",
)


def one_window():
    """The events of one window in order of receipt; nothing is left to chance."""
    at = OPEN + 1
    events = [
        build.timer(at),
        ExchangeStatusSeen(ns(at), ns(at), 2, True, True, None),
        build.history(at),
        build.listed(at, strike=None),
        build.timer(at + 0.5),
        build.book(at + 0.5, bids=((4_800, 9_000), (4_700, 5_000)), asks=((5_200, 9_000),)),
        build.strike_set(at + 0.6),
    ]
    value = STRIKE
    for second in range(OPEN + 2, CLOSE + 1):
        value += (second * 7919 % 401) - 198
        events.append(build.printed(second, value, received=second + 0.2))
        side, price = (BID, 4_800) if second % 2 else (ASK, 5_200)
        events.append(build.delta(second + 0.4, side, price, 100 if second % 4 < 2 else -100))
        events.append(build.timer(second + 0.9))
    settled = sum(e.value for e in events if _settles(e))
    mean = (2 * settled + 60) // 120
    result = "yes" if mean >= STRIKE else "no"
    events.append(build.determined(CLOSE + 1.1, result))
    events.append(build.timer(CLOSE + 2))
    events.append(build.published(CLOSE + 7.5, mean, result))
    return events


def _settles(event):
    return type(event).__name__ == "IndexPrinted" and CLOSE - 60 <= event.at // ns(1) < CLOSE


def write_journal(folder, events, settings=SETTINGS, batch=16, created=OPEN):
    """Handle ``events`` and journal them as a run would; answers the file."""
    engine = Engine(settings)
    writer = JournalWriter(
        EVENTS, folder, run_of(settings, None), JournalSettings(), created_at=ns(created)
    )
    records = []
    for event in events:
        intents = engine.handle(event)
        records.append(EventRecord(engine.sequence, event, intents))
    for start in range(0, len(records), batch):
        writer.write(records[start : start + batch])
    return writer.close()
