"""Books that are believed, laid beside whole ones."""

from kalshi_assistant.domain.intents import Reconcile
from kalshi_assistant.engine.engine import Engine
from kalshi_assistant.engine.settings import EngineSettings
from kalshi_assistant.market.sources import SourceSettings
from tests.support.build import CLOSE, TICKER, book, delta, listed, timer

BIDS, ASKS = ((5_400, 50_000),), ((5_600, 50_000),)


def made(polled=False):
    settings = EngineSettings(sources=SourceSettings(reconcile_seconds=60), polled=polled)
    engine = Engine(settings)
    engine.handle(listed(CLOSE - 700))
    engine.handle(timer(CLOSE - 700))
    engine.handle(book(CLOSE - 700, BIDS, ASKS))
    return engine


def asked(engine, start, end):
    """When a whole book was asked for."""
    return [
        second for second in range(start, end) if Reconcile(TICKER) in engine.handle(timer(second))
    ]


def shown(engine):
    (feed,) = [view for view in engine.snapshot().feeds if view.name == "kalshi.book"]
    return feed.drift_levels, feed.reconciled_at


def test_a_whole_book_is_asked_for_at_its_pace_while_ours_is_believed():
    engine = made()
    assert asked(engine, CLOSE - 699, CLOSE - 500) == [CLOSE - 639, CLOSE - 579, CLOSE - 519]


def test_polled_books_are_whole_as_they_are():
    assert asked(made(polled=True), CLOSE - 699, CLOSE - 500) == []


def test_a_book_that_is_right_has_not_drifted():
    engine = made()
    asked(engine, CLOSE - 699, CLOSE - 638)
    engine.handle(delta(CLOSE - 638, 0, 5_400, 1_000))
    engine.handle(book(CLOSE - 638, ((5_400, 51_000),), ASKS))
    assert shown(engine) == (0, (CLOSE - 638) * 10**9)


def test_levels_that_differ_are_counted_and_the_whole_book_counts():
    engine = made()
    asked(engine, CLOSE - 699, CLOSE - 638)
    engine.handle(book(CLOSE - 638, ((5_400, 50_000), (5_300, 700)), ((5_600, 49_000),)))
    assert shown(engine)[0] == 3  # one more, and one of another size in both
    assert engine.levels(TICKER, 1, 5) == ((5_600, 49_000),)
    assert any("drifted" in line.text for line in engine.snapshot().log)


def test_a_snapshot_nobody_asked_for_is_no_comparison():
    engine = made()
    engine.handle(book(CLOSE - 650, (), ()))
    assert shown(engine) == (None, None)
