"""A paper order meets the book it finds when it arrives."""

from kalshi_assistant.domain.events import OrderChanged, OrderFilled
from kalshi_assistant.domain.intents import Approved
from kalshi_assistant.domain.orders import BID, Order
from kalshi_assistant.domain.time import MILLISECOND
from kalshi_assistant.engine.engine import Engine
from kalshi_assistant.engine.settings import EngineSettings, PaperSettings
from kalshi_assistant.runtime.paper_desk import PaperDesk
from tests.support import build
from tests.support.build import CLOSE, OPEN, TICKER, ns

AT = OPEN + 60


def desk(*events):
    engine = Engine(EngineSettings())
    for event in (build.listed(AT), build.timer(AT), *events):
        engine.handle(event)
    return engine, PaperDesk(engine, PaperSettings(enabled=True, latency_milliseconds=100))


def approved(made_at, limit=5_700):
    order = Order("p-1-1", TICKER, BID, limit, 1_000, made_at)
    return Approved(order, made_at + 250 * MILLISECOND)


def test_an_order_is_filled_from_the_book_of_its_arrival_not_of_its_making():
    engine, subject = desk(build.book(AT, asks=((5_600, 50_000),)))
    assert subject.take(approved(ns(AT)), ns(AT)) == []
    assert subject.arrivals(ns(AT) + 99 * MILLISECOND) == []
    engine.handle(build.book(AT + 0.09, asks=((5_650, 50_000),)))
    filled, final = subject.arrivals(ns(AT) + 100 * MILLISECOND)
    assert isinstance(filled, OrderFilled)
    assert filled.price == 5_650
    assert final.status == "executed"
    assert subject.next_arrival is None


def test_a_late_approval_is_refused():
    _, subject = desk(build.book(AT))
    (refused,) = subject.take(approved(ns(AT)), ns(AT) + 251 * MILLISECOND)
    assert isinstance(refused, OrderChanged)
    assert (refused.status, refused.reason) == ("rejected", "too_old")


def test_nothing_is_filled_from_a_book_that_is_not_known():
    _, subject = desk()
    subject.take(approved(ns(AT)), ns(AT))
    (refused,) = subject.arrivals(ns(AT + 1))
    assert refused.reason == "book_unknown"


def test_nothing_is_filled_after_the_close():
    _, subject = desk(build.book(AT))
    subject.take(approved(ns(CLOSE) - 1), ns(CLOSE) - 1)
    (refused,) = subject.arrivals(ns(CLOSE + 1))
    assert refused.reason == "market_closed"
