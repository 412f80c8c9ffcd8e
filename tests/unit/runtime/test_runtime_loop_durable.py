"""No order is performed unless it is durable; what cannot wait is done all the same."""

from contextlib import closing

import pytest
from msgspec.structs import replace

from kalshi_assistant.domain.entries import Halt, HaltKept, OrderKept
from kalshi_assistant.domain.events import OrderChanged, Restored, TradingArmed
from kalshi_assistant.domain.intents import (
    Approved,
    Cancel,
    Keep,
    LookUp,
    Note,
    SetTimer,
    Submit,
)
from kalshi_assistant.domain.time import SECOND
from kalshi_assistant.risk.limits import RiskSettings
from kalshi_assistant.runtime.inbox import Inbox, InboxSettings
from kalshi_assistant.runtime.keeping import Account
from kalshi_assistant.runtime.loop import EngineLoop
from kalshi_assistant.runtime.store import Store, StoreFailedError
from kalshi_assistant.strategy.exits import ExitSettings
from tests.support import build
from tests.support import trading_desk as td
from tests.support.build import OPEN, STRIKE, ns
from tests.support.clocks import HandClock
from tests.support.trading_desk import AT, CHEAP, ours

NOW = ns(AT)
KEPT = OrderKept(NOW, "n-1-1", "v-1", "working", 0, None)


class Scripted:
    """An engine that answers with what was written down for it."""

    def __init__(self, *answers):
        self.answers, self.sequence, self.seen = list(answers), 0, []

    def handle(self, event):
        self.sequence += 1
        self.seen.append(event)
        return self.answers.pop(0) if self.answers else ()


class Diary:
    """Journal, keeper, watcher and performer in one: what was done, in order."""

    def __init__(self, why=None):
        self.done, self.why = [], why

    def write(self, records):
        self.done.append("written")

    def keep(self, entries, orders):
        self.done.append(("kept", len(entries), [each.id for each in orders]))
        if isinstance(self.why, Exception):
            raise self.why
        return self.why

    def adopted(self, epoch):
        self.done.append(("adopted", epoch))

    def see(self, event):
        self.done.append("seen")

    def perform(self, intent):
        self.done.append(type(intent).__name__)


def submit(number=1):
    return Submit(Approved(ours(number), NOW + SECOND))


def cancel():
    return Cancel("n-1-9", "v-9", build.TICKER, 2, "because")


def leave(number=2):
    """An exit."""
    return Submit(Approved(replace(ours(number), purpose="exit"), NOW + SECOND))


def rejections(told):
    """Orders the engine hears have stayed here, and why."""
    assert all(each.status == "rejected" for each in told if isinstance(each, OrderChanged))
    return [(each.client_order_id, each.reason) for each in told if isinstance(each, OrderChanged)]


def turned(answers, why=None, keeper=True, events=None):
    """One batch through a loop; what was done, and what waits in the inbox after it."""
    diary, inbox = Diary(why), Inbox(InboxSettings())
    loop = EngineLoop(
        Scripted(*answers), inbox, HandClock(NOW), diary, diary.perform, diary if keeper else None,
        diary,
    )  # fmt: skip
    loop.turn(events or [build.timer(AT + k) for k in range(len(answers))])
    return diary.done, inbox.drain()


def test_a_halt_decided_on_before_the_account_is_read_anew_is_kept():
    """What else was decided on is void; an order and a fill of it are not kept."""
    halt = Keep(HaltKept(NOW, Halt("day_loss", "lost", NOW), None))
    again = Restored(NOW, NOW, "n", 2, td.standing(), (), clean=True)
    done, _ = turned([(halt, Keep(KEPT), submit()), ()], events=[build.timer(AT), again])
    assert [each for each in done if each[0] == "kept"] == [("kept", 1, [])]
    assert "Submit" not in done


def test_a_batch_is_written_and_durable_before_any_of_it_is_done():
    done, told = turned([(submit(1), Note("info", "a", "b")), (Keep(KEPT), submit(2))])
    assert done == [
        "written",
        ("kept", 1, ["n-1-1", "n-1-2"]),
        "seen",
        "seen",
        "Submit",
        "Note",
        "Keep",
        "Submit",
    ]
    assert told == []


def test_nothing_is_asked_of_the_disk_where_nothing_has_to_be_kept():
    done, _ = turned([(cancel(), SetTimer("tend", NOW))])
    assert done == ["written", "seen", "Cancel"]


def test_an_order_that_could_not_be_made_durable_does_not_leave_and_all_else_does():
    looked = LookUp(ours(7), None)
    done, told = turned([(submit(1), cancel()), (looked, submit(2), Keep(KEPT))], "disk full")
    assert "Submit" not in done
    assert [each for each in done if each in ("Cancel", "LookUp", "Keep")] == [
        "Cancel",
        "LookUp",
        "Keep",
    ]
    assert [type(each) for each in told] == [OrderChanged] * 2  # and nothing is disarmed
    assert rejections(told) == [("n-1-1", "disk full"), ("n-1-2", "disk full")]


def test_an_entry_that_could_not_be_kept_yet_disarms_nothing_by_itself():
    done, told = turned([(Keep(KEPT),)], "disk full")
    assert (done[-1], told) == ("Keep", [])


def test_without_anything_that_keeps_no_order_leaves():
    done, told = turned([(submit(),)], keeper=False)
    assert "Submit" not in done
    assert [type(each) for each in told] == [OrderChanged]
    assert rejections(told) == [("n-1-1", "nothing is set up to keep it")]


def test_exits_and_entries_are_kept_apart_and_exits_first():
    """Whatever is refused about an entry holds up no exit; what happened is written once."""
    done, told = turned([(submit(1), Keep(KEPT)), (leave(2), submit(3))])
    kept = [each for each in done if isinstance(each, tuple)]
    assert kept == [("kept", 1, ["n-1-2"]), ("kept", 0, ["n-1-1", "n-1-3"])]
    assert (done.count("Submit"), told) == (3, [])
    assert done.index("Submit") > done.index(kept[-1])


def test_what_was_decided_before_the_account_was_read_anew_is_void():
    events = [build.timer(AT), td.restored(AT, epoch=7), build.timer(AT)]
    before = (submit(1), leave(2), Keep(KEPT), Keep(KEPT))
    done, told = turned([before, (Keep(KEPT),), (submit(3), Keep(KEPT))], events=events)
    assert done[:3] == ["written", ("adopted", 7), ("kept", 2, ["n-1-3"])]
    assert not [each for each in done[3:] if isinstance(each, tuple)]
    assert done.count("Submit") == 1
    assert [type(each) for each in told] == [OrderChanged] * 2
    assert rejections(told) == [
        ("n-1-1", "the account is being read again"),
        ("n-1-2", "the account is being read again"),
    ]


def test_of_two_starts_in_a_batch_the_later_one_counts():
    events = [td.restored(AT, epoch=7), build.timer(AT), td.restored(AT, epoch=8)]
    done, told = turned([(), (submit(1), Keep(KEPT)), (submit(2),)], events=events)
    assert [each for each in done if isinstance(each, tuple)] == [
        ("adopted", 8),
        ("kept", 0, ["n-1-2"]),
    ]
    assert rejections(told) == [("n-1-1", "the account is being read again")]


@pytest.mark.parametrize("keeps", [True, False])
def test_a_mistake_while_keeping_leaves_everything_undone(keeps):
    """The process ends there: what is on the disk is what the next one knows."""
    diary = Diary(RuntimeError("as planned"))
    answers = [(Keep(KEPT), cancel()) if keeps else (submit(), cancel())]
    loop = EngineLoop(
        Scripted(*answers), Inbox(InboxSettings()), HandClock(NOW), diary, diary.perform, diary
    )
    with pytest.raises(RuntimeError, match="as planned"):
        loop.turn([build.timer(AT)])
    assert diary.done == ["written", ("kept", 1 if keeps else 0, [] if keeps else ["n-1-1"])]


# --- with a real engine and a real store ---


class Broken:
    """A store whose disk takes nothing."""

    def __init__(self, store):
        self.store = store

    def keep(self, *_):
        raise StoreFailedError("the ledger took nothing: disk full")

    def __getattr__(self, name):
        return getattr(self.store, name)


class World:
    """A loop whose engine trades on a store in a file; the venue never answers."""

    def __init__(self, path, **sections):
        self.store = Store.open(path)
        self.store.start(td.CASH)
        self.clock, self.performed, self.said = HandClock(ns(OPEN)), [], []
        self.inbox, self.put = Inbox(InboxSettings()), []
        told = {"risk": RiskSettings(stale_quiet_seconds=0)} | sections
        self.desk = td.Desk(**told)
        self.account = Account(
            self.store, "test", self.clock, self.clock, self.tell, self.said.append,
            venue=False, may_arm=lambda: None,
        )  # fmt: skip
        self.loop = EngineLoop(
            self.desk.engine, self.inbox, self.clock, None, self.performed.append, self.account
        )
        self.at(OPEN)  # the account is read
        self.at(OPEN)  # and trading armed on it

    def tell(self, events):
        """What the account tells the engine."""
        self.put += events
        self.inbox.put_all(events)

    def at(self, second, *events):
        """Everything due by then; answers what was performed."""
        self.performed.clear()
        while self.clock.at < ns(second):
            self.clock.at = min(self.clock.at + SECOND, ns(second))
            self.store.renew(self.account.epoch, self.clock.at)
        self.account.tend()
        self.loop.turn(self.inbox.drain())
        self.loop.turn(events)
        self.loop.turn(self.inbox.drain())
        return list(self.performed)

    def calm(self, second):
        """An open window with prints and a book, and no reason to wait."""
        self.at(second, build.history(second), build.listed(second), build.book(second))
        return self.at(second, build.printed(second, STRIKE), build.timer(second))

    def cheap(self, second):
        """A price far below the number, at this second of a calm window."""
        self.at(second, build.printed(second, STRIKE), build.timer(second))
        return self.cheap_unheard(second)

    def cheap_unheard(self, second):
        """The same before anything was heard of other processes."""
        self.performed.clear()
        self.clock.at = max(self.clock.at, ns(second))
        fresh = build.printed(second, STRIKE)
        self.loop.turn([fresh, build.book(second, **CHEAP), build.timer(second)])
        performed = list(self.performed)
        self.loop.turn(self.inbox.drain())
        return performed

    def fail(self):
        """The disk takes nothing."""
        self.account._store = Broken(self.store)

    def heal(self):
        self.account._store = self.store


@pytest.fixture
def open_world(tmp_path):
    worlds = []

    def start(**sections):
        worlds.append(World(tmp_path / "ledger.sqlite", **sections))
        return worlds[-1]

    yield start
    for each in worlds:
        each.store.close()


def submitted(intents):
    return [each.order.what for each in intents if isinstance(each, Submit)]


def stored(path):
    with closing(Store.open(path)) as store:
        rows = store._rows("SELECT id, state, reason FROM orders ORDER BY number")
    return [tuple(row) for row in rows]


def test_an_order_that_leaves_is_on_the_disk(open_world, tmp_path):
    world = open_world()
    world.calm(AT)
    (order,) = submitted(world.cheap(AT + 2))
    assert stored(tmp_path / "ledger.sqlite") == [(order.id, "submitted", None)]


def test_a_halt_on_the_disk_stops_an_entry_that_the_engine_let_out(open_world, tmp_path):
    world = open_world()
    world.calm(AT)
    world.at(AT + 1)
    world.store.halt("enough", "person", NOW)  # and the engine has not heard of it yet
    assert submitted(world.cheap_unheard(AT + 2)) == []
    assert stored(tmp_path / "ledger.sqlite") == []
    assert world.desk.engine.orders_open == 0


@pytest.mark.parametrize("heard", [True, False])
def test_under_a_halt_what_is_held_can_still_be_sold(open_world, heard):
    """Also when the store knew of it before the engine did, and refused an entry."""
    world = open_world(exits=ExitSettings(seconds_before_close=200))
    world.calm(AT)
    bought = replace(ours(8), id=f"{world.account.namespace}-1-8")
    world.at(AT, td.told_fill(bought, 100, at=AT))
    world.store.halt("enough", "person", NOW)
    if heard:
        world.at(AT + 1)
    assert submitted(world.cheap_unheard(AT + 2)) == []
    world.at(AT + 3)
    last = build.CLOSE - 100
    exits = world.at(last, build.book(last), build.printed(last, STRIKE), build.timer(last))
    assert [each.purpose for each in submitted(exits)] == ["exit"]


def test_a_halt_that_holds_up_an_entry_lets_the_exit_beside_it_leave(open_world, tmp_path):
    world = open_world()
    world.store.halt("enough", "person", NOW)  # and the engine has not heard of it yet
    name = world.account.namespace
    entry, exit_ = (
        Submit(Approved(replace(each.order.what, id=f"{name}-1-{number}"), NOW + SECOND))
        for number, each in ((1, submit()), (2, leave()))
    )
    inbox, performed = Inbox(InboxSettings()), []
    loop = EngineLoop(
        Scripted((entry, Keep(KEPT), exit_)), inbox, world.clock, None, performed.append,
        world.account,
    )  # fmt: skip
    loop.turn([build.timer(OPEN)])
    assert [each.id for each in submitted(performed)] == [f"{name}-1-2"]
    assert stored(tmp_path / "ledger.sqlite") == [(f"{name}-1-2", "submitted", None)]
    ((stayed, why),) = rejections(inbox.drain())
    assert (stayed, "halted (person): enough" in why) == (f"{name}-1-1", True)


@pytest.mark.parametrize("trouble", ["a halt that was cleared", "a disk that is well again"])
def test_trading_goes_on_when_what_stopped_an_order_is_over(open_world, trouble):
    world = open_world()
    world.calm(AT)
    if "halt" in trouble:
        world.store.halt("enough", "person", NOW)
        world.cheap_unheard(AT + 2)
        world.at(AT + 3)
        world.store.clear("looked at it", NOW)
    else:
        world.fail()
        world.cheap_unheard(AT + 2)
        world.heal()
    world.at(AT + 5)
    assert world.desk.state.desk.armed, world.desk.state.desk.why_not


def test_arming_is_told_once_at_the_start(open_world):
    world = open_world()
    assert world.desk.state.desk.armed
    world.at(OPEN + 1)
    assert [type(each) for each in world.put] == [Restored, TradingArmed]
