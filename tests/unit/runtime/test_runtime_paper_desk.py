"""The paper gateway: what arrives when, what is answered, what survives."""

from kalshi_assistant.domain.entries import OpenOrder, Standing
from kalshi_assistant.domain.events import (
    CancelRefused,
    ClockJumped,
    Gap,
    OrderAbsent,
    OrderChanged,
    OrderFilled,
    RequestRefused,
    Restored,
    TradeSeen,
)
from kalshi_assistant.domain.intents import Approved, Cancel, Decrease, LookUp, ReadAccount, Renew
from kalshi_assistant.domain.orders import ASK, BID, Order
from kalshi_assistant.domain.time import MILLISECOND, SECOND
from kalshi_assistant.engine.engine import Engine
from kalshi_assistant.engine.feeds import BOOK
from kalshi_assistant.engine.settings import EngineSettings, PaperSettings
from kalshi_assistant.runtime.paper_desk import ENDS_KEPT, PaperDesk
from kalshi_assistant.sim.latency import LatencyModel
from tests.support import build
from tests.support.build import CLOSE, OPEN, TICKER, ns

AT = OPEN + 60
SURE = PaperSettings(latency_milliseconds=100, latency_spread=0.0)


class World:
    """An engine, a desk, and a clock that is set by hand."""

    def __init__(self, *events, settings=SURE, latency=None, seed=1):
        self.now, self.told = ns(AT), []
        self.engine = Engine(EngineSettings())
        self.desk = PaperDesk(
            self.engine, settings, self.told.extend, lambda: self.now, seed, latency
        )
        for event in (build.listed(AT), build.timer(AT), *events):
            self.see(event)

    def see(self, event):
        self.engine.handle(event)
        self.desk.see(event)

    def submit(self, name="p-1-1", made_at=None, **terms):
        ours = order(name, ns(AT) if made_at is None else made_at, **terms)
        self.desk.submit(Approved(ours, ours.made_at + 250 * MILLISECOND))
        return ours

    def after(self, milliseconds):
        """Let the clock and what is due go on; answers what came of it."""
        self.now = ns(AT) + milliseconds * MILLISECOND
        self.desk.arrivals(self.now)
        told, self.told[:] = list(self.told), []
        return told


def order(name, made_at, side=BID, limit=5_700, quantity=1_000, **more):
    return Order(name, TICKER, side, limit, quantity, made_at, **more)


def resting(**terms):
    """A world in which a bid rests."""
    world = World(build.book(AT, bids=((5_400, 300),)))
    terms = {"limit": 5_400, "time_in_force": "good_till_canceled"} | terms
    ours = world.submit(**terms)
    world.after(100)
    return world, ours


def sold(at, price, quantity, name="t"):
    return TradeSeen(ns(at), ns(at), TICKER, name, price, quantity, "no", False)


def of_record(told):
    return [e for e in told if isinstance(e, OrderChanged) or e.source == "realistic"]


def test_an_order_is_filled_from_the_book_of_its_arrival_not_of_its_making():
    world = World(build.book(AT, asks=((5_600, 50_000),)))
    world.submit()
    assert world.after(99) == []
    assert world.desk.next_arrival == ns(AT) + 100 * MILLISECOND
    world.see(build.book(AT + 0.099, asks=((5_700, 50_000),)))
    filled, final = of_record(world.after(100))
    assert isinstance(filled, OrderFilled)
    assert (filled.price, filled.quantity, filled.received_at) == (5_700, 1_000, world.now)
    assert final.status == "executed"
    assert world.desk.next_arrival is None


def test_an_event_lets_arrive_what_was_due_before_it():
    world = World(build.book(AT, asks=((5_600, 50_000),)))
    world.submit()
    world.see(build.delta(AT + 0.05, ASK, 5_600, 100))
    assert world.told == []
    world.see(build.delta(AT + 0.15, ASK, 5_600, 100))
    assert world.told[-1].status == "executed"


def test_conservative_counts_only_what_was_shown_at_the_decision_as_well():
    world = World(build.book(AT, asks=((5_600, 400),)))
    world.submit()
    world.see(build.delta(AT + 0.05, ASK, 5_600, 5_000))
    told = world.after(100)
    filled = {e.source: e.quantity for e in told if isinstance(e, OrderFilled)}
    assert filled == {"optimistic": 1_000, "realistic": 1_000, "conservative": 200}


def test_a_late_approval_is_refused_at_once():
    world = World(build.book(AT))
    world.now = ns(AT) + 251 * MILLISECOND
    world.submit()
    (refused,) = world.told
    assert (refused.status, refused.reason) == ("rejected", "too_old")


def test_nothing_is_filled_from_a_book_that_is_not_known():
    world = World(build.book(AT))
    world.submit()
    world.see(Gap(ns(AT), ns(AT), BOOK, (TICKER,), expected=2, got=3))
    (refused,) = world.after(100)
    assert (refused.status, refused.reason) == ("rejected", "book_unknown")


def test_an_entry_whose_price_has_gone_does_not_leave():
    """As at the venue: the price is looked at once more when it is sent."""
    world = World()
    world.submit()
    (refused,) = world.after(0)
    assert (refused.status, refused.reason) == ("rejected", "price_moved")


def test_what_is_on_its_way_when_the_clock_is_set_back_arrives_when_it_would_have():
    world = World(build.book(AT, asks=((5_600, 50_000),)))
    world.submit()
    jumped = ns(AT - 30) + 40 * MILLISECOND
    world.see(ClockJumped(jumped, jumped, -30 * SECOND))
    world.now = jumped + 59 * MILLISECOND
    world.desk.arrivals(world.now)
    assert world.told == []
    world.now += MILLISECOND
    world.desk.arrivals(world.now)
    assert world.told


def test_an_approval_from_before_the_clock_was_set_back_does_not_leave():
    world = World(build.book(AT, asks=((5_600, 50_000),)))
    world.now = ns(AT - 30)
    world.submit()
    (refused,) = world.told
    assert (refused.status, refused.reason) == ("rejected", "too_old")


def test_nothing_is_filled_after_the_close():
    world = World(build.book(AT))
    world.now = ns(CLOSE) - 1
    world.submit(made_at=ns(CLOSE) - 1)
    (refused,) = world.after((CLOSE - AT) * 1_000 + 100)
    assert refused.reason == "market_closed"


def test_an_id_is_used_once_on_its_way_resting_and_ended():
    world, ours = resting()
    world.submit(limit=5_400)
    world.desk.cancel(Cancel(ours.id, ours.id, TICKER, 2, "asked"))
    told = world.after(200)
    world.submit()
    again = world.after(400)
    for answer in (told[0], again[0]):
        assert isinstance(answer, RequestRefused)
        assert answer.code == "order_already_exists"
    assert [e.status for e in told if isinstance(e, OrderChanged)] == ["canceled"]


def test_a_cancel_is_on_its_way_too_and_fills_before_it_count():
    world, ours = resting()
    world.desk.cancel(Cancel(ours.id, ours.id, TICKER, 2, "window ends"))
    world.see(sold(AT + 0.15, 5_400, 350))
    (end,) = [e for e in world.after(200) if isinstance(e, OrderChanged) and e.status != "resting"]
    assert (end.status, end.filled, end.reason) == ("canceled", 50, "window ends")
    world.desk.cancel(Cancel(ours.id, ours.id, TICKER, 2, "again"))
    (refused,) = world.after(300)
    assert isinstance(refused, CancelRefused)
    assert (refused.client_order_id, refused.code) == (ours.id, "not_found")


def test_a_decrease_and_a_renewal_arrive_or_are_refused():
    world, ours = resting(expires_at=ns(AT) + 400 * MILLISECOND)
    world.desk.decrease(Decrease(ours.id, ours.id, TICKER, 100, 2))
    until = ns(AT) + 900 * MILLISECOND
    world.desk.renew(Renew(ours.id, ours.id, TICKER, BID, 5_400, 100, until, 2))
    assert [e.remaining for e in world.after(200)] == [100, 100]
    assert world.after(800) == []
    (end,) = world.after(900)
    assert end.reason == "expired"
    world.desk.decrease(Decrease(ours.id, ours.id, TICKER, 100, 2))
    world.desk.renew(Renew(ours.id, ours.id, TICKER, BID, 5_400, 100, until, 2))
    told = world.after(1_000)
    assert [(e.request, e.code) for e in told] == [
        ("decrease", "not_found"),
        ("renew", "not_found"),
    ]


def test_a_look_up_is_answered_at_once_with_the_state_of_record():
    world, ours = resting()
    world.desk.look_up(LookUp(ours, ours.id))
    world.see(sold(AT + 0.15, 5_300, 1_000))
    world.desk.look_up(LookUp(ours, ours.id))
    changes = [e for e in world.told if isinstance(e, OrderChanged)]
    assert [(e.status, e.filled) for e in changes] == [
        ("resting", 0),
        ("executed", 1_000),
        ("executed", 1_000),
    ]


def test_a_look_up_of_what_is_on_its_way_waits_and_of_what_never_came_is_absent():
    world = World(build.book(AT))
    ours = world.submit()
    world.desk.look_up(LookUp(ours, None))
    assert world.told == []
    other = order("p-0-9", ns(AT))
    world.desk.look_up(LookUp(other, None))
    assert world.told == [OrderAbsent(world.now, world.now, "p-0-9", world.now)]


def test_what_rested_in_an_earlier_process_is_out_of_the_book_with_what_it_had_filled():
    world = World(build.book(AT))
    old = order("p-0-4", ns(OPEN), time_in_force="good_till_canceled")
    standing = Standing(0, 0, 0, 0, (), (), 0, "2026-11-21", 0, 0, 0, ())
    kept = (OpenOrder(old, "working", old.id, 300),)
    world.desk.see(Restored(ns(AT), ns(AT), "p", 1, standing, kept, False))
    world.desk.look_up(LookUp(old, old.id))
    world.desk.cancel(Cancel(old.id, old.id, TICKER, 2, "start"))
    told = world.after(100)
    assert [(e.status, e.filled, e.remaining) for e in told] == [("canceled", 300, 0)] * 2
    assert told[0].reason == "the process that held it ended"


def test_an_accepted_order_nobody_remembers_is_out_of_the_book():
    world = World(build.book(AT))
    world.desk.look_up(LookUp(order("p-0-4", ns(OPEN)), "p-0-4"))
    (end,) = world.told
    assert end.status == "canceled"


def test_reading_the_account_answers_nothing():
    world = World(build.book(AT))
    world.desk.read_account(ReadAccount("start", ns(OPEN)))
    assert world.after(1_000) == []


def test_the_same_seed_draws_the_same_latencies_and_they_spread():
    def arrivals(seed):
        world = World(build.book(AT), settings=PaperSettings(), seed=seed)
        due = []
        for number in range(20):
            world.submit(f"p-1-{number}")
            due.append(sorted(at for at, *_ in world.desk._underway))
        return due

    assert arrivals(1) == arrivals(1) != arrivals(2)
    assert len(set(arrivals(1)[-1])) == 20


def test_measured_latencies_are_drawn_from():
    latency = LatencyModel(100 * MILLISECOND, 0.3, 1)
    latency.record(7 * MILLISECOND)
    world = World(build.book(AT), latency=latency)
    world.submit()
    assert world.desk.next_arrival == ns(AT) + 7 * MILLISECOND


def test_ends_are_remembered_within_bounds():
    world = World()
    for number in range(ENDS_KEPT + 10):
        world.submit(f"p-1-{number}", quantity=0)
    world.after(100)
    assert len(world.desk._ends) == ENDS_KEPT


def test_the_place_of_an_order_of_record_is_what_rests_before_it():
    world, ours = resting()
    assert world.desk.ahead(ours.id) == 300
    world.see(sold(AT + 1, 5_400, 200))
    assert world.desk.ahead(ours.id) == 100
    world.desk.cancel(Cancel(ours.id, ours.id, TICKER, 2, "asked"))
    world.after(2_000)
    assert world.desk.ahead(ours.id) is None
