"""Whatever is ordered, no micro-dollar appears or goes, and the desk and the book agree."""

from hypothesis import given, settings
from hypothesis import strategies as st

from kalshi_assistant.domain.orders import ASK, BID
from kalshi_assistant.domain.time import MINUTE
from kalshi_assistant.sim.market import ACCOUNT
from tests.support.trader import CLOSE, ORDERS, TICKER, Trader

PRICES = st.sampled_from([40, 1_000, 4_900, 5_000, 5_100, 9_000, 9_990])
SIZES = st.sampled_from(["0.01", "0.37", "1.00", "3.00", "25.00"])
SIDES = st.sampled_from(["bid", "ask"])
WAITS = st.sampled_from(["good_till_canceled", "immediate_or_cancel", "fill_or_kill"])
GIVES_WAY = st.sampled_from(["taker_at_cross", "maker"])
WHICH = st.integers(0, 5)

STEPS = st.one_of(
    st.tuples(st.just("order"), SIDES, PRICES, SIZES, WAITS, GIVES_WAY),
    st.tuples(st.just("reduce"), SIDES, PRICES, SIZES),
    st.tuples(st.just("stranger"), SIDES, PRICES, SIZES, st.booleans()),
    st.tuples(st.just("cancel"), WHICH),
    st.tuples(st.just("decrease"), WHICH, SIZES),
    st.tuples(st.just("amend"), WHICH, PRICES, SIZES),
    st.tuples(st.just("transfer"), st.booleans(), st.integers(1, 50_000)),
    st.tuples(st.just("netting"), st.booleans()),
    st.tuples(st.just("cancel_all")),
    st.tuples(st.just("later"), st.floats(0.1, 20)),
)


class World:
    """A trader and the steps he can take; ``check`` holds after each."""

    def __init__(self, netting):
        self.trader = Trader(crypto_dollars=40.0, default_dollars=5.0, netting=netting)
        self.exchange, self.desk = self.trader.exchange, self.trader.exchange.desk

    def step(self, name, *more):
        getattr(self, name)(*more)
        self.check()

    def order(self, side, price, size, waits, gives_way):
        more = {"time_in_force": waits, "self_trade_prevention_type": gives_way}
        assert self.trader.create(side, price, size, **more)[0] in (201, 400, 409)

    def reduce(self, side, price, size):
        before = abs(self.net())
        waits = "immediate_or_cancel"
        self.trader.create(side, price, size, time_in_force=waits, reduce_only=True)
        assert abs(self.net()) <= before

    def stranger(self, side, price, size, waits):
        quantity = int(size.replace(".", ""))
        in_force = "good_till_canceled" if waits else "immediate_or_cancel"
        way = BID if side == "bid" else ASK
        self.exchange.stranger(TICKER, way, price, quantity, in_force)
        self.trader.hear()

    def some(self, which):
        resting = self.desk.all_resting()
        return resting[which % len(resting)] if resting else None

    def cancel(self, which):
        order = self.some(which)
        if order is not None:
            assert self.trader.cancel(order.order_id)[0] == 200

    def decrease(self, which, size):
        order = self.some(which)
        if order is not None:
            assert self.trader.decrease(order.order_id, reduce_by=size)[0] == 200

    def amend(self, which, price, size):
        order = self.some(which)
        if order is not None:
            side = "bid" if order.side == BID else "ask"
            assert self.trader.amend(order.order_id, side, price, size)[0] in (200, 400)

    def transfer(self, forth, amount):
        shards = (0, 2) if forth else (2, 0)
        body = {
            "source": "event_contract",
            "destination": "event_contract",
            "amount": amount,
            "source_exchange_shard": shards[0],
            "destination_exchange_shard": shards[1],
        }
        path = "portfolio/intra_exchange_instance_transfer"
        assert self.trader.ask("POST", path, body)[0] in (200, 400)

    def netting(self, enabled):
        body = {"subaccount_number": 0, "enabled": enabled}
        self.trader.ask("PUT", "portfolio/subaccounts/netting", body)

    def cancel_all(self):
        self.trader.ask("DELETE", ORDERS)
        assert self.desk.all_resting() == []

    def later(self, seconds):
        self.trader.hear(min(self.exchange.now() + int(seconds * 1e9), CLOSE - MINUTE))

    def net(self):
        held = self.desk.account.holding(0, TICKER)
        return 0 if held is None else held.yes - held.no

    def check(self):
        now, account = self.exchange.now(), self.desk.account
        assert account.balanced()
        fills = self.desk.records.fills(now)
        signed = sum(each.quantity if each.side == BID else -each.quantity for each in fills)
        assert signed == self.net()
        # Rounding alone may take what no order was asked for: under a step a fill.
        assert account.cash(0, 2) > -100 * (len(fills) + 1)
        matcher = self.exchange.market(TICKER).trading.matcher
        there = {number: matcher.left(number) for number in matcher.orders_of(ACCOUNT)}
        assert there == {each.number: each.remaining for each in self.desk.all_resting()}
        for each in self.desk.all_resting():
            assert each.filled + each.remaining == each.quantity
        trades = [each.trade_id for each in fills]
        assert len(set(trades)) == len(trades)


@settings(max_examples=40, deadline=None)
@given(netting=st.booleans(), steps=st.lists(STEPS, max_size=25))
def test_money_is_conserved_and_desk_and_book_agree(netting, steps):
    world = World(netting)
    for step in steps:
        world.step(*step)
    world.trader.hear(CLOSE + MINUTE)
    account, now = world.desk.account, world.exchange.now()
    assert account.balanced()
    assert world.desk.all_resting() == []
    assert account.holding(0, TICKER) is None
    paid = sum(each.fee for each in world.desk.records.fills(now))
    positions = world.desk.records.positions(now)
    made = sum(each.realized for each in positions)
    assert sum(account.cash(0, shard) for shard in (0, 2)) == 45_000_000 + made - paid
