"""What cannot be reached is said within five seconds, and what still works with it."""

import pytest

from kalshi_assistant.domain import events as e
from kalshi_assistant.domain.intents import Announce, Note, Submit
from kalshi_assistant.engine.engine import Engine
from kalshi_assistant.engine.settings import EngineSettings
from kalshi_assistant.strategy.gap import GapSettings
from kalshi_assistant.strategy.signals import SignalSettings
from tests.support.build import CLOSE, STRIKE, armed, book, history, listed, ns, timer

START = CLOSE - 600


def refused(at, request="markets", code="unreachable"):
    return e.RequestRefused(ns(at), ns(at), "kalshi.rest", request, code, "no route", final=False)


def venue(name, state):
    return e.SourceHealth(f"spot.{name}", state, "no route", None, 0, 0, 0, None, None, None)


def lived(engine, start, end, *events):
    said = []
    for second in range(start, end):
        for event in events:
            said += engine.handle(event(second))
        said += engine.handle(timer(second))
    return [each.text for each in said if isinstance(each, Note)]


def test_without_a_network_it_is_said_within_five_seconds_once():
    engine = Engine(EngineSettings(polled=True))
    engine.handle(e.SourcesSeen(ns(START), ns(START), (venue("kraken", "down"),)))
    told = [t for t in lived(engine, START, START + 30, refused) if "cannot reach" in t]
    assert len(told) == 1
    assert "no route" in told[0]
    assert "demo, replay and evaluate work" in told[0]
    snapshot = engine.snapshot()
    assert snapshot.unreachable == told[0]
    tale = [line for line in snapshot.log if line.topic == "network"]
    assert tale[0].at <= ns(START + 5)


def test_exchanges_that_answer_are_what_still_works():
    engine = Engine(EngineSettings(polled=True))
    seen = (venue("kraken", "up"), venue("gemini", "up"), venue("paxos", "down"))
    engine.handle(e.SourcesSeen(ns(START), ns(START), seen))
    (told,) = [t for t in lived(engine, START, START + 10, refused) if "cannot reach" in t]
    assert "estimated from 2 exchanges" in told


def test_an_answer_ends_it():
    engine = Engine(EngineSettings())
    lived(engine, START, START + 10, refused)
    assert engine.snapshot().unreachable is not None
    status = e.ExchangeStatusSeen(ns(START + 10), ns(START + 10), 2, True, True, None)
    engine.handle(status)
    assert lived(engine, START + 10, START + 12) == ["Kalshi answers"]
    assert engine.snapshot().unreachable is None


def test_the_same_refusal_is_told_once_until_something_is_answered():
    engine = Engine(EngineSettings())

    def notes(event):
        return [each for each in engine.handle(event) if isinstance(each, Note)]

    assert len(notes(refused(START))) == 1
    assert notes(refused(START + 2)) == []
    assert len(notes(refused(START + 2, "exchange_status"))) == 1
    assert len(notes(refused(START + 3, code="429"))) == 1
    engine.handle(e.FeedBack(ns(START + 4), ns(START + 4), "kalshi.rest"))
    assert len(notes(refused(START + 5, code="429"))) == 1


@pytest.mark.parametrize("polled", [False, True])
def test_without_a_key_a_signal_is_for_information_only(polled):
    settings = EngineSettings(
        mode="paper",
        signal=SignalSettings(
            threshold_dollars=0.01, estimate_extra_dollars=0.0, gap=GapSettings(believe="model")
        ),
        polled=polled,
    )
    engine, said = Engine(settings), []
    engine.handle(armed(START))
    engine.handle(listed(START))
    engine.handle(history(START))
    engine.handle(timer(START))
    engine.handle(book(START))
    for second in range(START, START + 60):
        print_ = e.IndexPrinted(ns(second), ns(second), "BRTI", STRIKE + 1_000, "kalshi_5hz")
        said += engine.handle(print_) + engine.handle(timer(second))
    assert any(isinstance(each, Announce) for each in said)
    assert any(isinstance(each, Submit) for each in said) != polled
    assert engine.snapshot().polled == polled


def test_a_lost_poll_makes_the_books_unknown():
    engine = Engine(EngineSettings(polled=True))
    engine.handle(listed(START))
    engine.handle(timer(START))
    engine.handle(book(START))
    assert engine.snapshot().market.book.known
    engine.handle(e.FeedLost(ns(START + 1), ns(START + 1), "kalshi.poll", "book failed for 5 s"))
    assert not engine.snapshot().market.book.known
