"""Several sources of the index in one engine: prints settle, estimates stand in and are named."""

import msgspec
import pytest

from kalshi_assistant.domain import events as e
from kalshi_assistant.domain.intents import Announce, Note
from kalshi_assistant.domain.time import SECOND
from kalshi_assistant.engine.engine import Engine
from kalshi_assistant.engine.settings import EngineSettings
from kalshi_assistant.market.replica_settings import ReplicaSettings
from kalshi_assistant.market.sources import SourceSettings
from kalshi_assistant.strategy.signals import SignalSettings
from tests.support.build import CLOSE, STRIKE, book, history, listed, ns, printed, published, timer

VENUES = ("coinbase", "kraken", "bitstamp", "gemini", "bullish")


def copy(at, value, venues=VENUES, received=None):
    received = at + 0.02 if received is None else received
    return e.IndexReplicated(
        ns(at), ns(received), "BRTI", value, None, tuple(venues), (("lmax", "unknown"),), 0.8
    )


def tick(at, value, source="kalshi_5hz"):
    return e.IndexTicked(ns(at), ns(at + 0.05), "BRTI", value, source)


def made(**settings):
    engine = Engine(EngineSettings(**settings))
    engine.handle(listed(CLOSE - 600))
    engine.handle(history(CLOSE - 400))
    engine.handle(timer(CLOSE - 400))
    engine.handle(book(CLOSE - 400))
    return engine


def live(engine, start, end, value=STRIKE, true=lambda _: True, copied=True, off=0):
    """Seconds of both channels and of the copy, five a second; every intent."""
    intents = []
    for tenth in range(int(start * 5), int(end * 5)):
        at = tenth / 5
        if copied:
            intents += engine.handle(copy(at, value - off))
        if true(at):
            if tenth % 5 == 0:
                second = tenth // 5
                intents += engine.handle(printed(second, value, at + 0.05, "kalshi_5hz"))
                intents += engine.handle(printed(second, value, at + 0.09, "kalshi_1hz"))
            else:
                intents += engine.handle(tick(at, value))
        if tenth % 5 == 4:
            intents += engine.handle(timer(at + 0.1))
    return intents


def notes(intents):
    return [each.text for each in intents if isinstance(each, Note)]


def test_the_index_is_named_and_a_failover_is_told_with_its_venues():
    engine = made()
    live(engine, CLOSE - 310, CLOSE - 300)
    said = notes(live(engine, CLOSE - 300, CLOSE - 200, true=lambda at: at < CLOSE - 250))
    assert said == ["the index is now: estimate from 5 venues"]
    view = engine.snapshot().index
    assert (view.label, view.estimated, view.source) == ("estimate from 5 venues", True, "replica")
    said = notes(live(engine, CLOSE - 200, CLOSE - 190))
    assert said == ["the index is now: BRTI"]
    assert not engine.snapshot().index.estimated


def test_prints_that_come_back_take_the_place_of_estimates_and_the_window_settles():
    """An outage of twenty seconds inside the averaging window, its prints by REST afterwards."""
    engine = made()
    outage = range(CLOSE - 40, CLOSE - 20)
    live(engine, CLOSE - 100, CLOSE - 10, true=lambda at: int(at) not in outage, off=700)
    view = engine.snapshot().market
    assert sum(view.settlement.guesses) == 20
    # mean correction: seven dollars off, and the copy stands in at the true level
    assert all(abs(cents - STRIKE) <= 1 for cents in view.settlement.cells if cents)
    prints = tuple((second, STRIKE) for second in outage)
    engine.handle(
        e.IndexHistoryLoaded(ns(CLOSE - 10), ns(CLOSE - 10), "BRTI", "kalshi_rest", prints)
    )
    assert sum(engine.snapshot().market.settlement.guesses) == 0
    live(engine, CLOSE - 10, CLOSE)
    view = engine.snapshot().market
    assert view.number.outcome_fixed
    engine.handle(published(CLOSE + 8, STRIKE, "yes"))
    report = engine.snapshot().windows[0]
    assert (report.prints, report.our_settlement, report.agrees) == (60, STRIKE, True)


def test_estimates_never_settle():
    engine = made()
    live(engine, CLOSE - 300, CLOSE, true=lambda at: at < CLOSE - 40)
    view = engine.snapshot().market
    assert not view.number.outcome_fixed
    assert sum(view.settlement.guesses) == 40
    assert view.number.prints_missing == 0
    engine.handle(published(CLOSE + 8, STRIKE, "yes"))
    report = engine.snapshot().windows[0]
    assert report.our_settlement is None
    assert report.agrees is None
    assert engine.snapshot().matched_windows == 0


def test_the_copy_learns_its_error_from_prints_and_reports_it():
    engine = made(replica=ReplicaSettings(error_warm_prints=30))
    live(engine, CLOSE - 200, CLOSE - 190, off=250)
    assert engine.snapshot().index.replica.error_mean is None
    live(engine, CLOSE - 190, CLOSE - 150, off=250)
    view = engine.snapshot().index.replica
    assert view.error_mean == pytest.approx(2.5)
    assert view.corrected - view.value == 250
    assert view.compared == 50
    assert view.used == VENUES


def test_an_estimate_widens_the_number_by_its_error():
    def sd(error_bp):
        engine = made(sources=SourceSettings(replica_sd_bp=error_bp))
        live(engine, CLOSE - 90, CLOSE - 70, true=lambda _: False)
        return engine.snapshot().market.number.sd

    narrow, wide = sd(0.01), sd(5.0)
    assert wide**2 - narrow**2 == pytest.approx((5e-4 * STRIKE / 100) ** 2, rel=0.01)


def test_a_signal_on_an_estimate_needs_more_and_says_so():
    """A wide gap between number and price: it fires on both, a narrower one only on the index."""
    cheap = {
        "signal": SignalSettings(
            threshold_dollars=0.03, estimate_extra_dollars=0.5, max_book_age_seconds=0
        )
    }
    fired = {}
    for name, true in (("index", True), ("copy", False)):
        engine = made(**cheap)
        said = live(engine, CLOSE - 300, CLOSE - 280, STRIKE + 1_000, lambda _, t=true: t)
        fired[name] = [each.signal for each in said if isinstance(each, Announce)]
    assert fired["index"]
    assert fired["copy"] == []
    assert fired["index"][0].index == "BRTI"
    engine = made(
        signal=SignalSettings(
            threshold_dollars=0.03, estimate_extra_dollars=0.05, max_book_age_seconds=0
        )
    )
    said = live(engine, CLOSE - 300, CLOSE - 280, STRIKE + 1_000, lambda _: False)
    signal = next(each.signal for each in said if isinstance(each, Announce))
    assert signal.index == "estimate from 5 venues"
    assert signal.threshold == pytest.approx(0.08)


def test_estimates_can_be_forbidden():
    engine = made(signal=SignalSettings(on_estimates=False))
    live(engine, CLOSE - 300, CLOSE - 280, true=lambda _: False)
    assert engine.snapshot().market.veto == "index_estimated"
    live(engine, CLOSE - 280, CLOSE - 270)
    assert engine.snapshot().market.veto != "index_estimated"


def test_two_values_for_one_second_are_news_and_the_first_stays():
    engine = made()
    live(engine, CLOSE - 300, CLOSE - 290)
    second = CLOSE - 290
    engine.handle(printed(second, STRIKE, second + 0.1, "kalshi_5hz"))
    said = notes(engine.handle(printed(second, STRIKE + 3, second + 0.2, "kalshi_1hz")))
    assert len(said) == 1
    assert "kalshi_1hz" in said[0]
    assert engine.snapshot().index.disagreements == 1
    assert engine.snapshot().index.tail[-1] == STRIKE


def test_a_stamp_from_the_future_enters_no_second():
    engine = made()
    live(engine, CLOSE - 300, CLOSE - 200)
    engine.handle(printed(CLOSE - 100, STRIKE + 10_000, CLOSE - 199.9, "kalshi_5hz"))
    view = engine.snapshot().index
    assert view.first_second + len(view.tail) - 1 == CLOSE - 201
    assert STRIKE + 10_000 not in view.tail


@pytest.mark.parametrize(("by", "wrong"), [(0.4, True), (0.1, False), (-0.3, True), (-0.03, False)])
def test_a_wrong_clock_is_reported_with_its_remedy(by, wrong):
    """Everything is received ``by`` seconds after its stamp, or before it."""
    engine, said = made(), []
    for second in range(CLOSE - 300, CLOSE - 240):
        said += engine.handle(printed(second, STRIKE, second + by, "kalshi_5hz"))
        said += engine.handle(timer(second + 0.5))
    told = [text for text in notes(said) if "clock" in text]
    assert bool(told) == wrong
    view = engine.snapshot().clock
    assert (view.wrong is not None) == wrong
    if wrong:
        assert "timedatectl" in view.wrong
        assert ("ahead" if by > 0 else "behind") in view.wrong
        for second in range(CLOSE - 240, CLOSE + 100):
            said += engine.handle(printed(second, STRIKE, second + 0.02, "kalshi_5hz"))
            said += engine.handle(timer(second + 0.5))
        assert any("right again" in text for text in notes(said))


@pytest.mark.parametrize("ahead", [-8.0, 8.0])
def test_a_clock_that_is_wrong_by_seconds_does_not_make_the_index_old(ahead):
    """Ages are told without the least delay of the source; a value that really is old stays so."""
    engine = made()
    engine.handle(book(CLOSE - 300 + ahead))
    for second in range(CLOSE - 300, CLOSE - 240):
        engine.handle(printed(second, STRIKE, second + ahead + 0.05, "kalshi_5hz"))
        engine.handle(timer(second + ahead + 0.5))
    assert engine.snapshot().market.number.no_number is None
    engine.handle(timer(CLOSE - 230 + ahead))
    assert engine.snapshot().market.number.no_number == "index_stale"


def test_what_others_look_after_is_shown_among_the_feeds():
    engine = made()
    health = e.SourceHealth(
        "spot.kraken", "up", None, ns(CLOSE - 300), 900, 1, 0, (20.0, 60.0, 90.0, 140.0), 0, None
    )
    engine.handle(e.SourcesSeen(ns(CLOSE - 300), ns(CLOSE - 300), (health,)))
    (view,) = [each for each in engine.snapshot().feeds if each.name == "spot.kraken"]
    assert (view.events, view.gaps, view.delay_p95_ms) == (900, 1, 90.0)


def test_the_learnt_error_is_part_of_what_a_replay_must_repeat():
    engines = [made(), made()]
    for engine, off in zip(engines, (100, 300), strict=True):
        live(engine, CLOSE - 300, CLOSE - 290, off=off)
    assert engines[0].fingerprint() != engines[1].fingerprint()
    assert msgspec.msgpack.encode(engines[0].snapshot())
    assert ns(1) == SECOND
