"""Journals of our own as a panel."""

from dataclasses import replace

import msgspec
import pytest

from kalshi_assistant.domain.errors import OperatorError
from kalshi_assistant.domain.events import MarketDetermined, SettlementPublished
from kalshi_assistant.domain.orders import BID
from kalshi_assistant.engine.settings import EngineSettings
from kalshi_assistant.journal.codec import EVENTS, EventRecord, Run
from kalshi_assistant.journal.panel_folder import read_panel, write_panel
from kalshi_assistant.journal.settings import JournalSettings
from kalshi_assistant.journal.writer import JournalWriter
from kalshi_assistant.runtime.journals import run_of
from kalshi_assistant.runtime.panel_making import PanelMaking
from kalshi_assistant.runtime.simulate import Simulation
from tests.support import build, tapes
from tests.support.build import CLOSE, OPEN, STRIKE, TICKER, ns


def made(*paths):
    making = PanelMaking(list(paths))
    for _ in making.run():
        pass
    return making


@pytest.fixture
def journal(tmp_path):
    return tapes.write_journal(tmp_path / "a", tapes.one_window())


def test_a_window_becomes_a_market_with_prints_and_quotes(journal):
    making = made(journal)
    meta, panel = making.panel("mine")
    assert (panel.name, meta.made_from) == ("mine", (journal.name,))
    (market,) = panel.markets
    assert (market.ticker, market.strike) == (TICKER, STRIKE)
    assert market.result in ("yes", "no")
    assert (market.settlement >= STRIKE) == (market.result == "yes")
    seconds = [second for second, _ in panel.prints]
    assert seconds == sorted(seconds)
    assert set(range(OPEN + 2, CLOSE + 1)) <= set(seconds)
    assert making.without_result == 0
    assert not panel.is_proxy


def test_quotes_are_the_book_at_the_end_of_each_second(journal):
    _, panel = made(journal).panel("mine")
    quotes = {quote.second: (quote.bid, quote.ask) for quote in panel.quotes}
    assert quotes[OPEN + 30] == (4_800, 5_200)
    assert min(quotes) >= OPEN
    assert max(quotes) < CLOSE


def test_the_same_run_twice_adds_nothing(tmp_path, journal):
    copy = tmp_path / "copy" / journal.name
    copy.parent.mkdir()
    copy.write_bytes(journal.read_bytes())
    assert made(journal, copy).panel("mine")[1] == made(journal).panel("mine")[1]


def test_a_market_without_its_result_is_left_out_and_counted(tmp_path):
    later = {"ticker": "KXBTC15M-LATER-30", "open_": CLOSE, "close": CLOSE + 900}
    events = [*tapes.one_window(), build.listed(CLOSE + 8, **later)]
    making = made(tapes.write_journal(tmp_path / "b", events))
    assert [market.ticker for market in making.panel("mine")[1].markets] == [TICKER]
    assert making.without_result == 1


def test_journals_without_any_result_make_no_panel(tmp_path):
    ends = (MarketDetermined, SettlementPublished)
    events = [event for event in tapes.one_window() if not isinstance(event, ends)]
    with pytest.raises(OperatorError, match="let a run go on past a close"):
        made(tapes.write_journal(tmp_path / "c", events)).panel("mine")


def test_prints_of_a_proxy_are_called_so(tmp_path):
    events = [*tapes.one_window(), build.printed(CLOSE + 9, STRIKE, source="proxy")]
    assert made(tapes.write_journal(tmp_path / "d", events)).panel("mine")[1].is_proxy


def seconds_with_quotes(panel):
    return {quote.second for quote in panel.quotes}


def parts(folder, events, *cuts):
    """The journal of a run in several files, cut before the record at each place; in order."""
    writer = JournalWriter(
        EVENTS, folder, run_of(tapes.SETTINGS, None), JournalSettings(), created_at=ns(OPEN)
    )
    records = [EventRecord(number, event, ()) for number, event in enumerate(events, start=1)]
    for start, end in zip((0, *cuts), (*cuts, len(records)), strict=True):
        if start:
            writer.rotate(ns(OPEN + start))
        writer.write(records[start:end])
    writer.close()
    return sorted(folder.iterdir())


def later(event, seconds):
    """The same event so much later, and what it says as well."""
    changes = {name: getattr(event, name) + ns(seconds) for name in ("at", "received_at")}
    if hasattr(event, "prints"):
        changes["prints"] = tuple((second + seconds, value) for second, value in event.prints)
    if hasattr(event, "contract"):
        times = {name: getattr(event.contract, name) for name in ("open_time", "close_time")}
        moved = {name: at + ns(seconds) for name, at in times.items()}
        changes["contract"] = msgspec.structs.replace(event.contract, **moved)
    return msgspec.structs.replace(event, **changes)


def test_the_files_of_a_run_give_what_one_file_gives(tmp_path, journal):
    files = parts(tmp_path / "parts", tapes.one_window(), 300, 600)
    assert len(files) == 3
    assert made(*reversed(files)).panel("mine")[1] == made(journal).panel("mine")[1]


def test_after_a_lost_file_no_book_is_believed_until_its_snapshot(tmp_path):
    events = tapes.one_window()
    first, _, last = parts(tmp_path / "parts", events, 300, 600)
    lost, found = (events[place].received_at // ns(1) for place in (300, 600))
    making = made(first, last)
    seconds = seconds_with_quotes(making.panel("mine")[1])
    assert max(seconds) < lost
    assert "is 20261121T170000Z-0002.events missing?" in making.notices[0]
    levels = {"bids": ((4_800, 9_000),), "asks": ((5_200, 9_000),)}
    events.insert(700, build.book(events[699].received_at / ns(1), **levels))
    first, _, last = parts(tmp_path / "mended", events, 300, 600)
    mended = seconds_with_quotes(made(first, last).panel("mine")[1])
    assert {second for second in mended if lost <= second <= found} == set()
    assert max(mended) == CLOSE - 1


def test_a_crossed_book_is_no_quote(tmp_path):
    events = tapes.one_window()
    where = next(k for k, event in enumerate(events) if event.received_at > ns(OPEN + 100))
    events[where:where] = [build.delta(OPEN + 100.1, BID, 5_300, 100)]
    where = next(k for k, event in enumerate(events) if event.received_at > ns(OPEN + 103))
    events[where:where] = [build.delta(OPEN + 103.1, BID, 5_300, -100)]
    seconds = seconds_with_quotes(made(tapes.write_journal(tmp_path / "e", events)).panel("x")[1])
    assert set(range(OPEN + 95, OPEN + 108)) - seconds == {OPEN + 100, OPEN + 101, OPEN + 102}


def test_of_two_windows_with_one_name_the_first_is_kept_and_the_other_told(tmp_path):
    """The autumn hour: a panel tells markets apart by their ticker alone."""
    events = tapes.one_window()
    both = [*events, *(later(event, 3_600) for event in events)]
    making = made(tapes.write_journal(tmp_path / "f", both))
    _, panel = making.panel("mine")
    assert [market.open_time for market in panel.markets] == [ns(OPEN)]
    assert max(seconds_with_quotes(panel)) < CLOSE
    assert making.notices == [
        f"{TICKER}: left out its second window, open from 2026-11-21T18:00:00Z"
    ]


def test_environments_are_not_mixed(tmp_path, journal):
    real = tapes.write_journal(
        tmp_path / "g", tapes.one_window(), replace(tapes.SETTINGS, environment="prod")
    )
    assert made(real).panel("mine")[0].index.startswith("BRTI: ")
    assert made(journal).panel("mine")[0].index.startswith("BRTI (tape): ")
    with pytest.raises(
        OperatorError, match=r"several environments: prod \(.*\), tape \(.*\); name"
    ):
        PanelMaking([real, second_run(tmp_path / "h")])


def second_run(folder):
    """A journal of another run than the others, an hour on."""
    writer = JournalWriter(
        EVENTS, folder, run_of(tapes.SETTINGS, None), JournalSettings(), created_at=ns(OPEN + 3_600)
    )
    writer.write([EventRecord(1, build.timer(OPEN + 3_600), ())])
    return writer.close()


def test_settings_of_another_version_are_told(tmp_path):
    run = Run(program="9.9", mode="watch", environment="prod", seed=None, settings='{"number":3}')
    writer = JournalWriter(EVENTS, tmp_path, run, JournalSettings(), created_at=ns(OPEN))
    writer.write([EventRecord(1, build.timer(OPEN), ())])
    with pytest.raises(OperatorError, match=r"use kalshi-assistant 9\.9, which wrote it"):
        made(writer.close())


def test_without_a_known_book_there_is_no_panel(tmp_path):
    books = ("BookSnapshot", "BookDelta")
    events = [event for event in tapes.one_window() if type(event).__name__ not in books]
    with pytest.raises(OperatorError, match="name journals of runs that followed them"):
        made(tapes.write_journal(tmp_path / "i", events)).panel("mine")


def test_a_simulated_run_becomes_a_panel_that_can_be_read(tmp_path):
    settings, records = EngineSettings(mode="demo", environment="simulated"), []
    folder = tmp_path / "mine"
    folder.mkdir()

    def keep(event, intents):
        records.append(EventRecord(len(records) + 1, event, intents))

    Simulation(7, ns(CLOSE - 300), settings, watch=keep).run(ns(CLOSE + 30))
    writer = JournalWriter(
        EVENTS, tmp_path / "run", run_of(settings, 7), JournalSettings(), created_at=ns(OPEN)
    )
    writer.write(records)
    making = made(writer.close())
    meta, panel = making.panel("mine")
    write_panel(folder, meta, panel)
    assert read_panel(folder) == panel
    assert panel.markets[-1].close_time == ns(CLOSE)
    assert {quote.ticker for quote in panel.quotes} == {panel.markets[-1].ticker}
    assert CLOSE - 300 <= min(seconds_with_quotes(panel)) < max(seconds_with_quotes(panel)) < CLOSE
    assert len(panel.quotes) > 100
