"""No sequence of events makes an order leave that the limits forbid.

The machine trades two windows at a time through the real gate. Beside it stands an account as plain
as can be: cash, contracts, and what each window has paid and received. Its promises are kept at
every step, whatever fills, fails, settles or is halted: no window and no day ends below its limit.
"""

from itertools import product

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from kalshi_assistant.domain.intents import Approved
from kalshi_assistant.domain.orders import ASK, BID, Order
from kalshi_assistant.domain.time import MILLISECOND, MINUTE, SECOND
from kalshi_assistant.market.fees import OrderFees
from kalshi_assistant.risk.breakers import Breakers
from kalshi_assistant.risk.exposure import exposure, leaving, pending, reserved
from kalshi_assistant.risk.gate import approve, too_late
from kalshi_assistant.risk.limits import Look, RiskSettings
from tests.support.risk import BROKER, DIRECT, NOON, cut, may_leave

DOLLAR = 1_000_000
RISK = RiskSettings(
    max_order_dollars=4,
    max_window_dollars=6,
    max_open_dollars=7,
    max_day_loss_dollars=8,
    max_drawdown_percent=90,
    min_cash_dollars=5,
    max_orders_per_minute=8,
    max_rejects_per_minute=1,
    collar_cents=5,
    canary_windows=1,
    canary_share=0.5,
)
QUANTITY_MAX = 5_000
MARKETS = ("A", "B")
SIDES = st.sampled_from([BID, ASK])
PRICES = st.sampled_from([5_000, 2_500, 7_500, 1, 9_999])


class Window:
    """One market in plain words: contracts held, and cash paid and received."""

    def __init__(self):
        self.held = 0
        self.cost = 0
        self.flow = 0
        """Everything received less everything paid, fees included."""
        self.orders = []

    def buy(self, side, price, quantity, fee):
        """YES for a bid, NO for an ask; opposite contracts make pairs that pay a dollar."""
        signed = quantity if side == BID else -quantity
        pairs = min(quantity, abs(self.held)) if signed * self.held < 0 else 0
        if pairs:
            self.cost -= self.cost * pairs // abs(self.held)
        self.cost += price * (quantity - pairs)
        self.held += signed
        self.flow += 10_000 * pairs - price * quantity - fee

    @property
    def realized(self):
        return self.flow + self.cost

    def worst(self):
        """The least this window can still end with, over all subsets and both outcomes."""
        ends = []
        for chosen, yes in product(product((0, 1), repeat=len(self.orders)), (True, False)):
            held, flow = self.held, self.flow
            for open_order, filled in zip(self.orders, chosen, strict=True):
                if filled:
                    order, left, price = open_order.order, open_order.left, open_order.price
                    signed = left if order.side == BID else -left
                    pairs = min(left, abs(held)) if signed * held < 0 else 0
                    flow += 10_000 * pairs - price * left
                    held += signed
            ends.append(flow + 10_000 * max(0, held if yes else -held))
        return min(ends)


class OpenOrder:
    def __init__(self, order, precision):
        self.order = order
        self.left = order.quantity
        self.fees = OrderFees(precision)
        self.price = order.limit if order.side == BID else 10_000 - order.limit


class Trading(RuleBasedStateMachine):
    """Orders are proposed without mercy; the gate alone decides."""

    @initialize(charges=st.sampled_from([DIRECT, BROKER]), cash=st.sampled_from([60, 14, 6, 60]))
    def start(self, charges, cash):
        self.charges = charges
        self.now = NOON
        self.cash = self.peak = cash * DOLLAR
        self.windows = {name: Window() for name in MARKETS}
        self.past = 0
        """What settled windows of this day brought."""
        self.good = 0
        self.sent = []
        self.breakers = Breakers(RISK)
        self.blocks = set()
        self.armed = True
        self.refused_at = []
        self.count = 0

    # --- what the engine would say ---

    def look(self, name, best):
        window = self.windows[name]
        mine = [pending(each.order, each.order.quantity - each.left) for each in window.orders]
        rest = [each for other, each in self.windows.items() if other != name]
        theirs = [
            exposure(
                each.held,
                each.cost,
                [pending(open_.order, open_.order.quantity - open_.left) for open_ in each.orders],
                self.charges,
            ).worst
            for each in rest
        ]
        pendings = [
            pending(open_.order, open_.order.quantity - open_.left)
            for each in self.windows.values()
            for open_ in each.orders
        ]
        realized = self.past + sum(each.realized for each in self.windows.values())
        return Look(
            armed=self.armed,
            close_time=self.now + 60 * SECOND,
            charges=self.charges,
            best=best,
            position=window.held,
            leaving=leaving(window.held, mine),
            window=exposure(window.held, window.cost, mine, self.charges),
            window_realized=window.realized,
            others_worst=sum(theirs),
            cash=self.cash,
            reserved=reserved(pendings, self.charges),
            day_realized=realized,
            day_pnl=realized,
            equity=self.cash,
            peak=self.peak,
            orders_last_minute=sum(at > self.now - MINUTE for at in self.sent),
            good_windows=self.good,
        )

    def propose(self, name, order, best, wait):
        if len(self.windows[name].orders) >= 4:
            return  # the twin's subsets double with each
        seen = self.look(name, best)
        answer = approve(order, seen, self.breakers, RISK, self.now)
        if not isinstance(answer, Approved):
            assert answer.name
            assert answer.reason
            return
        late = too_late(answer, best, RISK, self.now + wait * MILLISECOND)
        assert (late == "too_old") == (wait > 250)
        if late is not None:
            return
        self.leave(name, answer.what)

    def leave(self, name, order):
        window = self.windows[name]
        before = window.worst()
        window.orders.append(OpenOrder(order, self.charges.precision))
        assert self.armed
        assert "kill" not in self.blocks
        recent = sum(at > self.now - MINUTE for at in self.sent)
        self.sent.append(self.now)
        if order.purpose == "entry":
            assert not self.blocks
            assert recent < RISK.max_orders_per_minute
            part = 0.5 if self.good < RISK.canary_windows else 1
            price = order.limit if order.side == BID else 10_000 - order.limit
            assert price * order.quantity <= part * RISK.max_order_dollars * DOLLAR
            assert -window.worst() <= part * RISK.max_window_dollars * DOLLAR
        else:
            assert recent < 2 * RISK.max_orders_per_minute
            assert window.worst() >= before

    # --- orders ---

    def order(self, name, side, limit, quantity):
        return Order(f"p-1-{self.count}", name, side, limit, quantity, self.now)

    @rule(
        name=st.sampled_from(MARKETS),
        side=SIDES,
        limit=PRICES,
        share=st.sampled_from([100, 100, 60, 1]),
        seconds=st.sampled_from([61, 30, 1]),
        filled=st.sampled_from([100, 50, 0]),
    )
    def enter(self, name, side, limit, share, seconds, filled):
        """With the most the gate lets through, or a share of it."""
        self.count += 1
        self.now += seconds * SECOND
        seen, low, high = self.look(name, limit), 0, QUANTITY_MAX
        while low < high:
            middle = (low + high + 1) // 2
            wish = self.order(name, side, limit, middle)
            if isinstance(approve(wish, seen, self.breakers, RISK, self.now), Approved):
                low = middle
            else:
                high = middle - 1
        self.propose(name, self.order(name, side, limit, low + 1), limit, 0)
        self.propose(name, self.order(name, side, limit, low * share // 100), limit, 0)
        orders = self.windows[name].orders
        if orders and filled:
            self.take(name, orders[-1], max(1, orders[-1].left * filled // 100), 0)

    @rule(
        name=st.sampled_from(MARKETS),
        side=SIDES,
        limit=PRICES,
        quantity=st.integers(1, QUANTITY_MAX),
        off=st.integers(-600, 600),
        wait=st.sampled_from([0, 250, 251]),
    )
    def enter_late_or_dear(self, name, side, limit, quantity, off, wait):
        self.count += 1
        best = min(9_999, max(1, limit + off))
        quantity = cut(quantity, self.look(name, best), RISK)
        self.propose(name, self.order(name, side, limit, quantity), best, wait)

    @precondition(lambda self: any(each.held for each in self.windows.values()))
    @rule(
        data=st.data(),
        limit=PRICES,
        wanted=st.sampled_from([QUANTITY_MAX, 300, 1]),
        resting=st.booleans(),
        cut=st.sampled_from([True, True, False]),
        filled=st.booleans(),
    )
    def leave_position(self, data, limit, wanted, resting, cut, filled):
        self.count += 1
        self.now += 20 * SECOND
        name = data.draw(st.sampled_from([n for n in MARKETS if self.windows[n].held]))
        held = self.windows[name].held
        quantity = may_leave(wanted, self.look(name, None))
        order = Order(
            f"p-1-{self.count}",
            name,
            ASK if held > 0 else BID,
            limit,
            quantity if cut else min(wanted, abs(held)),
            self.now,
            time_in_force="good_till_canceled" if resting else "immediate_or_cancel",
            reduce_only=not resting,
            purpose="take_profit" if resting else "exit",
        )
        self.propose(name, order, None, 0)
        if filled and self.windows[name].orders:
            newest = self.windows[name].orders[-1]
            self.take(name, newest, newest.left, 0)

    @precondition(lambda self: any(each.orders for each in self.windows.values()))
    @rule(
        data=st.data(),
        share=st.sampled_from([3, 50, 100, 100, 100]),
        better=st.sampled_from([0, 0, 0, 500]),
    )
    def fill(self, data, share, better):
        name = data.draw(st.sampled_from([n for n in MARKETS if self.windows[n].orders]))
        open_order = data.draw(st.sampled_from(self.windows[name].orders))
        self.take(name, open_order, max(1, open_order.left * share // 100), better)

    def take(self, name, open_order, quantity, better):
        window = self.windows[name]
        price = max(1, open_order.price - better)
        fee = open_order.fees.charge(self.charges.rate_e6, price, quantity)
        before = window.flow
        window.buy(open_order.order.side, price, quantity, fee)
        self.cash += window.flow - before
        open_order.left -= quantity
        if open_order.left == 0:
            window.orders.remove(open_order)

    @precondition(lambda self: any(each.orders for each in self.windows.values()))
    @rule(data=st.data())
    def cancel(self, data):
        name = data.draw(st.sampled_from([n for n in MARKETS if self.windows[n].orders]))
        window = self.windows[name]
        window.orders.remove(data.draw(st.sampled_from(window.orders)))

    @rule(name=st.sampled_from(MARKETS), wins=st.sampled_from([False, False, True]))
    def settle(self, name, wins):
        window = self.windows[name]
        yes = (window.held > 0) == wins
        paid = 10_000 * max(0, window.held if yes else -window.held)
        self.cash += paid
        profit = window.flow + paid
        assert profit >= -RISK.max_window_dollars * DOLLAR
        self.past += profit
        self.good += 1
        self.peak = max(self.peak, self.cash)
        self.windows[name] = Window()

    # --- promises ---

    @invariant()
    def no_window_can_end_below_its_limit(self):
        for window in getattr(self, "windows", {}).values():
            assert window.worst() >= -RISK.max_window_dollars * DOLLAR

    @invariant()
    def the_day_cannot_end_below_its_limit(self):
        if hasattr(self, "windows"):
            worst = self.past + sum(window.worst() for window in self.windows.values())
            assert worst >= -RISK.max_day_loss_dollars * DOLLAR

    @invariant()
    def no_entry_touches_the_last_cash(self):
        if hasattr(self, "cash"):
            assert self.cash >= RISK.min_cash_dollars * DOLLAR


class TradingInTrouble(Trading):
    """The same while things break, people intervene and the process starts again."""

    @rule(who=st.sampled_from(["person", "kill"]))
    def halt(self, who):
        self.breakers.halted_by(who, "told to", self.now)
        self.blocks.add(who)

    @rule(what=st.sampled_from(["mismatch", "foreign", "ledger_differs"]))
    def find_trouble(self, what):
        getattr(self.breakers, what)("found", self.now)
        self.blocks.add(what)

    @rule()
    def reject(self):
        self.breakers.rejected(self.now)
        self.refused_at.append(self.now)
        if sum(at > self.now - MINUTE for at in self.refused_at) > RISK.max_rejects_per_minute:
            self.blocks.add("rejects")

    @rule(old=st.booleans())
    def data_age(self, old):
        self.breakers.stale(old, self.now)
        (self.blocks.add if old else self.blocks.discard)("stale")

    @rule(reason=st.sampled_from(["", "looked at it"]))
    def clear(self, reason):
        self.breakers.cleared(reason, self.now)
        if reason:
            self.blocks &= {"stale"}
            self.refused_at.clear()

    @rule()
    def restart(self):
        before = self.breakers
        self.breakers = Breakers(RISK)
        self.breakers.restore(before.halts, before.losses_in_a_row, before.cooling_until)
        self.blocks.discard("stale")
        self.refused_at.clear()

    @rule(armed=st.booleans())
    def arm(self, armed):
        self.armed = armed


TestTrading = Trading.TestCase
TestTrading.settings = settings(max_examples=80, stateful_step_count=40, deadline=None)
TestTradingInTrouble = TradingInTrouble.TestCase
TestTradingInTrouble.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
