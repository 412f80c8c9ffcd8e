"""A client without a key asks at its pace, tells everything once, and waits when it is told to."""

import json
from functools import cache
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_assistant.domain.events import (
    BookSnapshot,
    FeedBack,
    FeedLost,
    IndexHistoryLoaded,
    IndexPrinted,
    IndexTicked,
    Malformed,
    RequestRefused,
    TradeSeen,
)
from kalshi_assistant.domain.time import MILLISECOND, SECOND, format_iso
from kalshi_assistant.venues.kalshi import rest
from kalshi_assistant.venues.kalshi.polling import POLL
from tests.support.build import CLOSE, TICKER, ns
from tests.support.poll_world import PollWorld, kind_of, poller, read
from tests.support.spot_readers import flipped, planted, truncated

NEXT = "KXBTC15M-26NOV211230-30"
START = ns(CLOSE - 300)
KINDS = ("book", "trades", "chart")
FACTS = {
    "book": BookSnapshot,
    "trades": TradeSeen,
    "chart": IndexPrinted | IndexTicked | IndexHistoryLoaded,
}


@pytest.fixture(scope="module")
def minute():
    """One market for a minute, every answer 120 ms late; at the end none is under way."""
    return PollWorld(START, (TICKER,)).run(60.5)


# --- a good minute ---


def test_each_kind_keeps_its_pace(minute):
    for kind, pace, count in (("book", 1, 61), ("trades", 2, 31), ("chart", 1, 61)):
        times = minute.times(kind)
        assert {b - a for a, b in pairwise(times)} == {pace * SECOND}
        assert len(times) == count
    assert {request.signed for _, request in minute.asked} == {False}


def test_the_feed_is_back_once_and_nothing_else_is_told(minute):
    assert isinstance(minute.events[0], FeedBack)
    assert minute.of(FeedBack, FeedLost, RequestRefused, Malformed) == [minute.events[0]]


def test_every_second_of_the_index_comes_once_and_as_it_was(minute):
    prints = minute.of(IndexPrinted)
    seconds = [event.at // SECOND for event in prints]
    assert seconds == list(range(seconds[0], CLOSE - 300 + 61))
    assert seconds[0] < CLOSE - 300
    true = dict(minute.exchange.index_history(prints[0].at, prints[-1].at))
    assert {event.value == true[event.at] for event in prints} == {True}
    assert {(event.index, event.source) for event in prints} == {("BRTI", "kalshi_chart")}
    assert minute.of(IndexTicked) == []


def test_what_was_before_comes_as_one_history_that_joins_the_prints(minute):
    (loaded,) = minute.of(IndexHistoryLoaded)
    seconds = [second for second, _ in loaded.prints]
    first = minute.of(IndexPrinted)[0].at // SECOND
    assert seconds == list(range(first - len(seconds), first))
    assert len(seconds) > 880
    assert minute.events.index(loaded) < minute.events.index(minute.of(IndexPrinted)[0])
    true = dict(minute.exchange.index_history(ns(seconds[0]), ns(seconds[-1])))
    assert all(true[ns(second)] == value for second, value in loaded.prints)


def test_every_trade_comes_once_in_order(minute):
    seen = minute.of(TradeSeen)
    last = minute.times("trades")[-1]
    true = [
        trade.trade_id
        for trade in minute.exchange.trades()
        if trade.ticker == TICKER and START - SECOND <= trade.at <= last
    ]
    known = [trade.trade_id for trade in seen]
    assert len(known) == len(set(known)) > 20
    assert [each for each in known if each in true] == true
    assert [trade.at for trade in seen] == sorted(trade.at for trade in seen)


def test_books_are_the_exchanges_books():
    world, truth = PollWorld(START, (TICKER,)), []

    def note(request, now):
        if kind_of(request) == "book":
            truth.append((now, world.exchange.book(TICKER)))

    world.trouble = note
    books = world.run(10.5).of(BookSnapshot)
    assert len(books) == len(truth) == 11
    for book, (now, true) in zip(books, truth, strict=True):
        assert (dict(book.bids), dict(book.asks)) == (dict(true.bids), dict(true.asks))
        assert (book.ticker, book.at, book.received_at) == (TICKER, now, now)
    assert len({book.bids for book in books}) > 5


def test_answers_slower_than_the_pace_are_waited_for():
    world = PollWorld(START, (TICKER,), delay=1_700 * MILLISECOND).run(17)
    times = world.times("book")
    assert {b - a for a, b in pairwise(times)} == {1_700 * MILLISECOND}
    assert len(world.of(IndexPrinted)) >= 12


# --- several markets ---


def test_several_books_come_by_one_request():
    world = PollWorld(START, (TICKER, NEXT)).run(6)
    books = [request for _, request in world.asked if kind_of(request) == "book"]
    assert set(books) == {rest.order_books((TICKER, NEXT))}
    assert {event.ticker for event in world.of(BookSnapshot)} == {TICKER, NEXT}
    trades = [
        dict(request.query)["ticker"] for _, request in world.asked if "trades" in request.path
    ]
    assert trades[:4] == [TICKER, NEXT, TICKER, NEXT]


def test_trades_of_several_markets_keep_each_its_pace():
    world = PollWorld(START, (TICKER, NEXT)).run(20.5)
    for ticker in (TICKER, NEXT):
        times = [at for at, each in world.asked if dict(each.query).get("ticker") == ticker]
        assert len(times) == 11
        assert all(b - a >= 2 * SECOND for a, b in pairwise(times))


def test_the_chart_of_a_market_that_closed_gives_way_to_the_next():
    world = PollWorld(ns(CLOSE - 20), (TICKER, NEXT)).run(60)
    seconds = [event.at // SECOND for event in world.of(IndexPrinted)]
    assert seconds == list(range(seconds[0], CLOSE + 40))
    late = [event for event in world.of(IndexPrinted) if event.at >= ns(CLOSE)]
    assert max(event.received_at - event.at for event in late) < 5 * SECOND
    events = [each.path for _, each in world.asked if kind_of(each) == "chart"]
    assert [path for path, after in pairwise(events) if path != after] == [events[0]]


def test_a_chart_that_is_refused_gives_way_too():
    def trouble(request, now):
        return (404, b'{"code":"not_found"}') if request.path.endswith("211215") else None

    world = PollWorld(START, (TICKER, NEXT), trouble=trouble).run(10)
    assert len(world.of(IndexPrinted)) >= 9
    assert world.of(FeedLost) == []


def test_an_event_that_is_named_is_asked_for_by_that_name():
    subject = poller()
    subject.watch(TICKER, "KXBTC15M-OTHER")
    assert rest.live_data("KXBTC15M-OTHER") in subject.due(START)


def test_markets_of_other_series_are_not_followed():
    subject = poller()
    subject.watch("KXETH15M-26NOV211215-15")
    assert (subject.watched, subject.due(START), subject.wake_at(START)) == ((), (), None)


def test_more_books_than_one_request_takes_are_left_out():
    subject = poller()
    for place in range(120):
        subject.watch(f"KXBTC15M-{place}-15")
    (book,) = [request for request in subject.due(START) if kind_of(request) == "book"]
    assert len(book.query) == 100


def test_without_a_market_nothing_is_asked_and_late_answers_are_passed_over():
    subject = poller()
    subject.watch(TICKER)
    asked = subject.due(START)
    assert len(asked) == 3
    subject.unwatch(TICKER)
    subject.unwatch(TICKER)
    assert subject.due(START + SECOND) == ()
    assert subject.wake_at(START) is None
    for request in asked:
        assert subject.answered(request, 200, b"{", START) == ()
        assert subject.failed(request, "timeout", START) == ()


def test_a_market_let_go_while_its_answers_are_under_way_says_nothing_more():
    world = PollWorld(START, (TICKER, NEXT)).run(0.05)
    world.poller.unwatch(TICKER)
    world.run(0.1)
    assert {event.ticker for event in world.of(BookSnapshot, TradeSeen)} <= {NEXT}
    assert [event.ticker for event in world.of(BookSnapshot)] == [NEXT]


def test_an_answer_to_nothing_that_was_asked_is_passed_over():
    subject = poller()
    subject.watch(TICKER)
    (book, *_) = subject.due(START)
    stranger = rest.order_book(NEXT)
    assert subject.answered(stranger, 200, b"{}", START) == ()
    assert subject.answered(book, 500, b"", START) != ()
    assert subject.answered(book, 500, b"", START) == ()


# --- failures ---

REFUSED = {
    "429": ((429, b'{"error": "too many requests"}'), "429", (4, 8, 16, 32, 60, 60)),
    "503": ((503, b"<html>busy</html>"), "503", (4, 8, 16, 32, 60, 60)),
    "404": ((404, b'{"code":"not_found","message":"no"}'), "not_found", (1, 2, 4, 8, 15, 15)),
    "timeout": ("timed out", "unreachable", (1, 2, 4, 8, 15, 15)),
    "garbage": ((200, b"<html>log in here</html>"), None, (1, 2, 4, 8, 15, 15)),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_storm_is_met_with_growing_pauses_and_few_words(name):
    answer, code, ceilings = REFUSED[name]
    world = PollWorld(START, (TICKER,), trouble=lambda request, now: answer).run(300)
    for kind in KINDS:
        pauses = [(b - a - world.delay) / SECOND for a, b in pairwise(world.times(kind))]
        assert len(pauses) >= 5
        for pause, ceiling in zip(pauses, ceilings, strict=False):
            pace = 1.88 if kind == "trades" else 0.0
            assert max(ceiling / 2, pace) <= pause <= max(ceiling, pace)
    told = world.of(RequestRefused)
    expected = [] if code is None else [f"public {kind}" for kind in KINDS]
    assert sorted(each.request for each in told) == sorted(expected)
    assert {(each.feed, each.code, each.final) for each in told} <= {(POLL, code, False)}
    assert len(world.of(Malformed)) == (len(world.asked) if code is None else 0)
    (lost,) = world.of(FeedLost)
    assert lost.feed == POLL
    first = world.asked[0][0] + world.delay
    assert lost.at == first + 5 * SECOND
    assert world.of(FeedBack) == []
    assert world.turns < 4 * len(world.asked) + 10


def storm(first, last, answer, kinds=KINDS):
    def trouble(request, now):
        inside = ns(first) <= now - START < ns(last)
        return answer if inside and kind_of(request) in kinds else None

    return trouble


def test_after_a_storm_everything_is_as_before():
    world = PollWorld(START, (TICKER,), trouble=storm(20, 50, "timed out")).run(120)
    (back, lost, again) = world.of(FeedBack, FeedLost)
    assert [type(each) for each in (back, lost, again)] == [FeedBack, FeedLost, FeedBack]
    assert 5 * SECOND <= lost.at - START - 20 * SECOND < 6 * SECOND
    assert 50 * SECOND <= again.at - START < 70 * SECOND
    late = [at for at in world.times("book") if at >= START + 80 * SECOND]
    assert {b - a for a, b in pairwise(late)} == {SECOND}
    known = [second for loaded in world.of(IndexHistoryLoaded) for second, _ in loaded.prints]
    known += [event.at // SECOND for event in world.of(IndexPrinted)]
    assert sorted(known) == list(range(min(known), CLOSE - 300 + 120))
    trades = [trade.trade_id for trade in world.of(TradeSeen)]
    true = [trade.trade_id for trade in world.exchange.trades() if trade.ticker == TICKER]
    assert len(trades) == len(set(trades))
    assert trades == true[true.index(trades[0]) : true.index(trades[-1]) + 1]


def test_each_new_trouble_is_told_again():
    def trouble(request, now):
        return "reset" if now // (10 * SECOND) % 2 and kind_of(request) == "book" else None

    world = PollWorld(START, (TICKER,), trouble=trouble).run(60)
    assert len(world.of(RequestRefused)) == 3


def test_a_short_trouble_loses_no_feed():
    world = PollWorld(START, (TICKER,), trouble=storm(20, 22, (503, b""))).run(60)
    assert len(world.of(RequestRefused)) == 3
    assert len(world.of(FeedBack)) == 1
    gaps = [b - a for a, b in pairwise(world.times("book"))]
    assert max(gaps) <= 5 * SECOND


def test_one_kind_in_trouble_leaves_the_others_their_pace_and_names_itself():
    answer = (404, b'{"code":"not_found"}')
    world = PollWorld(START, (TICKER,), trouble=storm(10, 40, answer, ("chart",))).run(80)
    assert {b - a for a, b in pairwise(world.times("book"))} == {SECOND}
    back, lost, again = world.of(FeedBack, FeedLost)
    assert lost.reason.startswith("chart failed for 5")
    assert again.at >= START + 40 * SECOND > lost.at > back.at
    (told,) = world.of(RequestRefused)
    assert told.request == "public chart"


def test_what_a_refusal_says_is_bounded():
    subject = poller()
    subject.watch(TICKER)
    for request, report in zip(subject.due(START), (1, 2, 3), strict=True):
        if report == 1:
            (told,) = subject.answered(request, 500, b"x" * 10_000, START)
        else:
            (told,) = subject.failed(request, "y" * 10_000, START)
        assert len(told.message) <= 200


def test_an_answer_nobody_reports_on_counts_as_failed():
    subject = poller()
    subject.watch(TICKER)
    assert len(subject.due(START)) == 3
    assert subject.due(START + 29 * SECOND) == ()
    assert subject.wake_at(START + SECOND) == START + 30 * SECOND
    told = subject.tick(START + 30 * SECOND)
    assert [each.message for each in told] == ["no answer"] * 3
    assert subject.due(START + 30 * SECOND) == ()
    assert len(subject.due(START + 31 * SECOND)) == 3


def test_a_clock_that_is_set_back_stops_nothing():
    world = PollWorld(START, (TICKER, NEXT)).run(5.5)
    early = world.now - 3_600 * SECOND
    assert world.poller.wake_at(early) == early
    now, traded = early, []
    while len(traded) < 4:
        for request in world.poller.due(now):
            world.poller.answered(request, *read(world.exchange, request), now)
            if kind_of(request) == "trades":
                traded.append(dict(request.query)["ticker"])
        later = world.poller.wake_at(now)
        assert now <= later <= early + 5 * SECOND
        now = later
    assert sorted(traded) == [TICKER, TICKER, NEXT, NEXT]


# --- trades written by hand ---


def trades_body(*trades, cursor=""):
    """(id, seconds after START) of trades as the venue lists them, newest first."""
    listed = [
        {
            "trade_id": trade_id,
            "ticker": ticker,
            "count_fp": "1.00",
            "yes_price_dollars": "0.5600",
            "taker_outcome_side": "yes",
            "created_time": format_iso(START + round(after * SECOND)),
            "is_block_trade": False,
        }
        for trade_id, after, ticker in (
            each if len(each) == 3 else (*each, TICKER) for each in trades
        )
    ]
    return json.dumps({"trades": listed, "cursor": cursor}).encode()


class Tape:
    """The trades of one market, answered by hand every two seconds."""

    def __init__(self):
        self.poller = poller()
        self.poller.watch(TICKER)
        self.now = START

    def ask(self):
        (request,) = [each for each in self.poller.due(self.now) if kind_of(each) == "trades"]
        return request

    def said(self, *trades, body=None):
        """Ids told after this answer; the next ask comes two seconds later."""
        answer = trades_body(*trades) if body is None else body
        events = self.poller.answered(self.ask(), 200, answer, self.now)
        self.now += 2 * SECOND
        return [event.trade_id for event in events if isinstance(event, TradeSeen)]


def since(request):
    return int(dict(request.query)["min_ts"]) - START // SECOND


def test_trades_are_asked_for_from_the_newest_seen_and_a_little_before():
    tape = Tape()
    assert since(tape.ask()) == -2
    tape = Tape()
    tape.said(("b", 5.5), ("a", 4.5))
    assert since(tape.ask()) == -2  # stamps of the future are not believed
    tape = Tape()
    tape.now += 10 * SECOND
    tape.said(("b", 5.5), ("a", 4.5))
    assert since(tape.ask()) == 8
    tape = Tape()
    tape.said()
    tape.now += 20 * SECOND
    tape.said(("b", 15.5), ("a", 4.5))
    assert since(tape.ask()) == 13


def test_a_trade_published_late_is_told_late_and_once():
    tape = Tape()
    assert tape.said(("c", 0.9), ("a", 0.1)) == ["a", "c"]
    assert tape.said(("d", 1.5), ("c", 0.9), ("b", 0.5), ("a", 0.1)) == ["b", "d"]
    assert tape.said(("d", 1.5), ("c", 0.9), ("b", 0.5), ("a", 0.1)) == []


def test_a_trade_of_another_market_is_passed_over():
    assert Tape().said(("b", 1, NEXT), ("a", 0.5)) == ["a"]


def test_one_bad_trade_spoils_neither_the_others_nor_the_pace():
    tape = Tape()
    page = json.loads(trades_body(("b", 1), ("a", 0.5)))
    page["trades"][0]["count_fp"] = "-1"
    assert tape.said(body=json.dumps(page).encode()) == ["a"]
    page["trades"].pop()
    assert tape.said(body=json.dumps(page).encode()) == []
    assert tape.said(("b", 1)) == ["b"]


def test_only_so_many_trades_are_remembered():
    tape = Tape()
    first = [(f"{place:05d}", 0.5) for place in range(5_000)]
    assert len(tape.said(*first)) == 5_000
    market = tape.poller._watched[TICKER]
    assert len(market.ids) == 4_096
    assert tape.said(*first[:4_096]) == []


# --- mutilated answers ---


@cache
def good(kind):
    """A good answer of each kind, of three books' levels, trades or points."""
    exchange = PollWorld(START, ()).exchange
    exchange.advance(LATER)
    chart, books, trades = (
        json.loads(read(exchange, request)[1])
        for request in (
            rest.live_data(TICKER.rpartition("-")[0]),
            rest.order_books((TICKER, NEXT)),
            rest.trades(TICKER),
        )
    )
    del chart["live_data"]["details"]["timeseries"][:-3]
    del trades["trades"][3:]
    for book in books["orderbooks"]:
        for side in book["orderbook_fp"].values():
            del side[:-3]
    return json.dumps({"book": books, "trades": trades, "chart": chart}[kind]).encode()


LATER = START + 10 * SECOND


def survives(kind, body, status=200):
    """Nothing raises, only facts of the kind come, and a good answer is as good afterwards."""
    subject = poller()
    for ticker in (TICKER, NEXT):
        subject.watch(ticker)
    for request in subject.due(LATER):
        if kind_of(request) == kind:
            told = subject.answered(request, status, body, LATER)
            trouble = Malformed | RequestRefused | FeedBack
            assert all(isinstance(event, FACTS[kind] | trouble) for event in told)
            prints = [event.at for event in told if isinstance(event, IndexPrinted | IndexTicked)]
            assert prints == sorted(set(prints))
        else:
            subject.failed(request, "not of interest", LATER)
    later = subject.wake_at(LATER)
    while not (asked := [each for each in subject.due(later) if kind_of(each) == kind]):
        later += SECOND
        assert later < LATER + 90 * SECOND
    events = subject.answered(asked[0], 200, good(kind), later)
    assert not any(isinstance(event, Malformed | RequestRefused) for event in events)


@pytest.mark.parametrize("kind", KINDS)
def test_the_answers_that_are_mutilated_are_good_ones(kind):
    subject = poller()
    subject.watch(TICKER)
    subject.watch(NEXT)
    (request,) = [each for each in subject.due(LATER) if kind_of(each) == kind]
    back, *facts = subject.answered(request, 200, good(kind), LATER)
    assert isinstance(back, FeedBack)
    assert len(facts) == (2 if kind == "book" else 3)
    assert all(isinstance(fact, FACTS[kind]) for fact in facts)


@pytest.mark.parametrize("kind", KINDS)
def test_truncated_answers_never_raise(kind):
    for body in truncated([good(kind)]):
        survives(kind, body)


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_flipped_bytes_never_raise(kind, data):
    survives(kind, data.draw(flipped([good(kind)])))


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_wrong_types_never_raise(kind, data):
    survives(kind, data.draw(planted([good(kind)])))


@given(st.sampled_from(KINDS), st.integers(100, 599), st.binary(max_size=100))
def test_no_status_and_no_noise_raises(kind, status, noise):
    survives(kind, noise, status)
