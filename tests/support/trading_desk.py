"""Trading as the engine sees it: orders of ours, what is told of them, and a desk that is open."""

from msgspec.structs import replace

from kalshi_assistant.domain import events as e
from kalshi_assistant.domain.entries import Holding, OpenOrder, Standing
from kalshi_assistant.domain.intents import Submit
from kalshi_assistant.domain.orders import BID, Order
from kalshi_assistant.domain.time import SECOND
from kalshi_assistant.engine.engine import Engine
from kalshi_assistant.engine.settings import EngineSettings
from kalshi_assistant.risk.limits import RiskSettings
from kalshi_assistant.strategy.exits import ExitSettings
from kalshi_assistant.strategy.gap import GapSettings
from kalshi_assistant.strategy.signals import SignalSettings
from tests.support import build
from tests.support.build import OPEN, STRIKE, TICKER, ns

CASH = 1_000_000_000
AT = OPEN + 60
CHEAP = {"bids": ((1_000, 50_000),), "asks": ((1_200, 50_000),)}
"""Some forty cents below the number of ``opened``."""
FULL_SIZE = RiskSettings(canary_windows=0)
QUIET = SignalSettings(threshold_dollars=1.0)
"""No signal of its own: every order is the test's doing."""


def ours(number=1, side=BID, limit=5_600, quantity=1_000, epoch=1, **more):
    """An order of ours; ``epoch`` is the start that made it."""
    told = {"ticker": TICKER, "made_at": ns(AT), "exchange_index": 2} | more
    return Order(id=f"n-{epoch}-{number}", side=side, limit=limit, quantity=quantity, **told)


def resting(number=1, **more):
    """One that waits in the book."""
    terms = {
        "time_in_force": "good_till_canceled",
        "post_only": True,
        "expires_at": ns(AT + 20),
        "limit": 5_400,
    }
    return ours(number, **(terms | more))


def venue_id(order):
    """What the venue calls an order of ours, here always."""
    return f"v-{order.id}"


SAME = object()


def changed(status, order=None, at=AT, name=SAME, order_id=None, filled=0, **more):
    """What the venue says of an order; ``name`` is whose it says it is."""
    about = ours() if order is None else order
    left = max(about.quantity - filled, 0) if status == "resting" else 0
    told = e.OrderChanged(
        at=ns(at),
        received_at=ns(at),
        ticker=about.ticker,
        order_id=venue_id(about) if order_id is None else order_id,
        client_order_id=about.id if name is SAME else name,
        side=about.side,
        price=about.limit,
        status=status,
        filled=filled,
        remaining=left,
        reason=None,
        source="venue",
    )
    return replace(told, **more)


def told_fill(order, quantity, at=AT, trade="t-1", fee=0, **more):
    """A fill of an order of ours at its limit."""
    told = e.OrderFilled(
        at=ns(at),
        received_at=ns(at),
        ticker=order.ticker,
        order_id=venue_id(order),
        client_order_id=order.id,
        trade_id=trade,
        side=order.side,
        price=order.limit,
        quantity=quantity,
        is_taker=True,
        fee=fee,
        position_after=None,
        source="venue",
    )
    return replace(told, **more)


def uncertain(order, request="create", at=AT):
    return e.OrderUncertain(ns(at), ns(at), order.id, request, "no answer")


def absent(order, as_of, at=AT):
    return e.OrderAbsent(ns(at), ns(at), order.id, ns(as_of))


def cancel_refused(order, at=AT, code="not_found"):
    return e.CancelRefused(ns(at), ns(at), order.id, venue_id(order), code, "no such order")


# --- the account ---


def standing(cash=CASH, **more):
    told = Standing(
        start=CASH,
        cash=cash,
        fees=0,
        realized=0,
        holdings=(),
        halts=(),
        peak=cash,
        day="2026-11-21",
        day_start=0,
        losses_in_a_row=0,
        good_windows=0,
        seen=(),
    )
    return replace(told, **more)


def holding(quantity=1_000, cost=5_600_000, fees=0, ticker=TICKER):
    return Holding(ticker, quantity, cost, fees, 0, 0, 0, cost)


def holding_standing(*held, **more):
    """An account that holds something; every micro-dollar is accounted for."""
    cost, fees = sum(each.cost for each in held), sum(each.fees for each in held)
    told = {"holdings": held, "fees": fees, "realized": -fees} | more
    return standing(cash=CASH - cost - fees, **told)


def restored(at=OPEN, orders=(), epoch=1, venue=False, clean=True, since=OPEN - 3_600, **sums):
    told = sums.pop("standing", None) or standing(**sums)
    return e.Restored(
        ns(at), ns(at), "n", epoch, told, tuple(orders), clean, venue=venue, since=ns(since)
    )


def under_way(order, state="working", order_id=SAME, filled=0):
    """An order that the process before had out."""
    return OpenOrder(order, state, venue_id(order) if order_id is SAME else order_id, filled)


def venue_order(order, status="resting", filled=0, **more):
    """An order as the venue's account lists it."""
    left = max(order.quantity - filled, 0) if status == "resting" else 0
    told = e.VenueOrder(
        ticker=order.ticker,
        order_id=venue_id(order),
        client_order_id=order.id,
        side=order.side,
        price=order.limit,
        status=status,
        initial=order.quantity,
        filled=filled,
        remaining=left,
        exchange_index=2,
        created_at=order.made_at,
    )
    return replace(told, **more)


def venue_position(quantity, fees=0, cost=0, ticker=TICKER):
    return e.VenuePosition(ticker, quantity, cost, 0, fees)


def account_seen(at, cash=CASH, as_of=None, since=OPEN - 3_600, **more):
    """The whole account; nothing in it but cash unless told otherwise."""
    told = e.AccountSeen(
        at=ns(at),
        received_at=ns(at),
        as_of=ns(at if as_of is None else as_of),
        since=ns(since),
        cash=cash,
        shard_cash=((2, cash),),
        orders=(),
        positions=(),
        fills=(),
        settlements=(),
        netting=True,
    )
    return replace(told, **more)


def group_ready(at, group_id="og-1", shard=2, was_reset=False, limit=8_000):
    """The venue has an order group for our entries."""
    return e.GroupReady(ns(at), ns(at), shard, group_id, limit, was_reset)


def group_changed(at, change, group_id="og-1", limit=None):
    return e.OrderGroupChanged(ns(at), ns(at), group_id, change, limit)


def position_told(quantity, at):
    return e.PositionReported(ns(at), ns(at), TICKER, quantity, 0, 0, 0)


# --- the person ---


def halted(at, reason="enough", breaker="person"):
    return e.OperatorHalted(ns(at), ns(at), reason, breaker)


def cleared(at, reason="looked at it"):
    return e.OperatorCleared(ns(at), ns(at), reason)


def flattened(at, reason="going home"):
    return e.OperatorFlattened(ns(at), ns(at), reason)


def disarmed(at, reason="stopping"):
    return e.TradingDisarmed(ns(at), ns(at), reason)


# --- an engine among all that ---


class Desk:
    """An engine and what it asked for; the venue's answers are the test's."""

    def __init__(self, mode="paper", **sections):
        given = {
            "signal": SignalSettings(gap=GapSettings(believe="model")),
            "risk": FULL_SIZE,
        } | sections
        self.engine = Engine(EngineSettings(mode=mode, **given))
        self.asked = []

    @property
    def state(self):
        return self.engine._state

    def feed(self, *events):
        """What these events make the engine ask for."""
        found = [intent for event in events for intent in self.engine.handle(event)]
        self.asked += found
        return found

    def tend(self, at, until=None, value=STRIKE):
        """Whole seconds of housekeeping, each with a fresh print and a book that goes on."""
        found = []
        for second in range(int(at), int(at if until is None else until) + 1):
            found += self.feed(build.printed(second, value), build.timer(second))
        return found

    def knows(self, order):
        """This order is on its way, approved or not."""
        self.state.orders.submit(order, self.state.now)
        return order

    def works(self, order):
        """It rests at the venue."""
        self.feed(changed("resting", self.knows(order), at=self.state.now / SECOND))
        return order

    def state_of(self, order):
        return self.state.orders.get(order.id).state

    def kept(self, kind):
        """Entries of a kind that were asked to be kept, in order."""
        return [i.entry for i in self.asked if hasattr(i, "entry") and isinstance(i.entry, kind)]


def of_kind(intents, kind):
    return [intent for intent in intents if isinstance(intent, kind)]


def sent(intents):
    """The orders that were let out."""
    return [intent.order.what for intent in of_kind(intents, Submit)]


def opened(armed=True, at=AT, **more):
    """A desk one minute into a window, with an account, index, book and strike; armed."""
    account = more.pop("account", None) or restored()
    desk = Desk(**more)
    desk.feed(account)
    if armed:
        desk.feed(build.armed(OPEN))
    desk.feed(build.history(at), build.listed(at), build.timer(at), build.book(at))
    desk.feed(build.printed(at, STRIKE))
    return desk


def live(account=None, **more):
    """The same with an account at a venue, that agrees."""
    desk = opened(account=account or restored(venue=True), **more)
    agreed = desk.feed(account_seen(AT, cash=desk.state.ledger.cash))
    assert desk.state.desk.agreed, agreed
    desk.feed(group_ready(AT))
    return desk


def bought(quantity, price, number=8, at=AT):
    """An order of ours and its fill, of a process that has forgotten the order."""
    order = ours(number, limit=price, quantity=quantity)
    return (told_fill(order, quantity, at=at, trade=f"t-{number}"),)


def stop_at(dollars):
    return ExitSettings(stop_dollars=dollars)


def profit_at(dollars):
    return ExitSettings(take_profit_dollars=dollars)
