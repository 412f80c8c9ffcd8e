"""Our backtest beside hftbacktest and nautilus_trader on the same recorded deltas, in one run.

Needs the extra ``bench`` in an environment of its own (hftbacktest wants an older numpy than ours)
and the recordings beside the repository; run with ``pytest tests/bench/test_bench_backtest.py -s``.

What each does for a delta:

- *ours, event by event*: ``Engine.handle`` of a typed event: level, number, both net edges at size
  with fees, the chain of vetoes, crossings, counters and feed statistics; timers and index as live.
- *nautilus_trader*: its ``BacktestEngine`` with an L2 venue: matching book, cache, message bus, and
  a strategy whose ``on_order_book_deltas`` counts.
- *ours, batch*: the same kernel step over rows of deltas and prints, and in the same compiled loop
  a maker on both sides who re-quotes every 100 ms, has a place in the queue and is filled.
- *hftbacktest*: its vector depth, such a maker, constant latency, its risk-averse queue.
"""

import time
from importlib.metadata import version

import numpy as np
import pytest
from numba import njit

from kalshi_assistant.domain.events import BookDelta
from kalshi_assistant.engine.engine import Engine
from kalshi_assistant.engine.settings import EngineSettings
from kalshi_assistant.journal.tape import Stretch, parts
from kalshi_assistant.quant.batch import S_UNTIL, STEADY_SLOTS, follow
from kalshi_assistant.quant.kernel import step
from kalshi_assistant.quant.layout import (
    CROSSED_NO,
    CROSSED_YES,
    DELTA,
    FULL_PRICE,
    M_ASK,
    M_BID,
    M_COST_YES,
    M_FEE_YES,
    M_FIRED,
    M_NUMBERS,
    SIDE,
)
from kalshi_assistant.runtime.backtest import Backtest, Latency
from kalshi_assistant.strategy.gap import GapSettings
from kalshi_assistant.strategy.signals import SignalSettings
from tests.support import bench_recordings
from tests.support.recordings import data

pytestmark = pytest.mark.timeout(3_000)  # a busy machine takes its time
ROUNDS = 5
VENUE = "KALSHI"
QUOTE_EVERY = 100_000_000
LATENCY = 50_000_000
SETTINGS = EngineSettings(signal=SignalSettings(gap=GapSettings(believe="model")))
FILES = (
    *("26MAY131145-45__1", "26MAY131145-45__2", "26MAY131200-00__1", "26MAY131230-30__1"),
    *("26MAY131245-45__1", "26MAY131300-00__1", "26MAY131330-30__1", "26MAY131330-30__2"),
    *("26MAY131345-45__2", "26MAY131400-00__2", "26MAY131415-15__1", "26MAY131430-30__2"),
    *("26MAY131645-45__1", "26MAY131745-45__1", "26MAY131815-15__1", "26MAY131845-45__1"),
)
"""Every recording of 20,000 deltas and more in which the index is known."""


@pytest.fixture(scope="module")
def recorded():
    """Events in order, and the markets that have a number."""
    files = [data(f"frames/KXBTC15M-{name}.jsonl.gz") for name in FILES]
    index = data("panels/2026-05-coinbase/index.csv.gz")
    markets = data("panels/2026-05-coinbase/markets.csv.gz")
    events, material = bench_recordings.events_of(files, index, markets)
    found = bench_recordings.with_numbers(events, SETTINGS)
    assert found
    return events, found, material


def best(one_round, rounds=ROUNDS):
    """The least seconds of CPU; what a busy machine adds is left out as far as that goes."""
    costs = []
    for _ in range(rounds):
        begun = time.process_time()
        one_round()
        costs.append(time.process_time() - begun)
    return min(costs)


def say(what, count, seconds):
    print(f"\n{what}: {count / seconds:,.0f} deltas a second, {seconds / count * 1e9:.0f} ns each")  # noqa: T201 - the figure is the point
    return count / seconds


# --- event by event ---


def ours_event_by_event(events, settings):
    deltas = sum(type(each) is BookDelta for each in events)

    def one_round():
        engine = Engine(settings)
        for event in events:
            engine.handle(event)

    seconds = best(one_round, 3)
    return deltas, seconds


def whole_backtest(events, batch):
    def one_round():
        life = Backtest(SETTINGS, Latency("100 ms", 100), 0)
        if not batch:
            life.see_all(events)
            return
        for part in gathered:
            if isinstance(part, Stretch):
                row = part.first
                while row < part.last:
                    row = life.see_rows(part.deltas, row, part.last, 2**62)
            else:
                life.see(part)

    gathered = list(parts(iter(events)))
    return best(one_round, 1)


def counting():
    """A strategy that hears every delta and counts it."""
    from nautilus_trader.trading.strategy import Strategy

    class Counting(Strategy):
        def __init__(self, instruments):
            super().__init__()
            self.instruments, self.heard = instruments, 0

        def on_start(self):
            for each in self.instruments:
                self.subscribe_order_book_deltas(each)

        def on_order_book_deltas(self, deltas):
            self.heard += 1

    return Counting


def their_instrument(market):
    from nautilus_trader.model.currencies import USD
    from nautilus_trader.model.enums import AssetClass
    from nautilus_trader.model.identifiers import InstrumentId, Symbol, Venue
    from nautilus_trader.model.instruments import BinaryOption
    from nautilus_trader.model.objects import Price, Quantity

    symbol, tick, lot = Symbol(market.name), Price.from_str("0.0001"), Quantity.from_str("0.01")
    name = InstrumentId(symbol, Venue(VENUE))
    kind = AssetClass.CRYPTOCURRENCY
    return BinaryOption(name, symbol, kind, USD, 4, 2, tick, lot, 0, 2**62, 0, 0)


def their_deltas(market, instrument):
    """The snapshot and every delta as the new content of its level."""
    from nautilus_trader.model.data import BookOrder, OrderBookDelta
    from nautilus_trader.model.enums import BookAction, OrderSide
    from nautilus_trader.model.objects import Price, Quantity

    sides, at = (OrderSide.BUY, OrderSide.SELL), market.snapshot.received_at
    changes = [(0, *each, at) for each in market.snapshot.bids]
    changes += [(1, *each, at) for each in market.snapshot.asks]
    changes += [
        (each.side, each.price, size, each.received_at)
        for each, size in zip(market.deltas, market.contents, strict=True)
    ]
    for side, price, size, stamp in changes:
        order = BookOrder(sides[side], Price(price / 10_000, 4), Quantity(size / 100, 2), price)
        action = BookAction.UPDATE if size else BookAction.DELETE
        yield OrderBookDelta(instrument.id, action, order, 0, 0, stamp, stamp)


def nautilus(markets):
    """How many deltas, and the seconds its engine takes for them, without making them."""
    pytest.importorskip("nautilus_trader", reason="needs the extra bench")
    from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
    from nautilus_trader.config import LoggingConfig
    from nautilus_trader.model.currencies import USD
    from nautilus_trader.model.enums import AccountType, BookType, OmsType
    from nautilus_trader.model.identifiers import Venue
    from nautilus_trader.model.objects import Money

    instruments = [their_instrument(market) for market in markets]
    made = [
        delta
        for market, instrument in zip(markets, instruments, strict=True)
        for delta in their_deltas(market, instrument)
    ]
    made.sort(key=lambda each: each.ts_init)
    strategy_of = counting()

    def seconds():
        logging = LoggingConfig(bypass_logging=True)
        engine = BacktestEngine(BacktestEngineConfig(logging=logging, run_analysis=False))
        engine.add_venue(
            Venue(VENUE),
            OmsType.NETTING,
            AccountType.CASH,
            [Money(1_000, USD)],
            base_currency=USD,
            book_type=BookType.L2_MBP,
        )
        for each in instruments:
            engine.add_instrument(each)
        strategy = strategy_of([each.id for each in instruments])
        engine.add_strategy(strategy)
        engine.add_data(made, sort=False)
        begun = time.process_time()
        engine.run()
        spent = time.process_time() - begun
        assert strategy.heard == len(made)
        engine.dispose()
        return spent

    return len(made), min(seconds() for _ in range(3))


def test_event_by_event_is_no_slower_than_nautilus(recorded):
    events, markets, _ = recorded
    theirs = say(f"nautilus_trader {version('nautilus_trader')}", *nautilus(markets))
    deltas, seconds = ours_event_by_event(events, SETTINGS)
    ours = say("ours, event by event: Engine.handle, timers and index included", deltas, seconds)
    for batch, how in ((False, "event by event"), (True, "in stretches")):
        say(f"ours, a whole backtest {how}", deltas, whole_backtest(events, batch))
    print(f"ours / nautilus_trader: {ours / theirs:.2f}")  # noqa: T201 - the figure is the point
    assert ours >= theirs


# --- whole arrays ---


@njit
def filled(market, mine, told):
    """Whether the other side came to a price of ours; ``mine``: bid, ask, what is before each."""
    if mine[0] > 0 and market[M_ASK] <= mine[0]:
        told[0], told[1], told[2], mine[0] = told[0] + 100, told[1] - 100 * mine[0], told[2] + 1, 0
    if 0 < mine[1] < FULL_PRICE and market[M_BID] >= mine[1]:
        told[0], told[1], told[2], mine[1] = told[0] - 100, told[1] + 100 * mine[1], told[2] + 1, 0


@njit
def arrive(market, mine, bid, ask, always):
    """New quotes stand behind what rests at their price; those that stay keep their place."""
    if always or bid != mine[0]:
        mine[0], mine[2] = bid, market[bid]
    if always or ask != mine[1]:
        mine[1], mine[3] = ask, market[SIDE + ask]


@njit
def quoting(market, index, real, rows, every, latency, always, told):
    """Every row through the kernel, and a maker of one contract on both sides of the touch.

    An order arrives ``latency`` after it was decided and stands behind what rests there; it is
    filled when the other side comes to its price. Crossings are bought at size as well.
    """
    due, arrives, bid, ask = 0, 0, 0, 0
    mine, steady = np.zeros(4, np.int64), np.zeros(STEADY_SLOTS, np.int64)
    for row in range(rows.shape[0]):
        kind, side, price, now = rows[row, 0], rows[row, 1], rows[row, 2], rows[row, 4]
        if kind == DELTA:
            bits = follow(market, index, real, side, price, rows[row, 3], now, steady)
        else:
            bits, steady[S_UNTIL] = (
                step(market, index, real, kind, side, price, rows[row, 3], now),
                0,
            )
        if bits & (CROSSED_YES | CROSSED_NO):
            outcome = 0 if bits & CROSSED_YES else 1
            market[M_FIRED] |= 1 << outcome
            told[1] -= market[M_COST_YES + outcome] + market[M_FEE_YES + outcome]
            told[3] += 1
            steady[S_UNTIL] = 0
        if arrives and now >= arrives:
            arrives = 0
            arrive(market, mine, bid, ask, always)
        if kind == DELTA and price == mine[side]:
            mine[2 + side] = min(mine[2 + side], market[side * SIDE + price])
        filled(market, mine, told)
        if now >= due:
            due, arrives = now + every, now + latency
            bid, ask = market[M_BID], market[M_ASK]


def ours_in_batch(markets, always):
    told, numbers = np.zeros(8, np.int64), 0

    def one_round():
        nonlocal numbers
        spent = 0.0
        for market in markets:
            arrays = [each.copy() for each in market.arrays]
            begun = time.process_time()
            quoting(*arrays, market.rows, QUOTE_EVERY, LATENCY, always, told)
            spent += time.process_time() - begun
            numbers += int(arrays[0][M_NUMBERS] - market.arrays[0][M_NUMBERS])
        return spent

    one_round()
    numbers = 0
    rounds = [one_round() for _ in range(4 * ROUNDS)]
    return min(rounds), numbers / len(rounds)


def their_maker(hbt):
    """A maker of one contract on both sides of the touch, as its examples write them."""
    gtx, limit = hbt.GTX, hbt.LIMIT

    @njit
    def keep(backtest, order, at, best, always):
        """The order if it still stands at the best price, else 0 once it is cancelled."""
        orders = backtest.orders(0)
        if order != 0 and at == best and order in orders and not always:
            return order
        if order != 0 and order in orders and orders.get(order).cancellable:
            backtest.cancel(0, order, False)
        return 0

    @njit
    def maker(backtest, every, always):
        number, bid, ask, bid_at, ask_at = 1, 0, 0, 0.0, 0.0
        while backtest.elapse(every) == 0:
            backtest.clear_inactive_orders(0)
            depth = backtest.depth(0)
            best_bid, best_ask = depth.best_bid, depth.best_ask
            if not (best_bid > 0.0 and best_ask < 1.0):
                continue
            bid = keep(backtest, bid, bid_at, best_bid, always)
            ask = keep(backtest, ask, ask_at, best_ask, always)
            if bid == 0:
                bid, bid_at, number = number, best_bid, number + 1
                backtest.submit_buy_order(0, bid, best_bid, 1.0, gtx, limit, False)
            if ask == 0:
                ask, ask_at, number = number, best_ask, number + 1
                backtest.submit_sell_order(0, ask, best_ask, 1.0, gtx, limit, False)
        return number

    return maker


def their_rows(hbt, market):
    """The snapshot and every delta as the new content of its level."""
    both = hbt.EXCH_EVENT | hbt.LOCAL_EVENT | hbt.DEPTH_EVENT
    ways = (both | hbt.BUY_EVENT, both | hbt.SELL_EVENT)
    at = market.snapshot.received_at
    rows = [(ways[0], at, *each) for each in market.snapshot.bids]
    rows += [(ways[1], at, *each) for each in market.snapshot.asks]
    rows += [
        (ways[each.side], each.received_at, each.price, size)
        for each, size in zip(market.deltas, market.contents, strict=True)
    ]
    made = np.zeros(len(rows), hbt.event_dtype)
    made["ev"] = [row[0] for row in rows]
    made["exch_ts"] = made["local_ts"] = [row[1] for row in rows]
    made["px"] = [row[2] / 10_000 for row in rows]
    made["qty"] = [row[3] / 100 for row in rows]
    return made


def hft(markets, always):
    """Seconds its maker takes for all deltas, without making them. ``always``: it quotes anew each
    time, else only where the best price has moved.
    """
    hbt = pytest.importorskip("hftbacktest", reason="needs the extra bench")
    maker = their_maker(hbt)

    def run(rows):
        subject = (
            hbt.BacktestAsset()
            .data([rows])
            .linear_asset(1.0)
            .constant_order_latency(LATENCY, LATENCY)
            .risk_adverse_queue_model()
            .no_partial_fill_exchange()
            .trading_value_fee_model(0.0, 0.0)
            .tick_size(0.001)
            .lot_size(0.01)
            .roi_lb(0.0)
            .roi_ub(1.0)
            .last_trades_capacity(0)
        )
        backtest = hbt.ROIVectorMarketDepthBacktest([subject])
        begun = time.process_time()
        sent = maker(backtest, QUOTE_EVERY, always)
        spent = time.process_time() - begun
        backtest.close()
        return spent, sent

    made = [their_rows(hbt, market) for market in markets]
    run(made[0])
    rounds = [[run(each) for each in made] for _ in range(2 * ROUNDS)]
    assert sum(sent for _, sent in rounds[0]) > 100
    return min(sum(spent for spent, _ in each) for each in rounds)


@pytest.mark.parametrize(
    ("always", "wanted"),
    [(True, 2.0), (False, 1.2)],
    ids=["quotes anew every 100 ms", "quotes anew where the touch moved"],
)
def test_the_batch_kernel_is_faster_than_hftbacktest(recorded, always, wanted):
    """Twice as fast where the maker quotes anew each time. One that leaves its quotes where the
    touch stays asks less of hftbacktest: there 1.6 was measured, and twice is not reached.
    """
    _, markets, _ = recorded
    deltas = sum(len(market.deltas) for market in markets)
    name = f"hftbacktest {version('hftbacktest')}, two-sided maker"
    theirs = say(name, deltas, hft(markets, always))
    seconds, numbers = ours_in_batch(markets, always)
    ours = say("ours, batch kernel: number, edges, maker's fills", deltas, seconds)
    share = numbers / sum(len(market.rows) for market in markets)
    print(f"rows with a number: {share:.0%}, ours / hftbacktest: {ours / theirs:.2f}")  # noqa: T201 - the figure is the point
    assert ours >= wanted * theirs
