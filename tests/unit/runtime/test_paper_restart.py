"""Paper over a restart: each assumption goes on with what it held and had earned."""

from collections import deque
from contextlib import closing

import pytest
from msgspec.structs import replace

from kalshi_assistant.domain.entries import PolicyFillKept, PolicySettlementKept
from kalshi_assistant.domain.events import OperatorCleared, OperatorFlattened, TradeSeen
from kalshi_assistant.domain.intents import Approved, Cancel, Inquire, Keep, LookUp, Submit
from kalshi_assistant.domain.orders import ASK, BID, Order
from kalshi_assistant.domain.time import MILLISECOND, SECOND
from kalshi_assistant.engine.engine import Engine
from kalshi_assistant.engine.settings import EngineSettings, PaperSettings
from kalshi_assistant.runtime.paper_desk import PaperDesk
from kalshi_assistant.runtime.store import Store
from kalshi_assistant.runtime.store_schema import STEPS
from kalshi_assistant.sim.queueing import POLICIES
from tests.support import build
from tests.support.build import CLOSE, OPEN, STRIKE, TICKER, ns
from tests.support.trading import CASH
from tests.support.trading_desk import QUIET

AT = OPEN + 60
SETTINGS = EngineSettings(
    mode="paper",
    signal=QUIET,
    paper=PaperSettings(latency_milliseconds=100, latency_spread=0.0, cash_dollars=CASH / 1e6),
)


class World:
    """Engine, paper desk and ledger file of one process after another."""

    def __init__(self, path):
        self.path, self.now, self.orders, self.asked = path, ns(AT), 1_000, []
        self.lease = ns(AT)
        """By the lease's own clock, which no script moves."""
        self.begin()

    def begin(self):
        """A process starts: what the file remembers, then what the venue says of the market."""
        self.store = Store.open(self.path)
        self.store.start(CASH)
        self.epoch = self.store.claim("test", self.lease).epoch
        self.engine, self.waiting = Engine(SETTINGS), deque()
        self.desk = PaperDesk(
            self.engine, SETTINGS.paper, self.waiting.extend, lambda: self.now, seed=1
        )
        at = self.now / SECOND
        restored = self.store.restored(self.epoch, self.lease)
        restored = replace(restored, at=self.now, received_at=self.now)
        self.see(restored, build.armed(at), build.listed(at), build.timer(at), build.book(at))

    def restart(self):
        """As by ``kill -9``, and ten seconds until somebody starts it again."""
        self.store.close()
        self.now += 10 * SECOND
        self.lease += 10 * SECOND
        self.begin()

    def see(self, *events):
        """Handle events and all that follows from them, kept before anything else is done."""
        self.waiting.extend(events)
        while self.waiting:
            event = self.waiting.popleft()
            intents = self.engine.handle(event)
            self.asked += intents
            entries = [each.entry for each in intents if isinstance(each, Keep)]
            orders = [each.order.what for each in intents if isinstance(each, Submit)]
            self.store.keep(self.epoch, entries, orders, self.lease)
            self.desk.see(event)
            self.perform([] if orders and self.dies else intents)

    dies = False
    """Between an order that is durable and the sending of it."""

    def perform(self, intents):
        for each in intents:
            match each:
                case Submit():
                    self.desk.submit(each.order)
                case Cancel():
                    self.desk.cancel(each)
                case LookUp():
                    self.desk.look_up(each)

    def arrive(self):
        self.now += 100 * MILLISECOND
        self.desk.arrivals(self.now)
        self.see()

    def send(self, side, limit, quantity, **terms):
        self.orders += 1
        name = f"{self.store.namespace}-{self.epoch}-{self.orders}"
        order = Order(name, TICKER, side, limit, quantity, self.now, **terms)
        self.engine._state.orders.submit(order, self.now)
        self.store.keep(self.epoch, (), (order,), self.lease)
        self.desk.submit(Approved(order, self.now + 250 * MILLISECOND))
        self.arrive()
        return order

    @property
    def held(self):
        return {name: self.desk.shadow.holdings.position(name, TICKER) for name in POLICIES}

    @property
    def profits(self):
        desk = self.engine._state.desk
        return {"realistic": self.engine.ledger.realized, **desk.policy_profit}

    @property
    def cash(self):
        desk = self.engine._state.desk
        accounts = {name: ledger.cash for name, ledger in desk.policies.items()}
        return {"realistic": self.engine.ledger.cash, **accounts}


def takes(world):
    """Conservative finds half of what the others find."""
    world.see(build.book(world.now / SECOND, asks=((5_600, 700),)))
    world.send(BID, 5_700, 1_000)


def rests(world):
    """Traded at its price, behind others: only optimistic has any of it."""
    at = world.now / SECOND
    world.see(build.book(at, bids=((5_400, 50_000),)))
    order = world.send(BID, 5_400, 400, time_in_force="good_till_canceled")
    world.see(TradeSeen(world.now, world.now, TICKER, "t-1", 5_400, 200, "no", False))
    world.resting = order


def takes_out(world):
    order = world.resting
    world.desk.cancel(Cancel(order.id, order.id, TICKER, 0, "enough"))
    world.arrive()


def closes(world):
    """Each sells of what it holds; one has less than is sold."""
    world.see(build.book(world.now / SECOND, bids=((6_000, 5_000),), asks=((6_200, 5_000),)))
    exit_terms = {"purpose": "exit", "reduce_only": True}
    world.send(ASK, 5_900, 500, **exit_terms)


def settles(world):
    world.now = max(world.now, ns(CLOSE + 9))
    at = world.now / SECOND
    world.see(build.determined(at, "yes"), build.published(at, STRIKE + 10, "yes"))


DAY = (takes, rests, takes_out, closes, settles)


def lived(path, cuts=()):
    """The whole script; a restart before each of the steps in ``cuts``."""
    world = World(path)
    for number, step in enumerate(DAY):
        if number in cuts:
            before = world.held, world.cash
            world.restart()
            assert (world.held, world.cash) == before
        step(world)
    if len(DAY) in cuts:
        world.restart()
    return world


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    world = lived(tmp_path_factory.mktemp("whole") / "ledger.sqlite")
    world.store.close()
    return world


def test_the_three_do_not_hold_the_same(uninterrupted):
    assert len(set(uninterrupted.profits.values())) == 3
    assert all(profit for profit in uninterrupted.profits.values())
    assert set(uninterrupted.held.values()) == {0}


@pytest.mark.parametrize("cuts", [*([each] for each in range(1, 6)), [1, 2, 3, 4, 5]])
def test_whenever_it_is_killed_each_assumption_earns_what_it_would_have(
    tmp_path, uninterrupted, cuts
):
    world = lived(tmp_path / "ledger.sqlite", cuts)
    assert world.profits == uninterrupted.profits
    assert world.cash == uninterrupted.cash
    assert world.held == uninterrupted.held
    world.store.close()


def test_a_market_that_only_another_assumption_traded_is_paid_out_after_a_restart(tmp_path):
    world = World(tmp_path / "ledger.sqlite")
    rests(world)
    world.restart()
    assert world.held == {"optimistic": 200, "realistic": 0, "conservative": 0}
    assert Inquire("market", TICKER) in world.asked
    settles(world)
    assert world.profits["optimistic"] > 0
    world.restart()
    assert world.profits["optimistic"] > 0
    assert world.held["optimistic"] == 0
    world.store.close()


def flatten(world, reason="fire"):
    world.see(OperatorFlattened(world.now, world.now, reason))


def tend(world, seconds):
    for _ in range(seconds):
        world.now = (world.now // SECOND + 1) * SECOND
        world.see(build.timer(world.now // SECOND))
        world.desk.arrivals(world.now)
        world.see()


@pytest.mark.parametrize("dies", [False, True])
def test_closing_everything_outlives_a_kill_and_ends_when_nothing_is_held(tmp_path, dies):
    """Killed while the order is on its way, or between durable and sent."""
    world = World(tmp_path / "ledger.sqlite")
    takes(world)
    assert world.held["realistic"] == 700
    world.dies = dies
    flatten(world)
    world.dies = False
    world.restart()
    assert world.held["realistic"] == 700
    tend(world, 10)
    assert world.held["realistic"] == 0
    assert [each.breaker for each in world.store.halts()] == ["flatten"]
    world.restart()
    tend(world, 3)
    assert world.engine._state.desk.flattening is None
    assert [each.breaker for each in world.store.halts()] == ["flatten"]
    world.store.close()


def test_a_wish_taken_back_is_taken_back_over_a_kill(tmp_path):
    world = World(tmp_path / "ledger.sqlite")
    takes(world)
    world.dies = True
    flatten(world)
    world.see(OperatorCleared(world.now, world.now, "a mistake"))
    world.dies = False
    world.restart()
    tend(world, 5)
    assert world.held["realistic"] == 700
    assert world.store.halts() == ()
    world.store.close()


def test_an_account_begun_anew_has_no_past_under_any_assumption(tmp_path):
    world = lived(tmp_path / "ledger.sqlite")
    world.store.release(world.epoch, clean=True)
    world.store.reset_paper(CASH, world.lease)
    world.restart()
    assert world.profits == {"realistic": 0}
    assert set(world.cash.values()) == {CASH}
    world.store.close()


def test_a_file_of_the_version_before_keeps_what_is_held_and_what_was_earned(tmp_path):
    """It wrote fills, and payouts in one place alone."""
    world = lived(tmp_path / "ledger.sqlite")
    earned = dict(world.profits)
    kept = [each.entry for each in world.asked if isinstance(each, Keep)]
    fill = next(each for each in kept if isinstance(each, PolicyFillKept))
    assert any(isinstance(each, PolicySettlementKept) for each in kept)
    now = world.lease + 10 * SECOND
    with world.store._writing():
        execute = world.store._connection.execute
        for table in ("policy_settlements", "order_groups", "evidence"):
            execute(f"DROP TABLE {table}")
        execute("PRAGMA user_version = 2")
    world.store.close()
    with closing(Store.open(world.path)) as store:
        epoch = store.claim("new", now).epoch
        standing = store.restored(epoch, now).standing
        told = {each.policy: each for each in standing.policies}
        assert {name: each.profit for name, each in told.items()} == {
            name: earned[name] for name in told
        }
        assert all(each.holdings == () for each in told.values())
        store.keep(epoch, [replace(fill, ticker="U", trade_id="new")], (), now)
        standing = store.restored(epoch, now).standing
        [held] = next(each for each in standing.policies if each.policy == fill.policy).holdings
        assert (held.ticker, held.quantity) == ("U", fill.quantity)
    assert len(STEPS) >= 3
