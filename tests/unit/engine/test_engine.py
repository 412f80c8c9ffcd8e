"""One window through the engine: followed, numbered, fired, settled, reported."""

import pytest

from kalshi_assistant.domain import events as e
from kalshi_assistant.domain.intents import (
    Announce,
    Inquire,
    Note,
    Report,
    Resync,
    SetTimer,
    Submit,
    Watch,
)
from kalshi_assistant.engine.engine import Engine
from kalshi_assistant.engine.settings import EngineSettings, from_json
from kalshi_assistant.strategy.gap import GapSettings
from kalshi_assistant.strategy.signals import SignalSettings
from tests.support import build
from tests.support.build import CLOSE, OPEN, STRIKE, TICKER, ns


def engine(**signal):
    """On paper, armed; it believes its own number, so that a wide edge is a signal."""
    believing = {"gap": GapSettings(believe="model")} | signal
    subject = Engine(EngineSettings(signal=SignalSettings(**believing), mode="paper"))
    subject.handle(build.armed(OPEN))
    return subject


def opened(at=OPEN + 60, **signal):
    """An engine one minute into a window, with index, book and strike."""
    subject = engine(**signal)
    feed(subject, build.history(at), build.listed(at), build.book(at))
    feed(subject, build.printed(int(at), STRIKE), build.timer(at))
    return subject


def feed(subject, *events):
    return [intent for event in events for intent in subject.handle(event)]


def of_kind(intents, kind):
    return [intent for intent in intents if isinstance(intent, kind)]


def test_the_first_tend_asks_for_status_markets_and_history_and_sets_the_next_second():
    intents = feed(engine(), build.timer(OPEN + 0.25))
    assert {i.what for i in of_kind(intents, Inquire)} == {
        "exchange_status",
        "markets",
        "index_history",
    }
    assert of_kind(intents, SetTimer) == [SetTimer("tend", ns(OPEN + 1))]


def test_a_listed_market_is_watched_and_numbered():
    subject = engine()
    intents = feed(
        subject, build.history(OPEN + 60), build.listed(OPEN + 60), build.timer(OPEN + 60)
    )
    assert of_kind(intents, Watch) == [Watch(TICKER)]
    feed(subject, build.book(OPEN + 60), build.printed(OPEN + 60, STRIKE + 2_000))
    market = subject.snapshot().market
    assert market.book.known
    assert 0.5 < market.number.p_yes < 1.0
    assert market.number.distance == pytest.approx(20.005)
    assert market.market_mid == 0.55


def test_the_next_market_is_watched_a_minute_before_the_close():
    subject = opened()
    later = build.listed(
        OPEN + 70,
        status="initialized",
        ticker="NEXT-1",
        open_=CLOSE,
        close=CLOSE + 900,
        strike=None,
    )
    assert of_kind(feed(subject, later, build.timer(CLOSE - 61)), Watch) == []
    assert of_kind(feed(subject, build.timer(CLOSE - 60)), Watch) == [Watch("NEXT-1")]


def test_a_gap_makes_the_book_unknown_and_its_edge_no_edge():
    subject = opened()
    at = ns(OPEN + 61)
    feed(subject, e.Gap(at, at, "kalshi.book", (TICKER,), 5, 9), build.timer(OPEN + 61))
    market = subject.snapshot().market
    assert not market.book.known
    assert "expected 5, got 9" in market.book.unknown_because
    assert (market.edge_yes, market.edge_no, market.veto) == (None, None, "book_unknown")
    feed(subject, build.book(OPEN + 62))
    assert subject.snapshot().market.book.known


def test_a_level_below_zero_asks_for_a_snapshot_and_trusts_nothing_until_it_comes():
    subject = opened()
    intents = feed(subject, build.delta(OPEN + 61, 0, 5_400, -60_000))
    assert [i.ticker for i in of_kind(intents, Resync)] == [TICKER]
    feed(subject, build.delta(OPEN + 61, 0, 5_400, 10_000))
    assert subject.snapshot().market.book.bids == ()


def test_a_wide_edge_fires_once_per_window_and_side():
    subject = opened()
    cheap = build.book(OPEN + 62, bids=((1_000, 50_000),), asks=((1_200, 50_000),))
    intents = feed(subject, cheap, build.timer(OPEN + 62))
    (announced,) = of_kind(intents, Announce)
    assert announced.signal.edge.outcome == "yes"
    assert announced.signal.edge.worst_price == 1_200
    (submitted,) = of_kind(intents, Submit)
    assert submitted.order.what.limit == 1_200
    fresh = build.printed(OPEN + 63, STRIKE)
    again = feed(subject, fresh, *(build.timer(OPEN + 63 + k) for k in range(5)))
    assert of_kind(again, Announce) == []
    assert subject.snapshot().market.veto == "already_fired"


def test_a_paused_engine_fires_nothing_and_says_why():
    subject = opened()
    at = ns(OPEN + 61)
    feed(subject, e.OperatorPaused(at, at, "lunch"))
    cheap = build.book(OPEN + 62, bids=((1_000, 50_000),), asks=((1_200, 50_000),))
    assert of_kind(feed(subject, cheap, build.timer(OPEN + 62)), Announce) == []
    assert subject.snapshot().market.veto == "operator_paused"
    feed(subject, e.OperatorResumed(ns(OPEN + 63), ns(OPEN + 63)))
    assert of_kind(feed(subject, build.timer(OPEN + 63)), Announce) != []


def test_an_exchange_pause_is_said_in_words_and_stops_signals():
    subject = opened()
    at = ns(OPEN + 61)
    feed(
        subject,
        e.ExchangeStatusSeen(at, at, 2, True, False, ns(OPEN + 600)),
        build.timer(OPEN + 61),
    )
    snapshot = subject.snapshot()
    assert "expects to resume at" in snapshot.exchange_says
    assert snapshot.market.veto == "exchange_paused"


def test_a_stale_index_gives_no_number_never_an_old_one():
    subject = opened()
    feed(subject, build.timer(OPEN + 70))
    market = subject.snapshot().market
    assert (market.number.p_yes, market.number.no_number) == (None, "index_stale")
    assert market.veto == "index_stale"


def settled(prints, value, result, strike=STRIKE):
    """The whole averaging minute, the close, and what the venue said of it."""
    subject = opened()
    events = [build.printed(CLOSE - 60 + k, p) for k, p in enumerate(prints) if p]
    intents = feed(subject, *events, build.timer(CLOSE + 1))
    intents += feed(subject, build.determined(CLOSE + 1, result))
    return subject, intents + feed(subject, build.published(CLOSE + 8, value, result))


def test_a_window_is_reported_with_both_conventions_and_agrees():
    prints = [STRIKE + k for k in range(60)] + [STRIKE + 600]
    subject, intents = settled(prints, STRIKE + 30, "yes")
    (report,) = of_kind(intents, Report)
    window = report.window
    assert (window.our_settlement, window.settlement, window.prints) == (
        STRIKE + 30,
        STRIKE + 30,
        60,
    )
    assert window.our_settlement_b != window.our_settlement
    assert window.agrees is True
    snapshot = subject.snapshot()
    assert (snapshot.checked_windows, snapshot.matched_windows) == (1, 1)


def test_a_mismatch_of_the_settlement_stops_signals_until_a_window_agrees():
    prints = [STRIKE] * 61
    subject, intents = settled(prints, STRIKE + 1, "yes")
    assert [n.level for n in of_kind(intents, Note)] == ["error"]
    at = CLOSE + 30
    feed(
        subject,
        build.listed(at, ticker="NEXT-1", open_=CLOSE, close=CLOSE + 900),
        build.timer(at),
        build.book(at, ticker="NEXT-1"),
        build.printed(at, STRIKE),
    )
    assert subject.snapshot().market.veto == "settlement_mismatch"


def test_a_missing_print_is_never_filled_and_nothing_is_compared():
    prints = [STRIKE] * 61
    prints[17] = 0
    _, intents = settled(prints, STRIKE, "yes")
    (report,) = of_kind(intents, Report)
    assert (report.window.prints, report.window.our_settlement, report.window.agrees) == (
        59,
        None,
        None,
    )


def test_history_fills_a_missing_print_by_name():
    prints = [STRIKE] * 61
    prints[17] = 0
    subject = opened()
    feed(subject, *(build.printed(CLOSE - 60 + k, p) for k, p in enumerate(prints) if p))
    second = CLOSE - 60 + 17
    at = ns(CLOSE + 2)
    feed(subject, e.IndexHistoryLoaded(at, at, "BRTI", "kalshi_rest", ((second, STRIKE),)))
    (report,) = of_kind(feed(subject, build.published(CLOSE + 8, STRIKE, "yes")), Report)
    assert (report.window.prints, report.window.agrees) == (60, True)


def test_the_outcome_is_fixed_by_the_sixtieth_print_and_a_tie_is_yes():
    subject = opened()
    feed(subject, *(build.printed(CLOSE - 60 + k, STRIKE) for k in range(60)))
    number = subject.snapshot().market.number
    assert (number.p_yes, number.outcome_fixed, number.prints_left) == (1.0, True, 0)


def test_the_same_events_give_the_same_intents_and_numbers():
    events = [build.history(OPEN + 60), build.listed(OPEN + 60), build.timer(OPEN + 60)]
    events += [build.book(OPEN + 60, asks=((1_200, 50_000),), bids=())]
    events += [build.printed(OPEN + 60 + k, STRIKE + 9 * k) for k in range(40)]
    one, two = engine(), engine()
    assert feed(one, *events) == feed(two, *events)
    assert one.fingerprint() == two.fingerprint()


def test_settings_survive_the_journal():
    settings = EngineSettings(signal=SignalSettings(contracts=2.5), mode="demo")
    assert from_json(settings.as_json()) == settings
    assert from_json(settings.as_json()).digest == settings.digest


def test_the_second_window_of_a_name_leaves_the_open_one_alone():
    """In the autumn hour both windows of a ticker are listed at once."""
    subject = opened()
    later = OPEN + 3_600
    feed(subject, build.listed(OPEN + 61, open_=later, close=later + 900, strike=None))
    feed(subject, build.timer(OPEN + 61))
    assert subject.snapshot().market.book.known
    assert subject.snapshot().market.close_time == ns(CLOSE)
    intents = feed(subject, build.timer(CLOSE + 1_200), build.timer(later - 60))
    assert of_kind(intents, Watch) == [Watch(TICKER)]
    feed(subject, build.timer(later))
    market = subject.snapshot().market
    assert (market.open_time, market.strike) == (ns(later), None)


def test_a_quarter_hour_lost_from_the_listing_is_asked_for():
    subject = opened()
    far = build.listed(OPEN + 61, ticker="FAR-1", open_=CLOSE + 900, close=CLOSE + 1_800)
    feed(subject, far, build.timer(OPEN + 61))
    intents = feed(subject, build.timer(OPEN + 70))
    assert "markets" in {i.what for i in of_kind(intents, Inquire)}


def test_a_strike_that_is_not_our_average_of_the_window_before_stops_signals():
    subject = opened()
    feed(subject, *(build.printed(CLOSE - 60 + k, STRIKE) for k in range(60)))
    feed(subject, build.listed(CLOSE, ticker="NEXT-1", open_=CLOSE, close=CLOSE + 900, strike=None))
    intents = feed(subject, build.strike_set(CLOSE + 1, STRIKE + 1, ticker="NEXT-1"))
    (note,) = of_kind(intents, Note)
    assert note.level == "error"
    assert "our average of the window before is 91250.00" in note.text


def test_prints_that_came_before_the_market_was_known_settle_it_all_the_same():
    """A start in the last minute: the index history is there before the listing is."""
    subject = engine()
    feed(subject, build.history(CLOSE - 5, value=STRIKE, step=0))
    feed(subject, build.listed(CLOSE - 4), build.timer(CLOSE - 4))
    feed(subject, *(build.printed(CLOSE - k, STRIKE) for k in (5, 4, 3, 2, 1)))
    (report,) = of_kind(feed(subject, build.published(CLOSE + 8, STRIKE, "yes")), Report)
    assert (report.window.prints, report.window.agrees) == (60, True)
