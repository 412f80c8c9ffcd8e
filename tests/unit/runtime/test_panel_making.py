"""Journals of our own as a panel."""

import pytest

from kalshi_assistant.domain.errors import OperatorError
from kalshi_assistant.domain.events import MarketDetermined, SettlementPublished
from kalshi_assistant.runtime.panel_making import PanelMaking
from tests.support import build, tapes
from tests.support.build import CLOSE, OPEN, STRIKE, TICKER


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
