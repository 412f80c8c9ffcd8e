"""The account among the exchange's own traders: one book, one tape, the same on every run."""

import json

import msgspec
import pytest

from kalshi_assistant.domain.events import BookDelta, BookSnapshot, TradeSeen
from kalshi_assistant.domain.time import MILLISECOND, SECOND, parse_iso
from kalshi_assistant.sim import writes
from kalshi_assistant.sim.exchange import Exchange, ExchangeSettings
from kalshi_assistant.sim.private import FillTold, OrderTold, OwnDelta
from tests.support.trader import ORDERS, START, TICKER, Trader

THURSDAY_REST = parse_iso("2026-11-19T08:00:00Z")
BUSY = 60


def busy(seed):
    """A minute in which an order is placed at, in or through the market every second."""
    trader = Trader(seed=seed, hushed=False)
    exchange, events = trader.exchange, []
    start = exchange.book(TICKER)
    for turn in range(BUSY):
        book = exchange.book(TICKER)
        if not (book.bids and book.asks):
            break
        side = "bid" if turn % 3 else "ask"
        own, other = (book.bids, book.asks) if side == "bid" else (book.asks, book.bids)
        price = (own if turn % 2 else other)[0][0]
        body = trader.body(side, price, 5 + turn)
        now = START + turn * SECOND + turn * 7 * MILLISECOND
        writes.answer(exchange, "POST", ORDERS, {}, json.dumps(body).encode(), now)
        events += exchange.advance(now + SECOND // 2)
        assert exchange.desk.account.balanced()
    return exchange, start, events


@pytest.fixture(scope="module")
def minute():
    return busy(3)


def test_the_deltas_are_the_book_whoever_caused_them(minute):
    exchange, start, events = minute
    sides = (dict(start.bids), dict(start.asks))
    for event in events:
        assert not isinstance(event, BookSnapshot)
        if isinstance(event, BookDelta) and event.ticker == TICKER:
            side = sides[event.side]
            side[event.price] = side.get(event.price, 0) + event.change
            assert side[event.price] >= 0
    book = exchange.book(TICKER)
    assert {price: size for price, size in sides[0].items() if size} == dict(book.bids)
    assert {price: size for price, size in sides[1].items() if size} == dict(book.asks)
    assert max(dict(book.bids)) < min(dict(book.asks))


def test_traders_fill_the_account_and_it_fills_them(minute):
    _, _, events = minute
    fills = [each.fill for each in events if isinstance(each, FillTold)]
    assert {each.is_taker for each in fills} == {True, False}
    tape = {each.trade_id: each for each in events if isinstance(each, TradeSeen)}
    for each in fills:
        trade = tape[each.trade_id]
        assert (trade.price, trade.quantity, trade.at) == (each.price, each.quantity, each.at)
    mine = {each.client_order_id for each in events if isinstance(each, OwnDelta)}
    told = {each.order.client_order_id for each in events if isinstance(each, OrderTold)}
    assert {each.client_order_id for each in fills} <= mine <= told


def test_events_stay_in_order(minute):
    stamps = [each.at for each in minute[2]]
    assert stamps == sorted(stamps)


def test_the_same_orders_give_the_same_events(minute):
    again = busy(3)[2]
    assert [msgspec.msgpack.encode(each) for each in again] == [
        msgspec.msgpack.encode(each) for each in minute[2]
    ]


def test_nobody_trades_in_the_weekly_rest():
    settings = ExchangeSettings(maintenance=True)
    exchange = Exchange(settings, 1, THURSDAY_REST + 60 * SECOND)
    (market,) = (each for each in exchange.markets() if each.status == "active")
    trader = Trader()
    body = trader.body("bid", "0.0010", 1, ticker=market.contract.ticker)
    answer = writes.answer(exchange, "POST", ORDERS, {}, json.dumps(body).encode(), exchange.now())
    assert answer[0] == 409
    assert json.loads(answer[1])["error"]["code"] == "trading_is_paused"


def test_an_account_that_does_nothing_is_not_there():
    quiet, watched = (Exchange(ExchangeSettings(), 5, START) for _ in range(2))
    until = START + 20 * SECOND
    for path in ("portfolio/balance", "portfolio/orders", "portfolio/positions"):
        writes.answer(watched, "GET", path, {}, b"", until)
    writes.answer(watched, "DELETE", f"{ORDERS}/none", {"exchange_index": ["2"]}, b"", until)
    assert watched.advance(until) == quiet.advance(until)
